//! Reads all that a store says, in every way there is, and holds the ways against each other.

use std::collections::BTreeMap;

use sutra_format::{AssociationRecord, ConceptId};
use sutra_lsm::{Concept, LsmError, LsmTree, Result, Snapshot};
use sutra_manifest::{ManifestError, Problem};
use sutra_testkit::SimDir;
use zerocopy::IntoBytes;

/// What a store says, but for where it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Content {
    concepts: BTreeMap<ConceptId, Vec<u8>>,
    associations: BTreeMap<(ConceptId, u16, ConceptId), Vec<u8>>,
}

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
    let read = read(&tree.snapshot());
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
            compare(&tree.snapshot(), &content).expect("what was read can be looked up");
            Some(content)
        }
        Ok(_) => None,
        Err(error) => {
            names_a_file(&error);
            assert!(!report.is_intact(), "verified, and yet: {error}");
            None
        }
    }
}

/// Walks over everything, and asks for each that is met. Errors are what damage gives.
fn read(snapshot: &Snapshot<SimDir>) -> Result<Content> {
    let mut content = Content::default();
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

/// Panics unless looking things up gives what walking gave.
fn compare(snapshot: &Snapshot<SimDir>, content: &Content) -> Result<()> {
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

impl Content {
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
