//! `sutra`: every job of a Sutra store from the shell.
//!
//! One command is one file of [`commands`]: its arguments, then what it does. What it finds goes
//! to standard output, what went wrong to standard error, and the exit code tells the rest; see
//! [`failure`].

mod arrows;
mod commands;
mod excerpt;
mod failure;
mod graph;
mod json;
mod lines;
mod log;
mod moment;
mod order;
mod past;
mod progress;
mod record;
mod show;
mod sink;
mod span;
mod tell;
mod terminal;
mod which;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use sutra_storage::StoreOptions;

use crate::commands::Command;
use crate::failure::{EXIT_CODES, Outcome, complain};
use crate::terminal::Terminal;

/// An embedded store for knowledge graphs: concepts with text and vectors, associations between
/// them.
#[derive(Parser)]
#[command(name = "sutra", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Read files into memory instead of mapping them
    ///
    /// For a directory that others may write to: who cuts a file that is mapped ends the command.
    /// Takes as much memory as the files are long.
    #[arg(long, global = true)]
    no_maps: bool,
    /// Say on standard error what the engine does: error, warn, info, debug or trace, or parts of
    /// it as in `sutra_lsm::compaction=debug,warn`. Else the variable RUST_LOG says so, else nothing
    #[arg(long, global = true, value_name = "LEVEL", value_parser = log::filter)]
    log: Option<log::Filter>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut terminal = Terminal::new();
    match run(arguments, &mut terminal) {
        Ok(code) => code,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            // What was found before the failure is worth having; only the failure is reported.
            let _ = terminal.flush();
            complain(&failure);
            failure.exit_code()
        }
    }
}

fn run(arguments: Arguments, terminal: &mut Terminal) -> Outcome {
    log::start(arguments.log)?;
    let options = StoreOptions { maps: !arguments.no_maps, ..StoreOptions::default() };
    let code = arguments.command.run(&options, terminal)?;
    match terminal.flush() {
        // Nobody reads the answer, but the exit code still tells it.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(code),
        flushed => Ok(flushed.map(|()| code)?),
    }
}
