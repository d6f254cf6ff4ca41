//! Where a post is published, and every own address that means it.

use chrono::{DateTime, Datelike, FixedOffset, Utc};
use serde_json::Value;
use url::Url;

use super::front::Front;
use super::permalinks::{HUGO, JEKYLL, template};
use super::slugs::{PathNames, docusaurus_path, jekyll_title, slugify};
use super::{Context, Note, Weight, leading_heading};
use crate::config::Slugify;
use crate::entry::TRANSLATION;
use crate::normalize::{address, text};

/// The fields of an address template that a post fills in, each safe in a path.
pub(super) struct Fields {
    slug: String,
    path: String,
    title: String,
    slug_or_title: String,
    filename: String,
    folders: String,
    categories: String,
    /// Keys of the front matter that the template asks for, and what they say.
    front: Vec<(String, String)>,
    local: Option<DateTime<FixedOffset>>,
}

impl Fields {
    pub(super) fn new(
        front: &Front,
        body: &str,
        names: &PathNames,
        date: Option<DateTime<Utc>>,
        context: Context<'_>,
    ) -> Self {
        let how = context.folder.slugify;
        let part = |name: &str| segments(&slugify(name, how));
        let name = match how {
            Slugify::Hugo | Slugify::GitHub | Slugify::Hexo | Slugify::None => &names.stem,
            Slugify::Jekyll | Slugify::Zola | Slugify::ZolaSafe | Slugify::Docusaurus | Slugify::Undated => {
                &names.undated
            }
        };
        let own = front.one("slug");
        let given = own.as_deref().map(part).filter(|s| !s.is_empty());
        let named = || Some(part(name)).filter(|s| !s.is_empty());
        let slug = given.clone().or_else(named).unwrap_or_else(|| unique(names));
        // Zola takes the names of folders as they are: `Page::parse` joins `file.components`.
        let raw = matches!(how, Slugify::Zola | Slugify::ZolaSafe);
        let folder = |name: &String| if raw { segments(name) } else { part(name) };
        let folders: Vec<String> = names.folders.iter().map(folder).filter(|f| !f.is_empty()).collect();
        let folders = folders.join("/");
        let filename = Some(part(&names.stem)).filter(|f| !f.is_empty()).unwrap_or_else(|| unique(names));
        let title = if how == Slugify::Jekyll {
            segments(&jekyll_title(own.as_deref().unwrap_or(name)))
        } else {
            let heading = || leading_heading(body).filter(|_| how == Slugify::GitHub).map(str::to_owned);
            front.one("title").or_else(heading).map(|t| part(&t)).unwrap_or_default()
        };
        let title = Some(title).filter(|t| !t.is_empty()).unwrap_or_else(|| filename.clone());
        let categories: Vec<String> = categories(front).iter().map(|c| segments(c)).collect();
        let path = if how == Slugify::Docusaurus {
            given.clone().unwrap_or_else(|| segments(&docusaurus_path(&names.without_language)))
        } else {
            format!("{folders}/{slug}").trim_start_matches('/').to_owned()
        };
        Self {
            path,
            slug_or_title: given.unwrap_or_else(|| title.clone()),
            title,
            filename,
            categories: categories.join("/"),
            folders,
            front: context.folder.url.as_deref().map_or_else(Vec::new, |template| {
                let keys = crate::config::front_keys(template);
                keys.filter_map(|k| Some((k.to_owned(), segments(&front.one(k)?)))).collect()
            }),
            slug,
            local: date.map(|d| context.zone.to_local(d)),
        }
    }

