//! The nearest vectors of segments, by their indexes.

use std::cell::RefCell;
use std::sync::Arc;

use sutra_fs::Dir;
use sutra_index::vectors::{
    Centroids, Coder, Effort, Hit, Part, Query, Searcher, Section, VectorError, Vectors,
};

use super::search::{Asked, VectorQuery};
use super::space::SpaceKey;
use crate::error::{LsmError, Result};
use crate::files::SegmentFile;
use crate::snapshot::{Home, Snapshot, vector_of};
use crate::version::Version;
use crate::words::{Keep, usable};

/// The index of a space in a segment, and which segment it is.
type Indexed<'s> = (usize, Section<'s>);

/// The error of something that reads sections together, with the file that is damaged: the one whose
/// section does not hold, and if each does by itself, the first.
pub(super) fn damage<'s, D: Dir>(
    sections: &[Indexed<'_>],
    file: impl Fn(usize) -> &'s SegmentFile<D>,
    error: VectorError,
) -> LsmError {
    let is_damaged = |(_, section): &&Indexed<'_>| section.verify().is_err();
    let damaged = sections.iter().find(is_damaged).or(sections.first());
    let path = file(damaged.map_or(0, |(at, _)| *at)).segment.path().to_path_buf();
    LsmError::Inconsistent { path, reason: format!("index of vectors: {error}") }
}

impl<D: Dir> Snapshot<D> {
    /// Adds the best of all segments.
    pub(super) fn nearest_in_segments(
        &self,
        key: SpaceKey,
        coder: &Coder,
        asked: &mut [Asked<'_>],
        keep: Option<Keep<'_, D>>,
    ) -> Result<()> {
        let mut sections: Vec<Indexed<'_>> = Vec::new();
        for (at, file) in self.version.segments.iter().enumerate() {
            let section = file.segment.vectors_of(key.space, key.dimension)?;
            let is_own = section.as_ref().is_none_or(|found| found.space() == coder.space());
            if !is_own || usable(file, self.analyser())?.is_none() && file.concept_rows() > 0 {
                return Err(LsmError::NotIndexed { path: file.segment.path().to_path_buf() });
            }
            sections.extend(section.map(|section| (at, section)));
        }
        let centroids = self.version.centroids(key)?;
        let (with, without): (Vec<_>, Vec<_>) = sections.into_iter().partition(|(_, section)| {
            let epoch = section.epoch();
            epoch == 0 || centroids.iter().any(|centroids| centroids.epoch() == epoch)
        });
        self.compare(coder, &centroids, &with, None, asked, keep)?;
        self.compare(coder, &[], &without, Some(Effort::Exact), asked, keep)
    }

    /// Adds the best of some segments; if an effort is given, with this one instead of what was asked for.
    fn compare(
        &self,
        coder: &Coder,
        centroids: &[Arc<Centroids>],
        sections: &[Indexed<'_>],
        effort: Option<Effort>,
        asked: &mut [Asked<'_>],
        keep: Option<Keep<'_, D>>,
    ) -> Result<()> {
        if sections.is_empty() {
            return Ok(());
        }
        // Rows are asked for in the midst of the search, which knows nothing of failures.
        let failed = RefCell::new(None);
        let segments = &self.version.segments;
        let mut parts = Vec::with_capacity(sections.len());
        for (at, section) in sections {
            let (version, file) = (&*self.version, &segments[*at]);
            let vectors = InSegment { version, file, failed: &failed };
            parts.push(Part { section, vectors, filter: None });
        }
        let epochs: Vec<&Centroids> = centroids.iter().map(|centroids| &**centroids).collect();
        let allows = |part: usize, row: u32| {
            let allowed = self.is_row_wanted(sections[part].0, row, keep);
            allowed.unwrap_or_else(|error| {
                failed.borrow_mut().get_or_insert(error);
                false
            })
        };
        let mut queries = Vec::with_capacity(asked.len());
        for VectorQuery { vector, limit, effort: own, min_score, .. } in
            asked.iter().map(|a| a.query)
        {
            let (limit, effort, min_score) = (*limit, effort.unwrap_or(*own), *min_score);
            queries.push(Query { vector, limit, effort, min_score });
        }
        let answers = Searcher::new(coder, &epochs)
            .and_then(|searcher| searcher.search_batch(&parts, &queries, allows));
        drop((parts, queries));
        if let Some(error) = failed.take() {
            return Err(error);
        }
        // The queries were looked at before.
        let answers = answers.map_err(|error| damage(sections, |at| &segments[at], error))?;
        for (asked, hits) in asked.iter_mut().zip(answers) {
            for Hit { part, row, score } in hits {
                let record = segments[sections[part].0].segment.concept(row)?;
                asked.found.push((score, record.id));
            }
        }
        Ok(())
    }

    fn is_row_wanted(&self, segment: usize, row: u32, keep: Option<Keep<'_, D>>) -> Result<bool> {
        if !self.is_row_live(segment, row)? {
            return Ok(false);
        }
        if self.may_expire() {
            let id = self.version.segments[segment].segment.concept(row)?.id;
            return self.is_wanted(&id, keep);
        }
        let Some(keep) = keep else { return Ok(true) };
        self.live_row(segment, row)?.map_or(Ok(false), |concept| keep(&concept))
    }
}

/// The vectors of the rows of a segment, wherever they lie.
struct InSegment<'a, D: Dir> {
    version: &'a Version<D>,
    file: &'a SegmentFile<D>,
    failed: &'a RefCell<Option<LsmError>>,
}

impl<D: Dir> Vectors for InSegment<'_, D> {
    fn vector(&self, row: u32) -> Option<&[f32]> {
        let record = self.file.segment.concept(row).map_err(LsmError::from);
        let vector = record.and_then(|record| vector_of(record, Home::Segments, self.version));
        vector.unwrap_or_else(|error| {
            self.failed.borrow_mut().get_or_insert(error);
            None
        })
    }
}
