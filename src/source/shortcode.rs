//! Hugo shortcodes in posts: the known ones become Markdown or HTML, the tags of the others go;
//! what they say in their arguments and their inner text stay. Each unknown name is told once.

mod codes;
mod indents;

use std::borrow::Cow;
use std::collections::HashSet;

use self::codes::{Code, Codes, Place, is_code};
use super::embeds::{self, Arguments};
use super::markdown::{self, code::is_item};

/// Names that nobody knows, each once, with the line of its first use.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    /// What is to be told.
    pub told: Vec<(usize, String)>,
    names: HashSet<String>,
}

impl Unknown {
    /// Tells of a name, unless it was told before.
    pub fn tell(&mut self, line: usize, name: &str) {
        if self.names.insert(name.to_owned()) {
            self.told.push((line, name.to_owned()));
        }
    }
}

/// Replaces shortcodes in `text`; the names of unknown ones come second, with the line of the first use.
/// `lead` is the address of another post by its name, with the line that asks for it.
pub fn expand(text: &str, lead: &mut dyn FnMut(&str, usize) -> String) -> (String, Vec<(usize, String)>) {
    if !text.contains("{{<") && !text.contains("{{%") {
        return (text.to_owned(), Vec::new());
    }
    let closed = closed(text);
    let text = &*indents::removed(text, &closed);
    let mut out = String::with_capacity(text.len());
    let mut unknown = Unknown::default();
    let mut rest = text;
    let (mut line, mut counted) = (1, 0);
    // A closer that is not there is not looked for again: that would read all that is left.
    let mut unclosed: [bool; 2] = [false; 2];
    let mut shown_to_the_end = false;
    let mut codes = Codes::default();
    let mut verbatim = None;
    let opener = |rest: &str| {
        let mut found = memchr::memmem::find_iter(rest.as_bytes(), b"{{");
        found.find(|at| matches!(rest.as_bytes().get(at + 2), Some(b'<' | b'%')))
    };
    while let Some(at) = opener(rest) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (closer, kind) = if rest.starts_with("{{<") { (">}}", 0) } else { ("%}}", 1) };
        let end = if unclosed[kind] { None } else { rest[3..].find(closer).map(|end| end + 3) };
        let Some(end) = end else {
            unclosed[kind] = true;
            out.push_str(&rest[..3]);
            rest = &rest[3..];
            continue;
        };
        let inside = rest[3..end].trim();
        // `{{</* name */>}}` shows a shortcode.
        if let Some(shown) = inside.strip_prefix("/*").and_then(|s| s.strip_suffix("*/")) {
            out.push_str(&format!("{}{}{closer}", &rest[..3], shown));
            rest = &rest[end + 3..];
            continue;
        }
        rest = &rest[end + 3..];
        // `{{</ name >}}`, `{{< / name >}}`
        let inside = match inside.strip_prefix('/') {
            Some(name) => Cow::Owned(format!("/{}", name.trim_start())),
            None => Cow::Borrowed(inside),
        };
        let words = words(&inside);
        let Some((name, arguments)) = words.split_first() else {
            continue;
        };
        let here = text.len() - rest.len();
        line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..here]).count();
        counted = here;
        let named = |key: &str| arguments.iter().find(|(k, _)| k.as_deref() == Some(key));
        let first = || arguments.iter().find(|(k, _)| k.is_none());
        if matches!(name.1.as_str(), "comment" | "hugo-encrypt") && !shown_to_the_end {
            if let Some(hidden) = up_to_end(rest, &name.1) {
                // Lines keep their numbers.
                out.extend(memchr::memchr_iter(b'\n', hidden.as_bytes()).map(|_| '\n'));
                rest = &rest[hidden.len()..];
                continue;
            }
            shown_to_the_end = true;
        }
        let in_value = embeds::is_in_value(&out);
        let shown = match name.1.as_str() {
            "ref" | "relref" => named("path").or_else(first).map(|(_, target)| lead(target, line)),
            code if is_code(code) => {
                let tag = here - (end + 3)..here;
                let place = Place { tag, before: &out, behind: rest, is_markdown: kind == 1 };
                match codes.at(code, &place) {
                    Some(Code::Fence) => {
                        let language = match code {
                            "highlight" | "code" | "codeblock" => {
                                let named = named("lang").or_else(|| named("language"));
                                named.or_else(first).map_or("", |(_, language)| language)
                            }
                            _ if code.starts_with('/') => "",
                            diagram => diagram,
                        };
                        // On a line of its own it stays there: it may be in an item of a list.
                        let ends = |c: &char| *c == '\n' || !c.is_whitespace();
                        let alone_before = out.chars().rev().find(ends).is_none_or(|c| c == '\n') && !is_indented(&out);
                        let alone_behind = rest.chars().find(ends).is_none_or(|c| c == '\n');
                        let edge = |alone: bool| if alone { "" } else { "\n" };
                        Some(format!("{}```{language}{}", edge(alone_before), edge(alone_behind)))
                    }
                    Some(Code::Inline(span, length)) => {
                        rest = &rest[length..];
                        Some(span)
                    }
                    Some(Code::Nothing) => Some(String::new()),
                    None => embeds::said(&name.1, arguments),
                }
            }
            name => embeds::known(name, arguments).or_else(|| {
                if closed.contains(name) {
                    embeds::title(name, arguments).filter(|_| embeds::stands_alone(&out, rest))
                } else {
                    embeds::said(name, arguments)
                }
            }),
        };
        match shown {
            Some(shown) if in_value => out.push_str(&embeds::address_in(&shown)),
            Some(shown) => out.push_str(&shown),
            None => {
                // What ends a shortcode was told of where that begins.
                if !name.1.starts_with('/') {
                    unknown.tell(line, name.1.trim_end_matches('/'));
                }
                if !in_value && !verbatim.get_or_insert_with(|| markdown::code::Code::of(text)).has(here - (end + 3)) {
                    out.push_str(embeds::nothing(&out, rest));
                }
            }
        }
    }
    out.push_str(rest);
    (out, unknown.told)
}

