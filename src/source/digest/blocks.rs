//! Blocks of several lines: releases, tasks, events, news.

mod events;
mod news;
mod releases;
mod tasks;

pub(super) use events::{events, has_event_fields};
pub(super) use news::{
    bold_heads_as_news, bullets_as_news, group_as_news, headings_as_news, leads_as_news, news, sentences_as_news,
    steps_as_news, told_bullets, told_sentences,
};
pub(super) use releases::{MOST_BESIDE, MOST_LINKS, has_release_heads, release, release_by_link, releases};
pub(super) use tasks::tasks;

use super::{Scope, lists};
use crate::source::markdown::Shape;

fn begins_item(scope: &Scope<'_>, n: usize) -> bool {
    n == 0 || scope.pieces[n - 1].item != scope.pieces[n].item
}

/// A line of its own that names a project: `**Layotto**`, `### MOSN`, `Layotto：`.
fn is_block_head(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    if n == scope.section.from && !scope.section.heading.is_empty()
        || piece.quote
        || piece.list > 0
        || !piece.links.is_empty() && piece.images == 0
    {
        return false;
    }
    let name = piece.text.trim_matches([':', '：', ' ', '*', '「', '」']);
    let name = name.trim_end_matches("社区").trim_end();
    let alone = || {
        (n == 0 || scope.pieces[n - 1].block != piece.block)
            && scope.pieces.get(n + 1).is_none_or(|p| p.block != piece.block)
    };
    let marked = piece.bold || piece.is_heading() || piece.text.ends_with([':', '：']);
    !name.is_empty() && (marked || piece.shape == Shape::Line && alone()) && scope.names.is_name(name)
}

fn canonical(scope: &Scope<'_>, label: &str) -> String {
    scope.names.titles_in(label).into_iter().next().unwrap_or_else(|| label.to_owned())
}

fn has_link_below(scope: &Scope<'_>, n: usize) -> bool {
    let item = scope.pieces[n].item;
    (n..scope.section.to)
        .take_while(|m| scope.pieces[*m].item == item)
        .any(|m| lists::first_link(&scope.pieces[m]).is_some())
}
