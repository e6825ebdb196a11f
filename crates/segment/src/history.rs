//! Older versions of the rows of a history segment, and when they were committed.
//!
//! The blocks and directories are those of any sorted segment, with one row for each key: the newest
//! version that the segment has of it. The older ones of a row lie together in a section of their
//! own, newest first, and their sequence numbers in another. So a look-up as of some sequence number
//! costs a look-up, a search among numbers that lie together, and the record of one version.

use sutra_format::segment::{Moment, SegmentFlags};
use sutra_format::{AssociationRecord, ConceptId, ConceptRecord};
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::error::{Result, SegmentError};
use crate::reader::Segment;
use crate::sections::{Place, Versions, invalid};

/// A record that has a sequence number.
pub(crate) trait Versioned: FromBytes + KnownLayout + Immutable + Unaligned {
    fn seq(&self) -> u64;

    /// Whether it is of the same concept, or of the same association.
    fn is_of(&self, other: &Self) -> bool;
}

impl Versioned for ConceptRecord {
    fn seq(&self) -> u64 {
        self.seq.get()
    }

    #[inline]
    fn is_of(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Versioned for AssociationRecord {
    fn seq(&self) -> u64 {
        self.seq.get()
    }

    #[inline]
    fn is_of(&self, other: &Self) -> bool {
        let key = |r: &Self| (r.source, r.kind_code, r.target);
        key(self) == key(other)
    }
}

/// Whether two versions of one concept refer to the same text, and to the same vector.
pub fn shared_payload(newer: &ConceptRecord, older: &ConceptRecord) -> [bool; 2] {
    // In all that says how they are read: else reading one would not vouch for the other.
    let text = |record: &ConceptRecord| {
        let lengths = (record.content_length, record.attributes_length, record.key_length);
        let place = (record.content_segment, record.content_offset);
        (record.text_bytes() > 0).then_some((
            place,
            lengths,
            record.has_content(),
            record.is_fact(),
        ))
    };
    let vector = |record: &ConceptRecord| {
        let place = (record.vector_segment, record.vector_offset);
        record.has_vector().then_some((place, record.vector_dimension, record.vector_space))
    };
    let (texts, vectors) = ([newer, older].map(text), [newer, older].map(vector));
    [texts[0].is_some() && texts[0] == texts[1], vectors[0].is_some() && vectors[0] == vectors[1]]
}

/// How far from where it is guessed to be a version is looked for.
const STEPS: usize = 8;

/// How many of the numbers, which fall, are above `upto`: looked for around a guess, since what lies
/// there can then be waited for together with the numbers; and halved where it is not near.
#[inline]
fn above(seqs: &[U64], upto: u64, guess: usize) -> usize {
    let mut at = guess.min(seqs.len());
    for _ in 0..STEPS {
        if seqs.get(at).is_some_and(|seq| seq.get() > upto) {
            at += 1;
        } else if at > 0 && seqs[at - 1].get() <= upto {
            at -= 1;
        } else {
            return at;
        }
    }
    seqs.partition_point(|seq| seq.get() > upto)
}

/// How many of `count` older versions are above `upto`, if they were committed at equal distances
/// since `first`, the last of them just before `newest`.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "a guess")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn guess(count: u64, first: u64, newest: u64, upto: u64) -> usize {
    let (span, above) = (newest.saturating_sub(first), newest.saturating_sub(upto));
    (count as f64 * (above as f64 / span.max(1) as f64)) as usize
}

impl<D: AsRef<[u8]>> Segment<D> {
    /// Whether it is read for what was, and not for what is.
    #[inline]
    pub fn is_history(&self) -> bool {
        self.header().flags.get() & SegmentFlags::HISTORY != 0
    }

    /// The older versions of the concept in `row`, newest first.
    pub fn concept_versions(&self, row: u32) -> Result<&[ConceptRecord]> {
        self.versions(&self.sections.concept_versions, self.concept(row)?, row)
    }

    /// The older versions of the association in `row`, newest first.
    pub fn association_versions(&self, row: u32) -> Result<&[AssociationRecord]> {
        self.versions(&self.sections.association_versions, self.association(row)?, row)
    }

