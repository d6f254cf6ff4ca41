//! Title, author, name of the site, picture, language and address of a page, each
//! with where it was found.

use url::Url;

use super::Restrictions;
use super::facts::{Byline, Facts, cue};
use super::jsonld::Said;
use crate::normalize::{address, text};

/// A value, and where it was found.
pub(super) type Found = Option<(String, String)>;

/// Between a title and the name of the site.
const SEPARATORS: [&str; 12] = [" | ", " - ", " – ", " — ", " · ", " • ", " » ", " :: ", "_", " / ", " < ", "-"];

/// Longer ones are no titles.
const MAX_TITLE: usize = 500;

fn found(value: &str, origin: impl Into<String>) -> Found {
    let value = text::line(value);
    (!value.is_empty()).then(|| (value, origin.into()))
}

fn of_metas(facts: &Facts, keys: &[&str]) -> Found {
    keys.iter().find_map(|key| {
        facts.metas.iter().filter(|(k, _)| k == key).find_map(|(_, value)| found(value, format!("meta {key}")))
    })
}

/// The name of the site.
pub(super) fn site_name(facts: &Facts, said: &Said) -> Found {
    of_metas(facts, &["og:site_name", "application-name", "apple-mobile-web-app-title", "al:ios:app_name"])
        .filter(|(name, _)| !name.starts_with("http"))
        .or_else(|| found(said.publisher.as_deref()?, "json-ld publisher"))
        .or_else(|| of_metas(facts, &["dc.publisher", "publisher", "article:publisher"]))
        .filter(|(name, _)| !name.contains("://") && name.chars().count() <= 80)
}

/// The title, without the name of the site.
pub(super) fn title(facts: &Facts, said: &Said, site: Option<&str>) -> Found {
    let heading = main_heading(facts);
    let candidates = [
        of_metas(facts, &["og:title"]),
        said.is_article.then(|| found(said.title.as_deref()?, "json-ld headline")).flatten(),
        of_metas(
            facts,
            &["twitter:title", "dc.title", "dcterms.title", "parsely-title", "sailthru.title", "citation_title"],
        ),
    ];
    let from_head = candidates
        .into_iter()
        .flatten()
        .find(|(title, _)| title.chars().count() <= MAX_TITLE && site.is_none_or(|s| !text::same(s, title)));
    let tag = found(&facts.title, "title element");
    if let Some((title, origin)) = from_head {
        // What the page shows in large letters is the better spelling of the same.
        if let Some(heading) = &heading
            && is_same_but_for_the_site(&title, heading)
        {
            return Some((heading.clone(), "heading".to_owned()));
        }
        return Some((without_site(&title, site, tag.as_ref().map(|(t, _)| t.as_str())), origin));
    }
    match (tag, heading) {
        (Some((tag, _)), Some(heading)) if is_same_but_for_the_site(&tag, &heading) => {
            Some((heading, "heading".to_owned()))
        }
        (Some((tag, origin)), heading) => {
            let short = without_site(&tag, site, None);
            if short != tag || heading.is_none() {
                return Some((if short == tag { cut_site(&tag) } else { short }, origin));
            }
            let heading = heading.unwrap_or_default();
            if heading.chars().count() > 8 {
                Some((heading, "heading".to_owned()))
            } else {
                Some((cut_site(&tag), origin))
            }
        }
        (None, Some(heading)) => Some((heading, "heading".to_owned())),
        (None, None) => None,
    }
}

/// The first heading of the first level that is neither the name of the site nor hidden.
fn main_heading(facts: &Facts) -> Option<String> {
    let good = |h: &&super::facts::Heading| h.cues & (cue::SIDE | cue::COMMENT | cue::NAV | cue::FOOT) == 0;
    let text_of = |h: &super::facts::Heading| text::line(facts.slice(h.start, h.end));
    let named = facts.headings.iter().filter(good).filter(|h| h.level <= 2 && h.is_title).map(text_of);
    let first = facts.headings.iter().filter(good).filter(|h| h.level == 1).map(text_of);
    let tag = text::fold(&facts.title);
    let mut all: Vec<String> = first.chain(named).filter(|t| (2..=300).contains(&t.chars().count())).collect();
    // The title of the page knows which one is meant.
    if let Some(n) = all.iter().position(|t| t.chars().count() > 4 && tag.contains(&text::fold(t))) {
        return Some(all.swap_remove(n));
    }
    all.into_iter().next()
}

