//! Every file of a site of any kind, for those who look at it the first time.

use std::fs;
use std::path::Path;

use super::posts::{MAX_FOLDERS_DEEP, is_markdown};
use super::{FileError, failed};

/// Folders that hold no sources of a site: what programs put there, and themes.
const NO_SOURCES: [&str; 14] = [
    "exampleSite", "node_modules", "bower_components", "vendor", "target", "public", "_site", "dist", "build", "out",
    "output", "themes", "resources", "__pycache__",
];

/// Files of a site of any kind, as far as they may tell something.
#[derive(Debug, Default)]
pub struct Tree {
    /// Markdown files, by path.
    pub markdown: Vec<String>,
    /// All other files, by path.
    pub others: Vec<String>,
    /// Path below the folder and why it was passed over.
    pub passed_over: Vec<(String, String)>,
    /// There were more than could be looked at.
    pub cut: bool,
}

/// Lists the files below `root`, at most `most` of them. Hidden folders, folders of
/// dependencies and of output are left out, and sites of ours. Of folders called as `settings`
/// are, only what lies right in them is listed.
///
/// # Errors
/// [`FileError`] when the folder itself cannot be read.
pub fn list_tree(root: &Path, settings: &[&str], most: usize) -> Result<Tree, FileError> {
    let mut tree = Tree::default();
    // Read here, so that its absence is told as what it is.
    fs::read_dir(root).map_err(failed(root, "cannot be read"))?;
    tree_walk(root, "", 0, settings, most, &mut tree);
    tree.markdown.sort();
    tree.others.sort();
    Ok(tree)
}

fn tree_walk(folder: &Path, below: &str, depth: usize, settings: &[&str], most: usize, tree: &mut Tree) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            tree.passed_over.push((below.trim_end_matches('/').to_owned(), format!("cannot be read: {error}")));
            return;
        }
    };
    // Sorted, so that what is left out of a huge folder is the same each time.
    let mut entries: Vec<fs::DirEntry> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
        if kind.is_dir() {
            if settings.contains(&name.as_str()) {
                // Pages in there are parts of a theme.
                let files = fs::read_dir(entry.path()).into_iter().flatten().flatten();
                let files = files.filter(|f| f.file_type().is_ok_and(|k| k.is_file())).map(|f| f.file_name());
                tree.others.extend(files.filter_map(|f| f.into_string().ok()).map(|f| format!("{below}{name}/{f}")));
                continue;
            }
            let skipped = name.starts_with('.') || NO_SOURCES.contains(&name.as_str());
            if !skipped && depth < MAX_FOLDERS_DEEP && !entry.path().join("feedloom.yaml").is_file() {
                tree_walk(&entry.path(), &format!("{below}{name}/"), depth + 1, settings, most, tree);
            }
            continue;
        }
        if !kind.is_file() {
            continue;
        }
        if tree.markdown.len() + tree.others.len() >= most {
            tree.cut = true;
            return;
        }
        let list = if is_markdown(&name) && !name.starts_with('.') { &mut tree.markdown } else { &mut tree.others };
        list.push(format!("{below}{name}"));
    }
}
