//! What is special about a site, written in YAML (`sites/*.yaml`): what to ask, where
//! the fields of its pages are, what makes two of its addresses one.
//!
//! ```yaml
//! hosts: [example.org, "*.example.org"]
//! site_name: Example
//! pages:                              # the first whose `path` fits; without `path`, all
//!   - path: ^/posts/\d+               # a pattern on the path of the address
//!     parts: ^/posts/(?P<id>\d+)      # names parts of the path for templates
//!     canonical: https://example.org/posts/{id}
//!     keep: [p]                       # or: the parameters that name the page
//!     ask: https://example.org/print/{id}    # {address}, {canonical} are encoded
//!     alternative: https://example.org/amp/{id}
//!     title: h1.title, meta[name=t]@content  # selectors; `@` takes an attribute
//!     author: .by
//!     date: time@datetime
//!     image: .cover img@src
//!     content: article .text
//!     drop: .share, .ad               # taken out of the content
//!     player: https://example.org/embed/{id} # what pages show in a frame
//! link_only: why nothing is asked there
//! ```
//!
//! Templates may name parameters of the address, too, and leave nothing out: one that is
//! not there is no address.
//!
//! A site folder's own file about a host replaces the built-in one about it.

use dom_query::Matcher;
use regex::Regex;
use url::Url;

use crate::yaml::{self, Key, Node, Place, Value};

/// The rules that are built in: name and text.
const BUILT_IN: [(&str, &str); 7] = [
    ("arxiv.yaml", include_str!("../../../sites/arxiv.yaml")),
    ("bilibili.yaml", include_str!("../../../sites/bilibili.yaml")),
    ("closed.yaml", include_str!("../../../sites/closed.yaml")),
    ("github.yaml", include_str!("../../../sites/github.yaml")),
    ("juejin.yaml", include_str!("../../../sites/juejin.yaml")),
    ("vimeo.yaml", include_str!("../../../sites/vimeo.yaml")),
    ("youtube.yaml", include_str!("../../../sites/youtube.yaml")),
];

/// Keys of a site or of a kind of its pages.
const KEYS: [&str; 18] = [
    "hosts", "site_name", "link_only", "pages", "path", "parts", "canonical", "keep", "ask", "alternative", "title",
    "author", "date", "image", "content", "drop", "film", "player",
];

/// The rules of all sites: a site folder's own go before the built-in ones.
#[derive(Debug, Default)]
pub struct Rules {
    own: Vec<Site>,
    built_in: Vec<Site>,
}

#[derive(Debug, Default)]
struct Site {
    hosts: Vec<String>,
    site_name: Option<String>,
    /// The site's own keys are the last of them.
    pages: Vec<PageRule>,
}

/// Where the fields of a kind of pages are.
#[derive(Debug, Default)]
pub(super) struct PageRule {
    hosts: Vec<String>,
    path: Option<Regex>,
    parts: Option<Regex>,
    canonical: Option<String>,
    keep: Option<Vec<String>>,
    ask: Option<String>,
    alternative: Option<String>,
    link_only: Option<String>,
    player: Option<String>,
    /// Selectors of the title.
    pub title: Vec<Field>,
    /// Selectors of the author.
    pub author: Vec<Field>,
    /// Selectors of the date.
    pub date: Vec<Field>,
    /// Selectors of the picture.
    pub image: Vec<Field>,
    /// Selectors of the article.
    pub content: Vec<Field>,
    /// What is taken out of it.
    pub drop: Vec<Field>,
    /// The page shows a film: its picture is its content.
    pub film: bool,
}

/// A selector, and the attribute that is wanted instead of the text.
#[derive(Debug)]
pub(super) struct Field {
    /// The selector.
    pub matcher: Matcher,
    /// The attribute.
    pub attribute: Option<String>,
}

