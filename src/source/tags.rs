//! Template tags of Zola and of Liquid (Jekyll, Hexo and kin) in posts, as
//! [`super::shortcode`] has Hugo's: the known ones become Markdown or HTML, the others go
//! and their inner text stays. Each unknown name is told once. What stands in code stays.

mod arguments;
mod hexo;

use std::borrow::Cow;
use std::collections::HashSet;

use super::embeds::{self, Arguments};
use super::markdown::code::Code;
use super::shortcode::Unknown;
use crate::config::Slugify;
use crate::normalize::html::escape;
use crate::normalize::text;
use arguments::{address_at, arguments, call, escaped, given, positional, words_behind};

/// A tag is shorter.
const LONGEST: usize = 2048;
/// Tags in quotes in quotes are followed so far.
const DEEPEST: usize = 4;

/// What tags may ask for.
pub struct Page<'a> {
    /// The generator, as far as its addresses tell.
    pub slugify: Slugify,
    /// The post's title.
    pub title: &'a str,
    /// The path of its address.
    pub url: &'a str,
    /// The path below which the site lies, with `/` at both ends.
    pub base: &'a str,
    /// The address of another post, by name; with the line that asks for it.
    pub lead: &'a mut dyn FnMut(&str, usize) -> String,
}

/// Replaces tags in `text`; the names of unknown ones come second, with the line of the
/// first use. Hugo knows none of these: with its addresses, which are the default, only a
/// text that shows by itself that it is Liquid is read so.
pub fn expand(text: &str, page: Page<'_>) -> (String, Vec<(usize, String)>) {
    let is_plain = !text.contains("{%") && !text.contains("{{");
    if is_plain || page.slugify == Slugify::Hugo && !shows_liquid(text) {
        return (text.to_owned(), Vec::new());
    }
    let named = if text.contains("{% tabs") { hexo::with_names_of_tabs(text) } else { Cow::Borrowed(text) };
    let text = &*named;
    let mut expander = Expander {
        zola: !matches!(page.slugify, Slugify::Jekyll | Slugify::Hugo),
        liquid: !matches!(page.slugify, Slugify::Zola | Slugify::ZolaSafe),
        values: matches!(page.slugify, Slugify::Jekyll | Slugify::Hugo),
        page,
        unknown: Unknown::default(),
        open: 0,
    };
    let out = expander.part(text, 1, 0);
    (out, expander.unknown.told)
}

/// Whether a line outside of code is a tag of Liquid and nothing else, or an address begins with
/// the site's.
fn shows_liquid(text: &str) -> bool {
    let code = Code::of(text);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let tag = line.trim();
        let begin = at + line.find('{').unwrap_or(0);
        let filtered = || ["_url }})", "_url}})"].iter().find_map(|end| line.find(end));
        let addressed = ["({{ site.", "({{site."].iter().find_map(|begin| line.find(begin)).or_else(filtered);
        if tag.starts_with("{%") && tag.ends_with("%}") && !code.has(begin)
            || addressed.is_some_and(|found| !code.has(at + found + 1))
        {
            return true;
        }
        at += line.len();
    }
    false
}

struct Expander<'a> {
    /// `{% name(key="value") %}`, ended by `{% end %}`.
    zola: bool,
    /// `{% name value %}`, ended by `{% endname %}`.
    liquid: bool,
    /// `{{ site.title }}`.
    values: bool,
    page: Page<'a>,
    unknown: Unknown,
    /// Tags of Zola that were opened and not closed.
    open: usize,
}

/// A tag in the text: what is in it, and where it ends.
struct Tag<'t> {
    inside: &'t str,
    end: usize,
}

