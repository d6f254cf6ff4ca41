//! Permalink patterns of generators as address templates of ours.

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
pub(super) const HEXO: [(&str, &str); 5] =
    [("year", "{year}"), ("month", "{month}"), ("day", "{day}"), ("title", "{path}"), ("name", "{slug}")];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::post::permalinks::template;

    #[test]
    fn patterns_become_templates() {
        assert_eq!(template(":title-:hash/", &HEXO), Err(":hash".to_owned()));
        assert_eq!(pelican("posts/{date:%Y}/{slug}/").as_deref(), Ok("posts/{year}/{slug}/"));
        assert_eq!(pelican("{category}/{slug}.html"), Err("{category}".to_owned()));
    }
}
