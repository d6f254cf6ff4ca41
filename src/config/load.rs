//! Texts into a [`Site`]: every key is asked for by name, every mistake collected.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDate;
use regex::{Regex, RegexBuilder};
use url::Url;

use super::reader::{MapReader, Reader, nearest, short};
use super::words::read_words;
use super::*;
use crate::entry::{Kind, Person, Slug};
use crate::merge;
use crate::yaml::{self, Key, Node, Place, Value};

/// Reads a site's configuration.
///
/// # Errors
/// Every mistake in every file, ordered by file and place.
pub fn load(files: &ConfigFiles) -> Result<Site, Vec<ConfigError>> {
    let mut errors = Vec::new();
    let site = read_site(&files.site, &mut errors);
    let projects: Vec<Project> = files.projects.iter().filter_map(|f| read_project(f, &mut errors)).collect();
    check_slugs(&projects, files, &mut errors);
    let overrides = match &files.overrides {
        Some(file) => read_overrides(file, &projects, &unread(files, &projects), &mut errors),
        None => Vec::new(),
    };
    if let Some(site) = &site {
        check_sources(site, &projects, files, &mut errors);
    }
    let words = read_words(&files.words, &mut errors);
    match site {
        Some(site) if errors.is_empty() => {
            Ok(Site { projects, overrides, words, fingerprint: fingerprint(files), ..site })
        }
        _ => {
            errors.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
            Err(errors)
        }
    }
}

fn fingerprint(files: &ConfigFiles) -> String {
    let mut hasher = blake3::Hasher::new();
    for file in std::iter::once(&files.site).chain(&files.projects).chain(&files.overrides).chain(&files.words) {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        hasher.update(name.as_bytes()).update(b"\0").update(file.text.as_bytes()).update(b"\0");
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

fn parse_file(file: &ConfigFile, errors: &mut Vec<ConfigError>) -> Option<Node> {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    match yaml::parse(text) {
        Ok(node) => Some(node),
        Err(error) => {
            Reader::new(&file.path, text, errors).error(error.place, format!("not valid YAML: {}", error.problem));
            None
        }
    }
}

fn read_site(file: &ConfigFile, errors: &mut Vec<ConfigError>) -> Option<Site> {
    let node = parse_file(file, errors)?;
    let before = errors.len();
    let r = &mut Reader::new(&file.path, &file.text, errors);
    let mut map = r.map(&node, "feedloom.yaml")?;
    let m = &mut map;

    let title = m.string(r, "title");
    let description = m.string(r, "description");
    let url = m.required(r, "url", "https://feeds.example.org/").and_then(|_| {
        let node = node.get("url")?;
        let mut url = public_address(r, node, "url")?;
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    });
    let language = language(r, m, "language");
    let id_base = m.take("id_base").and_then(|n| {
        let text = r.string(n, "id_base")?;
        if Url::parse(&text).is_err() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            r.error(
                n.place,
                format!(
                    "`id_base` is `{}`, the start of an IRI is expected, such as tag:example.org,2026:",
                    short(&text)
                ),
            );
            return None;
        }
        Some(text)
    });
    let timezone = m.take("timezone").and_then(|n| zone(r, n)).unwrap_or(Zone::UTC);
    let author = m.take("author").and_then(|n| person(r, n));
    let posts = m.take("posts").map(|n| read_posts(r, n)).unwrap_or_default();
    let sources = m.take("sources").map(|n| read_sources(r, n)).unwrap_or_default();
    let sites = PathBuf::from(m.string(r, "sites").unwrap_or_else(|| "sites".to_owned()));
    let articles = read_articles(r, m.take("articles"));
    let fetch = read_fetch(r, m.take("fetch"));
    let output = read_output(r, m.take("output"));
    check_output(r, &node, &output.dir, &sites, &posts);
    let hub = m.take("hub").and_then(|n| public_address(r, n, "hub"));
    let pages = m.bool(r, "pages", true);
    let search = m.bool(r, "search", true);
    map.finish(r);
    let clean = errors.len() == before;
    let url = url?;
    clean.then(|| Site {
        title: title.unwrap_or_else(|| url.host_str().unwrap_or("Feeds").to_owned()),
        description,
        url_place: node.get("url").map_or_else(Place::default, |n| n.place),
        url,
        language,
        id_base,
        timezone,
        author,
        posts,
        sources,
        sites,
        articles,
        fetch,
        output,
        hub,
        pages,
        search,
        projects: Vec::new(),
        overrides: Vec::new(),
        words: Own::new(),
        fingerprint: String::new(),
    })
}

fn read_posts(r: &mut Reader<'_>, node: &Node) -> Vec<PostsFolder> {
    const SLUGIFY: [(&str, Slugify); 8] = [
        ("hugo", Slugify::Hugo),
        ("zola", Slugify::Zola),
        ("zola-safe", Slugify::ZolaSafe),
        ("jekyll", Slugify::Jekyll),
        ("docusaurus", Slugify::Docusaurus),
        ("undated", Slugify::Undated),
        ("hexo", Slugify::None),
        ("none", Slugify::None),
    ];
    let mut folders: Vec<PostsFolder> = Vec::new();
    for item in r.one_or_many(node) {
        if let Value::Scalar(path) = &item.value {
            let path = folder_path(path);
            refuse_twin(r, &folders, &path, item.place);
            folders.push(PostsFolder::new(path, item.place));
            continue;
        }
        let Some(mut map) = r.map(item, "an entry of `posts`") else {
            continue;
        };
        let m = &mut map;
        let path = m.required(r, "path", "content/blog");
        let url = m.take("url").and_then(|n| post_url(r, n));
        let base = m.take("base").and_then(|n| post_base(r, n, url.as_deref())).unwrap_or_else(|| "/".to_owned());
        let hosts = m.strings(r, "hosts").into_iter().map(|h| h.to_lowercase()).collect();
        let language = language(r, m, "language");
        let languages = m.take("languages").map(|n| read_languages(r, n)).unwrap_or_default();
        let slugify = m.take("slugify").and_then(|n| r.choice(n, "slugify", &SLUGIFY)).unwrap_or(Slugify::Hugo);
        let drafts = m.bool(r, "drafts", false);
        let digest = m.take("digest").and_then(|n| read_digest(r, n));
        map.finish(r);
        if let Some(path) = path {
            let path = folder_path(&path);
            refuse_twin(r, &folders, &path, item.place);
            folders.push(PostsFolder {
                path,
                url,
                base,
                hosts,
                language,
                languages,
                slugify,
                drafts,
                digest,
                page_mark: None,
                place: item.place,
            });
        }
    }
    mark_pages(&mut folders);
    folders
}

/// Of folders without an address the first one of each language names its pages plainly:
/// posts of one name in several languages are translations, which share a page.
fn mark_pages(folders: &mut [PostsFolder]) {
    let mut plain: Vec<Option<String>> = Vec::new();
    for folder in folders.iter_mut().filter(|f| f.url.is_none()) {
        if plain.contains(&folder.language) {
            folder.page_mark = Some(folder.path.clone());
        } else {
            plain.push(folder.language.clone());
        }
    }
}

/// Languages of `name.zh.md`, each with the template of its addresses.
fn read_languages(r: &mut Reader<'_>, node: &Node) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(mut map) = r.map(node, "`languages`") else { return found };
    for (key, value) in map.rest() {
        if !is_language(&key.name) {
            let problem = format!("`{}` is no language tag: `zh` is for name.zh.md", short(&key.name));
            r.error(key.place, problem);
            continue;
        }
        found.extend(post_url(r, value).map(|url| (key.name.clone(), url)));
    }
    found
}

fn post_url(r: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = r.string(node, "url")?;
    let mut filled = text.clone();
    for field in URL_FIELDS {
        filled = filled.replace(&format!("{{{field}}}"), "x");
    }
    for key in super::front_keys(&text) {
        filled = filled.replace(&format!("{{front.{key}}}"), "x");
    }
    if let Some(open) = filled.find('{') {
        let field: String = filled[open + 1..].chars().take_while(|c| *c != '}').collect();
        let hint =
            nearest(&field, URL_FIELDS.into_iter()).map(|n| format!(", did you mean `{{{n}}}`?")).unwrap_or_default();
        r.error(
            node.place,
            format!(
                "unknown field `{{{}}}` in `url`{hint} Known are {} and {{front.KEY}} for a key of the front matter",
                short(&field),
                URL_FIELDS.map(|f| format!("{{{f}}}")).join(" ")
            ),
        );
        return None;
    }
    match Url::parse(&filled) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => {
            let problem = same_for_all(&text);
            if let Some(problem) = &problem {
                r.error(node.place, problem);
            }
            problem.is_none().then_some(text)
        }
        Ok(_) | Err(_) => {
            r.error(
                node.place,
                format!(
                    "`url` is `{}`, an address template such as https://www.example.org/blog/{{slug}}/ is expected",
                    short(&text)
                ),
            );
            None
        }
    }
}

