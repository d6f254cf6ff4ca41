//! Question blocks: who asks, the quoted question, the answers, the label that closes them.

use super::places;
use super::shapes::{self, Asker};
use super::{Item, Scope, lists};
use crate::entry::Kind;
use crate::normalize::{address, text};
use crate::source::markdown::{Piece, Shape};
use crate::source::pattern::Pattern;

/// One asker and everything up to the next.
struct Block {
    /// Piece with the asker line, or the first quoted piece when there is none.
    from: usize,
    /// First piece behind the asker.
    first: usize,
    /// Piece behind the last.
    to: usize,
    asker: Option<Asker>,
}

/// Reads the questions of a section.
pub(super) fn read(scope: &mut Scope<'_>) {
    let asked = asked_above_quotes(scope);
    if !asked.is_empty() {
        return titled_by(scope, &asked);
    }
    let blocks = blocks(scope);
    let asking = asking_headings(scope);
    let is_below = |b: &Block| asking.first().is_some_and(|first| b.from > *first);
    let are_told = asking.len() > 1 || blocks.iter().all(is_below);
    if !blocks.is_empty() && !asking.is_empty() && are_told && blocks.iter().all(|b| b.asker.is_none()) {
        return titled_by(scope, &asking);
    }
    if blocks.is_empty() {
        let before = scope.items.len();
        titled(scope);
        if scope.items.len() == before {
            lists::questions(scope);
        }
    }
    for block in blocks {
        read_block(scope, &block);
    }
    lists::stray_articles(scope);
}

/// Headings that ask, below one that promises questions. What is quoted below is told with the question.
fn asking_headings(scope: &Scope<'_>) -> Vec<usize> {
    let asks = |n: &usize| {
        let piece = &scope.pieces[*n];
        let is_question = || shapes::question(&piece.text).is_some_and(|q| !q.is_empty());
        piece.is_heading() && !piece.quote && (piece.text.ends_with(['?', '？']) || is_question())
    };
    let mut asking = (scope.first()..scope.section.to).filter(asks).peekable();
    // What is asked below one of them is a part of its answer.
    let level = asking.peek().filter(|_| scope.section.told).map(|n| scope.pieces[*n].shape);
    asking.filter(|n| Some(scope.pieces[*n].shape) == level).collect()
}

/// Questions that are headings or bold lines, with their answers below:
/// `### How do I …?`, `**Why …?**`.
fn titled(scope: &mut Scope<'_>) {
    let first = scope.first();
    let is_head = |p: &Piece| {
        let heading = p.is_heading();
        let asks = p.text.ends_with(['?', '？']) || shapes::question(&p.text).is_some();
        !p.quote && p.list == 0 && (heading || p.bold) && asks
    };
    let mut heads: Vec<usize> = (first..scope.section.to).filter(|n| is_head(&scope.pieces[*n])).collect();
    // Below a heading that promises questions every heading is one, with or without a mark.
    if heads.is_empty() && scope.section.told {
        let level = (first..scope.section.to).find_map(|n| match scope.pieces[n].shape {
            Shape::Heading(level) => Some(level),
            _ => None,
        });
        let same = |n: &usize| level.is_some_and(|l| scope.pieces[*n].shape == Shape::Heading(l));
        heads = (first..scope.section.to).filter(same).collect();
    }
    if heads.is_empty() && scope.section.told {
        heads = asking_paragraphs(scope, first);
    }
    // Beside a linked heading that asks, one that is linked is a question, too.
    let linked = |n: usize| lists::first_link(&scope.pieces[n]).is_some();
    if let Some(first_head) = heads.first().copied().filter(|n| scope.section.told && linked(*n)) {
        let level = scope.pieces[first_head].shape;
        let told = |n: usize| scope.at(n + 1).is_some_and(|p| !p.is_heading());
        let beside = |n: &usize| *n >= first && scope.pieces[*n].shape == level && linked(*n) && told(*n);
        if matches!(level, Shape::Heading(_)) {
            heads.extend(scope.range().filter(beside));
            heads.sort_unstable();
            heads.dedup();
        }
    }
    titled_by(scope, &heads);
}

