//! [`Pass`]: sorts the keys of incoming associations, more of them than memory should hold.
//!
//! A pass is given every key, and keeps the lowest of them that no pass before it kept. Since keys
//! begin with a hash, its top bits put them into buckets of equal size, and sorting these one by
//! one stays in the cache. A target with more associations than a pass holds takes several passes.

use sutra_format::{AssociationRecord, ConceptId};

/// Keys that a pass holds at most, of 24 bytes each.
pub(crate) const PASS_KEYS: usize = 2 << 20;

const BUCKET_BITS: u32 = 8;

/// Where an association stands among the incoming ones: by placement of the target, target, kind
/// and row.
///
/// Two ids of one placement that share their first half are one id (`sutra_format::hash`), so the
/// first half, as a big-endian number, orders targets of one placement as the ids do. Among
/// associations of one target and kind the row orders by (placement of source, source), as the
/// block does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IncomingKey {
    pub(crate) hash: u64,
    first_half: u64,
    kind_and_row: u64,
}

impl IncomingKey {
    const LOWEST: Self = Self { hash: 0, first_half: 0, kind_and_row: 0 };

    #[inline]
    pub(crate) fn new(hash: u64, record: &AssociationRecord, row: u32) -> Self {
        let kind = u64::from(record.kind_code.get());
        let kind_and_row = kind << 32 | u64::from(row);
        Self { hash, first_half: first_half(&record.target), kind_and_row }
    }

    /// What is equal exactly if the targets are.
    #[inline]
    pub(crate) fn target(&self) -> (u64, u64) {
        (self.hash, self.first_half)
    }

    #[inline]
    pub(crate) fn row(&self) -> u32 {
        self.kind_and_row as u32
    }
}

fn first_half(id: &ConceptId) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *id.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The lowest keys from some key on.
#[derive(Debug)]
pub(crate) struct Pass {
    from: IncomingKey,
    /// Where the next pass begins; `None` as long as everything has found room.
    below: Option<IncomingKey>,
    buckets: Vec<Vec<IncomingKey>>,
    length: usize,
    length_max: usize,
}

impl Pass {
    /// The first pass, which holds at most so many keys: two at least.
    pub(crate) fn new(length_max: usize) -> Self {
        assert!(length_max >= 2, "half a pass is at least one key");
        Self::from(IncomingKey::LOWEST, length_max)
    }

    fn from(from: IncomingKey, length_max: usize) -> Self {
        let buckets = vec![Vec::new(); 1 << BUCKET_BITS];
        Self { from, below: None, buckets, length: 0, length_max }
    }

    /// The pass after this one; `None` if this one has all that is left.
    pub(crate) fn next(&self) -> Option<Self> {
        self.below.map(|from| Self::from(from, self.length_max))
    }

    /// Takes a key, or leaves it to another pass.
    #[inline]
    pub(crate) fn push(&mut self, key: IncomingKey) {
        if key < self.from || self.below.is_some_and(|below| key >= below) {
            return;
        }
        self.buckets[bucket_of(key.hash)].push(key);
        self.length += 1;
        if self.length == self.length_max {
            self.shed();
        }
    }

    /// Gives `emit` the keys in order.
    pub(crate) fn drain<E>(
        self,
        mut emit: impl FnMut(IncomingKey) -> Result<(), E>,
    ) -> Result<(), E> {
        for mut bucket in self.buckets {
            bucket.sort_unstable();
            bucket.into_iter().try_for_each(&mut emit)?;
        }
        Ok(())
    }

    /// Leaves the highest keys to later passes, so that at most half of the room is taken.
    #[cold]
    fn shed(&mut self) {
        let half = self.length_max / 2;
        while self.length > half {
            let highest = self.buckets.iter().rposition(|bucket| !bucket.is_empty());
            let highest = highest.expect("there are keys");
            let bucket = &mut self.buckets[highest];
            if bucket.len() == self.length {
                let (_, &mut below, _) = bucket.select_nth_unstable(half);
                self.below = Some(below);
                bucket.truncate(half);
                self.length = half;
            } else {
                self.length -= bucket.len();
                *bucket = Vec::new();
                let hash = (highest as u64) << (u64::BITS - BUCKET_BITS);
                self.below = Some(IncomingKey { hash, ..IncomingKey::LOWEST });
            }
        }
    }
}

#[inline]
fn bucket_of(hash: u64) -> usize {
    (hash >> (u64::BITS - BUCKET_BITS)) as usize
}