    fn get(&self, field: &str) -> Option<String> {
        let number = |n: Option<u32>| n.map_or_else(|| "00".to_owned(), |n| format!("{n:02}"));
        Some(match field {
            "slug" => self.slug.clone(),
            "path" => self.path.clone(),
            "year" => self.local.map_or_else(|| "0000".to_owned(), |d| d.year().to_string()),
            "month" => number(self.local.map(|d| d.month())),
            "day" => number(self.local.map(|d| d.day())),
            "title" => self.title.clone(),
            "slug_or_title" => self.slug_or_title.clone(),
            "filename" => self.filename.clone(),
            "folders" => self.folders.clone(),
            "categories" => self.categories.clone(),
            // A post without the key has its name there, as generators do.
            _ => {
                let key = field.strip_prefix("front.")?;
                let said = self.front.iter().find(|(k, said)| k == key && !said.is_empty());
                said.map_or_else(|| self.slug.clone(), |(_, said)| said.clone())
            }
        })
    }

    /// The template with its fields filled in; none when there is no such field.
    fn text(&self, template: &str) -> Option<String> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once('{') {
            filled.push_str(before);
            let (field, after) = behind.split_once('}')?;
            filled.push_str(&self.get(field)?);
            rest = after;
        }
        filled.push_str(rest);
        Some(filled)
    }

    /// The address. A field that stands for nothing leaves no slash behind.
    fn fill(&self, template: &str) -> Option<Url> {
        let filled = self.text(template)?;
        let (scheme, mut path) = filled.split_once("://").map(|(s, p)| (s.to_owned(), p.to_owned()))?;
        while path.contains("//") {
            path = path.replace("//", "/");
        }
        Url::parse(&format!("{scheme}://{path}")).ok()
    }
}

/// Categories as Jekyll writes them into addresses: those of `categories`, where blanks
/// separate several, then that of `category`; lower case, each once (`Document#populate_categories`
/// and `UrlDrop#categories`).
fn categories(front: &Front) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let many = match front.values.get("categories") {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    for category in many.into_iter().chain(front.one("category")) {
        let category = category.trim().to_lowercase();
        if !category.is_empty() && !found.contains(&category) {
            found.push(category);
        }
    }
    found
}

/// Each part between slashes, escaped; one of dots alone would lead elsewhere.
fn segments(name: &str) -> String {
    let parts = name.split('/').filter(|s| s.contains(|c| c != '.'));
    let parts: Vec<String> = parts.map(address::encode_segment).collect();
    parts.join("/")
}

/// A name for a post of whose own name nothing can stand in an address.
fn unique(names: &PathNames) -> String {
    format!("post-{}", &blake3::hash(names.without_language.as_bytes()).to_hex()[..8])
}

/// Where the post is published: its own `url`, else the folder's template, else a page of ours.
pub(super) fn post_link(front: &Front, names: &PathNames, fields: &Fields, context: Context<'_>) -> (Url, Vec<Note>) {
    let mut notes = Vec::new();
    let templated = context.folder.url.as_ref().and_then(|t| fields.fill(t));
    let root = templated.clone().unwrap_or_else(|| context.site.clone());
    if context.folder.url.is_some()
        && let Some(own) = own_address(front, fields, context.folder.slugify, &mut notes)
        && let Some(url) = address::absolute(&below(&own, &context.folder.base), Some(&root))
    {
        return (url, notes);
    }
    if let Some(url) = templated.as_ref().filter(|u| u.path().contains(&unique(names))) {
        let problem = format!(
            "nothing of the name `{}` can stand in an address: write a `slug`; until then the post is {url}",
            text::cut(&front.one("slug").unwrap_or_else(|| names.stem.clone()), 40)
        );
        notes.push(Note::new(1, Weight::Problem, problem));
    }
    let link = templated.unwrap_or_else(|| {
        let name = format!("page/{}.html", page_name(&names.without_language, context.folder.page_mark.as_deref()));
        context.site.join(&name).unwrap_or_else(|_| context.site.clone())
    });
    (link, notes)
}

/// Pages of ours have names of so many characters at most.
const PAGE_NAME: usize = 60;