/// What to do about an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Treatment {
    /// Ask `address`; if that gives no article, ask `alternative`.
    Ask {
        /// Where to ask: the address itself, or what a rule makes of it.
        address: Url,
        /// Where to ask next.
        alternative: Option<Url>,
    },
    /// Never ask: the entry is made from the link alone.
    LinkOnly {
        /// Why, for people.
        reason: String,
    },
}

/// A mistake in a file of rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {problem}")]
pub struct RuleError {
    /// The name that was given with the text.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to do.
    pub problem: String,
}

impl Rules {
    /// The rules that come with Feedloom.
    pub fn built_in() -> Rules {
        let mut errors = Vec::new();
        let built_in = BUILT_IN.iter().filter_map(|(file, text)| site(file, text, &mut errors)).collect();
        debug_assert!(errors.is_empty(), "{errors:?}");
        Rules { own: Vec::new(), built_in }
    }

    /// The built-in rules behind a site's own: (name of the file, its text).
    ///
    /// # Errors
    /// Every mistake in any of the files.
    pub fn with(own: &[(String, String)]) -> Result<Rules, Vec<RuleError>> {
        let mut errors = Vec::new();
        let mut rules = Rules::built_in();
        rules.own = own.iter().filter_map(|(file, text)| site(file, text, &mut errors)).collect();
        if errors.is_empty() { Ok(rules) } else { Err(errors) }
    }

    /// What to do about `address`.
    pub fn of(&self, address: &Url) -> Treatment {
        let as_it_is = || Treatment::Ask { address: address.clone(), alternative: None };
        let Some((_, page)) = self.find(address) else { return as_it_is() };
        if let Some(reason) = &page.link_only {
            return Treatment::LinkOnly { reason: reason.clone() };
        }
        let made = |template: &Option<String>| {
            Url::parse(&page.fill(template.as_deref()?, address)?).ok().filter(|u| u.scheme().starts_with("http"))
        };
        match made(&page.ask) {
            Some(asked) => Treatment::Ask { address: asked, alternative: made(&page.alternative) },
            None => Treatment::Ask { address: address.clone(), alternative: made(&page.alternative) },
        }
    }

    /// The form of `address` that stands for all of its spellings, by the site's rule;
    /// the address itself when no rule speaks of it.
    pub fn canonical(&self, address: &Url) -> Url {
        if address.host_str() == Some("mp.weixin.qq.com")
            && let Some(short) = super::wechat::without_tokens(address)
        {
            return short;
        }
        self.find(address).map_or_else(|| address.clone(), |(_, page)| page.canonical(address))
    }

    /// What plays the film or the sound at `address` in a frame, where its site has that.
    pub fn player(&self, address: &Url) -> Option<Url> {
        let (_, page) = self.find(address)?;
        Url::parse(&page.fill(page.player.as_deref()?, address)?).ok().filter(|u| u.scheme().starts_with("http"))
    }

    /// The rule for the pages of an address, and the name of its site.
    pub(super) fn find(&self, address: &Url) -> Option<(Option<&str>, &PageRule)> {
        let host = address.host_str()?;
        let sites = |sites: &'_ [Site]| sites.iter().position(|s| s.hosts.iter().any(|h| is_host(h, host)));
        let site = match sites(&self.own) {
            Some(n) => &self.own[n],
            None => &self.built_in[sites(&self.built_in)?],
        };
        let page = site.pages.iter().find(|p| {
            p.path.as_ref().is_none_or(|r| r.is_match(address.path()))
                && (p.hosts.is_empty() || p.hosts.iter().any(|h| is_host(h, host)))
        })?;
        Some((site.site_name.as_deref(), page))
    }
}

fn is_host(pattern: &str, host: &str) -> bool {
    let host = host.strip_prefix("www.").unwrap_or(host);
    match pattern.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|h| h.ends_with('.')),
        None => pattern.strip_prefix("www.").unwrap_or(pattern) == host,
    }
}

