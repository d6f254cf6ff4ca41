//! Headings that are no links, with a text below that has one.

use super::titles::named_behind;
use super::{
    Unit, first_link, is_address, is_one_of_several, is_title_line, lines_below, opens_with_title, push, says_nothing,
    statement,
};
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::digest::vocabulary::{is_frame, is_group, is_matter, is_of_several, is_rubric};
use crate::source::digest::{Head, Scope};
use crate::source::digest::{places, shapes};
use crate::source::markdown::{LinkRef, Piece, Shape};
use crate::source::pattern::Pattern;

/// Behind the text of a plain heading that tells something and links to it: `### A new home
/// for Tokio`, and a paragraph with the link. None where links below have titles of their own.
pub(super) fn story_end(scope: &Scope<'_>, n: usize) -> Option<usize> {
    let piece = &scope.pieces[n];
    let is_section = n == scope.section.from;
    let plain = piece.is_heading() && piece.links.iter().all(|l| l.picture) && !piece.quote;
    let (title, _) = shapes::without_ordinal(&piece.text);
    if !plain
        || is_section && (scope.section.told || scope.section.head == Head::Banner)
        || title.chars().filter(|c| c.is_alphanumeric()).count() < 2 && !is_number(title)
        || shapes::is_generic(title)
        || is_frame(title)
        || is_days(title)
        || scope.names.is_name(title) && scope.section.told
    {
        return None;
    }
    let to = (n + 1..scope.section.to)
        .find(|m| matches!(scope.pieces[*m].shape, Shape::Heading(_) | Shape::Rule))
        .unwrap_or(scope.section.to);
    // What stands above the headings of parts introduces them.
    if let (Shape::Heading(own), Some(Shape::Heading(next))) = (piece.shape, scope.pieces.get(to).map(|p| p.shape))
        && next > own
    {
        return None;
    }
    let body = || n + 1..to;
    // An address right below it is what it leads to, whatever else is listed there.
    let addresses = || body().filter(|m| is_address(&scope.pieces[*m]));
    let lists =
        || scope.at(n + 2).is_some_and(|p| p.list > 0 && first_link(p).is_some_and(|l| !places::is_tag(&l.url)));
    if addresses().next() == Some(n + 1) && addresses().count() == 1 && !lists() {
        return Some(to);
    }
    let from_source = || first_link(&scope.pieces[n + 1]).is_some_and(|l| is_source_line(&scope.pieces[n + 1], &l));
    // A list of links below it is what the post tells of, the line above that where it is from.
    let lists_links = || body().skip(1).any(|m| scope.pieces[m].list > 0 && first_link(&scope.pieces[m]).is_some());
    if n + 1 < to && scope.pieces[n + 1].quote && from_source() && !lists_links() {
        return Some(to);
    }
    let is_own = |m: usize| {
        let piece = &scope.pieces[m];
        if shapes::is_byline(piece) {
            return false;
        }
        // A bullet with its address on the next line.
        let addressed = |q: &Piece| piece.list > 0 && q.item == piece.item && super::is_link(q);
        if piece.links.is_empty() && text::columns(&piece.text) >= 12 && scope.at(m + 1).is_some_and(addressed) {
            return true;
        }
        let Some(link) = first_link(piece) else {
            return piece.shape == Shape::Table || piece.bold && is_title_line(scope, m);
        };
        let letters = |t: &str| t.chars().filter(|c| c.is_alphanumeric()).count();
        let at_start = text::columns(piece.text.split(link.text.as_str()).next().unwrap_or("")) <= 24;
        let is_last = || (m + 1..to).all(|k| scope.pieces[k].links.is_empty());
        let told_above = || m > n + 1 && text::columns(&scope.pieces[m - 1].text) >= 30;
        let leads = shapes::is_navigation(&link.text)
            || is_call(piece, &link) && told_above() && is_last()
            || leads_on(scope, n, m, to, &link)
            || m == n + 1 && is_source_line(piece, &link) && is_last();
        let says = !says_nothing(&link.text) || named_behind(piece, &link).is_some();
        let titled = at_start && shapes::is_link_line(piece) && says && !leads;
        let titled = titled || opens_with_title(scope, m);
        let bullet = piece.list > 0 && letters(&piece.text) > letters(&link.text) + 3;
        let titled = titled || is_one_of_several(scope, m);
        titled || bullet || is_title_line(scope, m) || statement(scope, m).is_some() || piece.shape == Shape::Table
    };
    // Text and a link below it, and again: several things under one heading.
    let closes = |m: usize| {
        let piece = &scope.pieces[m];
        first_link(piece).is_some_and(|l| {
            let words = piece.text.split(l.text.as_str()).next().unwrap_or("");
            let words = words.trim_matches(|c: char| !c.is_alphanumeric());
            says_nothing(&l.text)
                && (shapes::is_link_line(piece)
                    || text::columns(words) >= 6 && piece.text.trim_end().ends_with(l.text.as_str()))
        })
    };
    let several = body().filter(|m| closes(*m) && !(*m > n + 1 && closes(*m - 1))).count() > 1;
    let linked = |to: usize| (n + 1..to).any(|m| story_link(&scope.pieces[m]).is_some());
    let Some(own) = body().find(|m| is_own(*m)) else { return (linked(to) && !several).then_some(to) };
    // What is told above a list of more has a link of its own, and does not introduce the list.
    if own == n + 1 && tells_more(title) && lists_features(scope, own + 1, to) {
        return Some(to);
    }
    let (above, first) = (&scope.pieces[own - 1], &scope.pieces[own]);
    let tells = !above.text.ends_with([':', '：']) && text::columns(&above.text) >= 40 && above.list == 0;
    // The one change below what is told is what is told, though it has words of its own.
    let links = scope.pieces[own..to].iter().filter(|p| first_link(p).is_some()).count();
    let is_change = || first_link(first).is_some_and(|l| places::is_change(&l.url));
    let says_more = title.split_whitespace().count() > 2 || !title.is_ascii() && text::columns(title) >= 12;
    if first.list > 0 && own > n + 1 && own + 1 == to && tells && links == 1 && says_more && is_change() {
        return Some(to);
    }
    if own > n + 1 && tells && (own..to).all(|m| is_reference(&scope.pieces[m])) {
        return Some(to);
    }
    // `In the press:` between what is told and a list of what others write about it.
    if first.list > 0 && own > n + 2 && tells_more(title) && is_press(scope, n, own) && linked(own) {
        return Some(own - 1);
    }
    let is_list_of_its_own = (own..to).any(|m| scope.pieces[m].list > 0 && shapes::is_link_line(&scope.pieces[m]));
    (first.list > 0 && own > n + 1 && linked(own) && tells && !several && !is_list_of_its_own).then_some(own)
}

