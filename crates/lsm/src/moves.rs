//! [`Moves`]: which row of a new segment each row of its inputs becomes. Indexes merge along it.

use sutra_fs::Dir;
use sutra_index::words::GONE;

use crate::files::SegmentFile;
use crate::merge::ConceptRow;

/// Rows of segments, by the order in which these were given, and what became of them.
#[derive(Debug)]
pub(crate) struct Moves {
    maps: Vec<Vec<u32>>,
    rows: u32,
}

impl Moves {
    /// Nothing has moved yet.
    pub(crate) fn new<D: Dir>(segments: &[&SegmentFile<D>]) -> Self {
        let map = |file: &&SegmentFile<D>| vec![GONE; file.concept_rows() as usize];
        Self { maps: segments.iter().map(map).collect(), rows: 0 }
    }

    /// Takes the next row of the new segment, and says which one it is. The row that has its text and
    /// its vector becomes it; one that has neither, because it is deleted or changes another, moves
    /// nowhere.
    pub(crate) fn push(&mut self, row: &ConceptRow<'_>) -> u32 {
        let new = self.rows;
        self.rows += 1;
        let is_whole = !row.record.is_tombstone() && !row.record.is_delta();
        let place = self.maps.get_mut(row.origin.table).and_then(|m| m.get_mut(row.origin.row));
        if let Some(place) = place.filter(|_| is_whole) {
            *place = new;
        }
        new
    }

    /// How many rows the new segment has.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// What became of the rows of a segment; [`GONE`] where nothing did.
    pub(crate) fn of(&self, segment: usize) -> &[u32] {
        self.maps.get(segment).map_or(&[], Vec::as_slice)
    }
}