/// The name of the page of ours for the post at `path`: no two paths have one. A path
/// of letters and digits, with a date in front or not, is named by them, and one of
/// lower-case ASCII with hyphens by itself; any other gets a hash behind its letters, and
/// so does every one of a folder that is marked.
fn page_name(path: &str, mark: Option<&str>) -> String {
    let folded = text::fold(path);
    let short = path.chars().count() <= PAGE_NAME && mark.is_none();
    if short && !folded.is_empty() && path == dashed(&folded) {
        return folded;
    }
    if short && path.contains('-') && path != dashed(&folded) && path.bytes().all(is_plain) {
        return path.to_owned();
    }
    let kept: String = folded.chars().take(PAGE_NAME).collect();
    let kept = if kept.is_empty() { "post" } else { &kept };
    // No other name has a `_`.
    let whole = mark.map_or_else(|| path.to_owned(), |mark| format!("{mark}/{path}"));
    format!("{kept}_{}", &blake3::hash(whole.as_bytes()).to_hex()[..8])
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

/// A folded name that begins with a date as people write it: `20240630name` is
/// `2024-06-30-name`.
fn dashed(folded: &str) -> String {
    let date = folded.get(..8).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
    match date.filter(|d| chrono::NaiveDate::parse_from_str(d, "%Y%m%d").is_ok()) {
        Some(date) => {
            let (day, name) = (format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]), &folded[8..]);
            if name.is_empty() { day } else { format!("{day}-{name}") }
        }
        None => folded.to_owned(),
    }
}

/// The address that the front matter itself gives, as its generator completes it.
fn own_address(front: &Front, fields: &Fields, how: Slugify, notes: &mut Vec<Note>) -> Option<String> {
    let (key, own) = ["url", "permalink", "path"].iter().find_map(|k| Some((*k, front.one(k)?)))?;
    if own.starts_with("http://") || own.starts_with("https://") {
        return Some(own);
    }
    // Fields of a permalink, which Hugo and Jekyll know here, too.
    let words = match how {
        Slugify::Jekyll => &JEKYLL[..],
        Slugify::Hugo => &HUGO,
        Slugify::Zola
        | Slugify::ZolaSafe
        | Slugify::Docusaurus
        | Slugify::GitHub
        | Slugify::Undated
        | Slugify::Hexo
        | Slugify::None => &[],
    };
    let own = if own.contains([':', '{']) {
        match template(&own, words).and_then(|t| fields.text(&t).ok_or_else(|| own.clone())) {
            Ok(filled) => filled.replace("//", "/"),
            Err(field) => {
                let problem = format!(
                    "`{key}: {}` has fields that are not known (`{}`): the address is made of `posts.url` instead",
                    text::cut(&own, 60),
                    text::cut(&field, 60)
                );
                notes.push(Note::new(1, Weight::Problem, problem));
                return None;
            }
        }
    } else {
        own
    };
    let file = own.rsplit('/').next().is_some_and(|last| last.is_empty() || last.contains('.'));
    let folder = match how {
        // `Page::parse` ends every path so.
        Slugify::Zola | Slugify::ZolaSafe => key == "path" && !own.ends_with('/'),
        // `CreateTargetPaths` does where there is no extension.
        Slugify::Hugo => key == "url" && !file,
        Slugify::Jekyll | Slugify::Docusaurus | Slugify::GitHub | Slugify::Undated | Slugify::Hexo | Slugify::None => {
            false
        }
    };
    Some(if folder { format!("{own}/") } else { own })
}

/// An address of front matter below the path of the site.
fn below(own: &str, base: &str) -> String {
    if own.contains("://") { own.to_owned() } else { format!("{base}{}", own.trim_start_matches('/')) }
}