/// A folder as it is known: without the slashes behind it.
fn folder_path(written: &str) -> String {
    let path = written.trim_end_matches('/');
    if path.is_empty() { "/".to_owned() } else { path.to_owned() }
}

/// A folder that is listed twice would be read twice, as one.
fn refuse_twin(r: &mut Reader<'_>, folders: &[PostsFolder], path: &str, place: Place) {
    if let Some(twin) = folders.iter().find(|f| f.path == path) {
        let first = twin.place.line;
        r.error(place, format!("`path: {}` is listed twice, first in line {first}", short(path)));
    }
}

/// What is wrong with a template that makes one address for all posts, or has fields in the
/// spelling of Hugo and Jekyll.
fn same_for_all(template: &str) -> Option<String> {
    let foreign = template.split('/').filter_map(|segment| segment.strip_prefix(':')).find_map(|field| {
        // What Hugo calls otherwise.
        let known = match field {
            "contentbasename" | "slugorcontentbasename" | "slugorfilename" => Some("slug"),
            "sections" => Some("folders"),
            _ => URL_FIELDS.into_iter().find(|f| *f == field),
        };
        known.map(|known| (field, known))
    });
    match foreign {
        Some((field, known)) => Some(format!("`:{field}` in `url` is no field, did you mean `{{{known}}}`?")),
        None if template.contains('{') => None,
        None => Some(format!("the template `{}` has no {{slug}}: all posts would have one address", short(template))),
    }
}

