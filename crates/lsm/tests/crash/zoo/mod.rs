//! The zoo: defects that are planted, each of which the tests of this folder must find. It is the
//! proof that they can fail.
//!
//! A defect is either a way in which the engine misuses its directory ([`seam`]: a call is left
//! out, believed though it failed, or made too late), or a rule of the engine that is broken
//! (`sutra_lsm::planted`). Each test below is named by the defect, and says what finds it and by
//! which symptom, so that a defect is not found by accident. That nothing is found where nothing
//! is planted, the tests of `states`, `faults`, `kills` and `damage` say.
//!
//! Not in the zoo, since leaving it out changes nothing that any crash can show: the sync of the
//! directory after a segment or the previous manifest got its name. The manifest that is published
//! next syncs the directory before it relies on either.

mod engine;
mod seam;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use sutra_fs::ErrorKind;
use sutra_lsm::planted::{self, Bug};
use sutra_testkit::{Fault, Times};

use crate::workload::Rule;
use crate::workloads::Workload;
use crate::{damage, faults, kills, states};

/// What is planted.
enum Defect {
    /// In the engine.
    Engine(Bug),
    /// Between the engine and its directory.
    Seam(Rule),
}

/// What is to find it.
enum By {
    /// Power cuts after each operation of a workload.
    PowerCuts(fn() -> Workload),
    /// A call that fails once, for each call in turn, and a power cut after that.
    Faults(Fault),
    /// Kills, and power cuts during the recovery from them.
    Kills,
    /// Flipped bits of a store that was killed.
    Flips,
    /// An older manifest that is put back.
    OlderManifest,
}

/// No defect may take longer to find.
const TIME_MAX: Duration = Duration::from_secs(60);

impl By {
    fn run(&self, rule: Option<&Rule>) {
        match self {
            Self::PowerCuts(workload) => drop(states::explore(workload(), rule.cloned())),
            Self::Faults(fault) => {
                let kind = match fault {
                    Fault::Enospc => ErrorKind::OutOfSpace,
                    _ => ErrorKind::Other,
                };
                faults::fail_every_call_of(rule, *fault, Times::Once, kind);
            }
            Self::Kills => kills::kill_after_each_operation(rule),
            Self::Flips => damage::a_flipped_bit_of_a_killed_store_is_noticed_and_never_served(),
            Self::OlderManifest => damage::an_older_manifest_is_not_taken_for_the_last_one(),
        }
    }
}

/// Fails unless the defect is found, by this, in time, and shows in this way.
#[track_caller]
fn must_find(defect: &Defect, by: &By, symptom: &str) {
    let (bug, rule) = match defect {
        Defect::Engine(bug) => (Some(*bug), None),
        Defect::Seam(rule) => (None, Some(rule)),
    };
    let begun = Instant::now();
    planted::plant(bug);
    let outcome = catch_unwind(AssertUnwindSafe(|| by.run(rule)));
    planted::plant(None);
    let Err(panic) = outcome else { panic!("the defect is not found") };
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
    assert!(text.contains(symptom), "found by accident: {text}");
    assert!(begun.elapsed() < TIME_MAX, "found only after {:?}", begun.elapsed());
}

macro_rules! zoo {
    ($($name:ident: $defect:expr, found by $by:expr, as $symptom:literal;)*) => {$(
        #[test]
        fn $name() {
            super::must_find(&$defect, &$by, $symptom);
        }
    )*};
}
use zoo;

#[test]
fn without_a_defect_nothing_is_found() {
    use crate::{small, workloads};
    for by in [
        By::PowerCuts(workloads::short),
        By::PowerCuts(small::rotations),
        By::PowerCuts(small::donors),
    ] {
        by.run(None);
    }
}
