//! Links from post to post as generators write them: `other.md`, `@/blog/other.md`, a
//! name in a shortcode. In feeds they are the address of that post.
//!
//! What leads to no post loses its link: the name of a source file is no address.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use url::Url;

use super::slugs::{language_tag, path_names};
use crate::config::PostsFolder;
use crate::normalize::address;
use crate::source::markdown::code::Code;
use crate::source::pattern::Pattern;

/// Endings of posts.
const MARKDOWN: [&str; 4] = [".md", ".markdown", ".mdx", ".mdown"];

/// Who knows the other posts.
pub trait Others: std::fmt::Debug {
    /// The address of the post that `written` leads to, in the post `path` of `folder`.
    /// `named`: it may leave out endings and folders.
    fn address(&self, folder: &str, path: &str, written: &str, named: bool) -> Option<Url>;
}

/// A link from post to post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// What it leads to, without fragment.
    pub written: String,
    /// A name, not the path of a file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub named: bool,
    /// The address of the post; none when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// The links of one post to others.
pub(super) struct Leads<'a> {
    pub(super) others: Option<&'a dyn Others>,
    pub(super) folder: &'a str,
    pub(super) path: &'a str,
    /// Each once.
    pub(super) found: Vec<Lead>,
    /// Those that lead to no post, with their line in the body.
    pub(super) dead: Vec<(usize, String)>,
    /// Places in `found`, by what is written and how.
    known: HashMap<(String, bool), usize>,
}

impl<'a> Leads<'a> {
    pub(super) fn new(others: Option<&'a dyn Others>, folder: &'a str, path: &'a str) -> Self {
        Self { others, folder, path, found: Vec::new(), dead: Vec::new(), known: HashMap::new() }
    }

    /// The address of what `written` leads to, with its fragment; nothing when it leads
    /// to no post, and as it is where nobody knows the others.
    pub(super) fn address(&mut self, written: &str, named: bool, line: usize) -> String {
        let Some(others) = self.others else { return written.to_owned() };
        let end = written.find(['#', '?']).unwrap_or(written.len());
        let (target, behind) = written.split_at(end);
        if target.is_empty() {
            return written.to_owned();
        }
        let is_new = !self.known.contains_key(&(target.to_owned(), named));
        match self.find(others, target, named) {
            Some(address) => format!("{address}{behind}"),
            None => {
                if is_new {
                    self.dead.push((line, written.to_owned()));
                }
                String::new()
            }
        }
    }

    /// The address of the post that `target` names.
    fn find(&mut self, others: &dyn Others, target: &str, named: bool) -> Option<String> {
        let known = self.known.entry((target.to_owned(), named)).or_insert_with(|| {
            let address = others.address(self.folder, self.path, target, named).map(String::from);
            self.found.push(Lead { written: target.to_owned(), named, address });
            self.found.len() - 1
        });
        let address = self.found[*known].address.as_ref();
        address.map(|a| a.replace('(', "%28").replace(')', "%29"))
    }

    /// `text` with links as notes of Obsidian and wikis have them, `[[Name of a post|words]]` and
    /// `![[picture.png]]`. What names no post stays as it is: it may be anything.
    pub(super) fn mend_wiki(&mut self, text: String) -> String {
        static LINK: Pattern =
            Pattern::new(r"(!?)\[\[([^\[\]|#\n]{1,200})(?:#[^\[\]|\n]{0,200})?(?:\\?\|([^\[\]|\n]{0,200}))?\]\]");
        const PICTURES: [&str; 7] = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif"];
        let Some(others) = self.others.filter(|_| text.contains("[[")) else { return text };
        let code = Code::of(&text);
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for found in LINK.captures_iter(&text) {
            let Some(whole) = found.get(0).filter(|m| !code.has(m.start())) else { continue };
            let (before, behind) = (&text[..whole.start()], &text[whole.end()..]);
            let (target, words) = (&found[2], found.get(3).map(|m| m.as_str()).filter(|w| !w.is_empty()));
            let is_loose = |text: &str| text.trim() != text;
            if before.ends_with(['\\', '[', '$'])
                || behind.starts_with(['(', '[', ']'])
                || is_loose(target)
                || words.is_some_and(is_loose)
            {
                continue;
            }
            let is_picture = PICTURES.iter().any(|ending| target.to_lowercase().ends_with(ending));
            let shown = if is_picture && !found[1].is_empty() {
                // `|300` and `|300x200` are how large it is.
                let is_size = |w: &&str| w.chars().all(|c| c.is_ascii_digit() || c == 'x');
                format!("![{}](<{target}>)", words.filter(|w| !is_size(w)).unwrap_or_default())
            } else {
                match self.find(others, target, true) {
                    // A reference may be called so, too.
                    Some(address) if !text.contains(&format!("[{target}]:")) => {
                        format!("[{}](<{address}>)", words.unwrap_or(target))
                    }
                    Some(_) | None => continue,
                }
            };
            out.push_str(&text[done..whole.start()]);
            out.push_str(&shown);
            done = whole.end();
        }
        out.push_str(&text[done..]);
        out
    }

