//! Finds the old item behind an edited one: a question that was put better, a post
//! that was moved, an address that was mended keep their ids.
//!
//! Old items are known by what the ledger says of them, so that a machine without a
//! store finds the same. Strongest first: the same text and kind; the same post
//! under a new name; within one post the most alike of a kind, by words and place.
//!
//! Nothing is matched that has a key of its own in the ledger, and each old item
//! once. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

/// How alike two texts have to be, of 1.
const ALIKE: f64 = 0.6;

/// How alike the titles of a post are that got another name, too.
const ALIKE_TITLES: f64 = 0.75;

/// Less is enough where something else says so too: the asker, or that each is the
/// only one of its kind and stands where the other stood.
const RATHER_ALIKE: f64 = 0.4;

/// How many lines apart two items stand at most to be at one place.
const NEAR_LINES: usize = 3;

/// Shorter texts (`link`, `notes`) are the same in many posts.
pub const TELLING: usize = 8;

/// What a key is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A post or a digest.
    Post,
    /// A question.
    Question,
    /// A release.
    Release,
    /// A task.
    Task,
    /// An event.
    Event,
    /// A piece of a digest that stands for itself.
    News,
    /// A page: an article or an entry of a source.
    Page,
}

impl Class {
    /// The class of a key.
    pub fn of(key: &str) -> Self {
        match key.split_once(':').map_or("", |(class, _)| class) {
            "post" => Self::Post,
            "question" => Self::Question,
            "release" => Self::Release,
            "task" => Self::Task,
            "event" => Self::Event,
            "news" => Self::News,
            _ => Self::Page,
        }
    }
}

/// An item: an old one that nothing stands for any more, or a new one without an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace<'a> {
    /// Its key.
    pub key: &'a str,
    /// Hash of its text.
    pub hash: &'a str,
    /// The beginning of what it says, folded.
    pub says: &'a str,
    /// The post it is in.
    pub post: &'a str,
    /// The line there.
    pub line: usize,
    /// Of a post: what it says, where that is known. Of old ones it is while there is a store.
    pub body: Option<Body<'a>>,
}

/// What a post says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body<'a> {
    /// Its date.
    pub published: Option<DateTime<Utc>>,
    /// The beginning of its text, folded.
    pub text: &'a str,
}

impl Body<'_> {
    /// Whether two posts with titles that are alike may be one.
    fn may_be(&self, other: &Self) -> bool {
        let of_one_date = self.published.is_some() && self.published == other.published;
        let says_nothing = self.text.is_empty() && other.text.is_empty();
        of_one_date || says_nothing || Pairs::of(self.text).likeness(&Pairs::of(other.text)) >= ALIKE
    }
}

impl Trace<'_> {
    fn class(&self) -> Class {
        Class::of(self.key)
    }

    fn is_post(&self) -> bool {
        self.class() == Class::Post
    }
}

/// For new items that are old ones: index of the new, index of the old.
pub fn pairs(old: &[Trace<'_>], new: &[Trace<'_>]) -> Vec<(usize, usize)> {
    let mut state = Pairing { old, new, of_new: BTreeMap::new(), used: HashSet::new() };
    state.same_text();
    state.same_posts();
    state.retitled_post();
    state.alike_in_one_post();
    state.of_new.into_iter().collect()
}

struct Pairing<'a> {
    old: &'a [Trace<'a>],
    new: &'a [Trace<'a>],
    of_new: BTreeMap<usize, usize>,
    used: HashSet<usize>,
}

impl<'a> Pairing<'a> {
    fn pair(&mut self, new: usize, old: usize) {
        self.of_new.insert(new, old);
        self.used.insert(old);
    }

    fn is_free(&self, new: usize, old: usize) -> bool {
        !self.of_new.contains_key(&new) && !self.used.contains(&old)
    }

    /// The same text and kind, anywhere; first where the post is the same.
    fn same_text(&mut self) {
        let mut by_text: HashMap<(Class, &str), Vec<usize>> = HashMap::new();
        for (n, trace) in self.old.iter().enumerate() {
            by_text.entry((trace.class(), trace.hash)).or_default().push(n);
        }
        for in_place in [true, false] {
            for n in 0..self.new.len() {
                let trace = &self.new[n];
                let found = by_text.get(&(trace.class(), trace.hash)).into_iter().flatten().copied().find(|o| {
                    let old = &self.old[*o];
                    let there = if in_place { old.post == trace.post } else { trace.says.chars().count() >= TELLING };
                    self.is_free(n, *o) && there && may_be(old, trace)
                });
                if let Some(o) = found {
                    self.pair(n, o);
                }
            }
        }
    }

