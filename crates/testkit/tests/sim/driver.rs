//! Short programs of operations, and their run on a simulated directory.

use sutra_fs::{Dir, File, Name};
use sutra_testkit::{Fault, SimDir, SimFile, SplitMix, Times};

/// One step of a program. Steps that make no sense, such as the removal of a file that is not
/// there, do nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Create a file; later steps on `Newest` and `Oldest` may mean it.
    Create(&'static str),
    Rename(&'static str, &'static str),
    Remove(&'static str),
    /// Write at an offset so many bytes, which differ from write to write.
    Write(Which, u64, usize),
    Sync(Which),
    SyncDir,
    /// The next step fails.
    Fail,
}

/// Which of the files that were created.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Oldest,
    Newest,
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a plain name")
}

/// Runs a program and gives back the directory with its log.
pub(crate) fn run(dir: &SimDir, steps: &[Step]) {
    let mut files: Vec<SimFile> = Vec::new();
    let mut written = 0_u8;
    for step in steps {
        let which = |which| match which {
            Which::Oldest => files.first(),
            Which::Newest => files.last(),
        };
        match *step {
            Step::Create(text) => files.extend(dir.create(&name(text)).ok()),
            Step::Rename(from, to) => drop(dir.rename(&name(from), &name(to))),
            Step::Remove(text) => drop(dir.remove(&name(text))),
            Step::Write(file, offset, length) => {
                written += 1;
                let bytes: Vec<u8> = (0..length).map(|at| written ^ (at / 100) as u8 | 1).collect();
                which(file).map(|file| file.write_at(offset, &bytes));
            }
            Step::Sync(file) => drop(which(file).map(File::sync)),
            Step::SyncDir => drop(dir.sync()),
            Step::Fail => dir.fail_at(dir.op_count(), Fault::Eio, Times::Once),
        }
    }
}

/// Every program of exactly `length` of these steps.
pub(crate) fn every_program(steps: &[Step], length: u32) -> impl Iterator<Item = Vec<Step>> {
    (0..steps.len().pow(length)).map(move |mut number| {
        let mut next = || {
            let step = steps[number % steps.len()];
            number /= steps.len();
            step
        };
        (0..length).map(|_| next()).collect()
    })
}

/// A program of `length` of these steps, drawn by chance.
pub(crate) fn random_program(steps: &[Step], length: usize, rng: &mut SplitMix) -> Vec<Step> {
    (0..length).map(|_| *rng.pick(steps)).collect()
}
