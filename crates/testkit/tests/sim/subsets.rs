//! Which images are made when no write is torn.

use std::collections::BTreeSet;

use sutra_testkit::{CrashPlan, Profile, SimDir, SplitMix, Tears};

use crate::driver::Step::{Create, Fail, Remove, Rename, Sync, SyncDir, Write};
use crate::driver::Which::{Newest, Oldest};
use crate::driver::{Step, every_program, random_program, run};
use crate::model::{Files, every_image, files_of, pending_and_certain, play};

const PROFILES: [Profile; 2] = [Profile::PosixWeak, Profile::Ext4Like];

fn untorn(profile: Profile) -> CrashPlan {
    CrashPlan { tears: Tears::None, ..CrashPlan::new(profile) }
}

fn made(dir: &SimDir, plan: &CrashPlan) -> BTreeSet<Files> {
    dir.crash_states(dir.op_count(), plan).map(|image| files_of(&image)).collect()
}

#[track_caller]
fn check_equal_to_the_model(steps: &[Step]) {
    let dir = SimDir::new();
    run(&dir, steps);
    for profile in PROFILES {
        let expected = every_image(&dir.ops(), profile);
        assert!(made(&dir, &untorn(profile)) == expected, "{profile:?} {steps:?}");
    }
}

#[test]
fn every_short_program_leaves_exactly_what_the_model_says() {
    let steps = [
        Create("a"),
        Create("b"),
        Rename("a", "b"),
        Remove("b"),
        Write(Oldest, 0, 3),
        Write(Newest, 2, 3),
        Sync(Newest),
        SyncDir,
        Fail,
    ];
    for program in (0..=4).flat_map(|length| every_program(&steps, length)) {
        check_equal_to_the_model(&program);
        check_equal_to_the_model(&[&[Create("a")], &program[..]].concat());
    }
}

/// Long enough that files cross pages and that what is certain waits behind what is not.
fn long_programs() -> impl Iterator<Item = Vec<Step>> {
    let steps = [
        Create("a"),
        Create("b"),
        Create("c"),
        Rename("a", "b"),
        Rename("b", "c"),
        Rename("c", "a"),
        Remove("a"),
        Remove("b"),
        Write(Oldest, 1_000, 50),
        Write(Oldest, 3_000, 2),
        Write(Newest, 1_010, 1_100),
        Write(Newest, 0, 2_048),
        Sync(Oldest),
        Sync(Newest),
        Sync(Newest),
        SyncDir,
        SyncDir,
        Fail,
    ];
    let mut rng = SplitMix::new(7);
    (0..150).map(move |_| random_program(&steps, 24, &mut rng))
}

#[test]
fn long_programs_leave_at_every_point_only_what_the_model_says() {
    let mut exhausted = 0;
    for program in long_programs() {
        let dir = SimDir::new();
        run(&dir, &program);
        let log = dir.ops();
        for profile in PROFILES {
            for at in 0..=log.len() {
                let (pending, _) = pending_and_certain(&log[..at], profile);
                if pending.len() > 9 {
                    continue;
                }
                let expected = every_image(&log[..at], profile);
                let found = dir.crash_states(at, &untorn(profile)).map(|image| files_of(&image));
                let found: BTreeSet<_> = found.collect();
                assert!(found.is_subset(&expected), "{profile:?} at {at}: {program:?}");
                if pending.len() <= 6 {
                    exhausted += 1;
                    assert!(found == expected, "{profile:?} at {at}: {program:?}");
                }
            }
        }
    }
    assert!(exhausted > 2_000, "only {exhausted} points had few pending operations");
}

#[test]
fn the_walk_along_the_log_finds_what_each_point_finds() {
    for program in long_programs().take(100) {
        let dir = SimDir::new();
        run(&dir, &program);
        for profile in PROFILES {
            // Chance differs from point to point, and the walk leaves out points without a change.
            let plan = CrashPlan { random: 0, ..untorn(profile) };
            let walked: BTreeSet<_> = dir.crashes(&plan).map(|c| c.image.fingerprint()).collect();
            let each = (0..=dir.op_count()).flat_map(|at| dir.crash_states(at, &plan));
            assert_eq!(walked, each.map(|image| image.fingerprint()).collect(), "{program:?}");
        }
    }
}

#[test]
fn of_many_pending_operations_the_usual_suspects_are_made() {
    let dir = SimDir::new();
    let writes = (0..12).map(|at| Write(Newest, at * 600, 1_000));
    run(&dir, &[Create("a"), SyncDir].into_iter().chain(writes).collect::<Vec<_>>());
    let log = dir.ops();
    let found = made(&dir, &untorn(Profile::PosixWeak));
    let expect = |kept: &dyn Fn(usize) -> bool| {
        assert!(found.contains(&play(&log, |at| at < 2 || kept(at), None)));
    };
    for one in 2..log.len() {
        expect(&|at| at == one);
        expect(&|at| at != one);
        expect(&|at| at < one);
    }
    expect(&|_| true);
    let fewer = CrashPlan { random: 0, ..untorn(Profile::PosixWeak) };
    assert!(found.len() > made(&dir, &fewer).len(), "chance adds nothing");
}
