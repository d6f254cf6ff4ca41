//! Turns what a source said ([`crate::entry::RawEntry`]) into what is published
//! ([`crate::entry::Entry`]): dates, addresses, text and HTML in one form.
//!
//! Nothing here does IO or reads the clock.

pub mod address;
pub mod date;
pub mod text;