/// The path below which a site lies; that of an address counts, too.
fn post_base(r: &mut Reader<'_>, node: &Node, url: Option<&str>) -> Option<String> {
    let text = r.string(node, "base")?;
    let root = Url::parse("https://base.invalid/").ok()?;
    let path = Url::parse(&text).or_else(|_| root.join(&text)).ok().map(|u| u.path().trim_matches('/').to_owned());
    let fine = text.starts_with('/') || text.starts_with("https://") || text.starts_with("http://");
    let Some(path) = path.filter(|_| fine && !text.contains(['{', '?', '#'])) else {
        r.error(node.place, format!("`base` is `{}`, a path such as /project/ is expected", short(&text)));
        return None;
    };
    let base = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
    let below = |url: &str| {
        let plain = Url::parse(&url.replace(['{', '}'], "")).map(|u| u.path().to_owned()).unwrap_or_default();
        format!("{plain}/").starts_with(&base)
    };
    if let Some(url) = url.filter(|u| !below(u)) {
        r.error(
            node.place,
            format!("`base` is `{}`, but `url` is `{}`, which is not below it", short(&base), short(url)),
        );
        return None;
    }
    Some(base)
}

fn read_digest(r: &mut Reader<'_>, node: &Node) -> Option<DigestConfig> {
    let mut map = r.map(node, "`digest`")?;
    let m = &mut map;
    let when = match m.take("when") {
        Some(n) => r.one_or_many(n).into_iter().filter_map(|c| read_condition(r, c)).collect(),
        None => vec![Condition { title: None, path: None, values: Vec::new(), place: node.place }],
    };
    let sections = m.take("sections").map(|n| read_sections(r, n)).unwrap_or_default();
    let default = m.take("as").and_then(|n| r.choice(n, "as", &SectionKind::WORDS)).unwrap_or(SectionKind::Items);
    map.finish(r);
    Some(DigestConfig { when, sections, default })
}

fn read_condition(r: &mut Reader<'_>, node: &Node) -> Option<Condition> {
    let mut map = r.map(node, "a condition of `when`")?;
    let title = map.take("title").and_then(|n| pattern(r, n, "title"));
    let path = map.take("path").and_then(|n| {
        let text = r.string(n, "path")?;
        let found = glob(&text);
        if found.is_none() {
            r.error(n.place, format!("`path` is too large a pattern: `{}`", short(&text)));
        }
        found
    });
    let mut values = Vec::new();
    for (key, value) in map.rest() {
        for value in r.one_or_many(value) {
            if let Some(text) = r.string(value, &key.name) {
                values.push((key.name.to_lowercase(), text.to_lowercase()));
            }
        }
    }
    Some(Condition { title, path, values, place: node.place })
}

fn read_sections(r: &mut Reader<'_>, node: &Node) -> Vec<SectionRule> {
    let mut rules = Vec::new();
    for item in r.one_or_many(node) {
        let Some(mut map) = r.map(item, "an entry of `sections`") else {
            continue;
        };
        let heading = map.take("heading").and_then(|n| pattern(r, n, "heading"));
        let kind = map.take("as").and_then(|n| r.choice(n, "as", &SectionKind::WORDS));
        if heading.is_none() && item.get("heading").is_none() {
            r.error(item.place, "`heading` is missing: a pattern that matches the section's heading");
        }
        if kind.is_none() && item.get("as").is_none() {
            r.error(item.place, "`as` is missing: what the section holds, for example `as: events`");
        }
        map.finish(r);
        if let (Some(heading), Some(kind)) = (heading, kind) {
            rules.push(SectionRule { heading, kind });
        }
    }
    rules
}

