//! One function a generator: its settings file into folders with address templates.

use serde_json::Value;

use super::super::settings::{assigned, assigned_list, block, read, text, without_comments};
use super::super::{Folder, Found, Generator};
use super::folders::{Rule, Site};
use super::permalinks::{hexo, pelican};
use super::{below, is_example};
use crate::config::{Slugify, is_language};
use crate::source::post::permalinks::{HUGO, JEKYLL, template};

impl Site<'_> {
    /// Reads a settings file and tells whose it is. What it says goes into `found`.
    pub(super) fn read(&self, file: &str, path: &str, found: &mut Found) -> Option<Generator> {
        let text_ = self.tree.settings.get(path)?;
        let lower = file.to_lowercase();
        let value = match lower.rsplit('.').next() {
            // Its tags for Python are no YAML that is read here.
            _ if lower.starts_with("mkdocs.") => Value::Null,
            Some("toml" | "yaml" | "yml" | "json") => match read(path, text_) {
                Ok(value) => value,
                Err(error) => {
                    found.notes.push(format!("{path} cannot be read: {error}"));
                    return None;
                }
            },
            _ => Value::Null,
        };
        let is_hugo_name = lower.starts_with("hugo.");
        let is_config = lower.starts_with("config.");
        if is_hugo_name || is_config && text(&value, &["baseurl"]).is_some() {
            self.hugo(&value, path, found);
            return Some(Generator::Hugo);
        }
        if lower == "zola.toml" || lower == "config.toml" && text(&value, &["base_url"]).is_some() {
            self.zola(&value, path, found);
            return Some(Generator::Zola);
        }
        match file {
            "_config.yml" | "_config.yaml" | "_config.toml" => {
                let hexo = self
                    .has(&format!("{}/_posts/", text(&value, &["source_dir"]).unwrap_or_else(|| "source".to_owned())))
                    || value.get("new_post_name").is_some()
                    || self.setting("package.json").is_some_and(|p| p.contains("\"hexo\""));
                let jekyll = below(self.tree, &self.base)
                    .any(|p| p.path[self.base.len()..].starts_with("_posts/") || p.path.contains("/_posts/"))
                    || ["plugins", "gems", "theme", "remote_theme", "permalink", "collections", "baseurl"]
                        .iter()
                        .any(|k| value.get(k).is_some());
                if hexo {
                    self.hexo(&value, path, found);
                    Some(Generator::Hexo)
                } else if jekyll {
                    self.jekyll(&value, path, found);
                    Some(Generator::Jekyll)
                } else {
                    None
                }
            }
            "pelicanconf.py" => {
                self.pelican(text_, path, found);
                Some(Generator::Pelican)
            }
            "book.toml" => {
                self.mdbook(&value, path, found);
                Some(Generator::MdBook)
            }
            "siteConfig.js" => {
                self.docusaurus(text_, path, found, true);
                Some(Generator::Docusaurus)
            }
            _ if file.starts_with("docusaurus.config.") => {
                self.docusaurus(text_, path, found, false);
                Some(Generator::Docusaurus)
            }
            _ if file == ".eleventy.js" || file.starts_with("eleventy.config.") => {
                self.eleventy(text_, path, found);
                Some(Generator::Eleventy)
            }
            _ => self.read_pages(file, text_, path, found),
        }
    }

    /// A folder without settings of a generator: what its names tell.
    pub(super) fn plain(&self, found: &mut Found) {
        let content = if self.has("content/") { "content/" } else { "" };
        let before = found.folders.len();
        for (language, root) in self.language_roots(content, &[]) {
            for section in self.sections(&root) {
                let section = format!("{root}{section}");
                let inner = self.posts_below(&format!("{section}/"));
                for path in if inner.is_empty() || section == root { vec![section] } else { inner } {
                    let folder = self.folder(&path, Rule::default(), Slugify::Hugo, "");
                    found.folders.push(Folder { language: language.clone(), ..folder });
                }
            }
        }
        if found.folders.len() == before {
            let all = content.trim_end_matches('/');
            found.folders.push(self.folder(all, Rule::default(), Slugify::Hugo, ""));
        }
        let text = "no settings of a site generator that is known here were found: check `posts.url` and `slugify`";
        found.notes.push(text.to_owned());
    }

    fn hugo(&self, value: &Value, path: &str, found: &mut Found) {
        // `config/_default/hugo.toml` stands for the folder above both.
        let base = self.base.strip_suffix("config/_default/").unwrap_or(&self.base).to_owned();
        let site = Site { tree: self.tree, base };
        let beside = |name: &str| {
            let found = ["toml", "yaml", "yml"].iter().find_map(|e| {
                let file = format!("{}{name}.{e}", self.base);
                self.tree.settings.get(&file).and_then(|t| read(&file, t).ok())
            });
            found.or_else(|| value.get(name).cloned()).unwrap_or(Value::Null)
        };
        let (languages, permalinks) = (beside("languages"), beside("permalinks"));
        if permalinks.is_array() {
            found.notes.push(format!("{path}: `permalinks` are a list, which is not read: check `posts.url`"));
        }
        self.own(found, value, &["title"], &["baseurl"], &["timezone"], path);
        let root = text(value, &["baseurl"]).as_deref().and_then(site_root);
        let default = text(value, &["defaultcontentlanguage"]);
        let in_subfolder = text(value, &["defaultcontentlanguageinsubdir"]).as_deref() == Some("true");
        let code = text(value, &["languagecode"]).or_else(|| text(value, &["locale"])).or_else(|| default.clone());
        let code = code.filter(|l| is_language(l));
        let of_default =
            default.as_ref().and_then(|d| text(&languages, &[d, "languagecode"])).filter(|l| is_language(l));
        found.language = found.language.take().or(of_default).or(code.clone());
        let names: Vec<String> = languages.as_object().map(|m| m.keys().cloned().collect()).unwrap_or_default();
        let content = text(value, &["contentdir"]).unwrap_or_else(|| "content".to_owned());
        let mut roots: Vec<(Option<String>, String)> = Vec::new();
        for name in &names {
            if let Some(folder) = text(&languages, &[name, "contentdir"]) {
                roots.push((Some(name.clone()), format!("{}/", folder.trim_matches('/'))));
            }
        }
        if roots.is_empty() {
            roots = site.language_roots(&format!("{}/", content.trim_matches('/')), &names);
        }
        let ugly = text(value, &["uglyurls"]).as_deref() == Some("true");
        for (language, folder) in roots {
            let own_root =
                language.as_ref().and_then(|l| text(&languages, &[l, "baseurl"])).as_deref().and_then(site_root);
            let other = language.is_some() && language != default && names.len() > 1 && default.is_some();
            let prefix = match &language {
                Some(l) if own_root.is_none() && (other || in_subfolder) => format!("{l}/"),
                None if in_subfolder => format!("{}/", default.as_deref().unwrap_or("en")),
                _ => String::new(),
            };
            let base_url = own_root.clone().or_else(|| root.clone());
            for section in site.sections(&folder) {
                let own = language.as_ref().and_then(|l| languages.get(l)).and_then(|l| l.get("permalinks"));
                let pattern = own.into_iter().chain([&permalinks]).find_map(|p| hugo_pattern(p, &section));
                let tail = match pattern {
                    None if section.is_empty() => Ok("{path}/".to_owned()),
                    None => Ok(format!("{section}/{{path}}/")),
                    Some(pattern) => site.hugo_tail(&pattern, &format!("{folder}{section}"), &section, found, path),
                };
                let tail = tail.map(|t| if ugly { format!("{}.html", t.trim_end_matches('/')) } else { t });
                let url = join(found, base_url.as_deref(), &prefix, tail, path);
                let mut made = site.folder(&format!("{folder}{section}"), url, Slugify::Hugo, path);
                made.language = match &language {
                    Some(l) if is_language(l) => Some(
                        text(&languages, &[l, "languagecode"]).filter(|c| is_language(c)).unwrap_or_else(|| l.clone()),
                    ),
                    _ => code.clone(),
                };
                if let (Some(own), Some(root)) = (&own_root, &root)
                    && let Some(host) = super::host_of(root)
                    && own != root
                {
                    super::add_host(&mut made, &host);
                }
                found.folders.push(made);
            }
        }
    }

    /// A permalink pattern of Hugo for the posts of a section. `:sections` are folders that
    /// have an `_index.md`; the first needs none.
    fn hugo_tail(
        &self,
        pattern: &str,
        folder: &str,
        section: &str,
        found: &mut Found,
        path: &str,
    ) -> Result<String, String> {
        let tail = template(pattern, &HUGO)?;
        let mut sections = section.to_owned();
        if tail.contains("{sections}") {
            let inner = format!("{}/", folder.trim_matches('/'));
            let pages: Vec<&str> = self.pages(&inner).collect();
            let above = |p: &str| p.rsplit_once('/').map(|(f, _)| f.to_owned());
            // The folder of a bundle is the post itself.
            let mut folders: Vec<String> = pages
                .iter()
                .filter(|p| !p.rsplit('/').next().is_some_and(|f| f.starts_with("_index.")))
                .filter_map(|p| {
                    let folder = above(p)?;
                    if p[folder.len()..].starts_with("/index.") { above(&folder) } else { Some(folder) }
                })
                .collect();
            folders.sort();
            folders.dedup();
            let is_section = |f: &String| pages.iter().any(|p| p.starts_with(&format!("{f}/_index.")));
            let with = folders.iter().filter(|f| is_section(f)).count();
            if with > 0 {
                sections = format!("{section}/{{folders}}");
            }
            if with > 0 && with < folders.len() || with == 0 && section.is_empty() && !folders.is_empty() {
                found.notes.push(format!(
                    "{path}: `:sections` are folders with an `_index.md`, {with} of {} folders have one: check `posts.url`",
                    folders.len()
                ));
            }
        }
        let tail = tail.replace("{sections}", &sections).replace("{section}", section).replace("//", "/");
        let tail = tail.trim_matches('/');
        // Hugo ends every address of a page so.
        Ok(if tail.rsplit('/').next().is_some_and(|l| l.contains('.')) { tail.to_owned() } else { format!("{tail}/") })
    }

    fn zola(&self, value: &Value, path: &str, found: &mut Found) {
        self.own(found, value, &["title"], &["base_url"], &["timezone"], path);
        let root = text(value, &["base_url"]).as_deref().and_then(site_root);
        let language = text(value, &["default_language"]).filter(|l| is_language(l));
        found.language = found.language.take().or(language.clone());
        let slugify = match text(value, &["slugify", "paths"]).as_deref() {
            Some("safe") => Slugify::ZolaSafe,
            Some("off" | "false") => Slugify::Undated,
            _ => Slugify::Zola,
        };
        if text(value, &["slugify", "paths_keep_dates"]).as_deref() == Some("true") {
            found.notes.push(format!(
                "{path}: `paths_keep_dates` keeps dates of file names in addresses, `{{slug}}` has none: set `posts.url` by hand where they differ"
            ));
        }
        for section in self.sections("content/") {
            let tail = if section.is_empty() { "{path}/".to_owned() } else { format!("{section}/{{path}}/") };
            let url = join(found, root.as_deref(), "", Ok(tail), path);
            let folder = self.folder(&format!("content/{section}"), url, slugify, path);
            found.folders.push(Folder { language: language.clone(), ..folder });
        }
    }

    fn jekyll(&self, value: &Value, path: &str, found: &mut Found) {
        self.own(found, value, &["title"], &["url"], &["timezone"], path);
        let language = text(value, &["lang"]).or_else(|| text(value, &["locale"])).map(|l| l.replace('_', "-"));
        let language = language.filter(|l| is_language(l));
        found.language = found.language.take().or(language.clone());
        let prefix = text(value, &["baseurl"]).unwrap_or_default().trim_matches('/').to_owned();
        let prefix = if prefix.is_empty() { prefix } else { format!("{prefix}/") };
        let root = text(value, &["url"]).as_deref().and_then(site_root).or_else(|| self.cname());
        if let Some(root) = root.as_ref().filter(|_| !prefix.is_empty()) {
            found.url = Some(format!("{root}{prefix}"));
        }
        let pattern = jekyll_pattern(value).unwrap_or_else(|| "date".to_owned());
        let pattern = match pattern.as_str() {
            "date" => "/:categories/:year/:month/:day/:title:output_ext",
            "pretty" => "/:categories/:year/:month/:day/:title/",
            "ordinal" => "/:categories/:year/:y_day/:title:output_ext",
            "weekdate" => "/:categories/:year/W:week/:short_day/:title:output_ext",
            "none" => "/:categories/:title:output_ext",
            other => other,
        };
        let tail = template(pattern, &JEKYLL).map(|t| t.trim_start_matches('/').to_owned());
        let source = text(value, &["source"]).map(|s| s.trim_matches(['/', '.']).to_owned()).filter(|s| !s.is_empty());
        let source = source.map_or(String::new(), |s| format!("{s}/"));
        let mut folders: Vec<String> = Vec::new();
        for page in below(self.tree, &self.base) {
            let inner = &page.path[self.base.len()..];
            if let Some(at) = inner.find("_posts/").filter(|at| *at == 0 || inner[..*at].ends_with('/'))
                && inner.starts_with(&source)
            {
                let folder = inner[..at + "_posts".len()].to_owned();
                if !folders.contains(&folder) {
                    folders.push(folder);
                }
            }
        }
        for folder in folders {
            // Folders above are categories, too: `Document#categories_from_path`.
            let above = folder.strip_prefix(&source).unwrap_or(&folder).trim_end_matches("_posts").to_lowercase();
            let tail = tail.clone().map(|t| t.replace("{categories}", &format!("{above}{{categories}}")));
            let rule = join(found, root.as_deref(), &prefix, tail, path);
            let base = Some(format!("{}{prefix}", rule.base.as_deref().unwrap_or("/"))).filter(|b| b != "/");
            let made = self.folder(&folder, Rule { base, ..rule }, Slugify::Jekyll, path);
            found.folders.push(Folder { language: language.clone(), ..made });
        }
    }

    fn hexo(&self, value: &Value, path: &str, found: &mut Found) {
        self.own(found, value, &["title"], &["url"], &["timezone"], path);
        let language = text(value, &["language"])
            .or_else(|| value.get("language").and_then(|l| l.get(0)).and_then(Value::as_str).map(str::to_owned))
            .filter(|l| is_language(l));
        found.language = found.language.take().or(language.clone());
        let root = text(value, &["url"]).as_deref().and_then(site_root);
        let pattern = text(value, &["permalink"]).unwrap_or_else(|| ":year/:month/:day/:title/".to_owned());
        let tail = hexo(&pattern).map(|t| t.trim_start_matches('/').to_owned());
        let no_index = text(value, &["pretty_urls", "trailing_index"]).as_deref() == Some("false");
        let no_html = text(value, &["pretty_urls", "trailing_html"]).as_deref() == Some("false");
        let tail = tail.map(|t| {
            let t = if no_index { t.trim_end_matches("index.html").to_owned() } else { t };
            if no_html { t.trim_end_matches(".html").to_owned() } else { t }
        });
        let source = text(value, &["source_dir"]).unwrap_or_else(|| "source".to_owned());
        let folder = format!("{}/_posts", source.trim_matches('/'));
        if self.has(&format!("{folder}/")) {
            let url = join(found, root.as_deref(), "", tail, path);
            // The lines of a paragraph are lines of the page, unless somebody switched that off.
            let joins = text(value, &["marked", "breaks"]).as_deref() == Some("false");
            let how = if joins { Slugify::None } else { Slugify::Hexo };
            let made = self.folder(&folder, url, how, path);
            found.folders.push(Folder { language, ..made });
        }
    }

    fn pelican(&self, program: &str, path: &str, found: &mut Found) {
        let own = without_comments(program);
        let published = self.setting("publishconf.py").map(|t| without_comments(t)).unwrap_or_default();
        let get = |name: &str| assigned(&published, name).or_else(|| assigned(&own, name));
        let address = get("SITEURL").filter(|u| !is_example(u));
        let value = serde_json::json!({ "t": get("SITENAME"), "u": address, "z": get("TIMEZONE") });
        self.own(found, &value, &["t"], &["u"], &["z"], path);
        let language = get("DEFAULT_LANG").filter(|l| is_language(l));
        found.language = found.language.take().or(language.clone());
        let content =
            get("PATH").unwrap_or_else(|| if self.has("content/") { "content".to_owned() } else { String::new() });
        let content = content.trim_matches(['/', '.']).to_owned();
        let pattern = get("ARTICLE_URL").unwrap_or_else(|| "{slug}.html".to_owned());
        let tail = pelican(pattern.trim_start_matches('/'));
        let by_name = get("SLUGIFY_SOURCE").as_deref() == Some("basename");
        let mut paths = assigned_list(&own, "ARTICLE_PATHS");
        paths.retain(|p| !p.is_empty());
        let paths = if paths.is_empty() { vec![String::new()] } else { paths };
        let root = address.as_deref().and_then(site_root);
        for sub in paths {
            let folder: Vec<&str> =
                [content.as_str(), sub.trim_matches('/')].into_iter().filter(|p| !p.is_empty()).collect();
            let folder = folder.join("/");
            let inner = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            if !self.has(&inner) {
                continue;
            }
            let url = join(found, root.as_deref(), "", tail.clone(), path);
            let mut made = self.folder(&folder, url, Slugify::Zola, path);
            if self.has(&format!("{inner}pages/")) {
                made.exclude = vec!["pages/**".to_owned()];
            }
            let titled = self.inner(&inner).any(|p| !p.slug);
            if titled && !by_name {
                found.notes.push(format!(
                    "{path}: addresses are made of titles, `posts.url` of file names: where they differ, write `Slug:` into the post"
                ));
            }
            found.folders.push(Folder { language: language.clone(), ..made });
        }
    }

    fn mdbook(&self, value: &Value, path: &str, found: &mut Found) {
        let address = text(value, &["output", "html", "cname"]).map(|c| format!("https://{c}/"));
        let under = text(value, &["output", "html", "site-url"]).unwrap_or_else(|| "/".to_owned());
        let repository = text(value, &["output", "html", "git-repository-url"]);
        // Where most books are: on the pages of their repository.
        let pages = repository.as_deref().and_then(|r| url::Url::parse(r).ok()).and_then(|u| {
            let (org, _) = crate::normalize::address::bare_repository(&u)?;
            (u.host_str() == Some("github.com")).then(|| format!("https://{}.github.io/", org.to_lowercase()))
        });
        let host = address.or_else(|| under.contains("://").then(|| under.clone())).or(pages);
        let root = host.as_deref().and_then(site_root).map(|r| {
            let under = if under.contains("://") { "" } else { under.trim_matches('/') };
            if under.is_empty() { r } else { format!("{r}{under}/") }
        });
        found.title = found.title.take().or_else(|| text(value, &["book", "title"]));
        found.url = found.url.take().or_else(|| root.clone());
        let language = text(value, &["book", "language"]).filter(|l| is_language(l));
        found.language = found.language.take().or(language.clone());
        let source = text(value, &["book", "src"]).unwrap_or_else(|| "src".to_owned());
        let source = source.trim_matches(['/', '.']).to_owned();
        let inner = if source.is_empty() { String::new() } else { format!("{source}/") };
        if self.has(&inner) {
            let url = join(found, root.as_deref(), "", Ok("{path}.html".to_owned()), path);
            let mut made = self.folder(&source, url, Slugify::None, path);
            // Its pages have no front matter.
            made.base = None;
            if self.pages(&inner).any(|p| p == "SUMMARY.md") {
                made.exclude = vec!["SUMMARY.md".to_owned()];
            }
            found.folders.push(Folder { language, ..made });
        }
    }

    fn docusaurus(&self, program: &str, path: &str, found: &mut Found, first: bool) {
        let own = without_comments(program);
        let address = assigned(&own, "url").filter(|u| !is_example(u));
        let under = assigned(&own, "baseUrl").unwrap_or_else(|| "/".to_owned()).trim_matches('/').to_owned();
        let root = address.as_deref().and_then(site_root);
        let root = root.map(|r| if under.is_empty() { r } else { format!("{r}{under}/") });
        found.title = found.title.take().or_else(|| assigned(&own, "title"));
        found.url = found.url.take().or_else(|| root.clone());
        let i18n = block(&own, "i18n").unwrap_or("");
        let default = assigned(i18n, "defaultLocale").filter(|l| is_language(l));
        found.language = found.language.take().or(default.clone());
        let blog = block(&own, "blog").unwrap_or("");
        let folder = assigned(blog, "path").unwrap_or_else(|| "blog".to_owned()).trim_matches(['/', '.']).to_owned();
        let route = assigned(blog, "routeBasePath").unwrap_or_else(|| "blog".to_owned()).trim_matches('/').to_owned();
        let route = if route.is_empty() { route } else { format!("{route}/") };
        let mut places = vec![(folder.clone(), String::new(), default.clone())];
        for locale in assigned_list(i18n, "locales").into_iter().filter(|l| Some(l) != default.as_ref()) {
            let translated = format!("i18n/{locale}/docusaurus-plugin-content-blog");
            places.push((translated, format!("{locale}/"), Some(locale).filter(|l| is_language(l))));
        }
        for (folder, prefix, language) in places {
            let inner = format!("{folder}/");
            if !self.has(&inner) {
                continue;
            }
            let (tail, slugify) = if first {
                ("{year}/{month}/{day}/{slug}.html", Slugify::Undated)
            } else {
                ("{path}", Slugify::Docusaurus)
            };
            let url = join(found, root.as_deref(), &prefix, Ok(format!("{route}{tail}")), path);
            let mut made = self.folder(&folder, url, slugify, path);
            // A `slug` begins where posts do; pictures and links begin at the site's.
            made.base = Some(format!("/{under}/")).filter(|_| !under.is_empty());
            found.folders.push(Folder { language, ..made });
        }
        if found.folders.is_empty() && self.has("docs/") {
            let docs = block(&own, "docs").unwrap_or("");
            let route =
                assigned(docs, "routeBasePath").unwrap_or_else(|| "docs".to_owned()).trim_matches('/').to_owned();
            let route = if route.is_empty() { route } else { format!("{route}/") };
            let url = join(found, root.as_deref(), "", Ok(format!("{route}{{path}}")), path);
            let made = self.folder("docs", url, Slugify::None, path);
            found.folders.push(Folder { language: default, ..made });
        }
    }

    fn eleventy(&self, program: &str, path: &str, found: &mut Found) {
        let own = without_comments(program);
        let input = block(&own, "dir").and_then(|d| assigned(d, "input")).unwrap_or_default();
        let input = input.trim_matches(['/', '.']).to_owned();
        let input = if input.is_empty() { input } else { format!("{input}/") };
        let data = ["metadata.js", "metadata.json", "metadata.yaml", "site.json", "site.js"].iter().find_map(|n| {
            let name = format!("_data/{n}");
            self.setting(&format!("{input}{name}")).or_else(|| self.setting(&name)).map(|t| without_comments(t))
        });
        let data = data.unwrap_or_default();
        let address = assigned(&data, "url").filter(|u| !is_example(u)).or_else(|| self.homepage());
        let value = serde_json::json!({ "t": assigned(&data, "title"), "u": address });
        self.own(found, &value, &["t"], &["u"], &["z"], path);
        let language = assigned(&data, "language").or_else(|| assigned(&data, "lang")).filter(|l| is_language(l));
        found.language = found.language.take().or(language.clone());
        let root = address.as_deref().and_then(site_root);
        // The starter keeps posts in a folder of the input that is called content.
        let content = format!("{input}content/");
        let input = if !input.starts_with("content") && self.has(&content) { content } else { input };
        for section in self.sections(&input) {
            let folder = format!("{input}{section}");
            let last = section.rsplit('/').next().unwrap_or(&section).to_owned();
            let own_rule = ["json", "11tydata.json", "11tydata.js"].iter().find_map(|e| {
                let text_ = self.setting(&format!("{folder}/{last}.{e}"))?;
                assigned(&without_comments(text_), "permalink")
            });
            // `fileSlug` and `filePathStem` are the name as it is.
            let filtered = own_rule.as_ref().is_some_and(|r| r.contains('|'));
            let slugify = if filtered { Slugify::Jekyll } else { Slugify::Undated };
            let tail = match own_rule {
                None if section.is_empty() => Ok("{path}/".to_owned()),
                None => Ok(format!("{section}/{{path}}/")),
                Some(rule) => eleventy_rule(&rule),
            };
            let url = join(found, root.as_deref(), "", tail, path);
            let made = self.folder(&folder, url, slugify, path);
            found.folders.push(Folder { language: language.clone(), ..made });
        }
    }

    /// Title, address and zone of the site, unless another generator told them.
    fn own(&self, found: &mut Found, value: &Value, title: &[&str], url: &[&str], zone: &[&str], path: &str) {
        found.title = found.title.take().or_else(|| text(value, title));
        let root = text(value, url).as_deref().and_then(site_root);
        found.url = found.url.take().or(root);
        let zone = text(value, zone).filter(|z| z.parse::<chrono_tz::Tz>().is_ok());
        found.timezone = found.timezone.take().or(zone.map(|z| (z, format!("as in {path}"))));
    }

    pub(super) fn setting(&self, name: &str) -> Option<&String> {
        self.tree.settings.get(&format!("{}{name}", self.base))
    }

    fn cname(&self) -> Option<String> {
        let host = self.setting("CNAME")?.lines().next()?.trim().to_lowercase();
        site_root(&format!("https://{host}/"))
    }
}

