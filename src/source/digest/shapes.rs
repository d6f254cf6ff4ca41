//! What a single line of a digest is: an asker, a label, a field, a release.
//!
//! Each recogniser looks at one piece and says what it saw, or nothing. None of
//! them knows in which section it stands.

mod askers;
mod releases;
mod versions;

pub(super) use askers::{Asker, answer, answer_within, asker, asking_line, is_marked_question, question, quoted_asker};
pub(super) use releases::{
    ReleaseHead, announces, comes_out, is_brought, is_only_release, is_release_title, more_versions, release_head,
    release_of_link, release_of_subject, version_beside,
};
pub use versions::is_prerelease;
pub(super) use versions::version;

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

use super::places;
use crate::names::Names;
use crate::normalize::{address, date, text};
use crate::source::markdown::{LinkRef, Piece};
use crate::source::pattern::{Pattern, pattern};

/// The words up to the first colon, with it: none of the patterns that ask for words before
/// a colon looks further.
fn until_colon(line: &str) -> Option<&str> {
    let (at, colon) = line.char_indices().take(40).find(|(_, c)| matches!(c, ':' | '：'))?;
    Some(&line[..at + colon.len_utf8()])
}

/// `1、`, `2.`, `3)`, `(4)`, `⑤`, `NO.1 ` at the start of a line.
static ORDINAL: Pattern = Pattern::new(
    r"^(?:(?i:no)\.?\s*)?(\d{1,3})\s*(?:[、．)）:：]|\.(?:\D|$))\s*|^(?i:no)\.?\s*\d{1,3}\s+|^[(（]\d{1,2}[)）]\s*|^[①-⑳]\s*[、.．]?\s*",
);

/// The line without its number, and whether it had one.
pub(super) fn without_ordinal(line: &str) -> (&str, bool) {
    if !line.starts_with(|c: char| c.is_ascii_digit() || matches!(c, 'n' | 'N' | '(' | '（' | '①'..='⑳')) {
        return (line, false);
    }
    let Some(found) = ORDINAL.find(line) else { return (line, false) };
    // `1.@name`: the pattern took one character too many.
    let keep = found.as_str().chars().next_back();
    let keep = keep
        .filter(|c| !c.is_whitespace() && !"、．)）:：.0123456789".contains(*c) && !('①'..='⑳').contains(c))
        .map_or(0, char::len_utf8);
    let (number, behind) = line.split_at(found.end() - keep);
    if is_time(number, behind) { (line, false) } else { (behind.trim_start(), true) }
}

/// `10:00` and `16. March 2026` begin with a number, but with none of theirs.
fn is_time(before: &str, behind: &str) -> bool {
    before.ends_with([':', '：']) && behind.starts_with(|c: char| c.is_ascii_digit())
        || before.trim_end().ends_with('.') && date::opens_with_month(behind)
}

/// The number that a line begins with.
pub(super) fn ordinal(line: &str) -> Option<usize> {
    if !line.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let found = ORDINAL.captures(line)?;
    let end = found.get(0)?.end();
    let number = found.get(1)?.as_str().parse().ok();
    number.filter(|_| !is_time(&line[..end], &line[end..]))
}

/// Whether a line begins or ends with the number of an issue: `#12 …`, `…（#12）`.
pub(super) fn names_issue(line: &str) -> bool {
    let ends = || {
        let (told, number) = line.trim_end_matches([')', '）']).rsplit_once(['(', '（'])?;
        let number = number.strip_prefix('#')?;
        let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        (is_number && text::columns(told) >= 8).then_some(())
    };
    without_issue(line).is_some() || ends().is_some()
}

/// What is told behind the number of an issue: `#12 what there is to do`.
pub(super) fn without_issue(line: &str) -> Option<&str> {
    let behind = line.strip_prefix('#')?.trim_start_matches(|c: char| c.is_ascii_digit());
    let told = behind.trim_start_matches([' ', ':', '：', '-', '–']);
    (behind.len() + 1 < line.len() && told.len() < behind.len() && text::columns(told) >= 8).then_some(told)
}

/// A label line: what the item above is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    /// The name as written.
    pub name: String,
    /// Where it leads.
    pub url: Option<String>,
}