    /// `text` with the addresses of posts in place of the names of their files. Lines
    /// stay where they are.
    pub(super) fn mend(&mut self, text: String) -> String {
        static LINK: Pattern = Pattern::new(
            r#"(?m)(?:\]\([ \t]*|^ {0,3}\[[^\]\n]+\]:[ \t]*)(<[^<>\n]+>|(?:[^\s()<>]|\([^\s()<>]*\))+)|\bhref[ \t]*=[ \t]*["']([^"'\n]*)["']"#,
        );
        if self.others.is_none() || !may_lead(&text) {
            return text;
        }
        let code = Code::of(&text);
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        let (mut line, mut counted) = (1, 0);
        for captures in LINK.captures_iter(&text) {
            let Some(place) = captures.get(1).or_else(|| captures.get(2)) else { continue };
            let written = place.as_str().trim_start_matches('<').trim_end_matches('>').trim();
            // Pelican's way to say that the name of a file follows.
            let written = ["{filename}", "|filename|"].iter().find_map(|p| written.strip_prefix(p)).unwrap_or(written);
            if !is_lead(written) || code.has(place.start()) {
                continue;
            }
            line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..place.start()]).count();
            counted = place.start();
            let address = self.address(written, false, line);
            out.push_str(&text[done..place.start()]);
            // An empty target is written in brackets, or the title behind it becomes one.
            let in_html = captures.get(2).is_some();
            out.push_str(if address.is_empty() && !in_html { "<>" } else { &address });
            done = place.end();
        }
        out.push_str(&text[done..]);
        out
    }
}

/// `text` with links and pictures that begin at the root of the site below `base`: Docusaurus puts
/// its `baseUrl` before them.
pub(super) fn below_base(text: String, base: &str) -> String {
    static ROOTED: Pattern = Pattern::new(r"\]\([ \t]*<?(/[^/\s()<>][^\s()<>]*)");
    if base == "/" || !text.contains("](") {
        return text;
    }
    let code = Code::of(&text);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for place in ROOTED.captures_iter(&text).filter_map(|c| c.get(1)) {
        let is_below = place.as_str().starts_with(base) || place.as_str() == base.trim_end_matches('/');
        if !code.has(place.start()) && !is_below {
            out.push_str(&text[done..place.start()]);
            out.push_str(base.trim_end_matches('/'));
            done = place.start();
        }
    }
    out.push_str(&text[done..]);
    out
}

/// `text` with Pelican's places of files as addresses: `{static}/images/a.png` lies below `base`,
/// `{attach}a.png` in the folder of the post.
pub(super) fn without_places(text: String, base: &str, folders: &[String]) -> String {
    static PLACE: Pattern = Pattern::new(r"(?:\{(?:static|attach)\}|\|(?:static|attach)\|)(/?)");
    if !text.contains("static") && !text.contains("attach") || !PLACE.is_match(&text) {
        return text;
    }
    let code = Code::of(&text);
    let folder: String = folders.iter().map(|f| format!("{f}/")).collect();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for found in PLACE.captures_iter(&text) {
        let Some(whole) = found.get(0).filter(|m| !code.has(m.start())) else { continue };
        out.push_str(&text[done..whole.start()]);
        out.push_str(base);
        if found[1].is_empty() {
            out.push_str(&folder);
        }
        done = whole.end();
    }
    out.push_str(&text[done..]);
    out
}

