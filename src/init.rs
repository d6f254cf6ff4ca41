//! Looks at an existing site and proposes what to write: `feedloom.yaml`,
//! `feeds/*.yaml`.
//!
//! Pure: names and texts of files come in, a [`Proposal`] goes out.
//! [`generators`] knows the conventions of site generators, [`digests`] tells which
//! posts are digests by their structure, [`projects`] finds what they speak of,
//! [`mod@write`] puts it into YAML. Nothing here reads a file or asks anybody: a fact
//! that no file tells is left open, and said.

pub mod digests;
pub mod generators;
pub mod projects;
pub mod settings;
pub mod translations;
pub mod write;

use std::collections::BTreeMap;

use crate::config::Slugify;
use crate::entry::Kind;

/// The host of the feeds where nothing tells it: in a domain that nobody can have.
pub const EXAMPLE_HOST: &str = "change-this.example";

/// What lies in a folder, as far as it tells anything.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Markdown files, by path below the folder.
    pub pages: Vec<Page>,
    /// Texts of the files that [`generators::is_setting`] asks for, by path.
    pub settings: BTreeMap<String, String>,
}

/// A Markdown file and what its front matter says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Path below the folder, with `/`.
    pub path: String,
    /// It has a date: in its front matter or its name.
    pub dated: bool,
    /// It has front matter.
    pub front: bool,
    /// Its front matter has a `slug`.
    pub slug: bool,
    /// Distance from UTC of its date, as written: `+08:00`.
    pub offset: Option<String>,
}

/// A program that makes a site from a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Generator {
    /// gohugo.io.
    Hugo,
    /// getzola.org.
    Zola,
    /// jekyllrb.com.
    Jekyll,
    /// hexo.io.
    Hexo,
    /// getpelican.com.
    Pelican,
    /// docusaurus.io.
    Docusaurus,
    /// rust-lang.github.io/mdBook.
    MdBook,
    /// 11ty.dev.
    Eleventy,
    /// vitepress.dev.
    VitePress,
    /// vuepress.vuejs.org.
    VuePress,
    /// mkdocs.org.
    MkDocs,
    /// quartz.jzhao.xyz.
    Quartz,
    /// astro.build.
    Astro,
    /// gatsbyjs.com.
    Gatsby,
    /// content.nuxt.com.
    Nuxt,
    /// nextjs.org.
    Next,
}

impl Generator {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Generator::Hugo => "Hugo",
            Generator::Zola => "Zola",
            Generator::Jekyll => "Jekyll",
            Generator::Hexo => "Hexo",
            Generator::Pelican => "Pelican",
            Generator::Docusaurus => "Docusaurus",
            Generator::MdBook => "mdBook",
            Generator::Eleventy => "Eleventy",
            Generator::VitePress => "VitePress",
            Generator::VuePress => "VuePress",
            Generator::MkDocs => "MkDocs",
            Generator::Quartz => "Quartz",
            Generator::Astro => "Astro",
            Generator::Gatsby => "Gatsby",
            Generator::Nuxt => "Nuxt",
            Generator::Next => "Next.js",
        }
    }
}

/// What was recognised.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Generators, and the file that tells of each.
    pub generators: Vec<(Generator, String)>,
    /// Title of the site.
    pub title: Option<String>,
    /// Address of the site; ends with `/`.
    pub url: Option<String>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// A zone, and who says so.
    pub timezone: Option<(String, String)>,
    /// Folders with posts.
    pub folders: Vec<Folder>,
    /// What a person should know: what could not be told or cannot be written.
    pub notes: Vec<String>,
}