/// Words that look like labels but only introduce a link.
pub(super) fn is_generic(name: &str) -> bool {
    static GENERIC: Pattern = Pattern::new(
        r"(?i)^(详细|相关|讨论|更多|发布|点击|原文|视频|会议|入会|直播|报名|项目|文档|官网|参考|使用|试用|活动|完整|具体|代码|源码|下载|课题|联系|文章)?\s?(PR|issue|commit|讨论|参考|详情|详见|报告|链接|地址|回放|回顾|方式|资料|文档|文章|阅读|解读|样例|手册|口令|邮箱|官网|文件|案例|议题|信息|参与|答案|教程|网址|网站|主页|仓库|预约|二维码|传送门)?(发布)?(报告|链接|地址|文档)?$|^(see|details?|read more|more|link|source|docs?|documentation|website|homepage|repo(sitory)?|slides|video|recording|register|registration|join|sign up|rsvp|via|from|note|reference|discussion|full (changelog|release notes)|release notes|changelog|pr|pull request|issue|commit|github|gitlab|gitee|reddit|hacker ?news|hn|lobsters|twitter|instagram|mastodon|facebook|linkedin|steam|itch(?:\.io)?|discord|youtube|bilibili|b 站|知乎|pdf|英文|中文|part (?:one|two|three|\d)|transcripts?|(?:the )?(?:full|complete|detailed) (?:report|post|article|text|list|story|announcement|transcript)(?: here)?|(?:the )?announcement|read (?:it|on|the (?:full )?(?:post|article|report|announcement))(?: here)?|check (?:it|this|them) out|(?:take|have) a look|try it out|(?:new|latest) (?:(?:blog )?post|article|video|event|release|episode)|blog post)$",
    );
    GENERIC.is_match(name)
}

/// A label line: a name, perhaps in brackets, and one link behind it.
pub(super) fn label(piece: &Piece, names: &Names) -> Option<Label> {
    if !piece.is_text() || piece.images > 0 || text::columns(&piece.text) > 300 {
        return None;
    }
    let line = piece.text.as_str();
    let (before, link) = match piece.links.first() {
        Some(link) if !link.text.is_empty() => (line.split(link.text.as_str()).next()?, Some(link)),
        Some(link) => (line, Some(link)),
        None => (line, None),
    };
    let behind = match link {
        Some(link) => line[before.len()..].strip_prefix(link.text.as_str()).unwrap_or("").trim(),
        None => "",
    };
    if behind.chars().filter(|c| c.is_alphanumeric()).count() > 0
        || piece.links.len() > 1 && !same_address(&piece.links)
    {
        return None;
    }
    let trimmed = before.trim().trim_end_matches([':', '：', ' ']).trim();
    let bracketed = trimmed.starts_with(['「', '『', '【']) && trimmed.ends_with(['」', '』', '】']);
    let name = trimmed.trim_matches(|c: char| "「」『』【】[]*_ ：:".contains(c)).trim();
    if name.is_empty() || text::columns(name) > 40 || name.contains(['，', '。', '？', '；']) {
        return None;
    }
    let known = names.is_name(name);
    let found = Label { name: name.to_owned(), url: link.map(|l| l.url.clone()) };
    match link {
        None => (known && bracketed || known && before.trim_end().ends_with([':', '：']) && line.len() < 60)
            .then_some(found),
        Some(_) if is_generic(name) && !known => None,
        Some(link) => {
            let colon = bracketed || before.trim_end().ends_with([':', '：']);
            let repository = Url::parse(&link.url).ok().and_then(|u| address::bare_repository(&u));
            let alike = repository.is_some_and(|(_, repo)| text::same(&repo, name));
            let shows_address = link.text.contains("://") || link.text.starts_with("www.");
            (known || bracketed || alike || colon && shows_address && names_something(name)).then_some(found)
        }
    }
}

/// `[MOSN](…)` alone on a line: a label without a colon.
pub(super) fn linked_name(piece: &Piece, names: &Names) -> Option<Label> {
    let [link] = piece.links.as_slice() else { return None };
    let name = link.text.trim_matches(|c: char| "「」『』【】*_ ".contains(c));
    (piece.images == 0 && text::same(&link.text, &piece.text) && names.is_name(name))
        .then(|| Label { name: name.to_owned(), url: Some(link.url.clone()) })
}

/// One Latin word is a product's name; a phrase introduces a link.
fn names_something(name: &str) -> bool {
    let mut letters = name.chars().filter(|c| c.is_alphabetic()).peekable();
    letters.peek().is_some()
        && letters.all(|c| c.is_ascii())
        && !name.contains(' ')
        && name.chars().any(|c| c.is_ascii_uppercase())
}

fn same_address(links: &[LinkRef]) -> bool {
    links.windows(2).all(|w| w[0].url == w[1].url)
}

/// `主题：value`, `Time: value`: the field's name and its value.
pub(super) fn field(line: &str) -> Option<(Field, &str)> {
    let (line, _) = without_ordinal(line);
    let head = until_colon(line)?;
    let name = head.trim_end_matches([':', '：']).trim_end().trim_end_matches(['」', '】', ']', '*']);
    let name = name.trim_start_matches(['「', '【', '[', '*']);
    let is_name = name.chars().count() <= 24 && name.chars().all(|c| c.is_alphabetic() || "（）()/ ".contains(c));
    let value = line[head.len()..].trim().trim_start_matches(['*', ' ']);
    Some((Field::of(&name.trim().to_lowercase()).filter(|_| is_name)?, value))
}

