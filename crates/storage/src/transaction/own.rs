//! [`Own`]: what a transaction has changed so far, for its own reads.
//!
//! Texts and vectors stay in the batch; here is where they lie.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use sutra_format::{
    AssociationFlags, AssociationRecord, ConceptFlags, ConceptId, ConceptRecord, fold,
};
use sutra_lsm::{ConceptPut, Touch};
use zerocopy::little_endian::{F32, U16, U32, U64};

use crate::batch::{Change, KeptPayload, Link, Put};
use crate::prepare::AssociationName;

/// Changes by what they concern.
#[derive(Default)]
pub(super) struct Own {
    concepts: HashMap<ConceptId, OwnConcept>,
    /// None: deleted.
    associations: HashMap<AssociationName, Option<OwnAssociation>>,
    /// The names in `associations` by their ends.
    at: HashMap<ConceptId, Vec<AssociationName>>,
    /// Concepts that were deleted, be it that they were put again: their stored associations are
    /// gone.
    buried: HashSet<ConceptId>,
}

/// What became of a concept.
#[derive(Default)]
pub(super) struct OwnConcept {
    pub(super) base: Base,
    /// What was touched since, as one delta.
    pub(super) touch: Option<ConceptRecord>,
}

#[derive(Default)]
pub(super) enum Base {
    #[default]
    Stored,
    Deleted,
    Put(Box<OwnPut>),
}

pub(super) struct OwnPut {
    pub(super) fixed: ConceptPut<'static>,
    pub(super) payload: KeptPayload,
    /// Empty: that of the stored one, if it counts.
    pub(super) key: Range<usize>,
    /// Whether it replaces the stored one, and so keeps key and time of creation.
    pub(super) replaces: bool,
}

/// An association that was put or amended.
pub(super) struct OwnAssociation {
    pub(super) record: AssociationRecord,
    pub(super) fact: OwnFact,
}

pub(super) enum OwnFact {
    None,
    Put(KeptPayload, Option<u64>),
    /// That of the stored association.
    Stored,
}

impl Own {
    pub(super) fn note(&mut self, change: &Change) {
        match change {
            Change::Put(put) => self.put(put),
            Change::Associate(link) => self.associate(link),
            Change::Amend(record) => self.amend(record),
            Change::Delete(id) => self.delete(*id),
            Change::Dissociate(record) => self.set(AssociationName::from(record), None),
            Change::Touch(touch) => self.touch(touch),
        }
    }

    pub(super) fn concept(&self, id: &ConceptId) -> Option<&OwnConcept> {
        self.concepts.get(id)
    }

    /// None: unchanged. Within: none, since deleted.
    pub(super) fn association(&self, name: AssociationName) -> Option<Option<&OwnAssociation>> {
        match self.associations.get(&name) {
            Some(own) => Some(own.as_ref()),
            None if self.is_buried(&name.source) || self.is_buried(&name.target) => Some(None),
            None => None,
        }
    }

    /// Those that were put or amended, of one concept.
    pub(super) fn associations_at(&self, id: &ConceptId) -> impl Iterator<Item = &OwnAssociation> {
        let names = self.at.get(id).into_iter().flatten();
        names.filter_map(|name| self.associations.get(name)?.as_ref())
    }

    /// Whether the concept was deleted, and with it its stored associations.
    pub(super) fn is_buried(&self, id: &ConceptId) -> bool {
        self.buried.contains(id)
    }

    fn put(&mut self, put: &Put) {
        let own = self.concepts.entry(put.fixed.id).or_default();
        let (old_key, replaces) = match &own.base {
            Base::Stored => (0..0, true),
            Base::Deleted => (0..0, false),
            Base::Put(old) => (old.key.clone(), old.replaces),
        };
        let key = if put.key.is_empty() { old_key } else { put.key.clone() };
        let payload = put.payload.clone();
        own.base = Base::Put(Box::new(OwnPut { fixed: put.fixed, payload, key, replaces }));
        own.touch = None;
    }

    fn delete(&mut self, id: ConceptId) {
        self.concepts.insert(id, OwnConcept { base: Base::Deleted, touch: None });
        self.buried.insert(id);
        for name in self.at.get(&id).into_iter().flatten() {
            self.associations.insert(*name, None);
        }
    }

    fn touch(&mut self, touch: &Touch) {
        let newer = delta(touch);
        let own = self.concepts.entry(touch.id).or_default();
        match &mut own.touch {
            Some(delta) => fold(delta, &newer),
            none => *none = Some(newer),
        }
    }

    fn associate(&mut self, link: &Link) {
        let fact = match &link.fact {
            Some(fact) => OwnFact::Put(fact.clone(), link.fact_created_at),
            None => OwnFact::None,
        };
        self.set(AssociationName::from(&link.record), Some((link.record, fact)));
    }

    fn amend(&mut self, record: &AssociationRecord) {
        let name = AssociationName::from(record);
        match self.associations.get_mut(&name) {
            Some(Some(own)) => own.record = *record,
            _ => self.set(name, Some((*record, OwnFact::Stored))),
        }
    }

    fn set(&mut self, name: AssociationName, put: Option<(AssociationRecord, OwnFact)>) {
        let own = put.map(|(record, fact)| OwnAssociation { record, fact });
        if self.associations.insert(name, own).is_none() {
            self.at.entry(name.source).or_default().push(name);
            if name.target != name.source {
                self.at.entry(name.target).or_default().push(name);
            }
        }
    }
}

impl OwnAssociation {
    /// The record as it will be read.
    pub(super) fn seen(&self) -> AssociationRecord {
        let flags = match &self.fact {
            OwnFact::None => 0,
            OwnFact::Put(..) => AssociationFlags::HAS_FACT,
            OwnFact::Stored => self.record.flags.get(),
        };
        AssociationRecord { flags: U16::new(flags), ..self.record }
    }
}

/// A touch as a delta. The time of the commit, which is not known yet, is none.
fn delta(touch: &Touch) -> ConceptRecord {
    let absent = ConceptRecord::ABSENT;
    let mut record = ConceptRecord::new(touch.id, absent, 0, absent);
    let mut flags = ConceptFlags::DELTA;
    if let Some(strength) = touch.strength {
        record.strength = F32::new(strength);
        flags |= ConceptFlags::SETS_STRENGTH;
    }
    if let Some(confidence) = touch.confidence {
        record.confidence = F32::new(confidence);
        flags |= ConceptFlags::SETS_CONFIDENCE;
    }
    record.flags = U32::new(flags);
    record.access_count = U32::new(touch.accesses);
    record.accessed_at = U64::new(touch.accessed_at.unwrap_or(0));
    record
}
