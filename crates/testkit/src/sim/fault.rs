//! Faults on command: which call fails, how, and for how long.

use std::io;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The device failed.
    Eio,
    /// The disk is full.
    Enospc,
    /// Too many files are open.
    Emfile,
}

/// For how long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// One call fails, the next ones work.
    Once,
    /// Every call fails from then on.
    Forever,
}

impl Fault {
    pub(crate) fn error(self) -> io::Error {
        // The numbers of Linux, so that the error looks as the system's does.
        io::Error::from_raw_os_error(match self {
            Self::Eio => 5,
            Self::Emfile => 24,
            Self::Enospc => 28,
        })
    }
}

/// The faults that are planned for one kind of call, counted from zero.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    planned: Vec<(u64, Fault, Times)>,
    cut_after: Option<u64>,
}

impl Faults {
    pub(crate) fn plan(&mut self, at: u64, fault: Fault, times: Times) {
        self.planned.push((at, fault, times));
    }

    /// Cuts the power after so many calls, or no longer; gives what was to be before.
    pub(crate) fn set_cut(&mut self, after: Option<u64>) -> Option<u64> {
        std::mem::replace(&mut self.cut_after, after)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn is_cut(&self, call: u64) -> bool {
        self.cut_after.is_some_and(|calls| calls <= call)
    }

    /// How call number `call` fails, if it does. A fault for a number that no call had, because a
    /// note stands there, strikes the next one.
    pub(crate) fn strike(&mut self, call: u64) -> Option<Fault> {
        let due = self.planned.iter().position(|&(at, ..)| at <= call)?;
        let (_, fault, times) = self.planned[due];
        if times == Times::Once {
            self.planned.remove(due);
        }
        Some(fault)
    }
}

/// What every call says once the power is cut.
pub(crate) fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}
