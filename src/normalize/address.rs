//! Addresses: absolute, safe, and in one form for comparison.
//!
//! Two forms leave this module. [`absolute`] is for people and feeds: it keeps
//! what the author wrote and only makes it complete. [`key`] is for identity: two
//! spellings of one page have one key. A key is never shown as a link.

use std::collections::BTreeMap;

use url::Url;

use crate::normalize::text;

/// An address without the name and password in it: what may be shown.
pub fn bare(mut url: Url) -> String {
    // Both only fail for addresses without a host, which carry no credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// `link` as an absolute http, https or mailto address, resolved against `base`.
/// Anything else (`javascript:`, `file:`, no host, control characters) is `None`.
pub fn absolute(link: &str, base: Option<&Url>) -> Option<Url> {
    let link = text::decode_entities(link.trim());
    let link = link.trim().replace(|c: char| c.is_control(), "");
    if link.is_empty() || link.starts_with('#') && base.is_none() {
        return None;
    }
    let url = match base {
        Some(base) => base.join(&link).ok()?,
        None => Url::parse(&link).ok()?,
    };
    let good = match url.scheme() {
        "http" | "https" => url.host_str().is_some_and(|h| !h.is_empty()),
        "mailto" => url.path().contains('@'),
        _ => false,
    };
    good.then_some(url)
}

/// Own hosts of the site: name to the one name that stands for all of them.
pub type Hosts = BTreeMap<String, String>;

/// The host that stands for one site however it is spelled: no `www.`, no mobile prefix.
pub fn plain_host(host: &str) -> &str {
    let host = host.strip_prefix("www.").unwrap_or(host);
    for prefix in ["m.", "mobile.", "wap."] {
        if let Some(rest) = host.strip_prefix(prefix)
            && rest.contains('.')
        {
            return rest;
        }
    }
    host
}

/// What makes two links one page.
///
/// Scheme, `www.` and mobile hosts, default port, doubled and trailing slashes,
/// `index.html`, fragment, tracking parameters and the order of the others do not
/// count. WeChat articles are their `__biz`, `mid` and `idx`. An address on one of
/// `own` hosts is its folded path, so that spellings of a slug meet.
pub fn key(url: &Url, own: &Hosts) -> String {
    let host = url.host_str().unwrap_or("").to_lowercase();
    if let Some(name) = own.get(plain_host(&host)) {
        return format!("site:{name}/{}", folded_path(url.path()));
    }
    if host == "mp.weixin.qq.com"
        && let Some(id) = weixin(url)
    {
        return id;
    }
    let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
    let path = plain_path(url.path());
    let mut query: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, value)| !is_tracker(&host, name, value))
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    query.sort();
    let mut key = format!("url:{}{port}{path}", plain_host(&host));
    for (n, (name, value)) in query.iter().enumerate() {
        key.push(if n == 0 { '?' } else { '&' });
        key.push_str(name);
        if !value.is_empty() {
            key.push('=');
            key.push_str(value);
        }
    }
    // Addresses of single-page applications live behind the `#`.
    if let Some(fragment) = url.fragment().filter(|f| f.starts_with("!/") || f.starts_with('/')) {
        key.push('#');
        key.push_str(fragment.trim_end_matches('/'));
    }
    key
}

/// The path of an own page, folded: letters and digits of each segment.
pub fn folded_path(path: &str) -> String {
    let decoded = percent_decode(path);
    let decoded = decoded.strip_suffix("index.html").unwrap_or(&decoded);
    let decoded = decoded.strip_suffix(".html").unwrap_or(decoded);
    decoded.split('/').map(text::fold).filter(|s| !s.is_empty()).collect::<Vec<_>>().join("/")
}

/// The path of a page as it is written, where [`key`] folds it: tells two own pages apart
/// that are named alike (`/v1.21/`, `/v12.1/`). None of what is no web address.
pub fn exact_path(link: &str) -> Option<String> {
    let url = Url::parse(link).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
    Some(plain_path(url.path()))
}

/// Decodes `%41`; what is no UTF-8 afterwards is replaced.
pub fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        // `%+1` is no number here.
        let digits = text.get(at + 1..at + 3).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
        let hex = digits.and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn plain_path(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    for segment in path.split('/').filter(|s| !s.is_empty()) {
        plain.push('/');
        plain.push_str(&percent_decode(segment));
    }
    for index in ["/index.html", "/index.htm", "/index.php"] {
        if let Some(folder) = plain.strip_suffix(index) {
            plain.truncate(folder.len());
            break;
        }
    }
    plain
}

