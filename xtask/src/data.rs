//! Data sets, from the packages that carry them to the two files that `sutra import` reads.
//!
//! Nothing here runs in an ordinary test: a data set is fetched once, by hand, and checked
//! against the sums recorded in [`release`].

mod excerpt;
mod fetch;
mod graph;
mod release;
mod sum;
mod synset;

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use graph::Graph;
use release::Release;

/// The two files of a data set.
pub(crate) const CONCEPTS: &str = "concepts.jsonl";
pub(crate) const ASSOCIATIONS: &str = "associations.jsonl";

/// The notice that goes with every copy of the data.
const LICENSE: &str = "LICENSE";

/// Where the whole of WordNet goes; not under version control.
pub(crate) fn wordnet_dir() -> PathBuf {
    crate::root().join("data/wordnet")
}

/// Where the excerpt lives that ships with the command.
pub(crate) fn excerpt_dir() -> PathBuf {
    crate::root().join("crates/cli/data/wordnet")
}

/// Builds the two files and the notice in `out`, unless they are there already.
pub(crate) fn wordnet(out: &Path, from: Option<&Path>) -> Result<()> {
    if let Some(release) = built_before(out)? {
        println!("{}: {} is here already, its sums hold", out.display(), release.name);
        return Ok(());
    }
    match from {
        Some(dir) => convert(dir, out),
        None => {
            let fetched = fetch::fetch()?; // Removed once it is converted.
            convert(&fetched.dict(), out)
        }
    }
}

/// The release that `out` holds, if both files are there and are what they should be.
fn built_before(out: &Path) -> Result<Option<&'static Release>> {
    let (concepts, associations) = (out.join(CONCEPTS), out.join(ASSOCIATIONS));
    if !concepts.exists() || !associations.exists() {
        return Ok(None);
    }
    let sums = [sum::of_file(&concepts)?, sum::of_file(&associations)?];
    Ok(release::built(&sums))
}

fn convert(source: &Path, out: &Path) -> Result<()> {
    let release = release::of_sources(source)?;
    println!("{}: {}, the sums of its files hold", source.display(), release.name);
    let (graph, notice) = read(source)?;
    fs::create_dir_all(out).map_err(Failure::at(out))?;
    let concepts = write(&out.join(CONCEPTS), graph.concepts_jsonl()?.as_bytes())?;
    let associations = write(&out.join(ASSOCIATIONS), graph.associations_jsonl()?.as_bytes())?;
    write(&out.join(LICENSE), notice.as_bytes())?;

    let counts = [graph.concept_count(), graph.association_count()];
    if counts != release.counts || [concepts, associations] != release.built {
        return Err(Failure::new(format!(
            "{}: {counts:?} concepts and associations, expected {:?} with other sums; the \
             conversion has changed, see xtask/src/data/graph.rs",
            out.display(),
            release.counts,
        )));
    }
    println!("{}: {} concepts, {} associations", out.display(), counts[0], counts[1]);
    println!("{}  {CONCEPTS}\n{}  {ASSOCIATIONS}", release.built[0], release.built[1]);
    Ok(())
}

/// Reads the four data files of a WordNet database and the notice they open with.
fn read(source: &Path) -> Result<(Graph, String)> {
    let mut graph = Graph::default();
    let mut notice = String::new();
    for part in synset::PARTS {
        let path = source.join(part.file);
        let text = fs::read_to_string(&path).map_err(Failure::at(&path))?;
        for (number, line) in text.lines().enumerate() {
            let added = match synset::parse(line, part.of) {
                Ok(None) => continue, // A line of the notice.
                Ok(Some(synset)) => graph.add(synset),
                Err(reason) => Err(reason),
            };
            added.map_err(|reason| {
                Failure::new(format!("{}:{}: {reason}", path.display(), number + 1))
            })?;
        }
        notice = synset::notice(&text);
    }
    graph.connect().map_err(Failure::new)?;
    Ok((graph, notice))
}

/// Writes a file and gives back its sum.
fn write(path: &Path, bytes: &[u8]) -> Result<String> {
    fs::write(path, bytes).map_err(Failure::at(path))?;
    Ok(sum::of(bytes))
}

/// Cuts the excerpt out of the data set in `from`.
pub(crate) fn excerpt(from: &Path, out: &Path) -> Result<()> {
    let read = |name: &str| {
        let path = from.join(name);
        fs::read_to_string(&path).map_err(|error| {
            Failure::new(format!(
                "{}: {error}; `cargo xtask data wordnet` builds it",
                path.display()
            ))
        })
    };
    let cut = excerpt::cut(&read(CONCEPTS)?, &read(ASSOCIATIONS)?)?;
    let notice = read(LICENSE)?;
    fs::create_dir_all(out).map_err(Failure::at(out))?;
    write(&out.join(CONCEPTS), cut.concepts.as_bytes())?;
    write(&out.join(ASSOCIATIONS), cut.associations.as_bytes())?;
    write(&out.join(LICENSE), notice.as_bytes())?;
    println!(
        "{}: {} concepts, {} associations, {} bytes",
        out.display(),
        cut.concepts.lines().count(),
        cut.associations.lines().count(),
        cut.concepts.len() + cut.associations.len(),
    );
    Ok(())
}
