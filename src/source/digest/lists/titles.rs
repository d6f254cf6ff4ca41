//! Which link of a line counts, and what it is called.

use super::is_address;
use crate::config::SectionKind;
use crate::normalize::text;
use crate::source::digest::vocabulary::is_frame;
use crate::source::digest::{Head, Scope};
use crate::source::digest::{places, shapes};
use crate::source::markdown::{LinkRef, Piece};
use crate::source::pattern::Pattern;

/// What is longer is no title, in columns.
const LONGEST_TITLE: usize = 120;

/// Whether the words of a link name nothing: `here`, `Reddit`, `报名链接`, an address.
pub(in crate::source::digest) fn says_nothing(text: &str) -> bool {
    shapes::is_empty_title(text) || shapes::is_generic(text.trim_matches(|c: char| !c.is_alphanumeric()))
}

/// Words that say what a picture is of, and no name of its file.
pub(in crate::source::digest) fn is_caption(text: &str) -> bool {
    let lower = text.to_lowercase();
    let file = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"].iter().any(|e| lower.ends_with(e));
    text::columns(text) >= 8
        && !file
        && !["image", "picture", "screenshot", "cover", "banner"].contains(&lower.as_str())
}

/// The first link of a piece that is a page, with the texts of neighbours to the same page joined.
pub(in crate::source::digest) fn first_link(piece: &Piece) -> Option<LinkRef> {
    let in_passing = |l: &LinkRef| places::is_contact(&l.url) && !text::same(&l.text, &piece.text);
    let page = |l: &LinkRef| !l.picture && places::is_page(&l.url) && !l.text.trim().is_empty() && !in_passing(l);
    let person = |l: &LinkRef| l.text.trim_start().starts_with(['@', '＠']) || places::is_person(l);
    let at = piece.links.iter().position(|l| page(l) && !person(l)).or_else(|| piece.links.iter().position(page))?;
    let at = source_and_item(piece, at).unwrap_or(at);
    let mut link = piece.links[at].clone();
    for next in &piece.links[at + 1..] {
        if next.url != link.url || next.picture {
            break;
        }
        let together = format!("{}{}", link.text, next.text);
        let spaced = format!("{} {}", link.text, next.text);
        link.text = if piece.text.contains(&together) {
            together
        } else if piece.text.contains(&spaced) {
            spaced
        } else {
            break;
        };
    }
    Some(link)
}

/// Behind the link `at`, which only says where it is from, the one that is meant:
/// `[Wick](https://wick.example/) has a post about [oil](https://wick.example/blog/oil)`,
/// `[Planet](https://planet.example/) | [title](…)`, `[wick/api](…) [#90](…/pull/90) title`.
fn source_and_item(piece: &Piece, at: usize) -> Option<usize> {
    let source = &piece.links[at];
    if !places::is_home(&source.url) {
        return None;
    }
    let page = |l: &LinkRef| !l.picture && places::is_page(&l.url) && !l.text.trim().is_empty();
    let is_number = |l: &LinkRef| l.text.starts_with(['#', '!']) && shapes::is_empty_title(&l.text);
    // What a site's first page leads to stands anywhere in the line, a number right behind its repository.
    let is_site = places::is_first_page(&source.url);
    let told = |l: &LinkRef| page(l) && !says_nothing(&l.text) && places::is_below(&l.url, &source.url);
    if let Some(n) = piece.links[at + 1..].iter().position(told).filter(|_| is_site) {
        return Some(at + 1 + n);
    }
    let next = piece.links.get(at + 1).filter(|l| page(l))?;
    if is_number(next) && places::is_below(&next.url, &source.url) {
        let beside = format!("{} {}", source.text, next.text);
        return piece.text.starts_with(&beside).then_some(at + 1);
    }
    // `[Ann Doe](https://ann.example/) has written [a book](…)`
    let behind = piece.text.strip_prefix(source.text.as_str()).filter(|_| is_site);
    if behind.is_some_and(|b| tells_who_did(&source.text, b, piece.list > 0))
        && next.text.split_whitespace().count() > 1
    {
        return Some(at + 1).filter(|_| !says_nothing(&next.text) && !places::is_home(&next.url));
    }
    // Nothing but a mark between them.
    let next = Some(next).filter(|l| is_site && !says_nothing(&l.text))?;
    let (_, behind) = piece.text.split_once(source.text.as_str())?;
    let between = behind.split_once(next.text.as_str())?.0.trim();
    let is_mark = matches!(between, "|" | "｜" | "›" | "»" | "/" | ":" | "：");
    (is_mark && piece.text.starts_with(source.text.as_str()) && text::columns(&next.text) >= 8).then_some(at + 1)
}

