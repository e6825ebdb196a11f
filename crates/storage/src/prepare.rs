//! From a [`Batch`] to what the engine commits: what is already stored decides what must be
//! carried over, and what must go with it.
//!
//! * A concept that is put again keeps the time of its creation, and its key if the new one has
//!   none. Another key under the same id is refused.
//! * An association with text, attributes or a vector brings a second concept, its *fact*, under
//!   [`ConceptId::of_fact`]. Replaced by one without, or deleted, or gone with one of its ends, it
//!   takes the fact with it.
//!
//! Another commit may come between the look at the store and this one. A transaction then fails.
//! Without one, a fact may stay that no association speaks of any more: it takes room, and nothing
//! shows it, since a fact is only found through its association.

use std::collections::HashMap;

use sutra_format::{AssociationFlags, AssociationKind, AssociationRecord, ConceptId, FactKey};
use sutra_lsm::{ConceptPut, Snapshot, WriteBatch};
use zerocopy::IntoBytes;
use zerocopy::little_endian::U16;

use crate::batch::{Batch, Change, KeptPayload, Link, Put};
use crate::error::{Error, Result};
use crate::stored::Stored;

/// The most facts that go with one deleted concept in its commit, so that it fits: 8 MiB of
/// tombstones. Those beyond stay, unseen.
const FACTS_WITH_A_CONCEPT_MAX: usize = 65_536;

/// Turns `batch` into a commit on top of `stored`. `now` knows the vector spaces.
pub(crate) fn prepare(batch: &Batch, stored: Stored<'_>, now: &Snapshot) -> Result<WriteBatch> {
    let code = |name: &String| now.space_named(name).ok_or_else(|| Error::no_space(name));
    let mut preparation = Preparation {
        batch,
        spaces: batch.spaces().iter().map(code).collect::<Result<_>>()?,
        stored,
        out: WriteBatch::new(),
        concepts: HashMap::new(),
        facts: HashMap::new(),
        facts_at: HashMap::new(),
    };
    for change in batch.changes() {
        match change {
            Change::Put(put) => preparation.put(put)?,
            Change::Associate(link) => preparation.associate(link)?,
            Change::Amend(record) => preparation.amend(record)?,
            Change::Delete(id) => preparation.delete(*id)?,
            Change::Dissociate(record) => preparation.dissociate(record)?,
            Change::Touch(touch) => preparation.out.touch(touch)?,
        }
    }
    Ok(preparation.out)
}

struct Preparation<'p> {
    batch: &'p Batch,
    /// The codes of the vector spaces that the batch names.
    spaces: Vec<u16>,
    stored: Stored<'p>,
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

/// What names an association.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AssociationName {
    pub(crate) source: ConceptId,
    pub(crate) kind: AssociationKind,
    pub(crate) target: ConceptId,
}

impl From<&AssociationRecord> for AssociationName {
    fn from(record: &AssociationRecord) -> Self {
        Self { source: record.source, kind: record.kind(), target: record.target }
    }
}

impl AssociationName {
    pub(crate) fn fact_id(&self) -> ConceptId {
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
            return Err(Error::other_key(&new, id, &old));
        }
        self.concepts.insert(id, Known { key, ..known });
        let fixed = ConceptPut { created_at: known.created_at, ..put.fixed };
        self.put_concept(&put.payload, fixed, key)
    }

    fn put_concept(&mut self, kept: &KeptPayload, fixed: ConceptPut<'_>, key: &[u8]) -> Result<()> {
        let space = kept.space.map_or(0, |at| self.spaces[at]);
        Ok(self.out.put_concept(&self.batch.payload(kept).complete(fixed, key, space))?)
    }

    fn known(&self, id: ConceptId) -> Result<Known<'p>> {
        if let Some(known) = self.concepts.get(&id) {
            return Ok(*known);
        }
        match self.stored.concept(&id)? {
            Some(concept) if concept.record().is_fact() => Err(Error::belongs_to_fact(id)),
            Some(concept) => Ok(Known {
                created_at: Some(concept.record().created_at.get()),
                key: concept.key()?,
            }),
            None => Ok(Known::default()),
        }
    }

    fn associate(&mut self, link: &'p Link) -> Result<()> {
        let name = AssociationName::from(&link.record);
        let mut record = link.record;
        if link.fact.is_some() {
            record.flags = U16::new(AssociationFlags::HAS_FACT);
            self.put_fact(name, link)?;
        } else {
            self.drop_fact(name)?;
        }
        self.out.put_association(record)?;
        Ok(())
    }

    /// Another record for an association that stays, and so does its fact.
    fn amend(&mut self, record: &AssociationRecord) -> Result<()> {
        let has_fact = self.has_fact(AssociationName::from(record))?;
        let flags = if has_fact { AssociationFlags::HAS_FACT } else { 0 };
        self.out.put_association(AssociationRecord { flags: U16::new(flags), ..*record })?;
        Ok(())
    }

    fn put_fact(&mut self, name: AssociationName, link: &'p Link) -> Result<()> {
        let id = name.fact_id();
        let created_at = match (link.fact_created_at, self.facts.get(&name)) {
            (None, None) => self.stored.concept(&id)?.map(|fact| fact.record().created_at.get()),
            (given, _) => given,
        };
        let key = FactKey::new(name.source, name.kind, name.target);
        let fixed = ConceptPut { created_at, fact: true, ..ConceptPut::new(id) };
        if let Some(kept) = &link.fact {
            self.put_concept(kept, fixed, key.as_bytes())?;
        }
        self.note_fact(name, true);
        Ok(())
    }

    fn has_fact(&self, name: AssociationName) -> Result<bool> {
        if let Some(has_fact) = self.facts.get(&name) {
            return Ok(*has_fact);
        }
        let stored = self.stored.association(&name.source, name.kind, &name.target)?;
        Ok(stored.is_some_and(|record| record.has(AssociationFlags::HAS_FACT)))
    }

    /// Deletes the fact of an association, if it has one.
    fn drop_fact(&mut self, name: AssociationName) -> Result<()> {
        if self.has_fact(name)? {
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
