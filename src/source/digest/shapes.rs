//! What a single line of a digest is: an asker, a label, a field, a release.
//!
//! Each recogniser looks at one piece and says what it saw, or nothing. None of
//! them knows in which section it stands.

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

use crate::names::Names;
use crate::normalize::{address, text};
use crate::source::markdown::{LinkRef, Piece, Shape};

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of this file")
}

/// `1、`, `2.`, `3)`, `(4)`, `⑤`, `NO.1 ` at the start of a line.
static ORDINAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:(?i:no)\.?\s*)?(\d{1,3})\s*(?:[、．)）:：]|\.(?:\D|$))\s*|^(?i:no)\.?\s*\d{1,3}\s+|^[(（]\d{1,2}[)）]\s*|^[①-⑳]\s*[、.．]?\s*",
    )
});

/// The line without its number, and whether it had one.
pub(super) fn without_ordinal(line: &str) -> (&str, bool) {
    if !line.starts_with(|c: char| c.is_ascii_digit() || matches!(c, 'n' | 'N' | '(' | '（' | '①'..='⑳')) {
        return (line, false);
    }
    match ORDINAL.find(line) {
        Some(found) => {
            // `1.@name`: the pattern took one character too many.
            let taken = found.as_str();
            let keep = taken
                .chars()
                .next_back()
                .filter(|c| !c.is_whitespace() && !"、．)）:：.0123456789".contains(*c) && !('①'..='⑳').contains(c))
                .map_or(0, char::len_utf8);
            (line[found.end() - keep..].trim_start(), true)
        }
        None => (line, false),
    }
}

/// Who asks, from the line above a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asker {
    /// The name, when the line has one.
    pub name: Option<String>,
    /// A topic instead of a name: `about the grouplist setting`.
    pub topic: Option<String>,
    /// `#2203`.
    pub issue: Option<String>,
    /// What follows the asker on the same line.
    pub rest: String,
}

/// An asker line in one of its spellings. `quoted` says whether a quotation follows.
pub(super) fn asker(piece: &Piece, quoted: bool) -> Option<Asker> {
    static ISSUE: LazyLock<Regex> = LazyLock::new(|| pattern(r"[(（\[]?#\s*(\d{1,7})\b[)）\]]?"));
    static ASKS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)(?:同学|用户|老师)?\s*(?:提问|问道|发问|提出的?问题|\basks?\b|\basked\b|[^\w]问\s*[:：])\s*[:：]?",
        )
    });
    let heading = matches!(piece.shape, Shape::Heading(_));
    if piece.quote || piece.shape != Shape::Line && !heading || piece.list > 1 {
        return None;
    }
    if piece.list == 1 && piece.ordinal.is_none() {
        return None;
    }
    let (line, numbered) = without_ordinal(&piece.text);
    let numbered = numbered || piece.ordinal.is_some();
    if line.is_empty() || text::columns(line) > 400 {
        return None;
    }
    // Most lines are nothing of the kind, and patterns take their time to say so.
    let may_ask = numbered || line.contains(['@', '＠', '问']) || line.contains("ask") || line.contains("Ask");
    if !may_ask || heading && !line.starts_with(['@', '＠']) {
        return None;
    }
    let issue = Some(line)
        .filter(|l| l.contains('#'))
        .and_then(|l| ISSUE.captures(l))
        .filter(|c| c.get(0).is_some_and(|m| text::columns(&line[..m.start()]) <= 45))
        .map(|c| c[1].to_owned());
    let bare = match &issue {
        Some(_) => ISSUE.replace(line, " ").trim().to_owned(),
        None => line.to_owned(),
    };
    let (bare, at_sign) = match bare.strip_prefix(['@', '＠']) {
        Some(rest) => (rest.trim_start().to_owned(), true),
        None => (bare, false),
    };
    let no_link = piece.links.is_empty() || at_sign;
    if let Some(ask) = ASKS.find(&bare)
        && ask.start() > 0
    {
        let name = bare[..ask.start()].trim();
        let rest = bare[ask.end()..].trim().trim_start_matches([':', '：']).trim();
        if is_person(name) && no_link && (at_sign || numbered || rest.is_empty()) {
            return Some(Asker { name: Some(name.to_owned()), topic: None, issue, rest: rest.to_owned() });
        }
        if let Some(topic) = topic(name).filter(|_| rest.is_empty()) {
            return Some(Asker { name: None, topic: Some(topic), issue, rest: String::new() });
        }
        return None;
    }
    let name = bare.trim_end_matches([':', '：']).trim();
    if at_sign && no_link && is_person(name) && (piece.bold || heading || numbered || quoted || issue.is_some()) {
        return Some(Asker { name: Some(name.to_owned()), topic: None, issue, rest: String::new() });
    }
    if numbered
        && quoted
        && piece.links.is_empty()
        && (piece.bold || issue.is_some())
        && is_person(name)
        && version(name).is_none()
    {
        return Some(match topic(name) {
            Some(topic) => Asker { name: None, topic: Some(topic), issue, rest: String::new() },
            None if name.ends_with("问题") => {
                Asker { name: None, topic: Some(name.to_owned()), issue, rest: String::new() }
            }
            None => Asker { name: Some(name.to_owned()), topic: None, issue, rest: String::new() },
        });
    }
    if quoted && numbered && bare.ends_with([':', '：']) && text::columns(name) <= 60 {
        return Some(Asker { name: None, topic: Some(name.to_owned()), issue, rest: String::new() });
    }
    None
}

