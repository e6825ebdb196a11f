//! Retrieval by words, vector and associations together, beside the same wired by hand: tantivy for
//! the words, usearch (HNSW) for the vectors, LMDB for texts and associations.
//!
//! `cargo run --release -- DIR` reads `concepts.jsonl` and `associations.jsonl`; `DIR VECTORS` takes
//! 384 values of little-endian f32 for each concept from a file as well, which are made up otherwise.
//! Both sides answer in turns, by one thread, in time on the processor. What they answer is held
//! against each other: the ways one by one, then together.

mod data;
mod ours;
mod theirs;

use std::collections::HashSet;
use std::time::Duration;

use cpu_time::{ProcessTime, ThreadTime};
use data::{Data, Question};
use ours::Ours;
use sutra_bench::Result;
use theirs::Theirs;

/// Answers to a question.
pub const LIMIT: usize = 10;
/// What each way gives to be fused.
pub const POOL: usize = 50;
/// Associations from where it starts.
pub const HOPS: u32 = 2;
/// Questions that each side answers before the other goes on.
const TURN: usize = 10;

/// Which ways a question goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    Words,
    Vector,
    Near,
    Together,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (dir, vectors) = match arguments.as_slice() {
        [dir] => (dir, None),
        [dir, vectors] => (dir, Some(vectors.as_str())),
        _ => return Err("usage: DIR [VECTORS]".into()),
    };
    let data = Data::read(dir.as_ref(), vectors)?;
    println!("{} concepts, {} associations", data.ids.len(), data.links.len());
    let place = tempfile::tempdir()?;
    let start = ProcessTime::now();
    let ours = Ours::build(&data, &place.path().join("ours"))?;
    let our_time = start.elapsed();
    let start = ProcessTime::now();
    let theirs = Theirs::build(&data, &place.path().join("theirs"))?;
    let (all, graph) = (start.elapsed(), theirs.vectors_time);
    println!(
        "load: ours {:.1} s, theirs {:.1} s, of which usearch {:.1} s",
        our_time.as_secs_f64(),
        all.as_secs_f64(),
        graph.as_secs_f64()
    );
    let questions = data.questions(400);
    check(&data, &questions[..100], &ours, &theirs)?;
    for ways in [Ways::Words, Ways::Vector, Ways::Near, Ways::Together] {
        race(ways, &questions, &ours, &theirs)?;
    }
    Ok(())
}

/// How much of what is right each side finds, and how much of it both.
fn check(data: &Data, questions: &[Question], ours: &Ours, theirs: &Theirs) -> Result<()> {
    let (mut recall, mut same) = ([0.0; 2], [0.0; 4]);
    for question in questions {
        let truth: HashSet<u32> = data.nearest(question, LIMIT).into_iter().collect();
        let share = |found: &[u32]| {
            found.iter().take(LIMIT).filter(|number| truth.contains(number)).count() as f64
                / truth.len() as f64
        };
        recall[0] += share(&ours.ask(data, question, Ways::Vector)?);
        recall[1] += share(&theirs.ask(question, Ways::Vector)?);
        let all = [Ways::Words, Ways::Vector, Ways::Near, Ways::Together];
        for (at, ways) in all.into_iter().enumerate() {
            let mine: HashSet<u32> = ours.ask(data, question, ways)?.into_iter().collect();
            let other = theirs.ask(question, ways)?;
            if ways == Ways::Near {
                assert_eq!(mine.len(), other.len(), "within {HOPS} of {}", question.from);
            }
            let both = other.iter().filter(|number| mine.contains(number)).count();
            same[at] += both as f64 / mine.len().max(other.len()).max(1) as f64;
        }
    }
    let count = questions.len() as f64;
    let [ours, theirs] = recall.map(|sum| sum / count);
    println!("recall@{LIMIT} of vectors: ours {ours:.3}, theirs {theirs:.3}");
    let [words, vector, near, together] = same.map(|sum| sum / count);
    println!(
        "the same answers: words {words:.3}, vector {vector:.3}, near {near:.3}, together {together:.3}"
    );
    assert!(ours >= 0.95 && theirs >= 0.95, "a side finds too little");
    assert!(words > 0.9 && together > 0.75, "they answer different questions");
    Ok(())
}

fn race(ways: Ways, questions: &[Question], ours: &Ours, theirs: &Theirs) -> Result<()> {
    let (mut our_time, mut their_time) = (Duration::ZERO, Duration::ZERO);
    let mut found = [0, 0];
    for round in 0..3 {
        for turn in questions.chunks(TURN) {
            let start = ThreadTime::now();
            for question in turn {
                found[0] += ours.read(question, ways)?;
            }
            let mine = start.elapsed();
            let start = ThreadTime::now();
            for question in turn {
                found[1] += theirs.read(question, ways)?;
            }
            if round > 0 {
                our_time += mine;
                their_time += start.elapsed();
            }
        }
    }
    assert!(found[0] > 0 && found[1] > 0, "somebody found nothing");
    let each = |time: Duration| time.as_secs_f64() * 1e6 / (2.0 * questions.len() as f64);
    println!(
        "{ways:?}: ours {:.0} us, theirs {:.0} us, {:.2} times",
        each(our_time),
        each(their_time),
        their_time.as_secs_f64() / our_time.as_secs_f64()
    );
    Ok(())
}
