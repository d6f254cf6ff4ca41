//! `output`: what is published, how much of it, and where. Refuses a folder that something
//! else is read from.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::values::{is_none, kinds};
use crate::config::reader::{Reader, short};
use crate::config::{Digests, FORMATS, Output, PostsFolder};
use crate::yaml::Node;

pub(super) fn read_output(r: &mut Reader<'_>, node: Option<&Node>) -> Output {
    const DIGESTS: [(&str, Digests); 3] = [("all", Digests::All), ("own", Digests::Own), ("none", Digests::None)];
    let mut output = Output {
        dir: PathBuf::from("public"),
        entries: 50,
        bytes: 512 << 10,
        entry_bytes: 64 << 10,
        formats: FORMATS.iter().map(|(_, f)| *f).collect(),
        digests: Digests::Own,
        split: Vec::new(),
        announce: 30,
    };
    let Some(mut map) = node.and_then(|n| r.map(n, "`output`")) else {
        return output;
    };
    let m = &mut map;
    if let Some(dir) = m.string(r, "dir") {
        output.dir = PathBuf::from(dir);
    }
    output.entries = usize::try_from(m.number(r, "entries", 1..=10_000, 50)).unwrap_or(50);
    output.bytes = m.bytes(r, "bytes", output.bytes);
    output.entry_bytes = m.bytes(r, "entry_bytes", output.entry_bytes);
    if let Some(n) = m.take("formats") {
        output.formats = r.one_or_many(n).into_iter().filter_map(|n| r.choice(n, "formats", &FORMATS)).collect();
        if r.one_or_many(n).is_empty() {
            r.error(n.place, "`formats` is empty: leave the key out for all of them".to_owned());
        }
        output.formats.sort();
        output.formats.dedup();
    }
    if let Some(digests) = m.take("digests").and_then(|n| r.choice(n, "digests", &DIGESTS)) {
        output.digests = digests;
    }
    output.split = m.take("split").filter(|n| !is_none(n)).map(|n| kinds(r, n, "split")).unwrap_or_default();
    output.announce = usize::try_from(m.number(r, "announce", 0..=1_000_000, 30)).unwrap_or(30);
    map.finish(r);
    output
}

/// What is published lies in a folder of its own: files that are no longer published are
/// taken away there, and what is read must not be what was written.
pub(super) fn check_output(r: &mut Reader<'_>, site: &Node, dir: &Path, sites: &Path, posts: &[PostsFolder]) {
    let place = site.get("output").and_then(|o| o.get("dir")).map_or(site.place, |n| n.place);
    let own = [".feedloom", "feeds", "templates"].map(|name| (Path::new(name), "the folder"));
    let sites = std::iter::once((sites, "the folder"));
    // One that holds the site itself holds every folder of it.
    let posts = posts.iter().map(|p| (Path::new(p.path.as_str()), "the posts folder"));
    let posts = posts.filter(|(path, _)| !holds(path, Path::new(".feedloom")) || holds(dir, path));
    for (path, what) in own.into_iter().chain(sites).chain(posts) {
        let how = match (holds(dir, path), holds(path, dir)) {
            (true, true) => "is",
            (true, false) => "holds",
            (false, true) => "lies in",
            (false, false) => continue,
        };
        let dir = dir.display().to_string();
        let problem = format!(
            "`dir` is `{}`, which {how} {what} `{}`: give what is published a folder of its own, such as public",
            short(&dir),
            short(&path.display().to_string())
        );
        return r.error(place, problem);
    }
}

/// Whether the folder `outer` is `inner` or holds it, as far as their names tell: both seen
/// from the site's folder, or both from the root.
fn holds(outer: &Path, inner: &Path) -> bool {
    let ((outer_up, outer_names), (inner_up, inner_names)) = (steps(outer), steps(inner));
    if outer.has_root() != inner.has_root() {
        return false;
    }
    // A folder above has no name here: it holds all that is not farther up.
    let is_above = outer_names.is_empty() && outer_up >= inner_up;
    is_above || outer_up == inner_up && inner_names.starts_with(&outer_names)
}

/// A path as steps up, and names from there.
fn steps(path: &Path) -> (usize, Vec<&OsStr>) {
    let (mut up, mut names) = (0, Vec::new());
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::ParentDir if names.pop().is_none() && !path.has_root() => up += 1,
            Component::ParentDir | Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    (up, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_folder_holds_which() {
        for (outer, inner, expected) in [
            ("posts", "posts/", true),
            (".", "feeds", true),
            ("..", "../content", true),
            ("..", "../../content", false),
            ("posts", "./posts/2024", true),
            ("posts", "posts-of-old", false),
            ("a/../posts", "posts", true),
            ("../static", "../content/blog", false),
            ("../content", "../content/blog", true),
            ("/srv/site", "/srv/site/posts", true),
            ("/", "/srv", true),
            ("/srv/site", "posts", false),
        ] {
            assert_eq!(holds(Path::new(outer), Path::new(inner)), expected, "{outer} {inner}");
        }
    }
}