/// `关于 Seata 的`, `About timeouts`: a matter, nobody's name.
fn topic(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let is_topic = name.starts_with("关于")
        || name.starts_with("有关")
        || lower.starts_with("about ")
        || lower.starts_with("on the ");
    is_topic.then(|| name.trim_end_matches('的').trim().to_owned())
}

/// Short, no sentence, no address.
fn is_person(name: &str) -> bool {
    !name.is_empty()
        && text::columns(name) <= 40
        && !name.contains(['，', '。', '？', '?', '！', '；', '：', '"', '“', '《', '>'])
        && !name.contains("://")
        && topic(name).is_none()
        && name.chars().any(char::is_alphanumeric)
}

/// The words up to the first colon, with it: none of the patterns that ask for words before
/// a colon looks further.
fn until_colon(line: &str) -> Option<&str> {
    let (at, colon) = line.char_indices().take(40).find(|(_, c)| matches!(c, ':' | '：'))?;
    Some(&line[..at + colon.len_utf8()])
}

/// `A：`, `A:`, `答：`, `Answer:` at the start of a line: what follows it.
pub(super) fn answer(line: &str) -> Option<&str> {
    static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?i:A\s?\d{0,2}(?:\s*[|｜/]\s*[^:：|｜]{1,16})?|@?[\p{L}\d_.-]{0,12} ?(?:答|回答|答复|回复)|@?[\w. -]{0,20}\b(?:answers?|answered|repl(?:y|ies|ied))|re)\s*[:：]",
        )
    });
    let head = until_colon(line)?;
    ANSWER.is_match(head).then(|| line[head.len()..].trim())
}

/// Where an answer begins on the line of its question: `Q: May I? A: Yes.`
pub(super) fn answer_within(line: &str) -> Option<usize> {
    static WITHIN: LazyLock<Regex> = LazyLock::new(|| pattern(r"[?？。!！]\**\s*(?:A|答|回答|Answer)\s*[:：]"));
    let found = WITHIN.find(line)?;
    let mark = line[found.start()..].chars().next().map_or(1, char::len_utf8);
    Some(found.start() + mark)
}

