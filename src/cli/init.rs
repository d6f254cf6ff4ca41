//! `feedloom init`: shows a proposal, asks on a terminal, writes.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::refresh::counted;
use super::terminal::{Terminal, argument, clean};
use super::{Common, status};
use crate::init::{Proposal, write};
use crate::normalize::text::{columns, cut};
use crate::run::init::{self, Looked};
use crate::run::{Moment, RunError};

/// Columns of a terminal, where a line can be made to fit.
const WIDTH: usize = 80;
/// Of these so many are numbers and what is between them.
const COUNTS: usize = 35;
/// Columns of a project's title.
const MOST_TITLE: usize = 24;
/// Columns of its other names and addresses, in a line that is too long whatever is done.
const LEAST_MORE: usize = 36;

/// `feedloom init`.
#[derive(Debug, Args)]
pub struct Options {
    /// The site's folder: its repository [default: that of --site, else this one]
    folder: Option<PathBuf>,
    /// Write what is proposed, without asking
    #[arg(short, long)]
    yes: bool,
    /// Write workflows that refresh, publish and check pull requests
    #[arg(long, value_name = "SERVICE")]
    ci: Option<Service>,
}

/// Who runs workflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Service {
    /// GitHub Actions and Pages
    Github,
}

/// Runs `init`.
pub fn init(common: &Common, options: &Options, moment: Moment, terminal: &mut Terminal) -> Result<u8, RunError> {
    let folder = match (&options.folder, &common.site) {
        (Some(folder), Some(site)) if folder != site => {
            terminal.error(&format!(
                "two folders: `{}` and `--site {}`: write `feedloom init {}`, with the folder of the blog; what is written goes into {}/ there",
                folder.display(),
                argument(&site.display().to_string()),
                argument(&folder.display().to_string()),
                write::FOLDER,
            ));
            return Ok(status::USAGE);
        }
        (Some(folder), _) | (None, Some(folder)) => folder,
        (None, None) => Path::new("."),
    };
    if let Some(there) = init::existing(folder) {
        let site = there.parent().unwrap_or(folder).display().to_string();
        terminal.error(&format!(
            "{} is there already: nothing was written. `feedloom --site {} check` tells what it does; move it away to begin anew",
            there.display(),
            argument(&site)
        ));
        return Ok(status::USAGE);
    }
    let looked = init::look(folder, moment, &mut |what, done, of| terminal.progress(what, done, of))?;
    terminal.clear();
    for problem in &looked.problems {
        terminal.problem(problem);
    }
    if looked.proposal.found.folders.is_empty() {
        terminal.error(&format!(
            "{}: no Markdown file below: give the folder of the site's sources, that of a repository for example",
            folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).display()
        ));
        return Ok(status::USAGE);
    }
    let mut proposal = looked.proposal.clone();
    let mut ci = options.ci.is_some();
    shown(&looked).iter().flat_map(|l| l.split('\n')).for_each(|line| terminal.say(line));
    let asks = !options.yes && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if asks {
        let wanted = ask(&mut proposal, &mut ci, &mut std::io::stdin().lock(), &mut std::io::stdout().lock());
        if wanted != Some(true) {
            terminal.say(if wanted.is_none() { "the input ended: nothing was written" } else { "nothing was written" });
            return Ok(status::DONE);
        }
    }
    let mut files = write::files(&proposal);
    if ci {
        files.extend(write::workflows());
    }
    if !asks && !options.yes {
        for file in &files {
            terminal.write(format!("--- {}\n", clean(&file.path)).as_bytes());
            file.text.lines().for_each(|line| terminal.result(&clean(line)));
        }
        terminal.say("nothing was written: --yes writes these files");
        return Ok(status::DONE);
    }
    let there = init::write(folder, &files)?;
    for path in &there {
        terminal.say(&format!("{path} is there already: left as it is"));
    }
    let at = folder.join(write::FOLDER);
    let at = argument(&clean(&at.display().to_string()));
    terminal.say(&format!("{} written. Next:", counted(files.len() - there.len(), "file", "files")));
    terminal.say(&format!("  feedloom --site {at} check"));
    terminal.say(&format!("  feedloom --site {at} refresh"));
    Ok(status::DONE)
}

