//! The text of a post, from what its generator reads to Markdown that needs none.
//!
//! One step after the other, each blind for the others: shortcodes and tags, then components, signs,
//! formulas and links to files. No step knows what the post is about.

use url::Url;

use super::front::Front;
use super::leads::{self, Leads};
use super::slugs::PathNames;
use super::{boxes, formulas, mdx, signs};
use crate::config::{PostsFolder, Slugify};
use crate::source::{shortcode, tags};

/// A text as its file has it.
pub(super) struct Source<'a> {
    pub text: &'a str,
    pub front: &'a Front,
    pub names: &'a PathNames,
    pub link: &'a Url,
    pub path: &'a str,
}

/// What became of it.
pub(super) struct Body {
    pub markdown: String,
    /// What stands before the sign for the rest, as its summary.
    pub begins_with: Option<String>,
    /// Shortcodes that nobody knows, with their lines.
    pub unknown: Vec<(usize, String)>,
}

/// Takes the steps. Links to other posts are asked of `leads`.
pub(super) fn as_markdown(source: &Source<'_>, leads: &mut Leads<'_>, folder: &PostsFolder) -> Body {
    let Source { front, names, path, .. } = *source;
    let generator = folder.slugify;
    let (body, mut unknown) = shortcode::expand(source.text, &mut |target, line| leads.address(target, true, line));
    let page = tags::Page {
        slugify: generator,
        title: &front.title().unwrap_or_else(|| names.stem.clone()),
        url: source.link.path(),
        base: &folder.base,
        lead: &mut |target, line| leads.address(target, true, line),
    };
    let is_text = front.one("render_with_liquid").is_some_and(|v| v == "false");
    let (body, more) = if is_text { (body, Vec::new()) } else { tags::expand(&body, page) };
    unknown.extend(more);
    let imports = signs::imports(path, generator);
    let body = if imports { mdx::as_markdown(&body, path.ends_with(".mdx")) } else { body };
    let body = signs::with_known_boxes(signs::without_comments(boxes::quoted(signs::without_wrappers(body))));
    let body = formulas::escaped(body);
    let body = leads.mend(body);
    let body = leads.mend_wiki(body);
    let body = leads::without_places(body, &folder.base, &names.folders);
    let rooted = generator == Slugify::Docusaurus;
    let body = if rooted { leads::below_base(body, &folder.base) } else { body };
    let begins_with = signs::before_more(&body, imports, generator);
    Body { markdown: signs::without(body, imports, generator), begins_with, unknown }
}
