//! [`Pass`]: sorts the keys of incoming associations, more of them than memory should hold.
//!
//! A pass is given every key, and keeps those of one part of the hash space. There are as many
//! parts, a power of two, as it takes for one to fit into memory; since hashes are spread evenly,
//! it does, but for targets that very many associations share: then the pass keeps the lowest keys
//! and leaves the others to the next. The bits below those that name the part put keys into
//! buckets, and sorting these one by one stays in the cache.

use sutra_format::{AssociationRecord, ConceptId};

/// Keys that a pass holds at most, of 24 bytes each.
pub(crate) const PASS_KEYS: usize = 1 << 20;

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

/// The keys from some key on, as far as they fit.
#[derive(Debug)]
pub(crate) struct Pass {
    share: Share,
    from: IncomingKey,
    /// Where the next pass begins, if there is one.
    below: Option<IncomingKey>,
    buckets: Vec<Vec<IncomingKey>>,
    length: usize,
}

/// How much a pass takes.
#[derive(Clone, Copy, Debug)]
struct Share {
    keys_max: usize,
    /// The hash space has 2 to this power parts.
    part_bits: u32,
    /// How many keys a bucket will hold, more or less.
    bucket_keys: usize,
}

impl Pass {
    /// The first pass over `keys` keys, which holds at most `keys_max` of them: two at least.
    pub(crate) fn first(keys: u64, keys_max: usize) -> Self {
        assert!(keys_max >= 2, "half a pass is at least one key");
        let room = (keys_max - keys_max / 8) as u64; // Parts are not exactly equal.
        let part_bits = (0..u64::BITS).find(|bits| keys >> bits <= room).unwrap_or_default();
        let bucket_keys = (keys >> part_bits >> BUCKET_BITS) as usize;
        Self::from(IncomingKey::LOWEST, Share { keys_max, part_bits, bucket_keys })
    }

    fn from(from: IncomingKey, share: Share) -> Self {
        let next_part = share.part_of(from.hash) + 1;
        let hash = next_part.checked_shl(u64::BITS - share.part_bits);
        let hash = hash.filter(|_| next_part < 1 << share.part_bits);
        let below = hash.map(|hash| IncomingKey { hash, ..IncomingKey::LOWEST });
        let bucket = || Vec::with_capacity(share.bucket_keys + share.bucket_keys / 8);
        let buckets = (0..1 << BUCKET_BITS).map(|_| bucket()).collect();
        Self { share, from, below, buckets, length: 0 }
    }

    /// The pass after this one; `None` if this one has all that is left.
    pub(crate) fn next(&self) -> Option<Self> {
        self.below.map(|from| Self::from(from, self.share))
    }

    /// Takes a key, or leaves it to another pass.
    #[inline]
    pub(crate) fn push(&mut self, key: IncomingKey) {
        if key < self.from || self.below.is_some_and(|below| key >= below) {
            return;
        }
        self.buckets[self.share.bucket_of(key.hash)].push(key);
        self.length += 1;
        if self.length == self.share.keys_max {
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

    /// Leaves the highest keys to the next pass, so that at most half of the room is taken.
    #[cold]
    fn shed(&mut self) {
        let half = self.share.keys_max / 2;
        while self.length > half {
            let highest = self.buckets.iter().rposition(|bucket| !bucket.is_empty());
            let bucket = &mut self.buckets[highest.expect("there are keys")];
            if bucket.len() == self.length {
                let (_, &mut below, _) = bucket.select_nth_unstable(half);
                self.below = Some(below);
                bucket.truncate(half);
                self.length = half;
            } else {
                self.below = bucket.iter().min().copied();
                self.length -= bucket.len();
                *bucket = Vec::new();
            }
        }
    }
}

impl Share {
    fn part_of(self, hash: u64) -> u64 {
        hash.checked_shr(u64::BITS - self.part_bits).unwrap_or_default()
    }

    #[inline]
    fn bucket_of(self, hash: u64) -> usize {
        (hash >> (u64::BITS - self.part_bits - BUCKET_BITS)) as usize % (1 << BUCKET_BITS)
    }
}