/// A folder with posts.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    /// Path below the looked-at folder; empty for the folder itself.
    pub path: String,
    /// Template of a post's address.
    pub url: Option<String>,
    /// The template behind the site's address, when that is all that is known.
    pub rule: Option<String>,
    /// The path below which the site lies, where it is not the whole host: `/project/`.
    pub base: Option<String>,
    /// Who says so.
    pub url_from: String,
    /// Further hosts of the same site.
    pub hosts: Vec<String>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// Languages of `name.zh.md`, with the template of their addresses.
    pub languages: BTreeMap<String, Option<String>>,
    /// How names become addresses.
    pub slugify: Slugify,
    /// Posts in it; before it was listed, Markdown files.
    pub pages: usize,
    /// Which posts are digests.
    pub digests: Option<Digests>,
    /// Globs of files in it that are no posts.
    pub exclude: Vec<String>,
    /// Who is meant by a key of an author: the name, and an address.
    pub authors: BTreeMap<String, (String, Option<String>)>,
}

/// Which posts of a folder are digests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Digests {
    /// Any of these makes a post one; none means every post.
    pub when: Vec<Condition>,
    /// Posts that are written like digests.
    pub like: usize,
    /// Posts that the conditions choose.
    pub chosen: usize,
    /// Posts that the conditions choose and that are not written like digests.
    pub others: usize,
}

/// A condition of `digest.when`, and how many posts it chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `title`, `path` or a key of front matter.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Posts it chooses.
    pub posts: usize,
}

/// A post, read as if it were a digest.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// Index of its folder.
    pub folder: usize,
    /// Path below the folder.
    pub path: String,
    /// Its title.
    pub title: String,
    /// Categories and tags: key of the front matter (one of [`TERMS`]) and value.
    pub terms: Vec<(&'static str, String)>,
    /// Values among them that the generator divides at blanks.
    pub divided: Vec<String>,
    /// Letters and digits of its text.
    pub letters: usize,
    /// What it would be taken apart into.
    pub items: Vec<ReadItem>,
    /// Every web address in it, as written.
    pub addresses: Vec<String>,
}

/// Keys of categories and tags in front matter, those of categories first.
pub const TERMS: [&str; 4] = ["categories", "category", "tags", "tag"];

impl Read {
    /// Its categories and tags as its generator has them: the key and each value.
    pub fn tags(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.terms.iter().flat_map(|(key, value)| {
            let divided = self.divided.contains(value);
            let words = value.split_whitespace().filter(move |_| divided);
            words.chain(Some(value.as_str()).filter(|_| !divided)).map(|v| (*key, v))
        })
    }

    /// Its categories.
    pub fn categories(&self) -> impl Iterator<Item = &str> {
        self.tags().filter(|(key, _)| key.starts_with("categor")).map(|(_, value)| value)
    }
}

/// What one item of a digest says.
#[derive(Debug, Clone)]
pub struct ReadItem {
    /// What it is.
    pub kind: Kind,
    /// Its title.
    pub title: String,
    /// Names of its label lines, as written.
    pub labels: Vec<String>,
    /// Addresses that say what it is about.
    pub about: Vec<String>,
    /// Letters and digits of its text.
    pub letters: usize,
    /// Version, when it is a release.
    pub version: Option<String>,
    /// The outermost heading above it.
    pub section: String,
}

/// A project that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub title: String,
    /// The name counts in labels, headings and tags only.
    pub label_only: bool,
    /// Other spellings.
    pub aliases: Vec<String>,
    /// Address prefixes.
    pub addresses: Vec<String>,
    /// Its repository.
    pub home: Option<String>,
    /// Items with its label.
    pub labels: usize,
    /// Posts that link to its addresses.
    pub links: usize,
    /// Posts with its category or tag.
    pub tags: usize,
    /// Entries the proposed rules would put into its feed; known when they were tried.
    pub entries: usize,
}

/// Everything that would be written.
#[derive(Debug, Clone, Default)]
pub struct Proposal {
    /// What was recognised, as far as it is wanted.
    pub found: Found,
    /// Title of the feeds' site.
    pub title: String,
    /// Where the feeds will be served; ends with `/`.
    pub url: String,
    /// Nobody says where that is: the address is an example.
    pub url_is_example: bool,
    /// Start of ids.
    pub id_base: String,
    /// The projects, those with most entries first.
    pub projects: Vec<Project>,
}

/// A file to write: path below the looked-at folder, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Path with `/`.
    pub path: String,
    /// Text.
    pub text: String,
}