/// Whether any link may be one to a source file: most names of such files stand in
/// addresses of other sites.
fn may_lead(text: &str) -> bool {
    let begins = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '"' | '\'');
    let is_local = |at: usize| {
        // Longer than any address is no address.
        let mut before = text[..at].char_indices().rev().take(2_000);
        before.find(|(_, c)| begins(*c)).is_none_or(|(word, _)| !text[word..at].contains("://"))
    };
    // `.mdx` and `.mdown` begin with `.md`.
    ["@/", ".md", ".markdown"].iter().any(|mark| memchr::memmem::find_iter(text.as_bytes(), mark).any(is_local))
}

/// Whether an address in a post is the name of a source file.
fn is_lead(written: &str) -> bool {
    let path = &written[..written.find(['#', '?']).unwrap_or(written.len())];
    let scheme = path.split_once(':').is_some_and(|(s, _)| s.chars().all(|c| c.is_ascii_alphanumeric()));
    let lower = path.to_lowercase();
    path.starts_with("@/") || !scheme && !path.starts_with("//") && MARKDOWN.iter().any(|e| lower.ends_with(e))
}

/// Which files the posts folders have: what links are looked up in.
#[derive(Debug, Default)]
pub struct Shelves {
    shelves: Vec<Shelf>,
    /// Shelf and path of every post, by its name in lower case.
    names: HashMap<String, Vec<(usize, String)>>,
}

#[derive(Debug)]
struct Shelf {
    folder: String,
    parts: Vec<String>,
    /// Of files without a tag.
    language: Option<String>,
    files: BTreeSet<String>,
}

impl Shelves {
    /// Folders as the configuration has them, with the paths below them. `language` is
    /// that of the site.
    pub fn new<'f>(language: Option<&str>, folders: impl Iterator<Item = (&'f PostsFolder, Vec<String>)>) -> Self {
        let mut all = Self::default();
        for (n, (folder, files)) in folders.enumerate() {
            for file in &files {
                let name = path_names(file).stem.to_lowercase();
                all.names.entry(name).or_default().push((n, file.clone()));
            }
            let language = folder.language.as_deref().or(language).and_then(|l| l.split('-').next());
            all.shelves.push(Shelf {
                folder: folder.path.clone(),
                parts: plain(folder.path.split('/')),
                language: language.map(str::to_lowercase),
                files: files.into_iter().collect(),
            });
        }
        all
    }

    /// The file that `written` means in the post `path` of `folder`: number of its
    /// folder, and its path.
    pub fn find(&self, folder: &str, path: &str, written: &str, named: bool) -> Option<(usize, String)> {
        let written = address::percent_decode(written);
        let (target, rooted) = match ["@/", "@site/", "/"].iter().find_map(|p| written.strip_prefix(p)) {
            Some(inner) => (inner, true),
            None => (written.as_str(), false),
        };
        let own = self.shelves.iter().position(|s| s.folder == folder);
        let of_folder = own.and_then(|n| self.shelves[n].language.as_deref());
        let tags = match language_tag(path) {
            Some(tag) => [Some(tag), None],
            None => [None, of_folder],
        };
        let spellings = spellings(target.trim_end_matches('/'), tags, named);
        let mut found = None;
        if !rooted && let Some(own) = own {
            let above = path.rsplit_once('/').map_or("", |(f, _)| f);
            let start: Vec<&str> = self.shelves[own].parts.iter().map(String::as_str).chain(above.split('/')).collect();
            found = spellings.iter().find_map(|s| self.at(&plain(start.iter().copied().chain(s.split('/')))));
        }
        let order = || own.into_iter().chain((0..self.shelves.len()).filter(|n| Some(*n) != own));
        found
            .or_else(|| {
                let from_root = |s: &String| order().find_map(|n| self.below(n, &plain(s.split('/'))));
                spellings.iter().find_map(from_root)
            })
            .or_else(|| if named { self.by_name(target, path, own) } else { None })
    }

    /// A path from the site's folder on.
    fn at(&self, parts: &[String]) -> Option<(usize, String)> {
        self.shelves.iter().enumerate().find_map(|(n, shelf)| {
            let inner = parts.strip_prefix(shelf.parts.as_slice())?.join("/");
            shelf.files.contains(&inner).then_some((n, inner))
        })
    }

    /// A path from the root of the content on: it begins with the last folders of the
    /// shelf's path, or right below it.
    fn below(&self, n: usize, parts: &[String]) -> Option<(usize, String)> {
        let shelf = &self.shelves[n];
        (0..=shelf.parts.len()).find_map(|from| {
            let inner = parts.strip_prefix(&shelf.parts[from..])?.join("/");
            shelf.files.contains(&inner).then_some((n, inner))
        })
    }

    /// The only post of that name: in this folder, else anywhere.
    fn by_name(&self, target: &str, path: &str, own: Option<usize>) -> Option<(usize, String)> {
        let name = path_names(target.rsplit('/').next().unwrap_or(target)).stem.to_lowercase();
        let whole = target.rsplit('/').next().unwrap_or(target).to_lowercase();
        let all = self.names.get(&whole).or_else(|| self.names.get(&name))?;
        let tag = language_tag(path);
        let only = |some: Vec<&(usize, String)>| if let [one] = some[..] { Some(one.clone()) } else { None };
        let here = |f: &&(usize, String)| Some(f.0) == own;
        let alike = |f: &&(usize, String)| language_tag(&f.1) == tag;
        only(all.iter().filter(here).filter(alike).collect())
            .or_else(|| only(all.iter().filter(here).collect()))
            .or_else(|| only(all.iter().collect()))
    }
}