impl Expander<'_> {
    fn part(&mut self, text: &str, first_line: usize, depth: usize) -> String {
        let code = Code::of(text);
        let mut out = String::with_capacity(text.len());
        let mut never_closed: HashSet<String> = HashSet::new();
        // What is done, and the line there.
        let (mut at, mut line, mut counted) = (0, first_line, 0);
        let mut from = 0;
        // No `raw` in code is closed that begins before: each search reads all that is left.
        let mut no_raw_before = 0;
        while let Some(start) = text[from..].find('{').map(|n| from + n) {
            let is_block = text[start..].starts_with("{%");
            let tag = if is_block || text[start..].starts_with("{{") { tag(text, start) } else { None };
            // Jekyll takes `raw` away in code, too.
            let is_raw =
                self.page.slugify == Slugify::Jekyll && is_block && tag.as_ref().is_some_and(|t| t.inside == "raw");
            if let Some(tag) = tag.as_ref().filter(|_| is_raw && start >= no_raw_before && code.has(start)) {
                match closing(text, tag.end, &["endraw"]) {
                    None => no_raw_before = text.len(),
                    Some((_, end)) if !code.has(end - 1) => no_raw_before = end,
                    Some((body, end)) => match text[body.clone()].rfind("```") {
                        Some(fence) => no_raw_before = body.start + fence,
                        None => {
                            out.push_str(&text[at..start]);
                            out.push_str(&text[body]);
                            (at, from) = (end, end);
                            continue;
                        }
                    },
                }
            }
            let Some(tag) = tag.filter(|_| !code.has(start)) else {
                from = start + 1;
                continue;
            };
            line += text[counted..start].matches('\n').count();
            counted = start;
            let mut end = tag.end;
            let shown = if is_block {
                let mut inner = |names: &[&str]| {
                    let key = names.join(" ");
                    if never_closed.contains(&key) {
                        return None;
                    }
                    let found = closing(text, tag.end, names);
                    if found.is_none() {
                        never_closed.insert(key);
                    }
                    found.map(|(body, behind)| {
                        end = behind;
                        &text[body]
                    })
                };
                self.block(tag.inside, line, depth, &mut inner)
            } else {
                self.value(tag.inside, line)
            };
            let Some(shown) = shown else {
                from = start + 2;
                continue;
            };
            out.push_str(&text[at..start]);
            let is_code = matches!(shown, Shown::Code(_));
            let shown = match shown {
                Shown::Title(shown) => {
                    if embeds::stands_alone(&out, &text[end..]) {
                        shown
                    } else {
                        String::new()
                    }
                }
                // `{{ site.baseurl }}{% post_url a %}`: the address is whole by itself.
                Shown::Inline(shown) => {
                    let base = self.page.base.trim_end_matches('/');
                    if shown.contains("://") && !base.is_empty() && out.ends_with(base) {
                        out.truncate(out.len() - base.len());
                    }
                    if embeds::is_in_value(&out) { embeds::address_in(&shown) } else { shown }
                }
                Shown::Block(shown) | Shown::Code(shown) => {
                    let line_start = out.rfind('\n').map_or(0, |n| n + 1);
                    let indent = Some(&out[line_start..]).filter(|b| b.trim().is_empty()).unwrap_or("").to_owned();
                    // In an item of a list its lines stay there; those of code are as they were.
                    let shown = match shown.rsplit_once('\n') {
                        Some((body, fence)) if is_code => format!("{body}\n{indent}{fence}"),
                        _ => shown.replace('\n', &format!("\n{indent}")),
                    };
                    let ends = |c: &char| *c == '\n' || !c.is_whitespace();
                    let alone_before = out.chars().rev().find(ends).is_none_or(|c| c == '\n');
                    let alone_behind = text[end..].chars().find(ends).is_none_or(|c| c == '\n');
                    let edge = |alone: bool| if alone { "" } else { "\n" };
                    format!("{}{shown}{}", edge(alone_before), edge(alone_behind))
                }
            };
            out.push_str(if shown.is_empty() { embeds::nothing(&out, &text[end..]) } else { &shown });
            (at, from) = (end, end);
        }
        out.push_str(&text[at..]);
        out
    }

    /// What `{{ inside }}` becomes; none when it is no tag.
    fn value(&mut self, inside: &str, line: usize) -> Option<Shown> {
        if self.zola {
            if let Some(escaped) = escaped(inside) {
                return Some(Shown::Inline(format!("{{{{ {escaped} }}}}")));
            }
            if let Some((name, arguments)) = call(inside) {
                return Some(Shown::Inline(self.known(name, &arguments, line)));
            }
        }
        if !self.values {
            return None;
        }
        let mut filters = inside.split('|').map(str::trim);
        let value = filters.next().unwrap_or("");
        let based = filters.any(|f| matches!(f, "relative_url" | "absolute_url" | "prepend: site.baseurl"));
        let base = self.page.base.trim_end_matches('/');
        // Addresses are completed later, but for the path of the site.
        let below = |path: &str| match path.strip_prefix(base).filter(|_| !base.is_empty()) {
            _ if !based || path.contains("://") => path.to_owned(),
            Some(rest) if rest.is_empty() || rest.starts_with('/') => path.to_owned(),
            _ => format!("{base}/{}", path.trim_start_matches('/')),
        };
        let literal = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
        if self.page.slugify == Slugify::Hugo && !value.starts_with("site.") && !based {
            return None;
        }
        Some(Shown::Inline(match (literal, value) {
            (Some(literal), _) => below(literal),
            (None, "page.title") => self.page.title.to_owned(),
            (None, "page.url" | "page.permalink") => below(self.page.url.strip_prefix(base).unwrap_or(self.page.url)),
            (None, "site.baseurl") => base.to_owned(),
            (None, "site.url") => String::new(),
            (None, name) => {
                self.tell(name, line);
                String::new()
            }
        }))
    }

    /// What `{% inside %}` becomes; none when it is no tag. `inner` is the text up to its end.
    fn block<'t>(
        &mut self,
        inside: &str,
        line: usize,
        depth: usize,
        inner: &mut dyn FnMut(&[&str]) -> Option<&'t str>,
    ) -> Option<Shown> {
        if self.zola
            && let Some(escaped) = escaped(inside)
        {
            return Some(Shown::Inline(format!("{{% {escaped} %}}")));
        }
        let (name, arguments, rest) = match call(inside).filter(|_| self.zola) {
            Some((name, arguments)) => (name, arguments, ""),
            None if inside == "end" && self.zola && (self.open > 0 || self.liquid) => {
                self.open = self.open.saturating_sub(1);
                return Some(Shown::Inline(String::new()));
            }
            None if !self.liquid => return None,
            None => {
                let (name, rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
                (name, arguments(rest), rest.trim())
            }
        };
        let end_of_name = format!("end{name}");
        let ends = if inside.ends_with(')') && rest.is_empty() { vec!["end"] } else { vec![end_of_name.as_str()] };
        let first = || positional(&arguments).unwrap_or_default().to_owned();
        let words = |name| hexo::words(name, rest).map(Shown::Inline);
        let of_theme =
            if self.values { None } else { words(name).or_else(|| hexo::title(name, rest).map(Shown::Title)) };
        Some(match name {
            "raw" => Shown::Inline(inner(&ends).unwrap_or("").to_owned()),
            "if" if matches!(rest, "false" | "nil") => {
                let hidden = inner(&["else", end_of_name.as_str()]).unwrap_or("");
                Shown::Inline("\n".repeat(hidden.matches('\n').count()))
            }
            "comment" => {
                inner(&ends);
                Shown::Inline(String::new())
            }
            "highlight" | "codeblock" | "code" => {
                let language = language(name, &arguments, rest);
                inner(&ends).map_or_else(|| Shown::Inline(String::new()), |body| Shown::Code(fenced(&language, body)))
            }
            "quote" | "blockquote" => match inner(&ends) {
                Some(body) => {
                    let author = given(&arguments, "author")
                        .map(str::to_owned)
                        .or_else(|| (!rest.is_empty()).then(|| rest.to_owned()));
                    let body = if depth < DEEPEST { self.part(body, line, depth + 1) } else { body.to_owned() };
                    Shown::Block(quoted(&body, author.as_deref()))
                }
                None => Shown::Inline(String::new()),
            },
            "asset_img" | "img" => match hexo::picture(&arguments) {
                Some(html) => Shown::Inline(html),
                None => Shown::Inline(self.known(name, &arguments, line)),
            },
            "asset_path" => Shown::Inline(first()),
            "asset_link" => {
                let file = first();
                Shown::Inline(link(&words_behind(&arguments, 1).unwrap_or_else(|| file.clone()), &file))
            }
            "iframe" => {
                let url = first();
                Shown::Inline(format!("<iframe src=\"{}\"></iframe>", escape(&url)))
            }
            // Hexo's `{% link words https://… %}`.
            "link" if address_at(&arguments).is_some_and(|at| at > 0) => {
                let at = address_at(&arguments).unwrap_or_default();
                let words: Vec<&str> = arguments[..at].iter().map(|(_, word)| word.as_str()).collect();
                Shown::Inline(link(&words.join(" "), &arguments[at].1))
            }
            "post_link" => {
                let target = first();
                let address = (self.page.lead)(&target, line);
                Shown::Inline(link(&words_behind(&arguments, 1).unwrap_or(target), &address))
            }
            "link" | "post_url" | "post_path" => {
                let target = first();
                Shown::Inline((self.page.lead)(&target, line))
            }
            _ if name.starts_with("end") => Shown::Inline(String::new()),
            "include" | "include_cached" | "include_relative" => {
                Shown::Inline(self.include(name, &arguments, rest, line))
            }
            _ if of_theme.is_some() => return of_theme,
            _ => {
                self.open += usize::from(ends == ["end"]);
                let known = if ends == ["end"] { embeds::known(name, &arguments) } else { None };
                match known {
                    Some(known) => Shown::Inline(known),
                    // What a block of Zola's says about itself stands in front of what it encloses.
                    None if ends == ["end"] => {
                        self.tell(name, line);
                        embeds::title(name, &arguments).map_or_else(|| Shown::Inline(String::new()), Shown::Title)
                    }
                    None => Shown::Inline(self.known(name, &arguments, line)),
                }
            }
        })
    }

    /// What a file of the site would show, as far as its name and what it is given tell.
    fn include(&mut self, name: &str, arguments: &Arguments, rest: &str, line: usize) -> String {
        let file = positional(arguments).unwrap_or_default();
        let stem = file.rsplit('/').next().unwrap_or(file);
        let stem = stem.split('.').next().unwrap_or(stem);
        // What is not quoted is the name of a variable.
        let is_quoted = |key: &str, value: &str| {
            ['"', '\''].iter().any(|q| rest.contains(&format!("{key}={q}{value}{q}")))
                || value.contains(['.', '/']) && !value.contains("page.") && !value.contains("site.")
        };
        let is_given =
            |(key, value): &&(Option<String>, String)| key.as_deref().is_some_and(|key| is_quoted(key, value));
        let given: Arguments = arguments.iter().filter(is_given).cloned().collect();
        embeds::known(stem, &given).or_else(|| embeds::said(stem, &given)).unwrap_or_else(|| {
            self.tell(&format!("{name} {file}"), line);
            String::new()
        })
    }

    fn known(&mut self, name: &str, arguments: &Arguments, line: usize) -> String {
        embeds::known(name, arguments).or_else(|| embeds::said(name, arguments)).unwrap_or_else(|| {
            self.tell(name, line);
            String::new()
        })
    }

    fn tell(&mut self, name: &str, line: usize) {
        self.unknown.tell(line, name);
    }
}

