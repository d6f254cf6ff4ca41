//! Bounds of hostile text, set before a parser sees it: nesting and runs of marks.

/// Nesting beyond this is flattened before the text is parsed: quotes and lists
/// people write are a few levels deep, hostile ones a hundred thousand.
const MAX_NESTING: usize = 64;

/// The lines of `markdown`, with markers of quotes and lists beyond
/// [`MAX_NESTING`] taken off, and runs of brackets cut: a parser spends time on
/// each of a hundred thousand, and no reader ever sees them.
pub(super) fn flatten_nesting(markdown: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in markdown.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut markers = 0;
        let mut at = 0;
        for (n, c) in line.char_indices() {
            match c {
                '>' | '-' | '*' | '+' => markers += 1,
                ' ' | '\t' => {}
                _ => break,
            }
            if markers > MAX_NESTING {
                at = n;
            }
        }
        let is_nested = markers > MAX_NESTING && (line[..at].contains('>') || line[..at].contains("- -"));
        let line = if is_nested { line[at..].trim_start_matches(['>', '-', '*', '+', ' ', '\t']) } else { line };
        let indent = line.len() - line.trim_start_matches(' ').len();
        let line = if indent > MAX_NESTING * 4 { &line[indent - MAX_NESTING * 4..] } else { line };
        lines.push(cut_brackets(line));
    }
    lines
}

fn cut_brackets(line: &str) -> String {
    const MOST: usize = 100;
    if line.len() <= MOST {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len());
    let (mut last, mut run) = ('\0', 0);
    for c in line.chars() {
        run = if c == last { run + 1 } else { 1 };
        last = c;
        if run > MOST && "[]()<>!*_`~^$&\\|".contains(c) {
            continue;
        }
        out.push(c);
    }
    out
}
