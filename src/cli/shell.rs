//! `feedloom completions` and `feedloom man`.

use clap::Args;
use clap_complete::Shell;

use super::status;
use super::terminal::Terminal;

/// `feedloom completions`.
#[derive(Debug, Args)]
pub struct CompletionsOptions {
    /// The shell
    shell: Shell,
}

/// Prints completions. Rendered into memory first: the generator does not bear a closed pipe.
pub fn completions(options: &CompletionsOptions, mut command: clap::Command, terminal: &mut Terminal) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut command, "feedloom", &mut text);
    terminal.write(&text);
    status::DONE
}

/// Prints the manual page.
pub fn man(command: clap::Command, terminal: &mut Terminal) -> u8 {
    let mut text = Vec::new();
    if clap_mangen::Man::new(command).render(&mut text).is_err() {
        return status::FAILED;
    }
    terminal.write(&text);
    status::DONE
}
