//! [`CrashPlan`]: which of the possible images of a crash are made.
//!
//! What is pending when the power goes may be kept or lost, each on its own, so `n` pending
//! operations leave 2^n images and each kept write can be torn in many ways. Few are made whole;
//! of many, those that bugs are usually found by, and some drawn by chance.

use super::payload::{Fill, Payload};
use crate::rng::mix;

/// What a sync makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The weakest that POSIX can be read as: the sync of a file makes its bytes durable and no
    /// name, the sync of the directory makes the names durable and no bytes.
    PosixWeak,
    /// As common Linux file systems do it: the sync of a file also makes durable the names it was
    /// given.
    Ext4Like,
}

/// Where a write can be torn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tears {
    /// Nowhere: a write is kept whole or lost whole.
    None,
    /// Between sectors of 512 bytes, as a disk tears; also before its first byte, when only the
    /// length of the file was kept.
    Sectors,
    /// As `Sectors`, and near both ends, in the middle, and around the sizes of small headers.
    Bytes,
}

/// How many images are made at each point. Start with [`CrashPlan::new`] and change what needs
/// to be different.
#[derive(Clone, Copy, Debug)]
pub struct CrashPlan {
    /// What a sync makes durable.
    pub profile: Profile,
    /// Up to so many pending operations every subset is made; at most 20.
    pub exhaustive_up_to: usize,
    /// Beyond that, of each family (every prefix, all but one, only one) at most so many.
    pub family_max: usize,
    /// Beyond that, so many subsets by chance. Where writes are torn, so many more, in which
    /// chance tears writes too, are made at every point.
    pub random: usize,
    /// Where writes are torn.
    pub tears: Tears,
    /// At most so many places in each write.
    pub tears_per_write: usize,
    /// Where chance begins.
    pub seed: u64,
}

impl CrashPlan {
    /// Dozens of images at each point, torn at sectors.
    pub const fn new(profile: Profile) -> Self {
        Self {
            profile,
            exhaustive_up_to: 6,
            family_max: 32,
            random: 16,
            tears: Tears::Sectors,
            tears_per_write: 4,
            seed: 0,
        }
    }
}

/// Which of the pending operations are kept.
#[derive(Clone, Copy, Debug)]
enum Keep {
    Bits(u64),
    Prefix(usize),
    AllBut(usize),
    Only(usize),
    /// By chance, some of 8 parts in 8, so that sparse and dense subsets both occur.
    Random(u64),
}

/// Which of the kept writes are torn.
#[derive(Clone, Copy, Debug)]
enum Torn {
    None,
    One { index: usize, cut: usize, fill: Fill },
    Random(u64),
}

/// One image, told from the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selection {
    keep: Keep,
    torn: Torn,
}

impl Selection {
    /// Only what is certain.
    pub(crate) const NOTHING: Self = Self { keep: Keep::Prefix(0), torn: Torn::None };

    /// Is pending operation number `index` kept?
    pub(crate) fn keeps(&self, index: usize) -> bool {
        match self.keep {
            Keep::Bits(bits) => bits >> index & 1 == 1,
            Keep::Prefix(length) => index < length,
            Keep::AllBut(one) => index != one,
            Keep::Only(one) => index == one,
            Keep::Random(seed) => mix(seed ^ mix(index as u64)) % 8 <= seed % 8,
        }
    }

    /// Where, if at all, pending operation number `index` is torn, which is this write.
    pub(crate) fn tear(&self, index: usize, write: &Payload) -> Option<(usize, Fill)> {
        match self.torn {
            Torn::One { index: one, cut, fill } => (one == index).then_some((cut, fill)),
            Torn::Random(seed) => {
                let draw = mix(seed ^ mix(index as u64));
                let cuts = cuts(write, Tears::Sectors);
                let cut = cuts[usize::try_from(draw >> 8).unwrap_or(0) % cuts.len()];
                let fill = [Fill::Short, Fill::Zeros, Fill::Junk(draw)];
                draw.is_multiple_of(4).then(|| (cut, fill[usize::from(draw as u8 >> 2) % 3]))
            }
            Torn::None => None,
        }
    }
}

impl CrashPlan {
    /// The images to be made, of the pending operations of which some are writes.
    pub(crate) fn selections(&self, pending: &[Option<&Payload>], point: usize) -> Vec<Selection> {
        let count = pending.len();
        let seed = |draw: usize| mix(self.seed ^ mix(point as u64) ^ (draw as u64) << 40);
        let mut keeps = Vec::new();
        if count <= self.exhaustive_up_to.min(20) {
            keeps.extend((0..1 << count).map(Keep::Bits));
        } else {
            let family = || spread(count, self.family_max);
            keeps.extend([Keep::Prefix(0), Keep::Prefix(count)]);
            keeps.extend(family().map(Keep::Prefix));
            keeps.extend(family().map(Keep::AllBut));
            keeps.extend(family().map(Keep::Only));
            keeps.extend((0..self.random).map(|draw| Keep::Random(seed(draw))));
        }
        let whole = |keep| Selection { keep, torn: Torn::None };
        let mut selections: Vec<_> = keeps.into_iter().map(whole).collect();
        if self.tears != Tears::None && pending.iter().any(Option::is_some) {
            self.add_torn(pending, seed(usize::MAX >> 24), &mut selections);
            selections.extend((0..self.random).map(|draw| {
                let seed = seed(self.random + draw);
                Selection { keep: Keep::Random(seed), torn: Torn::Random(mix(seed)) }
            }));
        }
        selections
    }

    /// Tears each pending write in turn, once with all that came after it and once with none.
    fn add_torn(&self, pending: &[Option<&Payload>], seed: u64, out: &mut Vec<Selection>) {
        let writes =
            pending.iter().enumerate().filter_map(|(index, write)| Some((index, (*write)?)));
        for (index, write) in writes {
            let cuts = cuts(write, self.tears);
            for cut in spread(cuts.len(), self.tears_per_write).map(|which| cuts[which]) {
                for fill in [Fill::Short, Fill::Zeros, Fill::Junk(seed ^ cut as u64)] {
                    let torn = Torn::One { index, cut, fill };
                    out.push(Selection { keep: Keep::Prefix(index + 1), torn });
                    if index + 1 < pending.len() {
                        out.push(Selection { keep: Keep::Prefix(pending.len()), torn });
                    }
                }
            }
        }
    }
}

/// Where a write can be torn: at least before its first byte, always before its last.
fn cuts(write: &Payload, tears: Tears) -> Vec<usize> {
    const SECTOR_BYTES: usize = 512;
    let length = write.length();
    let first = SECTOR_BYTES - write.offset() % SECTOR_BYTES;
    let mut cuts = vec![0];
    cuts.extend((first..length).step_by(SECTOR_BYTES));
    if tears == Tears::Bytes {
        let near = [1, 4, 8, 15, 16, 17, length / 2, length.saturating_sub(1)];
        cuts.extend(near.into_iter().filter(|&cut| cut < length));
        cuts.sort_unstable();
        cuts.dedup();
    }
    cuts
}

/// At most `most` of the numbers below `count`, evenly spread, the first and the last among them.
fn spread(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let taken = count.min(most);
    (0..taken).map(move |i| if taken < 2 { i } else { i * (count - 1) / (taken - 1) })
}
