//! What was: where a store keeps history, it says of each earlier time what it said then.

use std::collections::BTreeSet;

use sutra_lsm::{LsmError, LsmTree, Retention};
use sutra_testkit::SimDir;

use super::content::read;
use super::told::Holds;
use super::workload::{History, Moment};

/// Of so many times it is asked at most, and of the last.
const TIMES: usize = 16;

/// Asks of the times of the commits up to `moment`, which is now. `others` are moments that the store
/// may have gone through besides those of the history.
#[track_caller]
pub(crate) fn check(
    tree: &LsmTree<SimDir>,
    history: &History,
    others: &[&Moment],
    moment: &Moment,
    holds: &Holds,
) -> Result<(), LsmError> {
    if tree.retention() == Retention::Latest {
        return Ok(());
    }
    let upto = || history.moments.iter().filter(|earlier| earlier.seq <= moment.seq);
    let times: BTreeSet<u64> = upto().map(|earlier| earlier.time).collect();
    let every = times.len().div_ceil(TIMES).max(1);
    for time in times.into_iter().step_by(every).chain([u64::MAX]) {
        let snapshot = match tree.snapshot_at(time) {
            Err(LsmError::NotKept { .. }) if time < u64::MAX => continue,
            other => other?,
        };
        let seq = snapshot.seq();
        let mut candidates = upto().chain(others.iter().copied()).filter(|was| was.seq == seq);
        let found = read(&snapshot.with_expired(), &history.ids)?;
        let is_one = |was: &Moment| holds.is_past(found.clone(), was);
        assert!(candidates.any(is_one), "as of {time}, at {seq}: what was never there");
        if !holds.is_erased() {
            check_time(history, moment, time, seq);
        }
    }
    Ok(())
}

/// It is the last moment at that time or before. Where the clock jumped while nothing was kept, history
/// may begin before the time of the last commit.
#[track_caller]
fn check_time(history: &History, now: &Moment, time: u64, seq: u64) {
    let Some(at) = history.moments.iter().position(|moment| moment.seq == seq) else { return };
    let (upto, after) = history.moments.split_at(at + 1);
    if upto.iter().zip(999..).skip(1).all(|(moment, time)| moment.time == time) {
        let when = upto[at].time;
        assert!(when <= time, "as of {time} it is at {seq}, which was later, at {when}");
    }
    if let Some(next) = after.first().filter(|next| next.seq <= now.seq) {
        let (next, when) = (next.seq, next.time);
        assert!(when > time, "as of {time} it is at {seq}, though {next} was before, at {when}");
    }
}