/// Paragraphs that ask, with what answers each quoted right below it, where all that is quoted is an
/// answer.
fn asked_above_quotes(scope: &Scope<'_>) -> Vec<usize> {
    let quotes = || scope.range().skip(1).filter(|n| scope.pieces[*n].quote && !scope.pieces[*n - 1].quote);
    let asks = |n: usize| {
        let piece = &scope.pieces[n];
        piece.is_text()
            && !piece.text.contains(['@', '＠'])
            && piece.text.ends_with(['?', '？'])
            && shapes::question(&piece.text).is_none()
            && shapes::asker(piece, false).is_none()
    };
    if quotes().count() < 2 || !quotes().all(|n| n > scope.section.from + 1 && asks(n - 1)) {
        return Vec::new();
    }
    quotes().map(|n| n - 1).collect()
}

/// Reads the questions that `heads` are, each with its answer below it.
fn titled_by(scope: &mut Scope<'_>, heads: &[usize]) {
    for (k, head) in heads.iter().enumerate() {
        let to = heads.get(k + 1).copied().unwrap_or(scope.section.to);
        let label_at = |n: &usize| shapes::label(&scope.pieces[*n], scope.names);
        let labels: Vec<_> = (*head + 1..to).filter_map(|n| label_at(&n)).collect();
        let content: Vec<usize> = (*head + 1..to).filter(|n| label_at(n).is_none()).collect();
        let content = without_tail(scope, content);
        let piece = &scope.pieces[*head];
        let asked = shapes::question(&piece.text).unwrap_or(&piece.text);
        let (asked, _) = shapes::without_ordinal(asked);
        if content.is_empty() || asked.is_empty() {
            continue;
        }
        // `> 来源：[…](…)` below it is where it was asked.
        let source = || {
            let below = scope.at(head + 1)?;
            lists::first_link(below).filter(|l| lists::is_source_line(below, l))
        };
        let link = lists::first_link(piece).or_else(source);
        let mut item = Item::new(Kind::Question, asked, piece.line).asked_whole().linked(link.as_ref());
        item.question = asked.to_owned();
        for label in labels {
            item.labels.push(label.name);
            item.about.extend(label.url);
        }
        item.ranges = ranges(scope, &content);
        scope.mark(*head..to);
        scope.push(*head, item);
    }
}

/// Paragraphs that are a question each, where no heading and no list of questions is; the answer to
/// each stands below it, perhaps as links. Who asks for questions asks none.
fn asking_paragraphs(scope: &Scope<'_>, first: usize) -> Vec<usize> {
    static INVITES: Pattern = Pattern::new(
        r"(?i)[本上这下][周期]|大家|你们|你[有是]|您|\b(?:this|last|next) (?:week|month)\b|\bdo you have\b|\bhave (?:a|any)\b",
    );
    let pieces = &scope.pieces[first..scope.section.to];
    let others = pieces.iter().any(|p| {
        p.is_heading()
            || p.list > 0 && p.text.ends_with(['?', '？'])
            || p.links.iter().any(|l| places::is_change(&l.url))
    });
    let asks = |n: &usize| {
        let p = &scope.pieces[*n];
        let plain = p.is_text() && p.links.is_empty();
        plain && p.text.ends_with(['?', '？']) && text::first_sentence(&p.text) == p.text && !INVITES.is_match(&p.text)
    };
    if others || first >= scope.section.to || !asks(&first) {
        return Vec::new();
    }
    (first..scope.section.to).filter(asks).collect()
}

