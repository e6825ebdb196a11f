//! From a [`Batch`] to what the engine commits: what is already stored decides what must be
//! carried over, and what must go with it.
//!
//! * A concept that is put again keeps the time of its creation, and its key if the new one has
//!   none. Another key under the same id is refused.
//! * An association with text, attributes or a vector brings a second concept, its *fact*, under
//!   [`ConceptId::of_fact`]. Replaced by one without, or deleted, or gone with one of its ends, it
//!   takes the fact with it.
//!
//! Another commit may come between the look at the store and this one. Then a fact may stay that
//! no association speaks of any more: it takes room, and nothing shows it, since a fact is only
//! found through its association.

use std::collections::HashMap;

use sutra_format::{AssociationFlags, AssociationKind, AssociationRecord, ConceptId, FactKey};
use sutra_lsm::{ConceptPut, Snapshot, WriteBatch};
use zerocopy::IntoBytes;
use zerocopy::little_endian::U16;

use crate::batch::{Batch, Change, KeptPayload, Put};
use crate::error::{Error, Result};

/// The most facts that go with one deleted concept in its commit, so that it fits: 8 MiB of
/// tombstones. Those beyond stay, unseen.
const FACTS_WITH_A_CONCEPT_MAX: usize = 65_536;

/// Turns `batch` into a commit on top of `stored`.
pub(crate) fn prepare(batch: &Batch, stored: &Snapshot) -> Result<WriteBatch> {
    let mut preparation = Preparation {
        batch,
        stored,
        out: WriteBatch::new(),
        concepts: HashMap::new(),
        facts: HashMap::new(),
        facts_at: HashMap::new(),
    };
    for change in batch.changes() {
        match change {
            Change::Put(put) => preparation.put(put)?,
            Change::Associate(record, payload) => {
                preparation.associate(record, payload.as_ref())?;
            }
            Change::Delete(id) => preparation.delete(*id)?,
            Change::Dissociate(record) => preparation.dissociate(record)?,
            Change::Touch(touch) => preparation.out.touch(touch)?,
        }
    }
    Ok(preparation.out)
}

struct Preparation<'p> {
    batch: &'p Batch,
    stored: &'p Snapshot,
    out: WriteBatch,
    /// What earlier changes of this batch made of a concept.
    concepts: HashMap<ConceptId, Known<'p>>,
    /// Whether earlier changes of this batch left an association with a fact.
    facts: HashMap<AssociationName, bool>,
    /// The names in `facts` by their ends.
    facts_at: HashMap<ConceptId, Vec<AssociationName>>,
}

/// What a concept passes on to the one that replaces it.
#[derive(Clone, Copy, Default)]
struct Known<'p> {
    /// None: at this commit.
    created_at: Option<u64>,
    /// Empty: none.
    key: &'p [u8],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct AssociationName {
    source: ConceptId,
    kind: AssociationKind,
    target: ConceptId,
}

impl From<&AssociationRecord> for AssociationName {
    fn from(record: &AssociationRecord) -> Self {
        Self { source: record.source, kind: record.kind(), target: record.target }
    }
}

impl AssociationName {
    fn fact_id(&self) -> ConceptId {
        ConceptId::of_fact(self.source, self.kind, self.target)
    }
}

impl<'p> Preparation<'p> {
    fn put(&mut self, put: &'p Put) -> Result<()> {
        let id = put.fixed.id;
        let known = self.known(id)?;
        let mut key = self.batch.text(&put.key).as_bytes();
        if key.is_empty() {
            key = known.key;
        } else if !known.key.is_empty() && known.key != key {
            let (new, old) = (String::from_utf8_lossy(key), String::from_utf8_lossy(known.key));
            return Err(Error::invalid(format!(
                "key {new:?}: its id {id} already holds the key {old:?}; choose another key"
            )));
        }
        self.concepts.insert(id, Known { key, ..known });
        let fixed = ConceptPut { created_at: known.created_at, ..put.fixed };
        self.out.put_concept(&self.batch.payload(&put.payload).complete(fixed, key))?;
        Ok(())
    }

    fn known(&self, id: ConceptId) -> Result<Known<'p>> {
        if let Some(known) = self.concepts.get(&id) {
            return Ok(*known);
        }
        match self.stored.concept(&id)? {
            Some(concept) if concept.record().is_fact() => Err(Error::invalid(format!(
                "id {id} belongs to the text of an association; choose another id"
            ))),
            Some(concept) => Ok(Known {
                created_at: Some(concept.record().created_at.get()),
                key: concept.key()?,
            }),
            None => Ok(Known::default()),
        }
    }

    fn associate(
        &mut self,
        record: &AssociationRecord,
        payload: Option<&'p KeptPayload>,
    ) -> Result<()> {
        let name = AssociationName::from(record);
        let mut record = *record;
        match payload {
            Some(payload) => {
                record.flags = U16::new(AssociationFlags::HAS_FACT);
                self.put_fact(name, payload)?;
            }
            None => self.drop_fact(name)?,
        }
        self.out.put_association(record)?;
        Ok(())
    }

    fn put_fact(&mut self, name: AssociationName, payload: &'p KeptPayload) -> Result<()> {
        let id = name.fact_id();
        let created_at = match self.facts.get(&name) {
            Some(_) => None,
            None => self.stored.concept(&id)?.map(|fact| fact.record().created_at.get()),
        };
        let key = FactKey::new(name.source, name.kind, name.target);
        let fixed = ConceptPut { created_at, fact: true, ..ConceptPut::new(id) };
        self.out.put_concept(&self.batch.payload(payload).complete(fixed, key.as_bytes()))?;
        self.note_fact(name, true);
        Ok(())
    }

    /// Deletes the fact of an association, if it has one.
    fn drop_fact(&mut self, name: AssociationName) -> Result<()> {
        let has_fact = match self.facts.get(&name) {
            Some(has_fact) => *has_fact,
            None => {
                let stored = self.stored.association(&name.source, name.kind, &name.target)?;
                stored.is_some_and(|record| record.has(AssociationFlags::HAS_FACT))
            }
        };
        if has_fact {
            self.out.delete_fact(name.fact_id());
            self.note_fact(name, false);
        }
        Ok(())
    }

    fn note_fact(&mut self, name: AssociationName, has_fact: bool) {
        if self.facts.insert(name, has_fact).is_none() {
            for end in [name.source, name.target] {
                self.facts_at.entry(end).or_default().push(name);
            }
        }
    }

    fn dissociate(&mut self, record: &AssociationRecord) -> Result<()> {
        let name = AssociationName::from(record);
        self.drop_fact(name)?;
        self.out.delete_association(name.source, name.kind, name.target);
        Ok(())
    }

    fn delete(&mut self, id: ConceptId) -> Result<()> {
        for name in self.facts_touching(&id)? {
            self.drop_fact(name)?;
        }
        self.out.delete_concept(id);
        self.concepts.insert(id, Known::default());
        Ok(())
    }

    /// Associations with facts that touch `id`: those in the store, and those of this batch.
    fn facts_touching(&self, id: &ConceptId) -> Result<Vec<AssociationName>> {
        let mut names = self.facts_at.get(id).cloned().unwrap_or_default();
        let (outgoing, incoming) = (self.stored.outgoing(id)?, self.stored.incoming(id)?);
        let with_fact = outgoing.iter().chain(incoming.iter());
        let with_fact = with_fact.filter(|record| record.has(AssociationFlags::HAS_FACT));
        names.extend(with_fact.map(AssociationName::from).take(FACTS_WITH_A_CONCEPT_MAX));
        Ok(names)
    }
}