/// Whether what stands behind a line that names something is a list of what that can do: hardly one of
/// its bullets leads anywhere, and none begins with a link.
fn lists_features(scope: &Scope<'_>, from: usize, to: usize) -> bool {
    let below = &scope.pieces[from..to];
    let bullets = below.iter().filter(|p| p.list > 0).count();
    let linked = below.iter().filter(|p| first_link(p).is_some()).count();
    let is_feature = |p: &Piece| !super::opens_with_link(p) && (p.list > 0 || p.is_text() && p.links.is_empty());
    scope.pieces[from - 1].is_text() && bullets > 1 && linked * 3 <= bullets && below.iter().all(is_feature)
}

/// `II`: which of several, and not what.
fn is_number(title: &str) -> bool {
    let number = title.trim_end_matches(['.', '、', ')']);
    !number.is_empty() && number.len() <= 5 && number.bytes().all(|b| b"IVX".contains(&b))
}

/// `March 1`, `March 1 - March 15`: when, and not what.
fn is_days(title: &str) -> bool {
    let mut days =
        title.split([" - ", " – ", " — "][..].iter().find(|dash| title.contains(**dash)).copied().unwrap_or("~"));
    const NOW: [&str; 6] = ["本周", "本月", "这周", "今週", "this week", "this month"];
    days.all(|day| shapes::is_day(day.trim())) || NOW.contains(&title.trim().to_lowercase().as_str())
}

