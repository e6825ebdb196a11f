//! Sections to one section, without the texts.
//!
//! The merged section is that of the rows that are kept, and it takes back what its inputs took back
//! and did not have: for each term `rows that have it - rows taken back` stays what the inputs have
//! together. So nobody need know which rows were meant, and no order of merging makes a difference.
//! What is taken back is below zero where a row is dropped that a section outside of the merge hides.

use super::dictionary::{Entry, Place, TermCursor};
use super::error::WordsError;
use super::gathered::Gathered;
use super::pack::{BLOCK, Block};
use super::postings::{PositionReader, Refused};
use super::score::Statistics;
use super::section::Section;
use super::writer::SectionWriter;

/// Stands in a map of rows for a row that is not kept.
pub const GONE: u32 = u32::MAX;

/// A section to be merged, and where its rows go: for each old row the new one, or [`GONE`]. New
/// rows rise with the old ones.
#[derive(Clone, Copy, Debug)]
pub struct MergeInput<'a> {
    /// The section.
    pub section: Section<'a>,
    /// As many as the section has rows.
    pub map: &'a [u32],
}

/// Merges sections into one for a table of `rows` rows. All must be of one analyser.
pub fn merge(inputs: &[MergeInput<'_>], rows: u32) -> Result<Vec<u8>, WordsError> {
    let Some(first) = inputs.first() else {
        return Err(WordsError::TooShort { length: 0, needed: 1 });
    };
    let make = first.section.make();
    if inputs.iter().any(|input| input.section.make() != make) {
        return Err(WordsError::Mixed { what: "analyser or positions" });
    }
    let lengths = lengths(inputs, rows)?;
    let kept = lengths.iter().filter(|length| **length > 0).count() as i64;
    let terms = lengths.iter().map(|length| i64::from(*length)).sum();
    let live = inputs
        .iter()
        .fold(Statistics::default(), |sum, input| sum.plus(input.section.statistics()));
    let retracted = Statistics { rows: kept, terms }.minus(live);
    let mut merge = Merge {
        writer: SectionWriter::new(make, lengths),
        gathered: Gathered::default(),
        buffer: Vec::new(),
    };
    merge.all_terms(inputs)?;
    Ok(merge.writer.finish(retracted))
}

/// The lengths of the kept rows, and whether the maps are what they should be.
fn lengths(inputs: &[MergeInput<'_>], rows: u32) -> Result<Vec<u32>, WordsError> {
    let mut lengths = vec![0; rows as usize];
    for input in inputs {
        if input.map.len() != input.section.rows() as usize {
            let row = input.map.len() as u32;
            return Err(WordsError::RowOutOfRange { row, rows: input.section.rows() });
        }
        let mut before = None;
        for (old, new) in input.map.iter().enumerate().filter(|(_, new)| **new != GONE) {
            if let Some(previous) = before.filter(|before| before >= new) {
                return Err(WordsError::RowsOutOfOrder { row: *new, previous });
            }
            let slot = lengths.get_mut(*new as usize);
            let slot = slot.ok_or(WordsError::RowOutOfRange { row: *new, rows })?;
            let length = input.section.lengths.get(old as u32);
            if *slot != 0 && length != 0 {
                return Err(WordsError::RowsOutOfOrder { row: *new, previous: *new });
            }
            *slot += length;
            before = Some(*new);
        }
    }
    Ok(lengths)
}

struct Merge {
    writer: SectionWriter,
    gathered: Gathered,
    /// The positions of one row.
    buffer: Vec<u32>,
}

impl Merge {
    fn all_terms(&mut self, inputs: &[MergeInput<'_>]) -> Result<(), WordsError> {
        let mut cursors: Vec<TermCursor<'_>> = Vec::with_capacity(inputs.len());
        for input in inputs {
            let mut cursor = input.section.dictionary.all();
            advance(&mut cursor, &input.section)?;
            cursors.push(cursor);
        }
        let mut term = Vec::new();
        loop {
            let standing = cursors.iter().filter(|cursor| cursor.entry().is_some());
            let Some(least) = standing.map(TermCursor::term).min() else { return Ok(()) };
            term.clear();
            term.extend_from_slice(least);
            let mut live = 0_i64;
            self.gathered.clear();
            for (cursor, input) in cursors.iter_mut().zip(inputs) {
                let Some(entry) = cursor.entry().filter(|_| cursor.term() == term) else {
                    continue;
                };
                live = live.saturating_add(i64::from(entry.df).saturating_sub(entry.retracted));
                gather(&mut self.gathered, &mut self.buffer, input, &entry)?;
                advance(cursor, &input.section)?;
            }
            if !self.gathered.sort() {
                return Err(inputs[0].section.broken_postings());
            }
            let retracted = (self.gathered.count() as i64).saturating_sub(live);
            self.writer.term(&term, retracted, self.gathered.list())?;
        }
    }
}

/// Goes to the next term. Terms that do not rise are damage: they would be merged wrongly.
fn advance(cursor: &mut TermCursor<'_>, section: &Section<'_>) -> Result<(), WordsError> {
    let before = cursor.entry().map(|_| cursor.term().to_vec());
    cursor.advance().map_err(|_| section.broken_dictionary())?;
    match before {
        Some(before) if cursor.entry().is_some() && cursor.term() <= before.as_slice() => {
            Err(section.broken_dictionary())
        }
        _ => Ok(()),
    }
}

/// Takes the kept rows of a term from one input.
fn gather(
    gathered: &mut Gathered,
    buffer: &mut Vec<u32>,
    input: &MergeInput<'_>,
    entry: &Entry,
) -> Result<(), WordsError> {
    if entry.df == 0 {
        return Ok(());
    }
    let Place::Stored { positions, .. } = entry.place else {
        if let Place::Here { row, frequency } = entry.place {
            keep(gathered, input, row, frequency);
        }
        return Ok(());
    };
    let section = &input.section;
    let list = section.list(entry.df, &entry.place)?;
    let mut reader = match section.has_positions() {
        true => {
            positions.of(section.positions).and_then(|bytes| PositionReader::new(entry.df, bytes))
        }
        false => None,
    };
    let all = reader.as_ref().map_or(0, |reader| reader.before(entry.df as usize / BLOCK))
        + list.frequencies_of_rest();
    let (mut rows, mut frequencies): (Block, Block) = ([0; BLOCK], [0; BLOCK]);
    let mut first = 0;
    for block in 0..list.blocks() {
        let broken = |Refused| section.broken_postings();
        let count = list.rows(block, &mut rows).map_err(broken)?;
        list.frequencies(block, &mut frequencies).map_err(broken)?;
        for (row, frequency) in rows[..count].iter().zip(&frequencies) {
            if keep(gathered, input, *row, *frequency) && section.has_positions() {
                let read =
                    reader.as_mut().and_then(|reader| reader.read(all, first, *frequency, buffer));
                read.ok_or_else(|| section.broken_postings())?;
                gathered.push_positions(buffer);
            }
            first += u64::from(*frequency);
        }
    }
    Ok(())
}

/// Takes a row, if it is kept.
fn keep(gathered: &mut Gathered, input: &MergeInput<'_>, row: u32, frequency: u32) -> bool {
    let new = input.map.get(row as usize).copied().filter(|new| *new != GONE);
    if let Some(new) = new {
        gathered.push(new, frequency);
    }
    new.is_some()
}
