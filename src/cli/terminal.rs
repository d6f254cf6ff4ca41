//! What people see: plain lines in a pipe, colour and progress on a terminal.
//!
//! Everything goes through here, so that a closed pipe ends the output and not the
//! program with a panic, and so that no control character of a post or feed
//! reaches the terminal.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::run::{Problem, Severity};

/// Standard output and error.
#[derive(Debug)]
pub struct Terminal {
    quiet: bool,
    colour: bool,
    closed: bool,
    bar: Option<ProgressBar>,
}

impl Terminal {
    /// `quiet`: only problems are printed.
    pub fn new(quiet: bool) -> Self {
        let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Self { quiet, colour, closed: false, bar: None }
    }

    /// A result, to standard output, even when quiet.
    pub fn result(&mut self, line: &str) {
        self.write(line.as_bytes());
        self.write(b"\n");
    }

    /// Bytes to standard output.
    pub fn write(&mut self, bytes: &[u8]) {
        if !self.closed && io::stdout().lock().write_all(bytes).is_err() {
            self.closed = true;
        }
    }

    /// Everything written so far leaves at once.
    pub fn flush(&mut self) {
        if !self.closed && io::stdout().lock().flush().is_err() {
            self.closed = true;
        }
    }

    /// Whether the reader of standard output has gone.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// What was done, to standard output, unless quiet.
    pub fn say(&mut self, line: &str) {
        if !self.quiet {
            self.result(&clean(line));
        }
    }

    /// Something that is wrong, to standard error.
    pub fn error(&mut self, line: &str) {
        self.clear();
        let mark = if self.colour { "\u{1b}[1;31merror\u{1b}[0m: " } else { "error: " };
        let _ = writeln!(io::stderr().lock(), "{mark}{}", clean(line));
    }

    /// A problem that stopped nothing, to standard error.
    pub fn problem(&mut self, problem: &Problem) {
        self.clear();
        let (word, colour) = match problem.severity {
            Severity::Note => ("note", "\u{1b}[36m"),
            Severity::Warning => ("warning", "\u{1b}[1;33m"),
            Severity::Held => ("held back", "\u{1b}[1;31m"),
        };
        let mark = if self.colour { format!("{colour}{word}\u{1b}[0m: ") } else { format!("{word}: ") };
        let _ = writeln!(io::stderr().lock(), "{mark}{}", clean(&problem.to_string()));
    }

    /// The line of a file with a mark below the column.
    pub fn snippet(&mut self, line: usize, column: usize, text: &str) {
        let text: String = clean(text).chars().take(160).collect();
        if text.trim().is_empty() {
            return;
        }
        let number = line.to_string();
        let before: String = text.chars().take(column.saturating_sub(1)).collect();
        let pad = " ".repeat(crate::normalize::text::columns(&before));
        let _ = writeln!(io::stderr().lock(), " {number} | {text}\n {} | {pad}^", " ".repeat(number.len()));
    }

    /// Shows progress on a terminal; nothing in a pipe.
    pub fn progress(&mut self, what: &str, done: usize, of: usize) {
        if self.quiet || !io::stderr().is_terminal() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        let (what, besides) = what.split_once(": ").unwrap_or((what, ""));
        bar.set_prefix(what.to_owned());
        bar.set_message(clean(besides));
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    }

    /// Takes the progress away.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// No control characters: they could rewrite what the terminal shows, or forge lines of a log.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\t' { ' ' } else { c })
        .filter(|c| !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'))
        .collect()
}

/// `text` as one word of a command line: as it is where every shell takes it so, else in quotes.
pub fn argument(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./+:@%,=".contains(c);
    // What begins with a dash would be an option.
    let text = if text.starts_with('-') { format!("./{text}") } else { text.to_owned() };
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_one_word_to_a_shell() {
        for text in ["blog/feedloom", "my blog", "it's", "a;b", "$HOME", "~x", "博客", "", "-n", "a\\b", "*", "x y'z"]
        {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf '<%s>' {}", argument(text))])
                .output()
                .expect("a shell");
            let word = if text.starts_with('-') { format!("./{text}") } else { text.to_owned() };
            assert_eq!(String::from_utf8_lossy(&output.stdout), format!("<{word}>"), "{text}");
        }
        assert_eq!((argument("./feedloom").as_str(), argument("my blog").as_str()), ("./feedloom", "'my blog'"));
    }
}