/// A line that asks without saying so, which an answer right below it shows: `小明问：…`,
/// `Q｜小明：…`, `① 小明：…？`, `#12 it crashes`.
pub(super) fn asking_line(piece: &Piece) -> Option<Asker> {
    static ASKING: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?:(?i:Q)\s?\d{0,2}\s*[|｜/]\s*@?(?P<q>[^:：|｜]{1,16})|@?(?P<n>[^:：，。？\s]{1,12}?)问)\s*[:：]\s*(?P<rest>.+)$",
        )
    });
    static ISSUE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^#(\d{1,7})\s*[:：]?\s+(\S.*)$"));
    if piece.quote || !matches!(piece.shape, Shape::Line | Shape::Heading(_)) {
        return None;
    }
    let (line, numbered) = without_ordinal(&piece.text);
    let numbered = numbered || piece.ordinal.is_some();
    if let Some(found) = ISSUE.captures(line) {
        return Some(Asker { name: None, topic: None, issue: Some(found[1].to_owned()), rest: found[2].to_owned() });
    }
    if answer(line).is_some() {
        return None;
    }
    if let Some(found) = ASKING.captures(line) {
        let name = found.name("q").or(found.name("n"))?.as_str().trim();
        // `访问：`, `请问：` are words of their own.
        let word =
            found.name("n").is_some_and(|n| n.as_str().ends_with(['访', '疑', '请', '学', '顾', '反', '追', '提']));
        return (!word && is_person(name)).then(|| Asker {
            name: Some(name.to_owned()),
            topic: None,
            issue: None,
            rest: found["rest"].to_owned(),
        });
    }
    let (name, rest) = line.split_once([':', '：'])?;
    let (name, rest) = (name.trim().trim_start_matches(['@', '＠']).trim(), rest.trim());
    let asks = numbered && rest.ends_with(['?', '？']) && text::columns(name) <= 16 && is_person(name);
    (asks && question(line).is_none()).then(|| Asker {
        name: Some(name.to_owned()),
        topic: None,
        issue: None,
        rest: rest.to_owned(),
    })
}

/// `Q：`, `问：` at the start of a line: what follows it.
pub(super) fn question(line: &str) -> Option<&str> {
    static QUESTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?i:Q\s?\d{0,2}|问|提问|问题|question)\s*[:：]"));
    let (line, _) = without_ordinal(line);
    let head = until_colon(line)?;
    QUESTION.is_match(head).then(|| line[head.len()..].trim())
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
    static GENERIC: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^(详细|相关|更多|发布|点击|原文|视频|会议|入会|直播|报名|项目|文档|官网|参考|使用|试用|活动|完整|具体|代码|源码|下载|课题|联系|文章)?(参考|详情|详见|报告|链接|地址|回放|回顾|方式|资料|文档|文章|阅读|解读|样例|手册|口令|邮箱|官网|文件|案例|议题|信息|参与|答案|教程|网址|网站|主页|仓库|预约|二维码)?(发布)?(报告|链接|地址|文档)?$|^(see|details?|read more|more|link|source|docs?|documentation|website|homepage|repo(sitory)?|slides|video|recording|register|registration|rsvp|via|from|note|reference|discussion|full (changelog|release notes)|release notes|changelog)$",
        )
    });
    GENERIC.is_match(name)
}

/// A label line: a name, perhaps in brackets, and one link behind it.
pub(super) fn label(piece: &Piece, names: &Names) -> Option<Label> {
    if piece.quote
        || piece.shape != Shape::Line
        || piece.list > 0
        || piece.images > 0
        || text::columns(&piece.text) > 300
    {
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
            let alike = repository.is_some_and(|(_, repo)| text::fold(&repo) == text::fold(name));
            let shows_address = link.text.contains("://") || link.text.starts_with("www.");
            (known || bracketed || alike || colon && shows_address && names_something(name)).then_some(found)
        }
    }
}

