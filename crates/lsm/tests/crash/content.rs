//! [`Content`]: everything that a store says, in plain maps.

use std::collections::{BTreeMap, BTreeSet};

use sutra_format::{AssociationRecord, ConceptId};
use sutra_fs::Dir;
use sutra_lsm::{Concept, Result, Snapshot};

/// The name of an association: source, kind, target.
pub(crate) type Link = (ConceptId, u16, ConceptId);

/// What a store holds at one moment. A fact is found by the association that it belongs to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Content {
    pub(crate) concepts: BTreeMap<ConceptId, View>,
    pub(crate) associations: BTreeMap<Link, AssociationRecord>,
    pub(crate) facts: BTreeMap<Link, View>,
}

/// A concept with all that belongs to it, but for where it lies.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct View {
    pub(crate) seq: u64,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) accessed_at: u64,
    pub(crate) valid: (i64, i64),
    pub(crate) strength: f32,
    pub(crate) confidence: f32,
    pub(crate) accesses: u32,
    pub(crate) source_hash: u32,
    pub(crate) content: Option<String>,
    pub(crate) attributes: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) vector: Option<Vec<f32>>,
}

impl View {
    fn of<D: Dir>(concept: &Concept<'_, D>) -> Result<Self> {
        let record = concept.record();
        let text = concept.text()?;
        Ok(Self {
            seq: record.seq.get(),
            created_at: record.created_at.get(),
            updated_at: record.updated_at.get(),
            accessed_at: record.accessed_at.get(),
            valid: (record.valid_from.get(), record.valid_to.get()),
            strength: record.strength.get(),
            confidence: record.confidence.get(),
            accesses: record.access_count.get(),
            source_hash: record.source_hash.get(),
            content: text.content.map(str::to_owned),
            attributes: text.attributes.to_vec(),
            key: text.key.to_vec(),
            vector: concept.vector()?.map(<[f32]>::to_vec),
        })
    }
}

/// Reads everything in every way there is: by walking, one by one, in a batch, and from both ends
/// of each association. Panics if one way does not give what another one does.
///
/// `asked` are ids to be asked for besides those that the walk meets.
pub(crate) fn read<D: Dir>(snapshot: &Snapshot<D>, asked: &BTreeSet<ConceptId>) -> Result<Content> {
    let mut content = Content::default();
    let mut all = BTreeMap::new();
    for concept in snapshot.iter_concepts()? {
        let concept = concept?;
        let view = View::of(&concept)?;
        if !concept.record().is_fact() {
            content.concepts.insert(concept.id(), view.clone());
        }
        assert!(all.insert(concept.id(), view).is_none(), "{} is met twice", concept.id());
    }
    for record in snapshot.iter_associations()? {
        let record = record?;
        let link = (record.source, record.kind().code(), record.target);
        if let Some(fact) = snapshot.fact(&record)? {
            content.facts.insert(link, View::of(&fact)?);
        }
        assert!(content.associations.insert(link, record).is_none(), "{link:?} is met twice");
    }
    compare_lookups(snapshot, asked, &all, &content)?;
    Ok(content)
}

fn compare_lookups<D: Dir>(
    snapshot: &Snapshot<D>,
    asked: &BTreeSet<ConceptId>,
    all: &BTreeMap<ConceptId, View>,
    content: &Content,
) -> Result<()> {
    let links = content.associations.keys();
    let ends = links.flat_map(|(source, _, target)| [*source, *target]);
    let ids: BTreeSet<_> = asked.iter().chain(all.keys()).copied().chain(ends).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    for (id, batched) in ids.iter().zip(snapshot.concepts(&ids)?) {
        for found in [snapshot.concept(id)?, batched] {
            let found = found.as_ref().map(View::of).transpose()?;
            assert_eq!(found.as_ref(), all.get(id), "looking up {id} and walking differ");
        }
        let ends_of = |end: fn(&Link) -> ConceptId| -> BTreeMap<Link, AssociationRecord> {
            let touching = content.associations.iter().filter(|(link, _)| end(link) == *id);
            touching.map(|(link, record)| (*link, *record)).collect()
        };
        let (outgoing, incoming) = (snapshot.outgoing(id)?, snapshot.incoming(id)?);
        let met = [(&outgoing, ends_of(|link| link.0)), (&incoming, ends_of(|link| link.2))];
        for (found, expected) in met {
            let name = |r: &AssociationRecord| ((r.source, r.kind().code(), r.target), *r);
            assert_eq!(found.len(), expected.len(), "associations of {id} and walking differ");
            assert_eq!(found.iter().map(name).collect::<BTreeMap<_, _>>(), expected);
        }
    }
    for ((source, _, target), record) in &content.associations {
        let found = snapshot.association(source, record.kind(), target)?;
        assert_eq!(found.as_ref(), Some(record), "looking up an association and walking differ");
    }
    Ok(())
}