/// The pattern that Hugo's settings have for pages of a section; `/` is that of the root.
fn hugo_pattern(permalinks: &Value, section: &str) -> Option<String> {
    let section = if section.is_empty() { "/" } else { section };
    text(permalinks, &["page", section]).or_else(|| text(permalinks, &[section]))
}

/// The pattern that Jekyll's settings have for posts: defaults of front matter go first,
/// those for some folders only are not ours.
fn jekyll_pattern(value: &Value) -> Option<String> {
    let of_posts =
        |d: &&Value| text(d, &["scope", "path"]).is_none() && text(d, &["scope", "type"]).is_none_or(|t| t == "posts");
    let defaults = value.get("defaults").and_then(Value::as_array).into_iter().flatten();
    let mut found = defaults.filter(of_posts).filter_map(|d| text(d, &["values", "permalink"]));
    found
        .next_back()
        .or_else(|| text(value, &["collections", "posts", "permalink"]))
        .or_else(|| text(value, &["permalink"]))
}

/// Eleventy's permalinks are templates; those made of the file's name alone are ours too.
fn eleventy_rule(rule: &str) -> Result<String, String> {
    let mut text = rule.replace(' ', "");
    for name in
        ["{{page.fileSlug}}", "{{fileSlug}}", "{{page.fileSlug|slugify}}", "{{title|slugify}}", "{{title|slug}}"]
    {
        text = text.replace(name, "{slug}");
    }
    text = text.replace("{{page.filePathStem}}", "{path}");
    let text = text.trim_start_matches('/').trim_end_matches("index.html").to_owned();
    if text.contains("{{") || text.contains("{%") || text.contains("${") { Err(rule.to_owned()) } else { Ok(text) }
}