/// A field of an event or a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// What it is called.
    Title,
    /// When.
    Time,
    /// Where, or how to take part.
    Place,
    /// Who speaks, what is talked about.
    Other,
    /// Who looks after a task.
    Mentor,
}

impl Field {
    fn of(name: &str) -> Option<Field> {
        // `活动时间` is a time, a `runtime` is none.
        let compound = |word: &str| !word.is_ascii() && name.ends_with(word) && name.chars().count() <= 8;
        let is = |words: &[&str]| words.iter().any(|w| name == *w || compound(w));
        if is(&["主题", "会议主题", "直播主题", "活动主题", "topic", "title", "subject"]) {
            Some(Field::Title)
        } else if is(&[
            "时间", "日期", "时间和地点", "时间地点", "时间与地点", "when", "date", "time", "일시", "날짜", "기간",
            "日時", "開催日", "wann", "datum", "quand", "cuándo", "fecha", "quando", "когда", "дата",
        ]) {
            Some(Field::Time)
        } else if is(&[
            "地点", "报名方式", "报名", "报名地址", "报名链接", "参与方式", "参会方式", "入会方式", "会议地址",
            "直播地址", "活动地点", "入会链接", "入会口令", "形式", "直播间", "观看方式", "where", "location", "venue",
            "register", "join", "rsvp",
        ]) {
            Some(Field::Place)
        } else if is(&["导师", "mentor", "mentors", "联系邮箱", "项目链接"]) {
            Some(Field::Mentor)
        } else if is(&[
            "嘉宾", "议题", "会议内容", "内容", "出品人", "讲师", "分享嘉宾", "电话呼入", "亮点", "收获", "收益",
            "speaker", "speakers", "agenda", "host", "主办方",
        ]) {
            Some(Field::Other)
        } else {
            None
        }
    }
}

/// A line that is a link and little else, perhaps with a number or a tag before it.
pub(super) fn is_link_line(piece: &Piece) -> bool {
    let Some(link) = piece.links.first() else {
        return false;
    };
    if link.picture {
        return false;
    }
    let around: usize =
        text::columns(&piece.text).saturating_sub(piece.links.iter().map(|l| text::columns(&l.text)).sum());
    let (line, _) = without_ordinal(&piece.text);
    if around <= 12 || line.starts_with(['《', '[']) {
        return true;
    }
    if link.text.is_empty() {
        return false;
    }
    // `[title](…) — a description of any length`, perhaps with a short tag before it.
    let Some(at) = line.find(link.text.as_str()) else { return false };
    let (before, behind) = (line[..at].trim_end(), line[at + link.text.len()..].trim_start());
    let tagged = before.is_empty()
        || text::columns(before) <= 16 && before.ends_with(|c: char| !c.is_alphanumeric() && !",，、".contains(c));
    let described = behind.starts_with(|c: char| "-–—:：|｜(（".contains(c));
    // `📄 [title](…). Ann`
    let opens = !before.contains(char::is_alphanumeric);
    tagged && (described || opens && around <= 60)
}

/// `29:00`, `1:02:03`: where in a film something is.
fn is_time_stamp(text: &str) -> bool {
    let mut parts = text.split(':');
    let is_number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    matches!(text.matches(':').count(), 1 | 2) && parts.all(is_number)
}