/// Whether a link is a person's name, and what that person did stands behind it. In a list it may as
/// well be a program, which only does what programs do.
fn tells_who_did(name: &str, behind: &str, in_list: bool) -> bool {
    static DID: Pattern = Pattern::new(
        r"^ (?:has|have|made|created|built|shows|showed|released|(?P<said>wrote|writes|published|shared|explains|explained|presented|introduced|demoed|implemented|gave|talks|talked))\b",
    );
    let did = DID.captures(behind).is_some_and(|found| !in_list || found.name("said").is_some());
    let words: Vec<&str> = name.split_whitespace().collect();
    (2..=3).contains(&words.len()) && words.iter().all(|w| w.starts_with(char::is_uppercase)) && did
}

pub(in crate::source::digest) fn picture_link(piece: &Piece) -> Option<LinkRef> {
    piece.links.iter().find(|l| l.picture && places::is_page(&l.url)).cloned()
}

/// The title of a link: its text, else the words around it, else the line above.
pub(in crate::source::digest) fn title_in(scope: &Scope<'_>, n: usize, link: &LinkRef, from: usize) -> String {
    let piece = &scope.pieces[n];
    // `**Interactive tool:**` on the first line of an item is what the lines below tell about.
    let head = &scope.pieces[from];
    let of_item = n > from && head.bold && head.list > 0 && head.item == piece.item;
    // So is `**Meetup in Paris**` in a paragraph of its own.
    let apart = || head.block != piece.block && head.links.is_empty() && sentence_around(scope, n, link).is_some();
    let leads = of_item && (head.text.ends_with([':', '：']) || apart());
    if leads && text::columns(&head.text) >= 8 && !text::same(&link.text, &piece.text) {
        return head.text.trim_end_matches([':', '：', ' ']).to_owned();
    }
    if let Some(sentence) = sentence_around(scope, n, link) {
        // `[wick/api](…) [#90](…/pull/90) what it does`: where it is done is no title.
        let source = piece.links.first().filter(|first| places::is_below(&link.url, &first.url));
        let told =
            source.and_then(|s| sentence.strip_prefix(s.text.as_str())?.trim_start().strip_prefix(link.text.as_str()));
        let told = told.map(str::trim).filter(|t| shapes::is_empty_title(&link.text) && text::columns(t) >= 8);
        return told.map_or_else(|| sentence.clone(), str::to_owned);
    }
    if let Some(whole) = code_and_title(&piece.text, link) {
        return whole;
    }
    if let Some(told) = named_behind(piece, link) {
        return told;
    }
    // `what it does (PR #12)`: the number of a change is no title where there are words.
    let is_number = is_number(link);
    if is_number && let Some(words) = words_around_number(&piece.text, link) {
        return words;
    }
    if !shapes::is_empty_title(&link.text) {
        return words_before(&piece.text, link).unwrap_or_else(|| link.text.clone());
    }
    // `https://wick.example got updated`: the address is what is told of.
    let behind = piece.text.strip_prefix(link.text.as_str()).and_then(|b| b.strip_prefix(' '));
    if let Some(behind) =
        behind.filter(|b| link.text.contains("://") && b.starts_with(|c: char| c.is_ascii_lowercase()))
    {
        let place = link.text.split_once("://").map_or("", |(_, place)| place.trim_end_matches('/'));
        return format!("{place} {}", text::first_sentence(behind));
    }
    let around = without_link(&piece.text, link);
    if around.chars().filter(|c| c.is_alphanumeric()).count() >= 2 && !shapes::is_generic(&around) {
        return around;
    }
    // `- https://…`, and what it is in a list below it.
    let below = scope.at(n + 1).filter(|p| piece.list > 0 && p.list == piece.list + 1 && p.links.is_empty());
    if let Some(below) = below.filter(|p| n == from && p.top == piece.top && text::columns(&p.text) >= 8) {
        return text::first_sentence(&below.text);
    }
    // A title, what it is, and the address: the first line of the item is what it is called.
    if let Some(title) = title_of_item(scope, from, n) {
        return title;
    }
    if n > from {
        let above = scope.pieces[n - 1].text.trim().to_owned();
        if !above.is_empty() {
            return above;
        }
    }
    match title_above(scope, n) {
        Some((_, title)) => title,
        None => heading_above(scope, n).unwrap_or_else(|| link.text.clone()),
    }
}

