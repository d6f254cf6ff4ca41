//! Finds project names in text: whole words, in CJK text too.
//!
//! Built once from the configuration. Knows nothing of entries and decides
//! nothing: [`crate::classify`] weighs what is found, [`crate::source::digest`]
//! asks whether a line is a name.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::config::{AliasCase, AliasScope, Project};
use crate::normalize::text;

/// All names of all projects, ready to be searched.
#[derive(Debug)]
pub struct Names {
    automaton: AhoCorasick,
    patterns: Vec<Pattern>,
    titles: Vec<String>,
    /// Every name, folded.
    folded: HashSet<String>,
    /// Bytes of the longest name or phrase.
    longest: usize,
}

#[derive(Debug)]
struct Pattern {
    project: usize,
    text: String,
    scope: AliasScope,
    case: AliasCase,
    /// A phrase that never counts, instead of a name.
    mask: bool,
}

/// A name in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Index of the project in the configuration.
    pub project: usize,
    /// The text that matched.
    pub text: String,
    /// Where it starts, in bytes of the searched text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl Names {
    /// The names of `projects`. The first letter of a name decides nothing: case is
    /// folded unless the alias says otherwise.
    pub fn new(projects: &[Project]) -> Self {
        let mut patterns = Vec::new();
        for (n, project) in projects.iter().enumerate() {
            for alias in &project.aliases {
                patterns.push(Pattern {
                    project: n,
                    text: text::squeeze(&alias.name),
                    scope: alias.scope,
                    case: alias.case,
                    mask: false,
                });
            }
            for (phrase, _) in &project.not {
                patterns.push(Pattern {
                    project: n,
                    text: text::squeeze(phrase),
                    scope: AliasScope::Any,
                    case: AliasCase::Fold,
                    mask: true,
                });
            }
        }
        patterns.retain(|p| !p.text.is_empty());
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(patterns.iter().map(|p| small(&p.text).unwrap_or_else(|| p.text.clone())))
            .expect("names of a configuration fit into an automaton");
        let folded = patterns.iter().filter(|p| !p.mask).map(|p| text::fold(&p.text)).collect();
        let longest = patterns.iter().map(|p| p.text.len()).max().unwrap_or(0);
        Self { automaton, patterns, folded, longest, titles: projects.iter().map(|p| p.title.clone()).collect() }
    }

    /// Names that are titles and nothing else, for tests of other modules.
    #[cfg(test)]
    pub(crate) fn of_titles(titles: &[&str]) -> Self {
        use crate::config::{ConfigFile, ConfigFiles, load};
        let file = |name: &str, text: String| ConfigFile { path: std::path::PathBuf::from(name), text };
        let projects = titles
            .iter()
            .map(|t| file(&format!("{}.yaml", crate::entry::slug_like(t)), format!("title: {t}")))
            .collect();
        let site = file("feedloom.yaml", "url: https://feeds.example.org/".to_owned());
        Self::new(
            &load(&ConfigFiles { site, projects, overrides: None, words: Vec::new() })
                .expect("titles make a site")
                .projects,
        )
    }

    /// The title of a project.
    pub fn title(&self, project: usize) -> &str {
        &self.titles[project]
    }

    /// Names in running text.
    pub fn find(&self, haystack: &str) -> Vec<Found> {
        self.search(haystack, AliasScope::Any)
    }

    /// Names in a label line or a heading, where ambiguous ones count too.
    pub fn find_in_label(&self, haystack: &str) -> Vec<Found> {
        self.search(haystack, AliasScope::Label)
    }

    /// Whether `text` is a project's name and nothing else.
    pub fn is_name(&self, text: &str) -> bool {
        // Longer than any name a person would give: not worth folding.
        text.len() <= 200 && self.folded.contains(&text::fold(text)) && text.chars().any(char::is_alphanumeric)
    }

    /// Titles of the projects named in a label or heading, in the order of the text.
    pub fn titles_in(&self, text: &str) -> Vec<String> {
        self.find_in_label(text).into_iter().map(|f| self.titles[f.project].clone()).collect()
    }

    /// Every name and every phrase that never counts, in the order of [`Names::mark`]:
    /// the project, the text, whether it is such a phrase.
    pub fn written(&self) -> impl Iterator<Item = (usize, &str, bool)> {
        self.patterns.iter().map(|p| (p.project, p.text.as_str(), p.mask))
    }

    /// Marks what occurs in `haystack` as a whole word, wherever it would count.
    pub fn mark(&self, haystack: &str, marks: &mut [bool]) {
        let unified = unify_width(haystack);
        let haystack = unified.as_deref().unwrap_or(haystack);
        let folded = small(haystack);
        for hit in self.automaton.find_overlapping_iter(folded.as_deref().unwrap_or(haystack)) {
            let n = hit.pattern().as_usize();
            let exact =
                self.patterns[n].case == AliasCase::Fold || haystack[hit.start()..hit.end()] == self.patterns[n].text;
            if let Some(mark) = marks.get_mut(n).filter(|m| !**m && exact) {
                *mark = is_whole(haystack, hit.start(), hit.end());
            }
        }
    }

    fn search(&self, haystack: &str, scope: AliasScope) -> Vec<Found> {
        if self.patterns.is_empty() || haystack.is_empty() {
            return Vec::new();
        }
        let unified = unify_width(haystack);
        let haystack = unified.as_deref().unwrap_or(haystack);
        // In the order of their ends.
        let mut hits: Vec<(usize, usize, usize)> = Vec::new();
        let folded = small(haystack);
        for hit in self.automaton.find_overlapping_iter(folded.as_deref().unwrap_or(haystack)) {
            let pattern = &self.patterns[hit.pattern().as_usize()];
            let matched = &haystack[hit.start()..hit.end()];
            if pattern.case == AliasCase::Exact && matched != pattern.text {
                continue;
            }
            if is_whole(haystack, hit.start(), hit.end()) {
                hits.push((hit.start(), hit.end(), hit.pattern().as_usize()));
            }
        }
        let covers = |outer: &(usize, usize, usize), inner: &(usize, usize, usize)| {
            outer.0 <= inner.0 && inner.1 <= outer.1 && outer.1 - outer.0 > inner.1 - inner.0
        };
        // Those that may lie around it: a text may be one name a hundred thousand times.
        let around = |hit: &(usize, usize, usize)| {
            let (from, to) = (hits.partition_point(|h| h.1 < hit.1), hit.0 + self.longest);
            hits[from..].iter().take_while(move |h| h.1 <= to)
        };
        let mut found: Vec<Found> = Vec::new();
        for hit in &hits {
            let pattern = &self.patterns[hit.2];
            if pattern.mask || pattern.scope == AliasScope::Label && scope == AliasScope::Any {
                continue;
            }
            let masked = around(hit).any(|other| {
                let p = &self.patterns[other.2];
                if p.mask {
                    return p.project == pattern.project && other.0 <= hit.0 && hit.1 <= other.1;
                }
                // `rpc-sofa-boot-starter` is one name, not two.
                p.project != pattern.project
                    && covers(other, hit)
                    && !around(other)
                        .any(|h| self.patterns[h.2].project == pattern.project && h.0 == other.0 && h.1 == other.1)
            });
            if !masked {
                found.push(Found {
                    project: pattern.project,
                    text: haystack[hit.0..hit.1].to_owned(),
                    start: hit.0,
                    end: hit.1,
                });
            }
        }
        found.sort_by_key(|f| (f.start, f.project, f.end));
        found.dedup_by_key(|f| (f.start, f.project));
        found
    }
}