/// `3347f77`: the number of a commit.
fn is_hash(text: &str) -> bool {
    (7..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        && text.bytes().filter(u8::is_ascii_digit).count() > 2
        && text.bytes().any(|b| b.is_ascii_lowercase())
}

/// Whether a link's text tells nothing: an address, `here`, `详情`.
pub(super) fn is_empty_title(title: &str) -> bool {
    let lower = title.trim().to_lowercase();
    !lower.chars().any(char::is_alphanumeric)
        || is_hash(&lower)
        || lower.strip_prefix(['#', '!']).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
        || lower.contains("://")
        || lower.starts_with("www.")
        || is_time_stamp(&lower)
        || matches!(
            lower.as_str(),
            "here"
                | "link"
                | "this"
                | "more"
                | "read more"
                | "source"
                | "video"
                | "article"
                | "details"
                | "hier"
                | "lien"
                | "ici"
                | "enlace"
                | "aquí"
                | "ссылка"
                | "здесь"
                | "тут"
                | "see"
                | "website"
                | "homepage"
                | "repository"
                | "repo"
                | "full story"
                | "voir la suite"
                | "lire la suite"
                | "en savoir plus"
                | "weiterlesen"
                | "mehr lesen"
                | "leer más"
                | "seguir leyendo"
                | "saiba mais"
                | "leia mais"
                | "подробнее"
                | "читать далее"
                | "자세히 보기"
                | "더 보기"
                | "더보기"
                | "원문 보기"
                | "원문"
                | "바로가기"
                | "링크"
                | "詳細はこちら"
                | "詳細"
                | "続きを読む"
                | "元記事"
                | "こちら"
                | "もっと見る"
                | "learn more"
                | "via"
                | "详细"
                | "阅读全文"
                | "查看原文"
                | "全文"
                | "传送门"
                | "戳这里"
                | "这里"
                | "原文"
                | "原文链接"
                | "链接"
                | "详情"
                | "查看"
                | "阅读"
                | "点击"
                | "点击阅读"
                | "阅读原文"
                | "查看详情"
                | "点击查看"
                | "此处"
                | "文章"
                | "视频"
                | "en"
                | "zh"
                | "cn"
        )
}

/// `3.1 Title`: without the numbers of an outline.
pub(super) fn without_numbers(line: &str) -> &str {
    static OUTLINE: Pattern = Pattern::new(r"^\d{1,2}(?:\.\d{1,2}){1,3}[.、]?\s+");
    OUTLINE.find(line).map_or_else(|| without_ordinal(line).0, |m| &line[m.end()..])
}

/// `Synapse (website)`, `GLib ↗`: the name.
pub(super) fn without_brackets(heading: &str) -> &str {
    let end = heading.find(['(', '（', '[']).filter(|at| *at > 0).unwrap_or(heading.len());
    heading[..end].trim_end_matches(|c: char| !c.is_alphanumeric() && c != ')' && c != '+' && c != '#')
}

/// Whether a text is a day and nothing else, perhaps in brackets or before a dash.
pub(super) fn is_day(text: &str) -> bool {
    static DAY: Pattern = Pattern::new(
        r"(?i)^[\[(（【]?(?:\d{4}[-/.年]\s?\d{1,2}(?:[-/.月]\s?\d{1,2}\s?日?)?|\d{1,2}[-/.]\d{1,2}|\d{1,2}\s?月\s?\d{1,2}\s?日|(?:mon|tue|wed|thu|fri|sat|sun)?\w*,?\s*(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2}(?:st|nd|rd|th)?|\d{1,2}\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?)(?:,?\s+\d{4})?)[\])）】]?\s*[-–—:：|,]?$",
    );
    let text = text.trim();
    text.len() >= 4 && text.contains(|c: char| c.is_ascii_digit()) && DAY.is_match(text)
}

/// A day in a line, with its month, and the year and time right beside it: `June 20, 2024`,
/// `6 月 15 日 14:00`, `2024-06-20`.
pub fn day_in(line: &str) -> Option<&str> {
    static DAY: LazyLock<Regex> = LazyLock::new(|| {
        const MONTH: &str = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]{0,6}\b";
        const DAY: &str = r"\d{1,2}(?:st|nd|rd|th)?\b";
        pattern(&format!(
            r"(?i)\b\d{{4}}-\d{{1,2}}-\d{{1,2}}(?:[T ]\d{{1,2}}:\d{{2}})?|\b\d{{4}}[/.]\d{{1,2}}[/.]\d{{1,2}}\b|\b\d{{1,2}}\.\s?\d{{1,2}}\.\s?\d{{4}}\b|(?:\d{{4}}\s?年\s?)?\d{{1,2}}\s?月\s?\d{{1,2}}\s?(?:[-–—~～至到]\s?\d{{1,2}}\s?)?[日号](?:\s?\d{{1,2}}[:：]\d{{2}})?|\b(?:[1-9]|1[0-2])\.\d{{1,2}}\s?(?:[日号]|[（(]周[一二三四五六日天][）)]|举行|举办|进行|召开|线下|线上|直播)|\b{MONTH}\.? {DAY}(?:,? \d{{4}})?|\b{DAY}(?: (?:of )?|\.\s?){MONTH}(?:\.?,? \d{{4}}|\.\d{{4}}|\.)?"
        ))
    });
    // `10.21 举行` is one, the version in `Wick 5.3 直播` is none.
    let is_dotted = |m: &regex::Match<'_>| m.as_str().contains('.') && !m.as_str().is_ascii();
    let behind_name =
        |m: &regex::Match<'_>| line[..m.start()].trim_end().ends_with(|c: char| c.is_ascii_alphanumeric());
    let mut days = DAY.find_iter(line).filter(|m| !is_dotted(m) || !behind_name(m));
    let first = days.next()?;
    let plain = Some(first).filter(|m| !is_dotted(m)).or_else(|| days.find(|m| !is_dotted(m)));
    Some(plain.unwrap_or(first).as_str())
}