/// A glob below a folder: `*` stays inside a folder, `**` does not, `?` is one character.
fn glob(pattern: &str) -> Option<Regex> {
    let mut regex = String::from("^");
    let mut rest = pattern.trim_start_matches("./");
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**/") {
            regex.push_str("(?:.*/)?");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("**") {
            regex.push_str(".*");
            rest = after;
        } else {
            match c {
                '*' => regex.push_str("[^/]*"),
                '?' => regex.push_str("[^/]"),
                other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    regex.push('$');
    RegexBuilder::new(&regex).size_limit(1 << 20).build().ok()
}

fn pattern(r: &mut Reader<'_>, node: &Node, what: &str) -> Option<Regex> {
    let text = r.string(node, what)?;
    match RegexBuilder::new(&text).case_insensitive(true).size_limit(1 << 20).build() {
        Ok(regex) => Some(regex),
        Err(error) => {
            let cause = error.to_string();
            let cause = cause.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
            r.error(node.place, format!("`{what}` is no usable pattern: {cause}: `{}`", short(&text)));
            None
        }
    }
}

fn read_sources(r: &mut Reader<'_>, node: &Node) -> Vec<SourceConfig> {
    let mut sources = Vec::new();
    for item in r.one_or_many(node) {
        let bare = SourceConfig {
            url: String::new(),
            name: None,
            timezone: None,
            language: None,
            content: None,
            channel: None,
            headers: BTreeMap::new(),
            place: item.place,
        };
        if item.as_str().is_some() {
            if let Some(url) = source_url(r, item) {
                sources.push(SourceConfig { url, ..bare });
            }
            continue;
        }
        let Some(mut map) = r.map(item, "an entry of `sources`") else {
            continue;
        };
        let m = &mut map;
        let url = match m.take("url") {
            Some(n) => source_url(r, n),
            None => {
                r.error(item.place, "`url` is missing: the feed's address");
                None
            }
        };
        let source = SourceConfig {
            name: m.string(r, "name"),
            timezone: m.take("timezone").and_then(|n| zone(r, n)),
            language: language(r, m, "language"),
            content: m.take("content").and_then(|n| r.choice(n, "content", &CONTENT_MODES)),
            channel: m.take("channel").and_then(|n| r.choice(n, "channel", &CHANNELS)),
            headers: m.take("headers").map(|n| headers(r, n)).unwrap_or_default(),
            ..bare
        };
        map.finish(r);
        if let Some(url) = url {
            sources.push(SourceConfig { url, ..source });
        }
    }
    sources
}

fn source_url(r: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = r.string(node, "url")?;
    if let Some(file) = text.strip_prefix("file:") {
        let path = Path::new(file.trim_start_matches("//"));
        let inside =
            path.components().all(|c| matches!(c, std::path::Component::Normal(_) | std::path::Component::CurDir));
        if file.is_empty() || !inside {
            r.error(
                node.place,
                format!("`{}` is no file below the site folder: write file:folder/name.xml", short(&text)),
            );
            return None;
        }
        return Some(format!("file:{}", path.display()));
    }
    web_address(r, node, "url").map(|u| u.to_string())
}

/// Request headers that decide about the connection, the body or what is asked for, or
/// follow people around: a configuration cannot give them.
pub fn is_reserved_header(name: &str) -> bool {
    const RESERVED: [&str; 21] = [
        "accept-encoding",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "referer",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    ];
    RESERVED.contains(&name.to_ascii_lowercase().as_str())
}

fn headers(r: &mut Reader<'_>, node: &Node) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(mut map) = r.map(node, "`headers`") else {
        return found;
    };
    for (key, value) in map.rest() {
        let Some(text) = r.string(value, &key.name) else {
            continue;
        };
        let name_ok = !key.name.is_empty() && key.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let value_ok = text.bytes().all(|b| (0x20..0x7f).contains(&b));
        if !name_ok || !value_ok {
            r.error(key.place, format!("`{}` is no usable request header", short(&key.name)));
            continue;
        }
        if is_reserved_header(&key.name) {
            let problem = format!("`{}` cannot be given: feedloom sets it itself, or leaves it out", short(&key.name));
            r.error(key.place, problem);
            continue;
        }
        found.insert(key.name.to_lowercase(), text);
    }
    found
}

fn read_articles(r: &mut Reader<'_>, node: Option<&Node>) -> Articles {
    let mut articles = Articles {
        fetch: true,
        content: ContentMode::Summary,
        folder: None,
        per_host_per_day: 200,
        robots: RobotsMode::Ask,
        images_bytes: 100 << 20,
        hosts: BTreeMap::new(),
    };
    let Some(mut map) = node.and_then(|n| r.map(n, "`articles`")) else {
        return articles;
    };
    let m = &mut map;
    articles.fetch = m.bool(r, "fetch", true);
    if let Some(mode) = m.take("content").and_then(|n| r.choice(n, "content", &CONTENT_MODES)) {
        articles.content = mode;
    }
    articles.folder = m.string(r, "folder").map(PathBuf::from);
    articles.per_host_per_day = m.number(r, "per_host_per_day", 0..=1_000_000, 200);
    if let Some(mode) = m.take("robots").and_then(|n| r.choice(n, "robots", &ROBOTS)) {
        articles.robots = mode;
    }
    articles.images_bytes = m.bytes(r, "images_bytes", articles.images_bytes);
    if let Some(mut hosts) = m.take("hosts").and_then(|n| r.map(n, "`hosts`")) {
        for (key, value) in hosts.rest() {
            let Some(mut map) = r.map(value, "a host's rule") else {
                continue;
            };
            let rule = HostRule {
                robots: map.take("robots").and_then(|n| r.choice(n, "robots", &ROBOTS)),
                content: map.take("content").and_then(|n| r.choice(n, "content", &CONTENT_MODES)),
                gap: map.take("gap").is_some().then(|| map.duration(r, "gap", Duration::from_secs(1))),
                images: map.take("images").and_then(|n| r.choice(n, "images", &IMAGES)),
            };
            map.finish(r);
            if key.name.is_empty() || key.name.contains(['/', '@', ' ']) || key.name.starts_with('.') {
                r.error(
                    key.place,
                    format!("`{}` is no host: write its name alone, `blog.example.org`", short(&key.name)),
                );
                continue;
            }
            articles.hosts.insert(key.name.to_lowercase(), rule);
        }
    }
    map.finish(r);
    articles
}

fn read_fetch(r: &mut Reader<'_>, node: Option<&Node>) -> Fetch {
    let mut fetch = Fetch {
        contact: None,
        allow: Vec::new(),
        proxy: None,
        ca_file: None,
        min_interval: Duration::from_secs(3600),
        per_host: 2,
        gap: Duration::from_secs(1),
        hosts: BTreeMap::new(),
        concurrency: 64,
        deadline: Duration::from_secs(600),
        max_bytes: 15 << 20,
    };
    let Some(mut map) = node.and_then(|n| r.map(n, "`fetch`")) else {
        return fetch;
    };
    let m = &mut map;
    fetch.contact = m.take("contact").and_then(|n| {
        let text = r.string(n, "contact")?;
        if text.bytes().all(|b| (0x20..0x7f).contains(&b)) && !text.contains(['(', ')']) {
            return Some(text);
        }
        r.error(n.place, "`contact` goes into the User-Agent: write an address or e-mail in plain ASCII");
        None
    });
    for (range, place) in m.placed_strings(r, "allow") {
        if cidr(&range).is_some() {
            fetch.allow.push(range);
        } else {
            r.error(
                place,
                format!("`{}` is no address range: write for example 10.1.0.0/16 or fd00::/8", short(&range)),
            );
        }
    }
    fetch.proxy = m.take("proxy").and_then(|n| web_address(r, n, "proxy"));
    fetch.ca_file = m.string(r, "ca_file").filter(|s| s != "system").map(PathBuf::from);
    fetch.min_interval = m.duration(r, "min_interval", fetch.min_interval);
    fetch.per_host = usize::try_from(m.number(r, "per_host", 1..=64, 2)).unwrap_or(2);
    fetch.gap = m.duration(r, "gap", fetch.gap);
    if let Some(mut hosts) = m.take("hosts").and_then(|n| r.map(n, "`hosts`")) {
        for (key, value) in hosts.rest() {
            if let Some(rule) = host_limits(r, key, value) {
                fetch.hosts.insert(key.name.to_lowercase(), rule);
            }
        }
    }
    fetch.concurrency = usize::try_from(m.number(r, "concurrency", 1..=4096, 64)).unwrap_or(64);
    fetch.deadline = m.duration(r, "deadline", fetch.deadline);
    fetch.max_bytes = m.bytes(r, "max_bytes", fetch.max_bytes);
    map.finish(r);
    fetch
}

fn host_limits(r: &mut Reader<'_>, key: &Key, node: &Node) -> Option<HostLimits> {
    let name = url::Host::parse(&key.name);
    if name.is_err() {
        let problem = format!("`{}` is no host: write its name alone, such as github.com", short(&key.name));
        r.error(key.place, problem);
    }
    let mut map = r.map(node, "a host's rule")?;
    let gap = map.take("gap").is_some().then(|| map.duration(r, "gap", Duration::from_secs(1)));
    let per_host = map.take("per_host").is_some().then(|| map.number(r, "per_host", 1..=64, 2));
    map.finish(r);
    name.is_ok().then_some(HostLimits { gap, per_host: per_host.and_then(|n| usize::try_from(n).ok()) })
}

/// An address range: the network and the length of its prefix.
pub fn cidr(text: &str) -> Option<(std::net::IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address.parse().ok()?, length.parse().ok()?),
        None => {
            let address: std::net::IpAddr = text.parse().ok()?;
            (address, if address.is_ipv4() { 32 } else { 128 })
        }
    };
    let most = match address {
        std::net::IpAddr::V4(_) => 32,
        std::net::IpAddr::V6(_) => 128,
    };
    (length <= most).then_some((address, length))
}