/// `[MOSN](…)` alone on a line: a label without a colon.
pub(super) fn linked_name(piece: &Piece, names: &Names) -> Option<Label> {
    let [link] = piece.links.as_slice() else { return None };
    let name = link.text.trim_matches(|c: char| "「」『』【】*_ ".contains(c));
    (piece.images == 0 && text::fold(&link.text) == text::fold(&piece.text) && names.is_name(name))
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
    static FIELD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[「【\[*]*([\p{L}（）()/ ]{1,24}?)[」】\]*]*\s*[:：]"));
    let (line, _) = without_ordinal(line);
    let found = FIELD.captures(until_colon(line)?)?;
    let name = found.get(1)?.as_str().trim().to_lowercase();
    let value = line[found.get(0)?.end()..].trim().trim_start_matches(['*', ' ']);
    Some((Field::of(&name)?, value))
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
        let is = |words: &[&str]| words.iter().any(|w| name == *w || name.ends_with(w) && name.chars().count() <= 8);
        if is(&["主题", "会议主题", "直播主题", "活动主题", "topic", "title", "subject"]) {
            Some(Field::Title)
        } else if is(&["时间", "日期", "when", "date", "time"]) {
            Some(Field::Time)
        } else if is(&[
            "地点",
            "报名方式",
            "报名",
            "报名地址",
            "报名链接",
            "入会链接",
            "入会口令",
            "形式",
            "直播间",
            "观看方式",
            "where",
            "location",
            "venue",
            "register",
            "join",
            "rsvp",
        ]) {
            Some(Field::Place)
        } else if is(&["导师", "mentor", "mentors", "联系邮箱", "项目链接"]) {
            Some(Field::Mentor)
        } else if is(&[
            "嘉宾",
            "议题",
            "会议内容",
            "内容",
            "出品人",
            "讲师",
            "分享嘉宾",
            "电话呼入",
            "亮点",
            "收获",
            "收益",
            "speaker",
            "speakers",
            "agenda",
            "host",
            "主办方",
        ]) {
            Some(Field::Other)
        } else {
            None
        }
    }
}

/// A version in a text: where it starts and how it reads without its `v`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub start: usize,
    pub end: usize,
    pub number: String,
}

/// The first version in `line`.
pub(super) fn version(line: &str) -> Option<Version> {
    static DOTTED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)(?:^|[^0-9A-Za-z_.#/-])(?:v(?:ersion)?\.?\s?)?(\d{1,4}(?:\.\d{1,5}){1,4}(?:[-._+]?(?:alpha|beta|rc|pre|preview|dev|snapshot|bugfix|hotfix|final|ga|m|post|patch|sp|release|lts)[0-9A-Za-z_.]*|-\d[0-9A-Za-z.]*|\+[0-9A-Za-z.]+)?)",
        )
    });
    static LETTER: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)(?:^|[^0-9A-Za-z_.#/-])v(\d{1,3}(?:[-.]?(?:alpha|beta|rc|preview)[0-9A-Za-z.]*)?)(?:$|[^0-9A-Za-z_.%])",
        )
    });
    static STAGE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?i)(?:^|[^0-9A-Za-z_])((?:alpha|beta|rc)\d{0,2})\s*(?:版|version|release|发布)"));
    let lower = |w: &str| line.as_bytes().windows(w.len()).any(|b| b.eq_ignore_ascii_case(w.as_bytes()));
    if !line.bytes().any(|b| b.is_ascii_digit()) && !["alpha", "beta", "rc"].into_iter().any(lower) {
        return None;
    }
    let glued = || {
        // `Seata1.4.2`: the number follows a name without a blank.
        static GLUED: LazyLock<Regex> =
            LazyLock::new(|| pattern(r"(?i)[a-z]\s?(\d{1,3}(?:\.\d{1,4}){1,3}(?:[-.](?:alpha|beta|rc)[\w.]*)?)"));
        GLUED.captures(line).and_then(|c| c.get(1)).filter(|m| !line[..m.start()].trim_end().ends_with('.'))
    };
    let found = DOTTED
        .captures(line)
        .and_then(|c| c.get(1))
        .or_else(glued)
        .or_else(|| LETTER.captures(line).and_then(|c| c.get(1)))
        .or_else(|| STAGE.captures(line).and_then(|c| c.get(1)))?;
    let rest = &line[found.end()..];
    // `10.5%`, `19:00`: numbers, but no versions.
    let after_colon = rest.strip_prefix([':', '：']);
    if rest.starts_with('%') || after_colon.is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    let number = found.as_str().trim_end_matches('.').to_owned();
    Some(Version { start: found.start(), end: found.start() + number.len(), number })
}

