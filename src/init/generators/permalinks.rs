//! Permalink patterns of generators as address templates of ours.

/// Turns `:year/:month/:title/` into `{year}/{month}/{slug}/`. `words` maps the
/// generator's fields to ours; a field that is not among them is returned by name.
///
/// # Errors
/// The first field that no template can have.
pub(super) fn template(pattern: &str, words: &[(&str, &str)]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(':') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let name: String = behind.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        let known = words.iter().filter(|(w, _)| name.starts_with(w)).max_by_key(|(w, _)| w.len());
        match known {
            Some((word, field)) => {
                out.push_str(field);
                rest = &behind[word.len()..];
            }
            None => return Err(format!(":{name}")),
        }
    }
    out.push_str(rest);
    // A field that stood for nothing leaves a slash too many.
    while out.contains("//") {
        out = out.replace("//", "/");
    }
    Ok(out)
}

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

/// Fields of Hugo.
pub(super) const HUGO: [(&str, &str); 11] = [
    ("year", "{year}"),
    ("month", "{month}"),
    ("day", "{day}"),
    ("slug", "{slug}"),
    ("title", "{slug}"),
    ("filename", "{slug}"),
    ("slugorfilename", "{slug}"),
    ("contentbasename", "{slug}"),
    ("slugorcontentbasename", "{slug}"),
    ("section", "{section}"),
    ("sections", "{section}"),
];

/// Fields of Jekyll. Categories are no field of ours: what leaves them out is told.
pub(super) const JEKYLL: [(&str, &str); 8] = [
    ("year", "{year}"),
    ("month", "{month}"),
    ("day", "{day}"),
    ("title", "{slug}"),
    ("slug", "{slug}"),
    ("name", "{slug}"),
    ("categories", ""),
    ("output_ext", ".html"),
];

/// Fields of Hexo.
pub(super) const HEXO: [(&str, &str); 5] =
    [("year", "{year}"), ("month", "{month}"), ("day", "{day}"), ("title", "{path}"), ("name", "{slug}")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_templates() {
        let cases = [
            ("/:year/:year:month:day", &JEKYLL[..], Ok("/{year}/{year}{month}{day}")),
            ("/:categories/:year/:month/:day/:title:output_ext", &JEKYLL, Ok("/{year}/{month}/{day}/{slug}.html")),
            ("/:categories/:year/:y_day/:title/", &JEKYLL, Err(":y_day")),
            ("/articles/:year/:slugorcontentbasename/", &HUGO, Ok("/articles/{year}/{slug}/")),
            (":title-:hash/", &HEXO, Err(":hash")),
        ];
        for (pattern, words, want) in cases {
            assert_eq!(template(pattern, words).as_deref().map_err(String::as_str), want, "{pattern}");
        }
        assert_eq!(pelican("posts/{date:%Y}/{slug}/").as_deref(), Ok("posts/{year}/{slug}/"));
        assert_eq!(pelican("{category}/{slug}.html"), Err("{category}".to_owned()));
    }
}
