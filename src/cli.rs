//! The commands: one file each. Arguments and the terminal are known here and
//! nowhere else; the clock is read here, once a run.

mod check;
mod entries;
mod explain;
mod init;
mod inspect;
mod opml;
mod refresh;
mod serve;
mod shell;
mod signals;
mod sources;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::run::{Moment, RunError};
use terminal::Terminal;

/// One merged feed per project, from digests, posts, articles and upstream feeds.
#[derive(Debug, Parser)]
#[command(name = "feedloom", version, about, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The site's folder [default: this one or the nearest parent with feedloom.yaml]
    #[arg(long, global = true, value_name = "DIR")]
    site: Option<PathBuf>,
    /// Print only problems
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Exit with 4 when problems were reported
    #[arg(long, global = true)]
    strict: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read posts, fetch what is due, store, write what changed
    Refresh(refresh::Options),
    /// Write the feeds from what is stored
    Build(refresh::BuildOptions),
    /// Look at configuration, posts and templates; write nothing
    Check(check::Options),
    /// List what there is
    Entries(entries::Options),
    /// Tell why an entry is in which feeds
    Explain(explain::Options),
    /// Look at an existing site and propose feedloom.yaml and feeds/*.yaml
    Init(init::Options),
    /// Tell what is read in a feed, a page or a post
    Inspect(inspect::Options),
    /// Serve the feeds, make others on demand, search
    Serve(serve::Options),
    /// Tell when each source was read, and when it is asked next
    Status(sources::Options),
    /// Turn an OPML file into project files, or print one
    Import(opml::ImportOptions),
    /// Print the list of feeds as OPML
    Export,
    /// Print completions for a shell
    Completions(shell::CompletionsOptions),
    /// Print the manual page
    Man,
}

/// Exit statuses, as the contract has them.
pub(crate) mod status {
    /// Done.
    pub const DONE: u8 = 0;
    /// Could not do its work: store, disk, newer state than this version knows.
    pub const FAILED: u8 = 1;
    /// Wrong usage or configuration.
    pub const USAGE: u8 = 2;
    /// Another run holds the lock.
    pub const LOCKED: u8 = 3;
    /// `--strict`, and problems were reported.
    pub const PROBLEMS: u8 = 4;
    /// Something was held back from publishing.
    pub const HELD: u8 = 5;
    /// Stopped by a signal, whose number is added: 130 for SIGINT, 143 for SIGTERM.
    pub const SIGNAL: u8 = 128;
}

/// Parses the arguments, runs the command, tells the exit status.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked =
                matches!(error.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion);
            // A closed pipe is no reason to complain.
            let _ = error.print();
            return ExitCode::from(if asked { status::DONE } else { status::USAGE });
        }
    };
    logging();
    let mut terminal = Terminal::new(cli.common.quiet);
    let code = match run(cli, &mut terminal) {
        Ok(code) => code,
        Err(error) => report(&error, &mut terminal),
    };
    ExitCode::from(code)
}

fn logging() {
    use tracing_subscriber::EnvFilter;
    let mut filter = EnvFilter::try_from_env("FEEDLOOM_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    // What libraries tell of their own work helps nobody here.
    for quiet in ["hyper_util=warn", "reqwest=warn", "rustls=warn", "h2=warn", "html5ever=error"] {
        filter = filter.add_directive(quiet.parse().expect("a directive of this file"));
    }
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).try_init();
}

fn run(cli: Cli, terminal: &mut Terminal) -> Result<u8, RunError> {
    // Whole seconds: what is remembered reads back the same.
    let now = chrono::SubsecRound::trunc_subsecs(chrono::Utc::now(), 0);
    let moment = Moment::at(now);
    let common = &cli.common;
    match cli.command {
        Command::Refresh(options) => refresh::refresh(common, &options, moment, terminal),
        Command::Build(options) => refresh::build(common, &options, moment, terminal),
        Command::Check(options) => check::check(common, &options, moment, terminal),
        Command::Entries(options) => entries::entries(common, &options, terminal),
        Command::Serve(options) => serve::serve(common, &options, terminal),
        Command::Status(options) => sources::status(common, &options, moment, terminal),
        Command::Explain(options) => explain::explain(common, &options, moment, terminal),
        Command::Init(options) => init::init(common, &options, moment, terminal),
        Command::Inspect(options) => inspect::inspect(common, &options, terminal),
        Command::Import(options) => opml::import(common, &options, terminal),
        Command::Export => opml::export(common, terminal),
        Command::Completions(options) => Ok(shell::completions(&options, Cli::command(), terminal)),
        Command::Man => Ok(shell::man(Cli::command(), terminal)),
    }
}

/// The exit status an error means.
pub(crate) fn code(error: &RunError) -> u8 {
    match error {
        RunError::Config(_)
        | RunError::Foreign(_)
        | RunError::NoSite(_)
        | RunError::NotThere(_)
        | RunError::Template(_)
        | RunError::NoPosts { .. }
        | RunError::Rules(_)
        | RunError::Fetch(_)
        | RunError::Changed(_)
        | RunError::IdBase { .. }
        | RunError::ProjectsGone(_) => status::USAGE,
        RunError::Locked(_) => status::LOCKED,
        RunError::ManyGone { .. } => status::HELD,
        RunError::Interrupted(signal) => status::SIGNAL.saturating_add(*signal),
        RunError::File(_)
        | RunError::Store(_)
        | RunError::Empty(_)
        | RunError::Ledger { .. }
        | RunError::Listen { .. } => status::FAILED,
    }
}

/// Says what stopped the run, and the exit status it means.
pub(crate) fn report(error: &RunError, terminal: &mut Terminal) -> u8 {
    match error {
        RunError::Config(mistakes) => {
            for mistake in mistakes {
                terminal.error(&mistake.to_string());
                terminal.snippet(mistake.line, mistake.column, &mistake.snippet);
            }
            let count = mistakes.len();
            terminal.error(&format!(
                "{count} mistake{} in the configuration; nothing was done",
                if count == 1 { "" } else { "s" }
            ));
        }
        RunError::Locked(_) | RunError::ManyGone { .. } => terminal.error(&format!("{error}; nothing was done")),
        error => terminal.error(&chain(error)),
    }
    code(error)
}

/// An error with its causes, each once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