/// `Heading | Site` and `Heading`.
fn is_same_but_for_the_site(title: &str, heading: &str) -> bool {
    let (title, heading) = (text::fold(title), text::fold(heading));
    if heading.chars().count() < 4 {
        return false;
    }
    title == heading || title.starts_with(&heading) && heading.len() * 5 > title.len() * 2
}

/// A title without the name of the site at its end or beginning.
fn without_site(title: &str, site: Option<&str>, tag: Option<&str>) -> String {
    let Some(site) = site else { return title.to_owned() };
    let folded = text::fold(site);
    for separator in SEPARATORS {
        if let Some((head, tail)) = title.rsplit_once(separator)
            && text::fold(tail) == folded
            && !head.trim().is_empty()
        {
            return head.trim().to_owned();
        }
        if let Some((head, tail)) = title.split_once(separator)
            && text::fold(head) == folded
            && !tail.trim().is_empty()
            && tag.is_none_or(|t| t.starts_with(head))
        {
            return tail.trim().to_owned();
        }
    }
    title.to_owned()
}

/// The longest part of `Title | Section | Site`.
fn cut_site(tag: &str) -> String {
    for separator in &SEPARATORS[..8] {
        if let Some((head, tail)) = tag.rsplit_once(separator)
            && head.chars().count() >= 10
            && tail.chars().count() * 2 < head.chars().count().max(20)
        {
            return cut_site_once(head);
        }
    }
    tag.to_owned()
}

fn cut_site_once(head: &str) -> String {
    match head.rsplit_once(" | ") {
        Some((first, _)) if first.chars().count() >= 10 => first.trim().to_owned(),
        _ => head.trim().to_owned(),
    }
}

/// The authors, joined by commas.
pub(super) fn author(facts: &Facts, said: &Said, site: Option<&str>) -> Found {
    let from_json: Vec<String> = said.authors.iter().filter_map(|a| a_name(a)).collect();
    if !from_json.is_empty() {
        return Some((joined(from_json), "json-ld author".to_owned()));
    }
    for key in [
        "author", "article:author", "og:article:author", "dc.creator", "dcterms.creator", "parsely-author",
        "sailthru.author", "citation_author", "byl", "authors", "creator", "itemprop:author", "twitter:data1",
    ] {
        if key == "twitter:data1" && !facts.meta("twitter:label1").is_some_and(is_author_label) {
            continue;
        }
        let names: Vec<String> =
            facts.metas.iter().filter(|(k, _)| k == key).take(10).filter_map(|(_, v)| a_name(v)).collect();
        if !names.is_empty() {
            return Some((joined(names), format!("meta {key}")));
        }
    }
    let good = |b: &&Byline| b.cues & (cue::SIDE | cue::COMMENT | cue::NAV | cue::FOOT) == 0;
    for rank in 1..=5 {
        let names: Vec<(String, &str)> = facts
            .bylines
            .iter()
            .filter(|b| b.rank == rank)
            .filter(good)
            .filter_map(|b| Some((a_name(facts.slice(b.start, b.end))?, b.origin)))
            .filter(|(name, _)| site.is_none_or(|s| rank <= 2 || !text::same(s, name)))
            .take(if rank <= 2 { 6 } else { 1 })
            .collect();
        if let Some((_, origin)) = names.first() {
            let origin = (*origin).to_owned();
            return Some((joined(names.into_iter().map(|(n, _)| n).collect()), origin));
        }
    }
    None
}

fn is_author_label(label: &str) -> bool {
    let label = label.to_lowercase();
    ["written by", "by", "author", "verfasst von", "geschrieben von", "escrito por", "écrit par", "作者"]
        .contains(&label.trim())
}

fn joined(names: Vec<String>) -> String {
    let mut unique: Vec<String> = Vec::new();
    for name in names {
        if !unique.iter().any(|u| text::same(u, &name)) {
            unique.push(name);
        }
    }
    unique.join(", ")
}