/// The proposal for people.
fn shown(looked: &Looked) -> Vec<String> {
    let Looked { proposal, posts, read, alike, .. } = looked;
    let found = &proposal.found;
    let names: Vec<String> = found.generators.iter().map(|(g, p)| format!("{} ({p})", g.name())).collect();
    let what = if names.is_empty() { "no generator found".to_owned() } else { names.join(", ") };
    let mut lines = vec![format!("{what}; {}", counted(*posts, "post", "posts"))];
    if read < posts {
        lines.push(format!("{read} of them were read, evenly spread"));
    }
    for (n, folder) in found.folders.iter().enumerate() {
        let path = if folder.path.is_empty() { "." } else { &folder.path };
        let languages = folder.language.iter().chain(folder.languages.keys());
        let language: String = languages.map(|l| format!(", {l}")).collect();
        lines.push(format!("\n{path}: {}{language}", counted(folder.pages, "post", "posts")));
        match &folder.url {
            Some(url) => lines.push(format!("  addresses  {url}  ({})", folder.url_from)),
            None => {
                let rule =
                    folder.rule.as_ref().map_or(String::new(), |r| format!(", such as https://www.example.org/{r}"));
                lines.push(format!("  addresses  not known: write `posts.url`{rule}"));
            }
        }
        if !folder.hosts.is_empty() {
            lines.push(format!("  hosts      {}", folder.hosts.join(", ")));
        }
        match &folder.digests {
            Some(digests) if digests.when.is_empty() => {
                lines.push(format!("  digests    all: {} look like digests", digests.like))
            }
            Some(digests) => {
                lines.push(format!("  digests    {} ({} look like digests)", digests.chosen, digests.like));
                for c in &digests.when {
                    lines.push(format!("             {}: {}  ({})", c.key, c.value, counted(c.posts, "post", "posts")));
                }
            }
            None => lines.push(match alike.get(n).copied().unwrap_or(0) {
                0 => "  digests    none".to_owned(),
                1 => "  digests    none: 1 looks like a digest, too few to tell".to_owned(),
                few => format!("  digests    none: {few} look like digests, too few to tell"),
            }),
        }
    }
    let wide = proposal.projects.iter().map(|p| columns(&p.title)).max().unwrap_or(0).min(MOST_TITLE);
    if proposal.projects.is_empty() {
        lines.push("\nno projects found: write feeds/NAME.yaml for each; `all` is the feed until then".to_owned());
    } else {
        lines.push(format!("\n{}:", counted(proposal.projects.len(), "project", "projects")));
        lines.push(format!(
            "  {:>3}  {:wide$} {:>7} {:>6} {:>5} {:>4}  other names, addresses",
            "", "", "entries", "labels", "links", "tags"
        ));
    }
    for (n, p) in proposal.projects.iter().enumerate() {
        let title = cut(&p.title, wide);
        let pad = " ".repeat(wide.saturating_sub(columns(&title)));
        let more: Vec<&str> = p.aliases.iter().chain(&p.addresses).map(String::as_str).collect();
        let more = cut(&more.join(", "), WIDTH.saturating_sub(wide + COUNTS).max(LEAST_MORE));
        let line = format!(
            "  {:>3}  {title}{pad} {:>7} {:>6} {:>5} {:>4}  {more}",
            n + 1,
            p.entries,
            p.labels,
            p.links,
            p.tags
        );
        lines.push(line.trim_end().to_owned());
    }
    if !found.notes.is_empty() {
        lines.push(String::new());
        lines.extend(found.notes.iter().map(|n| format!("note: {n}")));
    }
    lines.push(format!(
        "\nfeeds at     {}{}",
        proposal.url,
        if proposal.url_is_example { "  (an example: nothing says where)" } else { "" }
    ));
    lines
}

