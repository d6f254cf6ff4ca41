//! Permalink patterns of generators as address templates of ours.

use crate::source::post::permalinks::template;

/// Pelican's `posts/{date:%Y}/{date:%m}/{slug}/`.
///
/// # Errors
/// The first field that no template can have.
pub(super) fn pelican(pattern: &str) -> Result<String, String> {
    let mut text = pattern.to_owned();
    for (from, to) in [
        ("{date:%Y}", "{year}"),
        ("{date:%m}", "{month}"),
        ("{date:%d}", "{day}"),
        ("{date:%Y/%m/%d}", "{year}/{month}/{day}"),
        ("{date:%Y/%m}", "{year}/{month}"),
    ] {
        text = text.replace(from, to);
    }
    text = text.trim_end_matches("index.html").to_owned();
    let mut checked = text.clone();
    for field in ["{slug}", "{year}", "{month}", "{day}"] {
        checked = checked.replace(field, "");
    }
    match checked.find('{') {
        Some(at) => Err(checked[at..].chars().take_while(|c| *c != '}').chain(['}']).collect()),
        None => Ok(text),
    }
}

/// Fields of Hexo.
const HEXO: [(&str, &str); 5] = [
    ("year", "{year}"),
    ("month", "{month}"),
    ("day", "{day}"),
    ("title", "{folders}/{filename}"),
    ("name", "{filename}"),
];

/// Hexo's `posts/:abbrlink/`: what is no field of its own is a key of the front matter.
///
/// # Errors
/// The first field that no template can have.
pub(super) fn hexo(pattern: &str) -> Result<String, String> {
    /// Numbers that Hexo makes itself.
    const MADE: [&str; 10] =
        ["hash", "id", "i_month", "i_day", "hour", "minute", "second", "timestamp", "category", "post_title"];
    let mut words: Vec<(String, String)> = HEXO.iter().map(|(w, f)| ((*w).to_owned(), (*f).to_owned())).collect();
    loop {
        let known: Vec<(&str, &str)> = words.iter().map(|(w, f)| (w.as_str(), f.as_str())).collect();
        let unknown = match template(pattern, &known) {
            Err(unknown) => unknown,
            made => return made,
        };
        let name = unknown.trim_start_matches(':').to_owned();
        if name.is_empty() || MADE.contains(&name.as_str()) || words.iter().any(|(w, _)| *w == name) {
            return Err(unknown);
        }
        let field = format!("{{front.{}}}", name.to_lowercase());
        words.push((name, field));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_templates() {
        assert_eq!(hexo(":title-:hash/"), Err(":hash".to_owned()));
        assert_eq!(hexo("posts/:abbrlink/").as_deref(), Ok("posts/{front.abbrlink}/"));
        assert_eq!(hexo(":year/:name/").as_deref(), Ok("{year}/{filename}/"));
        assert_eq!(pelican("posts/{date:%Y}/{slug}/").as_deref(), Ok("posts/{year}/{slug}/"));
        assert_eq!(pelican("{category}/{slug}.html"), Err("{category}".to_owned()));
    }
}
