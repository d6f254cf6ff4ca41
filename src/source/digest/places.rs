//! What an address tells of the page behind it: a person, a listing, one change, a front
//! page. Only the address is looked at; nothing here asks a server.

use url::Url;

use crate::normalize::address;
use crate::source::markdown::LinkRef;

/// Whether an address is a listing, which is other things every week: labels, searches, commits of a branch.
pub(super) fn is_listing(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or("");
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().filter(|s| !s.is_empty()).collect();
    address::is_code_host(host)
        && matches!(
            segments.as_slice(),
            ["search"]
                | [_, _, "labels" | "commits", ..]
                | [_, _, "pulls" | "issues" | "releases" | "merge_requests" | "tags"]
        )
}

/// Whether an address is what a site has under one word: `/tags/rust/`. `/-/tags/1.2` is a release.
pub(super) fn is_tag(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or("").trim_end_matches('/');
    let mut segments = path.rsplit('/');
    let word = segments.next();
    if word.is_some_and(|word| super::shapes::version(word).is_some()) {
        return false;
    }
    segments.next().is_some_and(|place| matches!(place, "tags" | "tag" | "category" | "categories"))
        && segments.next() != Some("releases")
}

/// Whether an address is one change or one issue of a repository.
pub(super) fn is_change(url: &str) -> bool {
    const NUMBERED: [&str; 4] = ["/pull/", "/pulls/", "/issues/", "/merge_requests/"];
    let named =
        |place: &str, is_id: fn(char) -> bool| url.split_once(place).is_some_and(|(_, id)| id.starts_with(is_id));
    NUMBERED.iter().any(|place| named(place, |c| c.is_ascii_digit())) || named("/commit/", |c| c.is_ascii_hexdigit())
}

/// Whether an address is what was changed, and no question about it: a merged or a proposed change.
pub(super) fn is_patch(url: &str) -> bool {
    is_change(url) && !url.contains("/issues/")
}

/// Whether a link leads to the page of a person, or of an organisation: who, not what.
pub(super) fn is_person(link: &LinkRef) -> bool {
    const PLACES: [&str; 7] = ["members", "member", "author", "authors", "people", "users", "user"];
    let place = || {
        let (rest, _) = link.url.trim_end_matches('/').rsplit_once('/')?;
        let (host, place) = rest.rsplit_once('/')?;
        (PLACES.contains(&place) && host.matches('/').count() == 2).then_some(())
    };
    is_account(&link.url) || place().is_some() && is_name(&link.text)
}

/// Whether an address is that of an account where many have one.
pub(super) fn is_account(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or("").trim_start_matches("www.");
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().filter(|s| !s.is_empty()).collect();
    match host {
        "twitter.com" | "x.com" => segments.len() == 1 && url.query().is_none(),
        _ if address::is_code_host(host) => segments.len() == 1 && url.query().is_none(),
        "matrix.to" => true,
        "linkedin.com" => segments.first() == Some(&"in"),
        // Behind the name there are its messages.
        "t.me" => segments.len() == 1,
        _ => match segments.as_slice() {
            [one] => one.starts_with('@'),
            ["u", _] => true,
            _ => false,
        },
    }
}

/// Whether an address is where people talk.
pub(super) fn is_chat(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or("");
    matches!(host, "discord.gg" | "open.kakao.com" | "qm.qq.com" | "gitter.im" | "join.slack.com")
}

/// Whether an address is that of an account, a channel or a group where many have one: what stands
/// behind it, a film or a message, is told by itself.
pub(super) fn is_network(url: &str) -> bool {
    const NETWORKS: [&str; 11] = [
        "facebook.com", "instagram.com", "linkedin.com", "youtube.com", "reddit.com", "tiktok.com", "weibo.com",
        "bsky.app", "threads.net", "discord.com", "space.bilibili.com",
    ];
    const OF_ACCOUNTS: [&str; 13] = [
        "channel", "c", "user", "company", "in", "school", "profile", "r", "u", "invite", "groups", "people",
        "showcase",
    ];
    let Ok(parsed) = Url::parse(url) else { return false };
    let host = parsed.host_str().unwrap_or("").trim_start_matches("www.");
    let segments: Vec<&str> = parsed.path_segments().into_iter().flatten().filter(|s| !s.is_empty()).collect();
    let is_own = match segments.as_slice() {
        [one] => !matches!(*one, "watch" | "playlist" | "results" | "search"),
        [place, _] => OF_ACCOUNTS.contains(place),
        _ => false,
    };
    is_account(url) || is_chat(url) || NETWORKS.contains(&host) && is_own
}

/// Whether a link says a name: a word, or two that begin large.
fn is_name(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_large = |w: &&str| w.starts_with(|c: char| c.is_uppercase());
    text.is_ascii()
        && (words.len() == 1 && !text.contains('.') || (2..=3).contains(&words.len()) && words.iter().all(is_large))
}

/// Whether an address is where a site says how it is reached.
pub(super) fn is_contact(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let last = url.path().trim_end_matches('/').rsplit('/').next().unwrap_or("").to_lowercase();
    let last = last.trim_end_matches(".html");
    matches!(last, "contact" | "contacts" | "contact-us" | "contactus" | "contact_us")
}

/// Whether an address is the first page of a site.
pub(super) fn is_first_page(url: &str) -> bool {
    Url::parse(url).is_ok_and(|u| u.path() == "/" && u.query().is_none() && u.fragment().is_none())
}

/// Whether an address is the first page of a site, or of a repository.
pub(super) fn is_home(url: &str) -> bool {
    is_first_page(url) || Url::parse(url).is_ok_and(|u| address::bare_repository(&u).is_some())
}

/// Whether an address is a page of the site, or of the repository, that `home` is the first
/// page of.
pub(super) fn is_below(url: &str, home: &str) -> bool {
    // Most links are told apart by their beginnings.
    let Some(rest) = url.strip_prefix(home.trim_end_matches('/')) else { return false };
    rest.len() > 1 && rest.starts_with('/') && is_home(home)
}

/// Whether a link can be an article at all.
pub(super) fn is_page(url: &str) -> bool {
    let lower = url.to_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or("");
    !lower.starts_with('#')
        && !lower.contains("{{")
        && !lower.starts_with("mailto:")
        && !lower.starts_with("data:")
        && !lower.starts_with("javascript:")
        && (path.contains("://") || !path.contains('@'))
        && ![".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"].iter().any(|e| path.ends_with(e))
        && (lower.contains("://") || lower.starts_with('/') || lower.starts_with('.') || !lower.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_is_no_network() {
        for url in ["https://www.youtube.com/@a", "https://www.linkedin.com/company/a", "https://bsky.app/profile/a"] {
            assert!(is_network(url), "{url}");
        }
        for url in ["https://www.youtube.com/watch?v=1", "https://youtube.com/playlist?list=1", "https://a.b/c"] {
            assert!(!is_network(url), "{url}");
        }
    }

    #[test]
    fn a_change_has_a_number() {
        for url in ["https://a.b/o/r/pull/12", "https://a.b/o/r/issues/7#x", "https://a.b/o/r/commit/fa1c0de"] {
            assert!(is_change(url), "{url}");
        }
        for url in ["https://a.b/o/r/issues", "https://a.b/issues/about", "https://a.b/pulls/archive"] {
            assert!(!is_change(url), "{url}");
        }
    }
}
