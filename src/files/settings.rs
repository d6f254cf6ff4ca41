//! What people wrote for a site beside its posts: configuration, templates, rules of pages.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{FileError, failed};
use crate::config::{ConfigFile, ConfigFiles};

/// The nearest folder with `feedloom.yaml`, from `start` upwards.
pub fn find_site(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| folder.join("feedloom.yaml").is_file()).map(Path::to_owned)
}

/// Reads the configuration files of a site. Paths in messages are relative to `shown`.
///
/// # Errors
/// [`FileError`] when one cannot be read.
pub fn read_config(folder: &Path) -> Result<ConfigFiles, FileError> {
    let read = |path: PathBuf, name: PathBuf| -> Result<ConfigFile, FileError> {
        let bytes = fs::read(&path).map_err(failed(&path, "cannot be read"))?;
        Ok(ConfigFile { path: name, text: String::from_utf8_lossy(&bytes).into_owned() })
    };
    let site = read(folder.join("feedloom.yaml"), PathBuf::from("feedloom.yaml"))?;
    let mut projects = Vec::new();
    let feeds = folder.join("feeds");
    if feeds.is_dir() {
        let mut names: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(&feeds).map_err(failed(&feeds, "cannot be read"))? {
            let path = entry.map_err(failed(&feeds, "cannot be read"))?.path();
            let is_yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
            if is_yaml && path.is_file() {
                names.push(path);
            }
        }
        names.sort();
        for path in names {
            let name = PathBuf::from("feeds").join(path.file_name().unwrap_or_default());
            projects.push(read(path, name)?);
        }
    }
    let overrides_path = folder.join("overrides.yaml");
    let overrides =
        if overrides_path.is_file() { Some(read(overrides_path, PathBuf::from("overrides.yaml"))?) } else { None };
    let mut words = Vec::new();
    for name in template_names(folder)?.into_iter().filter(|n| n.starts_with("words.") && n.ends_with(".yaml")) {
        let name = PathBuf::from("templates").join(name);
        words.push(read(folder.join(&name), name)?);
    }
    Ok(ConfigFiles { site, projects, overrides, words })
}

/// Names of the regular files in the site's `templates/`, sorted.
fn template_names(folder: &Path) -> Result<Vec<String>, FileError> {
    let folder = folder.join("templates");
    let mut names = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(&folder).map_err(failed(&folder, "cannot be read"))? {
            let path = entry.map_err(failed(&folder, "cannot be read"))?.path();
            if path.is_file() {
                names.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Templates of the site, style sheets and scripts among them, by name.
///
/// # Errors
/// [`FileError`] when the folder or a file cannot be read.
pub fn read_templates(folder: &Path) -> Result<BTreeMap<String, String>, FileError> {
    let mut templates = BTreeMap::new();
    for name in template_names(folder)? {
        if [".html", ".css", ".js"].iter().any(|e| name.ends_with(e)) {
            let path = folder.join("templates").join(&name);
            templates.insert(name, fs::read_to_string(&path).map_err(failed(&path, "cannot be read"))?);
        }
    }
    Ok(templates)
}

/// The rules for pages of sites in `folder`/`sites`: names for messages, and texts.
///
/// # Errors
/// [`FileError`] when one cannot be read.
pub fn read_rules(folder: &Path, sites: &Path) -> Result<Vec<(String, String)>, FileError> {
    let root = folder.join(sites);
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(&root).map_err(failed(&root, "cannot be read"))? {
        let path = entry.map_err(failed(&root, "cannot be read"))?.path();
        if path.extension().is_some_and(|e| e == "yaml" || e == "yml") && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).map_err(failed(&path, "cannot be read"))?;
        let name = sites.join(path.file_name().unwrap_or_default()).display().to_string();
        Ok((name, String::from_utf8_lossy(&bytes).into_owned()))
    };
    paths.into_iter().map(read).collect()
}