    /// A post with the title of exactly one that went is that one under a new name.
    fn same_posts(&mut self) {
        let titled = |traces: &'a [Trace<'a>], free: &dyn Fn(usize) -> bool| {
            let mut titled: HashMap<&'a str, Vec<usize>> = HashMap::new();
            for (n, trace) in traces.iter().enumerate() {
                if trace.is_post() && !trace.says.is_empty() && free(n) {
                    titled.entry(trace.says).or_default().push(n);
                }
            }
            titled
        };
        let old = titled(self.old, &|o| !self.used.contains(&o));
        let new = titled(self.new, &|n| !self.of_new.contains_key(&n));
        for (title, news) in new {
            if let ([n], Some([o])) = (&news[..], old.get(title).map(Vec::as_slice)) {
                self.pair(*n, *o);
            }
        }
    }

    /// One post went and one came, whose titles differ by a word that was mended; the date or
    /// the text is the same, as far as that is known.
    fn retitled_post(&mut self) {
        let only = |traces: &'a [Trace<'a>], free: &dyn Fn(usize) -> bool| {
            let mut posts = (0..traces.len()).filter(|n| traces[*n].is_post() && free(*n));
            posts.next().filter(|_| posts.next().is_none())
        };
        let old = only(self.old, &|o| !self.used.contains(&o));
        let new = only(self.new, &|n| !self.of_new.contains_key(&n));
        let (Some(o), Some(n)) = (old, new) else { return };
        if let (Some(was), Some(is)) = (self.old[o].body, self.new[n].body)
            && !was.may_be(&is)
        {
            return;
        }
        let (was, is) = (self.old[o].says, self.new[n].says);
        if !counts_on(was, is) && Pairs::of(was).likeness(&Pairs::of(is)) >= ALIKE_TITLES {
            self.pair(n, o);
        }
    }

    /// Within a post, also one that was renamed: the most alike first.
    fn alike_in_one_post(&mut self) {
        let mut was: HashMap<&str, &str> = HashMap::new();
        for (n, o) in &self.of_new {
            if self.new[*n].is_post() {
                was.insert(self.new[*n].post, self.old[*o].post);
            }
        }
        let mut by_post: HashMap<(&str, Class), Vec<Candidate>> = HashMap::new();
        for (o, trace) in self.old.iter().enumerate().filter(|(o, t)| !t.is_post() && !self.used.contains(o)) {
            let candidate = Candidate { line: trace.line, old: o, says: Pairs::of(trace.says) };
            by_post.entry((trace.post, trace.class())).or_default().push(candidate);
        }
        by_post.values_mut().for_each(|of_post| of_post.sort_by_key(|c| (c.line, c.old)));
        let mut beside: HashMap<(&str, Class), usize> = HashMap::new();
        for trace in self.new {
            *beside.entry((trace.post, trace.class())).or_default() += 1;
        }
        let mut found: Vec<(f64, usize, usize, usize)> = Vec::new();
        for (n, trace) in self.new.iter().enumerate().filter(|(n, t)| !t.is_post() && !self.of_new.contains_key(n)) {
            let home = was.get(trace.post).copied().unwrap_or(trace.post);
            let candidates = by_post.get(&(home, trace.class())).map_or(&[][..], Vec::as_slice);
            let of_kind = candidates.len();
            let beside = beside.get(&(trace.post, trace.class())).copied().unwrap_or(0);
            let says = Pairs::of(trace.says);
            for &Candidate { old: o, says: ref said, .. } in near(candidates, trace.line) {
                let old = &self.old[o];
                if !may_be(old, trace) {
                    continue;
                }
                let alike = said.likeness(&says);
                let asker = trace.class() == Class::Question && asker(old.key) == asker(trace.key);
                let apart = old.line.abs_diff(trace.line);
                let alone = of_kind == 1 && beside == 1 && apart <= NEAR_LINES;
                let needed = if asker || alone { RATHER_ALIKE } else { ALIKE };
                if alike >= needed {
                    found.push((alike + f64::from(u8::from(asker)), apart, n, o));
                }
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2, a.3).cmp(&(b.1, b.2, b.3))));
        for (_, _, n, o) in found {
            if self.is_free(n, o) {
                self.pair(n, o);
            }
        }
    }
}

/// A release of another version is another release, a task on another page another task.
fn may_be(old: &Trace<'_>, new: &Trace<'_>) -> bool {
    match new.class() {
        Class::Release | Class::Task => tail(old.key) == tail(new.key),
        Class::Post | Class::Question | Class::Event | Class::News | Class::Page => true,
    }
}

/// `1.2.0` of `release:mosn|1.2.0`.
fn tail(key: &str) -> &str {
    key.split_once('|').map_or("", |(_, tail)| tail)
}

/// `alice` of `question:weekly/1|alice|why`.
fn asker(key: &str) -> &str {
    tail(key).split('|').next().unwrap_or("")
}

/// Whether two titles differ by a number: the second part is not the first one under a new
/// name. Roman numbers and `上`, `下` are numbers, too.
fn counts_on(was: &str, is: &str) -> bool {
    let (mut a, mut b): (Vec<char>, Vec<char>) = (was.chars().collect(), is.chars().collect());
    // What both begin and end with.
    for _ in 0..2 {
        let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
        a.drain(..same);
        b.drain(..same);
        a.reverse();
        b.reverse();
    }
    let is_number = |c: &char| c.is_ascii_digit() || "一二三四五六七八九十百零〇两上中下前后首终ivx".contains(*c);
    let mut differ = a.iter().chain(&b);
    differ.clone().all(is_number) || differ.any(char::is_ascii_digit)
}

