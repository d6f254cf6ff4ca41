//! Lines that announce a release. What they announce is asked for in `head`, what one link of them
//! names in `links`, and what may be the name of a product in `names`.

mod head;
mod links;
mod names;

pub(in crate::source::digest) use head::release_head;
pub(in crate::source::digest) use links::{release_of_link, release_of_subject, version_beside};

use super::versions::version;
use super::without_ordinal;
use crate::normalize::text;
use crate::source::markdown::Piece;
use crate::source::pattern::Pattern;
use names::{brought, plain_name};

/// A line that announces a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::digest) struct ReleaseHead {
    pub name: String,
    pub version: String,
}

/// Whether a line has the words of an announcement.
pub(in crate::source::digest) fn announces(line: &str) -> bool {
    static WORDS: Pattern = Pattern::new(
        r"(?i)发布|发版|版本|正式版|\breleas(e|ed|es|ing)\b|\bis (now|out)\b|\bavailable\b|\d (freigegeben|veröffentlicht|erschienen|est (maintenant )?disponible)|\d\s*版",
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
    let sentence = text::first_sentence(beginning(rest, 240));
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

/// Whether a line is the name of a release and not a word more: `SOFARPC 5.7.1`, `Seata 1.4.2 发布`.
pub(in crate::source::digest) fn is_only_release(piece: &Piece) -> bool {
    const SAID: [&str; 6] = ["", "发布", "版本发布", "正式发布", "released", "is out"];
    let line = without_addresses(piece);
    let Some(found) = version(&line) else { return false };
    let before = line[..found.start].trim_end_matches(['v', 'V', ' ']);
    let behind = line[found.end..].trim().trim_end_matches(['。', '.', '！', '!']);
    SAID.contains(&behind) && plain_name(before).is_some_and(|name| name.len() == before.len())
}

/// Whether a line tells only which version something came to: `Wick 更新至 16.0.6`. Among the
/// changes of a product that is one of its parts.
pub(in crate::source::digest) fn is_brought(line: &str) -> bool {
    version(line).is_some_and(|v| brought(line[..v.start].trim_end_matches(['v', 'V', ' '])).is_some())
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

/// The line without the addresses shown in it: the address of a release page announces nothing.
fn without_addresses(piece: &Piece) -> String {
    let mut line = piece.text.clone();
    for link in piece.links.iter().filter(|l| l.text.contains("://")) {
        line = line.replace(link.text.as_str(), " ");
    }
    line.split_whitespace().filter(|w| !w.contains("://")).collect::<Vec<_>>().join(" ")
}

/// The beginning of a line, no wider than `columns`.
fn beginning(line: &str, columns: usize) -> &str {
    let mut used = 0;
    let behind = line.char_indices().find(|(_, c)| {
        used += text::columns(c.encode_utf8(&mut [0; 4]));
        used > columns
    });
    &line[..behind.map_or(line.len(), |(at, _)| at)]
}