fn read_output(r: &mut Reader<'_>, node: Option<&Node>) -> Output {
    const DIGESTS: [(&str, Digests); 3] = [("all", Digests::All), ("own", Digests::Own), ("none", Digests::None)];
    let mut output = Output {
        dir: PathBuf::from("public"),
        entries: 50,
        bytes: 512 << 10,
        entry_bytes: 64 << 10,
        formats: FORMATS.iter().map(|(_, f)| *f).collect(),
        digests: Digests::Own,
        split: Vec::new(),
        announce: 30,
    };
    let Some(mut map) = node.and_then(|n| r.map(n, "`output`")) else {
        return output;
    };
    let m = &mut map;
    if let Some(dir) = m.string(r, "dir") {
        output.dir = PathBuf::from(dir);
    }
    output.entries = usize::try_from(m.number(r, "entries", 1..=10_000, 50)).unwrap_or(50);
    output.bytes = m.bytes(r, "bytes", output.bytes);
    output.entry_bytes = m.bytes(r, "entry_bytes", output.entry_bytes);
    if let Some(n) = m.take("formats") {
        output.formats = r.one_or_many(n).into_iter().filter_map(|n| r.choice(n, "formats", &FORMATS)).collect();
        if r.one_or_many(n).is_empty() {
            r.error(n.place, "`formats` is empty: leave the key out for all of them".to_owned());
        }
        output.formats.sort();
        output.formats.dedup();
    }
    if let Some(digests) = m.take("digests").and_then(|n| r.choice(n, "digests", &DIGESTS)) {
        output.digests = digests;
    }
    output.split = m.take("split").map(|n| kinds(r, n, "split")).unwrap_or_default();
    output.announce = usize::try_from(m.number(r, "announce", 0..=1_000_000, 30)).unwrap_or(30);
    map.finish(r);
    output
}

/// What is published lies in a folder of its own: files that are no longer published are
/// taken away there, and what is read must not be what was written.
fn check_output(r: &mut Reader<'_>, site: &Node, dir: &Path, sites: &Path, posts: &[PostsFolder]) {
    let place = site.get("output").and_then(|o| o.get("dir")).map_or(site.place, |n| n.place);
    let own = [".feedloom", "feeds", "templates"].map(|name| (Path::new(name), "the folder"));
    let sites = std::iter::once((sites, "the folder"));
    // One that holds the site itself holds every folder of it.
    let posts = posts.iter().map(|p| (Path::new(p.path.as_str()), "the posts folder"));
    let posts = posts.filter(|(path, _)| !holds(path, Path::new(".feedloom")) || holds(dir, path));
    for (path, what) in own.into_iter().chain(sites).chain(posts) {
        let how = match (holds(dir, path), holds(path, dir)) {
            (true, true) => "is",
            (true, false) => "holds",
            (false, true) => "lies in",
            (false, false) => continue,
        };
        let dir = dir.display().to_string();
        let problem = format!(
            "`dir` is `{}`, which {how} {what} `{}`: give what is published a folder of its own, such as public",
            short(&dir),
            short(&path.display().to_string())
        );
        return r.error(place, problem);
    }
}

