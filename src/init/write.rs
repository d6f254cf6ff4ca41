//! A proposal as the files a person would have written: commented, and nothing in them
//! that is a default.

#[cfg(test)]
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Digests, Folder, NewFile, Project, Proposal};
use crate::config::Slugify;

/// Folder of the new site, below the one that was looked at.
pub const FOLDER: &str = "feedloom";
/// The recipes that [`workflows`] fits to the folder.
const PAGES: &str = include_str!("../../docs/github-pages.yml");
const CHECK: &str = include_str!("../../docs/github-check.yml");

/// Every file of the site.
pub fn files(proposal: &Proposal) -> Vec<NewFile> {
    let file = |name: &str, text: String| NewFile { path: format!("{FOLDER}/{name}"), text };
    let mut files = vec![file("feedloom.yaml", site(proposal))];
    for project in &proposal.projects {
        files.push(file(&format!("feeds/{}.yaml", project.slug), of_project(project)));
    }
    // The ledger is kept: it remembers ids and first dates.
    files.push(file(".gitignore", "/public/\n/.feedloom/*\n!/.feedloom/ledger.jsonl\n".to_owned()));
    files
}

/// Workflows that refresh and publish, and that check pull requests.
pub fn workflows() -> Vec<NewFile> {
    let fit = |text: &str, head: &str| {
        let body = text.find("\nname:").map_or(text, |at| &text[at + 1..]);
        let body = body
            .replace(" .feedloom", &format!(" {FOLDER}/.feedloom"))
            .replace("feedloom refresh", &format!("feedloom --site {FOLDER} refresh"))
            .replace("feedloom check", &format!("feedloom --site {FOLDER} check"))
            .replace("path: public", &format!("path: {FOLDER}/public"));
        format!("{head}{body}")
    };
    let publish = "# Feeds: refreshed on every push and every hour, published on Pages. Choose \"GitHub Actions\"\n# as the source of Pages; where Pages shows the site already, publish feedloom/public/ elsewhere.\n# The ledger, which must not be forgotten, is kept on a branch of its own (feedloom-state).\n";
    let check = "# Says in a pull request what is wrong with its posts and feeds.\n";
    vec![
        NewFile { path: ".github/workflows/feeds.yml".to_owned(), text: fit(PAGES, publish) },
        NewFile { path: ".github/workflows/feeds-check.yml".to_owned(), text: fit(CHECK, check) },
    ]
}

fn site(proposal: &Proposal) -> String {
    let found = &proposal.found;
    let mut out = String::new();
    let from: Vec<String> = found.generators.iter().map(|(g, p)| format!("{} ({p})", g.name())).collect();
    let from = if from.is_empty() { "the posts alone".to_owned() } else { from.join(", ") };
    let _ = writeln!(out, "# Proposed by `feedloom init` from {}. Change what is wrong:", one_line(&from));
    out.push_str("# `feedloom check` tells of mistakes, `feedloom refresh` writes the feeds into public/.\n");
    for note in &found.notes {
        let _ = writeln!(out, "# Note: {}", one_line(note));
    }
    let _ = writeln!(out, "title: {}", scalar(&proposal.title));
    if proposal.url_is_example {
        out.push_str("# CHANGE THIS: where public/ will be served. Links of the feeds start here.\n");
    } else {
        out.push_str("# Where public/ will be served. Links of the feeds start here.\n");
    }
    let _ = writeln!(out, "url: {}", scalar(&proposal.url));
    // Ids of an example host would stay for ever; without this line the first run makes them of `url`.
    if !proposal.url_is_example {
        out.push_str("# How ids of entries begin. Never change it: feed readers remember ids.\n");
        let _ = writeln!(out, "id_base: {}", quoted(&proposal.id_base));
    }
    if let Some(language) = &found.language {
        let _ = writeln!(out, "language: {}", scalar(language));
    }
    match &found.timezone {
        Some((zone, from)) => {
            let _ = writeln!(out, "# For dates that name no zone, {}.", one_line(from));
            let _ = writeln!(out, "timezone: {}", quoted_if_number(zone));
        }
        None => {
            out.push_str("# For dates that name no zone; UTC unless it is written here.\n# timezone: Asia/Shanghai\n")
        }
    }
    out.push_str("\nposts:\n");
    for folder in &found.folders {
        of_folder(&mut out, folder);
    }
    out
}

