//! From memory to a section: the same terms, under the rows that the segment gives them.

use super::super::error::WordsError;
use super::super::gathered::Gathered;
use super::super::merge::GONE;
use super::super::score::Statistics;
use super::super::writer::SectionWriter;
use super::list::MemoryTerm;
use super::view::MemoryView;

impl MemoryView {
    /// A section for a table of `rows` rows. `map` has for each row of the view its new row, or
    /// [`GONE`]; the new rows need not rise, but no two may be the same. What the view takes back
    /// from others the section takes back as well.
    pub fn section(&self, map: &[u32], rows: u32) -> Result<Vec<u8>, WordsError> {
        if map.len() != self.events() as usize {
            let row = map.len() as u32;
            return Err(WordsError::RowOutOfRange { row, rows: self.events() });
        }
        let mut lengths = vec![0; rows as usize];
        let mut own = Statistics::default();
        for (old, new) in (0..).zip(map).filter(|(_, new)| **new != GONE) {
            let slot = lengths.get_mut(*new as usize);
            let slot = slot.ok_or(WordsError::RowOutOfRange { row: *new, rows })?;
            let length = self.length(old);
            if *slot != 0 && length != 0 {
                return Err(WordsError::RowsOutOfOrder { row: *new, previous: *new });
            }
            *slot += length;
            let counts = i64::from(length > 0);
            own = own.plus(Statistics { rows: counts, terms: i64::from(length) });
        }
        let mut terms = Vec::new();
        self.each_term(|text, term| terms.push((text.to_vec(), term)));
        terms.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut writer = SectionWriter::new(self.make(), lengths);
        let (mut gathered, mut buffer) = (Gathered::default(), Vec::new());
        for (text, term) in terms {
            let with_positions = self.make().with_positions;
            let live = fill(&mut gathered, &mut buffer, &term, map, with_positions);
            let retracted = gathered.count() as i64 - live;
            writer.term(&text, retracted, gathered.list())?;
        }
        Ok(writer.finish(own.minus(self.statistics())))
    }
}

/// Takes the rows of a term under their new numbers. Returns how many live rows it stands for in all.
fn fill(
    gathered: &mut Gathered,
    buffer: &mut Vec<u32>,
    term: &MemoryTerm<'_>,
    map: &[u32],
    with_positions: bool,
) -> i64 {
    let list = term.list();
    gathered.clear();
    let (mut rows, mut frequencies) = ([0; 128], [0; 128]);
    for block in 0..list.blocks() {
        let count = list.rows(block, &mut rows);
        list.frequencies(block, &mut frequencies);
        for (place, row) in rows[..count].iter().enumerate() {
            let new = map.get(*row as usize).copied().unwrap_or(GONE);
            if new == GONE {
                continue;
            }
            gathered.push(new, frequencies[place]);
            if with_positions {
                list.positions(block, place, buffer);
                gathered.push_positions(buffer);
            }
        }
    }
    let _ = gathered.sort(); // No two rows are the same: the lengths would have told.
    i64::from(list.df()) - term.lost()
}
