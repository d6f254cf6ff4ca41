//! The program as people use it: the real binary on real folders, and folders of
//! cases whose names are claims.

mod archives;
mod article;
mod articles;
mod bad_input;
mod cases;
mod check;
mod commands;
mod crash;
mod fetch;
mod identity;
mod init;
mod inspect;
mod lasting;
mod leads;
mod outputs;
mod pages;
mod pictures;
mod poll;
mod recipes;
mod search;
mod serve;
mod server;
mod site;
mod sources;
mod upstream;
