//! [`RecentVectors`]: which versions of a memtable have vectors, by space. They are compared one by
//! one, so nothing else is kept of them.

use std::collections::HashMap;
use std::sync::Arc;

use super::space::SpaceKey;
use crate::memtable::Memtable;
use crate::sync::Mutex;

/// The vectors of one memtable, as far as anybody searched for them.
#[derive(Debug, Default)]
pub(crate) struct RecentVectors(Mutex<Followed>);

#[derive(Debug, Default)]
struct Followed {
    /// Versions that were looked at.
    versions: usize,
    /// Those that put a vector, rising.
    spaces: HashMap<SpaceKey, Arc<Vec<u32>>>,
}

impl RecentVectors {
    /// The versions that put a vector of the space. Some may be above `seq`, or replaced.
    pub(crate) fn of(&self, memtable: &Memtable, seq: u64, key: SpaceKey) -> Arc<Vec<u32>> {
        let mut followed = self.0.lock();
        while let Some(logged) = memtable.logged(followed.versions, seq) {
            let record = &logged.found.record;
            let number = u32::try_from(followed.versions).unwrap_or(u32::MAX);
            if let Some(key) = SpaceKey::of(record).filter(|_| logged.found.complete) {
                // A search that still reads the list keeps what it has.
                Arc::make_mut(followed.spaces.entry(key).or_default()).push(number);
            }
            followed.versions += 1;
        }
        followed.spaces.get(&key).cloned().unwrap_or_default()
    }
}
