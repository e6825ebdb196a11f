//! The model: replays a log from its beginning for every subset of what was pending, on plain
//! vectors. It knows of no pages, no sharing and no folding.

use std::collections::{BTreeMap, BTreeSet};

use sutra_testkit::{Image, Logged, Op, Profile};

/// Names and bytes.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn files_of(image: &Image) -> Files {
    let read = |name| image.read(name).expect("a name of the image");
    image.names().map(|name| (name.to_string(), read(name))).collect()
}

/// How one write of the log is torn: by a change of its bytes.
pub(crate) struct Tear<'a> {
    pub(crate) at: usize,
    pub(crate) tear: &'a dyn Fn(&mut Vec<u8>),
}

/// Plays the operations at the positions that `kept` says, in order.
pub(crate) fn play(log: &[Logged], kept: impl Fn(usize) -> bool, tear: Option<&Tear<'_>>) -> Files {
    let mut names = BTreeMap::new();
    let mut contents: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for (at, logged) in log.iter().enumerate().filter(|&(at, _)| kept(at)) {
        match &logged.op {
            Op::Link { name, ino } => drop(names.insert(name.to_string(), *ino)),
            Op::Rename { from, to, ino } => {
                let was_kept = names.get(from.as_str()) == Some(ino);
                names.remove(to.as_str());
                if was_kept {
                    names.remove(from.as_str());
                    names.insert(to.to_string(), *ino);
                }
            }
            Op::Unlink { name } => drop(names.remove(name.as_str())),
            Op::Write { ino, data } => {
                let mut bytes = data.bytes();
                if let Some(tear) = tear.filter(|tear| tear.at == at) {
                    (tear.tear)(&mut bytes);
                }
                if bytes.is_empty() {
                    continue;
                }
                let content = contents.entry(*ino).or_default();
                let start = usize::try_from(data.offset()).expect("a small offset");
                let end = start + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[start..end].copy_from_slice(&bytes);
            }
            _ => {}
        }
    }
    let content = |ino| contents.get(&ino).cloned().unwrap_or_default();
    names.into_iter().map(|(name, ino)| (name, content(ino))).collect()
}

/// Does a sync, which is an operation, answer for this operation?
fn covers(sync: &Op, op: &Op, profile: Profile) -> bool {
    match (sync, op) {
        (Op::Sync { ino }, Op::Write { ino: written, .. }) => ino == written,
        (Op::Sync { ino }, Op::Link { ino: named, .. } | Op::Rename { ino: named, .. }) => {
            ino == named && profile == Profile::Ext4Like
        }
        (Op::SyncDir, Op::Link { .. } | Op::Rename { .. } | Op::Unlink { .. }) => true,
        _ => false,
    }
}

/// Which operations are certain: the first sync that answers for them worked.
fn is_certain(log: &[Logged], at: usize, profile: Profile) -> bool {
    let mut after = log[at + 1..].iter();
    after.find(|sync| covers(&sync.op, &log[at].op, profile)).is_some_and(|sync| !sync.failed)
}

/// The positions of the operations that happened and that a crash may keep or lose, and of those
/// that it must keep.
pub(crate) fn pending_and_certain(log: &[Logged], profile: Profile) -> (Vec<usize>, Vec<usize>) {
    let happened = |at: &usize| match &log[*at].op {
        Op::Write { data, .. } => data.length() > 0,
        Op::Link { .. } | Op::Rename { .. } | Op::Unlink { .. } => !log[*at].failed,
        _ => false,
    };
    (0..log.len()).filter(happened).partition(|&at| !is_certain(log, at, profile))
}

/// Everything that a crash at the end of the log can leave, no write being torn.
pub(crate) fn every_image(log: &[Logged], profile: Profile) -> BTreeSet<Files> {
    let (pending, certain) = pending_and_certain(log, profile);
    assert!(pending.len() <= 14, "the model is slow");
    let image = |subset: usize| {
        let chosen =
            |at| pending.iter().position(|&p| p == at).is_some_and(|i| subset >> i & 1 == 1);
        play(log, |at| certain.contains(&at) || chosen(at), None)
    };
    (0..1 << pending.len()).map(image).collect()
}