fn of_folder(out: &mut String, folder: &Folder) {
    let up = if folder.path.is_empty() { "..".to_owned() } else { format!("../{}", folder.path) };
    let _ = writeln!(out, "  # {} {}", folder.pages, if folder.pages == 1 { "post" } else { "posts" });
    let _ = writeln!(out, "  - path: {}", scalar(&up));
    match &folder.url {
        Some(url) => {
            let _ = writeln!(out, "    # The address of a post, {}.", from(&folder.url_from));
            let _ = writeln!(out, "    url: {}", scalar(url));
        }
        None => {
            out.push_str(
                "    # CHANGE THIS: the address of a post on the site, with {slug} {path} {year} {month} {day}.\n",
            );
            let rule = folder.rule.as_deref().unwrap_or("blog/{slug}/");
            let _ = writeln!(out, "    # url: https://www.example.org/{rule}");
        }
    }
    // A person may have said another address.
    let below = |base: &&String| folder.url.as_deref().and_then(path_of).is_none_or(|p| p.starts_with(*base));
    if let Some(base) = folder.base.as_ref().filter(below) {
        out.push_str("    # The site lies below it, and addresses in front matter start there.\n");
        let _ = writeln!(out, "    base: {}", scalar(base));
    }
    if !folder.hosts.is_empty() {
        let hosts: Vec<String> = folder.hosts.iter().map(|h| scalar(h)).collect();
        let _ = writeln!(out, "    hosts: [{}]", hosts.join(", "));
    }
    if let Some(language) = &folder.language {
        let _ = writeln!(out, "    language: {}", scalar(language));
    }
    of_languages(out, folder);
    let slugify = match folder.slugify {
        Slugify::Hugo => None,
        Slugify::Zola => Some("zola"),
        Slugify::ZolaSafe => Some("zola-safe"),
        Slugify::Jekyll => Some("jekyll"),
        Slugify::Docusaurus => Some("docusaurus"),
        Slugify::GitHub => Some("github"),
        Slugify::Undated => Some("undated"),
        Slugify::Hexo => Some("hexo"),
        Slugify::None => Some("none"),
    };
    if let Some(slugify) = slugify {
        let _ = writeln!(out, "    slugify: {slugify}");
    }
    if !folder.exclude.is_empty() {
        let globs: Vec<String> = folder.exclude.iter().map(|g| quoted(g)).collect();
        let _ = writeln!(out, "    # Pages between the posts that are no posts.\n    exclude: [{}]", globs.join(", "));
    }
    if !folder.authors.is_empty() {
        out.push_str("    authors:\n");
        for (key, (name, url)) in &folder.authors {
            let person = match url {
                Some(url) => format!("{{name: {}, url: {}}}", quoted(name), quoted(url)),
                None => scalar(name),
            };
            let _ = writeln!(out, "      {}: {person}", scalar(key));
        }
    }
    if let Some(digests) = &folder.digests {
        of_digests(out, digests);
    }
}

/// Translations beside the posts.
fn of_languages(out: &mut String, folder: &Folder) {
    let known: Vec<_> = folder.languages.iter().filter_map(|(tag, url)| Some((tag, url.as_ref()?))).collect();
    if let Some((tag, _)) = known.first() {
        let _ = writeln!(out, "    # Addresses of translations: name.{tag}.md is a post with name.md.\n    languages:");
    }
    for (tag, url) in known {
        let _ = writeln!(out, "      {}: {}", scalar(tag), scalar(url));
    }
    for tag in folder.languages.iter().filter(|(_, url)| url.is_none()).map(|(tag, _)| tag) {
        let rule = folder.rule.as_deref().unwrap_or("blog/{slug}/");
        let _ = writeln!(out, "    # languages: {{{tag}: \"https://www.example.org/{tag}/{rule}\"}}");
    }
}

