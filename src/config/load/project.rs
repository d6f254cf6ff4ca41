//! `feeds/SLUG.yaml`: one project, its names and addresses, and what its feed takes.

use chrono::NaiveDate;
use url::Url;

use super::parse_file;
use super::sources::read_sources;
use super::values::{is_language, is_none, kinds, public_address};
use crate::config::reader::{Reader, nearest, short};
use crate::config::{Alias, AliasCase, AliasScope, CHANNELS, ChannelFilter, ConfigError, ConfigFile, Project};
use crate::entry::{Kind, Slug};
use crate::merge;
use crate::yaml::{Node, Place, Value};

pub(super) fn read_project(file: &ConfigFile, errors: &mut Vec<ConfigError>) -> Option<Project> {
    let node = parse_file(file, errors)?;
    let before = errors.len();
    let r = &mut Reader::new(&file.path, &file.text, errors);
    let stem = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let slug = stem
        .parse::<Slug>()
        .map_err(|e| r.error(Place { line: 1, column: 1 }, format!("the file's name is the project's slug: {e}")))
        .ok();
    let mut map = r.map(&node, "a project file")?;
    let m = &mut map;
    let title = m.required(r, "title", "MOSN");
    let description = m.string(r, "description");
    let home = m.take("home").and_then(|n| public_address(r, n, "home"));
    let mut aliases = m.take("aliases").map(|n| read_aliases(r, n)).unwrap_or_default();
    if let (Some(title), Some(node)) = (&title, node.get("title"))
        && !aliases.iter().any(|a| a.name == *title)
    {
        let whole = Alias { name: title.clone(), scope: AliasScope::Any, case: AliasCase::Fold, place: node.place };
        aliases.insert(0, whole);
    }
    let addresses =
        m.placed_strings(r, "addresses").into_iter().filter_map(|(a, place)| address_prefix(r, &a, place)).collect();
    let not = m.placed_strings(r, "not");
    let exclude = m.strings(r, "exclude");
    let sources = m.take("sources").map(|n| read_sources(r, n)).unwrap_or_default();
    let kinds_ = m
        .take("kinds")
        .map(|n| kinds(r, n, "kinds"))
        .unwrap_or_else(|| Kind::ALL.into_iter().filter(|k| *k != Kind::Digest).collect());
    let channel = m.take("channel").and_then(|n| r.choice(n, "channel", &CHANNELS)).unwrap_or(ChannelFilter::All);
    let languages = m
        .placed_strings(r, "languages")
        .into_iter()
        .filter_map(|(l, place)| {
            if !is_language(&l) {
                r.error(place, format!("`{}` is no language tag: write for example zh or en", short(&l)));
                return None;
            }
            Some(l)
        })
        .collect();
    let split = m.take("split").filter(|n| !is_none(n)).map(|n| kinds(r, n, "split")).unwrap_or_default();
    let formerly = m
        .placed_strings(r, "formerly")
        .into_iter()
        .filter_map(|(s, place)| s.parse::<Slug>().map_err(|e| r.error(place, e.to_string())).ok())
        .collect();
    let ended = m.take("ended").and_then(|n| read_day(r, n));
    let when = m.take("when").and_then(|n| read_expression(r, n));
    map.finish(r);
    let file = r.path();
    let clean = errors.len() == before;
    let (slug, title) = (slug?, title?);
    clean.then_some(Project {
        slug,
        title,
        description,
        home,
        aliases,
        addresses,
        not,
        exclude,
        sources,
        kinds: kinds_,
        channel,
        languages,
        split,
        formerly,
        ended,
        when,
        file,
    })
}

/// A day, of which the hour may be told.
fn read_day(r: &mut Reader<'_>, node: &Node) -> Option<NaiveDate> {
    let text = r.string(node, "ended")?;
    let (day, behind) = text.split_at_checked(10).unwrap_or((&text, ""));
    let day = day.parse::<NaiveDate>().ok().filter(|_| behind.is_empty() || behind.starts_with(['T', ' ']));
    if day.is_none() {
        r.error(node.place, format!("`ended` is `{}`, a day such as 2024-06-30 is expected", short(&text)));
    }
    day
}