/// Full-width Latin letters as narrow ones, when there are any.
fn unify_width(text: &str) -> Option<String> {
    let wide = |c: char| ('\u{FF01}'..='\u{FF5E}').contains(&c);
    if !text.chars().any(|c| wide(c) && char::from_u32(c as u32 - 0xFEE0).is_some_and(|n| n.is_ascii_alphanumeric())) {
        return None;
    }
    Some(text.chars().map(|c| if wide(c) { char::from_u32(c as u32 - 0xFEE0).unwrap_or(c) } else { c }).collect())
}

/// Letters beyond ASCII as small ones, when there are any, each of as many bytes as before: `É`,
/// `Д`. The automaton folds the others.
fn small(text: &str) -> Option<String> {
    let fold = |c: char| {
        let mut lower = c.to_lowercase();
        lower.next().filter(|l| !c.is_ascii() && lower.next().is_none() && l.len_utf8() == c.len_utf8()).unwrap_or(c)
    };
    let any = !text.is_ascii() && text.chars().any(|c| fold(c) != c);
    any.then(|| text.chars().map(fold).collect())
}

/// A letter or digit of a script that separates words by blanks.
fn joins(c: char) -> bool {
    c.is_alphanumeric() && !is_cjk(c) || c == '_'
}

fn is_cjk(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}' | '\u{FF00}'..='\u{FFEF}')
}