/// The ways in which a target may be spelled as a file: a name has no ending, and in a
/// translation it means the translation.
fn spellings(target: &str, tags: [Option<&str>; 2], named: bool) -> Vec<String> {
    let ending = MARKDOWN.iter().find(|e| target.to_lowercase().ends_with(*e));
    let mut all = Vec::new();
    let tags = tags.map(|t| t.map_or_else(String::new, |t| format!(".{t}")));
    if !named {
        all.push(target.to_owned());
    }
    match ending {
        Some(ending) => {
            let stem = &target[..target.len() - ending.len()];
            all.extend(tags.iter().map(|tag| format!("{stem}{tag}{ending}")));
            all.push(target.to_owned());
        }
        None if named => {
            for tag in tags {
                for ending in MARKDOWN {
                    all.push(format!("{target}{tag}{ending}"));
                    all.push(format!("{target}/index{tag}{ending}"));
                }
            }
        }
        None => {}
    }
    all
}

/// Parts of a path without `.` and, as far as that can be, without `..`.
fn plain<'s>(parts: impl Iterator<Item = &'s str>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for part in parts {
        match part {
            "" | "." => {}
            ".." if out.last().is_some_and(|p| p != "..") => {
                out.pop();
            }
            _ => out.push(part.to_owned()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_below_the_base() {
        let folders = ["2024".to_owned()];
        let text = "![a]({static}/images/a.png) [b]({attach}b.pdf) `{static}/c` |static|/d.png";
        let want = "![a](/p/images/a.png) [b](/p/2024/b.pdf) `{static}/c` /p/d.png";
        assert_eq!(without_places(text.to_owned(), "/p/", &folders), want);
        let text = "![a](/img/a.png) [b](/p/b) [c](//c.example/x) [d](</e>) [f](g) `[x](/y)` [p](/p)";
        let want = "![a](/p/img/a.png) [b](/p/b) [c](//c.example/x) [d](</p/e>) [f](g) `[x](/y)` [p](/p)";
        assert_eq!(below_base(text.to_owned(), "/p/"), want);
    }

    fn shelves() -> Shelves {
        let files = |paths: &[&str]| paths.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        let blog = files(&[
            "a.md", "b/index.md", "sub/c.md", "d.md", "d.zh.md", "e/index.en.md", "e/index.zh.md", "中文 一.md",
            "2024-01-02-x.md",
        ]);
        let folder = |path: &str| PostsFolder::new(path, crate::yaml::Place::default());
        let folders = [folder("../content/blog"), folder("../content/news")];
        let files = [blog, files(&["a.md", "n.markdown"])];
        Shelves::new(Some("en-US"), folders.iter().zip(files))
    }

    #[test]
    fn links_of_every_generator_are_found() {
        let shelves = shelves();
        let cases = [
            // Zola, Docusaurus
            ("a.md", "@/blog/sub/c.md", false, Some("blog/sub/c.md")),
            ("a.md", "@site/content/blog/b/index.md", false, Some("blog/b/index.md")),
            // from file to file
            ("sub/c.md", "../a.md", false, Some("blog/a.md")),
            ("sub/c.md", "./../b/index.md", false, Some("blog/b/index.md")),
            ("a.md", "../news/a.md", false, Some("news/a.md")),
            ("a.md", "%E4%B8%AD%E6%96%87%20%E4%B8%80.md", false, Some("blog/中文 一.md")),
            ("a.md", "/news/n.markdown", false, Some("news/n.markdown")),
            ("a.md", "a", false, None),
            ("a.md", "nothing.md", false, None),
            // Hugo's ref, with and without ending
            ("a.md", "d", true, Some("blog/d.md")),
            ("d.zh.md", "d", true, Some("blog/d.zh.md")),
            ("a.md", "e", true, Some("blog/e/index.en.md")),
            ("d.zh.md", "/blog/e/", true, Some("blog/e/index.zh.md")),
            ("d.zh.md", "a.md", true, Some("blog/a.md")),
            ("a.md", "/blog/b", true, Some("blog/b/index.md")),
            ("a.md", "blog/sub/c", true, Some("blog/sub/c.md")),
            ("a.md", "c", true, Some("blog/sub/c.md")),
            ("a.md", "n", true, Some("news/n.markdown")),
            ("a.md", "../news/n", true, Some("news/n.markdown")),
            ("a.md", "z", true, None),
            // Jekyll's post_url
            ("a.md", "2024-01-02-x", true, Some("blog/2024-01-02-x.md")),
        ];
        for (path, written, named, want) in cases {
            let got = shelves.find("../content/blog", path, written, named);
            let got = got.map(|(n, p)| format!("{}/{p}", ["blog", "news"][n]));
            assert_eq!(got.as_deref(), want, "{path}: {written}");
        }
    }

    #[derive(Debug)]
    struct One;

    impl Others for One {
        fn address(&self, _: &str, _: &str, written: &str, _: bool) -> Option<Url> {
            written.contains("good").then(|| Url::parse("https://e.org/good_(1)/").unwrap())
        }
    }

    #[test]
    fn links_are_mended_and_nothing_else() {
        let cases = [
            ("[x](good.md#part \"t\")", "[x](https://e.org/good_%281%29/#part \"t\")"),
            ("[x](<a good.md>) ![](good.png)", "[x](https://e.org/good_%281%29/) ![](good.png)"),
            ("[x](@/bad.md) `[x](good.md)`", "[x](<>) `[x](good.md)`"),
            ("[l]: good.md\n<a href=\"./bad.md\">", "[l]: https://e.org/good_%281%29/\n<a href=\"\">"),
            ("[x](https://h/good.md) good.md (good.md)", "[x](https://h/good.md) good.md (good.md)"),
            ("```\n[x](good.md)\n```", "```\n[x](good.md)\n```"),
        ];
        for (text, want) in cases {
            let mut leads = Leads::new(Some(&One), "p", "a.md");
            assert_eq!(leads.mend(text.to_owned()), want);
        }
        let mut leads = Leads::new(Some(&One), "p", "a.md");
        leads.mend("a\n[x](bad.md#f)".to_owned());
        assert_eq!(leads.dead, [(2, "bad.md#f".to_owned())]);
        assert_eq!(leads.found, [Lead { written: "bad.md".to_owned(), named: false, address: None }]);
    }
}