/// `[7ce4912](…): what it does`, `[New post](…): How wax melts - via [Ann](…)`: what stands behind a link
/// that says nothing, and a colon.
pub(super) fn named_behind(piece: &Piece, link: &LinkRef) -> Option<String> {
    let is_hash = (7..=40).contains(&link.text.len()) && link.text.bytes().all(|b| b.is_ascii_hexdigit());
    let behind = piece.text.strip_prefix(link.text.as_str())?.trim_start().strip_prefix([':', '：'])?;
    let told = [" - via ", " – via ", " via @"].iter().find_map(|via| Some(behind.split_once(via)?.0));
    let told = told.unwrap_or(behind);
    ((is_hash || shapes::is_generic(&link.text)) && text::columns(told) >= 8).then(|| text::first_sentence(told))
}

/// Whether a link is the number of a change and no more: `PR #12`, `wick #12`, `!12`.
fn is_number(link: &LinkRef) -> bool {
    let (words, number) = link.text.rsplit_once(['#', '!']).unwrap_or((&link.text, ""));
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    is_number && text::columns(words) <= 20 && words.split_whitespace().count() <= 2 && places::is_change(&link.url)
}

/// What is told beside the number of a change: before it, else behind it.
fn words_around_number(line: &str, link: &LinkRef) -> Option<String> {
    let (line, _) = shapes::without_ordinal(line);
    let (before, behind) = line.split_once(link.text.as_str())?;
    let open = |c: char| c.is_whitespace() || "([（【-–—:：,，".contains(c);
    let before = before.trim_end_matches(open);
    let behind = behind.trim_start_matches(|c: char| !c.is_alphanumeric());
    let words = if text::columns(before) >= 8 { text::first_sentence(before) } else { text::first_sentence(behind) };
    let lower = words.to_lowercase();
    let credits = ["by ", "merged", "open", "closed", "thanks", "from ", "贡献者", "作者", "感谢"];
    let is_credit = credits.iter().any(|c| lower.starts_with(c));
    let is_whole = words.matches(['(', '（']).count() == words.matches([')', '）']).count();
    (text::columns(&words) >= 8 && !is_credit && is_whole && !words.contains('#')).then_some(words)
}

/// The first line of an item of a list whose address stands on the line `n`, where it says what the
/// item is.
fn title_of_item(scope: &Scope<'_>, from: usize, n: usize) -> Option<String> {
    let (head, piece) = (&scope.pieces[from], &scope.pieces[n]);
    let title = head.text.trim_end_matches([':', '：', ' ']);
    let is_own = n > from + 1 && head.list > 0 && head.item == piece.item;
    let is_plain = scope.pieces[from..n].iter().all(|p| p.links.is_empty() && p.shape == piece.shape);
    let lower = title.to_lowercase();
    let by_whom = ["by ", "from ", "via ", "posted ", "published ", "written ", "作者", "来源"];
    let by_whom = by_whom.iter().any(|w| lower.starts_with(w))
        || ["min read", "minute read", "minutes read"].iter().any(|w| lower.ends_with(w))
        || text::columns(title) <= 16 && shapes::day_in(title).is_some();
    let says = (2..=100).contains(&text::columns(title))
        && !says_nothing(title)
        && !by_whom
        && shapes::field(&head.text).is_none();
    (is_own && is_plain && says).then(|| title.to_owned())
}