/// A name of a person: without `By`, not an address, not a date, not a sentence.
fn a_name(raw: &str) -> Option<String> {
    let name = text::line(raw);
    let mut name = name.as_str();
    for word in [
        "By:", "By ", "BY ", "by ", "Von ", "von ", "Par ", "par ", "Por ", "por ", "Author:", "作者：", "作者:",
        "文/", "文｜", "文 | ",
    ] {
        name = name.strip_prefix(word).unwrap_or(name).trim();
    }
    let name = name.split(['|', '\n', '•', '·']).next().unwrap_or(name).trim().trim_end_matches([',', ':', '，']);
    let count = name.chars().count();
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let is_name = (2..=80).contains(&count)
        && digits <= 4
        && !name.contains("://")
        && !name.starts_with(['@', '#', '{', '<'])
        && !name.starts_with("www.")
        && name.split_whitespace().count() <= 10
        && ![
            "admin", "administrator", "author", "null", "undefined", "none", "staff", "editor", "webmaster",
            "anonymous",
        ]
        .contains(&name.to_lowercase().as_str());
    is_name.then(|| name.to_owned())
}

/// The picture, absolute.
pub(super) fn image(facts: &Facts, said: &Said, base: &Url) -> Found {
    let from_head = of_metas(
        facts,
        &[
            "og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src", "thumbnail",
            "sailthru.image.full",
        ],
    );
    let others = said
        .image
        .as_deref()
        .and_then(|i| found(i, "json-ld image"))
        .or_else(|| found(facts.image.as_deref()?, "link image_src"))
        .or_else(|| found(facts.item_images.first()?, "itemprop image"));
    [from_head, others].into_iter().flatten().find_map(|(value, origin)| {
        let url = address::absolute(&value, Some(base))?;
        (url.scheme() != "mailto" && url.path().len() > 1).then(|| (url.to_string(), origin))
    })
}

/// What the page calls its own address. The front page is nobody's address but its own.
pub(super) fn canonical(facts: &Facts, base: &Url) -> Option<(Url, String)> {
    let said = [(facts.canonical.as_deref(), "link canonical"), (facts.meta("og:url"), "meta og:url")];
    said.into_iter().find_map(|(value, origin)| {
        let mut url = address::absolute(value?, Some(base))?;
        url.set_fragment(None);
        let is_front = url.path() == "/" && url.query().is_none();
        let is_own_front = base.path() == "/" && base.query().is_none();
        (url.scheme().starts_with("http") && (!is_front || is_own_front)).then(|| (url, origin.to_owned()))
    })
}

/// What the author asks of those who copy: `meta robots` and the header.
pub(super) fn restrictions(facts: &Facts, header: Option<&str>) -> Restrictions {
    let metas = facts.metas.iter().filter(|(k, _)| k == "robots" || k == "feedloom").map(|(_, v)| v.as_str());
    let mut restrictions = Restrictions::default();
    for directives in metas.chain(header) {
        let mut others = false;
        for directive in directives.split(',') {
            let mut directive = directive.trim().to_ascii_lowercase();
            // `googlebot: noarchive` is said to another program.
            if let Some((agent, rest)) = directive.split_once(':')
                && !agent.starts_with("max-")
                && agent.trim() != "unavailable_after"
            {
                others = !matches!(agent.trim(), "feedloom" | "*" | "robots");
                directive = rest.trim().to_owned();
            }
            if others {
                continue;
            }
            restrictions.no_archive |= directive == "noarchive" || directive == "nocache";
            restrictions.no_snippet |= directive == "nosnippet" || directive.replace(' ', "") == "max-snippet:0";
        }
    }
    restrictions
}

