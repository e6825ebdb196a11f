//! The bytes of a section, from its terms in rising order: what building, flushing and merging end in.

use zerocopy::IntoBytes;

use super::dictionary::{DictionaryWriter, Entry, Place, Span};
use super::error::WordsError;
use super::layout::{HAS_POSITIONS, Header, MAGIC, NAME_BYTES, VERSION};
use super::lengths;
use super::postings::{put_list, put_positions};
use super::score::Statistics;

/// What a section is made with, and what goes together only with its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Make {
    pub(crate) analyser: [u8; NAME_BYTES],
    pub(crate) analyser_version: u32,
    pub(crate) with_positions: bool,
}

impl Make {
    /// Of a name that is not longer than its field.
    pub(crate) fn new(name: &str, version: u32, with_positions: bool) -> Self {
        let mut analyser = [0; NAME_BYTES];
        let bytes = name.len().min(NAME_BYTES);
        analyser[..bytes].copy_from_slice(&name.as_bytes()[..bytes]);
        Self { analyser, analyser_version: version, with_positions }
    }

    /// The name without its zeros.
    pub(crate) fn name(&self) -> &[u8] {
        let end = self.analyser.iter().position(|byte| *byte == 0).unwrap_or(NAME_BYTES);
        &self.analyser[..end]
    }
}

/// The postings of one term.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TermRows<'a> {
    /// Rising.
    pub(crate) rows: &'a [u32],
    /// One for each row, at least 1.
    pub(crate) frequencies: &'a [u32],
    /// As many for each row as its frequency; none at all in a section without.
    pub(crate) positions: &'a [u32],
}

/// Writes a section.
#[derive(Debug)]
pub(crate) struct SectionWriter {
    make: Make,
    /// The length of each row of the table; 0 for rows without terms.
    lengths: Vec<u32>,
    dictionary: DictionaryWriter,
    postings: Vec<u8>,
    positions: Vec<u8>,
}

impl SectionWriter {
    pub(crate) fn new(make: Make, lengths: Vec<u32>) -> Self {
        let dictionary = DictionaryWriter::new(make.with_positions);
        Self { make, lengths, dictionary, postings: Vec::new(), positions: Vec::new() }
    }

    /// Appends a term, which must come after the one before. One that says nothing is left out.
    pub(crate) fn term(
        &mut self,
        term: &[u8],
        retracted: i64,
        list: TermRows<'_>,
    ) -> Result<(), WordsError> {
        let df = list.rows.len() as u32;
        let place = match (list.rows, list.frequencies) {
            ([], _) if retracted == 0 => return Ok(()),
            ([], _) => Place::Here { row: 0, frequency: 0 },
            ([row], [frequency]) if !self.make.with_positions => {
                Place::Here { row: *row, frequency: *frequency }
            }
            (rows, frequencies) => self.store(rows, frequencies, list.positions)?,
        };
        self.dictionary.add(term, &Entry { df, retracted, place })
    }

    fn store(
        &mut self,
        rows: &[u32],
        frequencies: &[u32],
        positions: &[u32],
    ) -> Result<Place, WordsError> {
        let start = self.postings.len();
        put_list(rows, frequencies, &self.lengths, &mut self.postings)?;
        let postings = span(start, &self.postings);
        let start = self.positions.len();
        if self.make.with_positions {
            put_positions(frequencies, positions, &mut self.positions)?;
        }
        Ok(Place::Stored { postings, positions: span(start, &self.positions) })
    }

    /// The section.
    pub(crate) fn finish(self, retracted: Statistics) -> Vec<u8> {
        let lengths = lengths::encode(&self.lengths);
        let (term_count, dictionary, directory) = self.dictionary.finish();
        let parts = [
            &lengths.lengths,
            &lengths.long,
            &dictionary,
            &directory,
            &self.postings,
            &self.positions,
        ];
        let own_rows = self.lengths.iter().filter(|length| **length > 0).count() as i64;
        let own_terms: i64 = self.lengths.iter().map(|length| i64::from(*length)).sum();
        let bytes = |part: usize| (parts[part].len() as u64).into();
        let header = Header {
            magic: MAGIC,
            version: VERSION.into(),
            flags: if self.make.with_positions { HAS_POSITIONS } else { 0 }.into(),
            analyser: self.make.analyser,
            analyser_version: self.make.analyser_version.into(),
            rows: (self.lengths.len() as u32).into(),
            own_rows: own_rows.into(),
            own_terms: own_terms.into(),
            retracted_rows: retracted.rows.into(),
            retracted_terms: retracted.terms.into(),
            term_count: term_count.into(),
            length_width: lengths.width.into(),
            lengths_bytes: bytes(0),
            long_lengths_bytes: bytes(1),
            dictionary_bytes: bytes(2),
            directory_bytes: bytes(3),
            postings_bytes: bytes(4),
            positions_bytes: bytes(5),
            reserved: [0; 8],
        };
        let total = parts.iter().map(|part| part.len()).sum::<usize>() + size_of::<Header>();
        let mut section = Vec::with_capacity(total);
        section.extend_from_slice(header.as_bytes());
        parts.iter().for_each(|part| section.extend_from_slice(part));
        section
    }
}

fn span(start: usize, part: &[u8]) -> Span {
    Span { start: start as u64, bytes: (part.len() - start) as u64 }
}
