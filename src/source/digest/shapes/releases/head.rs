//! What a line announces: which product, in which version.

use super::links::of_tag;
use super::names::{brought, is_no_name, plain_name, product};
use super::{ReleaseHead, SHIPPED, announces, beginning, without_addresses};
use crate::names::Names;
use crate::normalize::text;
use crate::source::digest::shapes::versions::{Version, version};
use crate::source::digest::shapes::without_ordinal;
use crate::source::markdown::{LinkRef, Piece, Shape};
use crate::source::pattern::Pattern;

/// A release is named at the start of its line.
const HEAD_COLUMNS: usize = 100;

/// `发布 NAME v1.2.3 版本`, `NAME 1.2.3 released`, `**NAME v1.2**`.
pub(in crate::source::digest) fn release_head(
    piece: &Piece,
    names: &Names,
    section: Option<&str>,
) -> Option<ReleaseHead> {
    if piece.quote || matches!(piece.shape, Shape::Code | Shape::Html | Shape::Table | Shape::Rule) {
        return None;
    }
    let whole = without_addresses(piece);
    let whole = without_ordinal(&whole).0;
    // The head of a long line is its beginning, but not up to the middle of a version.
    let columns = beginning(whole, HEAD_COLUMNS).len();
    let more: usize = whole[columns..].bytes().take_while(u8::is_ascii_graphic).take(30).count();
    let line = &whole[..columns + more];
    let first = version(line)?;
    if let Some(head) = of_page_title(line, names).or_else(|| of_long_name(piece, line, &first)) {
        return Some(head);
    }
    if is_of_name(&line[..first.end], names) {
        return None;
    }
    let version = came_to(whole, first);
    let line = Line::new(piece, names, section, whole, line.len(), version);
    if line.is_about_another() {
        return None;
    }
    let (opened, of_linked) = (line.opening(), line.of_linked());
    let shipped = of_linked.is_some() && SHIPPED.is_match(line.line);
    if !(shipped || opened.is_some() || line.is_announcement()) {
        return None;
    }
    let name = line.name(opened, of_linked)?;
    let of_page = piece.links.iter().find(|l| line.holds(l)).and_then(|l| of_tag(l, &line.version.number));
    Some(ReleaseHead { name, version: of_page.unwrap_or(line.version.number) })
}

/// `V8`, `H2`: what ends with a number is a name, not a version of anything.
fn is_of_name(line: &str, names: &Names) -> bool {
    let written = line.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let opens = !line[..line.len() - written.len()].contains(char::is_alphanumeric);
    opens && written.starts_with(char::is_alphabetic) && names.is_name(written)
}

/// The version that the first one of a line came to, at its place: `1.2 → 1.3`, `bumped from 1.2 to 1.3`.
fn came_to(whole: &str, first: Version) -> Version {
    static ARROW: Pattern = Pattern::new(r"^\s*(?:→|-+>|=>|⇒|➡️?)\s*");
    static FROM: Pattern = Pattern::new(r"(?i)(?:\bfrom|从|由)\s*(?:version\s*)?v?\s*$");
    static TO: Pattern = Pattern::new(r"(?i)^(?:[-+](?:\w|\.){1,12})?\s*(?:to\b|(?:升级|更新|提升)?(?:到|至|为))\s*");
    let behind = &whole[first.end..];
    let arrow = ARROW.find(behind).or_else(|| TO.find(behind).filter(|_| FROM.is_match(&whole[..first.start])));
    match arrow.and_then(|m| version(&behind[m.end()..])) {
        Some(next) if next.start <= 1 => Version { number: next.number, ..first },
        _ => first,
    }
}

/// A line with a version, and what stands around that.
struct Line<'a> {
    piece: &'a Piece,
    names: &'a Names,
    /// The heading it stands below, if that is one for releases.
    section: Option<&'a str>,
    /// All of it.
    whole: &'a str,
    /// Its head.
    line: &'a str,
    version: Version,
    /// What stands before the version,
    before: &'a str,
    /// and that without `v` and the signs between.
    head: &'a str,
    /// The words right before the version that may be the product.
    phrase: Option<&'a str>,
    /// All before the version, where that is a plain name.
    named: Option<String>,
}

