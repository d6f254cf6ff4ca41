//! What the name of a product looks like beside its version, and which words are none.

use crate::names::Names;
use crate::source::digest::shapes::version;
use crate::source::pattern::Pattern;

/// Words that stand between a product and its version, and are neither.
pub(super) fn is_no_name(word: &str) -> bool {
    const NO_NAMES: [&str; 104] = [
        "wurde", "wurden", "der", "die", "das", "ist", "sind", "erschienen", "nach", "versión", "versão", "versione",
        "est", "sont", "ha", "sido", "foi", "en", "candidate", "current", "required", "supported", "needed", "stable",
        "unstable", "presenting", "announcing", "introducing", "prepare", "month", "week", "today", "we", "team",
        "just", "also", "notes", "patch", "patches", "series", "line", "cycle", "releases", "updated", "update",
        "updates", "make", "makes", "uses", "using", "use", "built", "by", "at", "as", "a", "an", "or", "since",
        "than", "until", "before", "after", "upgraded", "upgrade", "upgrades", "bumped", "bump", "bumps", "version",
        "release", "released", "to", "from", "and", "with", "of", "is", "are", "was", "be", "being", "been", "has",
        "had", "have", "its", "the", "this", "in", "now", "on", "up", "out", "v", "new", "latest", "next", "milestone",
        "schedule", "branch", "for", "moved", "reaches",
    ];
    NO_NAMES.contains(&word.to_lowercase().as_str())
}

/// `kube-cross base image to`, `org/gateway-api had its`, `go/protobuf being updated to`: the
/// product that all of a line before its version names.
pub(super) fn plain_name(head: &str) -> Option<String> {
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
pub(super) fn product(phrase: &str, names: &Names) -> Option<String> {
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

/// The name in `Wick 现已更新至`, which a version follows.
pub(super) fn brought(head: &str) -> Option<&str> {
    static BROUGHT: Pattern = Pattern::new(r"^(.+?)\s*(?:现?已经?)?\s*(?:更新|升级)[至到为]$");
    let name = BROUGHT.captures(head.trim())?.get(1)?.as_str();
    plain_name(name).filter(|plain| plain.len() == name.len()).map(|_| name)
}
