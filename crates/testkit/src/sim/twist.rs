//! [`Twist`]: a directory whose calls are not made as they are asked for.
//!
//! So a test plants the defect of an engine that forgets a sync, believes a call that failed, or
//! does things in the wrong order, without a change in the engine. The log has what was really
//! done, and a crash leaves what follows from that.

use std::fmt;
use std::io;
use std::sync::Arc;

use sutra_fs::{Name, Operation};

use super::op::{Ino, Logged, Op, Written};
use super::payload::Payload;
use super::state::State;

/// A call that changes something and is about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What is asked for.
    pub operation: Operation,
    /// The name that the file had when it was created or opened; none for the directory itself.
    pub name: Option<&'a Name>,
    /// What is to be written, if anything.
    pub bytes: &'a [u8],
    /// Everything that was done before.
    pub log: &'a [Logged],
}

impl Call<'_> {
    /// What was done last, notes left out.
    pub fn before(&self) -> Option<&Op> {
        self.log.iter().map(|logged| &logged.op).rfind(|op| !matches!(op, Op::Note(_)))
    }
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// It is made as it is asked for.
    Straight,
    /// It is not made, and said to have worked.
    Skipped,
    /// It is made, and said to have worked even if it failed.
    Believed,
    /// It is made, and if it failed made again.
    Retried,
    /// It is said to have worked, and made after so many others that change something.
    Late(usize),
    /// Of a write only the first half is made; it is said to have worked.
    Halved,
    /// A write goes so many bytes beside its place.
    Beside(u64),
}

/// Decides what becomes of each call.
pub(crate) type Rule = Arc<dyn Fn(&Call<'_>) -> Twist + Send + Sync>;

/// The rule, and the calls that are still to be made.
#[derive(Default)]
pub(crate) struct Twists {
    rule: Option<Rule>,
    late: Vec<(usize, Op)>,
}

impl fmt::Debug for Twists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twists").field("late", &self.late).finish_non_exhaustive()
    }
}

/// A call that can be twisted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act<'a> {
    Rename(&'a Name, &'a Name),
    Remove(&'a Name),
    SyncDir,
    Sync(&'a Name, Ino),
    Write(&'a Name, Ino, u64, &'a [u8]),
}

impl Act<'_> {
    fn operation(self) -> Operation {
        match self {
            Self::Rename(..) => Operation::Rename,
            Self::Remove(_) => Operation::Remove,
            Self::SyncDir => Operation::SyncDir,
            Self::Sync(..) => Operation::Sync,
            Self::Write(..) => Operation::Write,
        }
    }

    fn call<'a>(&'a self, log: &'a [Logged]) -> Call<'a> {
        let (name, bytes) = match self {
            Self::Rename(name, _) | Self::Remove(name) | Self::Sync(name, _) => {
                (Some(*name), &[][..])
            }
            Self::SyncDir => (None, &[][..]),
            Self::Write(name, _, _, bytes) => (Some(*name), *bytes),
        };
        Call { operation: self.operation(), name, bytes, log }
    }

    /// The same, to be made later.
    fn kept(self) -> Op {
        match self {
            Self::Rename(from, to) => Op::Rename { from: from.clone(), to: to.clone(), ino: 0 },
            Self::Remove(name) => Op::Unlink { name: name.clone() },
            Self::SyncDir => Op::SyncDir,
            Self::Sync(_, ino) => Op::Sync { ino },
            Self::Write(_, ino, offset, bytes) => {
                let offset = usize::try_from(offset).expect("files are held in memory");
                Op::Write { ino, data: Written(Payload::new(offset, bytes)) }
            }
        }
    }

    fn make(self, state: &mut State) -> io::Result<()> {
        match self {
            Self::Rename(from, to) => state.rename(from, to),
            Self::Remove(name) => state.remove(name),
            Self::SyncDir => state.sync_dir(),
            Self::Sync(_, ino) => state.sync(ino),
            Self::Write(_, ino, offset, bytes) => state.write(ino, offset, bytes),
        }
    }
}

impl State {
    /// From now on `rule` decides what becomes of each call.
    pub(crate) fn twist(&mut self, rule: Rule) {
        self.twists.rule = Some(rule);
    }

    /// Makes a call, or what the rule makes of it.
    pub(crate) fn make(&mut self, act: Act<'_>) -> io::Result<()> {
        let Some(rule) = &self.twists.rule else { return act.make(self) };
        self.power()?;
        let twist = rule(&act.call(&self.log));
        let result = match (twist, act) {
            (Twist::Skipped, _) => return Ok(()),
            (Twist::Late(calls), act) => {
                self.twists.late.push((calls, act.kept()));
                return Ok(());
            }
            (Twist::Believed, act) => {
                let _ = act.make(self); // That is the defect.
                Ok(())
            }
            (Twist::Retried, act) => act.make(self).or_else(|_| act.make(self)),
            (Twist::Halved, Act::Write(name, ino, offset, bytes)) => {
                Act::Write(name, ino, offset, &bytes[..bytes.len() / 2]).make(self)
            }
            (Twist::Beside(by), Act::Write(name, ino, offset, bytes)) => {
                Act::Write(name, ino, offset + by, bytes).make(self)
            }
            (Twist::Straight | Twist::Halved | Twist::Beside(_), act) => act.make(self),
        };
        self.make_late();
        result
    }

    /// One more call was made; makes those whose time has come.
    fn make_late(&mut self) {
        let late = std::mem::take(&mut self.twists.late);
        for (calls, op) in late {
            if calls > 1 {
                self.twists.late.push((calls - 1, op));
                continue;
            }
            // Nobody is left to be told of an error.
            let _ = match &op {
                Op::Rename { from, to, .. } => self.rename(from, to),
                Op::Unlink { name } => self.remove(name),
                Op::SyncDir => self.sync_dir(),
                Op::Sync { ino } => self.sync(*ino),
                Op::Write { ino, data } => self.write(*ino, data.offset(), &data.bytes()),
                Op::Link { .. } | Op::Seal { .. } | Op::Note(_) => {
                    unreachable!("never put off")
                }
            };
        }
    }
}
