//! Back-pressure: writers slow down by degrees before they would have to stop.
//!
//! Two things may fall behind: flushing, when the active memtable fills while another waits, and
//! compaction, when level 0 piles up. Either makes each byte cost some time, more the further
//! it is behind; what is owed is slept off in pieces that a scheduler can keep.

use std::time::{Duration, Instant};

use sutra_fs::Dir;

use crate::config::CompactionConfig;
use crate::stats::Counters;
use crate::sync::sleep;
use crate::version::Version;

/// What writers owe.
#[derive(Debug, Default)]
pub(crate) struct Pressure {
    owed_nanos: u64,
}

/// Nanoseconds for each byte when the active memtable is full and another waits: 50 MB/s.
const FULL_MEMTABLE_NANOS: u64 = 20;
/// Nanoseconds for each byte and each segment of level 0 beyond three times the threshold.
const SEGMENT_NANOS: u64 = 4;
/// The longest that one group is held up at once.
const PAUSE_MAX: Duration = Duration::from_millis(50);
/// Shorter pauses are saved up: a scheduler cannot keep them.
const PAUSE_MIN: Duration = Duration::from_micros(200);

impl Pressure {
    /// Holds the writer up as much as `bytes` cost now.
    pub(crate) fn slow_down<D: Dir>(
        &mut self,
        version: &Version<D>,
        config: &CompactionConfig,
        bytes: u64,
        counters: &Counters,
    ) {
        let cost = memtable_cost(version, config) + compaction_cost(version, config);
        if cost == 0 {
            self.owed_nanos = 0;
            return;
        }
        self.owed_nanos = self.owed_nanos.saturating_add(bytes.saturating_mul(cost));
        let pause = Duration::from_nanos(self.owed_nanos).min(PAUSE_MAX);
        if pause >= PAUSE_MIN {
            let start = Instant::now();
            sleep(pause);
            self.owed_nanos = 0;
            counters.stall(start.elapsed());
        }
    }
}

/// Grows from zero at half of the memtable to the full cost at its end, while another waits.
fn memtable_cost<D: Dir>(version: &Version<D>, config: &CompactionConfig) -> u64 {
    if version.memtables.len() < 2 {
        return 0;
    }
    let half = (config.max_segment_size / 2).max(1);
    let over = version.active().owned_bytes().saturating_sub(half).min(half);
    over * FULL_MEMTABLE_NANOS / half
}

fn compaction_cost<D: Dir>(version: &Version<D>, config: &CompactionConfig) -> u64 {
    let segments = version.segments.iter().take_while(|file| file.level == 0).count();
    let over = segments.saturating_sub(3 * config.compaction_threshold);
    over as u64 * SEGMENT_NANOS
}