/// Asks what a person may want otherwise; Enter takes the proposal. `None` when the
/// input ends, `false` when nothing is to be written.
fn ask(proposal: &mut Proposal, ci: &mut bool, input: &mut dyn BufRead, output: &mut dyn Write) -> Option<bool> {
    let mut asked = Asked { input, output };
    asked.say("\nEnter takes what stands in brackets.");
    proposal.title = asked.text("Title", &proposal.title)?;
    let url = asked.checked("Where will the feeds be served", &proposal.url, |t| {
        let url = url::Url::parse(t).ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.host().is_some());
        url.map(|_| if t.ends_with('/') { t.to_owned() } else { format!("{t}/") })
            .ok_or("an address is expected, such as https://feeds.example.org/")
    })?;
    if url != proposal.url {
        proposal.url_is_example = false;
        if let Some(host) = crate::init::generators::host_of(&url) {
            let year = proposal.id_base.split([',', ':']).nth(2).unwrap_or("").to_owned();
            proposal.id_base = format!("tag:{host},{year}:");
        }
        proposal.url = url;
    }
    let several = proposal.found.folders.len() > 1;
    let mut kept = Vec::new();
    for mut folder in std::mem::take(&mut proposal.found.folders) {
        let path = if folder.path.is_empty() { ".".to_owned() } else { folder.path.clone() };
        if several && !asked.yes(&format!("Take {path} ({})", counted(folder.pages, "post", "posts")), true)? {
            continue;
        }
        let known = folder.url.clone().unwrap_or_default();
        if let Some(rule) = folder.rule.as_ref().filter(|_| known.is_empty()) {
            asked.say(&format!("  known is what follows the site's address: {rule}"));
        }
        let url = asked.checked(&format!("Address of a post in {path}"), &known, |t| {
            let filled =
                crate::config::URL_FIELDS.iter().fold(t.to_owned(), |u, f| u.replace(&format!("{{{f}}}"), "x"));
            let fine =
                t.is_empty() || url::Url::parse(&filled).is_ok_and(|u| u.host().is_some()) && !filled.contains('{');
            fine.then(|| t.to_owned())
                .ok_or("such as https://www.example.org/blog/{slug}/, with {slug} {path} {year} {month} {day}")
        })?;
        if url != known {
            folder.url = Some(url);
            folder.url_from = "as you said".to_owned();
        }
        if let Some(digests) = &folder.digests
            && !asked.yes(&format!("Take {} apart as digests", counted(digests.chosen, "post", "posts")), true)?
        {
            folder.digests = None;
        }
        kept.push(folder);
    }
    proposal.found.folders = kept;
    let count = proposal.projects.len();
    if count > 0 {
        let none = asked.checked("Projects to leave out (numbers, such as 3 5-7)", "none", |t| {
            numbers(t, count).ok_or("numbers of the list above are expected, such as 3 5-7")
        })?;
        let mut n = 0;
        proposal.projects.retain(|_| {
            n += 1;
            !none.contains(&n)
        });
    }
    if !*ci {
        *ci = asked.yes("Write workflows for GitHub Actions and Pages", false)?;
    }
    asked.yes(&format!("Write {}/", write::FOLDER), true)
}

/// `3 5-7` as numbers from 1 to `most`; `none` is none.
fn numbers(text: &str, most: usize) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    if text.eq_ignore_ascii_case("none") {
        return Some(found);
    }
    for part in text.split([' ', ',', '，']).filter(|p| !p.is_empty()) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
        if from == 0 || to > most || from > to {
            return None;
        }
        found.extend(from..=to);
    }
    Some(found)
}

/// Questions and answers, a line each.
struct Asked<'a> {
    input: &'a mut dyn BufRead,
    output: &'a mut dyn Write,
}