/// A condition on entries, which can be asked of one.
fn read_expression(r: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = r.string(node, "when")?;
    let environment = minijinja::Environment::new();
    let expression = match environment.compile_expression(&text) {
        Ok(expression) => expression,
        Err(error) => {
            let cause = error.detail().map(str::to_owned).unwrap_or_else(|| error.kind().to_string());
            r.error(node.place, format!("`when` is no usable expression: {cause}"));
            return None;
        }
    };
    let known = |name: &String| environment.globals().any(|(global, _)| global == name);
    let mut unknown: Vec<String> = expression.undeclared_variables(false).into_iter().collect();
    unknown.retain(|name| !merge::NAMES.contains(&name.as_str()) && !known(name));
    unknown.sort();
    if !unknown.is_empty() {
        unknown.iter().for_each(|name| r.error(node.place, unknown_name(name)));
        return None;
    }
    // A filter or a test that is not there shows when it is asked.
    if let Some(cause) = merge::failure(&text) {
        r.error(node.place, format!("`when` fails for every entry: {cause}"));
        return None;
    }
    Some(text)
}

/// A name in `when` that no entry has. What is not there is as good as empty: the condition
/// would hold for every entry, or for none.
fn unknown_name(name: &str) -> String {
    let shown = short(name);
    if Kind::from_name(name).is_some() {
        return format!("`when` has `{shown}` without quotes: write `'{shown}'`");
    }
    match nearest(name, merge::NAMES.into_iter()) {
        Some(near) => format!("unknown name `{shown}` in `when`, did you mean `{near}`?"),
        None => format!(
            "unknown name `{shown}` in `when`: a text stands in quotes, and names are {}",
            merge::NAMES.join(", ")
        ),
    }
}

fn read_aliases(r: &mut Reader<'_>, node: &Node) -> Vec<Alias> {
    const SCOPES: [(&str, AliasScope); 2] = [("any", AliasScope::Any), ("label", AliasScope::Label)];
    const CASES: [(&str, AliasCase); 2] = [("fold", AliasCase::Fold), ("exact", AliasCase::Exact)];
    let mut aliases: Vec<Alias> = Vec::new();
    for item in r.one_or_many(node) {
        let alias = if let Value::Scalar(name) = &item.value {
            Alias { name: name.trim().to_owned(), scope: AliasScope::Any, case: AliasCase::Fold, place: item.place }
        } else {
            let Some(mut map) = r.map(item, "an alias") else {
                continue;
            };
            let name = map.required(r, "name", "MoE");
            let scope = map.take("where").and_then(|n| r.choice(n, "where", &SCOPES)).unwrap_or(AliasScope::Any);
            let case = map.take("case").and_then(|n| r.choice(n, "case", &CASES)).unwrap_or(AliasCase::Fold);
            map.finish(r);
            let Some(name) = name else { continue };
            Alias { name, scope, case, place: item.place }
        };
        if alias.name.chars().filter(|c| c.is_alphanumeric()).count() == 0 {
            r.error(item.place, "an alias needs at least one letter or digit");
            continue;
        }
        aliases.push(alias);
    }
    aliases
}

fn address_prefix(r: &mut Reader<'_>, text: &str, place: Place) -> Option<String> {
    let bare = text.trim().trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    match Url::parse(&format!("https://{bare}")) {
        Ok(url) if url.host_str().is_some_and(|h| h.contains('.') || h == "localhost") => {
            let host = url.host_str().unwrap_or_default().trim_start_matches("www.").to_owned();
            Some(format!("{host}{}", url.path().trim_end_matches('/')))
        }
        Ok(_) | Err(_) => {
            r.error(place, format!("`{}` is no address: write host/path such as github.com/mosn/mosn", short(text)));
            None
        }
    }
}
