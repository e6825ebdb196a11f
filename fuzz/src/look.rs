//! Reads all that a store says, in every way there is, and holds the ways against each other.

use std::collections::{BTreeMap, BTreeSet};

use sutra_format::{AssociationRecord, ConceptId};
use sutra_lsm::{Concept, LsmError, LsmTree, Result, Retention, Snapshot};
use sutra_manifest::{ManifestError, Problem};
use sutra_testkit::SimDir;
use zerocopy::IntoBytes;

use super::ask::search;

/// What a store says, but for where it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Content {
    now: Now,
    past: Past,
}

/// What it says of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
struct Now {
    concepts: BTreeMap<ConceptId, Vec<u8>>,
    associations: BTreeMap<(ConceptId, u16, ConceptId), Vec<u8>>,
}

/// What it says of what was, if it keeps that for good: windows drop what is too old.
#[derive(Clone, Debug, Default, PartialEq)]
struct Past {
    /// Sequence number and bytes of each version, none for a deletion; newest first.
    versions: BTreeMap<ConceptId, Vec<Version>>,
    /// As of some times: the last sequence number then, and what was.
    moments: BTreeMap<u64, (u64, Now)>,
}

/// A sequence number, and the bytes of what was from then on.
type Version = (u64, Option<Vec<u8>>);

/// As of so many times it is asked.
const TIMES: usize = 4;

/// So many changes are asked for.
const CHANGES: usize = 64;

/// Panics unless the error says which file it is about, in its text too.
#[track_caller]
pub(super) fn names_a_file(error: &LsmError) {
    let text = error.to_string();
    let path = error.path().unwrap_or_else(|| panic!("about no file: {text}"));
    assert!(!path.as_os_str().is_empty(), "about an empty path: {text}");
    assert!(text.contains(&*path.to_string_lossy()), "says not that it is about {path:?}: {text}");
}

/// Whether no file can be made any more, because the manifest, or the name of some file, says that
/// there were 2^32 of them. That is no damage.
pub(super) fn is_used_up(error: &LsmError) -> bool {
    let LsmError::Manifest(error) = error else { return false };
    matches!(&**error, ManifestError::Refused { problem: Problem::IdsExhausted, .. })
}

/// What a store says. None if some of it cannot be read, which [`LsmTree::verify`] must have
/// noticed as well.
pub(super) fn look(tree: &LsmTree<SimDir>) -> Option<Content> {
    let snapshot = tree.snapshot();
    let read = read(&snapshot).and_then(|now| {
        let past = read_past(tree, &snapshot, &now)?;
        Ok(Content { now, past })
    });
    let report = match tree.verify(&mut |_| {}) {
        Ok(report) => report,
        Err(error) => {
            names_a_file(&error);
            return None;
        }
    };
    for damage in &report.damages {
        assert!(!damage.path.as_os_str().is_empty(), "damage of no file: {}", damage.reason);
    }
    match read {
        Ok(content) if report.is_intact() => {
            let is_told = |error: &LsmError| matches!(error, LsmError::NotIndexed { .. });
            let searched = search(&snapshot, &content.now.ids());
            assert!(searched.as_ref().is_err_and(is_told) || searched.is_ok(), "{searched:?}");
            compare(&snapshot, &content.now).expect("what was read can be looked up");
            content.past.check();
            Some(content)
        }
        Ok(content) => {
            if let Err(error) = search(&snapshot, &content.now.ids()) {
                names_a_file(&error);
            }
            None
        }
        Err(error) => {
            names_a_file(&error);
            assert!(!report.is_intact(), "verified, and yet: {error}");
            None
        }
    }
}

/// Walks over everything, and asks for each that is met. Errors are what damage gives.
fn read(snapshot: &Snapshot<SimDir>) -> Result<Now> {
    let mut content = Now::default();
    for concept in snapshot.iter_concepts()? {
        let concept = concept?;
        content.concepts.insert(concept.id(), bytes_of(&concept)?);
    }
    for record in snapshot.iter_associations()? {
        let record = record?;
        snapshot.fact(&record)?.as_ref().map(bytes_of).transpose()?;
        content.associations.insert(name_of(&record), record.as_bytes().to_vec());
    }
    for id in content.ids() {
        snapshot.concept(&id)?.as_ref().map(bytes_of).transpose()?;
        snapshot.outgoing(&id)?;
        snapshot.incoming(&id)?;
    }
    Ok(content)
}

