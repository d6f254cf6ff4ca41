//! What a request's path names. Pure.
//!
//! Nothing that is asked for is ever joined to a folder: paths are looked up in a list
//! of what was published. What could mean another folder is refused all the same.

use std::borrow::Cow;

/// Longest path that is looked at.
const LONGEST: usize = 1024;

/// Why a path names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPath {
    /// 400: nobody who means well asks so.
    Bad,
    /// 404: it may be asked, but is not there.
    Unknown,
}

/// The path below the output folder that `raw` names: decoded, without the slash before
/// it. `prefix` is the path of the site's own address; a proxy may leave it out.
///
/// # Errors
/// [`NoPath`] for what cannot be a path of a site.
pub fn path<'a>(raw: &'a str, prefix: &str) -> Result<Cow<'a, str>, NoPath> {
    if !raw.starts_with('/') {
        return Err(NoPath::Bad);
    }
    if raw.len() > LONGEST {
        return Err(NoPath::Unknown);
    }
    let decoded = if raw.contains('%') { Cow::Owned(decode(raw)?) } else { Cow::Borrowed(raw) };
    if decoded.bytes().any(|b| b < 0x20 || b == 0x7f || b == b'\\') {
        return Err(NoPath::Bad);
    }
    let inner = &decoded[1..];
    let folders = inner.strip_suffix('/').unwrap_or(inner);
    if !folders.is_empty() || inner == "/" {
        for segment in folders.split('/') {
            if matches!(segment, "" | "." | "..") {
                return Err(NoPath::Bad);
            }
        }
    }
    let start = match prefix.len() > 1 && decoded.starts_with(prefix) {
        true => prefix.len(),
        false => 1,
    };
    Ok(match decoded {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..]),
        Cow::Owned(text) => Cow::Owned(text[start..].to_owned()),
    })
}

fn decode(raw: &str) -> Result<String, NoPath> {
    let bytes = raw.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'%' {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        let digit = |n: usize| bytes.get(n).and_then(|b| char::from(*b).to_digit(16));
        let (Some(high), Some(low)) = (digit(at + 1), digit(at + 2)) else {
            return Err(NoPath::Bad);
        };
        out.push(u8::try_from(high * 16 + low).unwrap_or_default());
        at += 3;
    }
    String::from_utf8(out).map_err(|_| NoPath::Bad)
}

/// Names and values of a query, decoded. What is no UTF-8 is replaced.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for (raw, expected) in [
            ("/", Ok("")),
            ("/mosn/atom.xml", Ok("mosn/atom.xml")),
            ("/mosn/", Ok("mosn/")),
            ("/%6dosn/atom.xml", Ok("mosn/atom.xml")),
            ("/feeds/mosn/atom.xml", Ok("mosn/atom.xml")),
            ("/feeds/", Ok("")),
            ("/page/%E4%B8%AD.html", Ok("page/中.html")),
            ("/../../etc/passwd", Err(NoPath::Bad)),
            ("/%2e%2e%2fetc/passwd", Err(NoPath::Bad)),
            ("/..%5c..%5cetc", Err(NoPath::Bad)),
            ("/a/./b", Err(NoPath::Bad)),
            ("/a/..", Err(NoPath::Bad)),
            ("//etc/passwd", Err(NoPath::Bad)),
            ("//", Err(NoPath::Bad)),
            ("/a//b", Err(NoPath::Bad)),
            ("/a%00b", Err(NoPath::Bad)),
            ("/a%0d%0ab", Err(NoPath::Bad)),
            ("/a%", Err(NoPath::Bad)),
            ("/a%zz", Err(NoPath::Bad)),
            ("/%ff", Err(NoPath::Bad)),
            ("*", Err(NoPath::Bad)),
            ("", Err(NoPath::Bad)),
        ] {
            assert_eq!(path(raw, "/feeds/"), expected.map(Cow::Borrowed), "{raw}");
        }
        assert_eq!(path(&format!("/{}", "a".repeat(65_000)), "/"), Err(NoPath::Unknown));
    }
}
