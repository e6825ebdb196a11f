//! Two concepts that are one.
//!
//! All that `from` has goes to `into`; where both have something, that of `into` stays:
//!
//! | | what is afterwards |
//! |---|---|
//! | an association of `from` with a third concept | is one of `into`: weight, confidence, times, text, attributes and vector go along |
//! | the same (source, kind, target) at both | that of `into`, with the higher confidence; it takes the text, attributes and vector of the other if it has none of these at all |
//! | associations between the two, and of `from` with itself | none: they would be loops |
//! | content; attributes; vector | each that of `into`, or if it has none, that of `from` |
//! | strength, confidence, last access | the higher, the later |
//! | count of accesses | the sum |
//! | key, id, time of creation, validity, source | those of `into` |

use sutra_format::{AssociationFlags, AssociationRecord, ConceptId, ConceptRecord, FactKey};
use sutra_lsm::{ConceptPut, Touch};
use zerocopy::little_endian::U16;

use super::Transaction;
use crate::association::NewAssociation;
use crate::batch::Batch;
use crate::concept::{Concept, NewConcept};
use crate::error::{Error, Result};
use crate::payload::Payload;
use crate::store::Store;

/// What a merge of two concepts did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeReport {
    /// Associations that are now those of the other concept.
    pub moved: u64,
    /// Associations that both had: those of the concept that stays are kept.
    pub kept: u64,
    /// Associations that are gone since they would have led from the concept to itself.
    pub loops: u64,
    /// Associations whose text, attributes and vector went along.
    pub facts: u64,
    /// Whether the content of the deleted concept is now that of the other.
    pub content: bool,
    /// Whether its attributes are.
    pub attributes: bool,
    /// Whether its vector is.
    pub vector: bool,
    /// The key that no concept has any more.
    pub key: Option<String>,
}

/// What a merge will do, once it is known that it fits into one commit.
#[derive(Default)]
struct Plan {
    /// Associations of `from` as they are to be at `into`.
    put: Vec<(AssociationRecord, Owned)>,
    /// Associations of `into` whose confidence rises; their texts stay.
    amend: Vec<AssociationRecord>,
    bytes: usize,
}

/// Text and vector that lie nowhere else; by default, none.
#[derive(Default)]
struct Owned {
    content: Option<String>,
    attributes: String,
    vector: Option<Vec<f32>>,
    space: Option<String>,
    created_at: Option<u64>,
}

impl Owned {
    fn copy(concept: &Concept<'_>) -> Result<Self> {
        let payload = concept.payload()?;
        Ok(Self {
            content: payload.content.map(str::to_owned),
            attributes: payload.attributes.to_owned(),
            vector: payload.vector.map(<[f32]>::to_vec),
            space: payload.space.map(str::to_owned),
            created_at: Some(concept.record().created_at.get()).filter(|time| *time > 0),
        })
    }

    fn payload(&self) -> Payload<'_> {
        Payload {
            content: self.content.as_deref(),
            attributes: &self.attributes,
            vector: self.vector.as_deref(),
            space: self.space.as_deref(),
        }
    }

    /// What it takes in a commit as the text of an association, the tombstone of the old one
    /// counted in, and a few bytes more.
    fn fact_bytes(&self) -> usize {
        let text = self.content.as_ref().map_or(0, String::len) + self.attributes.len();
        let values = self.vector.as_ref().map_or(0, |vector| size_of_val(&**vector));
        2 * ConceptRecord::BYTES + FactKey::BYTES + 16 + text + values
    }
}

impl Plan {
    /// Plans an association, and its text if it has any.
    fn put(&mut self, mut record: AssociationRecord, fact: Owned) {
        record.flags = U16::ZERO; // Whether it has a text is decided when it is put.
        if !fact.payload().is_empty() {
            self.bytes += fact.fact_bytes();
        }
        self.bytes += AssociationRecord::BYTES;
        self.put.push((record, fact));
    }

    fn amend(&mut self, record: AssociationRecord) {
        self.bytes += AssociationRecord::BYTES;
        self.amend.push(record);
    }
}

