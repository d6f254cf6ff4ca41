//! Generators that make a page of every Markdown file, or leave addresses to a program: posts
//! lie among other pages, and only folders that are called so, or dated, hold them.

use super::super::settings::{assigned, assigned_list, block, read, text, without_comments};
use super::super::{Folder, Found, Generator};
use super::folders::{Rule, Site};
use super::is_example;
use super::layouts::{join, site_root};
use crate::config::{Slugify, is_language};

impl Site<'_> {
    /// Reads the settings of such a generator and tells whose they are.
    pub(super) fn read_pages(&self, file: &str, program: &str, path: &str, found: &mut Found) -> Option<Generator> {
        let own = without_comments(program);
        let generator = match file.split('.').next()? {
            "astro" => Generator::Astro,
            "gatsby-config" => Generator::Gatsby,
            "nuxt" => Generator::Nuxt,
            "next" => Generator::Next,
            "mkdocs" => {
                self.mkdocs(program, path, found);
                return Some(Generator::MkDocs);
            }
            "quartz" => {
                self.quartz(&own, path, found);
                return Some(Generator::Quartz);
            }
            "config" if path.contains(".vitepress/") => {
                self.vue(&own, path, ".vitepress/", found);
                return Some(Generator::VitePress);
            }
            "config" if path.contains(".vuepress/") => {
                self.vue(&own, path, ".vuepress/", found);
                return Some(Generator::VuePress);
            }
            _ => return None,
        };
        let before = found.clone();
        self.program(&own, path, generator, found);
        // A program that shows no posts is of no interest.
        if found.folders.len() == before.folders.len() {
            *found = before;
            return None;
        }
        Some(generator)
    }

    /// Title, address and language as a program assigns them.
    fn of_program(
        &self,
        own: &str,
        names: [&[&str]; 3],
        under: Option<&str>,
        found: &mut Found,
    ) -> (Option<String>, Option<String>) {
        let get = |names: &[&str]| names.iter().find_map(|n| assigned(own, n));
        let [title, address, language] = names.map(get);
        let under = under.unwrap_or("/").trim_matches('/').to_owned();
        let root = address.as_deref().and_then(site_root);
        let root = root
            .map(|r| if under.is_empty() || r.ends_with(&format!("/{under}/")) { r } else { format!("{r}{under}/") });
        found.title = found.title.take().or(title);
        found.url = found.url.take().or_else(|| root.clone());
        let language = language.filter(|l| is_language(l));
        found.language = found.language.take().or_else(|| language.clone());
        (root, language)
    }

    /// Astro, Gatsby, Nuxt, Next.js: the addresses of posts are what the site's own program makes
    /// of them.
    fn program(&self, own: &str, path: &str, generator: Generator, found: &mut Found) {
        let meta = block(own, "siteMetadata").or_else(|| block(own, "site")).unwrap_or(own);
        let base = assigned(own, "base").filter(|_| generator == Generator::Astro);
        let names: [&[&str]; 3] =
            [&["title", "name"], &["siteUrl", "site", "url", "hostname"], &["lang", "language", "defaultLocale"]];
        let (_, language) = self.of_program(meta, names, base.as_deref(), found);
        let content = ["src/content/", "src/data/", "content/", "src/pages/", "posts/", "data/", ""];
        let root = content.into_iter().find(|c| !self.posts_below(c).is_empty()).unwrap_or("");
        for folder in self.posts_below(root) {
            let how = if generator == Generator::Astro { Slugify::GitHub } else { Slugify::None };
            let mut made = self.folder(&folder, Rule::default(), how, path);
            made.exclude = self.partials(&folder);
            found.folders.push(Folder { language: language.clone(), ..made });
        }
        if !found.folders.is_empty() {
            found.notes.push(format!(
                "{path}: the site's own program makes the addresses of its posts: set `posts.url` by hand"
            ));
        }
    }

    /// VitePress and VuePress: a page has the path of its file.
    fn vue(&self, own: &str, path: &str, settings: &str, found: &mut Found) {
        let (base, _) = self.base.split_once(settings).unwrap_or((&self.base, ""));
        let site = Site { tree: self.tree, base: base.to_owned() };
        let under = assigned(own, "base");
        let names: [&[&str]; 3] = [&["title"], &["hostname", "siteUrl"], &["lang"]];
        let (root, language) = site.of_program(own, names, under.as_deref(), found);
        let source = assigned(own, "srcDir").unwrap_or_default().trim_matches(['/', '.']).to_owned();
        let source = if source.is_empty() { source } else { format!("{source}/") };
        let clean =
            own.split_once("cleanUrls").is_some_and(|(_, v)| v.trim_start_matches([' ', ':']).starts_with("true"));
        let ending = if clean { "" } else { ".html" };
        for folder in site.posts_below(&source) {
            let below = folder.strip_prefix(&source).unwrap_or(&folder);
            // What VuePress makes of dated drafts is said by its theme.
            let tail = if below.ends_with("_posts") {
                Err("_posts".to_owned())
            } else {
                Ok(format!("{below}/{{path}}{ending}"))
            };
            let url = join(found, root.as_deref(), "", tail, path);
            let made = site.folder(&folder, url, Slugify::None, path);
            found.folders.push(Folder { language: language.clone(), ..made });
        }
    }

    /// MkDocs, with the blog of Material where it is switched on.
    fn mkdocs(&self, settings: &str, path: &str, found: &mut Found) {
        // Read line by line: its tags for Python are no YAML that is read here.
        let get = |key: &str| {
            let value = settings.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':'))?;
            let value = value.split(" #").next().unwrap_or("").trim().trim_matches(['"', '\'']).to_owned();
            (!value.is_empty()).then_some(value)
        };
        let value = serde_json::json!({ "t": get("site_name"), "u": get("site_url").filter(|u| !is_example(u)) });
        found.title = found.title.take().or_else(|| text(&value, &["t"]));
        let root = text(&value, &["u"]).as_deref().and_then(site_root);
        found.url = found.url.take().or_else(|| root.clone());
        let docs = get("docs_dir").unwrap_or_else(|| "docs".to_owned()).trim_matches(['/', '.']).to_owned();
        let inner = |key: &str| {
            let value =
                settings.lines().find_map(|l| l.trim_start_matches([' ', '-']).strip_prefix(key)?.strip_prefix(':'));
            value.map(|v| v.trim().trim_matches(['"', '\'', '/']).to_owned()).filter(|v| !v.is_empty())
        };
        let blog = inner("blog_dir").unwrap_or_else(|| "blog".to_owned());
        let place = inner("post_dir").unwrap_or_else(|| "{blog}/posts".to_owned()).replace("{blog}", &blog);
        let posts = format!("{docs}/{}", place.trim_start_matches("./"));
        if settings.lines().any(|l| l.trim().trim_end_matches(':') == "- blog") && self.has(&format!("{posts}/")) {
            let place = if matches!(blog.as_str(), "." | "") { String::new() } else { format!("{blog}/") };
            let dated = inner("post_url_date_format").map(|f| format!("post_url_date_format: {f}"));
            let tail = match inner("post_url_format").as_deref() {
                None | Some("{date}/{slug}") if dated.is_some() => Err(dated.unwrap_or_default()),
                None | Some("{date}/{slug}") => Ok(format!("{place}{{year}}/{{month}}/{{day}}/{{slug_or_title}}/")),
                Some("{slug}") => Ok(format!("{place}{{slug_or_title}}/")),
                Some(other) => Err(other.to_owned()),
            };
            let url = join(found, root.as_deref(), "", tail, path);
            found.folders.push(self.folder(&posts, url, Slugify::GitHub, path));
            return;
        }
        for folder in self.posts_below(&format!("{docs}/")) {
            let below = folder.strip_prefix(&format!("{docs}/")).unwrap_or(&folder);
            let url = join(found, root.as_deref(), "", Ok(format!("{below}/{{path}}/")), path);
            found.folders.push(self.folder(&folder, url, Slugify::None, path));
        }
    }

    /// Quartz: a vault of notes, each of which is a page.
    fn quartz(&self, own: &str, path: &str, found: &mut Found) {
        let names: [&[&str]; 3] = [&["pageTitle"], &["baseUrl"], &["locale"]];
        let (root, language) = self.of_program(own, names, None, found);
        if !self.has("content/") {
            return;
        }
        let url = join(found, root.as_deref(), "", Ok("{path}".to_owned()), path);
        let made = self.folder("content", url, Slugify::None, path);
        let ignored = assigned_list(own, "ignorePatterns").into_iter().filter(|p| !p.starts_with('.') && !p.is_empty());
        let exclude = ignored.map(|p| if p.contains('*') { p } else { format!("{p}/**") }).collect();
        found.folders.push(Folder { language, exclude, ..made });
    }

    /// Files that begin with `_`, which are parts of other pages.
    fn partials(&self, folder: &str) -> Vec<String> {
        let is_part = |p: &str| p.rsplit('/').next().unwrap_or(p).starts_with('_');
        let any = self.pages(&format!("{folder}/")).any(is_part);
        if any { vec!["**/_*".to_owned()] } else { Vec::new() }
    }

    /// The homepage that `package.json` names.
    pub(super) fn homepage(&self) -> Option<String> {
        let json = read("package.json", self.setting("package.json")?).ok()?;
        text(&json, &["homepage"]).filter(|u| !is_example(u))
    }
}
