//! Signs in a text that are meant for the site generator and are no words: the place of a
//! table of contents, the fences of admonitions, the end of the excerpt.

use super::boxes;
use crate::config::Slugify;
use crate::source::markdown::{self, code::Code};
use crate::source::pattern::Pattern;

/// Whether modules may be imported in the file at `path`: it is MDX, or Docusaurus reads it.
pub(super) fn imports(path: &str, slugify: Slugify) -> bool {
    slugify == Slugify::Docusaurus || path.ends_with(".mdx")
}

/// The text without comments as Obsidian has them, `%% words %%` among other words or lines
/// between two `%%`: what nobody was meant to read. Every other line keeps its number. A comment
/// has blanks around it: `100%%，内存80%%` and `%%s` are something else.
pub(super) fn without_comments(text: String) -> String {
    static COMMENT: Pattern = Pattern::new(
        r"(?m)^[ \t]*%%[ \t]*$(?s:.*?)^[ \t]*%%[ \t]*$|(^|[ \t])%%(?:[^%\n,.;，。；]|%[^%\n])(?:[^%\n]|%[^%\n])*?%%([ \t.,;:!?，。；：！？]|$)",
    );
    if !text.contains("%%") {
        return text;
    }
    let code = Code::of(&text);
    let gone = |found: &regex::Captures<'_>| {
        let (Some(whole), part) = (found.get(0), |n: usize| found.get(n).map_or("", |m| m.as_str())) else {
            return String::new();
        };
        let comment = whole.as_str();
        if code.has(whole.start() + part(1).len()) {
            return comment.to_owned();
        }
        let inner = comment.len() - part(1).len() - part(2).len();
        let lines = comment[part(1).len()..part(1).len() + inner].matches('\n').count();
        format!("{}{}{}", part(1), "\n".repeat(lines), part(2))
    };
    COMMENT.replace_all(&text, gone).into_owned()
}

/// The text without wrappers that say that Markdown is inside, `<div class="notice" markdown="1">`
/// alone on a line, and without what closes them: a tag alone would keep what it encloses from being
/// read. Every line keeps its number.
pub(super) fn without_wrappers(text: String) -> String {
    static OPENS: Pattern = Pattern::new(
        r#"(?i)^\s*<(div|section|article|aside|main|header|footer|center|figure)\b[^<>]*\smarkdown\s*=\s*["']?(?:1|block|span|true)["']?[^<>]*>\s*$"#,
    );
    if !text.contains("markdown=") {
        return text;
    }
    let code = Code::of(&text);
    let mut out = String::with_capacity(text.len());
    // Names of tags that are open, and whether they were taken out.
    let mut open: Vec<(String, bool)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        let first = at + (line.len() - line.trim_start().len());
        at += line.len();
        let is_tag = bare.starts_with('<') && bare.ends_with('>') && !code.has(first);
        let opened = OPENS.captures(bare).filter(|_| is_tag).map(|found| found[1].to_lowercase());
        let goes = match (opened, bare.strip_prefix("</").and_then(|b| b.strip_suffix('>'))) {
            (Some(name), _) => {
                open.push((name, true));
                true
            }
            (None, Some(name)) if is_tag && open.last().is_some_and(|(o, _)| o.eq_ignore_ascii_case(name.trim())) => {
                open.pop().is_some_and(|(_, gone)| gone)
            }
            _ => {
                // Others of that name are closed first.
                let inner = open.last().filter(|(name, _)| {
                    let begins = bare.get(1..).is_some_and(|b| b.to_lowercase().starts_with(name.as_str()));
                    is_tag && begins && !bare.contains("</") && !bare.ends_with("/>")
                });
                if let Some((name, _)) = inner.cloned() {
                    open.push((name, false));
                }
                false
            }
        };
        out.push_str(if goes { &line[line.trim_end_matches(['\n', '\r']).len()..] } else { line });
    }
    out
}

/// So many signs of a word are looked at for those of an address.
const LONGEST_ADDRESS: usize = 2048;