/// Whether a version is unfinished.
pub(super) fn is_prerelease(version: &str) -> bool {
    static UNFINISHED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?i)(alpha|beta|rc|pre|preview|dev|snapshot|nightly|canary|insider|experimental|milestone)|[-.]m\d")
    });
    UNFINISHED.is_match(version)
}

/// A release is named at the start of its line.
const HEAD_COLUMNS: usize = 100;

fn beginning(line: &str, columns: usize) -> String {
    let mut used = 0;
    line.chars()
        .take_while(|c| {
            used += text::columns(c.encode_utf8(&mut [0; 4]));
            used <= columns
        })
        .collect()
}

/// A line that announces a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReleaseHead {
    pub name: String,
    pub version: String,
}

/// Whether a line has the words of an announcement.
pub(super) fn announces(line: &str) -> bool {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?i)发布|发版|版本|正式版|\breleas(e|ed|es|ing)\b|\bis (now|out)\b|\bavailable\b|\d\s*版")
    });
    WORDS.is_match(line)
}

/// Words that stand between a product and its version, and are neither.
fn is_no_name(word: &str) -> bool {
    const NO_NAMES: [&str; 62] = [
        "releases",
        "updated",
        "update",
        "updates",
        "make",
        "makes",
        "uses",
        "using",
        "use",
        "built",
        "by",
        "at",
        "as",
        "a",
        "an",
        "or",
        "since",
        "than",
        "until",
        "before",
        "after",
        "upgraded",
        "upgrade",
        "upgrades",
        "bumped",
        "bump",
        "bumps",
        "version",
        "release",
        "released",
        "to",
        "from",
        "and",
        "with",
        "of",
        "is",
        "are",
        "was",
        "be",
        "being",
        "been",
        "has",
        "had",
        "have",
        "its",
        "the",
        "this",
        "in",
        "now",
        "on",
        "up",
        "out",
        "v",
        "new",
        "latest",
        "next",
        "milestone",
        "schedule",
        "branch",
        "for",
        "moved",
        "reaches",
    ];
    NO_NAMES.contains(&word.to_lowercase().as_str())
}

/// `kube-cross base image to`, `org/gateway-api had its`, `go/protobuf being updated to`: the
/// product that all of a line before its version names.
fn plain_name(head: &str) -> Option<String> {
    if !head.is_ascii() {
        return None;
    }
    let mut words = head.split_whitespace().skip_while(|w| is_no_name(w)).peekable();
    let mut name: Vec<&str> = Vec::new();
    while let Some(word) = words.next_if(|w| !is_no_name(w)) {
        name.push(word);
    }
    if name.is_empty() || name.len() > 4 || words.any(|w| !is_no_name(w)) {
        return None;
    }
    let plain = |w: &&str| {
        w.starts_with(|c: char| c.is_ascii_alphabetic())
            && w.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./+#".contains(&b))
    };
    if !name.iter().all(plain) {
        return None;
    }
    let whole = name.join(" ");
    // `github.com/org/dbus/v5`: the last part that is a name.
    let version = |s: &&str| s.strip_prefix('v').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    let last = whole.rsplit('/').find(|s| !s.is_empty() && !version(s)).unwrap_or(&whole);
    (last.len() > 1).then(|| last.to_owned())
}