/// The language of code. Hexo has a title first: `{% codeblock A title lang:js %}`.
fn language(name: &str, arguments: &Arguments, rest: &str) -> String {
    let hexo = rest.split_whitespace().find_map(|word| word.strip_prefix("lang:"));
    let first = || positional(arguments).filter(|_| name == "highlight");
    hexo.or_else(first).or_else(|| given(arguments, "lang")).unwrap_or_default().to_owned()
}

/// What a tag becomes.
enum Shown {
    /// Part of its line.
    Inline(String),
    /// What is called so stands below it.
    Title(String),
    /// Lines of its own.
    Block(String),
    /// The same, and all but the last one are as they were written.
    Code(String),
}

/// The tag that begins at `start`.
fn tag(text: &str, start: usize) -> Option<Tag<'_>> {
    let rest = &text[start + 2..];
    let closer = if text[start..].starts_with("{%") { "%}" } else { "}}" };
    let length = text::head(rest, LONGEST).find(closer)?;
    let inside = rest[..length].trim_start_matches('-').trim_end_matches('-').trim();
    (!inside.is_empty()).then_some(Tag { inside, end: start + 2 + length + 2 })
}

/// The text from `at` up to the tag `{% name %}` of one of `names`, and where that ends.
fn closing(text: &str, at: usize, names: &[&str]) -> Option<(std::ops::Range<usize>, usize)> {
    let mut from = at;
    while let Some(start) = text[from..].find("{%").map(|n| from + n) {
        if let Some(tag) = tag(text, start).filter(|t| names.contains(&t.inside)) {
            return Some((at..start, tag.end));
        }
        from = start + 2;
    }
    None
}

