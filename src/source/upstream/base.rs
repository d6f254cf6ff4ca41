//! Relative addresses, resolved as RFC 3986, 5.2 says, without touching what is
//! there: neither case nor encoding of an address is changed, since ids are
//! compared as they are written.

use std::borrow::Cow;

/// Schemes that may be a base. Another one as `xml:base` is ignored.
const BASES: [&str; 6] = ["http", "https", "ftp", "file", "feed", "gopher"];

/// The scheme of an absolute address.
pub(super) fn scheme(address: &str) -> Option<&str> {
    let end = address.bytes().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')))?;
    (address.as_bytes()[end] == b':' && end > 0 && address.as_bytes()[0].is_ascii_alphabetic()).then(|| &address[..end])
}

/// Whether the address is one of the web.
pub(super) fn is_web(address: &str) -> bool {
    scheme(address).is_some_and(|s| s.eq_ignore_ascii_case("http") || s.eq_ignore_ascii_case("https"))
}

/// What `attribute`, an `xml:base`, makes of `outer`; none when it leaves it as it is.
pub(super) fn inner(outer: Option<&str>, attribute: &str) -> Option<String> {
    let attribute = attribute.trim();
    if attribute.is_empty() {
        return None;
    }
    let base = resolve(outer, attribute).into_owned();
    match scheme(&base) {
        Some(scheme) => BASES.iter().any(|b| b.eq_ignore_ascii_case(scheme)).then_some(base),
        None => outer.is_none().then_some(base),
    }
}

/// `reference` against `base`; as it is when there is no base.
pub(super) fn resolve<'r>(base: Option<&str>, reference: &'r str) -> Cow<'r, str> {
    let reference = reference.trim_matches(|c: char| c.is_ascii_whitespace());
    if scheme(reference).is_some() {
        return fewer_slashes(reference);
    }
    match base {
        Some(base) if !base.is_empty() => Cow::Owned(join(base, reference)),
        Some(_) | None => Cow::Borrowed(reference),
    }
}

/// `http:///host` is a common slip.
fn fewer_slashes(address: &str) -> Cow<'_, str> {
    match address.split_once("://") {
        Some((scheme, rest)) if rest.starts_with('/') && !scheme.eq_ignore_ascii_case("file") => {
            Cow::Owned(format!("{scheme}://{}", rest.trim_start_matches('/')))
        }
        _ => Cow::Borrowed(address),
    }
}

struct Parts<'a> {
    /// With `:`.
    scheme: &'a str,
    /// With `//`.
    authority: &'a str,
    path: &'a str,
    /// With `?`.
    query: &'a str,
    /// With `#`.
    fragment: &'a str,
}

fn parts(address: &str) -> Parts<'_> {
    let (scheme, rest) = match scheme(address) {
        Some(scheme) => address.split_at(scheme.len() + 1),
        None => ("", address),
    };
    let (rest, fragment) = rest.split_at(rest.find('#').unwrap_or(rest.len()));
    let (rest, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
    let (authority, path) = match rest.strip_prefix("//") {
        Some(after) => rest.split_at(after.find('/').map_or(rest.len(), |at| at + 2)),
        None => ("", rest),
    };
    Parts { scheme, authority, path, query, fragment }
}

fn join(base: &str, reference: &str) -> String {
    if reference.is_empty() {
        return base.to_owned();
    }
    let from = parts(base);
    let to = parts(reference);
    let mut out = String::with_capacity(base.len() + reference.len());
    out.push_str(from.scheme);
    if !to.authority.is_empty() {
        out.push_str(reference);
        return out;
    }
    out.push_str(from.authority);
    if to.path.is_empty() {
        out.push_str(from.path);
        out.push_str(if to.query.is_empty() { from.query } else { to.query });
    } else {
        let folder = if to.path.starts_with('/') {
            ""
        } else if from.path.is_empty() && !from.authority.is_empty() {
            "/"
        } else {
            &from.path[..from.path.rfind('/').map_or(0, |at| at + 1)]
        };
        push_without_dots(&mut out, &format!("{folder}{}", to.path));
        out.push_str(to.query);
    }
    out.push_str(to.fragment);
    out
}

/// RFC 3986, 5.2.4.
fn push_without_dots(out: &mut String, path: &str) {
    let start = out.len();
    let absolute = path.starts_with('/');
    let mut segments: Vec<&str> = Vec::new();
    let mut rest = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = rest.next() {
        let last = rest.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    segments.pop();
                }
                if last {
                    segments.push("");
                }
            }
            other => segments.push(other),
        }
    }
    if absolute {
        out.push('/');
    }
    for (n, segment) in segments.iter().enumerate() {
        if n > 0 {
            out.push('/');
        }
        out.push_str(segment);
    }
    if out.len() == start && absolute {
        out.push('/');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_the_rfc_has_them() {
        // RFC 3986, 5.4
        let base = "http://a/b/c/d;p?q";
        let cases = [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y#s", "http://a/b/c/g?y#s"),
            ("#s", "http://a/b/c/d;p?q#s"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../../../g", "http://a/g"),
            ("g/../h", "http://a/b/c/h"),
            ("é?中", "http://a/b/c/é?中"),
        ];
        for (reference, want) in cases {
            assert_eq!(resolve(Some(base), reference), want, "{reference}");
        }
        assert_eq!(resolve(Some("http://a"), "b"), "http://a/b");
        assert_eq!(resolve(Some("http://例え.jp/x"), ""), "http://例え.jp/x");
        assert_eq!(resolve(None, " b "), "b");
        assert_eq!(resolve(None, "http:///a.b/"), "http://a.b/");
    }

    #[test]
    fn unsafe_bases_are_ignored() {
        assert_eq!(inner(Some("http://a/"), "javascript:x"), None);
        assert_eq!(inner(Some("http://a/"), "b/").as_deref(), Some("http://a/b/"));
        assert_eq!(inner(None, "http://a/").as_deref(), Some("http://a/"));
        assert_eq!(inner(Some("http://a/"), ""), None);
    }
}