/// The nearest heading that says what a bare address below it is, where no section does.
fn heading_above(scope: &Scope<'_>, n: usize) -> Option<String> {
    let says = |h: &&String| !shapes::is_generic(h) && !is_frame(h) && text::columns(h) >= 8;
    let path = scope.paths.get(n).filter(|_| !scope.section.told && scope.section.head == Head::Heading)?;
    path.iter().rev().find(says).map(|h| shapes::without_ordinal(h).0.to_owned())
}

/// `[SE-0155](…): Normalize the cases`: the number of a thing, and what it is called.
pub(in crate::source::digest) fn code_and_title(line: &str, link: &LinkRef) -> Option<String> {
    let (line, _) = shapes::without_ordinal(line);
    let behind = line.strip_prefix(link.text.as_str())?;
    let words = behind.strip_prefix([':', '：']).or_else(|| behind.trim_start().strip_prefix(['-', '–', '—']))?.trim();
    let code = link.text.trim();
    let is_code = code.chars().count() <= 14
        && !code.contains(char::is_whitespace)
        && code.contains(|c: char| c.is_ascii_digit())
        && code.contains(|c: char| c.is_ascii_uppercase())
        && shapes::version(code).is_none();
    (is_code && text::columns(words) >= 8).then(|| format!("{code}: {}", text::first_sentence(words)))
}

/// The words before a link that only says where they lead, or where they are from: `Live on
/// June 22: what comes next 👉 [sign up](…)`, `The tower is open. Source: [Oil Times](…)`.
fn words_before(line: &str, link: &LinkRef) -> Option<String> {
    static FROM: Pattern =
        Pattern::new(r"(?i)(?:(?:信息|内容|消息)?(?:来源|出处)|[.!?;,)\]…—–-]\s*(?:source|via|credits?))\s*[:：]\s*$");
    let (line, _) = shapes::without_ordinal(line);
    let (before, behind) = line.split_once(link.text.as_str())?;
    let source = FROM.find(before);
    let before = source.map_or(before, |source| &before[..source.start()]);
    let before = before.trim_matches(|c: char| !c.is_alphanumeric() && !"）)」】》?？!！\"”'’".contains(c));
    let tells = text::columns(before) >= 12 && before.chars().any(char::is_alphabetic) && !shapes::is_day(before);
    let leads = source.is_some() || says_nothing(&link.text);
    (leads && tells && !behind.contains(char::is_alphanumeric)).then(|| before.to_owned())
}