impl<'a> Line<'a> {
    fn new(
        piece: &'a Piece,
        names: &'a Names,
        section: Option<&'a str>,
        whole: &'a str,
        head: usize,
        version: Version,
    ) -> Self {
        static BEFORE: Pattern = Pattern::new(
            r"((?:\b[0-9]{1,2}-?)?[A-Za-z][0-9A-Za-z_+#-]*(?:[ .-][A-Za-z][0-9A-Za-z_+-]*){0,2})\s*(?:正式|宣布|现已|已经?|今日)*(?:发布了?|推出了?|更新[至到]|升级[至到]|released?|版本|version|has been released|:|：)?\s*[vV]?\s*$",
        );
        let line = &whole[..head];
        let before = line[..version.start].trim_end();
        let head = before.trim_end_matches(['v', 'V']).trim_end().trim_end_matches([':', '：', '(', '（', ' ']);
        // `Scala Native - v0.4.10`
        let has_release = || piece.links.iter().any(|l| l.url.contains("/releases/") || l.url.contains("/tag/"));
        let is_version = before.ends_with(['v', 'V']) || has_release();
        let is_named = is_version && line[version.end..].trim().is_empty() && !head.contains([':', '：', ';', ',']);
        let head = if is_named { head.trim_end_matches(['-', '–', '—', ' ']) } else { head };
        let phrase = BEFORE.captures(head).and_then(|c| c.get(1)).map(|m| m.as_str().trim());
        Self { piece, names, section, whole, line, version, before, head, phrase, named: plain_name(head) }
    }