/// The path of an address template, up to its first field.
fn path_of(template: &str) -> Option<String> {
    let fixed = template.split('{').next()?;
    url::Url::parse(fixed).ok().map(|u| u.path().to_owned())
}

fn from(who: &str) -> String {
    let who = one_line(who);
    if who.starts_with("as ") { who } else { format!("as {who} has it") }
}

fn of_digests(out: &mut String, digests: &Digests) {
    let Digests { when, like, chosen, others } = digests;
    let otherwise = if *others > 0 { format!(", {others} of which look different") } else { String::new() };
    let _ = writeln!(out, "    # {like} posts look like digests. This takes {chosen} apart{otherwise}.");
    if when.is_empty() {
        out.push_str("    digest: {}\n");
        return;
    }
    out.push_str("    digest:\n      when:\n");
    for condition in when {
        let value = if condition.key == "title" || condition.key == "path" {
            quoted(&condition.value)
        } else {
            scalar(&condition.value)
        };
        let _ = writeln!(out, "        - {}: {value}  # {} posts", condition.key, condition.posts);
    }
}

fn of_project(project: &Project) -> String {
    let mut out = String::new();
    let counted = |n: usize, one: &str, many: &str| (n > 0).then(|| format!("{n} {}", if n == 1 { one } else { many }));
    let seen: Vec<String> = [
        counted(project.labels, "label line or release", "label lines and releases"),
        counted(project.links, "post links there", "posts link there"),
        counted(project.tags, "post with that category or tag", "posts with that category or tag"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let _ = writeln!(
        out,
        "# {}: {}.",
        counted(project.entries, "entry", "entries").unwrap_or_else(|| "no entry yet".to_owned()),
        seen.join(", ")
    );
    if project.slug.strip_prefix("topic-").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) {
        let _ = writeln!(
            out,
            "# The file's name is the feed's address, {}/: rename the file before people subscribe,\n# later write the old name into `formerly`.",
            project.slug
        );
    }
    let _ = writeln!(out, "title: {}", scalar(&project.title));
    if let Some(home) = &project.home {
        let _ = writeln!(out, "home: {}", scalar(home));
    }
    let mut names: Vec<String> = Vec::new();
    if project.label_only {
        names.push(format!("{{name: {}, where: label}}", scalar_in_flow(&project.title)));
    }
    names.extend(project.aliases.iter().map(|a| {
        if project.label_only { format!("{{name: {}, where: label}}", scalar_in_flow(a)) } else { scalar_in_flow(a) }
    }));
    if project.label_only {
        out.push_str("# A word like others: it counts in labels, headings and tags, not in any sentence.\n");
    }
    list(&mut out, "aliases", &names);
    let addresses: Vec<String> = project.addresses.iter().map(|a| scalar_in_flow(a)).collect();
    list(&mut out, "addresses", &addresses);
    if let Some(repository) = project.addresses.first().filter(|a| a.starts_with("github.com/")) {
        let _ = writeln!(out, "# Its releases as they come out:\n# sources: [https://{repository}/releases.atom]");
    }
    out
}

/// A list on one line, or on several when it gets long.
fn list(out: &mut String, key: &str, values: &[String]) {
    let line = format!("{key}: [{}]", values.join(", "));
    if values.is_empty() {
    } else if line.chars().count() <= 100 {
        let _ = writeln!(out, "{line}");
    } else {
        let _ = writeln!(out, "{key}:");
        for value in values {
            let _ = writeln!(out, "  - {value}");
        }
    }
}

fn one_line(text: &str) -> String {
    crate::normalize::text::line(text)
}

/// In double quotes, with JSON's escapes, which are YAML's too.
pub fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    // JSON leaves those as they are, YAML forbids them.
    let escaped = |c: char| if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    json.chars().map(escaped).collect()
}