/// A time as written, with the first of several days alone: `21 and 22 September 2024` begins on
/// `21 September 2024`, `1 al 4 de agosto` on `1 de agosto`.
pub(super) fn from_first_day(time: &str) -> String {
    static DAYS: Pattern = Pattern::new(
        r"(?i)\b(\d{1,2})(\.|st|nd|rd|th)?(?:\s*[,&+]\s*\d{1,2}(?:\.|st|nd|rd|th)?)*(?:\s+(?:and|to|until|und|bis|y|al|a|e|et|au)\s+|\s*&\s*)\d{1,2}(?:\.|st|nd|rd|th)?(\s+(?:of |de )?(?:jan|jän|ene|feb|fev|fév|mar|mär|mai|may|apr|abr|avr|jun|jui|jul|aug|ago|aoû|sep|set|oct|okt|out|nov|dec|dez|déc|dic)\p{L}{0,8}\b)",
    );
    DAYS.replace(time, "$1$2$3").into_owned()
}

/// Whether a link's text leads around the site, or calls to do something for it.
pub(super) fn is_navigation(title: &str) -> bool {
    static NAVIGATION: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:edit|improve|suggest (?:an? )?edits? (?:to|on)) (?:this|the) (?:page|post|article)(?: on \w+)?|view (?:this|it|the \w+) (?:in|on) .{0,30}|(?:un)?subscribe(?: (?:now|here|to|via|by|with) .{0,40})?|(?:previous|next|prev|last|older|newer) (?:issues?|posts?|week|page|article|edition)|back(?: to (?:the )?(?:top|home|blog|archives?|list))?|home|archives?|all (?:issues|posts)|rss(?: feed)?|atom feed|follow (?:us|me)(?: on \w+)?|share (?:this|on) .{0,30}|tweet(?: this)?|discuss(?: this)? (?:on|in) .{0,30}|(?:please )?(?:submit|send) (?:(?:your|us|more) .{0,60}|(?:an? )?(?:links?|articles?|stor(?:y|ies)|tips?|news|prs?|pull requests?|entr(?:y|ies)|events?|posts?|projects?|suggestions?)\b.{0,60})|(?:please )?submit .{0,50}\bvotes?\b.{0,30}|(?:become a |our )?(?:sponsors?|patrons?)|donate|privacy policy|issue tracker|leave a comment|(?:the )?archives? of (?:all|past) issues?|read (?:this|the) (?:issue|newsletter|post|article).{0,20} (?:on|in|at) .{0,30}|点击(?:分享|投稿|订阅|加入|关注|这里).{0,20}|编辑此页|编辑本页|上一[篇期页]|下一[篇期页]|返回(?:首页|目录|顶部|列表)?|(?:last|previous) (?:week|month|issue|edition)['’]s .*here|join (?:us (?:on|in|at) )?(?:our |the )?(?:\S+ )?(?:discord|slack|matrix|telegram|zulip|gitter|forums?|chat|mailing list)(?: (?:server|channel|chat|group|community))?|follow @\w+|首页|归档|订阅(?:本刊|周刊|邮件|我们)?|往期(?:回顾|内容)?|提交.*(?:建议|投票|提名).*|and (?:many|much) more)\W*$",
    );
    text::columns(title) <= 90 && NAVIGATION.is_match(title)
}

/// `原文链接：…` above all else in a post: where the post itself comes from.
pub(super) fn is_original_of_post(line: &str) -> bool {
    const WORDS: [&str; 12] = [
        "英文原文链接", "英文原文地址", "英文原文", "原文链接", "原文地址", "原文标题", "阅读原文", "原文", "原载于",
        "原载", "original article", "original post",
    ];
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let line = ["备注", "注"]
        .iter()
        .find_map(|note| line.strip_prefix(note)?.strip_prefix([':', '：']))
        .unwrap_or(line)
        .trim_start();
    let behind = WORDS.iter().find_map(|word| {
        let (head, behind) = line.split_at_checked(word.len())?;
        head.eq_ignore_ascii_case(word).then_some(behind)
    });
    behind.is_some_and(|behind| {
        let behind = behind.trim_start_matches(|c: char| c.is_whitespace() || "*_".contains(c));
        behind.is_empty() || behind.starts_with([':', '：'])
    })
}

