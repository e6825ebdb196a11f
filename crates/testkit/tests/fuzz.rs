//! Inputs that chance makes, and what is done with one that finds something.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use sutra_testkit::{FuzzRuns, FuzzTarget};

fn stored() -> Vec<Vec<u8>> {
    vec![(0..50).collect(), (0..=255).collect(), vec![7; 900]]
}

#[test]
fn inputs_differ_from_run_to_run_and_are_the_same_again() {
    let target = FuzzTarget::new("any", |_| {}, 0);
    let inputs = || (0..1_000).map(|number| target.input(&stored(), number));
    let mut first: Vec<_> = inputs().collect();
    assert!(inputs().eq(first.iter().cloned()));
    assert!(first.iter().all(|input| input.len() <= 600));
    assert!(first.iter().any(|input| input.len() == 600));
    first.sort();
    first.dedup();
    assert!(first.len() > 960, "only {} inputs differ", first.len());
}

#[test]
fn most_inputs_are_brief_where_that_is_wanted_and_some_are_long() {
    let target = FuzzTarget { brief: 40, ..FuzzTarget::new("any", |_| {}, 0) };
    let inputs: Vec<_> = (0..1_000).map(|number| target.input(&stored(), number)).collect();
    let brief = inputs.iter().filter(|input| input.len() <= 40).count();
    assert!((940..990).contains(&brief), "{brief} are brief");
    assert!(inputs.iter().any(|input| input.len() > 300));
}

#[test]
fn an_input_that_finds_something_is_kept_and_replayed() {
    let corpus = tempfile::tempdir().expect("a directory");
    fs::create_dir(corpus.path().join("zeros")).expect("a folder");
    fs::write(corpus.path().join("zeros/first"), [1; 64]).expect("an input");
    let fails = |input: &[u8]| assert!(!input.contains(&0), "a zero");
    let targets = [FuzzTarget::new("zeros", fails, 1_000)];
    let runs = FuzzRuns::with_corpus(&targets, corpus.path().to_owned());
    runs.replay("zeros");
    std::panic::catch_unwind(|| runs.run_ordinary()).expect_err("one has a zero");
    let found = fs::read_dir(corpus.path().join("zeros")).expect("a folder").count();
    assert_eq!(found, 2);
    std::panic::catch_unwind(|| runs.replay("zeros")).expect_err("it is replayed");
}

#[test]
fn the_ordinary_runs_are_as_many_as_the_target_says() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let corpus = tempfile::tempdir().expect("a directory");
    fs::create_dir(corpus.path().join("any")).expect("a folder");
    fs::write(corpus.path().join("any/first"), [1]).expect("an input");
    let count = |_: &[u8]| {
        RUNS.fetch_add(1, Ordering::Relaxed);
    };
    let targets = [FuzzTarget::new("any", count, 123)];
    FuzzRuns::with_corpus(&targets, corpus.path().to_owned()).run_ordinary();
    assert_eq!(RUNS.load(Ordering::Relaxed), 123);
}

#[test]
#[should_panic(expected = "no inputs")]
fn a_target_without_inputs_is_not_taken_for_one_that_holds() {
    let corpus = tempfile::tempdir().expect("a directory");
    fs::create_dir(corpus.path().join("any")).expect("a folder");
    let targets = [FuzzTarget::new("any", |_| {}, 1)];
    FuzzRuns::with_corpus(&targets, corpus.path().to_owned()).run_ordinary();
}
