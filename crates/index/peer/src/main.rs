//! Words beside tantivy, in one run, by one thread, in time on the processor.
//!
//! `cargo run --release -- lines <FILE` takes each line as a text; `-- zipf COUNT` makes texts.
//! A number behind that is the number of queries. Queries are two to four words of one text. Both answer in turns, and what they answer is
//! held against each other: the number of hits, and the scores of texts of at most 40 terms, which
//! the peer's norms have exactly.

mod data;
mod ours;
mod theirs;

use std::time::Duration;

use cpu_time::{ProcessTime, ThreadTime};
use ours::Ours;
use sutra_index::words::{Analyser, Clause, MemoryWords, Purpose, Query, Scratch, Source, search};
use theirs::Theirs;

/// Queries that each side answers before the other goes on.
const TURN: usize = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let texts = match arguments.as_slice() {
        ["lines", ..] => data::lines(),
        ["zipf", count, ..] => data::zipf(count.parse().expect("a number of texts")),
        _ => panic!("usage: lines <FILE | zipf COUNT, then perhaps a number of queries"),
    };
    let place = if arguments[0] == "zipf" { 2 } else { 1 };
    let count = arguments.get(place).map_or(1_000, |count| count.parse().expect("a number"));
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{} texts, {:.1} MB", texts.len(), bytes as f64 / 1e6);
    write_to_found(&texts);
    let (ours, theirs) = build(&texts);
    let queries = data::queries(&texts, count);
    compare(&texts, &queries[..queries.len().min(200)], &ours, &theirs);
    for (name, all, limit) in
        [("any, 10 hits", false, 10), ("any, 100 hits", false, 100), ("all, 10 hits", true, 10)]
    {
        race(name, &queries, &ours, &theirs, all, limit);
    }
}

/// How long it takes to put a text into memory and to find it by a word of its own, beside others.
fn write_to_found(texts: &[String]) {
    let mut words = MemoryWords::new(Analyser::default(), false);
    let start = ThreadTime::now();
    let others = texts.len().min(100_000);
    texts[..others].iter().for_each(|text| {
        words.put(text).expect("it fits");
    });
    let put = start.elapsed();
    let rounds = 2_000;
    let start = ThreadTime::now();
    for number in 0..rounds {
        let row = words.put(&format!("{} own{number}", texts[number % others])).expect("it fits");
        let view = words.view();
        let own = vec![Clause::Term(format!("own{number}"))];
        let query = Query { should: own, ..Query::default() };
        let hits = search(&[Source::memory(&view)], &query, 10, |_, row| row, |_, _| true)
            .expect("it is whole");
        assert_eq!(hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [row]);
    }
    println!(
        "memory: {:.2} us to put, {:.2} us from put to found, among {others} texts",
        put.as_secs_f64() * 1e6 / others as f64,
        start.elapsed().as_secs_f64() * 1e6 / rounds as f64
    );
}

fn build(texts: &[String]) -> (Ours, Theirs) {
    let rate = |time: Duration| texts.len() as f64 / time.as_secs_f64() / 1e3;
    let timed = |build: &mut dyn FnMut()| {
        let start = ProcessTime::now();
        build();
        start.elapsed()
    };
    let mut kept = None;
    for positions in [true, false] {
        let (mut ours, mut same, mut own) = (None, None, None);
        let our_time = timed(&mut || ours = Some(Ours::build(texts, positions)));
        let same_time = timed(&mut || same = Some(Theirs::build(texts, positions, false)));
        let own_time = timed(&mut || own = Some(Theirs::build(texts, positions, true)));
        let (Some(ours), Some(same), Some(own)) = (ours, same, own) else { return build(texts) };
        println!(
            "build, positions {positions}: ours {:.0}, peer {:.0} with our terms, {:.0} with its \
             own (thousand texts a second)",
            rate(our_time),
            rate(same_time),
            rate(own_time)
        );
        println!(
            "bytes, positions {positions}: ours {}, peer {} with our terms ({:.3}), {} with its own",
            ours.bytes(),
            same.bytes(),
            ours.bytes() as f64 / same.bytes() as f64,
            own.bytes()
        );
        kept = Some((ours, same));
    }
    kept.expect("two rounds were made")
}

fn compare(texts: &[String], queries: &[String], ours: &Ours, theirs: &Theirs) {
    let length = |row: u32| {
        let mut terms = 0;
        let count = |_: &str, _: u32| terms += 1;
        Analyser::default().each(
            &texts[row as usize],
            Purpose::Index,
            &mut Scratch::default(),
            count,
        );
        terms
    };
    let (mut scores, mut worst) = (0, 0.0_f32);
    for query in queries {
        let words: Vec<&str> = query.split(' ').collect();
        for all in [false, true] {
            let mine = ours.ask(query, all, texts.len());
            assert_eq!(mine.len(), theirs.count(&words, all), "{query}, all {all}");
            let scored: std::collections::HashMap<u32, f32> =
                mine.iter().map(|hit| (hit.row, hit.score)).collect();
            for (score, row) in theirs.ask(&words, all, 100) {
                if length(row) <= 40 {
                    worst = worst.max((scored[&row] - score).abs() / score.max(1.0));
                    scores += 1;
                }
            }
            let best = ours.ask(query, all, 100);
            assert!(best.iter().zip(&mine).all(|(a, b)| a == b), "{query}, all {all}");
        }
    }
    println!("{scores} scores compared, the worst differs by {worst:.1e}");
    assert!(worst <= 1e-4, "scores differ");
}

fn race(name: &str, queries: &[String], ours: &Ours, theirs: &Theirs, all: bool, limit: usize) {
    let (mut our_time, mut their_time) = (Duration::ZERO, Duration::ZERO);
    let mut hits = [0, 0];
    for round in 0..3 {
        for turn in queries.chunks(TURN) {
            let start = ThreadTime::now();
            hits[0] += turn.iter().map(|query| ours.ask(query, all, limit).len()).sum::<usize>();
            let mine = start.elapsed();
            let start = ThreadTime::now();
            for query in turn {
                let words: Vec<&str> = query.split(' ').collect();
                hits[1] += theirs.ask(&words, all, limit).len();
            }
            if round > 0 {
                our_time += mine;
                their_time += start.elapsed();
            }
        }
    }
    assert_eq!(hits[0], hits[1], "{name}");
    let rate = |time: Duration| 2.0 * queries.len() as f64 / time.as_secs_f64();
    println!(
        "{name}: ours {:.0}, peer {:.0} queries a second, {:.2} times",
        rate(our_time),
        rate(their_time),
        their_time.as_secs_f64() / our_time.as_secs_f64()
    );
}