/// A zone such as `+08:00` would be a number of base sixty to old readers.
fn quoted_if_number(text: &str) -> String {
    if text.starts_with(['+', '-']) { quoted(text) } else { scalar(text) }
}

/// As it is where YAML reads it as that text, else in quotes.
fn scalar(text: &str) -> String {
    let words = ["true", "false", "yes", "no", "on", "off", "null", "~", "y", "n"];
    let first = text.chars().next();
    let plain = first.is_some_and(|c| c.is_alphabetic() || c == '.' || c == '/')
        && text.chars().all(|c| c.is_alphanumeric() || " _-./+&{}:?=%~".contains(c))
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && !words.contains(&text.to_lowercase().as_str());
    if plain { text.to_owned() } else { quoted(text) }
}

/// The same inside of brackets, where braces and commas mean something.
fn scalar_in_flow(text: &str) -> String {
    let plain = scalar(text);
    if plain.contains(['{', '}', '?', ':']) && !plain.starts_with('"') { quoted(text) } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_reads_back() {
        for text in [
            "MOSN",
            "a: b",
            "#1",
            "yes",
            "C++",
            "*x",
            "中文 名",
            "it's",
            "\"q\"",
            "{slug}",
            "a, b",
            "- x",
            "1.10",
            "@x",
            "a #b",
            "https://x.example.org/{slug}/",
            "x:",
            "%TAG",
            "null",
            "a  b",
            "x\ny",
            "\u{85}\u{7f}\u{1b}",
            "!x",
            "&a",
            "back\\slash",
            "??",
            "~",
        ] {
            for (written, flow) in [(scalar(text), false), (scalar_in_flow(text), true), (quoted(text), true)] {
                let yaml = if flow { format!("k: [{written}, z]") } else { format!("k: {written}  # c") };
                let node = crate::yaml::parse(&yaml).unwrap_or_else(|e| panic!("{yaml}: {e}"));
                let value = node.get("k").unwrap();
                let got = match &value.value {
                    crate::yaml::Value::Seq(items) => items[0].as_str(),
                    _ => value.as_str(),
                };
                assert_eq!(got, Some(text), "{yaml}");
            }
        }
    }

    #[test]
    fn a_base_is_written_where_the_address_is_below_it() {
        let folder = |url: Option<&str>| Folder {
            path: "posts".to_owned(),
            url: url.map(str::to_owned),
            rule: None,
            base: Some("/sub/".to_owned()),
            url_from: "hugo.toml".to_owned(),
            hosts: Vec::new(),
            language: None,
            languages: Default::default(),
            slugify: Slugify::Hugo,
            pages: 1,
            digests: None,
            exclude: Vec::new(),
            authors: BTreeMap::new(),
        };
        for (url, written) in [
            (Some("https://x.example.org/sub/{slug}/"), true),
            (Some("https://x.example.org/{slug}/"), false),
            (Some("https://x.example.org/subway/{slug}/"), false),
            (None, true),
        ] {
            let mut out = String::new();
            of_folder(&mut out, &folder(url));
            assert_eq!(out.contains("    base: /sub/\n"), written, "{url:?}");
        }
    }

    #[test]
    fn recipes_fit_the_folder() {
        let files = workflows();
        assert_eq!(files.len(), 2);
        for file in &files {
            crate::yaml::parse(&file.text).unwrap_or_else(|e| panic!("{}: {e}", file.path));
            for line in file.text.lines().filter(|l| !l.trim_start().starts_with('#')) {
                let line = line.replace("feedloom --site feedloom ", "");
                let command = line.contains("feedloom refresh") || line.contains("feedloom check");
                assert!(!command && !line.contains(" .feedloom") && !line.contains("path: public"), "{line}");
            }
            assert!(file.text.contains("--site feedloom"), "{}", file.text);
        }
    }
}
