//! Permalink patterns of generators as address templates of ours: of their settings for
//! `init`, of front matter for a post.

/// Turns `:year/:month/:title/` into `{year}/{month}/{title}/`. `words` maps the
/// generator's fields to ours.
///
/// # Errors
/// The first field that is not among the words.
pub fn template(pattern: &str, words: &[(&str, &str)]) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(':') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
        let name = &behind[..end];
        // Jekyll takes `:year_` for `:year` and a sign.
        let known = words.iter().find(|(w, _)| *w == name).or_else(|| {
            let plain = name.trim_end_matches('_');
            words.iter().find(|(w, _)| *w == plain)
        });
        // `:sections[1:]` cuts.
        match known.filter(|_| !behind[end..].starts_with('[')) {
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

/// Fields of Hugo, as `knownPermalinkAttributes` of its resources/page/permalinks.go has
/// them. `:section` is the first folder of the content, which the settings know.
pub const HUGO: [(&str, &str); 11] = [
    ("year", "{year}"),
    ("month", "{month}"),
    ("day", "{day}"),
    ("slug", "{slug_or_title}"),
    ("title", "{title}"),
    ("filename", "{filename}"),
    ("contentbasename", "{filename}"),
    ("slugorfilename", "{slug}"),
    ("slugorcontentbasename", "{slug}"),
    ("section", "{section}"),
    ("sections", "{sections}"),
];

/// Fields of Jekyll, as its lib/jekyll/drops/url_drop.rb has them.
pub const JEKYLL: [(&str, &str); 8] = [
    ("year", "{year}"),
    ("month", "{month}"),
    ("day", "{day}"),
    ("title", "{title}"),
    ("slug", "{slug}"),
    ("name", "{filename}"),
    ("categories", "{categories}"),
    ("output_ext", ".html"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_templates() {
        let cases = [
            ("/:year/:year:month:day", &JEKYLL[..], Ok("/{year}/{year}{month}{day}")),
            (
                "/:categories/:year/:month/:day/:title:output_ext",
                &JEKYLL,
                Ok("/{categories}/{year}/{month}/{day}/{title}.html"),
            ),
            ("/:categories/:year/:y_day/:title/", &JEKYLL, Err(":y_day")),
            ("/:year_:month/:title", &JEKYLL, Ok("/{year}_{month}/{title}")),
            ("/articles/:year/:slugorcontentbasename/", &HUGO, Ok("/articles/{year}/{slug}/")),
            ("/:slug/", &HUGO, Ok("/{slug_or_title}/")),
            ("/:title/", &HUGO, Ok("/{title}/")),
            ("/:sections/:filename/", &HUGO, Ok("/{sections}/{filename}/")),
            (":section/:year/:yearday/:slug", &HUGO, Err(":yearday")),
            (":sections[1:]/:slug", &HUGO, Err(":sections")),
            (":2006/:slug", &HUGO, Err(":2006")),
        ];
        for (pattern, words, want) in cases {
            assert_eq!(template(pattern, words).as_deref().map_err(String::as_str), want, "{pattern}");
        }
    }
}