    /// The older versions of all concepts.
    pub fn older_concepts(&self) -> Result<&[ConceptRecord]> {
        self.values(self.sections.concept_versions.rows)
    }

    /// The older versions of all associations.
    pub fn older_associations(&self) -> Result<&[AssociationRecord]> {
        self.values(self.sections.association_versions.rows)
    }

    /// The version of the concept in `row` at or below the sequence number `upto`.
    pub fn concept_at(&self, row: u32, upto: u64) -> Result<Option<&ConceptRecord>> {
        self.version_at(&self.sections.concept_versions, self.concept(row)?, row, upto)
    }

    /// The version of the association in `row` at or below the sequence number `upto`.
    pub fn association_at(&self, row: u32, upto: u64) -> Result<Option<&AssociationRecord>> {
        self.version_at(&self.sections.association_versions, self.association(row)?, row, upto)
    }

    /// The row of a concept, if it has any.
    pub fn concept_row(&self, hash: u64, id: &ConceptId) -> Result<Option<u32>> {
        self.require_sorted()?;
        self.find_item(&self.sections.concepts, hash, |row| {
            Ok((self.concept(row)?.id == *id).then_some(row))
        })
    }

    /// When its commits were made, by rising sequence number.
    pub fn timeline(&self) -> Result<&[Moment]> {
        self.values(self.sections.timeline)
    }