/// Whether the folder `outer` is `inner` or holds it, as far as their names tell: both seen
/// from the site's folder, or both from the root.
fn holds(outer: &Path, inner: &Path) -> bool {
    let ((outer_up, outer_names), (inner_up, inner_names)) = (steps(outer), steps(inner));
    if outer.has_root() != inner.has_root() {
        return false;
    }
    // A folder above has no name here: it holds all that is not farther up.
    let is_above = outer_names.is_empty() && outer_up >= inner_up;
    is_above || outer_up == inner_up && inner_names.starts_with(&outer_names)
}

/// A path as steps up, and names from there.
fn steps(path: &Path) -> (usize, Vec<&std::ffi::OsStr>) {
    let (mut up, mut names) = (0, Vec::new());
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::ParentDir if names.pop().is_none() && !path.has_root() => up += 1,
            Component::ParentDir | Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    (up, names)
}

fn kinds(r: &mut Reader<'_>, node: &Node, what: &str) -> Vec<Kind> {
    let words: Vec<(&str, Kind)> = Kind::ALL.into_iter().map(|k| (k.name(), k)).collect();
    let mut kinds: Vec<Kind> = r.one_or_many(node).into_iter().filter_map(|n| r.choice(n, what, &words)).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

fn language(r: &mut Reader<'_>, m: &mut MapReader<'_>, key: &'static str) -> Option<String> {
    let node = m.take(key)?;
    let text = r.string(node, key)?;
    if is_language(&text) {
        return Some(text);
    }
    r.error(node.place, format!("`{}` is no language tag: write for example zh-CN or en", short(&text)));
    None
}

/// Whether `text` has the form of a BCP 47 language tag.
pub fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or("");
    (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn zone(r: &mut Reader<'_>, node: &Node) -> Option<Zone> {
    let text = r.string(node, "timezone")?;
    let zone = Zone::parse(&text);
    if zone.is_none() {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|z| z.name());
        let lower = text.to_lowercase();
        let near =
            names.clone().find(|n| n.to_lowercase() == lower || n.to_lowercase().ends_with(&format!("/{lower}")));
        let hint = near
            .map(|n| format!("did you mean `{n}`?"))
            .unwrap_or_else(|| "write for example Asia/Shanghai or +08:00".to_owned());
        r.error(node.place, format!("unknown time zone `{}`, {hint}", short(&text)));
    }
    zone
}

fn person(r: &mut Reader<'_>, node: &Node) -> Option<Person> {
    if let Value::Scalar(name) = &node.value {
        return Some(Person::named(name.clone()));
    }
    let mut map = r.map(node, "`author`")?;
    let name = map.string(r, "name").unwrap_or_default();
    let uri = map.take("url").and_then(|n| public_address(r, n, "url")).map(|u| u.to_string());
    let email = map.string(r, "email");
    map.finish(r);
    Some(Person { name, uri, email })
}

/// An address that is published: nobody's password is in it.
fn public_address(r: &mut Reader<'_>, node: &Node, what: &str) -> Option<Url> {
    let url = web_address(r, node, what)?;
    if url.username().is_empty() && url.password().is_none() {
        return Some(url);
    }
    r.error(node.place, format!("`{what}` has a name or password in it, and everybody can read it: leave them out"));
    None
}

fn web_address(r: &mut Reader<'_>, node: &Node, what: &str) -> Option<Url> {
    let text = r.string(node, what)?;
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => Some(url),
        Ok(_) | Err(_) => {
            let hint = if text.contains("://") { "" } else { ", starting with https://" };
            r.error(node.place, format!("`{what}` is `{}`, an http or https address is expected{hint}", short(&text)));
            None
        }
    }
}