/// A link in Markdown; words alone where it leads nowhere.
fn link(words: &str, address: &str) -> String {
    let words = words.replace(['[', ']'], "");
    if address.is_empty() { words } else { format!("[{words}](<{}>)", address.replace(['<', '>', '\n'], "")) }
}

/// Code between fences that it cannot end.
fn fenced(language: &str, body: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in body.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat((longest + 1).max(3));
    let language: String = language.chars().filter(|c| c.is_alphanumeric() || "+#-_.".contains(*c)).collect();
    let body = body.trim_end_matches([' ', '\t']);
    let before = if body.starts_with('\n') { "" } else { "\n" };
    let behind = if body.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}{before}{body}{behind}{fence}")
}

/// A quotation, each line where it was; who said it ends the last one.
fn quoted(body: &str, author: Option<&str>) -> String {
    let by = author.map(|a| format!(" <br>— {}", escape(a.trim()))).unwrap_or_default();
    let last = body.trim_end().matches('\n').count();
    let mut lines: Vec<String> = Vec::new();
    for (n, line) in body.split('\n').enumerate() {
        let by = if n == last { by.as_str() } else { "" };
        match line.trim() {
            "" if by.is_empty() && (n == 0 || n > last) => lines.push(String::new()),
            inner => lines.push(format!("> {inner}{by}").trim_end().to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str, slugify: Slugify) -> (String, Vec<(usize, String)>) {
        let mut lead = |name: &str, _| format!("https://e.org/{name}/");
        expand(text, Page { slugify, title: "T", url: "/r/t/", base: "/r/", lead: &mut lead })
    }

    #[test]
    fn tags_of_zola() {
        let cases = [
            (
                "a {{ youtube(id=\"x\") }} b",
                "a <a href=\"https://www.youtube.com/watch?v=x\">youtube.com/watch?v=x</a> b",
            ),
            (
                "{% quote(author=\"Bob\") %}\nquoted **text**\n\nmore\n{% end %}\nRest",
                "\n> quoted **text**\n>\n> more <br>— Bob\n\nRest",
            ),
            ("a {% quote() %}b{% end %} c", "a \n> b\n c"),
            ("{% note() %}\nkept {{ mark(a=[1, 2]) }}\n{% end %}", "\nkept \n"),
            ("{{/* youtube(id=1) */}} {%/* x() */%}", "{{ youtube(id=1) }} {% x() %}"),
            ("{{ x }} {% if x %} {% end %} {{ a", "{{ x }} {% if x %} {% end %} {{ a"),
            ("`{{ youtube(id=1) }}`\n```\n{% x() %}\n```", "`{{ youtube(id=1) }}`\n```\n{% x() %}\n```"),
        ];
        for (text, want) in cases {
            assert_eq!(expanded(text, Slugify::Zola).0, want);
        }
        assert_eq!(expanded("a\n{{ b() }}\n{{ b() }}", Slugify::Zola).1, [(2, "b".to_owned())]);
    }

    #[test]
    fn tags_of_liquid() {
        let cases = [
            (
                "{% highlight ruby linenos %}\nputs `1`\n{{ x }}\n{% endhighlight %}\nb",
                "```ruby\nputs `1`\n{{ x }}\n```\nb",
            ),
            ("a {% highlight ruby %}x{% endhighlight %} b", "a \n```ruby\nx\n```\n b"),
            ("{% codeblock A title lang:js %}\n```\n{% endcodeblock %}", "````js\n```\n````"),
            (
                "1. a\n\n   {% highlight sh %}\n   ls\n   {% endhighlight %}\n\n2. b",
                "1. a\n\n   ```sh\n   ls\n   ```\n\n2. b",
            ),
            ("{% raw %}\n{{ x }} {% y %}\n{% endraw %}", "\n{{ x }} {% y %}\n"),
            ("a{%- comment -%}b{%- endcomment -%}c", "ac"),
            ("{{ page.title }} {{ site.title }}.{{ '/a' | relative_url }}", "T ./r/a"),
            ("{{ site.url }}{{ site.baseurl }}{{ page.url }} {{ page.url | absolute_url }} {{ 'a' }}", "/r/t/ /r/t/ a"),
            ("![]({{ site.baseurl }}/a.png)", "![](/r/a.png)"),
            ("[p]({{ site.baseurl }}{% post_url 2024-01-02-x %}#y)", "[p](https://e.org/2024-01-02-x/#y)"),
            ("[p]({{ '/r' | relative_url }})", "[p](/r)"),
            ("![]({{ \"/a.png\" | prepend: site.baseurl }})", "![](/r/a.png)"),
            (
                "{% include video/youtube.html id='x' %}",
                "<a href=\"https://www.youtube.com/watch?v=x\">youtube.com/watch?v=x</a>",
            ),
            ("{% gist a/b %}", "<a href=\"https://gist.github.com/a/b\">gist.github.com/a/b</a>"),
            ("{% if a %}\nb\n{% endif %}", "\nb\n"),
            ("a{% if false %}b{% else %}c{% endif %}d{% if nil %}e{% endif %}", "acd"),
            ("`{% raw %}`\n\n    {{ x }}", "`{% raw %}`\n\n    {{ x }}"),
            ("```\n{% raw %}a: ${{ b }}{% endraw %}\n```", "```\na: ${{ b }}\n```"),
            ("{% highlight", "{% highlight"),
            ("{% highlight x %}\ny", "\ny"),
        ];
        for (text, want) in cases {
            assert_eq!(expanded(text, Slugify::Jekyll).0, want);
        }
        let (_, unknown) =
            expanded("{{ site.title }}\n{% include x.html %}\n{% for a in b %}{% endfor %}", Slugify::Jekyll);
        let unknown: Vec<_> = unknown.iter().map(|(l, n)| (*l, n.as_str())).collect();
        assert_eq!(unknown, [(1, "site.title"), (2, "include x.html"), (3, "for")]);
    }

    #[test]
    fn tags_of_hexo() {
        let cases = [
            ("{% asset_img a.png 图 %}", "![图](<a.png>)"),
            ("{% img left /images/a.jpg 300 400 \"T\" %}", "![T](</images/a.jpg>)"),
            ("{% link 文字 here https://example.com %}", "[文字 here](<https://example.com>)"),
            ("{% post_link pic '自定义' %}", "[自定义](<https://e.org/pic/>)"),
            ("{% post_link pic %} {% post_path pic %}", "[pic](<https://e.org/pic/>) https://e.org/pic/"),
            ("{% post_link b 第 1 章 %}", "[第 1 章](<https://e.org/b/>)"),
            ("{% asset_link a.pdf The file %}", "[The file](<a.pdf>)"),
            ("而{% label 中道崩殂 blue %}。{% label primary@text %}", "而中道崩殂。text"),
            (
                "{% btn '/url',text,icon %} {% span red, x %} {% u y z %} {% bubble 词,\"注\",\"#ec5830\" %}",
                "<a href=\"/url\">text</a> x y z 词",
            ),
            ("{% btn regular, words, https://a.example, icon %}", "<a href=\"https://a.example\">words</a>"),
            ("{% checkbox red checked, done %} {% hideInline a,b %}", "done a"),
            ("{% hideToggle Title here %}\nb\n{% endhideToggle %}", "<strong>Title here</strong>  \nb\n"),
            (
                "{% tabs a %}\n<!-- tab One@icon -->\nb\n<!-- endtab -->\n{% endtabs %}",
                "\n<strong>One</strong>  \nb\n\n",
            ),
            ("```\n{% tabs a %}\n<!-- tab One -->\n```", "```\n{% tabs a %}\n<!-- tab One -->\n```"),
            ("<div>\n{% unknown %}\n<b>c</b>\n</div>", "<div>\n<!-- -->\n<b>c</b>\n</div>"),
            ("{% iframe https://v.example/1 %}", "<iframe src=\"https://v.example/1\"></iframe>"),
        ];
        for (text, want) in cases {
            assert_eq!(expanded(text, Slugify::None).0, want);
        }
    }

    #[test]
    fn what_hugo_does_not_know_is_text() {
        assert_eq!(expanded("{{ x }} {% y %}", Slugify::Hugo).0, "{{ x }} {% y %}");
    }

    #[test]
    fn hostile_texts_take_no_time() {
        let begin = std::time::Instant::now();
        let raws = "`{% raw %}`\n".repeat(60_000);
        for behind in ["", "{% endraw %}", "```\n{% endraw %}\n```\n"] {
            expanded(&format!("{raws}{behind}"), Slugify::Jekyll);
        }
        assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
        for text in ["{% raw %}", "{{", "{% quote() %}", "{% highlight x %}`", "{%", "`{{ x() }}"] {
            let long = text.repeat(20_000);
            for slugify in [Slugify::Zola, Slugify::Jekyll, Slugify::None] {
                expanded(&long, slugify);
            }
        }
    }
}
