//! What a page says in JSON-LD (schema.org): of the article, not of the site, its
//! breadcrumbs or the articles beside it. JSON that is broken is read as far as its
//! dates can be found.

use serde_json::Value;
use url::Url;

use super::scan::Script;

/// Types that are articles or what stands for one.
const ARTICLES: [&str; 28] = [
    "article", "newsarticle", "advertisercontentarticle", "analysisnewsarticle", "backgroundnewsarticle",
    "opinionnewsarticle", "reportagenewsarticle", "reviewnewsarticle", "report", "satiricalarticle",
    "scholarlyarticle", "medicalscholarlyarticle", "techarticle", "blogposting", "blogpost", "liveblogposting",
    "socialmediaposting", "discussionforumposting", "qapage", "question", "videoobject", "podcastepisode", "review",
    "recipe", "howto", "apireference", "softwaresourcecode", "creativework",
];

/// Types of pages: second choice.
const PAGES: [&str; 5] = ["webpage", "itempage", "aboutpage", "medicalwebpage", "collectionpage"];

/// Nodes beyond are not looked at.
const MAX_NODES: usize = 2000;

/// What JSON-LD says of the article.
#[derive(Debug, Default, Clone)]
pub(super) struct Said {
    /// `headline`, else `name`.
    pub title: Option<String>,
    /// `datePublished`, else `dateCreated` or `uploadDate`.
    pub published: Option<String>,
    /// `dateModified`.
    pub modified: Option<String>,
    /// Names of the authors.
    pub authors: Vec<String>,
    /// Name of the publisher.
    pub publisher: Option<String>,
    /// The first picture.
    pub image: Option<String>,
    /// `inLanguage`.
    pub language: Option<String>,
    /// `articleBody`, plain.
    pub body: Option<String>,
    /// `duration` of a film, as written.
    pub duration: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// The type is one of an article, not of a page.
    pub is_article: bool,
}

/// Reads all JSON-LD of a page. `address` tells which of several articles is meant.
pub(super) fn read(scripts: &[Script<'_>], address: &Url) -> Said {
    let mut values: Vec<Value> = Vec::new();
    let mut broken: Vec<&str> = Vec::new();
    for script in scripts {
        if !is_json_ld(script.tag) {
            continue;
        }
        match parse(script.body) {
            Some(value) => values.push(value),
            None => broken.push(script.body),
        }
    }
    let mut nodes: Vec<&Value> = Vec::new();
    for value in &values {
        flatten(value, &mut nodes, 0);
    }
    let mut best: Option<(&Value, i32)> = None;
    for node in &nodes {
        let score = score(node, address);
        if score > 0 && best.is_none_or(|(_, other)| score > other) {
            best = Some((node, score));
        }
    }
    let mut said = match best {
        Some((node, _)) => of(node, &nodes),
        None => Said::default(),
    };
    if said.publisher.is_none() {
        said.publisher = nodes
            .iter()
            .find(|n| is_type(n, &["website", "organization", "newsmediaorganization"]))
            .and_then(|n| text(n.get("name")?));
    }
    if said.published.is_none() {
        said.published = broken.iter().find_map(|b| after(b, "\"datePublished\""));
        said.is_article |= said.published.is_some();
    }
    said
}

fn is_json_ld(tag: &str) -> bool {
    tag.len() < 400 && tag.to_ascii_lowercase().contains("ld+json")
}

/// JSON as pages write it: in comments or CDATA, with raw line feeds in texts.
fn parse(body: &str) -> Option<Value> {
    let mut body = body.trim();
    for (start, end) in [("<!--", "-->"), ("/*<![CDATA[*/", "/*]]>*/"), ("//<![CDATA[", "//]]>"), ("<![CDATA[", "]]>")]
    {
        body = body.strip_prefix(start).unwrap_or(body).trim();
        body = body.strip_suffix(end).unwrap_or(body).trim();
    }
    let body = body.trim_end_matches(';');
    if let Ok(value) = serde_json::from_str(body) {
        return Some(value);
    }
    // A control character inside a text is the usual mistake; a comma too many the next.
    let mut mended = String::with_capacity(body.len());
    let mut chars = body.chars().peekable();
    let mut in_text = false;
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                in_text = !in_text;
                mended.push(c);
            }
            '\\' if in_text => {
                mended.push(c);
                if let Some(next) = chars.next() {
                    mended.push(next);
                }
            }
            '\n' | '\r' | '\t' if in_text => mended.push(' '),
            c if c.is_control() => mended.push(' '),
            ',' if !in_text => {
                let mut ahead = chars.clone();
                let next = ahead.find(|c| !c.is_whitespace());
                if !matches!(next, Some('}' | ']') | None) {
                    mended.push(c);
                }
            }
            _ => mended.push(c),
        }
    }
    serde_json::from_str(&mended).ok()
}

/// The text behind a key in JSON that cannot be read.
fn after(body: &str, key: &str) -> Option<String> {
    let at = body.find(key)? + key.len();
    let rest = body[at..].trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let value = &rest[..rest.find('"')?];
    (value.len() < 64).then(|| value.to_owned())
}