/// Whether the line `m` only says where there is more of what is told above it: a paragraph of its
/// own with the only link there is, which does not begin with it.
fn leads_on(scope: &Scope<'_>, n: usize, m: usize, to: usize, link: &LinkRef) -> bool {
    let (piece, above) = (&scope.pieces[m], &scope.pieces[m - 1]);
    let words = piece.text.split(link.text.as_str()).next().unwrap_or("");
    let is_only = (n + 1..to).all(|k| {
        let other = &scope.pieces[k];
        k == m || other.links.is_empty() && (other.is_text() || other.text.is_empty())
    });
    let tells = above.is_text() && text::columns(&above.text) >= 12 && !above.text.ends_with([':', '：']);
    m > n + 1
        && piece.is_text()
        && piece.block != above.block
        && !piece.bold
        && words.contains(char::is_alphabetic)
        && !names_another(words, &link.text)
        && tells
        && is_only
        && tells_more(shapes::without_ordinal(&scope.pieces[n].text).0)
}

/// `Ida wrote [How wax melts](…)`: a link that is a title of its own, which no words lead to.
fn names_another(words: &str, title: &str) -> bool {
    static LEADS: Pattern = Pattern::new(
        r"(?i)[:：]\W*$|\b(?:see|read|more|details?|full|learn|find|check|voir|lire|plus|mehr|siehe|lesen|ver|más|leer|mais|leia)\b",
    );
    title.starts_with(char::is_uppercase) && title.split_whitespace().count() > 2 && !LEADS.is_match(words)
}

/// Whether a heading is more than what a group is called.
fn tells_more(title: &str) -> bool {
    (title.split_whitespace().count() > 2 || !title.is_ascii() && text::columns(title) >= 12)
        && !is_group(title)
        && !is_rubric(title)
        && !is_of_several(title)
}

/// Whether a few words that end with a colon stand between what the heading `n` tells and the list
/// that begins with `own`.
fn is_press(scope: &Scope<'_>, n: usize, own: usize) -> bool {
    let words = &scope.pieces[own - 1];
    let told = &scope.pieces[n + 1..own - 1];
    let is_told = |p: &Piece| p.is_text() && !p.text.ends_with([':', '：']);
    words.is_text()
        && words.links.is_empty()
        && words.text.ends_with([':', '：'])
        && text::columns(&words.text) <= 40
        && told.iter().all(is_told)
        && told.iter().map(|p| text::columns(&p.text)).sum::<usize>() >= 40
}

/// `> 原文：[the words of another](…)`: where what is told comes from.
pub(in crate::source::digest) fn is_source_line(piece: &Piece, link: &LinkRef) -> bool {
    static SOURCE: Pattern = Pattern::new(
        r"(?i)^\W*(?:原文|来源|出处|原帖|链接|地址|source|original(?: post| article)?|via)(?:链接|地址|标题)?\s*[:：]\W*$",
    );
    let before = piece.text.split(link.text.as_str()).next().unwrap_or("");
    piece.list == 0 && piece.links.len() == 1 && SOURCE.is_match(before)
}

/// `[Use the assistant](…)`, `[Full results of the survey](…)` alone in a paragraph: it leads on
/// from what is told above.
fn is_call(piece: &Piece, link: &LinkRef) -> bool {
    const CALLS: [&str; 22] = [
        "use", "try", "read", "see", "view", "check", "get", "find", "learn", "watch", "listen", "visit", "browse",
        "download", "explore", "join", "discover", "full", "more", "complete", "continue", "open",
    ];
    let first = link.text.split_whitespace().next().unwrap_or("").to_lowercase();
    piece.list == 0
        && text::same(&link.text, piece.text.trim_end_matches(['.', '!', '。', ' ', '→', '»']))
        && link.text.split_whitespace().count() <= 6
        && CALLS.contains(&first.as_str())
}

/// A line that is one link, and the link says that it leads to what is told of.
fn is_original(piece: &Piece) -> bool {
    static ORIGINAL: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:阅读|查看)?原文(?:链接|地址)?|全文|read (?:more|it|the (?:full )?(?:post|article|story|announcement))|(?:full |blog |original )?(?:post|article|story|announcement))\W*$",
    );
    piece.links.len() == 1
        && text::columns(&piece.links[0].text) + 4 >= text::columns(&piece.text)
        && !piece.links[0].picture
        && ORIGINAL.is_match(&piece.links[0].text)
}

