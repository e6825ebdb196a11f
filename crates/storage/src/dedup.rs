//! Which concepts of the store may be the same as new ones.

use std::collections::HashMap;

use sutra_format::ConceptId;
use sutra_index::words::{Analyser, Purpose, Scratch};

use crate::concept::{Concept, NewConcept};
use crate::error::Result;
use crate::snapshot::Snapshot;

/// A concept that may be the same as a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Its id.
    pub id: ConceptId,
    /// Why it may be the same.
    pub likeness: Likeness,
}

/// Why two concepts may be the same, the surest reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Likeness {
    /// They have one id, and so one key: to put the new one is to replace the other.
    Id,
    /// Their keys have the same words: case, diacritics, punctuation and spaces aside.
    Key,
    /// Their contents have the same words.
    Content,
}

/// New concepts by their words. Texts without any are like no other.
type ByWords = HashMap<String, Vec<usize>>;

impl Snapshot {
    /// The most candidates of one likeness that one new concept gets.
    pub const CANDIDATES_MAX: usize = 32;

    /// For each of `batch`, in order, the concepts that may be the same: those of its id, then
    /// those whose keys have the same words, then those with the same words as content, each once.
    /// Nothing is decided: merge what is the same with
    /// [`Store::merge_concepts`](crate::Store::merge_concepts), or put under the id that is there.
    ///
    /// Costs one walk over all concepts, which reads keys and contents where the batch has any;
    /// so ask once for many.
    pub fn dedup_candidates(&self, batch: &[NewConcept<'_>]) -> Result<Vec<Vec<Candidate>>> {
        let ids: Vec<ConceptId> = batch.iter().map(NewConcept::id).collect();
        let mut found: Vec<Vec<Candidate>> = Vec::with_capacity(batch.len());
        for (id, stored) in ids.iter().zip(self.concepts(&ids)?) {
            let same = stored.map(|_| Candidate { id: *id, likeness: Likeness::Id });
            found.push(same.into_iter().collect());
        }
        let mut words = Words::default();
        let keys = words.of_all(batch.iter().map(|concept| concept.key));
        let contents = words.of_all(batch.iter().map(|concept| concept.payload.content));
        if keys.is_empty() && contents.is_empty() {
            return Ok(found);
        }
        for concept in self.iter()? {
            let concept = concept?;
            add(&mut found, &concept, Likeness::Key, words.alike(&keys, || concept.key())?);
            let alike = words.alike(&contents, || concept.content())?;
            add(&mut found, &concept, Likeness::Content, alike);
        }
        for candidates in &mut found {
            candidates.sort_by_key(|candidate| candidate.likeness);
        }
        Ok(found)
    }
}

/// Adds a concept to the candidates of those that it is like, unless it is there for another reason.
fn add(found: &mut [Vec<Candidate>], concept: &Concept<'_>, likeness: Likeness, to: &[usize]) {
    let id = concept.id();
    for at in to {
        let candidates = &mut found[*at];
        let of_likeness = candidates.iter().filter(|other| other.likeness == likeness);
        let is_full = of_likeness.count() >= Snapshot::CANDIDATES_MAX;
        if !is_full && candidates.iter().all(|other| other.id != id) {
            candidates.push(Candidate { id, likeness });
        }
    }
}

/// Makes of a text the words that it is compared by.
#[derive(Default)]
struct Words {
    analyser: Analyser,
    scratch: Scratch,
    words: String,
}

impl Words {
    fn of_all<'a>(&mut self, texts: impl Iterator<Item = Option<&'a str>>) -> ByWords {
        let mut by_words = ByWords::new();
        for (at, text) in texts.enumerate() {
            let words = self.of(text.unwrap_or_default());
            if !words.is_empty() {
                by_words.entry(words.to_owned()).or_default().push(at);
            }
        }
        by_words
    }

    /// Which of those in `by_words` have the words of a text, which is read only if there are any.
    fn alike<'w, 's>(
        &mut self,
        by_words: &'w ByWords,
        text: impl FnOnce() -> Result<Option<&'s str>>,
    ) -> Result<&'w [usize]> {
        if by_words.is_empty() {
            return Ok(&[]);
        }
        let words = self.of(text()?.unwrap_or_default());
        Ok(by_words.get(words).map_or(&[], Vec::as_slice))
    }

    fn of(&mut self, text: &str) -> &str {
        let Self { analyser, scratch, words } = self;
        words.clear();
        analyser.each(text, Purpose::Index, scratch, |term, _| {
            words.push_str(term);
            words.push('\0'); // In no term, since it separates words.
        });
        words
    }
}