/// Whether a line says who made this issue, or leads to other issues and to where they are
/// talked about: `Edited by [Jane](…)`, `上一期：[第 11 期](…)`.
///
/// `is_link` is of a line that is a link from one end to the other: there such words may begin a title.
pub(super) fn is_credit(line: &str, is_link: bool) -> bool {
    static CREDIT: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:image|photo|picture) (?:source|credit)s?\s*[:：]\s*\S*$|图片?来?源\s*[:：]\s*\S*$|(?:edited|written|compiled|curated|collected|brought to you|maintained|translated|proofread) by\b.{0,40}$|(?:want|would you like) (?:something|your .{2,40}) (?:on|in) (?:this|the) (?:list|newsletter|issue)\b|(?:want|would you like) to write for us\b|如果您?.{2,60}[，,]?\s*请.{0,30}(?:提交|联系|投稿|填写)|(?:discuss(?:ion)?|comments?|talk) (?:this|it|about (?:this|it)) (?:on|in|at)\b.{0,40}$|(?:discuss(?:ion)?|comments?|talk) (?:on|in|at) (?:the |our )?(?:hn|hacker ?news|/?r/|reddit|lobste|lobsters|discord|matrix|zulip|slack|telegram|github|gitlab|discourse|mastodon|twitter|x\b|forums?|mailing list|chat|users\b).{0,40}$)",
    );
    static AROUND: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:本期)?(?:编辑|主编|责编|整理|整理人|撰稿|审校|校对|编译|译者|数据来源)\s*[:：].{0,40}$|(?:谢谢|感谢).{0,24}(?:建议|提名|推荐|投稿|分享)\W*$|\d{4}\s?[年./-]\s?\d{1,2}\s?[月./-]\s?\d{1,2}\s?日?\s*[|｜·,，]\s*(?:来源|source|via)\s*[:：].{0,40}$|(?:上|下|前)一?[期篇](?:回顾|内容)?\W*[:：]|(?:none|no(?:thing)? .{2,60}) (?:this|last) (?:week|month|time|issue)\b)",
    );
    CREDIT.is_match(line) || !is_link && AROUND.is_match(line)
}

/// Whether a line asks its readers for something, in every issue: `Want to get involved? See …`.
pub(super) fn invites(line: &str) -> bool {
    static INVITES: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:check|see|visit|browse)(?: out)? .{0,120}\b(?:to|and) find (?:an?|more|other|all|your|one)\b|thanks for (?:reading|your (?:support|interest))\b|if you(?:['’](?:d|ve|re))? .+[,，] ?(?:please )?(?:let (?:us|me) know|contact us|reach out|send (?:us|it|them)|submit (?:it|them|your)|tell us|get in touch|drop (?:us|by)|check out our|feel free)\b|(?:want|would you like|looking|ready) to (?:get involved|contribute|help out|join us|be featured)\b|(?:do|did|have) you .+\?\W*(?:send (?:in|us|it|them)|submit (?:it|them|your)|let us know|tell us)\b)",
    );
    INVITES.is_match(line)
}

/// `Chapter 2.1`: a part of a text, whatever its number looks like.
pub(super) fn is_part_of_text(words: &str) -> bool {
    const PARTS: [&str; 10] =
        ["chapter", "section", "part", "volume", "episode", "issue", "figure", "table", "lesson", "season"];
    words.split_whitespace().next().is_some_and(|first| PARTS.contains(&first.to_lowercase().as_str()))
}

/// Whether a title is that of what goes with another: slides, a recording, where it is talked about.
pub(super) fn is_aside(title: &str) -> bool {
    static ASIDE: Pattern = Pattern::new(
        r"(?i)\b(?:slides?|videos?|recordings?|discussions?|comments?|thread|transcripts?|changelog|release notes|notes|announcement|source|code|demo|docs?|documentation|repo(?:sitory)?|github|reddit|hacker ?news|part \d|download|issues?|pdf|paper|website|homepage|schedule|agenda|minutes|tickets?|register|translation|tracking|lobsters|lemmy|mastodon)\b|原文|点击|讨论|视频|幻灯|录像|回放|源码|代码|仓库|文档|译文|中文|报名|官网|地址|链接",
    );
    ASIDE.is_match(title)
}

/// Whether a line names a weekday or an hour.
pub(super) fn says_when(line: &str) -> bool {
    static WHEN: Pattern = Pattern::new(
        r"(?i)\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b\d{1,2}[:：]\d{2}\b|每周|周[一二三四五六日]",
    );
    WHEN.is_match(line)
}

/// Whether a line says how its readers take part: `If you want to contribute, please read …`.
pub(super) fn tells_how_to_join(line: &str) -> bool {
    static JOIN: Pattern = Pattern::new(
        r"(?i)\b(?:if you(?:['’]d)? (?:want|would like|like|wish)|want|wanting|in order|interested in) (?:to )?(?:contribut(?:e|ing)|help(?:ing)? (?:out|us)|get(?:ting)? involved|join(?:ing)? us|participat(?:e|ing)|tak(?:e|ing) part)\b|^\W*(?:how )?to (?:contribute|get involved|participate|take part|help out|join us)\b|(?:如果|若).{0,8}(?:参与|贡献|加入)|^\W*(?:参与|贡献)(?:方式|指南)\W*$",
    );
    JOIN.is_match(line)
}

/// `阅读原文`, `长按识别二维码查看原文`: words for the address below them.
pub(super) fn leads_to_original(line: &str) -> bool {
    static LEADS: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:长按|扫码|扫描|识别|点击)[^，。]{0,12})?(?:阅读|查看|访问|浏览|跳转)(?:原文|全文|详情|更多|链接|原链接)(?:链接|地址)?\W*$|^\W*read (?:more|the original|on)\W*$",
    );
    LEADS.is_match(line)
}