/// Whether what follows `before` goes on with an address.
pub(super) fn is_in_address(before: &str) -> bool {
    let word = before.chars().rev().take_while(|c| !c.is_whitespace()).take(LONGEST_ADDRESS);
    word.collect::<String>().contains("//:")
}

/// The text with boxes of other names than the five that Markdown has as quotations that begin
/// with the title: `> [!faq]- Why?`. Whether they are folded says nothing where nothing folds.
pub(super) fn with_known_boxes(text: String) -> String {
    static BOX: Pattern =
        Pattern::new(r"(?m)^([ \t]*(?:>[ \t]*)+)\[!([A-Za-z][\w-]*)\]([+-]?)(?:[ \t]+([^\n]*))?[ \t]*$");
    if !text.contains("[!") {
        return text;
    }
    let code = Code::of(&text);
    let known = |found: &regex::Captures<'_>| {
        let (Some(whole), name) = (found.get(0), found[2].to_lowercase()) else { return String::new() };
        let above = text[..whole.start()].trim_end_matches('\n').rsplit('\n').next().unwrap_or("");
        let depth =
            |line: &str| line.chars().take_while(|c| matches!(c, '>' | ' ' | '\t')).filter(|c| *c == '>').count();
        let says = |line: &str| !line.trim_start_matches(['>', ' ', '\t']).is_empty();
        let goes_on = says(above)
            && depth(above) >= depth(&found[1])
            && text[..whole.start()].ends_with('\n')
            && above.trim_start().starts_with('>')
            && !text[..whole.start()].ends_with("\n\n");
        let is_known = matches!(name.as_str(), "note" | "tip" | "important" | "warning" | "caution");
        if code.has(whole.start()) || goes_on || is_known && found[3].is_empty() {
            return whole.as_str().to_owned();
        }
        let title = found.get(4).map_or("", |m| m.as_str().trim());
        if is_known {
            return format!("{}[!{}] {title}", &found[1], name.to_uppercase()).trim_end().to_owned();
        }
        let mut letters = name.chars();
        let own: String = letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default();
        let title = match title {
            "" => format!("**{own}**"),
            marked if marked.contains(['*', '[', '`', '<', '_']) => marked.to_owned(),
            plain => format!("**{plain}**"),
        };
        // A break behind it: what follows is no part of the title.
        format!("{}{title}  ", &found[1])
    };
    BOX.replace_all(&text, known).into_owned()
}

/// The text without such lines. They become empty, so that every other one keeps its
/// number; what stands in code stays.
pub(super) fn without(text: String, imports: bool, slugify: Slugify) -> String {
    static CONTENTS: Pattern = Pattern::new(r"(?i)^ {0,3}(?:\[toc\]|\[\[_?toc_?\]\])\s*$");
    // kramdown's `{:toc}`, `{: .class}`, `{::nomarkdown}`.
    static KRAMDOWN: Pattern = Pattern::new(r"^ {0,3}\{(?::(?:toc|\s|\.|#|[\w-]+=)[^{}]*|::\w+[^{}]*/?|:/\w*)\}\s*$");
    static COMMENT: Pattern = Pattern::new(r"^ {0,3}\{/\*.*\*/\}\s*$");
    // What an abbreviation stands for, as kramdown and Python's Markdown have it.
    static ABBREVIATION: Pattern = Pattern::new(r"^ {0,3}\*\[[^\]\[]{1,40}\]:\s*[^*\s][^*]*$");
    static OPENS: Pattern = Pattern::new(r"^\s*:{3,}\s*[A-Za-z{]");
    static CLOSES: Pattern = Pattern::new(r"^\s*:{3,}\s*$");
    // A fence that nothing closes is something else.
    let fenced = text.lines().any(|l| OPENS.is_match(l)) && text.lines().any(|l| CLOSES.is_match(l));
    let kramdown = slugify == Slugify::Jekyll && text.contains("{:");
    let abbreviates = !matches!(slugify, Slugify::Hugo | Slugify::Docusaurus);
    let is_sign = |line: &str| {
        CONTENTS.is_match(line)
            || abbreviates && line.contains("*[") && ABBREVIATION.is_match(line)
            || kramdown && KRAMDOWN.is_match(line)
            || imports && COMMENT.is_match(line)
    };
    if !fenced && !text.lines().any(is_sign) {
        return text;
    }
    let code = Code::of(&text);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let bare = line.trim_end_matches(['\n', '\r']);
        let next = lines.peek().map_or("", |l| l.trim());
        // `* TOC`, of which `{:toc}` below makes a table of contents.
        let is_list = || kramdown && next.starts_with("{:toc") && bare.trim().len() <= 8;
        let is_fence = || fenced && (OPENS.is_match(bare) || CLOSES.is_match(bare));
        let first = at + (bare.len() - bare.trim_start().len());
        let drop = !code.has(first) && (is_sign(bare) || is_list() || is_fence());
        // A rule below would make a heading of it.
        let ruled = !next.is_empty() && next.bytes().all(|b| b == b'-' || b == b'=');
        if drop && !ruled && is_fence() {
            out.push_str(&title(bare));
        }
        out.push_str(if drop { &line[bare.len()..] } else { line });
        at += line.len();
    }
    out
}

