//! Where code stands in a Markdown text, found without parsing it: fences, indented
//! blocks, code spans, `<pre>` and `<code>`. What is written there is shown, not done.

use std::collections::HashMap;
use std::ops::Range;

/// Places of code in one text, in order.
#[derive(Debug, Default)]
pub struct Code(Vec<Range<usize>>);

impl Code {
    /// Finds the code in `text`.
    pub fn of(text: &str) -> Self {
        let mut found = Vec::new();
        let mut fence: Option<(char, usize, usize)> = None;
        // Start of a run of lines that spans may cross.
        let mut run: Option<usize> = None;
        let (mut blank, mut in_list, mut indented) = (true, false, false);
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let inner = without_markers(line);
            let (mark, length) = fence_of(inner);
            if let Some((open, least, from)) = fence {
                if mark == open && length >= least && inner[length..].trim().is_empty() {
                    found.push(from..at);
                    fence = None;
                }
                continue;
            }
            let is_blank = line.trim().is_empty();
            let deep = line.starts_with("    ") || line.starts_with('\t');
            // A run of backticks with another one behind it is a span.
            let opens = length >= 3 && (mark == '~' || !inner[length..].contains('`'));
            let is_code = !opens && !is_blank && deep && !in_list && (blank || indented);
            if opens || is_blank || is_code {
                run.take().into_iter().for_each(|from| spans(text, from..start, &mut found));
            } else if run.is_none() {
                run = Some(start);
            }
            if opens {
                fence = Some((mark, length, start));
            }
            if is_code {
                found.push(start..at);
            }
            indented = is_code || indented && is_blank;
            if !is_blank {
                in_list = is_item(line) || in_list && line.starts_with([' ', '\t']);
            }
            blank = is_blank;
        }
        if let Some((_, _, from)) = fence {
            found.push(from..text.len());
        }
        run.into_iter().for_each(|from| spans(text, from..text.len(), &mut found));
        for (open, close) in [("<pre", "</pre"), ("<code", "</code")] {
            elements(text, open, close, &mut found);
        }
        found.sort_by_key(|r| r.start);
        let mut joined: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match joined.last_mut().filter(|last| range.start <= last.end) {
                Some(last) => last.end = last.end.max(range.end),
                None => joined.push(range),
            }
        }
        Self(joined)
    }

    /// Whether the byte at `place` is code.
    pub fn has(&self, place: usize) -> bool {
        let after = self.0.partition_point(|r| r.start <= place);
        after > 0 && self.0[after - 1].end > place
    }
}

/// A line without the marks of quotes and list items before it.
fn without_markers(line: &str) -> &str {
    let mut rest = line.trim_start();
    loop {
        let next = match rest.strip_prefix('>') {
            Some(inner) => inner,
            None if is_item(rest) => &rest[rest.find([' ', '\t']).unwrap_or(rest.len())..],
            None => return rest,
        };
        rest = next.trim_start();
    }
}

/// Whether a line begins an item of a list.
pub fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let mark = match line.as_bytes() {
        [b'-' | b'*' | b'+', ..] => 1,
        bytes if (1..10).contains(&digits) && matches!(bytes.get(digits), Some(b'.' | b')')) => digits + 1,
        _ => return false,
    };
    line[mark..].starts_with([' ', '\t'])
}

/// The mark of a fence and how many there are.
fn fence_of(line: &str) -> (char, usize) {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~')).unwrap_or(' ');
    (mark, line.chars().take_while(|c| *c == mark && mark != ' ').count())
}

/// Code spans: a run of backticks up to the next one of its length.
fn spans(text: &str, lines: Range<usize>, found: &mut Vec<Range<usize>>) {
    let bytes = text.as_bytes();
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut at = lines.start;
    while at < lines.end {
        if bytes[at] != b'`' {
            at += 1;
            continue;
        }
        let start = at;
        while at < lines.end && bytes[at] == b'`' {
            at += 1;
        }
        runs.push(start..at);
    }
    // The next run of the same length, for each.
    let mut last: HashMap<usize, usize> = HashMap::new();
    let mut next: Vec<Option<usize>> = vec![None; runs.len()];
    for (n, run) in runs.iter().enumerate().rev() {
        next[n] = last.insert(run.len(), n);
    }
    let mut n = 0;
    while n < runs.len() {
        let escaped = runs[n].start > lines.start && bytes[runs[n].start - 1] == b'\\';
        match next[n].filter(|_| !escaped) {
            Some(end) => {
                found.push(runs[n].start..runs[end].end);
                n = end + 1;
            }
            None => n += 1,
        }
    }
}

fn elements(text: &str, open: &str, close: &str, found: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(start) = text[at..].find(open).map(|n| at + n) {
        let Some(end) = text[start..].find(close).map(|n| start + n) else { break };
        found.push(start..end);
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_told_from_text() {
        // `X` stands in code, `o` does not.
        for text in [
            "o\n```\nX\n```\no",
            "o\n~~~ html\nX\n```\nX\n~~~\no",
            "- o\n  ```\n  X\n  ```\n- o",
            "> ```\n> X\n> ```\n> o",
            "o `X` o ``X ` X`` o ` o",
            "o `X\nX` o\n\no ` o\n\no ` o",
            "o\n\n    X\n\n    X\n\no",
            "- o\n\n    o\n\no",
            "o\n    o",
            "o <code>X</code> o\n<pre>\nX\n\nX</pre>\no",
            "o\n```\nX",
            "\\` o ` o",
            "```X``` o",
            "中文 `X` o 中",
        ] {
            let code = Code::of(text);
            for (at, c) in text.char_indices().filter(|(_, c)| matches!(c, 'X' | 'o')) {
                let inside_tag = text[..at].ends_with("<c");
                assert!(inside_tag || c != 'o' || !code.has(at) || text[at..].starts_with("ode>"), "{text:?} at {at}");
                assert!(c != 'X' || code.has(at), "{text:?} at {at}");
            }
        }
    }
}
