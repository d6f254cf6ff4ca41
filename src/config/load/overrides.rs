//! `overrides.yaml`: what people decided about single entries.

use super::parse_file;
use crate::config::reader::{Reader, nearest, short};
use crate::config::{ConfigError, ConfigFile, Override, Project, SameAs, Zone};
use crate::entry::Kind;
use crate::normalize::date;

pub(super) fn read_overrides(
    file: &ConfigFile,
    projects: &[Project],
    unread: &[String],
    errors: &mut Vec<ConfigError>,
) -> Vec<Override> {
    let Some(node) = parse_file(file, errors) else {
        return Vec::new();
    };
    let r = &mut Reader::new(&file.path, &file.text, errors);
    let Some(mut all) = r.map(&node, "overrides.yaml") else {
        return Vec::new();
    };
    let words: Vec<(&str, Kind)> = Kind::ALL.into_iter().map(|k| (k.name(), k)).collect();
    let mut overrides = Vec::new();
    for (key, value) in all.rest() {
        let Some(mut map) = r.map(value, "an override") else {
            continue;
        };
        let (mut add, mut remove) = (Vec::new(), Vec::new());
        for (text, place) in map.placed_strings(r, "projects") {
            let (list, name) = match text.strip_prefix('-') {
                Some(name) => (&mut remove, name),
                None => (&mut add, text.trim_start_matches('+')),
            };
            match projects.iter().find(|p| p.slug.as_str() == name || p.formerly.iter().any(|f| f.as_str() == name)) {
                Some(project) => list.push(project.slug.clone()),
                None if unread.iter().any(|u| u == name) => {}
                None => {
                    let hint = nearest(name, projects.iter().map(|p| p.slug.as_str()))
                        .map(|n| format!(", did you mean `{n}`?"))
                        .unwrap_or_default();
                    r.error(place, format!("there is no project `{}`{hint}", short(name)));
                }
            }
        }
        let kind = map.take("kind").and_then(|n| r.choice(n, "kind", &words));
        let title = map.string(r, "title");
        let date = map.take("date").and_then(|n| {
            let text = r.string(n, "date")?;
            if date::lenient(&text, Zone::UTC).is_none() {
                r.error(
                    n.place,
                    format!("`date` is `{}`, a time such as 2024-06-30T10:00:00+08:00 is expected", short(&text)),
                );
                return None;
            }
            Some(text)
        });
        let hide = map.bool(r, "hide", false);
        let same_as = map.string(r, "same_as").map(|s| if s == "none" { SameAs::Nothing } else { SameAs::Entry(s) });
        map.finish(r);
        overrides.push(Override {
            target: key.name.clone(),
            add,
            remove,
            kind,
            title,
            date,
            hide,
            same_as,
            place: key.place,
            file: r.path(),
        });
    }
    overrides
}