/// What a box is called, as a line of its own: `::: tip A title`, `:::note[A title]`, and by its
/// kind where it has no title and warns. The box goes, its title stays.
fn title(line: &str) -> String {
    static TITLE: Pattern = Pattern::new(
        r"^(\s*):{3,}\s*((?i:note|tip|info|warning|danger|caution|important|details|success|question|example|hint|attention|abstract|bug|quote))(?:\s+([^\s{:].*?)|\[([^\]]+)\])?\s*(?:\{[^{}]*\})?\s*$",
    );
    let Some(found) = TITLE.captures(line) else { return String::new() };
    let words = found.get(3).or_else(|| found.get(4)).map(|m| m.as_str().replace(['*', '`'], ""));
    // A note says by itself that it is one.
    let warns = ["warning", "danger", "caution", "important"].contains(&found[2].to_lowercase().as_str());
    let words = words.unwrap_or_else(|| if warns { boxes::name(&found[2]) } else { String::new() });
    // Attributes, and what would be more than words.
    let is_plain = !words.contains(['=', '[', ']', '<', '>', '{', '}', '/']) && !words.trim().is_empty();
    if is_plain { format!("{}**{}**  ", &found[1], words.trim()) } else { String::new() }
}

/// What stands before `<!-- more -->` or Docusaurus' `{/* truncate */}`, as plain text: by that
/// the author ends the excerpt.
pub(super) fn before_more(text: &str, imports: bool, slugify: Slugify) -> Option<String> {
    static MORE: Pattern = Pattern::new(r"(?i)<!--\s*(?:more|truncate)\s*-->|\{/\*\s*truncate\s*\*/\}");
    // Footnotes stand behind the mark.
    static NOTE: Pattern = Pattern::new(r"\[\^([^\]\s]+)\]");
    let mut marks = MORE.find_iter(text).peekable();
    marks.peek()?;
    let code = Code::of(text);
    let end = marks.map(|m| m.start()).find(|start| !code.has(*start))?;
    let mut before = String::with_capacity(end);
    let mut done = 0;
    for note in NOTE.captures_iter(&text[..end]) {
        let Some(whole) = note.get(0).filter(|m| !code.has(m.start())) else { continue };
        if text.contains(&format!("[^{}]:", &note[1])) {
            before.push_str(&text[done..whole.start()]);
            done = whole.end();
        }
    }
    before.push_str(&text[done..end]);
    // Lines stay where they are: those of the whole text are read, up to the mark.
    let above = before.matches('\n').count();
    let last = before.rsplit('\n').next().unwrap_or("").to_owned();
    let read = without(format!("{before}\n{}", &text[end..]), imports, slugify);
    let kept: Vec<&str> = read.split('\n').take(above).chain([last.as_str()]).collect();
    Some(markdown::read(&kept.join("\n"), None, None, slugify).text).filter(|t| !t.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_the_generator_become_empty() {
        let cases = [
            ("a\n\n[TOC]\n\nb", "a\n\n\n\nb"),
            ("[[toc]]\nb", "\nb"),
            ("see [TOC] here", "see [TOC] here"),
            ("```\n[TOC]\n```", "```\n[TOC]\n```"),
            ("a\n\n:::note Title\n\nb\n\n:::\nc", "a\n\n**Title**  \n\nb\n\n\nc"),
            ("::: tip\nb\n:::\n", "\nb\n\n"),
            ("::: warning\nb\n:::\n", "**Warning**  \nb\n\n"),
            ("1. a\n\n    :::tip Do this\n\n    b\n\n    :::\n", "1. a\n\n    **Do this**  \n\n    b\n\n\n"),
            ("::: details Click me {open}\nb\n:::\n", "**Click me**  \nb\n\n"),
            (":::note title=\"Quoted\"\nb\n:::\n", "\nb\n\n"),
            (":::image /a.png\n:::\n::: tip 注意 *强调*\n:::\n", "\n\n**注意 强调**  \n\n"),
            (":::tip[My title]\nb\n:::\n", "**My title**  \nb\n\n"),
            ("* TOC\n{:toc}\n\n# a\n{: .b #c}\n{/* truncate */}\n", "\n\n\n# a\n\n\n"),
            (":::note alone\nb", ":::note alone\nb"),
            ("```\n:::tip\n:::\n```\n", "```\n:::tip\n:::\n```\n"),
            ("*[HTML]: Hyper\nb *[x]: y\n", "\nb *[x]: y\n"),
            ("import of goods\n", "import of goods\n"),
            ("import goods, and pay\n", "import goods, and pay\n"),
        ];
        for (text, want) in cases {
            assert_eq!(without(text.to_owned(), true, Slugify::Jekyll), want, "{text:?}");
        }
        let text = "a\n\n{:ok, pid}\n{: .b}\n{/* c */}\n";
        assert_eq!(without(text.to_owned(), false, Slugify::Hugo), text);
    }

    #[test]
    fn wrappers_of_markdown_go() {
        for (text, want) in [
            ("<div class=\"notice\" markdown=\"1\">\n**b**\n</div>\nc\n", "\n**b**\n\nc\n"),
            ("<div markdown=1>\n<div>\na\n</div>\n</div>\n", "\n<div>\na\n</div>\n\n"),
            ("```\n<div markdown=\"1\">\n```\n", "```\n<div markdown=\"1\">\n```\n"),
            ("<div>\nmarkdown=\n</div>\n", "<div>\nmarkdown=\n</div>\n"),
        ] {
            assert_eq!(without_wrappers(text.to_owned()), want);
        }
    }

    #[test]
    fn the_excerpt_ends_where_its_author_says() {
        let more = |text: &str| before_more(text, false, Slugify::Hugo);
        assert_eq!(more("First *words*.\n\n<!--more-->\n\nRest.").as_deref(), Some("First words."));
        assert_eq!(more("First. <!-- More --> Rest.").as_deref(), Some("First."));
        assert_eq!(more("<!--more-->\nRest."), None);
        assert_eq!(more("First[^1].\n\n{/* truncate */}\n\nRest.\n\n[^1]: n").as_deref(), Some("First."));
        assert_eq!(more("`[^,]+` and [^a-z].\n\n<!--more-->\n\nRest.").as_deref(), Some("[^,]+ and [^a-z]."));
        assert_eq!(more(":::note\nText.\n\n<!--more-->\n\nmore\n:::\n").as_deref(), Some("Text."));
        assert_eq!(more("Write `<!--more-->` there."), None);
    }
}
