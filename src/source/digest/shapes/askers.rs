//! Who asks, and where a question, an answer begins.

use super::{until_colon, version, without_ordinal};
use crate::normalize::text;
use crate::source::markdown::{Piece, Shape};
use crate::source::pattern::Pattern;

/// Who asks, from the line above a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source::digest) struct Asker {
    /// The name, when the line has one.
    pub name: Option<String>,
    /// A topic instead of a name: `about the grouplist setting`.
    pub topic: Option<String>,
    /// `#2203`.
    pub issue: Option<String>,
    /// What follows the asker on the same line.
    pub rest: String,
}

/// An asker line in one of its spellings. `quoted` says whether a quotation follows.
pub(in crate::source::digest) fn asker(piece: &Piece, quoted: bool) -> Option<Asker> {
    static ISSUE: Pattern = Pattern::new(r"[(（\[]?#\s*(\d{1,7})\b[)）\]]?");
    static ASKS: Pattern = Pattern::new(
        r"(?i)(?:同学|用户|老师)?\s*(?:提问|问道|发问|提出的?问题|\basks?\b|\basked\b|\W问\s*[:：])\s*[:：]?",
    );
    let heading = piece.is_heading();
    if piece.quote || piece.shape != Shape::Line && !heading || piece.list > 1 {
        return None;
    }
    // `- @name asks:` in a list without numbers; without the verb it is whom a list quotes.
    let is_told = || piece.text.starts_with(['@', '＠']) && ASKS.is_match(&piece.text);
    if piece.list == 1 && piece.ordinal.is_none() && !is_told() {
        return None;
    }
    let (line, numbered) = without_ordinal(&piece.text);
    let numbered = numbered || piece.ordinal.is_some();
    if line.is_empty() || text::columns(line) > 400 {
        return None;
    }
    // Most lines are nothing of the kind, and patterns take their time to say so.
    let may_ask = numbered || line.contains(['@', '＠', '问']) || line.contains("ask") || line.contains("Ask");
    if !may_ask || heading && !line.starts_with(['@', '＠']) {
        return None;
    }
    let issue = Some(line)
        .filter(|l| l.contains('#'))
        .and_then(|l| ISSUE.captures(l))
        .filter(|c| c.get(0).is_some_and(|m| text::columns(&line[..m.start()]) <= 45))
        .map(|c| c[1].to_owned());
    let bare = match &issue {
        Some(_) => ISSUE.replace(line, " ").trim().to_owned(),
        None => line.to_owned(),
    };
    let (bare, at_sign) = match bare.strip_prefix(['@', '＠']) {
        Some(rest) => (rest.trim_start().to_owned(), true),
        None => (bare, false),
    };
    let no_link = piece.links.is_empty() || at_sign;
    if let Some(ask) = ASKS.find(&bare)
        && ask.start() > 0
    {
        let name = bare[..ask.start()].trim();
        let rest = bare[ask.end()..].trim().trim_start_matches([':', '：']).trim();
        if is_person(name) && no_link && (at_sign || numbered || rest.is_empty()) {
            return Some(Asker { name: Some(name.to_owned()), topic: None, issue, rest: rest.to_owned() });
        }
        if let Some(topic) = topic(name).filter(|_| rest.is_empty()) {
            return Some(Asker { name: None, topic: Some(topic), issue, rest: String::new() });
        }
        return None;
    }
    let name = bare.trim_end_matches([':', '：']).trim();
    if at_sign && no_link && is_person(name) && (piece.bold || heading || numbered || quoted || issue.is_some()) {
        return Some(Asker { name: Some(name.to_owned()), topic: None, issue, rest: String::new() });
    }
    if numbered
        && quoted
        && piece.links.is_empty()
        && (piece.bold || issue.is_some())
        && is_person(name)
        && version(name).is_none()
    {
        return Some(match topic(name) {
            Some(topic) => Asker { name: None, topic: Some(topic), issue, rest: String::new() },
            None if name.ends_with("问题") => {
                Asker { name: None, topic: Some(name.to_owned()), issue, rest: String::new() }
            }
            None => Asker { name: Some(name.to_owned()), topic: None, issue, rest: String::new() },
        });
    }
    if quoted && numbered && bare.ends_with([':', '：']) && text::columns(name) <= 60 {
        return Some(Asker { name: None, topic: Some(name.to_owned()), issue, rest: String::new() });
    }
    None
}

/// Who asks inside a quotation, before the question: `> 小明 提问：…`.
pub(in crate::source::digest) fn quoted_asker(piece: &Piece) -> Option<Asker> {
    static ASKS: Pattern = Pattern::new(r"^[@＠]?([^:：，。？]{1,20}?)\s*(?:提问|\basks)\s*[:：]\s*(\S.*)$");
    let (line, _) = without_ordinal(&piece.text);
    let found = ASKS.captures(line).filter(|_| piece.quote && piece.shape == Shape::Line)?;
    let name = found[1].trim();
    is_person(name).then(|| Asker { name: Some(name.to_owned()), topic: None, issue: None, rest: found[2].to_owned() })
}

/// `关于 Seata 的`, `About timeouts`: a matter, nobody's name.
fn topic(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let is_topic = name.starts_with("关于")
        || name.starts_with("有关")
        || lower.starts_with("about ")
        || lower.starts_with("on the ");
    is_topic.then(|| name.trim_end_matches('的').trim().to_owned())
}