/// What was: all versions of what is, the store as of some of their times, and what changed since.
fn read_past(tree: &LsmTree<SimDir>, snapshot: &Snapshot<SimDir>, now: &Now) -> Result<Past> {
    let (mut past, mut times) = (Past::default(), BTreeSet::new());
    for id in now.ids() {
        let mut versions = Vec::new();
        for version in snapshot.history(&id)? {
            versions.push((version.seq, version.concept.as_ref().map(bytes_of).transpose()?));
            times.insert(version.time);
        }
        past.versions.insert(id, versions);
    }
    let every = times.len().div_ceil(TIMES).max(1);
    for time in times.into_iter().step_by(every) {
        let then = match tree.snapshot_at(time) {
            Err(LsmError::NotKept { .. }) => continue,
            then => then?,
        };
        past.moments.insert(time, (then.seq(), read(&then)?));
        match tree.changes(snapshot, then.seq(), CHANGES) {
            Err(LsmError::NotKept { .. }) => {}
            changes => {
                let changes = changes?;
                assert!(changes.len() <= CHANGES && changes.is_sorted_by(|a, b| a.seq < b.seq));
                assert!(changes.iter().all(|change| change.seq > then.seq()));
            }
        }
    }
    if tree.retention() == Retention::Forever { Ok(past) } else { Ok(Past::default()) }
}

impl Past {
    /// Panics unless versions and moments say the same.
    fn check(&self) {
        for (id, versions) in &self.versions {
            assert!(versions.is_sorted_by(|newer, older| newer.0 > older.0), "versions of {id}");
            for (seq, then) in self.moments.values() {
                let version = versions.iter().find(|version| version.0 <= *seq);
                let was = version.and_then(|(_, was)| was.as_ref());
                assert_eq!(was, then.concepts.get(id), "{id} at {seq}");
            }
        }
    }
}

/// Panics unless looking things up gives what walking gave.
fn compare(snapshot: &Snapshot<SimDir>, content: &Now) -> Result<()> {
    let ids = content.ids();
    for (id, batched) in ids.iter().zip(snapshot.concepts(&ids)?) {
        for found in [snapshot.concept(id)?, batched] {
            let found = found.as_ref().map(bytes_of).transpose()?;
            assert_eq!(found.as_ref(), content.concepts.get(id), "{id}, looked up");
        }
        let links = content.associations.keys();
        let outgoing = links.clone().filter(|(source, ..)| source == id).count();
        let incoming = links.filter(|(.., target)| target == id).count();
        assert_eq!(snapshot.outgoing(id)?.len(), outgoing, "associations that start at {id}");
        assert_eq!(snapshot.incoming(id)?.len(), incoming, "associations that end at {id}");
        for record in snapshot.outgoing(id)?.iter().chain(&snapshot.incoming(id)?) {
            let walked = content.associations.get(&name_of(record));
            assert_eq!(walked.map(Vec::as_slice), Some(record.as_bytes()));
            let found = snapshot.association(&record.source, record.kind(), &record.target)?;
            assert_eq!(found.as_ref(), Some(record));
        }
    }
    Ok(())
}

impl Now {
    /// All ids that are met, none twice.
    fn ids(&self) -> Vec<ConceptId> {
        let ends = self.associations.keys().flat_map(|(source, _, target)| [*source, *target]);
        let mut ids: Vec<_> = self.concepts.keys().copied().chain(ends).collect();
        ids.sort();
        ids.dedup();
        ids
    }
}

fn name_of(record: &AssociationRecord) -> (ConceptId, u16, ConceptId) {
    (record.source, record.kind().code(), record.target)
}

/// Record, text and vector of a concept.
fn bytes_of(concept: &Concept<'_, SimDir>) -> Result<Vec<u8>> {
    let mut record = *concept.record();
    record.content_offset = 0.into();
    record.content_segment = 0.into();
    record.vector_offset = 0.into();
    record.vector_segment = 0.into();
    let mut bytes = record.as_bytes().to_vec();
    let text = concept.text()?;
    bytes.extend_from_slice(text.content.unwrap_or_default().as_bytes());
    bytes.extend_from_slice(text.attributes);
    bytes.extend_from_slice(text.key);
    bytes.extend_from_slice(concept.vector()?.unwrap_or_default().as_bytes());
    Ok(bytes)
}