/// A list item that is one link to where the code is.
fn is_repository(piece: &Piece) -> bool {
    const PLACES: [&str; 8] = ["github", "gitlab", "gitee", "codeberg", "repository", "repo", "source code", "code"];
    let [link] = piece.links.as_slice() else { return false };
    piece.list > 0 && text::same(&link.text, &piece.text) && PLACES.contains(&link.text.trim().to_lowercase().as_str())
}

/// `[PR #10 | what it does](…)`, `[Doc | …](…)` in a list: a link that says what of it leads.
fn is_reference(piece: &Piece) -> bool {
    static REFERENCE: Pattern = Pattern::new(
        r"(?i)^(?:pr|docs?|issue|rfc|commit|code|slides|video)\s*(?:#?\d+\s*)?[|｜]|^(?:论文|代码|项目|文档|源码|仓库|演示|视频|数据集?|官网|paper|code|demo|dataset|project)\s?(?:链接|地址|主页|page)?\s*[:：]",
    );
    piece.list > 0 && REFERENCE.is_match(&piece.text)
}

/// A link that a story may be about.
fn story_link(piece: &Piece) -> Option<LinkRef> {
    let about = |l: &LinkRef| {
        !shapes::is_navigation(&l.text)
            && !places::is_listing(&l.url)
            && !places::is_person(l)
            && !l.text.trim_start().starts_with(['@', '＠'])
    };
    let page = |l: &&LinkRef| !l.picture && places::is_page(&l.url) && !l.text.trim().is_empty() && about(l);
    first_link(piece).filter(about).or_else(|| piece.links.iter().find(page).cloned())
}

/// The link that is meant by what stands below the head of a unit, and where.
pub(super) fn told_link(scope: &Scope<'_>, unit: &Unit) -> Option<(usize, LinkRef)> {
    let below = || (unit.from + 1..unit.to).map(|n| (n, &scope.pieces[n]));
    // `[原文链接](…)` alone on a line is what the text is about, whatever it mentions; so is the
    // first of `- [Blog article](…)`, `- [GitHub](…)`.
    let link_at = |is: fn(&Piece) -> bool| below().filter(|(_, p)| is(p)).find_map(|(n, p)| Some((n, first_link(p)?)));
    let original = link_at(is_original).or_else(|| link_at(is_repository));
    original.or_else(|| below().find_map(|(n, p)| Some((n, story_link(p)?))))
}

/// What is told in a paragraph: the title it opens with, else its first sentence.
fn told_title(piece: &Piece, link: &LinkRef) -> String {
    let opens = piece.text.starts_with(link.text.as_str()) && text::columns(&link.text) >= 12;
    if opens && !says_nothing(&link.text) { link.text.clone() } else { super::whole_sentence(&piece.text) }
}

/// A heading and what is told below it, with the first link there.
pub(super) fn story(scope: &mut Scope<'_>, unit: &Unit, kind: Kind) {
    let found = told_link(scope, unit);
    let is_told = |(n, link): &(usize, LinkRef)| {
        let piece = &scope.pieces[*n];
        !shapes::is_credit(&piece.text, false) && !shapes::is_source(piece) && !super::invites(piece, link)
    };
    let Some((at, link)) = found.filter(is_told) else { return };
    let (title, _) = shapes::without_ordinal(&scope.pieces[unit.from].text);
    let title = title.trim_end_matches([':', '：', ' ']).to_owned();
    // `Package of the week` is the same every week.
    let title = if is_number(&title) {
        text::first_sentence(&scope.pieces[at].text)
    } else if is_rubric(&title) && !says_nothing(&link.text) {
        let colon = if title.is_ascii() { ": " } else { "：" };
        format!("{title}{colon}{}", link.text)
    } else if is_matter(&title) && scope.pieces[at].is_text() {
        told_title(&scope.pieces[at], &link)
    } else {
        title
    };
    let before = scope.items.len();
    push(scope, unit.from..unit.to, unit.from, title, &link, kind);
    let below = lines_below(scope, unit, &link);
    scope.items[before..].iter_mut().for_each(|i| i.ranges.clone_from(&below));
}