/// An old item that a new one of the same post may be.
struct Candidate {
    line: usize,
    old: usize,
    says: Pairs,
}

/// Those that an item at that line is compared with, of all of a post, by line: every one of
/// few, of very many those around it.
fn near(candidates: &[Candidate], line: usize) -> &[Candidate] {
    if candidates.len() <= MOST_COMPARED {
        return candidates;
    }
    let at = candidates.partition_point(|c| c.line < line);
    let from = at.saturating_sub(MOST_COMPARED / 8);
    &candidates[from..candidates.len().min(at + MOST_COMPARED / 8)]
}

/// With more items of a kind in one post, only neighbours are compared: else the time would
/// grow with their square.
const MOST_COMPARED: usize = 256;

/// Pairs of neighbouring characters, sorted.
struct Pairs(Vec<(char, char)>);

impl Pairs {
    fn of(text: &str) -> Self {
        let mut pairs: Vec<(char, char)> = text.chars().zip(text.chars().skip(1)).collect();
        pairs.sort_unstable();
        Self(pairs)
    }

    /// Dice's coefficient: 1 for the same text, 0 for nothing in common.
    fn likeness(&self, other: &Self) -> f64 {
        let (a, b) = (&self.0, &other.0);
        if a.is_empty() || b.is_empty() {
            return 0.0;
        }
        let (mut i, mut k, mut common) = (0, 0, 0u32);
        while i < a.len() && k < b.len() {
            match a[i].cmp(&b[k]) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => k += 1,
                std::cmp::Ordering::Equal => {
                    (i, k, common) = (i + 1, k + 1, common + 1);
                }
            }
        }
        f64::from(2 * common) / (a.len() + b.len()) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace<'a>(key: &'a str, says: &'a str, post: &'a str, line: usize) -> Trace<'a> {
        Trace { key, hash: key, says, post, line, body: None }
    }

    #[test]
    fn a_question_that_was_put_better_is_the_same_question() {
        let old = [
            trace("question:w1|alice|whydosemosnrestart", "whydosemosnrestarteverynight", "w1", 1),
            trace("question:w1|bob|howtobuild", "howtobuildlayotto", "w1", 2),
        ];
        let new = [
            trace("question:w1|alice|pleasewhydoes", "pleasewhydoesmosnrestarteverynight", "w1", 2),
            trace("question:w1|carol|whatis", "whatisseata", "w1", 1),
        ];
        assert_eq!(pairs(&old, &new), [(0, 0)]);
    }

    #[test]
    fn a_post_that_was_moved_takes_its_items_along() {
        let old = [trace("post:a/w1", "weekly1", "a/w1", 0), trace("question:a/w1|x|abcdef", "abcdefgh", "a/w1", 1)];
        let new = [trace("post:b/w1", "weekly1", "b/w1", 0), trace("question:b/w1|x|abcdef", "abcdefgh", "b/w1", 1)];
        assert_eq!(pairs(&old, &new), [(0, 0), (1, 1)]);
    }

    #[test]
    fn another_version_is_another_release() {
        let old = [trace("release:mosn|1.2.0", "mosn120", "w1", 1)];
        let new = [trace("release:mosn|1.3.0", "mosn130", "w1", 1)];
        assert_eq!(pairs(&old, &new), []);
        let new = [trace("release:mson|1.2.0", "mson120", "w1", 1)];
        assert_eq!(pairs(&old, &new), [(0, 0)]);
    }

    #[test]
    fn of_two_posts_with_one_title_neither_is_guessed() {
        let old = [trace("post:a", "notes", "a", 0), trace("post:b", "notes", "b", 0)];
        let new = [trace("post:c", "notes", "c", 0)];
        assert_eq!(pairs(&old, &new), []);
    }

    #[test]
    fn a_long_post_that_was_edited_throughout_takes_no_time() {
        let texts = |word: &str| -> Vec<(String, String)> {
            let text = |n| (format!("url:a.example/{word}/{n}"), format!("titlenumber{n}of{word}inalllanterns"));
            (0..20_000).map(text).collect()
        };
        let (was, is) = (texts("one"), texts("two"));
        fn traces(texts: &[(String, String)]) -> Vec<Trace<'_>> {
            texts.iter().enumerate().map(|(line, (key, says))| trace(key, says, "w1", line)).collect()
        }
        let begin = std::time::Instant::now();
        let found = pairs(&traces(&was), &traces(&is));
        assert_eq!(found.len(), 20_000);
        assert!(found.iter().filter(|(new, old)| new == old).count() > 19_000);
        assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
    }

    #[test]
    fn likeness_is_of_one_for_the_same_and_of_none_for_nothing() {
        let likeness = |a: &str, b: &str| Pairs::of(a).likeness(&Pairs::of(b));
        assert!((likeness("服务网格", "服务网格") - 1.0).abs() < 1e-9);
        assert!(likeness("abcd", "wxyz") < 1e-9);
        assert!(likeness("", "a") < 1e-9);
    }
}