impl Asked<'_> {
    fn say(&mut self, line: &str) {
        // Who cannot be asked any more ends the input, too.
        let _ = writeln!(self.output, "{}", line.split('\n').map(clean).collect::<Vec<_>>().join("\n"));
    }

    /// The answer, or `given` when it is empty; nothing when the input ended.
    fn text(&mut self, question: &str, given: &str) -> Option<String> {
        let _ = write!(self.output, "{} [{}]: ", clean(question), clean(given));
        let _ = self.output.flush();
        let mut line = String::new();
        if self.input.read_line(&mut line).ok()? == 0 {
            self.say("");
            return None;
        }
        let answer = clean(line.trim()).trim().to_owned();
        Some(if answer.is_empty() { given.to_owned() } else { answer })
    }

    /// Asks until the answer can be used.
    fn checked<T>(
        &mut self,
        question: &str,
        given: &str,
        check: impl Fn(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        loop {
            let answer = self.text(question, given)?;
            match check(&answer) {
                Ok(value) => return Some(value),
                Err(expected) => self.say(&format!("  {expected}")),
            }
        }
    }

    fn yes(&mut self, question: &str, given: bool) -> Option<bool> {
        self.checked(&format!("{question}?"), if given { "Y/n" } else { "y/N" }, |t| match t.to_lowercase().as_str() {
            "y/n" => Ok(given),
            "y" | "yes" | "是" | "好" => Ok(true),
            "n" | "no" | "否" | "不" => Ok(false),
            _ => Err("y or n is expected"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Slugify;
    use crate::init::{Digests, Folder, Found, Project};

    fn proposal() -> Proposal {
        let folder = |path: &str| Folder {
            path: path.to_owned(),
            url: None,
            rule: None,
            base: None,
            url_from: String::new(),
            hosts: Vec::new(),
            language: None,
            languages: std::collections::BTreeMap::new(),
            slugify: Slugify::Hugo,
            pages: 3,
            digests: Some(Digests { chosen: 3, ..Digests::default() }),
            exclude: Vec::new(),
            authors: std::collections::BTreeMap::new(),
        };
        let project = |slug: &str| Project {
            slug: slug.to_owned(),
            title: slug.to_owned(),
            label_only: false,
            aliases: Vec::new(),
            addresses: Vec::new(),
            home: None,
            labels: 0,
            links: 0,
            tags: 0,
            entries: 1,
        };
        Proposal {
            found: Found { folders: vec![folder("a"), folder("b")], ..Found::default() },
            title: "T".to_owned(),
            url: "https://feeds.example.org/".to_owned(),
            url_is_example: true,
            id_base: "tag:feeds.example.org,2026:".to_owned(),
            projects: ["p", "q", "r"].map(project).into(),
        }
    }

    fn answered(answers: &str) -> (Option<bool>, Proposal, bool, String) {
        let (mut proposal, mut ci, mut said) = (proposal(), false, Vec::new());
        let wanted = ask(&mut proposal, &mut ci, &mut answers.as_bytes(), &mut said);
        (wanted, proposal, ci, String::from_utf8(said).unwrap())
    }

    #[test]
    fn enter_takes_the_proposal() {
        let (wanted, got, ci, said) = answered(&"\n".repeat(20));
        assert_eq!((wanted, ci), (Some(true), false), "{said}");
        assert_eq!((got.found, got.projects), (proposal().found, proposal().projects));
    }

    #[test]
    fn answers_change_it() {
        let (wanted, got, ci, said) = answered(
            "Mine\nnowhere\nhttps://f.example.net/x\nn\n\nhttps://w.example.net/{slag}/\nhttps://w.example.net/{slug}/\nmaybe\nn\n9\n1,3-3\ny\ny\n",
        );
        assert_eq!((wanted, ci), (Some(true), true), "{said}");
        assert_eq!(got.title, "Mine");
        assert_eq!((got.url.as_str(), got.id_base.as_str()), ("https://f.example.net/x/", "tag:f.example.net,2026:"));
        assert_eq!(got.found.folders.len(), 1);
        assert_eq!(got.found.folders[0].url.as_deref(), Some("https://w.example.net/{slug}/"));
        assert_eq!(got.found.folders[0].digests, None);
        assert_eq!(got.projects.iter().map(|p| p.slug.as_str()).collect::<Vec<_>>(), ["q"]);
        for line in ["an address is expected", "y or n is expected", "numbers of the list above are expected"] {
            assert!(said.contains(line), "{line}: {said}");
        }
    }

    #[test]
    fn an_input_that_ends_writes_nothing() {
        assert_eq!(answered("Mine\n").0, None);
        assert_eq!(answered(&format!("{}n\n", "\n".repeat(10))).0, Some(false));
    }
}