fn blocks(scope: &Scope<'_>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut answered = false;
    // Where no answer is marked as one, the next question shows that it ended.
    let is_answer = |n: usize| {
        let text = &scope.pieces[n].text;
        shapes::answer(text).is_some() || shapes::answer_within(text).is_some()
    };
    let unmarked = !scope.range().any(is_answer);
    // Something else than questions stands below the head of the last one.
    let mut told = false;
    // Question and answer are one quotation, and the next two are another.
    let mut answered_in_quote = false;
    for n in scope.range() {
        let piece = &scope.pieces[n];
        let quoted = scope.at(n + 1).is_some_and(|p| p.quote)
            || scope.at(n + 1).is_some_and(|p| shapes::question(&p.text).is_some());
        let opens_quote = piece.quote && !scope.at(n.wrapping_sub(1)).is_some_and(|p| p.quote);
        let found = if n == scope.section.from && !scope.section.heading.is_empty() {
            None
        } else if let Some(asker) = shapes::quoted_asker(piece).filter(|_| opens_quote) {
            Some(asker)
        } else {
            shapes::asker(piece, quoted).or_else(|| {
                let answered = quoted || scope.at(n + 1).is_some_and(|p| shapes::answer(&p.text).is_some());
                if answered { shapes::asking_line(piece) } else { None }
            })
        };
        let start = match (found, blocks.last()) {
            // `1.@PROJECT #965` and on the next line `@name`: one block, the second names the person.
            (Some(asker), Some(last))
                if last.from + 1 == n
                    && asker.issue.is_none()
                    && last.asker.as_ref().is_some_and(|asker| names_project(scope, asker)) =>
            {
                if let Some(block) = blocks.last_mut() {
                    block.first = n + 1;
                    if let Some(first) = &mut block.asker {
                        first.topic = first.name.take();
                        first.name = asker.name;
                    }
                }
                told = true;
                continue;
            }
            (Some(asker), _) => Some(Some(asker)),
            (None, None) if piece.quote && !piece.text.is_empty() => Some(None),
            (None, Some(last))
                if answered_in_quote
                    && piece.quote
                    && last.asker.is_none()
                    && shapes::question(&piece.text).is_some_and(|q| !q.is_empty()) =>
            {
                Some(None)
            }
            // `Q：` without an asker opens a question of its own once the last one is answered.
            (None, _)
                if !piece.quote
                    && shapes::question(&piece.text).is_some()
                    && (answered
                        || blocks.is_empty()
                        || unmarked && told
                        || shapes::is_marked_question(&piece.text)) =>
            {
                Some(None)
            }
            (None, _) => None,
        };
        if let Some(asker) = start {
            if let Some(last) = blocks.last_mut() {
                last.to = n;
            }
            let first = n + usize::from(asker.is_some());
            blocks.push(Block { from: n, first, to: scope.section.to, asker });
            answered = false;
            answered_in_quote = false;
            told = false;
        } else {
            told |= !piece.text.is_empty() && shapes::question(&piece.text).is_none();
        }
        answered_in_quote |= piece.quote && shapes::answer(&piece.text).is_some();
        answered |=
            !piece.quote && (shapes::answer(&piece.text).is_some() || shapes::answer_within(&piece.text).is_some());
    }
    blocks
}

/// Whether the name of who asks is a project's.
fn names_project(scope: &Scope<'_>, asker: &Asker) -> bool {
    asker.name.as_deref().is_some_and(|n| scope.names.is_name(n))
}