/// Whether a heading says who wrote what it stands below: `Authors: [@ann](…)`.
pub(super) fn is_byline(piece: &Piece) -> bool {
    static BYLINE: Pattern =
        Pattern::new(r"(?i)^\W*(?:authors?|written by|by|contributors?|maintainers?|作者|贡献者)(?:\s*[:：]|\s)");
    let who = |l: &LinkRef| places::is_person(l) || l.text.starts_with(['@', '＠']);
    !piece.links.is_empty() && piece.links.iter().all(who) && BYLINE.is_match(&piece.text)
}

/// Whether a line says who wrote something or where it is kept, and its link leads to no more than
/// that: `作者：[Ann](https://ann.example/)`, `归档：https://…`.
pub(super) fn is_source(piece: &Piece) -> bool {
    static FROM: Pattern = Pattern::new(r"^\W*(?:作者|来源|出处|供稿|(?:以下)?(?:感谢|致谢))[^:：]{0,6}[:：]");
    static KEPT: Pattern =
        Pattern::new(r"^\W*(?:[^\s:：]{0,10}(?:归档|订阅)(?:新闻|地址|方式|链接)?\s*[:：]|本文归档[到于在])");
    let only = |is: fn(&LinkRef) -> bool| piece.links.iter().filter(|l| !l.picture).all(is);
    text::columns(&piece.text) <= 120
        && (FROM.is_match(&piece.text)
            && only(|l| places::is_person(l) || places::is_first_page(&l.url) || l.text.starts_with(['@', '＠']))
            || KEPT.is_match(&piece.text) && only(|l| is_empty_title(&l.text)))
}

/// Whether a line says that it was paid for.
pub(super) fn is_sponsored(line: &str) -> bool {
    static SPONSORED: Pattern = Pattern::new(
        r"(?i)^\W*(?:sponsored|sponsors?|ads?|advertisement|promoted|广告|赞助商?|推广)\s*[\]】」):：|]|\bsponsored by\b|[-–—]\s*sponsored?\W*$|[（(](?:sponsor(?:ed)?|ad|广告|推广)[)）]\W*$|^\W*this (?:issue|week|newsletter).{0,20} is (?:sponsored|brought to you) by",
    );
    SPONSORED.is_match(line) || marks_advert(line)
}