fn read_project(file: &ConfigFile, errors: &mut Vec<ConfigError>) -> Option<Project> {
    let node = parse_file(file, errors)?;
    let before = errors.len();
    let r = &mut Reader::new(&file.path, &file.text, errors);
    let stem = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let slug = stem
        .parse::<Slug>()
        .map_err(|e| r.error(Place { line: 1, column: 1 }, format!("the file's name is the project's slug: {e}")))
        .ok();
    let mut map = r.map(&node, "a project file")?;
    let m = &mut map;
    let title = m.required(r, "title", "MOSN");
    let description = m.string(r, "description");
    let home = m.take("home").and_then(|n| public_address(r, n, "home"));
    let mut aliases = m.take("aliases").map(|n| read_aliases(r, n)).unwrap_or_default();
    if let (Some(title), Some(node)) = (&title, node.get("title"))
        && !aliases.iter().any(|a| a.name == *title)
    {
        let whole = Alias { name: title.clone(), scope: AliasScope::Any, case: AliasCase::Fold, place: node.place };
        aliases.insert(0, whole);
    }
    let addresses =
        m.placed_strings(r, "addresses").into_iter().filter_map(|(a, place)| address_prefix(r, &a, place)).collect();
    let not = m.placed_strings(r, "not");
    let exclude = m.strings(r, "exclude");
    let sources = m.take("sources").map(|n| read_sources(r, n)).unwrap_or_default();
    let kinds_ = m
        .take("kinds")
        .map(|n| kinds(r, n, "kinds"))
        .unwrap_or_else(|| Kind::ALL.into_iter().filter(|k| *k != Kind::Digest).collect());
    let channel = m.take("channel").and_then(|n| r.choice(n, "channel", &CHANNELS)).unwrap_or(ChannelFilter::All);
    let languages = m
        .placed_strings(r, "languages")
        .into_iter()
        .filter_map(|(l, place)| {
            if !is_language(&l) {
                r.error(place, format!("`{}` is no language tag: write for example zh or en", short(&l)));
                return None;
            }
            Some(l)
        })
        .collect();
    let split = m.take("split").map(|n| kinds(r, n, "split")).unwrap_or_default();
    let formerly = m
        .placed_strings(r, "formerly")
        .into_iter()
        .filter_map(|(s, place)| s.parse::<Slug>().map_err(|e| r.error(place, e.to_string())).ok())
        .collect();
    let ended = m.take("ended").and_then(|n| {
        let text = r.string(n, "ended")?;
        let (day, behind) = text.split_at_checked(10).unwrap_or((&text, ""));
        let day = day.parse::<NaiveDate>().ok().filter(|_| behind.is_empty() || behind.starts_with(['T', ' ']));
        if day.is_none() {
            r.error(n.place, format!("`ended` is `{}`, a day such as 2024-06-30 is expected", short(&text)));
        }
        day
    });
    let when = m.take("when").and_then(|n| {
        let text = r.string(n, "when")?;
        let environment = minijinja::Environment::new();
        match environment.compile_expression(&text) {
            Ok(expression) => {
                let known = |name: &String| environment.globals().any(|(global, _)| global == name);
                let mut unknown: Vec<String> = expression.undeclared_variables(false).into_iter().collect();
                unknown.retain(|name| !merge::NAMES.contains(&name.as_str()) && !known(name));
                unknown.sort();
                unknown.iter().for_each(|name| r.error(n.place, unknown_name(name)));
                // A filter or a test that is not there shows when it is asked.
                let failure = if unknown.is_empty() { merge::failure(&text) } else { None };
                if let Some(cause) = &failure {
                    r.error(n.place, format!("`when` fails for every entry: {cause}"));
                }
                (unknown.is_empty() && failure.is_none()).then_some(text)
            }
            Err(error) => {
                let cause = error.detail().map(str::to_owned).unwrap_or_else(|| error.kind().to_string());
                r.error(n.place, format!("`when` is no usable expression: {cause}"));
                None
            }
        }
    });
    map.finish(r);
    let file = r.path();
    let clean = errors.len() == before;
    let (slug, title) = (slug?, title?);
    clean.then_some(Project {
        slug,
        title,
        description,
        home,
        aliases,
        addresses,
        not,
        exclude,
        sources,
        kinds: kinds_,
        channel,
        languages,
        split,
        formerly,
        ended,
        when,
        file,
    })
}

/// A name in `when` that no entry has. What is not there is as good as empty: the condition
/// would hold for every entry, or for none.
fn unknown_name(name: &str) -> String {
    let shown = short(name);
    if Kind::from_name(name).is_some() {
        return format!("`when` has `{shown}` without quotes: write `'{shown}'`");
    }
    match nearest(name, merge::NAMES.into_iter()) {
        Some(near) => format!("unknown name `{shown}` in `when`, did you mean `{near}`?"),
        None => format!(
            "unknown name `{shown}` in `when`: a text stands in quotes, and names are {}",
            merge::NAMES.join(", ")
        ),
    }
}

fn read_aliases(r: &mut Reader<'_>, node: &Node) -> Vec<Alias> {
    const SCOPES: [(&str, AliasScope); 2] = [("any", AliasScope::Any), ("label", AliasScope::Label)];
    const CASES: [(&str, AliasCase); 2] = [("fold", AliasCase::Fold), ("exact", AliasCase::Exact)];
    let mut aliases: Vec<Alias> = Vec::new();
    for item in r.one_or_many(node) {
        let alias = if let Value::Scalar(name) = &item.value {
            Alias { name: name.trim().to_owned(), scope: AliasScope::Any, case: AliasCase::Fold, place: item.place }
        } else {
            let Some(mut map) = r.map(item, "an alias") else {
                continue;
            };
            let name = map.required(r, "name", "MoE");
            let scope = map.take("where").and_then(|n| r.choice(n, "where", &SCOPES)).unwrap_or(AliasScope::Any);
            let case = map.take("case").and_then(|n| r.choice(n, "case", &CASES)).unwrap_or(AliasCase::Fold);
            map.finish(r);
            let Some(name) = name else { continue };
            Alias { name, scope, case, place: item.place }
        };
        if alias.name.chars().filter(|c| c.is_alphanumeric()).count() == 0 {
            r.error(item.place, "an alias needs at least one letter or digit");
            continue;
        }
        aliases.push(alias);
    }
    aliases
}

fn address_prefix(r: &mut Reader<'_>, text: &str, place: Place) -> Option<String> {
    let bare = text.trim().trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    match Url::parse(&format!("https://{bare}")) {
        Ok(url) if url.host_str().is_some_and(|h| h.contains('.') || h == "localhost") => {
            let host = url.host_str().unwrap_or_default().trim_start_matches("www.").to_owned();
            Some(format!("{host}{}", url.path().trim_end_matches('/')))
        }
        Ok(_) | Err(_) => {
            r.error(place, format!("`{}` is no address: write host/path such as github.com/mosn/mosn", short(text)));
            None
        }
    }
}