impl PageRule {
    fn canonical(&self, address: &Url) -> Url {
        if let Some(template) = &self.canonical
            && let Some(url) = self.fill(template, address).and_then(|u| Url::parse(&u).ok())
        {
            return url;
        }
        let Some(keep) = &self.keep else { return address.clone() };
        let mut url = address.clone();
        url.set_fragment(None);
        let kept: Vec<(String, String)> =
            address.query_pairs().into_owned().filter(|(name, _)| keep.contains(name)).collect();
        if kept.is_empty() {
            url.set_query(None);
        } else {
            url.query_pairs_mut().clear().extend_pairs(kept);
        }
        url
    }

    /// A template with parts and parameters of an address in it; none when one is missing.
    fn fill(&self, template: &str, address: &Url) -> Option<String> {
        let parts = self.parts.as_ref().and_then(|r| r.captures(address.path()));
        let mut out = String::new();
        let mut rest = template;
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            let end = rest[at..].find('}')? + at;
            let encoded = |url: &Url| url::form_urlencoded::byte_serialize(url.as_str().as_bytes()).collect::<String>();
            match &rest[at + 1..end] {
                "address" => out.push_str(&encoded(address)),
                "canonical" => out.push_str(&encoded(&self.canonical(address))),
                name => match parts.as_ref().and_then(|p| p.name(name)) {
                    Some(part) => out.push_str(part.as_str()),
                    None => {
                        let (_, value) = address.query_pairs().find(|(n, v)| n == name && !v.is_empty())?;
                        out.extend(url::form_urlencoded::byte_serialize(value.as_bytes()));
                    }
                },
            }
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        Some(out)
    }
}

/// A file that is being read, and the mistakes found in it.
struct File<'f> {
    name: &'f str,
    errors: &'f mut Vec<RuleError>,
}

impl File<'_> {
    fn error(&mut self, place: Place, problem: impl Into<String>) {
        self.errors.push(RuleError {
            file: self.name.to_owned(),
            line: place.line,
            column: place.column,
            problem: problem.into(),
        });
    }

    fn text(&mut self, key: &Key, node: &Node) -> Option<String> {
        let text = node.as_str().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
        if text.is_none() {
            self.error(node.place, format!("`{}` is no text", key.name));
        }
        text
    }

    fn texts(&mut self, key: &Key, node: &Node) -> Vec<String> {
        match &node.value {
            Value::Seq(items) => items.iter().filter_map(|n| self.text(key, n)).collect(),
            _ => self.text(key, node).into_iter().collect(),
        }
    }

    fn pattern(&mut self, key: &Key, node: &Node) -> Option<Regex> {
        let text = self.text(key, node)?;
        match Regex::new(&text) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
                self.error(node.place, format!("`{}` is no pattern: {reason}", key.name));
                None
            }
        }
    }

    fn fields(&mut self, key: &Key, node: &Node) -> Vec<Field> {
        let mut fields = Vec::new();
        for text in self.texts(key, node) {
            for part in selectors(&text) {
                let (selector, attribute) = match part.rsplit_once('@') {
                    Some((selector, attribute)) if !attribute.contains([']', '"', '\'']) => {
                        (selector.trim(), Some(attribute))
                    }
                    _ => (part, None),
                };
                match (scraper::Selector::parse(selector), Matcher::new(selector)) {
                    (Ok(_), Ok(matcher)) => fields.push(Field { matcher, attribute: attribute.map(str::to_owned) }),
                    (Err(error), _) => self.error(node.place, format!("`{selector}` is no selector: {error}")),
                    (Ok(_), Err(_)) => self.error(node.place, format!("`{selector}` is no selector that is known")),
                }
            }
        }
        fields
    }
}

/// `a, b[c="d,e"]` as its parts.
fn selectors(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quote) = (0, 0usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|p| !p.is_empty());
    parts
}