/// The product a phrase ends with: a project's name, or a name that begins with one
/// (`Dubbo Admin`, `mosn-operator`), which is a product of its own.
fn product(phrase: &str, names: &Names) -> Option<String> {
    let starts = std::iter::once(0).chain(phrase.match_indices([' ']).map(|(n, _)| n + 1));
    let mut longer = None;
    for start in starts {
        let tail = &phrase[start..];
        if names.is_name(tail) {
            return names.titles_in(tail).into_iter().next();
        }
        let named = names.find_in_label(tail).first().is_some_and(|f| f.start == 0);
        if longer.is_none() && named {
            let words: Vec<&str> = tail.split(' ').take_while(|w| !is_no_name(w)).collect();
            let tail = words.join(" ");
            if names.is_name(&tail) {
                return names.titles_in(&tail).into_iter().next();
            }
            longer = Some(tail).filter(|t| !t.is_empty());
        }
    }
    longer
}

/// Whether a title is nothing but a product and its version, or announces one.
pub(super) fn is_release_title(piece: &Piece) -> bool {
    let release_page = piece.links.first().is_some_and(|l| l.url.contains("/releases/") || l.url.contains("/tag/"));
    let line = without_addresses(piece);
    let Some(found) = version(&line) else { return false };
    let dotted = found.number.contains('.');
    let short = line[found.end..].trim().is_empty() && line[..found.start].split_whitespace().count() <= 3;
    release_page || dotted && (short || announces(&line))
}

/// `发布 NAME v1.2.3 版本`, `NAME 1.2.3 released`, `**NAME v1.2**`.
pub(super) fn release_head(piece: &Piece, names: &Names, section: Option<&str>) -> Option<ReleaseHead> {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"([A-Za-z][0-9A-Za-z_+#-]*(?:[ .-][A-Za-z][0-9A-Za-z_+-]*){0,2})\s*(?:正式)?(?:发布了?|推出了?|released?|版本|version|has been released|:|：)?\s*[vV]?\s*$",
        )
    });
    if piece.quote || matches!(piece.shape, Shape::Code | Shape::Html | Shape::Table | Shape::Rule) {
        return None;
    }
    // The head of a long line is its beginning.
    let whole = without_addresses(piece);
    let line = &beginning(&whole, HEAD_COLUMNS);
    let first = version(line)?;
    // `1.2 → 1.3`: what it came to.
    static ARROW: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:→|-+>|=>|⇒|➡️?)\s*"));
    let behind = &line[first.end..];
    let version = match ARROW.find(behind).map(|m| (m.end(), self::version(&behind[m.end()..]))) {
        Some((_, Some(next))) if next.start <= 1 => Version { number: next.number, ..first },
        _ => first,
    };
    // What is planned is not there.
    static PLANNED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^\s*(?:版本?)?\s*(?:releas\w*\s+)?(?:plans?|planning|roadmap|schedule|milestone|timeline|计划|规划|路线图|里程碑)\b",
        )
    });
    if PLANNED.is_match(&line[version.end..]) {
        return None;
    }
    let heading = matches!(piece.shape, Shape::Heading(_));
    let linked = piece.links.first().is_some_and(|l| {
        line.starts_with(l.text.as_str()) && !l.text.contains("://") && l.text.contains(&version.number)
    }) || piece.links.iter().any(|l| l.url.contains("/releases/tag/") && l.text.contains(&version.number));
    let before = line[..version.start].trim_end();
    let head = before.trim_end_matches(['v', 'V']).trim_end().trim_end_matches([':', '：']);
    let phrase = BEFORE.captures(head).and_then(|c| c.get(1)).map(|m| m.as_str().trim());
    // `now beta for 1.10`, `removed in 2.0`: another thing's version in passing.
    let last = head.rsplit(' ').next().unwrap_or("").to_lowercase();
    if ["for", "in", "since", "until", "before", "after", "than", "requires", "with", "on"].contains(&last.as_str()) {
        return None;
    }
    let named = plain_name(head);
    // In a list of releases `NAME 1.2.3` and `NAME 1.2.3: …` say it all.
    let rest = line[version.end..].trim_start();
    let ends = rest.is_empty() || rest.starts_with([':', '：', '-', '–', '—', '(', '（', '→']);
    let bare = section.is_some()
        && ends
        && (named.is_some() || phrase.is_some_and(|p| p.len() == head.len()))
        && (piece.list > 0 || rest.is_empty() || !piece.links.is_empty());
    if !(heading || piece.bold || linked || bare || announces(line)) {
        return None;
    }
    // The words right before the version: a project's name among them, else the last of them.
    let known = phrase.and_then(|p| product(p, names));
    let written = || {
        let word = phrase?.rsplit(' ').find(|w| !is_no_name(w))?;
        (word.len() > 1 && !phrase?.to_lowercase().ends_with("deadline")).then(|| word.to_owned())
    };
    let anywhere =
        || names.titles_in(before).into_iter().next_back().or_else(|| names.titles_in(line).into_iter().next());
    let from_section = || section.and_then(|s| names.titles_in(s).into_iter().next());
    if phrase.is_some_and(|p| p.to_lowercase().ends_with("deadline")) {
        return None;
    }
    let name = known.or(named).or_else(written).or_else(anywhere).or_else(from_section)?;
    Some(ReleaseHead { name, version: version.number })
}

