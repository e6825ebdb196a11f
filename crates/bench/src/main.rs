//! `sutra-bench`: a graph of a million concepts and four million associations, loaded into Sutra
//! and into LMDB, read, and committed to, in one run. Prints one table.

mod comparison;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use sutra_bench::graph::Graph;
use sutra_bench::{Result, system};

/// Compares Sutra with LMDB on one graph, in one run.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// How many concepts, each with a text of 96 bytes
    #[arg(long, default_value_t = 1_000_000)]
    concepts: usize,
    /// How many associations
    #[arg(long, default_value_t = 4_000_000)]
    associations: usize,
    /// Where the stores are made and removed again; a disk, not memory [default: the place for
    /// temporary files]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// How often each read is repeated; the best counts
    #[arg(long, default_value_t = 3)]
    passes: usize,
    /// Take the reads by the time that they had a processor, not by the clock: for a machine that
    /// has other things to do
    #[arg(long)]
    processor_time: bool,
    /// Measure nothing but searches along associations, in one segment and in three
    #[arg(long)]
    graph_alone: bool,
    /// What the graph depends on
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sutra-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let place = match &arguments.dir {
        Some(dir) => tempfile::tempdir_in(dir)?,
        None => tempfile::tempdir()?,
    };
    let graph = Graph::new(arguments.concepts, arguments.associations, arguments.seed);
    println!(
        "{} concepts, {} associations, {} MiB of records and texts; the graph itself takes {} MiB \
         of memory",
        arguments.concepts,
        arguments.associations,
        graph.logical_bytes() >> 20,
        system::anonymous_bytes()? >> 20,
    );
    let (passes, processor_time) = (arguments.passes.max(1), arguments.processor_time);
    let plan = comparison::Plan { passes, processor_time, graph_alone: arguments.graph_alone };
    let table = comparison::run(&graph, place.path(), &plan)?;
    print!("{table}");
    Ok(())
}
