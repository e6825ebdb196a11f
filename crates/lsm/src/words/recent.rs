//! [`RecentWords`]: the words of a memtable, indexed when somebody searches.
//!
//! The index follows the versions of the memtable in the order in which they came, each once, up to
//! what the searching snapshot sees. A snapshot that sees less gets a view of fewer events.
//!
//! Invariants:
//! * What is taken back is the text that was visible before the version. That does not depend on when
//!   the index gets to it: older tables say the same however they are flushed and merged meanwhile.
//! * After a failure the index is thrown away and made again by the next search.

use std::collections::HashSet;

use sutra_format::{ConceptId, ConceptRecord};
use sutra_fs::Dir;
use sutra_index::words::{Analyser, Hidden, MemoryView, MemoryWords, WordsError};

use crate::error::{LsmError, Result};
use crate::memtable::{Found, Logged, Memtable};
use crate::snapshot::{Home, Snapshot};
use crate::sync::Mutex;
use crate::version::Version;

/// Stands for a version without a text that is indexed and visible.
const NONE: u32 = u32::MAX;

/// The words of one memtable.
#[derive(Debug, Default)]
pub(crate) struct RecentWords(Mutex<Option<Index>>);

#[derive(Debug)]
struct Index {
    words: MemoryWords,
    /// For each version that was followed: the event that put its text, while no later one hid it.
    texts: Vec<u32>,
    /// For each event: the version whose text it put.
    versions: Vec<u32>,
    /// After which seq there were how many events.
    marks: Vec<(u64, u32)>,
    /// Facts of older tables that went with an end of their association.
    hidden_facts: HashSet<ConceptId>,
}

impl RecentWords {
    /// The words that a snapshot of `version` sees at `seq`.
    pub(crate) fn view<D: Dir>(
        &self,
        memtable: &Memtable,
        version: &Version<D>,
        seq: u64,
    ) -> Result<MemoryView> {
        let mut slot = self.0.lock();
        let mut index = slot.take().unwrap_or_else(|| Index::new(version.spaces.analyser));
        index.follow(memtable, version, seq)?; // If it fails, the index is gone.
        let events = index.events_at(seq);
        let view = index.words.reader().view(events);
        *slot = Some(index);
        Ok(view)
    }

    /// The version whose text this event put.
    pub(crate) fn version_of(&self, event: u32) -> Option<usize> {
        let version = *self.0.lock().as_ref()?.versions.get(event as usize)?;
        (version != NONE).then_some(version as usize)
    }
}

impl Index {
    fn new(analyser: Analyser) -> Self {
        Self {
            words: MemoryWords::new(analyser, true),
            texts: Vec::new(),
            versions: Vec::new(),
            marks: Vec::new(),
            hidden_facts: HashSet::new(),
        }
    }

    fn events_at(&self, seq: u64) -> u32 {
        let after = self.marks.partition_point(|(marked, _)| *marked <= seq);
        after.checked_sub(1).map_or(0, |last| self.marks[last].1)
    }

    fn follow<D: Dir>(
        &mut self,
        memtable: &Memtable,
        version: &Version<D>,
        upto: u64,
    ) -> Result<()> {
        let mut older = None;
        while let Some(logged) = memtable.logged(self.texts.len(), upto) {
            let older = older.get_or_insert_with(|| version.before(Some(memtable)));
            self.take(memtable, version, older, &logged)?;
            let (seq, events) = (logged.found.record.seq.get(), self.words.events());
            if self.marks.last().is_none_or(|(_, before)| *before < events) {
                self.marks.push((seq, events));
            }
        }
        Ok(())
    }

    /// Takes the next version.
    fn take<D: Dir>(
        &mut self,
        memtable: &Memtable,
        version: &Version<D>,
        older: &Snapshot<D>,
        Logged { found, before }: &Logged,
    ) -> Result<()> {
        let (record, number) = (&found.record, self.texts.len());
        let earlier = before.and_then(|before| {
            let logged = memtable.logged(before, u64::MAX)?;
            logged.found.complete.then_some((before, logged.found))
        });
        if !found.complete {
            self.texts.push(NONE); // A touch of what is older than the memtable.
            return Ok(());
        }
        if let Some((before, earlier)) = earlier
            && is_touch(&earlier, found)
        {
            self.texts.push(self.texts[before]);
            return Ok(());
        }
        match earlier {
            Some((before, _)) => self.hide(memtable, older, before)?,
            None if self.hidden_facts.contains(&record.id) => {}
            None => self.hide_elsewhere(older, &record.id)?,
        }
        if record.is_tombstone() && !record.is_fact() {
            self.hide_facts(memtable, version, older, record)?;
        }
        let event = match content(memtable, older, found)? {
            Some(text) => self.words.put(text).map_err(full)?,
            None => NONE,
        };
        self.texts.push(event);
        if event != NONE {
            self.note(number);
        }
        Ok(())
    }

    /// Says which version the last event belongs to.
    fn note(&mut self, version: usize) {
        self.versions.resize(self.words.events() as usize, NONE);
        if let (Some(last), Ok(version)) = (self.versions.last_mut(), u32::try_from(version)) {
            *last = version;
        }
    }

    /// Hides the text of a version of this memtable.
    fn hide<D: Dir>(
        &mut self,
        memtable: &Memtable,
        snapshot: &Snapshot<D>,
        number: usize,
    ) -> Result<()> {
        let event = std::mem::replace(&mut self.texts[number], NONE);
        let Some(logged) = memtable.logged(number, u64::MAX).filter(|_| event != NONE) else {
            return Ok(());
        };
        if let Some(text) = content(memtable, snapshot, &logged.found)? {
            self.words.hide(Hidden::Here(event), text).map_err(full)?;
        }
        Ok(())
    }

    fn hide_elsewhere<D: Dir>(&mut self, older: &Snapshot<D>, id: &ConceptId) -> Result<()> {
        if let Some(text) = older.searchable_text(id)? {
            self.words.hide(Hidden::Elsewhere, text).map_err(full)?;
        }
        Ok(())
    }

    /// Hides the facts of all associations that go with a deleted concept.
    fn hide_facts<D: Dir>(
        &mut self,
        memtable: &Memtable,
        version: &Version<D>,
        older: &Snapshot<D>,
        deleted: &ConceptRecord,
    ) -> Result<()> {
        let seq = deleted.seq.get() - 1;
        for fact in version.upto(memtable, seq).facts_of(&deleted.id)? {
            let number = memtable.logged_number(version.hash(&fact), &fact, seq);
            let here = number.filter(|number| {
                memtable.logged(*number, u64::MAX).is_some_and(|logged| logged.found.complete)
            });
            match here {
                Some(number) => self.hide(memtable, older, number)?,
                None if self.hidden_facts.insert(fact) => self.hide_elsewhere(older, &fact)?,
                None => {}
            }
        }
        Ok(())
    }
}

/// Whether a version differs from the one before only in what touches change.
fn is_touch(before: &Found, after: &Found) -> bool {
    let text = |found: &Found| (found.payload, found.record.content_offset);
    !before.record.is_tombstone() && !after.record.is_tombstone() && text(before) == text(after)
}

fn content<'s, D: Dir>(
    memtable: &'s Memtable,
    snapshot: &'s Snapshot<D>,
    found: &Found,
) -> Result<Option<&'s str>> {
    if found.record.is_tombstone() {
        return Ok(None);
    }
    snapshot.wrap(found.record, Home::Memtable(memtable, found.payload)).content()
}

pub(super) fn full(error: WordsError) -> LsmError {
    LsmError::invalid("words in memory", error.to_string())
}
