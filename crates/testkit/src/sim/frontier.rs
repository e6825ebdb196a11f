//! [`Frontier`]: what is durable and what is pending after the first operations of a log.
//!
//! Moved along the log one operation at a time, so that a crash after each of them costs no more
//! than the operations that are pending there.
//!
//! Invariants:
//! * A pending operation is *certain* once a sync covered it. Certain operations are folded into
//!   the durable state unless one before them, which touches the same file or name, is not
//!   certain: what came later must win.
//! * An operation that was pending when a sync of it failed is *forsaken*: it may be kept, and no
//!   later sync makes it certain.
//! * A rename that is kept, of a name that was not, leaves nothing under its new name: all that is
//!   known of it is that the file which was there is replaced.

use std::collections::BTreeMap;

use sutra_fs::Name;

use super::content::Content;
use super::image::Image;
use super::op::{Ino, Logged, Note, Op};
use super::payload::Payload;
use super::plan::{Profile, Selection};

#[derive(Clone, Debug)]
pub(crate) struct Frontier {
    pub(crate) issued: u64,
    pub(crate) acked: u64,
    pub(crate) turns: u64,
    profile: Profile,
    names: BTreeMap<Name, Ino>,
    files: Vec<Content>,
    pending: Vec<Pending>,
}

#[derive(Clone, Debug)]
struct Pending {
    op: Op,
    certain: bool,
    forsaken: bool,
}

impl Frontier {
    pub(crate) fn new(start: &Image, profile: Profile) -> Self {
        let contents = start.contents();
        let (names, files): (Vec<_>, Vec<_>) =
            contents.map(|(n, c)| (n.clone(), c.clone())).unzip();
        let names = names.into_iter().zip(0..).collect();
        Self { issued: 0, acked: 0, turns: 0, profile, names, files, pending: Vec::new() }
    }

    /// Passes one operation. False if what a crash leaves, or must leave, is as it was.
    pub(crate) fn advance(&mut self, logged: &Logged) -> bool {
        match &logged.op {
            Op::Note(Note::Issue(n)) => {
                self.issued = self.issued.max(*n);
                false // A crash here is judged as one before the note, only less strictly.
            }
            Op::Note(Note::Ack(n)) => {
                self.acked = self.acked.max(*n);
                true
            }
            Op::Note(Note::Turn) => {
                self.turns += 1;
                true
            }
            Op::Seal { .. } => false,
            Op::Sync { ino } => self.cover(logged.failed, |op, profile| match op {
                Op::Write { ino: of, .. } => of == ino,
                Op::Link { ino: of, .. } | Op::Rename { ino: of, .. } => {
                    of == ino && profile == Profile::Ext4Like
                }
                _ => false,
            }),
            Op::SyncDir => self.cover(logged.failed, |op, _| !matches!(op, Op::Write { .. })),
            Op::Write { data, .. } if data.length() == 0 => false,
            Op::Link { .. } | Op::Rename { .. } | Op::Unlink { .. } if logged.failed => false,
            op => {
                self.pending.push(Pending { op: op.clone(), certain: false, forsaken: false });
                true
            }
        }
    }

    /// The pending operations that may be kept or lost; of a write what it wrote.
    pub(crate) fn open(&self) -> Vec<Option<&Payload>> {
        self.pending
            .iter()
            .filter(|pending| !pending.certain)
            .map(|pending| written(&pending.op))
            .collect()
    }

    /// What a crash leaves that keeps this selection of the pending operations.
    pub(crate) fn image(&self, selection: &Selection) -> Image {
        let mut names = self.names.clone();
        let mut changed: Vec<(Ino, Content)> = Vec::new();
        let mut index = 0;
        for pending in &self.pending {
            let mut tear = None;
            if !pending.certain {
                let kept = selection.keeps(index);
                tear = written(&pending.op).and_then(|write| selection.tear(index, write));
                index += 1;
                if !kept {
                    continue;
                }
            }
            match &pending.op {
                Op::Write { ino, data } => {
                    let at = changed.iter().position(|(of, _)| of == ino).unwrap_or_else(|| {
                        changed.push((*ino, self.durable(*ino)));
                        changed.len() - 1
                    });
                    match tear {
                        None => data.0.apply(&mut changed[at].1),
                        Some((cut, fill)) => data.0.apply_torn(&mut changed[at].1, cut, fill),
                    }
                }
                naming => change_names(&mut names, naming),
            }
        }
        let content = |ino| match changed.iter().find(|(of, _)| *of == ino) {
            Some((_, content)) => content.clone(),
            None => self.durable(ino),
        };
        Image::of_contents(names.into_iter().map(|(name, ino)| (name, content(ino))))
    }

    /// A sync: makes what it covers certain, or forsakes it if it failed.
    fn cover(&mut self, failed: bool, covers: impl Fn(&Op, Profile) -> bool) -> bool {
        let mut changed = false;
        for pending in &mut self.pending {
            if !pending.certain && !pending.forsaken && covers(&pending.op, self.profile) {
                pending.forsaken = failed;
                pending.certain = !failed;
                changed |= !failed;
            }
        }
        if changed {
            self.fold();
        }
        changed
    }

    /// Makes durable what is certain and has nothing uncertain before it.
    fn fold(&mut self) {
        let mut kept: Vec<Pending> = Vec::new();
        for pending in std::mem::take(&mut self.pending) {
            let blocked = kept.iter().any(|before| touch_the_same(&before.op, &pending.op));
            if blocked || !pending.certain {
                kept.push(pending);
            } else if let Op::Write { ino, data } = &pending.op {
                data.0.apply(self.durable_mut(*ino));
            } else {
                change_names(&mut self.names, &pending.op);
            }
        }
        self.pending = kept;
    }

    fn durable(&self, ino: Ino) -> Content {
        self.files.get(ino).cloned().unwrap_or_default()
    }

    fn durable_mut(&mut self, ino: Ino) -> &mut Content {
        if self.files.len() <= ino {
            self.files.resize_with(ino + 1, Content::default);
        }
        &mut self.files[ino]
    }
}

fn written(op: &Op) -> Option<&Payload> {
    match op {
        Op::Write { data, .. } => Some(&data.0),
        _ => None,
    }
}

fn change_names(names: &mut BTreeMap<Name, Ino>, op: &Op) {
    match op {
        Op::Link { name, ino } => {
            names.insert(name.clone(), *ino);
        }
        Op::Rename { from, to, ino } => {
            names.remove(to);
            if names.get(from) == Some(ino) {
                names.remove(from);
                names.insert(to.clone(), *ino);
            }
        }
        Op::Unlink { name } => {
            names.remove(name);
        }
        _ => {}
    }
}

fn touch_the_same(a: &Op, b: &Op) -> bool {
    match (a, b) {
        (Op::Write { ino: a, .. }, Op::Write { ino: b, .. }) => a == b,
        _ => names_of(a).any(|a| names_of(b).any(|b| a == b)),
    }
}

fn names_of(op: &Op) -> impl Iterator<Item = &Name> {
    match op {
        Op::Link { name, .. } | Op::Unlink { name } => [Some(name), None],
        Op::Rename { from, to, .. } => [Some(from), Some(to)],
        _ => [None, None],
    }
    .into_iter()
    .flatten()
}
