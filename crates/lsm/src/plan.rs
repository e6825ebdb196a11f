//! Decides which level merges next. Pure: numbers in, a level out.

use crate::config::CompactionConfig;

/// The searched segments of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LevelSize {
    pub(crate) level: u32,
    pub(crate) segments: usize,
    pub(crate) bytes: u64,
}

/// The level beyond which nothing sinks: merging it gives a segment of the same level.
pub(crate) const LEVEL_MAX: u32 = 15;

/// The lowest level that is due: it has as many segments as the threshold says, or more bytes
/// than its budget and something to merge.
pub(crate) fn due(levels: &[LevelSize], config: &CompactionConfig) -> Option<u32> {
    levels.iter().find(|level| is_due(level, config)).map(|level| level.level)
}

fn is_due(level: &LevelSize, config: &CompactionConfig) -> bool {
    level.segments >= config.compaction_threshold
        || (level.segments >= 2 && level.bytes > config.level_budget(level.level))
}

/// Bytes that stand in levels that are due: what compaction has still to read.
pub(crate) fn debt(levels: &[LevelSize], config: &CompactionConfig) -> u64 {
    levels.iter().filter(|level| is_due(level, config)).map(|level| level.bytes).sum()
}

/// Where the merge of a level goes.
pub(crate) fn target(level: u32) -> u32 {
    (level + 1).min(LEVEL_MAX)
}

/// Payload of a segment moves with a merge once less than three fifths of the file is in use:
/// short texts, which share their file with records that die, move at once; large vectors stay
/// where they were first written until many of them are gone.
pub(crate) fn moves(live_bytes: u64, file_bytes: u64) -> bool {
    u128::from(live_bytes) * 5 < u128::from(file_bytes) * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(level: u32, segments: usize, bytes: u64) -> LevelSize {
        LevelSize { level, segments, bytes }
    }

    #[test]
    fn the_lowest_level_that_reached_the_threshold_is_due() {
        let config = CompactionConfig::default();
        assert_eq!(due(&[], &config), None);
        assert_eq!(due(&[level(0, 3, 1), level(1, 4, 1)], &config), Some(1));
        assert_eq!(due(&[level(0, 4, 1), level(1, 4, 1)], &config), Some(0));
        assert_eq!(debt(&[level(0, 4, 7), level(1, 4, 5), level(2, 1, 3)], &config), 12);
    }

    #[test]
    fn a_level_over_its_budget_is_due_once_there_is_something_to_merge() {
        let config = CompactionConfig { max_segment_size: 10, ..Default::default() };
        assert_eq!(due(&[level(0, 2, 101)], &config), Some(0));
        assert_eq!(due(&[level(0, 2, 100)], &config), None);
        assert_eq!(due(&[level(0, 1, 101)], &config), None);
        assert_eq!(due(&[level(1, 2, 1000)], &config), None);
        assert_eq!(due(&[level(1, 2, 1001)], &config), Some(1));
    }

    #[test]
    fn payload_moves_below_three_fifths() {
        assert!(moves(59, 100));
        assert!(!moves(60, 100));
        assert!(moves(0, u64::MAX));
        assert!(!moves(u64::MAX, u64::MAX));
    }
}