/// Whether a line is nothing but the mark of an advert, or has one behind its sentence, in capitals.
pub(super) fn marks_advert(line: &str) -> bool {
    const MARKS: [&str; 10] =
        ["sponsor", "sponsored", "ad", "ads", "advertisement", "promoted", "广告", "推广", "赞助", "広告"];
    let line = line.trim_matches(|c: char| !c.is_alphanumeric());
    let behind = || {
        let rest = ["SPONSOR", "SPONSORED", "ADVERTISEMENT"].iter().find_map(|mark| line.strip_suffix(mark))?;
        Some(rest.trim_end().ends_with(['。', '.', '！', '!']))
    };
    MARKS.iter().any(|mark| line.eq_ignore_ascii_case(mark)) || behind().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Slugify;
    use crate::source::markdown;

    fn known() -> Names {
        Names::of_titles(&["MOSN", "SOFARPC", "Seata", "Layotto", "SOFAArk"])
    }

    fn piece(md: &str) -> Piece {
        markdown::read(md, None, None, Slugify::Hugo).pieces.remove(0)
    }

    #[test]
    fn a_name_with_a_number_is_no_version() {
        let head = |md: &str, names: &Names| release_head(&piece(md), names, None).map(|h| (h.name, h.version));
        let names = Names::of_titles(&["V9", "MOSN"]);
        assert_eq!(head("## V9 引擎", &names), None);
        assert_eq!(head("## MOSN v9 发布", &names), Some(("MOSN".to_owned(), "9".to_owned())));
    }

    #[test]
    fn askers_in_their_spellings() {
        let cases = [
            ("**1、@朱楠 **提问：", "朱楠", ""),
            ("**@李明阳** 提问：", "李明阳", ""),
            ("2、**@王勇 **提问：", "王勇", ""),
            ("**1.康恒政** 提问：", "康恒政", ""),
            ("**2. 肖文璧 提问**", "肖文璧", ""),
            ("1.@魏顺利 提问：", "魏顺利", ""),
            ("**1.@ZhengweiHou** **#1313**", "ZhengweiHou", "1313"),
            ("**1. @dengqian #2203**", "dengqian", "2203"),
            ("**1.@SOFAJRaft **#965 提问：", "SOFAJRaft", "965"),
            ("**1. 小白**", "小白", ""),
            ("**@ 黄润良** 提问：", "黄润良", ""),
            ("**沄澈|che ** 提问：", "沄澈|che", ""),
            ("@N mesh 提问：", "N mesh", ""),
            ("**9、@jinn cheng** 提问：", "jinn cheng", ""),
            ("**3. @alice asks:**", "alice", ""),
            ("**@chromosome **提问:", "chromosome", ""),
        ];
        for (md, name, issue) in cases {
            let got = asker(&piece(md), true).unwrap_or_else(|| panic!("{md}"));
            assert_eq!(got.name.as_deref(), Some(name), "{md}");
            assert_eq!(got.issue.unwrap_or_default(), issue, "{md}");
        }
        let topic = asker(&piece("**2、关于 Seata 的 grouplist 问题：**"), true).unwrap();
        assert_eq!((topic.name, topic.topic.is_some()), (None, true));
        for md in [
            "A：是的。",
            "MOSN：[https://a.b](https://a.b)",
            "欢迎大家向公众号留言提问或在群里与我们互动",
            "**1、发布 SOFARPC v5.7.0,主要变更如下：**",
            "普通一句话。",
            "**@Reference 这个注解没有 id，试了几次。**",
        ] {
            assert_eq!(asker(&piece(md), false), None, "{md}");
        }
    }

    #[test]
    fn labels_in_their_spellings() {
        for md in [
            "Seata：[https://github.com/seata/seata](https://github.com/seata/seata)",
            "「Seata」：[https://github.com/seata/seata](https://github.com/seata/seata)",
            "**「Seata」：** *[https://github.com/seata/seata](https://github.com/seata/seata)*",
            "「**Seata**」：<https://github.com/seata/seata>",
            "「Seata」[https://github.com/seata/seata](https://github.com/seata/seata)",
        ] {
            assert_eq!(label(&piece(md), &known()).map(|l| l.name), Some("Seata".to_owned()), "{md}");
        }
        for md in [
            "详细参考：[https://a.b/c](https://a.b/c)",
            "「详细参考」：[https://a.b/c](https://a.b/c)",
            "文档地址：[https://a.b/c](https://a.b/c)",
            "[a title](https://a.b/c)",
            "A：可以看 [这里](https://a.b)",
        ] {
            assert_eq!(label(&piece(md), &known()), None, "{md}");
        }
    }

    #[test]
    fn releases_in_their_spellings() {
        let cases = [
            ("**1、发布 SOFARPC v5.7.0,主要变更如下：**", "SOFARPC", "5.7.0"),
            ("MOSN发布 v0.21.0 版本，主要变更如下：", "MOSN", "0.21.0"),
            ("SOFAActs 1.0.1 版本发布，主要变更如下：", "SOFAActs", "1.0.1"),
            ("**本周 sofa-registry 发布 V6-alpha 代码，不建议生产使用**", "sofa-registry", "6-alpha"),
            ("发布 Seata v1.3.4.bugfix_2 版本", "Seata", "1.3.4.bugfix_2"),
            ("[cluster-api v1.14.0](https://a.b/v1.14.0): bump", "cluster-api", "1.14.0"),
            ("### Layotto 0.2.0", "Layotto", "0.2.0"),
            ("**开源 MOSN 系统诊断工具 beta 版：**", "MOSN", "beta"),
            ("**MOSN 1.0 RC2 released**", "MOSN", "1.0-rc2"),
            ("**Layotto 0.2.0 Beta 2 发布**", "Layotto", "0.2.0-beta2"),
            ("**cadvisor/lib bumped from v0.60.3 to v0.60.4**", "lib", "0.60.4"),
            ("**MOSN 从 1.5.0 升级到 1.6.0 发布**", "MOSN", "1.6.0"),
        ];
        for (md, name, number) in cases {
            let got = release_head(&piece(md), &known(), None).unwrap_or_else(|| panic!("{md}"));
            assert_eq!((got.name.as_str(), got.version.as_str()), (name, number), "{md}");
        }
        for md in [
            "**更好的支持 MOSN v1.22 及以上版本**",
            "**Drop support of Go 1.18 in the next release**",
            "**compatible with Layotto 0.4**",
            "SOFARPC 升级到 5.7.7",
            "时间：2020年3月12日 19:00",
            "提升 10.5%",
        ] {
            assert_eq!(release_head(&piece(md), &known(), None), None, "{md}");
        }
    }

    #[test]
    fn fields_of_events() {
        assert_eq!(field("主题：Layotto 社区会议"), Some((Field::Title, "Layotto 社区会议")));
        assert_eq!(field("入会口令（钉钉）：688"), None);
        assert_eq!(field("时间:5 月 10 日").map(|f| f.0), Some(Field::Time));
        assert_eq!(field("本期主题：x").map(|f| f.0), Some(Field::Title));
        assert_eq!(field("https://example.org"), None);
    }
}
