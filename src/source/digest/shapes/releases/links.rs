//! Releases that one link among others names.

use std::sync::LazyLock;

use regex::Regex;

use super::head::release_head;
use super::names::{is_no_name, plain_name};
use super::{ReleaseHead, comes_out, is_said_released};
use crate::names::Names;
use crate::normalize::text;
use crate::source::digest::shapes::{is_day, version};
use crate::source::markdown::{LinkRef, Piece};
use crate::source::pattern::{Pattern, pattern};

/// What a link is that names a release, whatever stands around it: `[Lamp 0.9](…)`,
/// `[t2-cli](…/releases/tag/v0.1.0)`.
pub(in crate::source::digest) fn release_of_link(piece: &Piece, link: &LinkRef, names: &Names) -> Option<ReleaseHead> {
    let text = link.text.trim();
    if link.picture || text::columns(text) > 50 {
        return None;
    }
    // `Lamp 0.9 (2022-07-11)`
    let undated = text.strip_suffix(')').and_then(|t| t.rsplit_once(" (")).filter(|(_, day)| is_day(day));
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
pub(super) fn of_tag(link: &LinkRef, written: &str) -> Option<String> {
    let tag = version(tag_of(&link.url)?)?.number;
    let more = tag.strip_prefix(written)?;
    // `v1.5.3-release` is what everybody calls 1.5.3.
    let is_finished =
        ["release", "final", "ga", "stable"].contains(&more.trim_start_matches(['.', '-']).to_lowercase().as_str());
    (more.starts_with(['.', '-']) && !is_finished).then_some(tag)
}
