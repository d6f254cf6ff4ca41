//! Versions, and lines that announce one.

use std::sync::LazyLock;

use regex::Regex;

use super::without_ordinal;
use crate::names::Names;
use crate::normalize::text;
use crate::source::markdown::{LinkRef, Piece, Shape};
use crate::source::pattern::{Pattern, pattern};

/// A version in a text: where it starts and how it reads without its `v`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::digest) struct Version {
    pub start: usize,
    pub end: usize,
    pub number: String,
}

/// The first version in `line`.
pub(in crate::source::digest) fn version(line: &str) -> Option<Version> {
    static DOTTED: Pattern = Pattern::new(
        r"(?i)(?:^|[^0-9A-Za-z_.#/-])(?:v(?:ersion)?\.?\s?)?(\d{1,4}(?:\.\d{1,5}){1,4}(?:[-._+]?(?:alpha|beta|rc|pre|preview|dev|snapshot|nightly|canary|insiders?|experimental|bugfix|hotfix|final|ga|m|post|patch|sp|release|lts)[0-9A-Za-z_.]*|\s(?:alpha|beta|rc|preview)(?:[ .]?\d{1,2})?\b|-\d[0-9A-Za-z.]*|\+[0-9A-Za-z.]+)?)",
    );
    static LETTER: Pattern = Pattern::new(
        r"(?i)(?:^|[^0-9A-Za-z_.#/-])v(\d{1,3}(?:[-.]?(?:alpha|beta|rc|preview)[0-9A-Za-z.]*)?)(?:$|[^0-9A-Za-z_.%])",
    );
    static STAGE: Pattern =
        Pattern::new(r"(?i)(?:^|[^0-9A-Za-z_])((?:alpha|beta|rc)\d{0,2})\s*(?:版|version|release|发布)");
    let lower = |w: &str| line.as_bytes().windows(w.len()).any(|b| b.eq_ignore_ascii_case(w.as_bytes()));
    if !line.bytes().any(|b| b.is_ascii_digit()) && !["alpha", "beta", "rc"].into_iter().any(lower) {
        return None;
    }
    let glued = || {
        // `Seata1.4.2`: the number follows a name without a blank.
        static GLUED: Pattern =
            Pattern::new(r"(?i)[a-z]\s?(\d{1,3}(?:\.\d{1,4}){1,3}(?:[-.](?:alpha|beta|rc)[0-9A-Za-z.]*)?)");
        GLUED.captures(line).and_then(|c| c.get(1)).filter(|m| !line[..m.start()].trim_end().ends_with('.'))
    };
    // `10.5%`, `19:00`: numbers, but no versions.
    let is_version = |found: &regex::Match<'_>| {
        let rest = &line[found.end()..];
        let after_colon = rest.strip_prefix([':', '：']);
        !rest.starts_with('%') && after_colon.is_none_or(|r| !r.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut dotted = DOTTED.captures_iter(line).filter_map(|c| c.get(1)).peekable();
    let is_number = dotted.peek().is_some();
    let found = match dotted.find(is_version) {
        Some(found) => found,
        None if is_number => return None,
        None => glued()
            .or_else(|| LETTER.captures(line).and_then(|c| c.get(1)))
            .or_else(|| STAGE.captures(line).and_then(|c| c.get(1)))
            .filter(is_version)?,
    };
    let written = found.as_str().trim_end_matches('.');
    // `2.0 Beta 2` is what others call `2.0-beta2`.
    let number = match written.split_once(' ') {
        Some((number, stage)) => format!("{number}-{}", stage.replace(' ', "").to_lowercase()),
        None => written.to_owned(),
    };
    Some(Version { start: found.start(), end: found.start() + written.len(), number })
}

/// Whether a version is unfinished. `aarch64` and `march` only have such letters in them.
pub fn is_prerelease(version: &str) -> bool {
    const STAGES: [&str; 16] = [
        "alpha", "beta", "rc", "pre", "preview", "prerelease", "dev", "devel", "developer", "snapshot", "nightly",
        "canary", "insider", "insiders", "experimental", "milestone",
    ];
    let lower = version.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_lowercase()).filter(|word| !word.is_empty());
    // `2.0-M1`
    let numbered = || {
        lower
            .split(['-', '.'])
            .skip(1)
            .any(|part| part.starts_with('m') && part[1..].starts_with(|c: char| c.is_ascii_digit()))
    };
    words.any(|word| STAGES.contains(&word)) || numbered()
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
pub(in crate::source::digest) struct ReleaseHead {
    pub name: String,
    pub version: String,
}

/// Whether a line has the words of an announcement.
pub(in crate::source::digest) fn announces(line: &str) -> bool {
    static WORDS: Pattern = Pattern::new(
        r"(?i)发布|发版|版本|正式版|\breleas(e|ed|es|ing)\b|\bis (now|out)\b|\bavailable\b|\d (freigegeben|veröffentlicht|est (maintenant )?disponible)|\d\s*版",
    );
    WORDS.is_match(line)
}

/// Whether the words behind a name and its version say that it came out, or what it brings: `, a
/// client, was released.`, ` with an important fix`. Nothing behind it says so, too.
pub(in crate::source::digest) fn comes_out(behind: &str) -> bool {
    static BRINGS: Pattern = Pattern::new(
        r"(?i)^\s+(?:with (?:an?|the|new|many|better|\d+)|brings|adds|fixes|comes with|ready|has arrived|arrives|arrived|landed|lands|corrige|apporte|trae|traz|bringt|bringen)\b",
    );
    // A note in brackets, `[EN]`, `(2022-07-11)`, stands between.
    static NOTE: Pattern = Pattern::new(r"^\s*(?:[\[(（][^\])）]{1,24}[\])）]\s*)?");
    let rest = NOTE.find(behind).map_or(behind, |m| &behind[m.end()..]);
    let sentence = text::first_sentence(&beginning(rest, 240));
    let said = sentence.trim_end_matches(['.', '。', '!', '！', ' ']);
    said.is_empty() || BRINGS.is_match(behind) || is_said_released(said)
}

/// Whether a sentence that begins with a product says that it was released, in one of several languages.
fn is_said_released(said: &str) -> bool {
    static RELEASED: Pattern = Pattern::new(
        r"(?i)^(?:[,，][^.]{1,120})?[^.]{0,60}?(?:\b(?:is|are|was|were|has been|have been|got) (?:now |just |finally )?(?:released|out|available|published|here)\b|^\s*released\b|\bcame out\b|\bhas come out\b|(?:ist|sind|wurden?)\b.{0,80}\b(?:veröffentlicht|erschienen|freigegeben|verfügbar)|\best (?:sortie?|disponible|publiée?)\b|\bdisponible|\bdisponível|\bha sido (?:publicad|lanzad|liberad)|\bfoi (?:publicad|lançad)|\bnueva (?:actualización|versión)|\bnova versão|(?:正式|已经?|现已)?发布|リリース|출시)",
    );
    RELEASED.is_match(said)
}

/// Words that stand between a product and its version, and are neither.
fn is_no_name(word: &str) -> bool {
    const NO_NAMES: [&str; 86] = [
        "candidate", "current", "required", "supported", "needed", "stable", "unstable", "presenting", "announcing",
        "introducing", "prepare", "month", "week", "today", "we", "team", "just", "also", "notes", "patch", "patches",
        "series", "line", "cycle", "releases", "updated", "update", "updates", "make", "makes", "uses", "using", "use",
        "built", "by", "at", "as", "a", "an", "or", "since", "than", "until", "before", "after", "upgraded", "upgrade",
        "upgrades", "bumped", "bump", "bumps", "version", "release", "released", "to", "from", "and", "with", "of",
        "is", "are", "was", "be", "being", "been", "has", "had", "have", "its", "the", "this", "in", "now", "on", "up",
        "out", "v", "new", "latest", "next", "milestone", "schedule", "branch", "for", "moved", "reaches",
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
    let plain = |w: &&str| begins_name(w) && w.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./+#".contains(&b));
    if !name.iter().all(plain) {
        return None;
    }
    let whole = name.join(" ");
    // `github.com/org/dbus/v5`: the last part that is a name.
    let version = |s: &&str| s.strip_prefix('v').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    let last = whole.rsplit('/').find(|s| !s.is_empty() && !version(s)).unwrap_or(&whole);
    (last.len() > 1).then(|| last.to_owned())
}

/// Whether a word may begin a name: with a letter, or with a digit or two and a letter (`1Panel`,
/// `7-Zip`, `0xchat`).
fn begins_name(word: &str) -> bool {
    let letters = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let behind = letters.strip_prefix('-').filter(|_| letters.len() < word.len()).unwrap_or(letters);
    let is_version = version(word).is_some_and(|v| v.start == 0 && v.end == word.len());
    word.len() - letters.len() <= 2
        && behind.len() > 1
        && behind.starts_with(|c: char| c.is_ascii_alphabetic())
        && !is_version
        || word.starts_with(|c: char| c.is_ascii_alphabetic())
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
pub(in crate::source::digest) fn is_release_title(piece: &Piece) -> bool {
    let release_page = piece.links.first().is_some_and(|l| l.url.contains("/releases/") || l.url.contains("/tag/"));
    let line = without_addresses(piece);
    let (line, _) = without_ordinal(&line);
    let Some(found) = version(line) else { return false };
    let dotted = found.number.contains('.');
    let short = line[found.end..].trim().is_empty() && line[..found.start].split_whitespace().count() <= 3;
    // As a heading, where a link may be the title of an article about it.
    let headed = || piece.is_heading() && piece.links.is_empty() && ANNOUNCING.is_match(line);
    release_page || dotted && (short || announces(line) || SHIPPED.is_match(line) || headed())
}

/// Words that a headline about a release begins with.
static ANNOUNCING: Pattern = Pattern::new(r"(?i)^\W*(?:announcing|introducing|presenting)\b");

/// Words that say of what follows that it came out, where a version and what it is of stand there.
static SHIPPED: Pattern = Pattern::new(r"(?i)\b(?:shipped|published|launched) version\b");

/// What a link is that names a release, whatever stands around it: `[Lamp 0.9](…)`,
/// `[t2-cli](…/releases/tag/v0.1.0)`.
pub(in crate::source::digest) fn release_of_link(piece: &Piece, link: &LinkRef, names: &Names) -> Option<ReleaseHead> {
    let text = link.text.trim();
    if link.picture || text::columns(text) > 50 {
        return None;
    }
    // `Lamp 0.9 (2022-07-11)`
    let undated = text.strip_suffix(')').and_then(|t| t.rsplit_once(" (")).filter(|(_, day)| super::is_day(day));
    let text = undated.map_or(text, |(before, _)| before);
    if let Some(found) = version(text).filter(|v| v.end == text.len()) {
        let line = piece.with_line(text);
        let before = &text[..found.start];
        let named = before.chars().filter(|c| c.is_alphabetic()).count() > 1
            && !before.split_whitespace().any(|w| w.len() > 1 && is_no_name(w));
        let head = release_head(&line, names, None).filter(|_| named)?;
        return Some(ReleaseHead { version: of_tag(link, &head.version).unwrap_or(head.version), ..head });
    }
    let tag = tag_of(&link.url)?;
    let name = plain_name(text)
        .filter(|n| text::columns(n) + 2 >= text::columns(text))
        .or_else(|| names.is_name(text).then(|| text.to_owned()))?;
    let name = if names.is_name(&name) { names.titles_in(&name).into_iter().next().unwrap_or(name) } else { name };
    Some(ReleaseHead { name, version: version(tag)?.number })
}

/// A release that a sentence tells of whose subject is the product, and whose link has the version:
/// `Wick, a client, came out in [version 0.32.0](…)`, `Oil's stable release is [2.3.1](…)`. Only
/// words that say that something was released may stand between.
pub(in crate::source::digest) fn release_of_subject(
    piece: &Piece,
    link: &LinkRef,
    names: &Names,
) -> Option<ReleaseHead> {
    static SUBJECT: LazyLock<Regex> = LazyLock::new(|| {
        const VERB: &str = r"(?:(?:has|have) been released|was released|is released|is out|came out|has come out|reached|has reached|hit|has hit)";
        pattern(&format!(
            r"^(?:The )?([A-Z][\w.+#-]*(?: [A-Z][\w.+#-]*){{0,2}})(?:(?:, (?:a|an|the) [^,.]{{1,80}},)? {VERB}|['’]s .{{0,80}}release is)(?: (?:in|as|with|at))?(?: its)?(?: (?:new|latest))?(?: version)?$"
        ))
    });
    // `Torch version [4.7.2](…) was released`
    static NAMED: Pattern =
        Pattern::new(r"^(?:The )?([\p{Lu}\d][\w.+#-]*(?: [A-Z][\w.+#-]*){0,2}?)(?: [Vv]ersi(?:on|ón|ão))?$");
    // `wax-dns, a tool to check records, was released in [version 0.3.0](…)`
    static SMALL: Pattern = Pattern::new(
        r"^([a-z][\w.+#-]*), [^.]{1,120}, (?:(?:was|is|has been) released (?:in|as|with|at)|wurde in|a été publiée? en) ?(?:its )?(?:new |latest )?(?:version)?$",
    );
    let told = link.text.trim();
    if link.picture || text::columns(told) > 40 {
        return None;
    }
    // `Oil 2.1 [was released](…)`
    if version(told).is_none() && is_said_released(told) {
        let head = piece.text.split_once(told)?.0.trim_end();
        let found = version(head).filter(|v| v.end == head.len() && v.number.contains('.'))?;
        let name = head[..found.start].trim_end_matches(['v', 'V']).trim_end();
        let name = plain_name(name).filter(|plain| plain.len() == name.len())?;
        return Some(ReleaseHead { name, version: found.number });
    }
    let found = version(told)?;
    let others = |t: &str| t.split_whitespace().all(is_no_name);
    let said = others(told[..found.start].trim_end_matches(['v', 'V'])) && others(&told[found.end..]);
    let (before, behind) = piece.text.split_once(told).filter(|_| said)?;
    let bare = found.end == told.len() && found.number.contains('.');
    let subject = SUBJECT.captures(before.trim_end()).or_else(|| SMALL.captures(before.trim_end())).or_else(|| {
        NAMED.captures(before.trim_end()).filter(|_| bare && comes_out(behind) && !behind.trim().is_empty())
    });
    let name = subject?.get(1)?.as_str();
    // `[version 0.9](…) of the client`: that is the product.
    let pronoun = ["It", "This", "That", "We", "They", "There", "Here"].contains(&name);
    let name = (!pronoun && !behind.trim_start().starts_with("of ")).then(|| name.to_owned())?;
    let name = names.titles_in(&name).into_iter().next().filter(|_| names.is_name(&name)).unwrap_or(name);
    Some(ReleaseHead { name, version: found.number })
}

/// The release of `name` that the link `k` of a piece is, which stands right behind that of another
/// version and says no more than its own.
pub(in crate::source::digest) fn version_beside(piece: &Piece, k: usize, name: &str) -> Option<ReleaseHead> {
    let (before, link) = (piece.links.get(k.checked_sub(1)?)?, piece.links.get(k)?);
    let told = link.text.trim();
    let found = version(told).filter(|v| v.end == told.len() && v.start <= 1 && v.number.contains('.'))?;
    let (_, behind) = piece.text.split_once(before.text.as_str())?;
    let between = behind.split_once(link.text.as_str())?.0.trim();
    let beside =
        matches!(between, "and" | "und" | "y" | "e" | "et" | "," | "&" | "/" | "+" | "和" | "与" | "、" | "及");
    (beside && !link.picture).then(|| ReleaseHead { name: name.to_owned(), version: found.number })
}

/// The tag of a release page.
fn tag_of(url: &str) -> Option<&str> {
    let (_, tag) = url.split_once("/releases/tag/")?;
    tag.rsplit('/').next().filter(|tag| !tag.is_empty())
}

/// What the release page calls a version that is written shorter: `v4.0.1-rc.0` what is `v4 RC`
/// in the text. Its own address names it the same.
fn of_tag(link: &LinkRef, written: &str) -> Option<String> {
    let tag = version(tag_of(&link.url)?)?.number;
    let more = tag.strip_prefix(written)?;
    // `v1.5.3-release` is what everybody calls 1.5.3.
    let is_finished =
        ["release", "final", "ga", "stable"].contains(&more.trim_start_matches(['.', '-']).to_lowercase().as_str());
    (more.starts_with(['.', '-']) && !is_finished).then_some(tag)
}

/// Whether a line is the name of a release and not a word more: `SOFARPC 5.7.1`, `Seata 1.4.2 发布`.
pub(in crate::source::digest) fn is_only_release(piece: &Piece) -> bool {
    const SAID: [&str; 6] = ["", "发布", "版本发布", "正式发布", "released", "is out"];
    let line = without_addresses(piece);
    let Some(found) = version(&line) else { return false };
    let before = line[..found.start].trim_end_matches(['v', 'V', ' ']);
    let behind = line[found.end..].trim().trim_end_matches(['。', '.', '！', '!']);
    SAID.contains(&behind) && plain_name(before).is_some_and(|name| name.len() == before.len())
}

/// `发布 NAME v1.2.3 版本`, `NAME 1.2.3 released`, `**NAME v1.2**`.
pub(in crate::source::digest) fn release_head(
    piece: &Piece,
    names: &Names,
    section: Option<&str>,
) -> Option<ReleaseHead> {
    static BEFORE: Pattern = Pattern::new(
        r"((?:\b[0-9]{1,2}-?)?[A-Za-z][0-9A-Za-z_+#-]*(?:[ .-][A-Za-z][0-9A-Za-z_+-]*){0,2})\s*(?:正式|宣布|现已|已经?|今日)*(?:发布了?|推出了?|更新[至到]|升级[至到]|released?|版本|version|has been released|:|：)?\s*[vV]?\s*$",
    );
    if piece.quote || matches!(piece.shape, Shape::Code | Shape::Html | Shape::Table | Shape::Rule) {
        return None;
    }
    // The head of a long line is its beginning.
    let whole = without_addresses(piece);
    let whole = without_ordinal(&whole).0;
    let mut line = beginning(whole, HEAD_COLUMNS);
    // Not in the middle of a version.
    line.extend(whole[line.len()..].chars().take_while(char::is_ascii_graphic).take(30));
    let line = &line;
    let first = version(line)?;
    if let Some(head) = of_page_title(line, names).or_else(|| of_long_name(piece, line, &first)) {
        return Some(head);
    }
    // `1.2 → 1.3`: what it came to.
    static ARROW: Pattern = Pattern::new(r"^\s*(?:→|-+>|=>|⇒|➡️?)\s*");
    // `bumped from 1.2 to 1.3` says the same.
    static FROM: Pattern = Pattern::new(r"(?i)(?:\bfrom|从|由)\s*(?:version\s*)?v?\s*$");
    static TO: Pattern = Pattern::new(r"(?i)^(?:[-+][\w.]{1,12})?\s*(?:to\b|(?:升级|更新|提升)?(?:到|至|为))\s*");
    let behind = &whole[first.end..];
    let arrow = ARROW.find(behind).or_else(|| TO.find(behind).filter(|_| FROM.is_match(&line[..first.start])));
    // `V8`, `H2`: a name, not a version of anything.
    let written = line[..first.end].rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let opens = !line[..first.end - written.len()].contains(char::is_alphanumeric);
    if opens && written.starts_with(char::is_alphabetic) && names.is_name(written) {
        return None;
    }
    let version = match arrow.map(|m| (m.end(), self::version(&behind[m.end()..]))) {
        Some((_, Some(next))) if next.start <= 1 => Version { number: next.number, ..first },
        _ => first,
    };
    // What is planned is not there.
    static PLANNED: Pattern = Pattern::new(
        r"(?i)^\s*(?:版本?)?\s*[|:：(（-]?\s*(?:releas\w*\s+)?(?:(?:(?:was|has been|is) )?(?:withdrawn|yanked|revoked)|(?:key|important) dates|pre-?releases? testing|testing|plans?|planning|roadmap|schedule|milestone|timeline|计划|规划|路线图|里程碑)\b|^\s*(?:版本?)?[^，。,.]{0,16}(?:将会?|即将)(?:成为|默认|变|支持|移除|不再|改)",
    );
    // `PostGIS 2.0 support in Wick` is a feature, unless the page of that release is linked.
    static SUPPORT: Pattern = Pattern::new(r"(?i)^\s*support\s+(?:in|for|by|to|has|is|was|lands?|added)\b");
    let has_page = || piece.links.iter().any(|l| l.url.contains("/releases/tag/"));
    if SUPPORT.is_match(&line[version.end..]) && !has_page() {
        return None;
    }
    // `《Wick 5.8 的灯芯》`: in the name of a book.
    let in_title = line[..version.start].rfind('《').is_some_and(|open| !line[open..version.start].contains('》'))
        && line[version.end..].contains('》');
    if in_title || PLANNED.is_match(&line[version.end..]) || is_needed(line, &version) {
        return None;
    }
    // `Lamp v1 is in maintenance mode`: the generation of a thing, of which something is told.
    let told =
        line[version.end..].split_whitespace().filter(|w| w.starts_with(|c: char| c.is_ascii_lowercase())).count();
    let heading = piece.is_heading();
    if heading && !version.number.contains('.') && told > 1 && !announces(line) {
        return None;
    }
    let shows = |l: &LinkRef| l.text.contains(&version.number) || l.text.contains(&line[version.start..version.end]);
    let linked =
        piece.links.first().is_some_and(|l| line.starts_with(l.text.as_str()) && !l.text.contains("://") && shows(l))
            || piece.links.iter().any(|l| l.url.contains("/releases/tag/") && shows(l));
    let before = line[..version.start].trim_end();
    let head = before.trim_end_matches(['v', 'V']).trim_end().trim_end_matches([':', '：', '(', '（', ' ']);
    // `Scala Native - v0.4.10`
    let has_release = || piece.links.iter().any(|l| l.url.contains("/releases/") || l.url.contains("/tag/"));
    let is_version = before.ends_with(['v', 'V']) || has_release();
    let is_named = is_version && line[version.end..].trim().is_empty() && !head.contains([':', '：', ';', ',']);
    let head = if is_named { head.trim_end_matches(['-', '–', '—', ' ']) } else { head };
    let phrase = BEFORE.captures(head).and_then(|c| c.get(1)).map(|m| m.as_str().trim());
    // `now beta for 1.10`, `removed in 2.0`: another thing's version in passing.
    let last = head.strip_suffix("version").unwrap_or(head).trim_end();
    let last = last.rsplit(' ').next().unwrap_or("").to_lowercase();
    if ["for", "in", "since", "until", "before", "after", "than", "requires", "with", "on"].contains(&last.as_str()) {
        return None;
    }
    let named = plain_name(head);
    // The link whose words the version stands in.
    let holds = |l: &LinkRef| {
        let at = line.find(l.text.as_str()).filter(|_| !l.picture && !l.text.is_empty());
        at.is_some_and(|at| at <= version.start && version.end <= at + l.text.len())
    };
    // `This month [ultraviolet v0.4](…)`: the link says where the name begins.
    let in_link = || {
        let link = piece.links.iter().find(|l| holds(l))?;
        let own = link.text.split(&line[version.start..version.end]).next()?;
        let name = plain_name(own.trim_end().trim_end_matches(['v', 'V']).trim_end())?;
        named.as_ref().is_none_or(|named| !named.ends_with(name.as_str())).then_some(name)
    };
    // In a list of releases `NAME 1.2.3` and `NAME 1.2.3: …` say it all.
    let rest = line[version.end..].trim_start();
    let ends = rest.is_empty() || rest.starts_with([':', '：', '-', '–', '—', '(', '（', '→']);
    // `Wick 更新至 16.0.6，…` says it, too.
    let brought = brought(head).is_some();
    let ends = ends || brought && rest.starts_with(['，', ',', '。', '.']);
    let bare = section.is_some()
        && ends
        && (named.is_some() || brought || phrase.is_some_and(|p| p.len() == head.len()))
        && (piece.list > 0 || rest.is_empty() || !piece.links.is_empty());
    // `[Copy](…) 1.0` in a list
    let by_link = piece.list > 0
        && rest.is_empty()
        && piece.links.first().is_some_and(|l| !l.picture && text::columns(&l.text) <= 30 && text::same(&l.text, head));
    // `[Oil](…), a password manager, was updated from 2.5 to 2.6`, below a heading for such.
    static COMES_TO: Pattern = Pattern::new(
        r"(?:\b(?:[Uu]pdated?|[Uu]pgraded?|[Bb]umped)(?:\s+(?:to|from|version))+|(?:^|[.。!！]\s*)Version|(?:更新|升级)[到至为]|[从由])\s*v?\s*$",
    );
    let opening = || {
        let is_told = section.is_some() || behind.chars().count() <= 20;
        let link = piece.links.first().filter(|l| is_told && piece.list > 0 && !l.picture)?;
        // A name of several words is followed by the verb.
        let verb = || {
            let behind = &line[link.text.len()..];
            [" was updated", " updated", " has been updated"].iter().any(|verb| behind.starts_with(verb))
        };
        let words = link.text.split_whitespace().count();
        let is_name = line.starts_with(link.text.as_str()) && (words <= 3 || words <= 8 && verb());
        let counts = ["million", "billion", "thousand", "stars", "users", "rows", "%", "万", "亿"];
        let is_count = counts.iter().any(|w| line[version.end..].trim_start().starts_with(w));
        let comes_to = COMES_TO.is_match(before) && !is_count;
        (is_name && self::version(&link.text).is_none() && comes_to).then(|| link.text.clone())
    };
    let opened = opening();
    // `shipped version 1.33 of [Benchmark](…)`
    let of_linked = piece.links.iter().take(8).find_map(|l| {
        let named = line[version.end..].trim_start().strip_prefix("of ").or_else(|| rest.strip_prefix(") of "))?;
        let is_name = !l.picture && !l.text.is_empty() && named.starts_with(l.text.as_str());
        (is_name && text::columns(&l.text) <= 40).then(|| l.text.clone())
    });
    let shipped = of_linked.is_some() && SHIPPED.is_match(line);
    if !(shipped || heading || piece.bold || linked || bare || by_link || opened.is_some() || announces(line)) {
        return None;
    }
    // The words right before the version: a project's name among them, else the last of them.
    let known = phrase.and_then(|p| product(p, names));
    // `Apache Foo Bar 发布 2.0`: all that stands before the verb.
    let before_verb = || {
        // It opens the line, or what stands behind a colon.
        let opens = |p: &&str| head.split_once(p).is_some_and(|(b, _)| b.is_empty() || b.ends_with([':', '：']));
        let whole = phrase.filter(|p| !head.is_ascii() && opens(p))?;
        whole.split(' ').all(|word| !is_no_name(word)).then(|| whole.to_owned())
    };
    let written = || {
        let word = phrase?.rsplit(' ').find(|w| !is_no_name(w))?;
        (word.len() > 1).then(|| word.to_owned())
    };
    let anywhere =
        || names.titles_in(before).into_iter().next_back().or_else(|| names.titles_in(line).into_iter().next());
    let from_section = || section.and_then(|s| names.titles_in(s).into_iter().next());
    if phrase.is_some_and(|p| p.to_lowercase().ends_with("deadline")) {
        return None;
    }
    // `[v0.5.6](…/org/repo/releases/tag/v0.5.6)`: the address names it.
    let from_address = || {
        let page = piece.links.iter().find(|l| l.url.contains("/releases/tag/") && shows(l))?;
        let alone = head.split_whitespace().all(|w| is_no_name(w) || !w.contains(char::is_alphanumeric));
        let (repository, _) = page.url.split_once("/releases/tag/")?;
        let name = repository.rsplit('/').next().filter(|name| alone && !name.is_empty())?;
        Some(names.titles_in(name).into_iter().next().unwrap_or_else(|| name.to_owned()))
    };
    // `[version 0.9.7](…) of Lamp`
    let of_what = || {
        static OF: Pattern = Pattern::new(r"^\)?\s+of\s+([A-Za-z][\w.+#-]*)");
        let nameless = head.split_whitespace().all(is_no_name);
        let name = OF.captures(&line[version.end..]).filter(|_| nameless)?.get(1)?.as_str();
        let is_name = !is_no_name(name)
            && !matches!(
                name,
                "our" | "your" | "their" | "my" | "both" | "all" | "either" | "these" | "those" | "each" | "it"
            );
        is_name.then_some(())?;
        Some(name.trim_end_matches('.').to_owned())
    };
    let name = known
        .filter(|_| opened.is_none())
        .or(opened)
        .or(of_linked)
        .or_else(in_link)
        .or_else(|| named.clone())
        .or_else(of_what)
        .or_else(before_verb)
        .or_else(written)
        .or_else(from_address)
        .or_else(anywhere)
        .or_else(from_section)?;
    let of_page = piece.links.iter().find(|l| holds(l)).and_then(|l| of_tag(l, &version.number));
    Some(ReleaseHead { name, version: of_page.unwrap_or(version.number) })
}

/// `[A plugin for Wick and Oil version 0.1.0 released](…)`: a line that is one link and says that what
/// it names came out. The name is all that stands before the version.
fn of_long_name(piece: &Piece, line: &str, first: &Version) -> Option<ReleaseHead> {
    const MOST_WORDS: usize = 9;
    static SAID: Pattern = Pattern::new(r"(?i)^\s+(?:(?:was|is|has been) )?(?:now )?(?:released|available|out)\W*$");
    let is_link = piece.links.first().is_some_and(|l| !l.picture && text::same(&l.text, &piece.text));
    let name = line[..first.start].trim_end().trim_end_matches(['v', 'V']).trim_end();
    let name = name.strip_suffix(" version").unwrap_or(name);
    let words = name.split_whitespace();
    let begins = words.clone().next().is_some_and(|w| !is_no_name(w) && w.starts_with(char::is_uppercase));
    let is_long = name.contains(" for ") || name.contains('(') && name.ends_with(')');
    let is_name = begins && !name.starts_with("Support ") && words.count() <= MOST_WORDS;
    let plain = !name.contains([':', ',', ';', '，', '：', '!', '?']);
    (is_link && is_long && is_name && plain && first.number.contains('.') && SAID.is_match(&line[first.end..]))
        .then(|| ReleaseHead { name: name.to_owned(), version: first.number.clone() })
}

/// `Release v8.5.0 · npm/cli`: the title of a release page.
fn of_page_title(line: &str, names: &Names) -> Option<ReleaseHead> {
    static TITLE: Pattern = Pattern::new(r"^(?:Release\s+)?([^·]{1,60}?)\s+·\s+[\w.-]+/([\w.-]+)(?:\s+·\s+GitHub)?$");
    let found = TITLE.captures(line.trim())?;
    let (title, name) = (found.get(1)?.as_str(), found.get(2)?.as_str());
    let version = version(title).filter(|v| v.end == title.len())?;
    let name =
        names.titles_in(name).into_iter().next().filter(|_| names.is_name(name)).unwrap_or_else(|| name.to_owned());
    Some(ReleaseHead { name, version: version.number })
}

/// The name in `Wick 现已更新至`, which a version follows.
fn brought(head: &str) -> Option<&str> {
    static BROUGHT: Pattern = Pattern::new(r"^(.+?)\s*(?:现?已经?)?\s*(?:更新|升级)[至到为]$");
    let name = BROUGHT.captures(head.trim())?.get(1)?.as_str();
    plain_name(name).filter(|plain| plain.len() == name.len()).map(|_| name)
}

/// Whether a line tells only which version something came to: `Wick 更新至 16.0.6`. Among the
/// changes of a product that is one of its parts.
pub(in crate::source::digest) fn is_brought(line: &str) -> bool {
    version(line).is_some_and(|v| brought(line[..v.start].trim_end_matches(['v', 'V', ' '])).is_some())
}

/// A version of something else, which works with this or has to be there: `支持 K8s v1.22 及以上版本`,
/// `drop support of Go 1.18`.
fn is_needed(line: &str, version: &Version) -> bool {
    static NEEDED: Pattern = Pattern::new(
        r"(?i)(?:支持|兼容|适配|集成了|内置|搭载|基于|依赖|要求|需要|升级[到至]?|迁移到|\bsupport(?:s|ed|ing)?(?: (?:for|of))?|\bcompatible with|\bdrop(?:s|ped|ping)?(?: support (?:for|of))?|\brequir(?:es?|ing)|\bbased on|\bneeds?)\s*(?:了|的|对)?\s*[A-Za-z][\w.+#-]*(?: [A-Za-z][\w.+#-]*){0,1}\s*v?$",
    );
    static OR_LATER: Pattern = Pattern::new(
        r"(?i)^\s*(?:版本?)?\s*(?:及|或|和)?(?:其)?(?:以上|以下|以后|之后|之前)|^\s*(?:or|and) (?:later|newer|above|higher|earlier)\b|^\+(?:\s|$)",
    );
    // `Wick is now required in version 1.70`
    static SINCE: Pattern = Pattern::new(
        r"(?i)\b(?:is|are|was|were|been)\s+(?:now |only )?(?:required|supported|needed|dropped|deprecated|removed)\b[^.,;]{0,20}$",
    );
    let before = line[..version.start].trim_end();
    OR_LATER.is_match(&line[version.end..]) || NEEDED.is_match(before) || SINCE.is_match(before)
}

/// The line without the addresses shown in it: the address of a release page announces nothing.
fn without_addresses(piece: &Piece) -> String {
    let mut line = piece.text.clone();
    for link in piece.links.iter().filter(|l| l.text.contains("://")) {
        line = line.replace(link.text.as_str(), " ");
    }
    line.split_whitespace().filter(|w| !w.contains("://")).collect::<Vec<_>>().join(" ")
}

/// Versions of `name` that follow the first one of a head, as in `2.4.1/3.0.6` and
/// `Oil 1.14 和 Oil 1.13 发布`.
pub(in crate::source::digest) fn more_versions(piece: &Piece, name: &str) -> Vec<String> {
    let line = without_addresses(piece);
    let Some(first) = version(&line) else {
        return Vec::new();
    };
    let mut rest = &line[first.end..];
    let mut found = Vec::new();
    loop {
        let rest_of = rest.trim_start();
        let beside = rest_of.strip_prefix(['/', '、', '&', '＆']);
        let and = || ["和", "与", "及", "and "].iter().find_map(|word| rest_of.strip_prefix(word));
        let again = || and().and_then(|tail| tail.trim_start().strip_prefix(name).filter(|_| !name.is_empty()));
        let bare =
            || and().filter(|tail| version(tail.trim_start()).is_some_and(|v| v.start <= 1 && v.number.contains('.')));
        let Some(tail) = beside.or_else(again).or_else(bare).map(str::trim_start) else { break };
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
