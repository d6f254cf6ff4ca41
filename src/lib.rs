//! x
pub mod config;
pub mod entry;
pub mod normalize;
pub mod yaml;
