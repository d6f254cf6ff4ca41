//! Versions in a text.

use crate::source::pattern::Pattern;

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
