//! `:tada:` as the sign that it names, where it stands between other words.

use std::borrow::Cow;

use comrak::nodes::{AstNode, NodeValue};

use crate::source::pattern::Pattern;

/// Puts the signs below `root` in place of their names. Addresses and code have none.
pub(super) fn show<'a>(root: &'a AstNode<'a>) {
    for node in root.descendants() {
        let in_link = |up: &AstNode<'a>| matches!(up.data.borrow().value, NodeValue::Link(_));
        let before_code = node.next_sibling().is_some_and(|n| matches!(n.data.borrow().value, NodeValue::Code(_)));
        let is_address = node.parent().is_some_and(in_link);
        let mut data = node.data.borrow_mut();
        let NodeValue::Text(text) = &mut data.value else { continue };
        // What a link that was only written down shows is its address.
        if is_address && text.contains("://") || before_code && text.ends_with(':') {
            continue;
        }
        if let Cow::Owned(shown) = with_emoji(text) {
            *text = shown.into();
        }
    }
}

/// A text without markup, with the signs in place of their names.
pub fn with_emoji(text: &str) -> Cow<'_, str> {
    static NAME: Pattern = Pattern::new(r":([a-z0-9+-][a-z0-9_+-]{0,40}):");
    if !text.contains(':') {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let (mut done, mut from) = (0, 0);
    while let Some(found) = NAME.captures_at(text, from) {
        let (Some(whole), name) = (found.get(0), &found[1]) else { break };
        let before = text[..whole.start()].chars().next_back();
        let behind = text[whole.end()..].chars().next();
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || ":/_=\"\\]".contains(c));
        // `名:key:值` is no sign, `发布:tada:` is.
        let inside = before.is_some_and(char::is_alphanumeric) && behind.is_some_and(char::is_alphanumeric);
        let sign = gh_emoji::get(name).filter(|_| !joins(before) && !joins(behind) && !inside);
        from = if sign.is_some() { whole.end() } else { whole.end() - 1 };
        if let Some(sign) = sign {
            out.push_str(&text[done..whole.start()]);
            out.push_str(sign);
            done = whole.end();
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use crate::config::Slugify;
    use crate::source::markdown::read;

    #[test]
    fn names_of_emoji_are_signs_between_words() {
        for (written, want) in [
            (":tada: v1 发布:rocket: 啦 (:+1:)", "🎉 v1 发布🚀 啦 (👍)"),
            ("10:30:45 a:x:b 中文:key:值 :nothing: [::1]:100:", "10:30:45 a:x:b 中文:key:值 :nothing: [::1]:100:"),
            ("`:tada:` :key:`z`", "<code>:tada:</code> :key:<code>z</code>"),
            ("<kbd>:x:y</kbd>", "<kbd>:x:y</kbd>"),
            ("[y](/:id:) :white_check_mark:", "<a href=\"\">y</a> ✅"),
        ] {
            let html = read(written, None, None, Slugify::Hugo).html;
            assert_eq!(html.trim(), format!("<p>{want}</p>"), "{written}");
        }
        let html = read("https://a.example/x-:id:-y", None, None, Slugify::Hugo).html;
        assert!(html.contains(">https://a.example/x-:id:-y<"), "{html}");
    }
}
