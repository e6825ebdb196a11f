//! [`NewWords`]: the words of a segment that is being written.

use std::collections::HashSet;

use sutra_format::{AssociationKind, FactKey};
use sutra_fs::Dir;
use sutra_index::words::{MergeInput, Section, SectionBuilder, WordsError, merge};

use super::{failure, usable};
use crate::error::{LsmError, Result};
use crate::memtable::Memtable;
use crate::merge::ConceptRow;
use crate::moves::Moves;
use crate::output::{Input, Words};
use crate::planted::{self, Bug};
use crate::snapshot::{Snapshot, entries_of};

/// Learns which rows a new segment gets, and gives its section of words.
pub(crate) struct NewWords<'a, D: Dir> {
    input: &'a Input<'a, D>,
    how: How<'a>,
    /// What the new segment may hide; of a merge of all segments: all of them.
    older: Snapshot<D>,
}

enum How<'a> {
    /// From the texts.
    Build(Box<SectionBuilder>),
    /// From the sections of the segments, in their order; one without concepts has none.
    Merge(Vec<Option<Section<'a>>>),
    /// Not at all: some of the segments have no words, and what else they hide is not at hand.
    Omit,
}

impl<'a, D: Dir> NewWords<'a, D> {
    pub(crate) fn new(input: &'a Input<'a, D>) -> Result<Self> {
        let analyser = input.version.spaces.analyser;
        let build = || How::Build(Box::new(SectionBuilder::new(analyser, true)));
        let how = match input.words {
            Words::Omitted => How::Omit,
            Words::Afresh | Words::Erasing => build(),
            Words::AsUsual if input.memtable.is_some() => build(),
            Words::AsUsual if planted::is(Bug::WordsForgotten) => How::Omit,
            Words::AsUsual => match sections(input)? {
                Some(sections) => How::Merge(sections),
                None if input.bottom => build(),
                None => How::Omit,
            },
        };
        Ok(Self { input, how, older: input.version.before(input.memtable) })
    }

    /// Takes a row that becomes row `new` of the segment, as it is before its payload moves.
    pub(crate) fn push(&mut self, row: &ConceptRow<'a>, new: u32) -> Result<()> {
        let record = &row.record;
        let How::Build(builder) = &mut self.how else { return Ok(()) };
        if record.is_tombstone() || record.is_delta() || !record.has_content() {
            return Ok(());
        }
        if record.is_fact() && !is_held(row, self.input, &self.older)? {
            return Ok(());
        }
        let entries = entries_of(record, row.home, self.input.version)?;
        let text = record.split_text(entries).map_err(|e| self.input.version.misfit(record, e))?;
        let text = text.content.map_or(Ok(()), |text| builder.put(new, text));
        text.map_err(unfit)
    }

    /// The section; `None` if the segment has none.
    pub(crate) fn finish(self, moves: &Moves) -> Result<Option<Vec<u8>>> {
        let Self { input, how, older } = self;
        let section = match how {
            How::Omit => return Ok(None),
            How::Build(mut builder) => {
                if let Some(memtable) = input.memtable.filter(|_| !input.bottom)
                    && !planted::is(Bug::WordsNotTakenBack)
                {
                    retract(&mut builder, &older, memtable)?;
                }
                builder.finish(moves.rows())
            }
            How::Merge(sections) => {
                let inputs = sections.into_iter().enumerate().filter_map(|(at, section)| {
                    Some(MergeInput { section: section?, map: moves.of(at) })
                });
                let inputs: Vec<_> = inputs.collect();
                match inputs.is_empty() {
                    true => {
                        let analyser = input.version.spaces.analyser;
                        SectionBuilder::new(analyser, true).finish(moves.rows())
                    }
                    false => merge(&inputs, moves.rows()),
                }
            }
        };
        section.map(Some).map_err(|error| failure(input.segments.iter().copied(), error))
    }
}

/// The sections of all segments; `None` if one has texts that nobody indexed.
fn sections<'a, D: Dir>(input: &Input<'a, D>) -> Result<Option<Vec<Option<Section<'a>>>>> {
    let mut sections = Vec::with_capacity(input.segments.len());
    for file in &input.segments {
        match usable(file, input.version.spaces.analyser)? {
            None if file.concept_rows() > 0 => return Ok(None),
            section => sections.push(section),
        }
    }
    Ok(Some(sections))
}

/// Whether the association of a fact is there still when the new segment is. A touch makes a fact
/// newer than the deletion that took its association along.
fn is_held<D: Dir>(
    row: &ConceptRow<'_>,
    input: &Input<'_, D>,
    older: &Snapshot<D>,
) -> Result<bool> {
    let Some(memtable) = input.memtable else {
        return older.is_fact_held(&row.record, row.home);
    };
    let concept = older.wrap(row.record, row.home);
    let Some(FactKey { source, kind, target }) = concept.text()?.fact_key() else {
        return Ok(false);
    };
    let (hash, kind) = (older.version.hash(source), AssociationKind::from_code(kind.get()));
    let association = match memtable.association(hash, source, kind, target, u64::MAX) {
        Some(association) => Some(association).filter(|found| !found.is_tombstone()),
        None => older.association(source, kind, target)?,
    };
    let Some(association) = association.filter(|found| found.fact_id().is_some()) else {
        return Ok(false);
    };
    let deleted = |end| memtable.vertex_tombstone(older.version.hash(end), end, u64::MAX);
    let last = deleted(source).max(deleted(target));
    Ok(last.is_none_or(|seq| seq < association.seq.get()))
}

/// Texts that no index can hold; nothing on disk is damaged.
fn unfit(error: WordsError) -> LsmError {
    LsmError::invalid("words of the segment", error.to_string())
}

/// Takes back every text that was visible before the memtable and is hidden by it.
fn retract<D: Dir>(
    builder: &mut SectionBuilder,
    older: &Snapshot<D>,
    memtable: &Memtable,
) -> Result<()> {
    let mut take_back = |id: &_| -> Result<()> {
        if let Some(text) = older.searchable_text(id)? {
            builder.retract(text).map_err(unfit)?;
        }
        Ok(())
    };
    for row in memtable.sorted_concepts(u64::MAX) {
        let record = memtable.concept_row(row).record;
        if !record.is_delta() {
            take_back(&record.id)?;
        }
    }
    let mut facts = HashSet::new();
    for tombstone in memtable.sorted_vertex_tombstones(u64::MAX) {
        for fact in older.facts_of(&tombstone.id)? {
            let hash = older.version.hash(&fact);
            let decided = memtable.concept(hash, &fact, u64::MAX).is_some_and(|f| f.complete);
            if !decided && facts.insert(fact) {
                take_back(&fact)?;
            }
        }
    }
    Ok(())
}
