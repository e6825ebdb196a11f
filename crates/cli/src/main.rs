//! `sutra`: every job of a Sutra store from the shell.
//!
//! One command is one file of [`commands`]: its arguments, then what it does. What it finds goes
//! to standard output, what went wrong to standard error, and the exit code tells the rest; see
//! [`failure`].

mod commands;
mod excerpt;
mod failure;
mod graph;
mod json;
mod lines;
mod order;
mod progress;
mod record;
mod show;
mod sink;
mod tell;
mod terminal;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;

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
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut terminal = Terminal::new();
    match run(arguments.command, &mut terminal) {
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

fn run(command: Command, terminal: &mut Terminal) -> Outcome {
    let code = command.run(terminal)?;
    match terminal.flush() {
        // Nobody reads the answer, but the exit code still tells it.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(code),
        flushed => Ok(flushed.map(|()| code)?),
    }
}