/// The sentence a link stands in, when the link is a few of its words: `Kubelets can
/// [run in containers](…) now.` Words that only introduce a link end with a mark.
pub(in crate::source::digest) fn sentence_around(scope: &Scope<'_>, n: usize, link: &LinkRef) -> Option<String> {
    let piece = &scope.pieces[n];
    if piece.list == 0 || link.text.is_empty() || shapes::is_empty_title(&piece.text) {
        return None;
    }
    let same = |p: &&Piece| p.item == piece.item && p.block == piece.block;
    // A line that starts with a small letter goes on with a sentence that began above.
    // So does one below a line that was wrapped.
    const WANT_MORE: [&str; 14] =
        ["see", "in", "the", "a", "an", "of", "by", "to", "for", "with", "and", "via", "on", "from"];
    let wrapped = |p: &Piece| {
        let last = p.text.rsplit(' ').next().unwrap_or("").to_lowercase();
        let is_long = text::columns(&p.text) >= 50 && p.text.ends_with(|c: char| c.is_ascii_alphanumeric());
        is_long && same(&p) && (!piece.text.starts_with(link.text.as_str()) || WANT_MORE.contains(&last.as_str()))
    };
    let goes_on = piece.text.starts_with(char::is_lowercase) || n > scope.section.from && wrapped(&scope.pieces[n - 1]);
    let lines = if goes_on && piece.text != link.text { MOST_LINES } else { 0 };
    let above = scope.pieces[scope.section.from..n].iter().rev().take(lines).take_while(same).count();
    let joined = |pieces: &[Piece]| pieces.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join(" ");
    let line = joined(&scope.pieces[n - above..=n]);
    let (line, _) = shapes::without_ordinal(&line);
    // The link is on the last of these lines.
    let own = line.len().saturating_sub(piece.text.len());
    let at = own + line.get(own..)?.find(link.text.as_str())?;
    let (before, behind) = (line[..at].trim_end(), &line[at + link.text.len()..]);
    // `[title](…) June 28, 2024`, `[title](…) closes then | Berlin`: the title is the link.
    let noted = || {
        let day = shapes::day_in(behind);
        matches!(scope.section.kind, SectionKind::Events | SectionKind::Tasks)
            && day.is_some_and(|day| behind.trim_start().starts_with(day) || behind.contains(" | "))
    };
    if shapes::is_day(before) || before.is_empty() && noted() {
        return None;
    }
    let inside = before.chars().last().is_some_and(|c| c.is_alphanumeric() || ",，、".contains(c));
    // `[Remove](…) the old metric`: a word or two that open a sentence are no title.
    let by_whom = is_credit_behind(behind, piece);
    let goes_on = behind.trim_start().starts_with(|c: char| c.is_alphanumeric()) && !by_whom;
    let opens = before.is_empty() && goes_on && text::columns(&link.text) <= 24 && text::columns(behind) > 12;
    let number = shapes::is_empty_title(&link.text) && !link.text.contains("://") && before.chars().count() > 8;
    let below = scope.pieces[n + 1..scope.section.to].iter().take(MOST_LINES).take_while(same).count();
    let whole = || format!("{line} {}", joined(&scope.pieces[n + 1..n + 1 + below]));
    (inside || opens || number).then(|| whole_sentence(whole().trim_end()))
}

/// The first sentence, which no abbreviation ends: `a 19 mo. old question`, `(ie. private windows)`. What
/// follows begins small, or a bracket is open.
pub(in crate::source::digest) fn whole_sentence(words: &str) -> String {
    const MOST_ENDS: usize = 4;
    let words = text::squeeze(words);
    let mut end = 0;
    for _ in 0..MOST_ENDS {
        let sentence = text::first_sentence(&words[end..]);
        let Some(at) = words[end..].find(sentence.as_str()).filter(|_| !sentence.is_empty()) else { break };
        end += at + sentence.len();
        let told = &words[..end];
        let count = |c: char| told.matches(c).count();
        let small = words[end..].trim_start().starts_with(|c: char| c.is_ascii_lowercase());
        let goes_on = told.ends_with('.') && (small || count('(') > count(')'));
        if !goes_on || words[end..].trim().is_empty() {
            break;
        }
    }
    words[..end].to_owned()
}

/// A paragraph goes over so many lines.
const MOST_LINES: usize = 32;

/// `[title](…) by Jane Doe`, `[one](…) and [another](…)`: what follows a title continues no sentence.
fn is_credit_behind(behind: &str, piece: &Piece) -> bool {
    let behind = behind.trim().trim_end_matches(['.', '。']);
    if let Some(other) = behind.strip_prefix("and ").or_else(|| behind.strip_prefix("+ ")) {
        let behind_next = |l: &LinkRef| other.strip_prefix(l.text.as_str()).filter(|_| !l.text.is_empty());
        return piece.links.iter().filter_map(behind_next).any(|b| b.is_empty() || is_credit_behind(b, piece));
    }
    let Some(name) = behind.strip_prefix("by ").or_else(|| behind.strip_prefix("from ")) else { return false };
    let is_name = |w: &str| {
        w.starts_with(|c: char| c.is_uppercase() || c == '@' || !c.is_ascii())
            || matches!(w, "and" | "the" | "of" | "de" | "van" | "von" | "&")
    };
    let mut words = name.split_whitespace();
    words.clone().count() <= 6 && words.all(is_name)
}