fn check_slugs(projects: &[Project], files: &ConfigFiles, errors: &mut Vec<ConfigError>) {
    let mut taken: BTreeMap<&Slug, &Path> = BTreeMap::new();
    let names = projects.iter().flat_map(|p| std::iter::once(&p.slug).chain(&p.formerly).map(move |s| (s, p)));
    for (slug, project) in names {
        let Some(first) = taken.insert(slug, &project.file) else {
            continue;
        };
        let file = files.projects.iter().find(|f| f.path == project.file);
        let text = file.map(|f| f.text.as_str()).unwrap_or("");
        let line = text.lines().position(|l| l.starts_with("formerly")).map_or(1, |n| n + 1);
        let line = if project.slug == *slug { 1 } else { line };
        let problem = format!("two projects with the slug `{slug}`: the other is {}", first.display());
        Reader::new(&project.file, text, errors).error(Place { line, column: 1 }, problem);
    }
}

fn check_sources(site: &Site, projects: &[Project], files: &ConfigFiles, errors: &mut Vec<ConfigError>) {
    let mut names: BTreeMap<&str, (&str, &Path)> = BTreeMap::new();
    let of_site = site.sources.iter().map(|s| (s, &files.site));
    let of_projects = projects.iter().flat_map(|p| {
        let file = files.projects.iter().find(|f| f.path == p.file).unwrap_or(&files.site);
        p.sources.iter().map(move |s| (s, file))
    });
    for (source, file) in of_site.chain(of_projects) {
        let Some(name) = &source.name else { continue };
        if let Some((url, first)) = names.insert(name, (&source.url, &file.path))
            && url != source.url
        {
            let problem = format!("two sources with the name `{}`: the other is in {}", short(name), first.display());
            Reader::new(&file.path, &file.text, errors).error(source.place, problem);
        }
    }
}

/// Slugs of project files that have mistakes of their own: nobody is told twice.
fn unread(files: &ConfigFiles, projects: &[Project]) -> Vec<String> {
    let stem = |f: &ConfigFile| f.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    files.projects.iter().map(stem).filter(|s| !projects.iter().any(|p| p.slug.as_str() == s)).collect()
}

fn read_overrides(
    file: &ConfigFile,
    projects: &[Project],
    unread: &[String],
    errors: &mut Vec<ConfigError>,
) -> Vec<Override> {
    let Some(node) = parse_file(file, errors) else {
        return Vec::new();
    };
    let r = &mut Reader::new(&file.path, &file.text, errors);
    let Some(mut all) = r.map(&node, "overrides.yaml") else {
        return Vec::new();
    };
    let words: Vec<(&str, Kind)> = Kind::ALL.into_iter().map(|k| (k.name(), k)).collect();
    let mut overrides = Vec::new();
    for (key, value) in all.rest() {
        let Some(mut map) = r.map(value, "an override") else {
            continue;
        };
        let (mut add, mut remove) = (Vec::new(), Vec::new());
        for (text, place) in map.placed_strings(r, "projects") {
            let (list, name) = match text.strip_prefix('-') {
                Some(name) => (&mut remove, name),
                None => (&mut add, text.trim_start_matches('+')),
            };
            match projects.iter().find(|p| p.slug.as_str() == name || p.formerly.iter().any(|f| f.as_str() == name)) {
                Some(project) => list.push(project.slug.clone()),
                None if unread.iter().any(|u| u == name) => {}
                None => {
                    let hint = nearest(name, projects.iter().map(|p| p.slug.as_str()))
                        .map(|n| format!(", did you mean `{n}`?"))
                        .unwrap_or_default();
                    r.error(place, format!("there is no project `{}`{hint}", short(name)));
                }
            }
        }
        let kind = map.take("kind").and_then(|n| r.choice(n, "kind", &words));
        let title = map.string(r, "title");
        let date = map.take("date").and_then(|n| {
            let text = r.string(n, "date")?;
            if crate::normalize::date::lenient(&text, Zone::UTC).is_none() {
                r.error(
                    n.place,
                    format!("`date` is `{}`, a time such as 2024-06-30T10:00:00+08:00 is expected", short(&text)),
                );
                return None;
            }
            Some(text)
        });
        let hide = map.bool(r, "hide", false);
        let same_as = map.string(r, "same_as").map(|s| if s == "none" { SameAs::Nothing } else { SameAs::Entry(s) });
        map.finish(r);
        overrides.push(Override {
            target: key.name.clone(),
            add,
            remove,
            kind,
            title,
            date,
            hide,
            same_as,
            place: key.place,
            file: r.path(),
        });
    }
    overrides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_folder_holds_which() {
        for (outer, inner, expected) in [
            ("posts", "posts/", true),
            (".", "feeds", true),
            ("..", "../content", true),
            ("..", "../../content", false),
            ("posts", "./posts/2024", true),
            ("posts", "posts-of-old", false),
            ("a/../posts", "posts", true),
            ("../static", "../content/blog", false),
            ("../content", "../content/blog", true),
            ("/srv/site", "/srv/site/posts", true),
            ("/", "/srv", true),
            ("/srv/site", "posts", false),
        ] {
            assert_eq!(holds(Path::new(outer), Path::new(inner)), expected, "{outer} {inner}");
        }
    }
}
