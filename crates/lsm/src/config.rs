//! What can be set, and what a caller may ask of a commit.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When levels merge, and how large segments become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactionConfig {
    /// Level `n` may hold `max_segment_size` times this to the power of `n + 1` bytes; beyond
    /// that it merges into the next level even if it has few segments.
    pub level_size_multiplier: u32,
    /// A level with this many segments merges into the next. At least 2.
    pub compaction_threshold: usize,
    /// Bytes of memory that a memtable may take before it is written as a segment of level 0.
    pub max_segment_size: u64,
    /// Seconds between two looks at the levels when nothing else wakes the compaction.
    pub check_interval: u64,
}

impl Default for CompactionConfig {
    fn default() -> Self {
        Self {
            level_size_multiplier: 10,
            compaction_threshold: 4,
            max_segment_size: 64 << 20,
            check_interval: 300,
        }
    }
}

impl CompactionConfig {
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.compaction_threshold < 2 {
            return Err("compaction_threshold must be at least 2: one segment cannot merge");
        }
        if self.level_size_multiplier < 1 {
            return Err("level_size_multiplier must be at least 1");
        }
        if self.max_segment_size == 0 || self.max_segment_size > 1 << 30 {
            return Err("max_segment_size must be between 1 byte and 1 GiB");
        }
        Ok(())
    }

    pub(crate) fn interval(&self) -> Duration {
        Duration::from_secs(self.check_interval.max(1))
    }

    /// How many bytes a level may hold before it merges for its size alone.
    pub(crate) fn level_budget(&self, level: u32) -> u64 {
        let factor = u64::from(self.level_size_multiplier).saturating_pow(level.saturating_add(1));
        self.max_segment_size.saturating_mul(factor)
    }
}

/// What a successful commit promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// It is on disk: it survives a power cut.
    #[default]
    Sync,
    /// It is with the operating system, and on disk within [`Durability::INTERVAL`]. It survives
    /// the end of the process at once.
    Buffered,
    /// It is with the operating system, and on disk when the memtable is flushed, when the store
    /// is closed, or when a later commit is synced. It survives the end of the process at once.
    None,
}

impl Durability {
    /// How long a [`Durability::Buffered`] commit may wait for the disk.
    pub const INTERVAL: Duration = Duration::from_millis(100);
}

/// Who does the work that is not a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// Threads of the engine.
    #[default]
    Threads,
    /// The caller, by calling the steps; a commit that finds the memtable full flushes it itself.
    /// Everything then happens in a fixed order, which is what simulations need.
    Manual,
}

/// Where the engine gets time and randomness from.
#[derive(Clone)]
pub struct Environment {
    /// Milliseconds since the epoch. May go backwards: nothing is ordered by it.
    pub clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// Names a new store and seeds its placement hash; from the system when absent.
    pub entropy: Option<u64>,
    /// Who does the work that is not a commit.
    pub background: Background,
}

impl Default for Environment {
    fn default() -> Self {
        Self { clock: Arc::new(system_millis), entropy: None, background: Background::default() }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("entropy", &self.entropy)
            .field("background", &self.background)
            .finish_non_exhaustive()
    }
}

impl Environment {
    pub(crate) fn now(&self) -> u64 {
        (self.clock)()
    }

    /// Store id and hash seed of a new store.
    pub(crate) fn identity(&self) -> ([u8; 16], u64) {
        use std::hash::{BuildHasher, RandomState};
        let draw = |n: u64| match self.entropy {
            Some(seed) => sutra_format::hash::mix(seed.wrapping_add(n)),
            None => RandomState::new().hash_one(n), // Keyed by the system's random source.
        };
        let id = u128::from(draw(1)) << 64 | u128::from(draw(2));
        (id.to_le_bytes(), draw(3))
    }
}

fn system_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