/// Short, no sentence, no address.
fn is_person(name: &str) -> bool {
    !name.is_empty()
        && text::columns(name) <= 40
        && !name.contains(['，', '。', '？', '?', '！', '；', '：', '"', '“', '《', '>'])
        && !name.contains("://")
        && topic(name).is_none()
        && name.chars().any(char::is_alphanumeric)
}

/// `A：`, `A:`, `答：`, `Answer:` at the start of a line: what follows it.
pub(in crate::source::digest) fn answer(line: &str) -> Option<&str> {
    static ANSWER: Pattern = Pattern::new(r"^(?i:A\s?\d{0,2}(?:\s*[|｜/]\s*[^:：|｜]{1,16})?|re)$");
    let head = until_colon(line)?;
    let words = head.trim_end_matches([':', '：']).trim_end();
    (ANSWER.is_match(words) || somebody_answers(words)).then(|| line[head.len()..].trim())
}

/// `小明答`, `@tom answered`: a name of a few characters, or none, before the verb. Not a
/// pattern: counted classes of letters take long to compile.
fn somebody_answers(words: &str) -> bool {
    let who = words.strip_prefix('@').unwrap_or(words);
    let is_letter = |c: char| c.is_alphabetic() || c.is_ascii_digit() || c == '_';
    let is_name = |name: &str, most: usize, others: &[char]| {
        name.chars().count() <= most && name.chars().all(|c| is_letter(c) || others.contains(&c))
    };
    let chinese = ["回答", "答复", "回复", "答"].iter().filter_map(|verb| who.strip_suffix(verb));
    if chinese.map(|name| name.strip_suffix(' ').unwrap_or(name)).any(|name| is_name(name, 12, &['.', '-'])) {
        return true;
    }
    let lower = who.to_lowercase();
    let verbs = ["answers", "answer", "answered", "reply", "replies", "replied"];
    let mut english = verbs.iter().filter_map(|verb| lower.strip_suffix(verb));
    english.any(|name| !name.ends_with(is_letter) && is_name(name, 20, &['.', ' ', '-']))
}

/// Where an answer begins on the line of its question: `Q: May I? A: Yes.`
pub(in crate::source::digest) fn answer_within(line: &str) -> Option<usize> {
    static WITHIN: Pattern = Pattern::new(r"[?？。!！]\**\s*(?:A|答|回答|Answer)\s*[:：]");
    let found = WITHIN.find(line)?;
    let mark = line[found.start()..].chars().next().map_or(1, char::len_utf8);
    Some(found.start() + mark)
}

/// A line that asks without saying so, which an answer right below it shows: `小明问：…`,
/// `Q｜小明：…`, `① 小明：…？`, `#12 it crashes`.
pub(in crate::source::digest) fn asking_line(piece: &Piece) -> Option<Asker> {
    static ASKING: Pattern = Pattern::new(
        r"^(?:(?i:Q)\s?\d{0,2}\s*[|｜/]\s*@?(?P<q>[^:：|｜]{1,16})|@?(?P<n>[^:：，。？\s]{1,12}?)问)\s*[:：]\s*(?P<rest>.+)$",
    );
    static ISSUE: Pattern = Pattern::new(r"^#(\d{1,7})\s*[:：]?\s+(\S.*)$");
    if piece.quote || !matches!(piece.shape, Shape::Line | Shape::Heading(_)) {
        return None;
    }
    let (line, numbered) = without_ordinal(&piece.text);
    let numbered = numbered || piece.ordinal.is_some();
    if let Some(found) = ISSUE.captures(line) {
        return Some(Asker { name: None, topic: None, issue: Some(found[1].to_owned()), rest: found[2].to_owned() });
    }
    if answer(line).is_some() {
        return None;
    }
    if let Some(found) = ASKING.captures(line) {
        let name = found.name("q").or(found.name("n"))?.as_str().trim();
        // `访问：`, `请问：` are words of their own.
        let word =
            found.name("n").is_some_and(|n| n.as_str().ends_with(['访', '疑', '请', '学', '顾', '反', '追', '提']));
        return (!word && is_person(name)).then(|| Asker {
            name: Some(name.to_owned()),
            topic: None,
            issue: None,
            rest: found["rest"].to_owned(),
        });
    }
    let (name, rest) = line.split_once([':', '：'])?;
    let (name, rest) = (name.trim().trim_start_matches(['@', '＠']).trim(), rest.trim());
    let asks = numbered && rest.ends_with(['?', '？']) && text::columns(name) <= 16 && is_person(name);
    (asks && question(line).is_none()).then(|| Asker {
        name: Some(name.to_owned()),
        topic: None,
        issue: None,
        rest: rest.to_owned(),
    })
}

/// `❓ May I?`: a sign, and what is asked.
pub(in crate::source::digest) fn is_marked_question(line: &str) -> bool {
    line.starts_with(['❓', '❔']) && line.ends_with(['?', '？'])
}

/// `Q：`, `问：` at the start of a line: what follows it.
pub(in crate::source::digest) fn question(line: &str) -> Option<&str> {
    static QUESTION: Pattern = Pattern::new(
        r"^(?i:Q\s?\d{0,2}|问|提问|问题|question(?: of the (?:day|week|month|episode))?|[本每][日周月期](?:一问|问题|提问))\s*[:：]",
    );
    let (line, _) = without_ordinal(line);
    if let Some(rest) = line.strip_prefix(['❓', '❔']) {
        return Some(rest.trim_start_matches(['\u{fe0f}', ' ', ':', '：']));
    }
    let head = until_colon(line)?;
    QUESTION.is_match(head).then(|| line[head.len()..].trim())
}
