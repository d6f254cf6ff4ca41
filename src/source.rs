//! Bytes into what they say: posts, digests, feeds, article pages.
//!
//! Pure: bytes and addresses come in, [`crate::entry::RawEntry`] values and
//! problems go out. What could be read is always returned beside what could not.

pub mod article;
mod charset;
pub mod digest;
mod embeds;
pub mod front_matter;
pub mod linked;
pub mod markdown;
mod pattern;
pub mod picture;
pub mod post;
pub mod saved;
pub mod shortcode;
pub mod tags;
pub mod upstream;
