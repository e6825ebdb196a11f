//! A section of words, read where it lies.

use std::mem::offset_of;

use zerocopy::FromBytes;

use super::analyser::{ANALYSER_VERSION, Analyser};
use super::dictionary::{Dictionary, Place};
use super::error::WordsError;
use super::layout::{HAS_POSITIONS, Header, MAGIC, VERSION};
use super::lengths::Lengths;
use super::postings::ListReader;
use super::score::Statistics;
use super::writer::Make;

/// An index over the words of some rows, as [`SectionBuilder`](super::SectionBuilder),
/// [`merge`](super::merge) and [`MemoryWords`](super::MemoryWords) write it.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    header: &'a Header,
    pub(crate) dictionary: Dictionary<'a>,
    pub(crate) lengths: Lengths<'a>,
    pub(crate) postings: &'a [u8],
    pub(crate) positions: &'a [u8],
    /// Where the dictionary and the postings begin, for messages.
    pub(super) dictionary_at: usize,
    pub(super) postings_at: usize,
}

impl<'a> Section<'a> {
    /// Checks the header and that the parts fill the bytes exactly; reads nothing else.
    pub fn open(bytes: &'a [u8]) -> Result<Self, WordsError> {
        let too_short = |needed: u64| WordsError::TooShort { length: bytes.len() as u64, needed };
        let (header, mut rest) =
            Header::ref_from_prefix(bytes).map_err(|_| too_short(size_of::<Header>() as u64))?;
        check(header)?;
        let sizes = [
            header.lengths_bytes,
            header.long_lengths_bytes,
            header.dictionary_bytes,
            header.directory_bytes,
            header.postings_bytes,
            header.positions_bytes,
        ];
        let mut parts = [&[] as &[u8]; 6];
        let mut places = [0; 6];
        let mut place = size_of::<Header>() as u64;
        for (part, size) in sizes.iter().enumerate() {
            places[part] = place as usize;
            place = place.saturating_add(size.get());
            let size = usize::try_from(size.get()).ok();
            parts[part] =
                size.and_then(|size| rest.split_off(..size)).ok_or_else(|| too_short(place))?;
        }
        if !rest.is_empty() {
            return Err(WordsError::damaged(
                bytes.len() - rest.len(),
                "bytes behind the last part",
            ));
        }
        let [lengths, long, dictionary, directory, postings, positions] = parts;
        let lengths = Lengths::new(header.length_width.get(), header.rows.get(), lengths, long)
            .ok_or(WordsError::damaged(places[0], "lengths are not those of the rows"))?;
        let with_positions = header.flags.get() & HAS_POSITIONS != 0;
        let dictionary =
            Dictionary::new(header.term_count.get(), dictionary, directory, with_positions)
                .ok_or(WordsError::damaged(places[3], "directory is not that of the terms"))?;
        let (dictionary_at, postings_at) = (places[2], places[4]);
        Ok(Self { header, dictionary, lengths, postings, positions, dictionary_at, postings_at })
    }

    /// Rows of the table that the section belongs to: every row is below.
    pub fn rows(&self) -> u32 {
        self.header.rows.get()
    }

    /// What the section adds to the statistics of all live rows: its own rows without those that it
    /// takes back from others.
    pub fn statistics(&self) -> Statistics {
        self.own().minus(self.retracted())
    }

    /// Rows and terms that the section has itself.
    pub(crate) fn own(&self) -> Statistics {
        Statistics { rows: self.header.own_rows.get(), terms: self.header.own_terms.get() }
    }

    /// Rows and terms that it takes back.
    pub(crate) fn retracted(&self) -> Statistics {
        Statistics {
            rows: self.header.retracted_rows.get(),
            terms: self.header.retracted_terms.get(),
        }
    }

    /// The number of different terms.
    pub fn terms(&self) -> u32 {
        self.header.term_count.get()
    }

    /// Whether phrases can be searched for.
    pub fn has_positions(&self) -> bool {
        self.header.flags.get() & HAS_POSITIONS != 0
    }

    /// The analyser that made the terms.
    pub fn analyser(&self) -> Result<Analyser, WordsError> {
        let version = self.header.analyser_version.get();
        let name = String::from_utf8_lossy(self.make().name()).into_owned();
        let known = Analyser::named(&name).ok().filter(|_| version == ANALYSER_VERSION);
        known.ok_or(WordsError::UnknownAnalyser { name, version })
    }

    pub(crate) fn make(&self) -> Make {
        Make {
            analyser: self.header.analyser,
            analyser_version: self.header.analyser_version.get(),
            with_positions: self.has_positions(),
        }
    }

    /// The rows that have a term, as they are stored. All of them are in the table.
    pub(crate) fn list(&self, df: u32, place: &Place) -> Result<ListReader<'a>, WordsError> {
        let rows = self.rows();
        let list = match place {
            Place::Here { row, frequency } => ListReader::single(*row, *frequency, rows),
            Place::Stored { postings, .. } => {
                postings.of(self.postings).and_then(|bytes| ListReader::new(df, rows, bytes))
            }
        };
        list.ok_or_else(|| self.broken_postings())
    }

    pub(crate) fn broken_postings(&self) -> WordsError {
        WordsError::damaged(self.postings_at, "a list of rows makes no sense")
    }

    pub(crate) fn broken_dictionary(&self) -> WordsError {
        WordsError::damaged(self.dictionary_at, "the dictionary makes no sense")
    }
}

fn check(header: &Header) -> Result<(), WordsError> {
    let rules = [
        (header.flags.get() & !HAS_POSITIONS == 0, offset_of!(Header, flags), "unknown flag"),
        (header.reserved == [0; 8], offset_of!(Header, reserved), "reserved bytes are not zero"),
        (header.own_rows.get() >= 0, offset_of!(Header, own_rows), "a negative number of rows"),
        (
            header.own_rows.get() <= i64::from(header.rows.get()),
            offset_of!(Header, own_rows),
            "more rows than the table has",
        ),
    ];
    if header.magic != MAGIC {
        return Err(WordsError::BadMagic);
    }
    if header.version.get() != VERSION {
        let version = header.version.get();
        return Err(WordsError::UnknownVersion { version, known: VERSION });
    }
    let broken = rules.iter().find(|(holds, ..)| !holds);
    broken.map_or(Ok(()), |(_, offset, reason)| Err(WordsError::damaged(*offset, reason)))
}