/// What the post is identified by, and every own address that means it.
pub(super) fn post_keys(
    front: &Front,
    names: &PathNames,
    link: &Url,
    fields: &Fields,
    context: Context<'_>,
) -> Vec<String> {
    let mut keys = vec![format!("post:{}", names.without_language)];
    let mut add = |url: &Url| {
        let key = address::key(url, context.hosts);
        if !keys.contains(&key) {
            keys.push(key);
        }
    };
    add(link);
    let mut aliases = front.many("aliases");
    aliases.extend(front.many("redirect_from"));
    for alias in aliases {
        // Without a slash they begin at the page; in Zola (`Site::render_alias`) never.
        let rooted = matches!(context.folder.slugify, Slugify::Zola | Slugify::ZolaSafe) || alias.starts_with('/');
        let alias = if rooted { below(&alias, &context.folder.base) } else { alias };
        if let Some(url) = address::absolute(&alias, Some(link)) {
            add(&url);
        }
    }
    // A folder deep down is published under its whole path by most generators.
    if let Some(template) = context.folder.url.as_ref().filter(|t| t.contains("{slug}") && !names.folders.is_empty())
        && let Some(url) = fields.fill(&template.replace("{slug}", "{path}"))
    {
        add(&url);
    }
    // Blogs of two sites know nothing of each other's keys: `en.example.org` and `zh.example.org` are one.
    let mut labels = link.host_str().unwrap_or("").rsplit('.');
    let site = [labels.next(), labels.next()].map(Option::unwrap_or_default).join(".");
    let key = front.one("translationkey").filter(|key| !matches!(key.as_str(), "true" | "false"));
    keys.extend(key.map(|key| format!("{TRANSLATION}{site}|{key}")));
    keys
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use crate::config::{PostsFolder, Zone};
    use crate::names::Names;
    use crate::normalize::address::Hosts;

    /// The address of a post with this front matter, and its notes.
    fn address(url: &str, base: &str, slugify: Slugify, path: &str, front: &str) -> (String, Vec<Note>) {
        let folder = PostsFolder {
            url: Some(format!("https://x.example.org{url}")),
            base: base.to_owned(),
            slugify,
            ..PostsFolder::new("_posts", crate::yaml::Place::default())
        };
        let context = Context {
            folder: &folder,
            zone: Zone::UTC,
            names: &Names::new(&[]),
            hosts: &Hosts::new(),
            site: &Url::parse("https://feeds.example.org/").unwrap(),
            language: None,
            date: None,
            others: None,
        };
        let post = read(format!("---\ndate: 2026-03-04\n{front}\n---\nText.\n").as_bytes(), path, context).unwrap();
        let link = post.link.unwrap();
        (link.strip_prefix("https://x.example.org").map_or(link.clone(), str::to_owned), post.notes)
    }

    #[test]
    fn addresses_of_front_matter_begin_at_the_base() {
        use Slugify::{Hugo, Jekyll, None, Zola};
        let cases = [
            (Zola, "path: own/place", "/sub/own/place/"),
            (Zola, "path: /own/Place/", "/sub/own/Place/"),
            (Jekyll, "permalink: /own/a/", "/sub/own/a/"),
            (Jekyll, "permalink: /own/a.html", "/sub/own/a.html"),
            (Hugo, "url: /own/address", "/sub/own/address/"),
            (Hugo, "url: rel/b.html", "/sub/rel/b.html"),
            (None, "permalink: https://other.example.org/a", "https://other.example.org/a"),
            (None, "title: a", "/sub/blog/name/"),
        ];
        for (how, front, want) in cases {
            assert_eq!(address("/sub/blog/{slug}/", "/sub/", how, "name.md", front).0, want, "{front}");
        }
        assert_eq!(address("/blog/{slug}/", "/", Zola, "name.md", "path: own/place").0, "/own/place/");
    }

    #[test]
    fn addresses_as_jekyll_makes_them() {
        let date = "/{categories}/{year}/{month}/{day}/{title}.html";
        let cases = [
            (date, "2026-03-04-Some_Name Here.md", "title: x", "/2026/03/04/Some_Name-Here.html"),
            (date, "2026-3-4-a.md", "categories: [Wick, Big News]", "/wick/big%20news/2026/03/04/a.html"),
            (
                date,
                "2026-03-04-a.md",
                "categories: 竹笋 News\ncategory: Big News",
                "/%E7%AB%B9%E7%AC%8B/news/big%20news/2026/03/04/a.html",
            ),
            (date, "2026-03-04-a.md", "slug: My Slug", "/2026/03/04/My-Slug.html"),
            ("/{slug}/", "2026-03-04-Some_Name.md", "title: x", "/some-name/"),
            ("/{slug}/", "2026-03-04-a.md", "permalink: /own/:year/:categories/:title:output_ext", "/own/2026/a.html"),
            ("/{slug}/", "2026-03-04-a.md", "permalink: /own/:y_day/", "/a/"),
        ];
        for (url, path, front, want) in cases {
            let (link, notes) = address(url, "/", Slugify::Jekyll, path, front);
            assert_eq!((link.as_str(), notes.len()), (want, usize::from(front.contains("y_day"))), "{path} {front}");
        }
        let (link, notes) =
            address("/{slug}/", "/", Slugify::Undated, "a.md", "permalink: \"/{{ title | slugify }}/\"");
        assert_eq!((link.as_str(), notes.len()), ("/a/", 1), "{notes:?}");
        let (_, notes) = address("/{slug}/", "/", Slugify::Jekyll, "a.md", "title: x");
        assert_eq!(notes[0].text, "no date before its name: for Jekyll a file of `_posts` is no post then");
        assert_eq!(address("/{slug}/", "/", Slugify::Hugo, "a.md", "slug: S s\nurl: /:year/:slug").0, "/2026/s-s/");
    }

    #[test]
    fn no_two_posts_have_one_page_of_ours() {
        for (path, name) in [
            ("hello", "hello"),
            ("中文", "中文"),
            ("2024-06-30", "20240630"),
            ("2024-06-30-hello", "20240630hello"),
            ("a-bc", "a-bc"),
            ("2024-06-30-hello-you", "2024-06-30-hello-you"),
        ] {
            assert_eq!(page_name(path, None), name);
        }
        let long = "a".repeat(61);
        let paths = [
            "abc",
            "a-bc",
            "ab-c",
            "a/bc",
            "ab/c",
            "a.bc",
            "ABC",
            "a_bc",
            "AB-c",
            "-abc",
            "20240630abc",
            "2024-06-30-abc",
            "2024-06-30abc",
            "！",
            "？",
            long.as_str(),
            &long[..60],
        ];
        let names: std::collections::BTreeSet<String> = paths.iter().map(|p| page_name(p, None)).collect();
        assert_eq!(names.len(), paths.len(), "{names:?}");
        assert!(names.iter().all(|n| !n.starts_with(['_', '-', '.']) || n == "-abc"), "{names:?}");
    }

    #[test]
    fn addresses_as_docusaurus_makes_them() {
        let cases = [
            ("2026-07-01-one.md", "title: x", "/d/news/2026/07/01/one"),
            ("2026-07-02-two.mdx", "slug: my-two", "/d/news/my-two"),
            ("2026-07-03-three/index.md", "title: x", "/d/news/2026/07/03/three"),
            ("four.md", "slug: /abs/four", "/d/news/abs/four"),
            ("five.md", "title: y", "/d/news/five"),
        ];
        for (path, front, want) in cases {
            assert_eq!(address("/d/news/{path}", "/", Slugify::Docusaurus, path, front).0, want, "{path}");
        }
    }

    #[test]
    fn fields_that_stand_for_nothing_leave_no_slash() {
        let url = "/{categories}/{folders}/{slug}/";
        assert_eq!(address(url, "/", Slugify::None, "name.md", "title: a").0, "/name/");
        assert_eq!(address(url, "/", Slugify::None, "x/y/name.md", "categories: A b").0, "/a/b/x/y/name/");
        assert_eq!(address(url, "/", Slugify::None, "name.md", "slug: ../a/./b..").0, "/a/b../");
        assert_eq!(address("/{title}/", "/", Slugify::Hugo, "！.md", "title: T").1, []);
        let (link, notes) = address(url, "/", Slugify::Hugo, "x/！.md", "slug: ？");
        assert!(link.starts_with("/x/post-") && link.len() == "/x/post-12345678/".len(), "{link}");
        assert!(notes[0].text.starts_with("nothing of the name `？` can stand in an address"), "{notes:?}");
    }
}