/// A title as it reads where nothing stands around it: without credits, without the number of a
/// reference before it (`[3] …`), without the colon that led to what was below.
pub(in crate::source::digest) fn plain_title<'t>(title: &'t str, link: Option<&str>) -> &'t str {
    static REFERENCE: Pattern = Pattern::new(r"^(?:\[\d{1,3}\]|【\d{1,3}】)[.、:：]?\s*");
    let whole = without_credit(title, link);
    // `what it is - [GitHub.](…)`
    let source = link.filter(|l| says_nothing(l)).and_then(|l| whole.strip_suffix(l)).map(str::trim_end);
    let whole = source.and_then(|s| s.strip_suffix(['-', '–', '—'])).map_or(whole, str::trim_end);
    let rest = REFERENCE.find(whole).map_or(whole, |m| &whole[m.end()..]).trim_end_matches([':', '：', ' ']);
    // `【title】`: brackets around all of it.
    let inner = rest.strip_prefix('【').and_then(|r| r.strip_suffix('】')).filter(|r| !r.contains(['【', '】']));
    let rest = inner.map_or(rest, str::trim);
    if rest.contains(char::is_alphanumeric) { rest } else { whole }
}

/// A title without what stands behind it in passing: who did it, the link that is only a number,
/// where to read more. `… by @ann`, `…（@ann，#9）`, `… [#9](…)`, `…，详情参见链接`. A number in the
/// words themselves, `… (#9)`, is part of them, and so is all of what a link says.
fn without_credit<'t>(title: &'t str, link: Option<&str>) -> &'t str {
    static CREDIT: Pattern = Pattern::new(
        r"(?i)\s*(?:[(（][\s,，、]*(?:#\d+[\s,，、&和]*)*[@＠](?:\w|-)+(?:[\s,，、&和]*[@＠#](?:\w|-)+)*[)）]|\s(?:by|作者|贡献者)\s*[:：]?\s*[@＠](?:\w|-)+(?:\s*(?:[(（]#\d+[)）]|in #\d+))?|[,，;；]\s*(?:(?:pr|issue|commit|详情|具体|更多|相关|请|可|可以)\s*)*(?:参见|参考|见|详见|查看|点击)\s*(?:链接|这里|此处|详情|pr|issue)?|[,，;；]\s*相关\s*(?:issue|pr|链接|讨论|代码)|[(（]\s*[,，、]+\s*[)）]|（\s*）)[。.]?$",
    );
    // Words that want something behind them.
    static GOES_ON: Pattern = Pattern::new(
        r"(?i)(?:\b(?:in|at|of|to|for|by|and|with|see|via|from|on|closes|fixes|resolves)|见|参考|查看|在|和|与|及|对|由)$",
    );
    if link == Some(title) {
        return title;
    }
    // `… [#9](…)`, `… [链接](…)`; English goes on: `more about it [here](…)`.
    let number = link.filter(|l| (l.starts_with('#') || !l.is_ascii()) && shapes::is_empty_title(l));
    let mut rest = title.trim_end();
    for _ in 0..4 {
        let numbered = || {
            let before = rest.strip_suffix(number?)?;
            let before = before.strip_suffix(char::is_whitespace).or(number?.is_ascii().then_some(before))?.trim_end();
            let goes_on = GOES_ON.is_match(before) && !CREDIT.is_match(before);
            (!goes_on).then_some(before.len())
        };
        let at = CREDIT.find(rest).map(|m| m.start()).or_else(numbered);
        let Some(at) = at.filter(|at| text::columns(&rest[..*at]) >= 8) else { break };
        rest = rest[..at].trim_end();
    }
    rest
}