fn site(name: &str, text: &str, errors: &mut Vec<RuleError>) -> Option<Site> {
    let mut file = File { name, errors };
    let root = match yaml::parse(text) {
        Ok(root) => root,
        Err(error) => {
            file.error(error.place, error.problem);
            return None;
        }
    };
    let Value::Map(pairs) = &root.value else {
        file.error(root.place, "a map with `hosts` is expected");
        return None;
    };
    let before = file.errors.len();
    let mut site = Site::default();
    let rest = rule(&mut file, pairs, true, &mut site);
    if site.hosts.is_empty() {
        file.error(root.place, "`hosts` is missing: the names of the hosts these rules are for");
    }
    site.pages.push(rest);
    (file.errors.len() == before).then_some(site)
}

fn rule(file: &mut File<'_>, pairs: &[(Key, Node)], top: bool, site: &mut Site) -> PageRule {
    let mut page = PageRule::default();
    for (key, node) in pairs {
        match key.name.as_str() {
            "hosts" => {
                let hosts: Vec<String> = file.texts(key, node).iter().map(|h| h.to_lowercase()).collect();
                if let Some(bad) = hosts.iter().find(|h| h.contains('/')) {
                    file.error(node.place, format!("`{bad}` is no host: write example.org"));
                }
                if top {
                    site.hosts = hosts;
                } else {
                    page.hosts = hosts;
                }
            }
            "site_name" if top => site.site_name = file.text(key, node),
            "pages" if top => match &node.value {
                Value::Seq(items) => {
                    for item in items {
                        match &item.value {
                            Value::Map(pairs) => {
                                let page = rule(file, pairs, false, site);
                                site.pages.push(page);
                            }
                            _ => file.error(item.place, "a page is a map of keys"),
                        }
                    }
                }
                _ => file.error(node.place, "`pages` is a list"),
            },
            "path" => page.path = file.pattern(key, node),
            "parts" => page.parts = file.pattern(key, node),
            "canonical" => page.canonical = file.text(key, node),
            "keep" => page.keep = Some(file.texts(key, node)),
            "ask" => page.ask = file.text(key, node),
            "alternative" => page.alternative = file.text(key, node),
            "link_only" => page.link_only = file.text(key, node),
            "player" => page.player = file.text(key, node),
            "title" => page.title = file.fields(key, node),
            "author" => page.author = file.fields(key, node),
            "date" => page.date = file.fields(key, node),
            "image" => page.image = file.fields(key, node),
            "content" => page.content = file.fields(key, node),
            "drop" => page.drop = file.fields(key, node),
            "film" => match node.as_str() {
                Some("true") => page.film = true,
                Some("false") => {}
                _ => file.error(node.place, "`film` is true or false"),
            },
            other => {
                let near = KEYS
                    .iter()
                    .max_by(|a, b| strsim::jaro_winkler(a, other).total_cmp(&strsim::jaro_winkler(b, other)));
                let hint = near
                    .filter(|n| strsim::jaro_winkler(n, other) > 0.8 && **n != other)
                    .map(|n| format!(", did you mean `{n}`?"))
                    .unwrap_or_default();
                file.error(key.place, format!("unknown key `{other}`{hint}"));
            }
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn films_have_players_by_all_of_their_addresses() {
        let rules = Rules::built_in();
        let youtube = "https://www.youtube-nocookie.com/embed/abcdefghijk";
        let bilibili = "https://player.bilibili.com/player.html?bvid=BV1xx411c7mD&autoplay=0";
        for (from, to) in [
            ("https://www.youtube.com/watch?v=abcdefghijk&t=3s", Some(youtube)),
            ("https://youtu.be/abcdefghijk?si=x", Some(youtube)),
            ("https://www.youtube.com/embed/abcdefghijk?rel=0", Some(youtube)),
            ("https://www.youtube-nocookie.com/embed/abcdefghijk", Some(youtube)),
            ("https://www.youtube.com/watch?list=x", None),
            ("https://www.youtube.com/@channel", None),
            ("https://vimeo.com/12345", Some("https://player.vimeo.com/video/12345?dnt=1")),
            ("https://player.vimeo.com/video/12345?title=0", Some("https://player.vimeo.com/video/12345?dnt=1")),
            ("https://www.bilibili.com/video/BV1xx411c7mD/?p=2", Some(bilibili)),
            ("https://player.bilibili.com/player.html?isOutside=true&bvid=BV1xx411c7mD", Some(bilibili)),
            ("https://www.bilibili.com/video/av170001", None),
            (
                "https://www.youtube.com/watch?v=%22%3E%3Cscript%3E",
                Some("https://www.youtube-nocookie.com/embed/%22%3E%3Cscript%3E"),
            ),
            ("https://example.org/watch?v=abcdefghijk", None),
        ] {
            assert_eq!(rules.player(&url(from)).as_ref().map(Url::as_str), to, "{from}");
        }
    }

    #[test]
    fn built_in_rules_are_read() {
        let mut errors = Vec::new();
        let read = BUILT_IN.iter().filter_map(|(file, text)| site(file, text, &mut errors)).count();
        assert!(read == BUILT_IN.len() && errors.is_empty(), "{errors:?}");
        let rules = Rules::built_in();
        for (from, to) in [
            ("https://arxiv.org/pdf/1706.03762v5.pdf", "https://arxiv.org/abs/1706.03762"),
            (
                "https://www.youtube.com/watch?v=abcdefghijk&t=3s&utm_source=x",
                "https://www.youtube.com/watch?v=abcdefghijk",
            ),
            ("https://youtu.be/abcdefghijk?si=x", "https://www.youtube.com/watch?v=abcdefghijk"),
            ("https://github.com/mosn/mosn/pull/12/files", "https://github.com/mosn/mosn/pull/12"),
            (
                "https://mp.weixin.qq.com/s?__biz=MzA==&mid=1&idx=2&sn=ab&chksm=x#rd",
                "https://mp.weixin.qq.com/s?__biz=MzA==&mid=1&idx=2&sn=ab",
            ),
            ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ] {
            assert_eq!(rules.canonical(&url(from)).as_str(), to);
        }
        assert!(matches!(rules.of(&url("https://zhuanlan.zhihu.com/p/1")), Treatment::LinkOnly { .. }));
        assert!(matches!(rules.of(&url("https://blog.csdn.net/a/article/details/1")), Treatment::LinkOnly { .. }));
        let Treatment::Ask { address, .. } = rules.of(&url("https://arxiv.org/pdf/1706.03762")) else { panic!() };
        assert_eq!(address.as_str(), "https://arxiv.org/abs/1706.03762");
        let Treatment::Ask { address, .. } = rules.of(&url("https://youtu.be/abcdefghijk")) else { panic!() };
        assert!(
            address
                .as_str()
                .starts_with("https://www.youtube.com/oembed?format=json&url=https%3A%2F%2Fwww.youtube.com")
        );
    }

    #[test]
    fn mistakes_have_places_and_own_rules_win() {
        let file = |text: &str| Rules::with(&[("x.yaml".to_owned(), text.to_owned())]);
        for (text, want) in [
            ("hosts: [a.org]\ntitel: h1\n", "x.yaml:2:1: unknown key `titel`, did you mean `title`?"),
            ("hosts: [a.org]\npages:\n  - path: '('\n", "x.yaml:3:11: `path` is no pattern: error: unclosed group"),
            ("title: h1\n", "x.yaml:1:1: `hosts` is missing: the names of the hosts these rules are for"),
            ("hosts: https://a.org/\n", "x.yaml:1:8: `https://a.org/` is no host: write example.org"),
        ] {
            assert_eq!(file(text).unwrap_err()[0].to_string(), want);
        }
        assert!(file("hosts: [a.org]\ncontent: 'a['\n").unwrap_err()[0].to_string().contains("is no selector"));
        let rules = file("hosts: ['*.zhihu.com']\nask: https://mirror.example/?u={address}\n").unwrap();
        assert!(matches!(rules.of(&url("https://zhuanlan.zhihu.com/p/1")), Treatment::Ask { .. }));
    }
}