/// A WeChat article: the account, the message and the place in the message.
fn weixin(url: &Url) -> Option<String> {
    let query: BTreeMap<String, String> = url.query_pairs().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
    match (query.get("__biz"), query.get("mid").or(query.get("appmsgid"))) {
        (Some(biz), Some(mid)) => {
            let idx = query.get("idx").or(query.get("itemidx")).map_or("1", String::as_str);
            Some(format!("weixin:{biz}/{mid}/{idx}"))
        }
        _ => {
            let short = url.path().strip_prefix("/s/")?.trim_end_matches('/');
            (!short.is_empty()).then(|| format!("weixin:s/{short}"))
        }
    }
}

/// Parameters that say who shared a link, not what it shows.
fn is_tracker(host: &str, name: &str, value: &str) -> bool {
    const EVERYWHERE: [&str; 22] = [
        "fbclid", "gclid", "dclid", "msclkid", "yclid", "igshid", "igsh", "mc_cid", "mc_eid", "spm", "scm", "_hsenc",
        "_hsmi", "mkt_tok", "twclid", "ttclid", "vero_id", "wickedid", "oly_enc_id", "oly_anon_id", "share_token",
        "isappinstalled",
    ];
    const BY_HOST: [(&str, &[&str]); 10] = [
        (
            "bilibili.com",
            &[
                "vd_source", "spm_id_from", "from", "seid", "share_source", "share_medium", "share_plat",
                "share_session_id", "share_tag", "timestamp", "unique_k", "bbid", "ts", "buvid", "is_story_h5", "mid",
                "plat_id", "up_id", "from_spmid",
            ],
        ),
        (
            "mp.weixin.qq.com",
            &[
                "chksm", "scene", "sn", "token", "lang", "key", "uin", "devicetype", "version", "pass_ticket", "from",
                "nettype", "abtest_cookie", "wx_header", "sharer_shareid", "sharer_sharetime", "sharer_shareinfo",
                "poc_token", "srcid", "ascene", "exportkey", "acctmode", "session_us", "mpshare", "cur_album_id",
                "sessionid", "subscene", "clicktime", "enterid", "xtrack", "forceh5",
            ],
        ),
        ("juejin.cn", &["share_token", "utm_source", "searchId", "from"]),
        ("zhihu.com", &["from", "utm_psn", "s_r", "utm_id"]),
        ("csdn.net", &["ops_request_misc", "request_id", "biz_id", "depth_1"]),
        ("youtube.com", &["feature", "si", "pp", "ab_channel", "t"]),
        ("youtu.be", &["feature", "si", "t"]),
        ("medium.com", &["source", "sk", "gi"]),
        ("twitter.com", &["s", "t", "ref_src"]),
        ("x.com", &["s", "t", "ref_src"]),
    ];
    if name.starts_with("utm_") || name.starts_with("pk_") || EVERYWHERE.contains(&name) {
        return true;
    }
    // WeChat appends these to whatever address is shared from inside it.
    if name == "from" && matches!(value, "groupmessage" | "singlemessage" | "timeline") {
        return true;
    }
    BY_HOST.iter().any(|(h, names)| (host == *h || host.ends_with(&format!(".{h}"))) && names.contains(&name))
}

/// `host/path` of a page, as [`is_below`] compares it.
pub fn host_and_path(url: &Url) -> String {
    let host = url.host_str().unwrap_or("").to_lowercase();
    format!("{}{}", plain_host(&host), plain_path(url.path()))
}

/// The address without parameters that only say who shared it. What a host needs
/// to find the page stays, though [`key`] may not count it.
pub fn without_trackers(link: &str) -> String {
    if !link.contains('?') {
        return link.to_owned();
    }
    let Ok(mut url) = Url::parse(link) else { return link.to_owned() };
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(n, v)| !is_tracker("", n, v))
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    if kept.len() == url.query_pairs().count() {
        return link.to_owned();
    }
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    url.to_string()
}

/// Whether `address` (of [`host_and_path`]) lies below `prefix` (`host/path`, whole segments).
pub fn is_below(address: &str, prefix: &str) -> bool {
    let prefix = prefix.strip_prefix("www.").unwrap_or(prefix);
    match address.get(..prefix.len()) {
        Some(head) if head.eq_ignore_ascii_case(prefix) => {
            address.len() == prefix.len() || address.as_bytes()[prefix.len()] == b'/'
        }
        _ => false,
    }
}