impl Transaction<'_> {
    /// Merges concept `from` into concept `into`, and deletes `from`. All of its associations, in
    /// both directions, become those of `into`. Where both have the same, and for content,
    /// attributes and vector, `into` keeps what it has and takes what it lacks. Of strength and
    /// confidence the higher one stays, accesses are added up; the key of `from` is gone.
    ///
    /// An association that both have, by source, kind and target, is that of `into`, with the
    /// higher confidence of the two; it takes the text, attributes and vector of the other if it
    /// has none of these. Associations between the two, and of `from` with itself, are gone. What
    /// is moved counts as recorded now; the time at which its text was created stays.
    ///
    /// Costs a look-up and 64 bytes of commit for each association of `from`, and its text once
    /// more. Fails with [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) unless both exist, and
    /// with [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge) where that is more than a commit
    /// can take: above half a million associations without text. Either way nothing was changed.
    pub fn merge_concepts(&mut self, into: ConceptId, from: ConceptId) -> Result<MergeReport> {
        if into == from {
            return Err(Error::invalid(format!(
                "concept {into} cannot be merged into itself; name two concepts"
            )));
        }
        let mut report = MergeReport::default();
        let gain = self.gain(into, from, &mut report)?;
        let rise = self.rise(into, from, gain.is_some())?;
        let plan = self.plan(into, from, &mut report)?;
        self.delete(from);
        for (record, fact) in &plan.put {
            self.associate(NewAssociation {
                record: *record,
                payload: fact.payload(),
                time_out_of_range: None,
                fact_created_at: fact.created_at,
            })?;
        }
        for record in plan.amend {
            self.amend(record)?;
        }
        if let Some((fixed, payload)) = &gain {
            let payload = payload.payload();
            self.put(NewConcept { fixed: *fixed, key: None, payload })?;
        }
        self.touch(rise)?;
        Ok(report)
    }

    fn existing(&self, id: ConceptId) -> Result<Concept<'_>> {
        let missing = || Error::not_found(format!("no concept {id}; check its key or id"));
        self.concept(&id)?.ok_or_else(missing)
    }

    /// The numbers of `into` afterwards, as a change to what is there; a put sets its count to zero.
    fn rise(&self, into: ConceptId, from: ConceptId, is_put: bool) -> Result<Touch> {
        let (stays, goes) = (self.existing(into)?, self.existing(from)?);
        let (stays, goes) = (stays.record(), goes.record());
        let lost = if is_put { stays.access_count.get() } else { 0 };
        Ok(Touch {
            id: into,
            accesses: goes.access_count.get().saturating_add(lost),
            strength: Some(stays.strength.get().max(goes.strength.get())),
            confidence: Some(stays.confidence.get().max(goes.confidence.get())),
            accessed_at: Some(stays.accessed_at.get().max(goes.accessed_at.get())),
        })
    }

    /// What `into` is to be put as, if it takes anything of the text of `from`.
    fn gain(
        &self,
        into: ConceptId,
        from: ConceptId,
        report: &mut MergeReport,
    ) -> Result<Option<(ConceptPut<'static>, Owned)>> {
        let (stays, goes) = (self.existing(into)?, self.existing(from)?);
        let (mut text, other) = (Owned::copy(&stays)?, Owned::copy(&goes)?);
        report.key = goes.key()?.map(str::to_owned);
        report.content = text.content.is_none() && other.content.is_some();
        report.attributes = text.attributes.is_empty() && !other.attributes.is_empty();
        report.vector = text.vector.is_none() && other.vector.is_some();
        if !(report.content || report.attributes || report.vector) {
            return Ok(None);
        }
        text.content = text.content.or(other.content);
        if report.vector {
            (text.vector, text.space) = (other.vector, other.space);
        }
        if report.attributes {
            text.attributes = other.attributes;
        }
        let record = stays.record();
        let fixed = ConceptPut {
            valid_from: record.valid_from.get(),
            valid_to: record.valid_to.get(),
            source_hash: record.source_hash.get(),
            ..ConceptPut::new(into)
        };
        Ok(Some((fixed, text)))
    }

    fn plan(&self, into: ConceptId, from: ConceptId, report: &mut MergeReport) -> Result<Plan> {
        let neighbors = self.neighbors(&from)?;
        let ensure_fits = |bytes: usize| match bytes > Batch::BYTES_MAX {
            true => Err(Error::too_large(format!(
                "merging concept {from} into {into} moves {} associations, which is more than the \
                 {} bytes that one commit can take; nothing was changed; move them in parts, with \
                 batches, and then delete the concept",
                neighbors.len(),
                Batch::BYTES_MAX,
            ))),
            false => Ok(()),
        };
        ensure_fits(neighbors.len().saturating_mul(AssociationRecord::BYTES))?;
        let mut plan = Plan::default();
        for neighbor in &neighbors {
            if neighbor.id == from || neighbor.id == into {
                report.loops += 1;
            } else {
                self.plan_one(&neighbor.association, into, from, &mut plan, report)?;
            }
            ensure_fits(plan.bytes)?;
        }
        Ok(plan)
    }

    fn plan_one(
        &self,
        old: &AssociationRecord,
        into: ConceptId,
        from: ConceptId,
        plan: &mut Plan,
        report: &mut MergeReport,
    ) -> Result<()> {
        let end = |id: ConceptId| if id == from { into } else { id };
        let (source, target) = (end(old.source), end(old.target));
        let same = self.association(&source, old.kind(), &target)?;
        let fact = match self.fact(old)? {
            Some(fact) if same.is_none_or(|same| !same.has(AssociationFlags::HAS_FACT)) => {
                report.facts += 1;
                Owned::copy(&fact)?
            }
            _ => Owned::default(),
        };
        let Some(mut same) = same else {
            report.moved += 1;
            plan.put(AssociationRecord { source, target, ..*old }, fact);
            return Ok(());
        };
        report.kept += 1;
        let rises = old.confidence.get() > same.confidence.get();
        if rises {
            same.confidence = old.confidence;
        }
        if !fact.payload().is_empty() {
            plan.put(same, fact);
        } else if rises {
            plan.amend(same);
        }
        Ok(())
    }
}

impl Store {
    /// [`Transaction::merge_concepts`] as a durable commit of its own.
    pub fn merge_concepts(&self, into: ConceptId, from: ConceptId) -> Result<MergeReport> {
        let (report, _) = self.transact(|transaction| transaction.merge_concepts(into, from))?;
        Ok(report)
    }
}
