//! x
pub mod classify;
pub mod cli;
pub mod config;
pub mod entry;
pub mod files;
pub mod merge;
pub mod names;
pub mod normalize;
pub mod output;
pub mod run;
pub mod source;
pub mod store;
pub mod yaml;