/// Whether a host keeps repositories as `/ORG/REPO`.
pub fn is_code_host(host: &str) -> bool {
    let host = plain_host(host);
    matches!(host, "github.com" | "gitee.com" | "gitlab.com" | "codeberg.org" | "gitcode.com" | "bitbucket.org")
        || ["gitlab.", "gitea.", "forgejo."].iter().any(|start| host.starts_with(start))
}

/// `https://github.com/ORG/REPO` and nothing below it: the repository's two names.
pub fn bare_repository(url: &Url) -> Option<(String, String)> {
    let host = url.host_str()?;
    if !is_code_host(host) {
        return None;
    }
    let mut parts = url.path().split('/').filter(|p| !p.is_empty());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(org), Some(repo), None) => Some((org.to_owned(), repo.trim_end_matches(".git").to_owned())),
        _ => None,
    }
}

/// `word` as a URL path segment: percent-encoded where it must be.
pub fn encode_segment(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for byte in word.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn k(address: &str) -> String {
        let own = Hosts::from([("sofastack.tech".to_owned(), "sofastack.tech".to_owned())]);
        key(&Url::parse(address).unwrap(), &own)
    }

    #[test]
    fn spellings_of_one_page_have_one_key() {
        let same = [
            ["https://www.example.org/a/", "http://example.org//a?utm_source=x#top"],
            ["https://m.example.org/a", "https://example.org/a/index.html"],
            ["https://example.org/a?b=1&a=2", "https://example.org:443/a?a=2&b=1"],
            ["https://www.bilibili.com/video/BV1/?vd_source=6&spm_id_from=3", "https://bilibili.com/video/BV1"],
            [
                "http://mp.weixin.qq.com/s?__biz=A==&mid=1&idx=2&sn=3&chksm=4",
                "https://mp.weixin.qq.com/s?__biz=A%3D%3D&mid=1&idx=2&scene=21#wechat_redirect",
            ],
            ["https://www.sofastack.tech/blog/Sofa-Jraft%20x/", "https://sofastack.tech/blog/sofa-jraft-x"],
            ["https://example.org/%E4%B8%AD", "https://example.org/中"],
        ];
        for [a, b] in same {
            assert_eq!(k(a), k(b));
        }
        let other = [
            ["https://example.org/a", "https://example.org/b"],
            ["https://example.org/a?id=1", "https://example.org/a?id=2"],
            ["https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=1", "https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=2"],
            ["https://mp.weixin.qq.com/s/abc", "https://mp.weixin.qq.com/s/abd"],
            ["https://example.org/#/a", "https://example.org/#/b"],
        ];
        for [a, b] in other {
            assert_ne!(k(a), k(b));
        }
    }

    #[test]
    fn exact_paths_tell_names_apart_that_keys_fold() {
        let (a, b) = ("https://sofastack.tech/v1.21/", "https://www.sofastack.tech/v12.1");
        assert_eq!(k(a), k(b));
        assert_ne!(exact_path(a), exact_path(b));
        assert_eq!(exact_path(a), exact_path("http://sofastack.tech//v1.21/index.html#x"));
        assert_eq!(exact_path("post:v1.21"), None);
    }

    #[test]
    fn only_the_web_and_mail_are_addresses() {
        let base = Url::parse("https://example.org/blog/a/").unwrap();
        let good = [
            ("../b", "https://example.org/blog/b"),
            ("//x.org/y", "https://x.org/y"),
            ("mailto:a@b.c", "mailto:a@b.c"),
            ("?a=1&amp;b=2", "https://example.org/blog/a/?a=1&b=2"),
        ];
        for (link, want) in good {
            assert_eq!(absolute(link, Some(&base)).unwrap().as_str(), want);
        }
        for bad in [
            "javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "",
            "http://",
        ] {
            assert_eq!(absolute(bad, Some(&base)), None, "{bad}");
        }
    }

    #[test]
    fn prefixes_are_whole_segments() {
        let address = |u: &str| host_and_path(&Url::parse(u).unwrap());
        let page = address("https://www.github.com/mosn/mosn-pkg/issues/1");
        assert!(!is_below(&page, "github.com/mosn/mosn"));
        assert!(is_below(&page, "github.com/mosn/mosn-pkg"));
        assert!(is_below(&page, "github.com/MOSN"));
        assert!(is_below(&address("https://mosn.io"), "mosn.io"));
    }
}
