//! Feedloom weaves per-project feeds out of what a community writes: posts,
//! weekly digests, the articles they link to, upstream feeds.
//!
//! This page is the map of the code. Data flows one way, through modules with the
//! names of the stages:
//!
//! ```text
//! feedloom.yaml, feeds/ -> config                                        (pure)
//! posts   -> front matter -> Markdown -> digest -> raw entries -+
//! sources -> upstream ------------------------------------------+-> STORE
//! linked pages -> article --------------------------------------+     |
//!                                                                     |
//!            write <- output <- merge <- classify <- normalize <------+
//! ```
//!
//! | module | what it is for | |
//! |---|---|---|
//! | [`entry`] | the values that flow: raw entry, entry, kind, slug, id | values |
//! | [`health`] | how sources are | values |
//! | [`yaml`], [`config`] | what people decided, every mistake with its place | pure |
//! | [`names`] | project names in text, whole words in every script | pure |
//! | [`words`] | the few words Feedloom itself writes, by language | pure |
//! | [`source`] | bytes into what they say: posts, digests, feeds | pure |
//! | [`normalize`] | dates, addresses, text and HTML in one form; raw entries into an entry | pure |
//! | [`classify`] | which projects an entry is about, and why | pure |
//! | [`merge`] | which feed carries which entry; feeds as values | pure |
//! | [`output`] | feeds into text, one file a format, and their strict check | pure |
//! | [`init`] | what a site's folder tells: generator, posts, digests, projects; the files to write | pure |
//! | [`ledger`] | ids and dates that must never change, as a text file | pure |
//! | [`fetch`] | asking other people's servers, politely and within bounds; what an answer means is decided by pure rooms | IO |
//! | [`store`] | the only place that knows SQL | IO |
//! | [`files`] | reading a site's files, publishing output | IO |
//! | [`server`] | answering requests for what was published; what RFC 9110 asks is decided by pure rooms | IO |
//! | [`run`] | the only place that joins stages and IO | shell |
//! | [`cli`] | arguments, the terminal, the clock | shell |
//!
//! What holds everywhere:
//! - The same store and the same configuration make the same bytes; a file that
//!   did not change is not touched.
//! - Time, paths and the environment come in as arguments; only [`cli`] reads them.
//! - A broken post or source stops nothing else, and what it said before stays.
//! - Nothing that came from outside reaches a reader unsanitised, and nothing
//!   reaches a terminal or an XML file with control characters in it.
//! - An id is made from what a thing is ([`entry::EntryId::mint`]), never from
//!   when or how it was read.
//!
//! Where to change what: a section word of digests, `source/digest/vocabulary.rs`;
//! the shape of a line, `source/digest/shapes.rs`; an element of feeds,
//! `source/upstream/names.rs`; why a link went into a project, [`classify`]; how a
//! status is treated, `fetch/outcome.rs`; a clean-up rule, [`normalize`]; a page,
//! `templates/` and `output/html/`; a word of ours, [`words`]; a format, a
//! file in `output/`; a site generator, `init/generators/layouts.rs`; a command, a file in
//! `cli/`; a table, the next file in
//! `store/migrations/`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod classify;
pub mod cli;
pub mod config;
pub mod entry;
pub mod fetch;
pub mod files;
pub mod health;
pub mod init;
pub mod ledger;
pub mod merge;
pub mod names;
pub mod normalize;
pub mod output;
pub mod run;
pub mod server;
pub mod source;
pub mod store;
pub mod words;
pub mod yaml;