/// The words beside a link: those before it, when they introduce it.
pub(in crate::source::digest) fn without_link(line: &str, link: &LinkRef) -> String {
    let trim = |words: &str| {
        let words = text::squeeze(without_marks(words));
        words.replace(" ：", "：").replace(" ，", "，").replace(" < >", "")
    };
    let before = line.split_once(link.text.as_str()).map_or("", |(before, _)| before.trim_end());
    if before.ends_with([':', '：']) && text::columns(before) >= 8 && !shapes::is_generic(&trim(before)) {
        return trim(before);
    }
    trim(&line.replacen(link.text.as_str(), " ", 1).replace("（ ）", " ").replace("( )", " "))
}

/// `words` without marks at their ends. A bracket stays whose other half is inside:
/// `[X86] Fold the shifts`.
fn without_marks(words: &str) -> &str {
    const PAIRS: [(char, char); 4] = [('(', ')'), ('（', '）'), ('[', ']'), ('「', '」')];
    let is_mark = |c: char| c.is_whitespace() || ":：-–—|｜()（）[]「」、,，.。".contains(c);
    let mut words = words.trim_matches(|c| is_mark(c) && !PAIRS.iter().any(|(open, close)| c == *open || c == *close));
    // Each step looks through all that is left: nobody writes more of them by hand.
    for _ in 0..MOST_MARKS {
        let (Some(first), Some(last)) = (words.chars().next(), words.chars().next_back()) else { return words };
        let behind = &words[first.len_utf8()..];
        let before = &words[..words.len() - last.len_utf8()];
        let goes_at_start = is_mark(first)
            && !PAIRS.iter().any(|(open, close)| first == *open && behind.trim_end_matches(*close).contains(*close));
        let goes_at_end = is_mark(last)
            && !PAIRS.iter().any(|(open, close)| last == *close && before.trim_start_matches(*open).contains(*open));
        words = match (goes_at_start, goes_at_end) {
            (true, _) => behind,
            (false, true) => before,
            (false, false) => return words,
        };
    }
    words.trim_matches(is_mark)
}

/// So many marks at the ends of words are taken off one by one.
const MOST_MARKS: usize = 64;

/// The line of text above `n` that no item has taken.
pub(in crate::source::digest) fn title_above(scope: &Scope<'_>, n: usize) -> Option<(usize, String)> {
    // `阅读原文` above an address leads to it, and is no title.
    let leads = |m: &usize| {
        let p = &scope.pieces[*m];
        let label = p.text.trim_end_matches([':', '：', ' ']);
        let is_label = label.len() < p.text.len() && shapes::is_generic(label);
        p.is_text() && p.links.is_empty() && (is_label || shapes::leads_to_original(&p.text))
    };
    let above = (scope.section.from..n).rev().take(3).find(|m| !leads(m))?;
    let piece = &scope.pieces[above];
    let is_section = above == scope.section.from && !scope.section.heading.is_empty();
    // What is told below a heading of its own, with one address, is called by that.
    let several = || scope.range().filter(|m| is_address(&scope.pieces[*m])).take(2).count() > 1;
    let is_long = above + 1 < n || text::columns(&piece.text) > LONGEST_TITLE && (scope.section.told || several());
    let sentence = is_long.then(|| text::first_sentence(&piece.text));
    let told = sentence.as_deref().unwrap_or(&piece.text);
    // `the name —— a long description of it`
    let named = || {
        let at = ["——", " — ", " – "].iter().filter_map(|mark| told.find(mark)).min()?;
        Some(&told[..at]).filter(|name| (4..=60).contains(&text::columns(name)))
    };
    let told = if text::columns(told) > LONGEST_TITLE { named().unwrap_or(told) } else { told };
    let usable = !scope.used[above]
        && !is_section
        && !piece.text.is_empty()
        && piece.links.iter().all(|l| places::is_person(l) && above + 1 == n)
        && text::columns(told) <= LONGEST_TITLE;
    let line = told.trim_start_matches(['-', '•', '·', ' ']);
    usable.then(|| (above, shapes::without_numbers(line).to_owned()))
}