/// Address of a site with `/` at its end; nothing of an example.
pub(super) fn site_root(address: &str) -> Option<String> {
    let address = address.trim();
    let full = if let Some(rest) = address.strip_prefix("//") {
        format!("https://{rest}")
    } else if address.contains("://") {
        address.to_owned()
    } else if address.contains('.') && !address.starts_with('/') {
        format!("https://{address}")
    } else {
        return None;
    };
    let mut url =
        url::Url::parse(&full).ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.host().is_some())?;
    url.set_query(None);
    url.set_fragment(None);
    if is_example(url.as_str()) {
        return None;
    }
    let text = url.to_string();
    Some(if text.ends_with('/') { text } else { format!("{text}/") })
}

/// Root, prefix and the rest as one template; what cannot be one is told. The path of the
/// root is that below which addresses in front matter begin.
pub(super) fn join(
    found: &mut Found,
    root: Option<&str>,
    prefix: &str,
    tail: Result<String, String>,
    path: &str,
) -> Rule {
    let base = root.and_then(|r| url::Url::parse(r).ok()).map(|r| r.path().to_owned()).filter(|p| p != "/");
    match (root, tail) {
        (Some(root), Ok(tail)) => Rule { url: Some(format!("{root}{prefix}{tail}")), rule: None, base },
        (None, Ok(tail)) => Rule { url: None, rule: Some(format!("{prefix}{tail}")), base },
        (_, Err(field)) => {
            let note = format!(
                "{path}: `{field}` in the addresses of posts has no counterpart in `posts.url`: set it by hand"
            );
            if !found.notes.contains(&note) {
                found.notes.push(note);
            }
            Rule { base, ..Rule::default() }
        }
    }
}