/// The language: as declared, unless the text is plainly in another script; else as the text looks.
pub(super) fn language(facts: &Facts, said: &Said, body: &str) -> Found {
    let declared = facts
        .language
        .as_deref()
        .map(|l| (l, "html lang"))
        .into_iter()
        .chain(facts.meta("og:locale").map(|l| (l, "meta og:locale")))
        .chain(facts.meta("content-language").map(|l| (l, "meta content-language")))
        .chain(facts.meta("language").map(|l| (l, "meta language")))
        .chain(said.language.as_deref().map(|l| (l, "json-ld inLanguage")))
        .find_map(|(tag, origin)| Some((a_tag(tag)?, origin.to_owned())));
    let seen = by_script(body);
    match (declared, seen) {
        (Some((tag, origin)), Some(seen)) => {
            let same =
                tag.split('-').next() == Some(seen) || seen == "zh" && matches!(tag.get(..2), Some("ja" | "ko" | "yu"));
            if same { Some((tag, origin)) } else { Some((seen.to_owned(), "its script".to_owned())) }
        }
        (Some(declared), None) => Some(declared),
        (None, Some(seen)) => Some((seen.to_owned(), "its script".to_owned())),
        (None, None) => by_words(body).map(|l| (l.to_owned(), "its words".to_owned())),
    }
}

/// `zh_CN` and `en-us` as BCP 47 writes them.
fn a_tag(raw: &str) -> Option<String> {
    let raw = raw.split(',').next()?.trim().replace('_', "-");
    let mut parts = raw.split('-').filter(|p| !p.is_empty());
    let first = parts.next()?.to_ascii_lowercase();
    if !(2..=3).contains(&first.len()) || !first.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let mut tag = first;
    for part in parts.take(3) {
        if part.len() > 8 || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
            break;
        }
        tag.push('-');
        match part.len() {
            2 => tag.push_str(&part.to_ascii_uppercase()),
            4 => {
                tag.push_str(&part[..1].to_ascii_uppercase());
                tag.push_str(&part[1..].to_ascii_lowercase());
            }
            _ => tag.push_str(&part.to_ascii_lowercase()),
        }
    }
    crate::config::is_language(&tag).then_some(tag)
}

/// The language of texts whose script has but one or few.
fn by_script(body: &str) -> Option<&'static str> {
    let (mut letters, mut han, mut kana, mut hangul, mut arabic, mut hebrew, mut thai, mut greek) =
        (0, 0, 0, 0, 0, 0, 0, 0);
    for c in body.chars().filter(|c| c.is_alphabetic()).take(3000) {
        letters += 1;
        match c {
            '\u{3040}'..='\u{30FF}' => kana += 1,
            '\u{3400}'..='\u{9FFF}' => han += 1,
            '\u{AC00}'..='\u{D7AF}' => hangul += 1,
            '\u{0600}'..='\u{06FF}' => arabic += 1,
            '\u{0590}'..='\u{05FF}' => hebrew += 1,
            '\u{0E00}'..='\u{0E7F}' => thai += 1,
            '\u{0370}'..='\u{03FF}' => greek += 1,
            _ => {}
        }
    }
    if letters < 40 {
        return None;
    }
    let most = |count: usize| count * 10 > letters * 3;
    match () {
        () if most(hangul) => Some("ko"),
        () if kana * 20 > letters => Some("ja"),
        () if most(han) => Some("zh"),
        () if most(hebrew) => Some("he"),
        () if most(thai) => Some("th"),
        () if most(greek) => Some("el"),
        () if arabic * 2 > letters && !body.contains(['پ', 'چ', 'گ', 'ٹ']) => Some("ar"),
        () => None,
    }
}

/// The language of a Latin or Cyrillic text by its small words.
fn by_words(body: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 9] = [
        ("en", " the of and to is that for with was this are "),
        ("de", " der die und das nicht ist mit ein eine auf auch "),
        ("fr", " le les des une est dans pour que qui pas sur "),
        ("es", " el los las una que por con para del como más "),
        ("pt", " o os uma não que por com para do da mais "),
        ("it", " il gli della che per con una non sono di anche "),
        ("nl", " de het een van niet is dat met op voor zijn "),
        ("pl", " nie się jest na że do jak to ale przez "),
        ("ru", " и в не на что с как это по из для "),
    ];
    let mut counts = [0usize; WORDS.len()];
    let mut all = 0;
    for word in body.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).take(600) {
        all += 1;
        let lower = word.to_lowercase();
        for (n, (_, words)) in WORDS.iter().enumerate() {
            if words.split(' ').any(|w| w == lower) {
                counts[n] += 1;
            }
        }
    }
    let (n, count) = counts.iter().enumerate().max_by_key(|(_, c)| **c)?;
    (all >= 20 && count * 12 >= all).then_some(WORDS[n].0)
}