    /// What stands behind the version.
    fn behind(&self) -> &'a str {
        &self.line[self.version.end..]
    }

    /// Whether the version is that of something that is planned, needed or meant otherwise, so that
    /// nothing came out.
    fn is_about_another(&self) -> bool {
        // What is planned is not there.
        static PLANNED: Pattern = Pattern::new(
            r"(?i)^\s*(?:版本?)?\s*[|:：(（-]?\s*(?:releas\w*\s+)?(?:(?:(?:was|has been|is) )?(?:withdrawn|yanked|revoked)|(?:key|important) dates|pre-?releases? testing|testing|plans?|planning|roadmap|schedule|milestone|timeline|计划|规划|路线图|里程碑)\b|^\s*(?:版本?)?[^，。,.]{0,16}(?:将会?|即将)(?:成为|默认|变|支持|移除|不再|改)",
        );
        // `PostGIS 2.0 support in Wick` is a feature, unless the page of that release is linked.
        static SUPPORT: Pattern = Pattern::new(r"(?i)^\s*support\s+(?:in|for|by|to|has|is|was|lands?|added)\b");
        let (line, version, behind) = (self.line, &self.version, self.behind());
        let has_page = || self.piece.links.iter().any(|l| l.url.contains("/releases/tag/"));
        // `《Wick 5.8 的灯芯》`: in the name of a book.
        let is_open =
            || line[..version.start].rfind('《').is_some_and(|open| !line[open..version.start].contains('》'));
        // `Lamp v1 is in maintenance mode`: the generation of a thing, of which something is told.
        let told = || behind.split_whitespace().filter(|w| w.starts_with(|c: char| c.is_ascii_lowercase())).count();
        let is_told = || self.piece.is_heading() && !version.number.contains('.') && told() > 1 && !announces(line);
        // `now beta for 1.10`, `removed in 2.0`: another thing's version in passing.
        let last = self.head.strip_suffix("version").unwrap_or(self.head).trim_end();
        let last = last.rsplit(' ').next().unwrap_or("").to_lowercase();
        let passing = ["for", "in", "since", "until", "before", "after", "than", "requires", "with", "on"];
        passing.contains(&last.as_str())
            || self.phrase.is_some_and(|p| p.to_lowercase().ends_with("deadline"))
            || is_open() && behind.contains('》')
            || is_told()
            || SUPPORT.is_match(behind) && !has_page()
            || PLANNED.is_match(behind)
            || is_needed(line, version)
    }

    /// Whether the words of a link are the version, or have it.
    fn shows(&self, link: &LinkRef) -> bool {
        link.text.contains(&self.version.number) || link.text.contains(&self.line[self.version.start..self.version.end])
    }

    /// Whether the version stands in the words of a link.
    fn holds(&self, link: &LinkRef) -> bool {
        let at = self.line.find(link.text.as_str()).filter(|_| !link.picture && !link.text.is_empty());
        at.is_some_and(|at| at <= self.version.start && self.version.end <= at + link.text.len())
    }

    /// Whether a line like this says that the version came out: by where it stands, by what it links to
    /// or by its words.
    fn is_announcement(&self) -> bool {
        let (piece, line, head) = (self.piece, self.line, self.head);
        let opens = |l: &LinkRef| line.starts_with(l.text.as_str()) && !l.text.contains("://") && self.shows(l);
        let linked = piece.links.first().is_some_and(opens)
            || piece.links.iter().any(|l| l.url.contains("/releases/tag/") && self.shows(l));
        // In a list of releases `NAME 1.2.3` and `NAME 1.2.3: …` say it all.
        let rest = self.behind().trim_start();
        let ends = rest.is_empty() || rest.starts_with([':', '：', '-', '–', '—', '(', '（', '→']);
        // `Wick 更新至 16.0.6，…` says it, too.
        let brought = brought(head).is_some();
        let ends = ends || brought && rest.starts_with(['，', ',', '。', '.']);
        let bare = self.section.is_some()
            && ends
            && (self.named.is_some() || brought || self.phrase.is_some_and(|p| p.len() == head.len()))
            && (piece.list > 0 || rest.is_empty() || !piece.links.is_empty());
        // `[Copy](…) 1.0` in a list
        let is_name = |l: &LinkRef| !l.picture && text::columns(&l.text) <= 30 && text::same(&l.text, head);
        let by_link = || piece.list > 0 && rest.is_empty() && piece.links.first().is_some_and(is_name);
        piece.is_heading() || piece.bold || linked || bare || by_link() || announces(line)
    }

    /// `[Oil](…), a password manager, was updated from 2.5 to 2.6`, below a heading for such.
    fn opening(&self) -> Option<String> {
        static COMES_TO: Pattern = Pattern::new(
            r"(?:\b(?:[Uu]pdated?|[Uu]pgraded?|[Bb]umped)(?:\s+(?:to|from|version))+|(?:^|[.。!！]\s*)Version|(?:更新|升级)[到至为]|[从由])\s*v?\s*$",
        );
        let is_told = self.section.is_some() || self.whole[self.version.end..].chars().count() <= 20;
        let link = self.piece.links.first().filter(|l| is_told && self.piece.list > 0 && !l.picture)?;
        // A name of several words is followed by the verb.
        let verb = || {
            let behind = &self.line[link.text.len()..];
            [" was updated", " updated", " has been updated"].iter().any(|verb| behind.starts_with(verb))
        };
        let words = link.text.split_whitespace().count();
        let is_name = self.line.starts_with(link.text.as_str()) && (words <= 3 || words <= 8 && verb());
        let counts = ["million", "billion", "thousand", "stars", "users", "rows", "%", "万", "亿"];
        let is_count = counts.iter().any(|w| self.behind().trim_start().starts_with(w));
        let comes_to = COMES_TO.is_match(self.before) && !is_count;
        (is_name && version(&link.text).is_none() && comes_to).then(|| link.text.clone())
    }

    /// `shipped version 1.33 of [Benchmark](…)`
    fn of_linked(&self) -> Option<String> {
        let rest = self.behind().trim_start();
        self.piece.links.iter().take(8).find_map(|l| {
            let named = rest.strip_prefix("of ").or_else(|| rest.strip_prefix(") of "))?;
            let is_name = !l.picture && !l.text.is_empty() && named.starts_with(l.text.as_str());
            (is_name && text::columns(&l.text) <= 40).then(|| l.text.clone())
        })
    }

    /// The product: the words right before the version say it best, the heading least.
    fn name(&self, opened: Option<String>, of_linked: Option<String>) -> Option<String> {
        let names = self.names;
        let known = || self.phrase.and_then(|p| product(p, names));
        let anywhere = || {
            let before = names.titles_in(self.before).into_iter().next_back();
            before.or_else(|| names.titles_in(self.line).into_iter().next())
        };
        let from_section = || self.section.and_then(|s| names.titles_in(s).into_iter().next());
        opened
            .or_else(known)
            .or(of_linked)
            .or_else(|| self.in_link())
            .or_else(|| self.named.clone())
            .or_else(|| self.of_what())
            .or_else(|| self.before_verb())
            .or_else(|| self.last_word())
            .or_else(|| self.of_address())
            .or_else(anywhere)
            .or_else(from_section)
    }

    /// `This month [ultraviolet v0.4](…)`: the link says where the name begins.
    fn in_link(&self) -> Option<String> {
        let link = self.piece.links.iter().find(|l| self.holds(l))?;
        let own = link.text.split(&self.line[self.version.start..self.version.end]).next()?;
        let name = plain_name(own.trim_end().trim_end_matches(['v', 'V']).trim_end())?;
        self.named.as_ref().is_none_or(|named| !named.ends_with(name.as_str())).then_some(name)
    }

    /// `[version 0.9.7](…) of Lamp`
    fn of_what(&self) -> Option<String> {
        static OF: Pattern = Pattern::new(r"^\)?\s+of\s+([A-Za-z][\w.+#-]*)");
        const OTHERS: [&str; 11] =
            ["our", "your", "their", "my", "both", "all", "either", "these", "those", "each", "it"];
        let nameless = self.head.split_whitespace().all(is_no_name);
        let name = OF.captures(self.behind()).filter(|_| nameless)?.get(1)?.as_str();
        (!is_no_name(name) && !OTHERS.contains(&name)).then(|| name.trim_end_matches('.').to_owned())
    }

    /// `Apache Foo Bar 发布 2.0`: all that stands before the verb.
    fn before_verb(&self) -> Option<String> {
        // It opens the line, or what stands behind a colon.
        let opens = |p: &&str| self.head.split_once(p).is_some_and(|(b, _)| b.is_empty() || b.ends_with([':', '：']));
        let whole = self.phrase.filter(|p| !self.head.is_ascii() && opens(p))?;
        whole.split(' ').all(|word| !is_no_name(word)).then(|| whole.to_owned())
    }

    fn last_word(&self) -> Option<String> {
        let word = self.phrase?.rsplit(' ').find(|w| !is_no_name(w))?;
        (word.len() > 1).then(|| word.to_owned())
    }

    /// `[v0.5.6](…/org/repo/releases/tag/v0.5.6)`: the address names it.
    fn of_address(&self) -> Option<String> {
        let page = self.piece.links.iter().find(|l| l.url.contains("/releases/tag/") && self.shows(l))?;
        let alone = self.head.split_whitespace().all(|w| is_no_name(w) || !w.contains(char::is_alphanumeric));
        let (repository, _) = page.url.split_once("/releases/tag/")?;
        let name = repository.rsplit('/').next().filter(|name| alone && !name.is_empty())?;
        Some(self.names.titles_in(name).into_iter().next().unwrap_or_else(|| name.to_owned()))
    }
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

/// A version of something else, which works with this or has to be there: `支持 K8s v1.22 及以上版本`,
/// `drop support of Go 1.18`.
fn is_needed(line: &str, version: &Version) -> bool {
    static NEEDED: Pattern = Pattern::new(
        r"(?i)(?:支持|兼容|适配|集成了|内置|搭载|基于|依赖|要求|需要|升级[到至]?|迁移到|\bsupport(?:s|ed|ing)?(?: (?:for|of))?|\bcompatible with|\bdrop(?:s|ped|ping)?(?: support (?:for|of))?|\brequir(?:es?|ing)|\bbased on|\bneeds?)\s*(?:了|的|对)?\s*[A-Za-z](?:\w|[.+#-])*(?: [A-Za-z](?:\w|[.+#-])*){0,1}\s*v?$",
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