fn read_block(scope: &mut Scope<'_>, block: &Block) {
    let first = block.first;
    let asker = block.asker.clone().unwrap_or(Asker { name: None, topic: None, issue: None, rest: String::new() });
    // What stands last closes the block, in a list or quoted by mistake, too.
    let closing = (first..block.to).rev().find(|n| {
        let piece = &scope.pieces[*n];
        !piece.text.is_empty() && piece.images == 0
    });
    // A project's name with a colon right below what is asked, and text below it, says who answers.
    let answers = |n: usize| {
        let named = |p: &Piece| p.text.ends_with([':', '：']) && !p.text.contains(['「', '」', '【']);
        let tells = |m: usize| {
            let piece = &scope.pieces[m];
            text::columns(&piece.text) > 8 && shapes::label(piece, scope.names).is_none() && !lists::is_bare_link(piece)
        };
        let asked = |m: usize| scope.pieces[m].quote || scope.pieces[m].text.is_empty();
        named(&scope.pieces[n]) && (first..n).all(asked) && (n + 1..block.to).any(tells)
    };
    let label_at = |n: usize| {
        let piece = &scope.pieces[n];
        if shapes::answer(&piece.text).is_some() || piece.links.is_empty() && answers(n) {
            return None;
        }
        let plain = || Piece { quote: false, list: 0, ..piece.clone() };
        shapes::label(piece, scope.names).or_else(|| {
            let answered = || (first..n).any(|m| shapes::answer(&scope.pieces[m].text).is_some());
            if closing != Some(n) || !answered() {
                return None;
            }
            shapes::label(&plain(), scope.names).or_else(|| shapes::linked_name(piece, scope.names))
        })
    };
    let mut labels = Vec::new();
    let mut last_label = None;
    for n in first..block.to {
        if let Some(label) = label_at(n) {
            labels.push(label);
            last_label = Some(n);
        }
    }
    // `项目地址：https://…`: no name, but what the question is about.
    let about = closing.filter(|_| labels.is_empty()).and_then(|n| {
        let piece = &scope.pieces[n];
        let line = shapes::answer(&piece.text).is_none() && text::columns(&piece.text) <= 120;
        let link = lists::first_link(piece).filter(|_| line && piece.links.len() == 1)?;
        let before = piece.text.split(link.text.as_str()).next()?.trim_end();
        let word = before.trim_end_matches([':', '：', ' ']);
        (before.ends_with([':', '：']) && text::columns(word) <= 16 && shapes::is_generic(word)).then_some(link.url)
    });
    // Behind the closing label nothing belongs to the question, unless it goes on.
    let mut end = block.to;
    if let Some(last) = last_label {
        let goes_on = (last + 1..block.to).any(|n| {
            scope.pieces[n].quote && !scope.pieces[n].text.is_empty() || shapes::answer(&scope.pieces[n].text).is_some()
        });
        if !goes_on {
            end = last;
        }
    }
    let content: Vec<usize> = (first..end).filter(|n| label_at(*n).is_none()).collect();
    let content = without_tail(scope, content);
    let question = question_text(scope, &content, &asker);
    if question.is_empty() && content.is_empty() {
        return;
    }
    if content.iter().all(|n| scope.pieces[*n].text.is_empty()) && asker.rest.is_empty() {
        return;
    }
    // A numbered line with nothing asked below it was a heading after all.
    let asks = !asker.rest.is_empty()
        || content.iter().any(|n| {
            scope.pieces[*n].quote
                || shapes::answer(&scope.pieces[*n].text).is_some()
                || shapes::question(&scope.pieces[*n].text).is_some()
        })
        || asker.name.is_some();
    if !asks {
        return;
    }
    let title = title_of(scope, &question, &content, &asker);
    let mut item = Item::new(Kind::Question, title, scope.pieces[block.from].line);
    item.asker = asker.name.clone().filter(|n| !scope.names.is_name(n));
    item.question = question;
    item.lead = asker.rest.clone();
    item.issue = asker.issue.clone();
    for label in &labels {
        item.labels.push(label.name.clone());
        item.about.extend(label.url.clone());
    }
    item.about.extend(about);
    if let Some(project) = asker
        .topic
        .as_deref()
        .filter(|t| scope.names.is_name(t))
        .or(asker.name.as_deref().filter(|n| scope.names.is_name(n)))
    {
        item.labels.push(project.to_owned());
    } else if let Some(topic) = asker.topic {
        item.headings.push(topic);
    }
    item.url = issue_link(&item);
    item.link_text = item.url.as_ref().map(|_| item.title.clone());
    item.ranges = ranges(scope, &content);
    let used = block.from..content.last().map_or(first, |n| n + 1).max(last_label.map_or(0, |n| n + 1));
    scope.mark(used);
    scope.push(block.from, item);
}

