//! People as feeds write them: `Name`, `mail@host (Name)`, `Name <mail@host>`,
//! `mail@host`, elements of their own.

use super::model::Person;

/// Reads a person out of one text.
pub(super) fn read(text: &str) -> Person {
    let text = text.trim();
    let Some((from, to)) = address(text) else {
        return Person { name: named(text), ..Person::default() };
    };
    let email = text[from..to].to_owned();
    let before = text[..from].trim_end_matches("mailto:");
    let name = format!("{before}{}", &text[to..]);
    let name = name.replace("()", "").replace("<>", "").replace("&lt;&gt;", "").replace("[]", "");
    let name = name.trim();
    let name = name.strip_prefix('(').unwrap_or(name);
    let name = name.strip_suffix(')').unwrap_or(name);
    Person { name: named(name), email: Some(email), uri: None }
}

fn named(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Where the first e-mail address stands.
fn address(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let local = |b: &u8| b.is_ascii_alphanumeric() || b"_-.+%'".contains(b);
    let host = |b: &u8| b.is_ascii_alphanumeric() || b"-.".contains(b);
    let mut done = 0;
    for at in memchr::memchr_iter(b'@', bytes) {
        let from = bytes[done..at].iter().rposition(|b| !local(b)).map_or(done, |n| done + n + 1);
        let to = bytes[at + 1..].iter().position(|b| !host(b)).map_or(bytes.len(), |n| at + 1 + n);
        let trailing = bytes[at + 1..to].iter().rev().take_while(|b| **b == b'.' || **b == b'-').count();
        let to = to - trailing;
        done = at + 1;
        let last = text[at + 1..to].rsplit_once('.').map(|(_, last)| last);
        if from < at && last.is_some_and(|l| l.len() >= 2) && bytes[at + 1] != b'.' {
            let from = if text[from..].starts_with('\'') { from + 1 } else { from };
            return Some((from, to));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_person() {
        let cases = [
            ("张三", Some("张三"), None),
            ("li@example.org (李四)", Some("李四"), Some("li@example.org")),
            ("李四 (li@example.org)", Some("李四"), Some("li@example.org")),
            ("Ann <ann+feeds@example.org>", Some("Ann"), Some("ann+feeds@example.org")),
            ("ann@example.org", None, Some("ann@example.org")),
            ("mailto:ann@example.org", None, Some("ann@example.org")),
            ("Ann @ Home", Some("Ann @ Home"), None),
            ("@ann", Some("@ann"), None),
            ("a@b", Some("a@b"), None),
            ("Ann, ann@example.org.", Some("Ann, ."), Some("ann@example.org")),
            ("", None, None),
        ];
        for (text, name, email) in cases {
            let person = read(text);
            assert_eq!((person.name.as_deref(), person.email.as_deref()), (name, email), "{text}");
        }
    }
}