/// The line without the addresses shown in it: the address of a release page announces nothing.
fn without_addresses(piece: &Piece) -> String {
    let mut line = piece.text.clone();
    for link in piece.links.iter().filter(|l| l.text.contains("://")) {
        line = line.replace(link.text.as_str(), " ");
    }
    line.split_whitespace().filter(|w| !w.contains("://")).collect::<Vec<_>>().join(" ")
}

/// Versions that follow the first one of a head, as in `2.4.1/3.0.6`.
pub(super) fn more_versions(piece: &Piece) -> Vec<String> {
    let line = without_addresses(piece);
    let Some(first) = version(&line) else {
        return Vec::new();
    };
    let mut rest = &line[first.end..];
    let mut found = Vec::new();
    while let Some(tail) = rest.trim_start().strip_prefix(['/', '、', '&', '＆']) {
        let tail = tail.trim_start();
        match version(tail) {
            Some(next) if next.start <= 1 => {
                found.push(next.number);
                rest = &tail[next.end..];
            }
            _ => break,
        }
    }
    found
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
    tagged && (described || before.is_empty() && around <= 60)
}

/// Whether a link's text tells nothing: an address, `here`, `详情`.
pub(super) fn is_empty_title(title: &str) -> bool {
    let lower = title.trim().to_lowercase();
    !lower.chars().any(char::is_alphanumeric)
        || lower.strip_prefix(['#', '!']).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
        || lower.contains("://")
        || lower.starts_with("www.")
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
                | "see"
                | "website"
                | "homepage"
                | "repository"
                | "repo"
                | "full story"
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
    static OUTLINE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d{1,2}(?:\.\d{1,2}){1,3}[.、]?\s+"));
    OUTLINE.find(line).map_or_else(|| without_ordinal(line).0, |m| &line[m.end()..])
}

/// `Synapse (website)`, `GLib ↗`: the name.
pub(super) fn without_brackets(heading: &str) -> &str {
    let end = heading.find(['(', '（', '[']).filter(|at| *at > 0).unwrap_or(heading.len());
    heading[..end].trim_end_matches(|c: char| !c.is_alphanumeric() && c != ')' && c != '+' && c != '#')
}

/// Whether a text is a day and nothing else, perhaps in brackets or before a dash.
pub(super) fn is_day(text: &str) -> bool {
    static DAY: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^[\[(（【]?(?:\d{4}[-/.年]\s?\d{1,2}(?:[-/.月]\s?\d{1,2}\s?日?)?|\d{1,2}[-/.]\d{1,2}|\d{1,2}\s?月\s?\d{1,2}\s?日|(?:mon|tue|wed|thu|fri|sat|sun)?\w*,?\s*(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2}(?:st|nd|rd|th)?|\d{1,2}\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?)(?:,?\s+\d{4})?)[\])）】]?\s*[-–—:：|,]?$",
        )
    });
    let text = text.trim();
    text.len() >= 4 && text.contains(|c: char| c.is_ascii_digit()) && DAY.is_match(text)
}

