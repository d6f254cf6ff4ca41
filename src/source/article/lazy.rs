//! Pictures as browsers would show them in the end: lazy ones get their address,
//! `<noscript>` twins are one picture, counting pixels are none.

use dom_query::{NodeRef, Selection};
use url::Url;

/// Attributes that hold the address of a lazy picture, the best first.
const SOURCES: [&str; 22] = [
    "data-src", "data-original", "data-lazy-src", "data-actualsrc", "data-original-src", "data-lazyload",
    "data-lazyload-src", "data-lazy", "data-echo", "data-url", "data-img-src", "data-image", "data-image-src",
    "data-full-src", "data-hi-res-src", "data-large-file", "data-src-medium", "data-ks-lazyload", "data-backsrc",
    "data-croporisrc", "real_src", "_src",
];

/// Attributes that hold several addresses.
const SETS: [&str; 4] = ["data-srcset", "data-lazy-srcset", "data-original-set", "srcset"];

/// The widest picture taken out of a set: readers are no posters.
const MAX_WIDTH: f32 = 1600.0;

/// Hosts of counting pixels.
const COUNTERS: [&str; 22] = [
    "pixel.wp.com", "stats.wordpress.com", "feeds.feedburner.com", "doubleclick.net", "google-analytics.com",
    "googletagmanager.com", "facebook.com/tr", "scorecardresearch.com", "quantserve.com", "hm.baidu.com", "cnzz.com",
    "vgwort.de", "met.vgwort.de", "ivwbox.de", "analytics.twitter.com", "bat.bing.com", "pixel.quantserve.com",
    "b.scorecardresearch.com", "mc.yandex.ru", "counter.yadro.ru", "stat.tildacdn.com", "medium.com/_/stat",
];

/// Mends the pictures below `root`.
pub(super) fn mend(root: &NodeRef<'_>, base: &Url) {
    let selection = Selection::from(*root);
    for noscript in selection.select("noscript").nodes() {
        unwrap_noscript(noscript, base);
    }
    for image in selection.select("img,amp-img").nodes() {
        mend_image(image);
    }
}

/// A picture for browsers without scripts: it takes the place of a lazy twin beside it.
fn unwrap_noscript(noscript: &NodeRef<'_>, base: &Url) {
    let inner = Selection::from(*noscript).select("img");
    let [image] = inner.nodes() else { return };
    let words = noscript.text();
    if words.trim().chars().count() > 40 {
        return;
    }
    let Some(source) = source_of(image).filter(|s| !is_counter(image, s)) else { return };
    for twin in [noscript.prev_element_sibling(), noscript.next_element_sibling()].into_iter().flatten() {
        let twin_image = if is_image(&twin) {
            Some(twin)
        } else if twin.text().trim().is_empty() {
            Selection::from(twin).select("img").nodes().first().copied()
        } else {
            None
        };
        if let Some(twin_image) = twin_image {
            let shown = source_of(&twin_image);
            if shown.is_none()
                || shown.as_deref().is_some_and(|s| same(s, &source, base))
                || has_lazy_source(&twin_image)
            {
                twin_image.set_attr("src", &source);
                for set in SETS {
                    twin_image.remove_attr(set);
                }
                for lazy in SOURCES {
                    twin_image.remove_attr(lazy);
                }
                noscript.remove_from_parent();
                return;
            }
        }
    }
    noscript.insert_before(image);
    noscript.remove_from_parent();
}

fn same(a: &str, b: &str, base: &Url) -> bool {
    match (base.join(a), base.join(b)) {
        (Ok(a), Ok(b)) => a.path().rsplit('/').next() == b.path().rsplit('/').next(),
        _ => false,
    }
}

fn is_image(node: &NodeRef<'_>) -> bool {
    node.has_name("img") || node.has_name("amp-img")
}

fn has_lazy_source(image: &NodeRef<'_>) -> bool {
    SOURCES.iter().any(|name| image.has_attr(name))
}

/// Gives a picture its address.
fn mend_image(image: &NodeRef<'_>) {
    if image.has_name("amp-img") {
        image.rename("img");
    }
    match source_of(image) {
        Some(source) if is_counter(image, &source) => image.remove_from_parent(),
        Some(source) => {
            image.set_attr("src", &source);
            for name in SOURCES.iter().chain(&SETS[..3]) {
                image.remove_attr(name);
            }
            image.remove_attr("loading");
        }
        None => image.remove_from_parent(),
    }
}

