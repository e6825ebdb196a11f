//! Many runs of each target, on inputs that chance makes of the stored ones.
//!
//! The ordinary run is short. `SUTRA_FUZZ_RUNS=N` asks for `N` runs of each target that damages
//! files, and for a fixed part of `N` of those that live a life of a store. Two processes share
//! them, since memory is counted for a process as a whole. What is run follows from the number
//! alone. An input that finds something is left in the folder of the stored ones.

use std::fs;
use std::process::Command;
use std::time::Instant;

use sutra_testkit::SplitMix;

use super::{ALONE, folder, holds, inputs, targets};

/// What is run, and how often.
struct Target {
    name: &'static str,
    run: fn(&[u8]),
    /// Of so many runs that are asked for one is made: it is many commits, flushes and merges.
    cost: u64,
}

const TARGETS: [Target; 6] = [
    Target { name: "segment", run: targets::segment, cost: 1 },
    Target { name: "manifest", run: targets::manifest, cost: 1 },
    Target { name: "journal", run: targets::journal, cost: 1 },
    Target { name: "open_dir", run: targets::open_dir, cost: 8 },
    Target { name: "store_ops", run: targets::store_ops, cost: 40 },
    Target { name: "sim_tape", run: targets::sim_tape, cost: 100 },
];

/// Runs of the ordinary test, before the cost.
const RUNS: u64 = 4_000;

/// Processes that share the runs.
const SHARES: u64 = 2;

/// As long as libFuzzer is allowed to make them.
const INPUT_BYTES_MAX: usize = 600;

/// Bytes at which something ends.
const EDGES: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/// The share of these runs with this number.
fn run_share(runs: u64, share: u64) {
    for target in &TARGETS {
        let stored: Vec<_> = inputs(target.name).into_iter().map(|(_, input)| input).collect();
        let count = runs.div_ceil(target.cost).div_ceil(SHARES);
        let begun = Instant::now();
        for number in share * count..(share + 1) * count {
            let input = mutated(&stored, &mut SplitMix::new(number));
            if !holds(target.run, &input) {
                let path = folder(target.name).join(format!("found-run-{number}"));
                fs::write(&path, &input).unwrap();
                panic!("{}: what it does is said above", path.display());
            }
        }
        if runs > RUNS {
            let rate = count as f64 / begun.elapsed().as_secs_f64();
            eprintln!("{}: {count} runs, {rate:.0} in a second", target.name);
        }
    }
}

/// One of the stored inputs, changed in up to six places, or, rarely, bytes by chance alone.
fn mutated(stored: &[Vec<u8>], rng: &mut SplitMix) -> Vec<u8> {
    let mut input = rng.pick(stored).clone();
    if rng.chance(1, 64) {
        input.resize(below(rng, INPUT_BYTES_MAX) + 1, 0);
        rng.fill(&mut input);
    }
    for _ in 0..=rng.below(6) {
        mutate(&mut input, stored, rng);
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

fn mutate(input: &mut Vec<u8>, stored: &[Vec<u8>], rng: &mut SplitMix) {
    if input.is_empty() {
        input.push(rng.next_u64() as u8);
    }
    let at = below(rng, input.len());
    let end = at + below(rng, (input.len() - at).min(16)) + 1;
    match rng.below(9) {
        0 | 1 => input[at] ^= 1 << rng.below(8),
        2 => input[at] = rng.next_u64() as u8,
        3 => input[at] = *rng.pick(&EDGES),
        4 => input[at] = input[at].wrapping_add(*rng.pick(&[1, 2, 0xff, 0xfe])),
        5 => drop(input.drain(at..end)),
        6 => {
            let mut more = vec![0; below(rng, 8) + 1];
            rng.fill(&mut more);
            drop(input.splice(at..at, more));
        }
        7 => {
            let (piece, to) = (input[at..end].to_vec(), below(rng, input.len()));
            drop(input.splice(to..to, piece));
        }
        _ => {
            let other = rng.pick(stored);
            let from = below(rng, other.len().max(1)).min(other.len());
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
    }
}

fn below(rng: &mut SplitMix, bound: usize) -> usize {
    usize::try_from(rng.below(bound as u64)).unwrap()
}

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().expect("a number of runs"))
}

#[test]
fn inputs_made_by_chance_do_no_harm() {
    let Some(runs) = asked("SUTRA_FUZZ_RUNS") else {
        let _alone = ALONE.lock();
        return (0..SHARES).for_each(|share| run_share(RUNS, share));
    };
    let run = |share: u64| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "runs::a_share_of_the_runs", "--ignored", "--nocapture"]);
        command.env("SUTRA_FUZZ_RUNS", runs.to_string());
        command.env("SUTRA_FUZZ_SHARE", share.to_string()).spawn().unwrap()
    };
    let shares: Vec<_> = (0..SHARES).map(run).collect();
    let ended = shares.into_iter().map(|mut share| share.wait().unwrap().success());
    assert!(ended.collect::<Vec<_>>().iter().all(|ended| *ended), "a share of the runs failed");
}

/// What each of the processes does.
#[test]
#[ignore = "a part of the one above"]
fn a_share_of_the_runs() {
    let runs = asked("SUTRA_FUZZ_RUNS").expect("SUTRA_FUZZ_RUNS says how many");
    run_share(runs, asked("SUTRA_FUZZ_SHARE").expect("SUTRA_FUZZ_SHARE says which"));
}

#[test]
fn inputs_differ_from_run_to_run_and_are_the_same_again() {
    let stored = vec![(0..50).collect(), (0..=255).collect()];
    let inputs = |seeds: std::ops::Range<u64>| -> Vec<_> {
        seeds.map(|seed| mutated(&stored, &mut SplitMix::new(seed))).collect()
    };
    let mut first = inputs(0..1_000);
    assert_eq!(first, inputs(0..1_000));
    assert!(first.iter().all(|input| input.len() <= INPUT_BYTES_MAX));
    first.sort();
    first.dedup();
    assert!(first.len() > 980, "only {} inputs differ", first.len());
}