/// Names of shortcodes that are closed somewhere in a text.
fn closed(text: &str) -> HashSet<String> {
    let found = memchr::memmem::find_iter(text.as_bytes(), b"{{");
    let name = |at: usize| {
        let inside = text[at + 2..].strip_prefix(['<', '%'])?.trim_start().strip_prefix('/')?.trim_start();
        let end = inside.find(|c: char| c.is_whitespace() || matches!(c, '>' | '%'))?;
        Some(inside[..end].to_owned()).filter(|name| !name.is_empty() && name.len() <= LONGEST_NAME)
    };
    found.filter_map(name).collect()
}

/// Names of shortcodes are shorter.
const LONGEST_NAME: usize = 64;

/// What stands before the tag that ends the shortcode `name`, with that tag.
fn up_to_end<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut found = memchr::memmem::find_iter(text.as_bytes(), b"{{");
    found.find_map(|at| {
        let inside = text[at + 2..].strip_prefix(['<', '%'])?.trim_start().strip_prefix('/')?;
        let behind = inside.trim_start().strip_prefix(name)?.trim_start();
        let behind = [">}}", "%}}"].iter().find_map(|closer| behind.strip_prefix(closer))?;
        text.get(..text.len() - behind.len())
    })
}

/// Whether the last line of `text` is indented so far that Markdown takes it for code: it is in no
/// item of a list.
fn is_indented(text: &str) -> bool {
    let depth = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let mut lines = text.rsplit('\n').take(200);
    let here = lines.next().map_or(0, |line| line.len());
    if here < 4 {
        return false;
    }
    !lines.filter(|line| !line.trim().is_empty()).find(|line| depth(line) < here).is_some_and(is_item)
}