fn is_whole(haystack: &str, start: usize, end: usize) -> bool {
    let first = haystack[start..].chars().next().is_some_and(joins);
    let last = haystack[..end].chars().next_back();
    let before = haystack[..start].chars().next_back();
    let after = haystack[end..].chars().next();
    if first && before.is_some_and(joins) {
        return false;
    }
    let Some(after) = after.filter(|c| joins(*c)) else {
        return true;
    };
    if !last.is_some_and(joins) {
        return true;
    }
    // `Seata1.4` is Seata: a version may follow without a blank.
    let is_letter = last.is_some_and(|c| c.is_alphabetic());
    is_letter && after.is_ascii_digit() && {
        let rest = haystack[end..].trim_start_matches(|c: char| c.is_ascii_digit());
        rest.strip_prefix('.').is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigFile, ConfigFiles, load};
    use std::path::PathBuf;

    fn names(files: &[(&str, &str)]) -> Names {
        let file = |name: &str, text: &str| ConfigFile { path: PathBuf::from(name), text: text.to_owned() };
        let projects = files.iter().map(|(n, t)| file(n, t)).collect();
        let site = file("feedloom.yaml", "url: https://feeds.example.org/");
        Names::new(&load(&ConfigFiles { site, projects, overrides: None, words: Vec::new() }).unwrap().projects)
    }

    fn in_text(names: &Names, text: &str) -> Vec<String> {
        names.find(text).into_iter().map(|f| format!("{}:{}", names.title(f.project), f.text)).collect()
    }

    #[test]
    fn names_are_whole_words_in_every_script() {
        let n = names(&[
            ("mosn.yaml", "title: MOSN\naliases: [{name: MoE, case: exact}]\nnot: [MOSN 社区会议室]"),
            ("tongsuo.yaml", "title: Tongsuo\naliases: [铜锁]"),
        ]);
        assert_eq!(in_text(&n, "使用MOSN和Tongsuo/铜锁实践"), ["MOSN:MOSN", "Tongsuo:Tongsuo", "Tongsuo:铜锁"]);
        assert_eq!(
            in_text(&n, "mosn-based, MOSN1.2, MOSNx, xMOSN, mosn_pkg, ＭＯＳＮ"),
            ["MOSN:mosn", "MOSN:MOSN", "MOSN:MOSN"]
        );
        assert_eq!(in_text(&n, "MoE moe"), ["MOSN:MoE"]);
        assert!(in_text(&n, "在 MOSN 社区会议室").is_empty());
    }

    #[test]
    fn case_is_folded_in_every_script() {
        let n =
            names(&[("a.yaml", "title: Éclair"), ("b.yaml", "title: Фонарь\naliases: [{name: ЛАМПА, case: exact}]")]);
        assert_eq!(
            in_text(&n, "we love éclair, ÉCLAIR and фонарь"),
            ["Éclair:éclair", "Éclair:ÉCLAIR", "Фонарь:фонарь"]
        );
        assert_eq!(in_text(&n, "ЛАМПА лампа"), ["Фонарь:ЛАМПА"]);
    }

    #[test]
    fn ambiguous_names_count_in_labels_only() {
        let n = names(&[("sofabolt.yaml", "title: SOFABolt\naliases: [{name: Bolt, where: label}]")]);
        assert!(in_text(&n, "a bolt from the blue").is_empty());
        assert_eq!(n.find_in_label("Bolt：").len(), 1);
        assert!(n.is_name("bolt") && n.is_name("SOFA Bolt") && !n.is_name("bolts"));
    }

    #[test]
    fn a_name_a_hundred_thousand_times_takes_no_time() {
        let n = names(&[
            ("a.yaml", "title: Wick"),
            ("b.yaml", "title: Wick Wick\nnot: [no Wick]"),
            ("c.yaml", "title: wick"),
        ]);
        let start = std::time::Instant::now();
        assert!(n.find(&"Wick ".repeat(100_000)).len() > 90_000);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn a_longer_name_of_another_project_wins() {
        let n = names(&[("a.yaml", "title: sofa-boot"), ("b.yaml", "title: rpc-sofa-boot-starter")]);
        assert_eq!(in_text(&n, "use rpc-sofa-boot-starter"), ["rpc-sofa-boot-starter:rpc-sofa-boot-starter"]);
    }
}
