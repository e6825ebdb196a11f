//! [`Crashes`]: the walk along a log that makes the images of a crash at each point.

use std::collections::HashSet;
use std::vec;

use super::frontier::Frontier;
use super::image::Image;
use super::op::Logged;
use super::plan::{CrashPlan, Selection};
use crate::rng::mix;

/// What a power cut can leave.
#[derive(Clone, Debug)]
pub struct Crash {
    /// After how many operations the power was cut.
    pub at_op: usize,
    /// The highest [`Issue`](crate::Note::Issue) before that; 0 if there was none.
    pub issued: u64,
    /// The highest [`Ack`](crate::Note::Ack) before that; 0 if there was none.
    pub acked: u64,
    /// How many times there was a [`Turn`](crate::Note::Turn) before that.
    pub turns: u64,
    /// What is left.
    pub image: Image,
}

impl Crash {
    /// Equal for equal images under equal promises, and almost surely different for others.
    pub fn fingerprint(&self) -> u64 {
        self.image.fingerprint() ^ mix(self.issued ^ mix(self.acked ^ mix(self.turns)))
    }
}

/// All crashes that a [`CrashPlan`] makes, in the order of the log. One that leaves the same image
/// under the same promises as an earlier one is left out.
#[derive(Debug)]
pub struct Crashes {
    log: Vec<Logged>,
    plan: CrashPlan,
    frontier: Frontier,
    at_op: usize,
    due: vec::IntoIter<Selection>,
    seen: HashSet<u64>,
    made: usize,
}

impl Crashes {
    pub(crate) fn new(start: &Image, log: Vec<Logged>, first: usize, plan: &CrashPlan) -> Self {
        let mut frontier = Frontier::new(start, plan.profile);
        let first = first.min(log.len());
        for logged in &log[..first] {
            frontier.advance(logged);
        }
        let due = plan.selections(&frontier.open(), first).into_iter();
        Self { log, plan: *plan, frontier, at_op: first, due, seen: HashSet::new(), made: 0 }
    }

    /// Images made so far, those that were left out among them.
    pub fn made(&self) -> usize {
        self.made
    }

    /// Moves on to the next point where something changed; false at the end.
    fn move_on(&mut self) -> bool {
        while let Some(logged) = self.log.get(self.at_op) {
            self.at_op += 1;
            if self.frontier.advance(logged) {
                self.due = self.plan.selections(&self.frontier.open(), self.at_op).into_iter();
                return true;
            }
        }
        false
    }
}

impl Iterator for Crashes {
    type Item = Crash;

    fn next(&mut self) -> Option<Crash> {
        loop {
            for selection in self.due.by_ref() {
                let image = self.frontier.image(&selection);
                self.made += 1;
                let Frontier { issued, acked, turns, .. } = self.frontier;
                let crash = Crash { at_op: self.at_op, issued, acked, turns, image };
                if self.seen.insert(crash.fingerprint()) {
                    return Some(crash);
                }
            }
            if !self.move_on() {
                return None;
            }
        }
    }
}