/// The address a browser would show in the end.
pub(super) fn source_of(image: &NodeRef<'_>) -> Option<String> {
    let get = |name: &str| image.attr(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
    let lazy = SOURCES.iter().find_map(|name| get(name).filter(|v| is_address(v)));
    let plain = get("src").filter(|s| !is_placeholder(s));
    // A lazy address beside a real one is the same picture, larger.
    if let Some(lazy) = lazy {
        return Some(lazy);
    }
    if let Some(plain) = plain {
        return Some(plain);
    }
    let own = SETS.iter().find_map(|name| best_of(&get(name)?));
    if own.is_some() {
        return own;
    }
    let picture = image.parent().filter(|p| p.has_name("picture"))?;
    for source in picture.element_children() {
        if source.has_name("source") {
            for name in SETS {
                if let Some(best) = source.attr(name).and_then(|set| best_of(&set)) {
                    return Some(best);
                }
            }
        }
    }
    None
}

/// `data-src` may hold anything.
fn is_address(value: &str) -> bool {
    !value.starts_with(['{', '[', '#'])
        && !value.starts_with("data:")
        && !value.contains(char::is_whitespace)
        && (value.contains('/') || value.contains('.'))
        && value.len() < 4000
}

/// Pictures that stand for others until a script has run.
fn is_placeholder(source: &str) -> bool {
    if let Some(data) = source.strip_prefix("data:") {
        // A picture of one pixel is short; a drawing of nothing, too.
        return data.len() < 300 || data.starts_with("image/svg");
    }
    if source.starts_with("about:") || source.starts_with('#') || source.starts_with("javascript:") {
        return true;
    }
    let name =
        source.split(['?', '#']).next().unwrap_or(source).rsplit('/').next().unwrap_or(source).to_ascii_lowercase();
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
    matches!(
        stem,
        "blank"
            | "spacer"
            | "placeholder"
            | "lazy"
            | "loading"
            | "transparent"
            | "pixel"
            | "1x1"
            | "grey"
            | "gray"
            | "empty"
            | "clear"
            | "dot"
            | "lazyload"
            | "load"
            | "trans"
            | "px"
            | "s"
            | "img-placeholder"
            | "default-image"
            | "lazy-loader"
            | "preloader"
            | "blank_image"
            | "image-placeholder"
    )
}

/// Whether a picture is there to count readers.
fn is_counter(image: &NodeRef<'_>, source: &str) -> bool {
    let tiny = |name: &str| image.attr(name).is_some_and(|v| matches!(v.trim().trim_end_matches("px"), "0" | "1"));
    if tiny("width") && (tiny("height") || !image.has_attr("height")) || tiny("height") && !image.has_attr("width") {
        return true;
    }
    let rest = source.split_once("//").map_or(source, |(_, rest)| rest);
    COUNTERS.iter().any(|counter| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        match counter.split_once('/') {
            Some((counter_host, path)) => {
                host.ends_with(counter_host) && rest[host.len()..].trim_start_matches('/').starts_with(path)
            }
            None => {
                host.ends_with(counter)
                    && (host.len() == counter.len() || host[..host.len() - counter.len()].ends_with('.'))
            }
        }
    })
}

/// The parts of a `srcset`: addresses and sizes. Addresses may hold commas.
pub(super) fn srcset(set: &str) -> Vec<(&str, &str)> {
    let mut parts = Vec::new();
    let mut rest = set.trim_start_matches([' ', '\n', '\t', ',']);
    while !rest.is_empty() && parts.len() < 100 {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let address = &rest[..end];
        rest = &rest[end..];
        if let Some(address) = address.strip_suffix(',') {
            parts.push((address.trim_end_matches(','), ""));
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            parts.push((address, rest[..end].trim()));
            rest = &rest[end..];
        }
        rest = rest.trim_start_matches([' ', '\n', '\t', ',']);
    }
    parts.retain(|(address, _)| !address.is_empty());
    parts
}

/// The widest picture of a set that is not too wide.
fn best_of(set: &str) -> Option<String> {
    let parts = srcset(set);
    let width = |size: &str| -> f32 {
        let number = |text: &str| text.parse::<f32>().unwrap_or(0.0);
        match size.split_ascii_whitespace().next() {
            Some(s) if s.ends_with('w') => number(&s[..s.len() - 1]),
            Some(s) if s.ends_with('x') => number(&s[..s.len() - 1]) * 600.0,
            _ => 600.0,
        }
    };
    let usable = parts.iter().filter(|(address, _)| is_address(address) && !is_placeholder(address));
    usable
        .map(|(address, size)| (*address, width(size)))
        .max_by(|a, b| {
            let rank = |w: f32| if w <= MAX_WIDTH { w } else { MAX_WIDTH - w };
            rank(a.1).total_cmp(&rank(b.1))
        })
        .map(|(address, _)| address.to_owned())
}