fn flatten<'v>(value: &'v Value, nodes: &mut Vec<&'v Value>, depth: usize) {
    if depth > 6 || nodes.len() >= MAX_NODES {
        return;
    }
    match value {
        Value::Array(values) => values.iter().for_each(|v| flatten(v, nodes, depth + 1)),
        Value::Object(map) => {
            if map.contains_key("@type") {
                nodes.push(value);
            }
            for key in ["@graph", "mainEntity", "mainEntityOfPage", "hasPart", "liveBlogUpdate"] {
                if let Some(inner) = map.get(key)
                    && key != "liveBlogUpdate"
                {
                    flatten(inner, nodes, depth + 1);
                }
            }
        }
        _ => {}
    }
}

fn is_type(node: &Value, types: &[&str]) -> bool {
    let matches = |v: &Value| {
        v.as_str().is_some_and(|t| {
            let t = t.rsplit(['/', '#']).next().unwrap_or(t).to_ascii_lowercase();
            types.contains(&t.as_str())
        })
    };
    match node.get("@type") {
        Some(Value::Array(several)) => several.iter().any(matches),
        Some(one) => matches(one),
        None => false,
    }
}

/// How likely a node is the article of this page.
fn score(node: &Value, address: &Url) -> i32 {
    let mut score = if is_type(node, &ARTICLES[..20]) {
        40
    } else if is_type(node, &ARTICLES) {
        20
    } else if is_type(node, &PAGES) {
        5
    } else {
        return 0;
    };
    if node.get("datePublished").is_some() {
        score += 8;
    }
    if node.get("headline").is_some() {
        score += 4;
    }
    let own = ["url", "mainEntityOfPage", "@id"].iter().filter_map(|k| node.get(*k)).any(|v| {
        let said = v.as_str().or_else(|| v.get("@id").and_then(Value::as_str)).unwrap_or_default();
        address.join(said).is_ok_and(|u| u.path().trim_end_matches('/') == address.path().trim_end_matches('/'))
            && !said.is_empty()
    });
    score + if own { 10 } else { 0 }
}

fn of(node: &Value, nodes: &[&Value]) -> Said {
    let get = |key: &str| node.get(key).and_then(text);
    Said {
        title: get("headline").or_else(|| get("name")),
        published: get("datePublished").or_else(|| get("uploadDate")).or_else(|| get("dateCreated")),
        modified: get("dateModified"),
        authors: node.get("author").or_else(|| node.get("creator")).map(|a| names(a, nodes)).unwrap_or_default(),
        publisher: node.get("publisher").and_then(|p| names(p, nodes).into_iter().next()),
        image: node.get("image").or_else(|| node.get("thumbnailUrl")).and_then(|i| image(i, nodes, 0)),
        language: get("inLanguage"),
        body: get("articleBody").or_else(|| get("text")),
        duration: get("duration"),
        description: get("description"),
        is_article: is_type(node, &ARTICLES),
    }
}

/// A text, alone or as the first of several, or as `@value`.
fn text(value: &Value) -> Option<String> {
    let found = match value {
        Value::String(text) => crate::normalize::text::decode_entities(text.trim()).into_owned(),
        Value::Array(values) => return values.iter().find_map(text),
        Value::Object(map) => return map.get("@value").or_else(|| map.get("name")).and_then(text),
        Value::Number(number) => number.to_string(),
        Value::Bool(_) | Value::Null => return None,
    };
    (!found.is_empty()).then_some(found)
}

fn names(value: &Value, nodes: &[&Value]) -> Vec<String> {
    match value {
        Value::String(name) => {
            if let Some(node) = nodes.iter().find(|n| n.get("@id").and_then(Value::as_str) == Some(name)) {
                return node.get("name").and_then(text).into_iter().collect();
            }
            text(value).into_iter().collect()
        }
        Value::Array(several) => several.iter().take(10).flat_map(|v| names(v, nodes)).collect(),
        Value::Object(map) => {
            if let Some(name) = map.get("name").and_then(text) {
                return vec![name];
            }
            let id = map.get("@id").and_then(Value::as_str);
            let node = id.and_then(|id| {
                nodes.iter().find(|n| n.get("@id").and_then(Value::as_str) == Some(id) && n.get("name").is_some())
            });
            node.and_then(|n| n.get("name")).and_then(text).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn image(value: &Value, nodes: &[&Value], depth: usize) -> Option<String> {
    if depth > 4 {
        return None;
    }
    match value {
        Value::String(address) => (!address.trim().is_empty()).then(|| address.trim().to_owned()),
        Value::Array(several) => several.iter().find_map(|v| image(v, nodes, depth + 1)),
        Value::Object(map) => {
            if let Some(found) = map.get("url").or_else(|| map.get("contentUrl")) {
                return image(found, nodes, depth + 1);
            }
            let id = map.get("@id").and_then(Value::as_str)?;
            let node = nodes.iter().find(|n| n.get("@id").and_then(Value::as_str) == Some(id))?;
            image(node.get("url").or_else(|| node.get("contentUrl"))?, nodes, depth + 1)
        }
        _ => None,
    }
}
