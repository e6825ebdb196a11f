//! `sutra demo`: the main things, on an excerpt of WordNet, in a temporary store.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use clap::{Args, Parser};
use sutra_storage::{ConceptId, Store, StoreOptions};

use crate::Arguments;
use crate::excerpt::{ASSOCIATIONS, CONCEPTS, NOTICE};
use crate::failure::{Failure, Outcome};
use crate::show;
use crate::terminal::Terminal;

/// Show the main things on an excerpt of WordNet, in a temporary store
///
/// Every line that starts with `$` is run as it stands. Takes a few seconds, and leaves nothing
/// behind.
#[derive(Args)]
pub(crate) struct Demo {
    /// Print the notice of WordNet, from which the excerpt comes, and nothing else
    #[arg(long)]
    licence: bool,
}

/// The synset "dog, domestic dog, Canis familiaris".
const DOG: &str = "wn-02086723-n";
/// The synset "cat, true cat".
const CAT: &str = "wn-02124272-n";
const CONCEPTS_FILE: &str = "concepts.jsonl";
const ASSOCIATIONS_FILE: &str = "associations.jsonl";

impl Demo {
    pub(crate) fn run(self, terminal: &mut Terminal) -> Outcome {
        if self.licence {
            write!(terminal, "{NOTICE}")?;
            return Ok(ExitCode::SUCCESS);
        }
        let start = Instant::now();
        let place = tempfile::tempdir()
            .map_err(Failure::file(Path::new("the directory for temporary files")))?;
        let lay_out = || {
            fs::write(place.path().join(CONCEPTS_FILE), CONCEPTS)?;
            fs::write(place.path().join(ASSOCIATIONS_FILE), ASSOCIATIONS)?;
            env::set_current_dir(place.path())
        };
        lay_out().map_err(Failure::file(place.path()))?;
        tour(terminal)?;
        let seconds = start.elapsed().as_secs_f64();
        writeln!(terminal, "\n{}", terminal.faint(format_args!(
            "{seconds:.1} s. The excerpt is from WordNet 3.1, (c) Princeton University; its notice: sutra demo --licence"
        )))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn tour(terminal: &mut Terminal) -> Result<(), Failure> {
    say(terminal, "Concepts and associations are JSON Lines. Importing them makes the store:")?;
    run(terminal, "sutra import dogs --concepts concepts.jsonl --associations associations.jsonl")?;
    say(
        terminal,
        "The same again changes nothing, so an import that was stopped is simply run again:",
    )?;
    run(terminal, "sutra import dogs --concepts concepts.jsonl --associations associations.jsonl")?;
    say(terminal, "A concept, by its key:")?;
    run(terminal, &format!("sutra get dogs {DOG}"))?;
    say(terminal, "What it is, and what is one:")?;
    run(terminal, &format!("sutra neighbors dogs {DOG} --type hypernym --out"))?;
    run(terminal, &format!("sutra neighbors dogs {DOG} --type hyponym --limit 5"))?;
    say(terminal, "What leads from it to something else, and what matters near it:")?;
    run(terminal, &format!("sutra path dogs {DOG} {CAT}"))?;
    run(terminal, &format!("sutra rank dogs --from {DOG} --limit 5"))?;
    two_steps(terminal)?;
    say(terminal, "What is in the store:")?;
    run(terminal, "sutra stats dogs")?;
    say(terminal, "And on which files:")?;
    run(terminal, "sutra segments dogs")?;
    say(terminal, "Everything comes back, byte for byte:")?;
    run(terminal, "sutra export dogs --concepts c.jsonl --associations a.jsonl")?;
    compare(terminal, "c.jsonl", CONCEPTS)?;
    compare(terminal, "a.jsonl", ASSOCIATIONS)?;
    say(terminal, "Every checksum and every reference, checked:")?;
    run(terminal, "sutra verify dogs")
}

fn say(terminal: &mut Terminal, text: &str) -> Result<(), Failure> {
    Ok(writeln!(terminal, "\n{text}")?)
}

/// Runs a command as the shell would.
fn run(terminal: &mut Terminal, line: &str) -> Result<(), Failure> {
    writeln!(terminal, "{}", terminal.faint(format_args!("$ {line}")))?;
    let arguments = Arguments::try_parse_from(line.split(' '));
    let arguments = arguments.map_err(|error| Failure::Usage(error.to_string()))?;
    arguments.command.run(&StoreOptions::default(), terminal)?;
    Ok(terminal.flush()?)
}

/// What the library is for: everything within two steps, under one snapshot.
fn two_steps(terminal: &mut Terminal) -> Result<(), Failure> {
    say(terminal, "From a program, two steps from the dog along any association:")?;
    let store = Store::open_read_only("dogs")?;
    let snapshot = store.snapshot();
    let start = Instant::now();
    let near = snapshot.expand(&[ConceptId::from_key(DOG)]).hops(2).collect()?.reached;
    let micros = start.elapsed().as_micros();
    let away = |hops| near.iter().filter(|found| found.hops == hops).count() as u64;
    let (all, edge) = (away(1) + away(2), away(2));
    let (all, edge) = (show::count(all), show::count(edge));
    writeln!(terminal, "{all} concepts, {edge} of them two steps away, in {micros} microseconds")?;
    Ok(())
}

fn compare(terminal: &mut Terminal, file: &str, original: &[u8]) -> Result<(), Failure> {
    let exported = fs::read(file).map_err(Failure::file(Path::new(file)))?;
    let lines = exported.iter().filter(|byte| **byte == b'\n').count() as u64;
    let verdict = if exported == original { "equal to" } else { "different from" };
    let (lines, bytes) = (show::count(lines), show::count(exported.len() as u64));
    writeln!(terminal, "{file}: {lines} lines, {bytes} bytes, {verdict} the original")?;
    Ok(())
}