    #[inline]
    fn version_at<'a, R: Versioned>(
        &'a self,
        versions: &Versions,
        newest: &'a R,
        row: u32,
        upto: u64,
    ) -> Result<Option<&'a R>> {
        if newest.seq() <= upto {
            return Ok(Some(newest));
        }
        let (start, end) = self.versions_of::<R>(versions, row)?;
        let place = Place { offset: versions.seqs.offset + start * 8, length: (end - start) * 8 };
        let first = self.header().min_seq.get();
        let guess = guess(end - start, first, newest.seq(), upto);
        let version = start + above(self.values(place)?, upto, guess) as u64;
        if version == end {
            return Ok(None);
        }
        let offset = versions.rows.offset + version * size_of::<R>() as u64;
        let found: &R = self.value(offset)?;
        if found.is_of(newest) { Ok(Some(found)) } else { Err(self.of_another(offset)) }
    }

    #[cold]
    fn of_another(&self, offset: u64) -> SegmentError {
        self.corrupt(invalid(offset, "a version is of another row"))
    }

    fn versions<'a, R: Versioned>(
        &'a self,
        versions: &Versions,
        newest: &R,
        row: u32,
    ) -> Result<&'a [R]> {
        let (start, end) = self.versions_of::<R>(versions, row)?;
        let bytes = size_of::<R>() as u64;
        let offset = versions.rows.offset + start * bytes;
        let found: &[R] = self.values(Place { offset, length: (end - start) * bytes })?;
        match found.iter().all(|version| version.is_of(newest)) {
            true => Ok(found),
            false => Err(self.of_another(offset)),
        }
    }

    /// Which of the older versions are of a row.
    #[inline]
    fn versions_of<R>(&self, versions: &Versions, row: u32) -> Result<(u64, u64)> {
        if versions.starts.length == 0 {
            return Ok((0, 0));
        }
        let offset = versions.starts.offset + u64::from(row) * 4;
        if offset + 8 > versions.starts.end() {
            return Err(self.out_of_range("row of versions", row.into()));
        }
        let [start, end] = self.value::<[U32; 2]>(offset)?.map(|at| u64::from(at.get()));
        let bytes = size_of::<R>() as u64;
        if start > end || end * bytes > versions.rows.length {
            let reason = "versions of a row do not follow one another";
            return Err(self.corrupt(invalid(offset, reason)));
        }
        Ok((start, end))
    }

    /// Checks that versions are of their row and fall, and that moments rise up to the last number.
    pub(crate) fn verify_history(&self) -> Result<()> {
        let (concepts, associations) = (self.iter_concepts()?, self.iter_associations()?);
        self.verify_versions(&self.sections.concept_versions, concepts)?;
        self.verify_versions(&self.sections.association_versions, associations)?;
        let start = self.sections.concept_versions.rows.offset;
        for (row, record) in (0_u64..).zip(self.older_concepts()?) {
            let at = start + row * ConceptRecord::BYTES as u64;
            self.verify_record(at, record.check(), record.seq.get())?;
        }
        let start = self.sections.association_versions.rows.offset;
        for (row, record) in (0_u64..).zip(self.older_associations()?) {
            let at = start + row * AssociationRecord::BYTES as u64;
            self.verify_record(at, record.check(), record.seq.get())?;
        }
        self.verify_timeline()
    }

    fn verify_versions<'a, R: Versioned + 'a>(
        &'a self,
        versions: &Versions,
        rows: impl Iterator<Item = &'a R>,
    ) -> Result<()> {
        let mut behind = 0;
        let mut seqs = self.values::<U64>(versions.seqs)?.iter();
        for (row, newest) in (0..).zip(rows) {
            let older: &[R] = self.versions(versions, newest, row)?;
            let at = versions.rows.offset + behind * size_of::<R>() as u64;
            let mut last = newest.seq();
            for version in older {
                if version.seq() >= last {
                    let reason = "older version is not older";
                    return Err(self.corrupt(invalid(at, reason)));
                }
                last = version.seq();
                if seqs.next().is_none_or(|seq| seq.get() != last) {
                    let reason = "number of an older version is not its sequence number";
                    return Err(self.corrupt(invalid(versions.seqs.offset, reason)));
                }
            }
            behind += older.len() as u64;
        }
        // Each row's versions follow one another; together they must be all.
        if behind * size_of::<R>() as u64 == versions.rows.length {
            Ok(())
        } else {
            let at = versions.starts.offset;
            Err(self.corrupt(invalid(at, "versions are not those of the rows")))
        }
    }

    fn verify_timeline(&self) -> Result<()> {
        let place = self.sections.timeline;
        let mut last: Option<&Moment> = None;
        for (row, moment) in (0_u64..).zip(self.timeline()?) {
            let rises = |last: &Moment| last.seq < moment.seq && last.time < moment.time;
            let wrong = |reason| {
                let at = place.offset + row * Moment::BYTES as u64;
                Err(self.corrupt(invalid(at, reason)))
            };
            if last.is_some_and(|last| !rises(last)) {
                return wrong("moments do not rise strictly");
            }
            if moment.seq < self.header().min_seq {
                return wrong("moment is of a commit before those of the segment");
            }
            last = Some(moment);
        }
        if !self.is_history() || last.is_some_and(|last| last.seq == self.header().max_seq) {
            return Ok(());
        }
        Err(self.corrupt(invalid(place.offset, "timeline does not end at the last commit")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_whatever_the_guess() {
        let numbers: Vec<u64> = vec![90, 89, 70, 51, 50, 33, 20, 19, 18, 17, 16, 15, 14, 9, 4, 1];
        for length in 0..=numbers.len() {
            let seqs: Vec<U64> = numbers[..length].iter().map(|seq| U64::new(*seq)).collect();
            for upto in (0..=91).chain([u64::MAX]) {
                let right = numbers[..length].iter().filter(|seq| **seq > upto).count();
                for guess in (0..=length + 2).chain([usize::MAX]) {
                    assert_eq!(above(&seqs, upto, guess), right, "{length} {upto} {guess}");
                }
            }
        }
    }

    #[test]
    fn a_guess_is_right_for_versions_at_equal_distances() {
        let seqs: Vec<U64> = (0..100).map(|version| U64::new(1_000 - 10 * version)).collect();
        for upto in 10..1_010 {
            let right = seqs.iter().filter(|seq| seq.get() > upto).count();
            let guess = guess(100, 10, 1_010, upto);
            assert!(guess.abs_diff(right) <= 1, "{upto}: {guess}, {right}");
        }
        assert_eq!(guess(0, 7, 7, 3), 0);
        assert_eq!(guess(5, u64::MAX, 0, 0), 0, "numbers that are not in order");
    }
}