/// Whether a link's text leads around the site, or calls to do something for it.
pub(super) fn is_navigation(title: &str) -> bool {
    static NAVIGATION: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^\W*(?:(?:edit|improve|suggest (?:an? )?edits? (?:to|on)) (?:this|the) (?:page|post|article)(?: on \w+)?|view (?:this|it|the \w+) (?:in|on) .{0,30}|(?:un)?subscribe(?: (?:now|here|to|via|by|with) .{0,40})?|(?:previous|next|prev|last|older|newer) (?:issues?|posts?|week|page|article|edition)|back(?: to (?:the )?(?:top|home|blog|archives?|list))?|home|archives?|all (?:issues|posts)|rss(?: feed)?|atom feed|follow (?:us|me)(?: on \w+)?|share (?:this|on) .{0,30}|tweet(?: this)?|discuss(?: this)? (?:on|in) .{0,30}|(?:please )?(?:submit|send) (?:your|a|an|us|more) .{0,60}|(?:please )?submit .{0,50}\bvotes?\b.{0,30}|(?:become a |our )?(?:sponsors?|patrons?)|donate|privacy policy|编辑此页|编辑本页|上一[篇期页]|下一[篇期页]|返回(?:首页|目录|顶部|列表)?|首页|归档|订阅(?:本刊|周刊|邮件|我们)?|往期(?:回顾|内容)?)\W*$",
        )
    });
    text::columns(title) <= 90 && NAVIGATION.is_match(title)
}

/// Whether a line says that it was paid for.
pub(super) fn is_sponsored(line: &str) -> bool {
    static SPONSORED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)^\W*(?:sponsored|sponsors?|ads?|advertisement|promoted|广告|赞助商?|推广)\s*[\]】」):：|]|\bsponsored by\b|[-–—]\s*sponsored?\W*$|[（(](?:sponsor(?:ed)?|ad|广告|推广)[)）]\W*$|^\W*this (?:issue|week|newsletter).{0,20} is (?:sponsored|brought to you) by",
        )
    });
    SPONSORED.is_match(line)
}

/// Whether an address is a listing, which is other things every week: labels, searches, commits of a branch.
pub(super) fn is_listing(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or("");
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().filter(|s| !s.is_empty()).collect();
    (host == "github.com" || host.starts_with("gitlab.") || host == "gitee.com")
        && matches!(
            segments.as_slice(),
            ["search"]
                | [_, _, "labels" | "commits", ..]
                | [_, _, "pulls" | "issues" | "releases" | "merge_requests" | "tags"]
        )
}

/// Whether a link can be an article at all.
pub(super) fn is_page(url: &str) -> bool {
    let lower = url.to_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or("");
    !lower.starts_with('#')
        && !lower.starts_with("mailto:")
        && !lower.starts_with("data:")
        && !lower.starts_with("javascript:")
        && (path.contains("://") || !path.contains('@'))
        && ![".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"].iter().any(|e| path.ends_with(e))
        && (lower.contains("://") || lower.starts_with('/') || lower.starts_with('.') || !lower.contains(':'))
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
        markdown::read(md, None, Slugify::Hugo).pieces.remove(0)
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
        ];
        for (md, name, number) in cases {
            let got = release_head(&piece(md), &known(), None).unwrap_or_else(|| panic!("{md}"));
            assert_eq!((got.name.as_str(), got.version.as_str()), (name, number), "{md}");
        }
        for md in ["SOFARPC 升级到 5.7.7", "时间：2020年3月12日 19:00", "提升 10.5%"] {
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