/// Adverts and pictures below the last answer belong to the digest.
fn without_tail(scope: &Scope<'_>, mut content: Vec<usize>) -> Vec<usize> {
    while let Some(last) = content.last() {
        let piece = &scope.pieces[*last];
        let calls = ["扫码", "关注", "公众号"].iter().any(|w| piece.text.contains(w))
            && text::columns(&piece.text) < 60
            && shapes::answer(&piece.text).is_none();
        if calls || piece.shape == Shape::Rule || piece.is_heading() {
            content.pop();
        } else {
            break;
        }
    }
    content
}

fn ranges(scope: &Scope<'_>, content: &[usize]) -> Vec<(usize, usize)> {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    let mut before = None;
    for n in content {
        let piece = &scope.pieces[*n];
        // Blank lines between belong to the text, other pieces do not.
        let left_out = |last: usize| {
            let between = before.map_or(0..0, |before| before + 1..*n);
            scope.pieces[between].iter().any(|p| p.line > last && p.line < piece.line)
        };
        match ranges.last_mut() {
            Some(last) if piece.line <= last.1 => last.1 = last.1.max(piece.end_line),
            Some(last) if !left_out(last.1) => last.1 = piece.end_line,
            _ => ranges.push((piece.line, piece.end_line)),
        }
        before = Some(*n);
    }
    ranges
}

/// What is asked: the quoted text before the first answer.
fn question_text(scope: &Scope<'_>, content: &[usize], asker: &Asker) -> String {
    let mut words: Vec<&str> = Vec::new();
    if !asker.rest.is_empty() {
        words.push(&asker.rest);
    }
    let mut seen_quote = false;
    for n in content {
        let piece: &Piece = &scope.pieces[*n];
        if shapes::answer(&piece.text).is_some() {
            if words.is_empty() {
                continue;
            }
            break;
        }
        if piece.quote {
            seen_quote = true;
            words.push(&piece.text);
        } else if let Some(rest) = shapes::question(&piece.text) {
            match shapes::answer_within(rest) {
                Some(at) => {
                    words.push(&rest[..at]);
                    break;
                }
                None => words.push(rest),
            }
        } else if !seen_quote && piece.shape == Shape::Line && words.is_empty() {
            words.push(&piece.text);
        } else if seen_quote && !words.is_empty() {
            break;
        }
    }
    words.retain(|w| !w.is_empty());
    words.join("\n")
}

fn title_of(scope: &Scope<'_>, question: &str, content: &[usize], asker: &Asker) -> String {
    let meant = question
        .lines()
        .map(|l| shapes::question(l).unwrap_or(l))
        .map(|l| shapes::without_ordinal(l).0)
        .find(|l| l.chars().filter(|c| c.is_alphanumeric()).count() >= 2 && !l.starts_with("http"));
    if let Some(line) = meant {
        let rest = &question[question.find(line).unwrap_or(0)..];
        let sentence = text::first_sentence(rest);
        // `Hello.` asks nothing: take the next sentence with it.
        if text::columns(&sentence) < 10 && rest.len() > sentence.len() {
            return text::squeeze(rest.split('\n').next().unwrap_or(rest));
        }
        return sentence;
    }
    let answer = content.iter().find_map(|n| shapes::answer(&scope.pieces[*n].text).filter(|a| !a.is_empty()));
    match (answer, &asker.topic) {
        (_, Some(topic)) => topic.clone(),
        (Some(answer), None) => text::first_sentence(answer),
        (None, None) => {
            let above = content.first().and_then(|n| scope.paths.get(*n)?.last());
            above.unwrap_or(&scope.section.heading).clone()
        }
    }
}

/// `#2203` with a label whose link is a repository leads to that issue.
fn issue_link(item: &Item) -> Option<String> {
    let number = item.issue.as_ref()?;
    let labelled = item.about.iter().find(|u| u.ends_with(&format!("/{number}")));
    if let Some(url) = labelled {
        return Some(url.clone());
    }
    let repository =
        item.about.iter().filter_map(|u| url::Url::parse(u).ok()).find(|u| address::bare_repository(u).is_some())?;
    Some(format!("{}/issues/{number}", repository.as_str().trim_end_matches('/')))
}
