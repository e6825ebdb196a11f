//! What a transaction sees: the store at its beginning, under its own writes.

use sutra_format::{
    AssociationFlags, AssociationKind, AssociationRecord, ConceptFlags, ConceptId, ConceptRecord,
    fold,
};
use sutra_lsm::ConceptPut;
use zerocopy::little_endian::{F32, I64, U16, U32, U64};

use super::Transaction;
use super::own::{Base, OwnFact, OwnPut};
use crate::concept::Concept;
use crate::error::Result;
use crate::neighbors::{Direction, Neighbor};
use crate::payload::Payload;
use crate::prepare::AssociationName;

impl Transaction<'_> {
    /// The concept with this id. Of one that this transaction put, the times that the commit will
    /// set are zero.
    pub fn concept(&self, id: &ConceptId) -> Result<Option<Concept<'_>>> {
        let Some(own) = self.own.concept(id) else { return self.stored_concept(id) };
        let (mut record, key, payload) = match &own.base {
            Base::Deleted => return Ok(None),
            Base::Stored => {
                let Some(stored) = self.stored_concept(id)? else { return Ok(None) };
                (*stored.record(), stored.key()?, stored.payload()?)
            }
            Base::Put(put) => self.own_put(put)?,
        };
        if let Some(touch) = &own.touch {
            fold(&mut record, touch);
        }
        Ok(Some(Concept::own(record, key, payload)))
    }

    /// The concept with this key.
    pub fn concept_of_key(&self, key: &str) -> Result<Option<Concept<'_>>> {
        self.concept(&ConceptId::from_key(key))
    }

    /// The association of this source, kind and target.
    pub fn association(
        &self,
        source: &ConceptId,
        kind: AssociationKind,
        target: &ConceptId,
    ) -> Result<Option<AssociationRecord>> {
        let name = AssociationName { source: *source, kind, target: *target };
        match self.own.association(name) {
            Some(own) => Ok(own.map(|own| own.seen())),
            None => Ok(self.reader.association(source, kind, target)?),
        }
    }

    /// The text, attributes and vector of an association, if it has any.
    pub fn fact(&self, association: &AssociationRecord) -> Result<Option<Concept<'_>>> {
        let name = AssociationName::from(association);
        let fact = match self.own.association(name) {
            Some(None) => return Ok(None),
            Some(Some(own)) => &own.fact,
            None => &OwnFact::Stored,
        };
        match fact {
            OwnFact::None => Ok(None),
            OwnFact::Put(kept, created_at) => {
                let payload = self.batch.payload(kept);
                let mut record = unstored(&ConceptPut::new(name.fact_id()), None, &payload);
                record.flags = U32::new(record.flags.get() | ConceptFlags::FACT);
                record.created_at = U64::new(created_at.unwrap_or(0));
                Ok(Some(Concept::own(record, None, payload)))
            }
            OwnFact::Stored if association.has(AssociationFlags::HAS_FACT) => {
                let found = self.reader.concept(&name.fact_id())?;
                Ok(found.filter(|concept| concept.record().is_fact()).map(Concept::new))
            }
            OwnFact::Stored => Ok(None),
        }
    }

    /// All associations of a concept: first the outgoing, then the incoming ones, each sorted by
    /// kind and other end. One of a concept with itself is told once, as outgoing.
    pub fn neighbors(&self, id: &ConceptId) -> Result<Vec<Neighbor>> {
        let mut found = Vec::new();
        if !self.own.is_buried(id) {
            let (outgoing, incoming) = (self.reader.outgoing(id)?, self.reader.incoming(id)?);
            let incoming = incoming.iter().filter(|record| record.source != *id);
            let rows = outgoing.iter().chain(incoming);
            let unchanged =
                rows.filter(|row| self.own.association(AssociationName::from(*row)).is_none());
            found.extend(unchanged.map(|row| Neighbor::seen_from(id, *row)));
        }
        let own = self.own.associations_at(id);
        found.extend(own.map(|own| Neighbor::seen_from(id, own.seen())));
        found.sort_unstable_by_key(Neighbor::place);
        Ok(found)
    }

    fn stored_concept(&self, id: &ConceptId) -> Result<Option<Concept<'_>>> {
        let found = self.reader.concept(id)?;
        Ok(found.filter(|concept| !concept.record().is_fact()).map(Concept::new))
    }

    fn own_put(&self, put: &OwnPut) -> Result<(ConceptRecord, Option<&str>, Payload<'_>)> {
        let stored = if put.replaces { self.stored_concept(&put.fixed.id)? } else { None };
        let key = match (&stored, put.key.is_empty()) {
            (_, false) => Some(self.batch.text(&put.key)),
            (Some(stored), true) => stored.key()?,
            (None, true) => None,
        };
        let payload = self.batch.payload(&put.payload);
        let mut record = unstored(&put.fixed, key, &payload);
        if let Some(stored) = stored {
            record.created_at = stored.record().created_at;
        }
        Ok((record, key, payload))
    }
}

impl Neighbor {
    fn seen_from(id: &ConceptId, association: AssociationRecord) -> Self {
        if association.source == *id {
            return Self { id: association.target, direction: Direction::Outgoing, association };
        }
        Self { id: association.source, direction: Direction::Incoming, association }
    }

    fn place(&self) -> (bool, u16, ConceptId) {
        (self.direction == Direction::Incoming, self.association.kind_code.get(), self.id)
    }
}

/// The record of a concept that lies nowhere yet.
fn unstored(fixed: &ConceptPut<'_>, key: Option<&str>, payload: &Payload<'_>) -> ConceptRecord {
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX); // All were checked.
    let offset = |is_there: bool| if is_there { 0 } else { ConceptRecord::ABSENT };
    let content = payload.content.map_or(0, str::len);
    let mut record = ConceptRecord::new(
        fixed.id,
        offset(payload.content.is_some()),
        length(content),
        offset(payload.vector.is_some()),
    );
    record.attributes_length = U32::new(length(payload.attributes.len()));
    record.key_length = U16::new(u16::try_from(key.map_or(0, str::len)).unwrap_or(u16::MAX));
    if record.text_bytes() > 0 {
        record.content_offset = U64::new(0);
    }
    record.vector_dimension = U32::new(length(payload.vector.map_or(0, <[f32]>::len)));
    record.strength = F32::new(fixed.strength);
    record.confidence = F32::new(fixed.confidence);
    record.valid_from = I64::new(fixed.valid_from);
    record.valid_to = I64::new(fixed.valid_to);
    record.source_hash = U32::new(fixed.source_hash);
    record
}