/// `name key="value" value` as pairs; positional words have no key.
fn words(inside: &str) -> Arguments {
    let mut words = Vec::new();
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.peek().copied() {
        if c.is_whitespace() {
            chars.next();
            continue;
        }
        let mut key = None;
        let mut word = String::new();
        let mut quote = None;
        while let Some(c) = chars.peek().copied() {
            match quote {
                // `caption="a \"b\" c"`
                Some(q) if c == '\\' && q != '`' => {
                    chars.next();
                    match chars.next() {
                        Some(next) if next == q || next == '\\' => word.push(next),
                        next => word.extend(std::iter::once('\\').chain(next)),
                    }
                    continue;
                }
                Some(q) if c == q => {
                    chars.next();
                    quote = None;
                    continue;
                }
                None if c.is_whitespace() => break,
                None if (c == '"' || c == '`') && word.is_empty() => {
                    quote = Some(c);
                    chars.next();
                    continue;
                }
                None if c == '=' && key.is_none() && !word.is_empty() => {
                    key = Some(std::mem::take(&mut word));
                    chars.next();
                    continue;
                }
                _ => {}
            }
            word.push(c);
            chars.next();
        }
        words.push((key, word));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> (String, Vec<(usize, String)>) {
        expand(text, &mut |name, line| format!("/{name}/{line}"))
    }

    #[test]
    fn known_ones_are_rendered_and_others_told() {
        let (text, unknown) = shown(
            "a {{< figure src=\"x.png\" title=\"T & U\" >}}\n{{% notice tip %}}kept{{% /notice %}}\n{{< youtube abc >}}{{</* raw */>}}\n{{< highlight go >}}x{{< /highlight >}}",
        );
        assert!(text.contains("<img src=\"x.png\" alt=\"T &amp; U\">"), "{text}");
        assert!(text.contains("\nkept\n"), "{text}");
        assert!(text.contains("watch?v=abc"), "{text}");
        assert!(text.contains("{{< raw >}}"), "{text}");
        assert!(text.contains("```go\nx\n```"), "{text}");
        let in_tab = "{{< tab >}}\n    {{< highlight sh >}}\nls\n    {{< /highlight >}}";
        assert_eq!(shown(in_tab).0, "\n    \n```sh\nls\n    \n```");
        let below_bold = "**Do:**\n    {{< highlight sh >}}\nls\n    {{< /highlight >}}";
        assert_eq!(shown(below_bold).0, "**Do:**\n    \n```sh\nls\n    \n```");
        let quoted = "{{< figure src=\"x.png\" caption=\"He said \\\"hi\\\" there\" >}}";
        assert!(
            shown(quoted).0.contains("<figcaption>He said &quot;hi&quot; there</figcaption>"),
            "{}",
            shown(quoted).0
        );
        let in_list = "- a\n  {{< highlight sh >}}\n  ls\n  {{< /highlight >}}\n- b";
        assert_eq!(shown(in_list).0, "- a\n  ```sh\n  ls\n  ```\n- b");
        assert_eq!(unknown, [(2, "notice".to_owned())]);
        let hidden = "a{{% comment %}}\nTODO\n{{%/ comment %}}b{{< comment >}}c";
        assert_eq!(shown(hidden).0, "a\n\nbc");
        assert_eq!(shown("\n[a]({{< ref \"b.md\" >}}) {{% relref path=\"c\" %}}").0, "\n[a](/b.md/2) /c/2");
    }

    #[test]
    fn code_is_what_stands_between_its_own_tags() {
        for (text, want) in [
            ("{{< mermaid >}}\ngraph\n{{</ mermaid >}}\n\n**b**", "```mermaid\ngraph\n```\n\n**b**"),
            ("{{< code >}}\n\n```js\nx\n```\n\n{{< /code >}}\n**b**", "\n\n```js\nx\n```\n\n\n**b**"),
            ("Use {{< code >}}`ls`{{< / code >}} here", "Use `` `ls` `` here"),
            ("{{< code \"a.go\" >}}\nb\n{{< code go >}}\nc\n{{< /code >}}\nd", "\nb\n```go\nc\n```\nd"),
            ("{{< chart >}}\n![x](a.png)\n{{< /chart >}}", "\n![x](a.png)\n"),
            ("{{< /code >}}a{{< highlight >}}b", "ab"),
        ] {
            assert_eq!(shown(text).0, want, "{text:?}");
        }
    }

    #[test]
    fn boxes_are_called_by_their_titles() {
        for (text, want) in [
            ("{{< note title=\"A\" >}}\nb\n{{< /note >}}", "<strong>A</strong>  \nb\n"),
            ("{{< tab \"A\" >}} # b {{< /tab >}}", " # b "),
            ("a\n{{< note title=\"A\" >}}\nb\n{{< /note >}}", "a\n\nb\n"),
            ("![x]({{< static \"a.png\" >}})", "![x](a.png)"),
            ("<a href=\"{{< button text=\"Go\" >}}\">", "<a href=\"Go\">"),
            ("<div>\n{{< unknown >}}\n</div>", "<div>\n<!-- -->\n</div>"),
            ("<div>a</div>\n{{< unknown >}}\nx", "<div>a</div>\n\nx"),
            ("```html\n<div>\n{{< unknown >}}\n</div>\n```", "```html\n<div>\n\n</div>\n```"),
        ] {
            assert_eq!(shown(text).0, want, "{text:?}");
        }
        let begin = std::time::Instant::now();
        for shape in ["{{< x >}} ", "{{< code >}} ", "   {{< x >}}   ", "<b>\n{{< x >}}"] {
            shown(&format!("{}{{{{< /code >}}}}", shape.repeat(100_000)));
        }
        assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
    }

    #[test]
    fn unclosed_ones_are_text() {
        assert_eq!(shown("{{< figure src=").0, "{{< figure src=");
        assert_eq!(shown("{{ .Values.x }}").0, "{{ .Values.x }}");
        // What is text does not keep the others from being shortcodes.
        assert_eq!(shown("{{%}} and {{<>}} {{< ref \"b\" >}}").0, "{{%}} and  /b/1");
        assert_eq!(shown("{{").0, "{{");
    }
}
