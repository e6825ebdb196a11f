//! [`WriteBatch`]: changes that are committed together, in the form in which they are journalled.

use sutra_format::limits::{
    ATTRIBUTES_BYTES_MAX, CONTENT_BYTES_MAX, KEY_BYTES_MAX, VECTOR_DIMENSION_MAX,
};
use sutra_format::time::{OPEN_END, OPEN_START};
use sutra_format::{AssociationKind, AssociationRecord, ConceptFlags, ConceptId, ConceptRecord};
use zerocopy::little_endian::{F32, I64, U16, U32, U64};

use crate::error::{LsmError, Result};
use crate::journal::{CommitBody, Payload};
use crate::vectors::{SQUARED_LENGTH_MAX, SpaceKey, squared_length};

/// A concept to be put: what is absent here is absent afterwards.
#[derive(Clone, Copy, Debug)]
pub struct ConceptPut<'a> {
    /// Its id.
    pub id: ConceptId,
    /// Its text, at most 16 MiB.
    pub content: Option<&'a str>,
    /// Bytes that the engine keeps and does not read, at most 1 MiB. Empty is none.
    pub attributes: &'a [u8],
    /// The name that the id was made of, at most 1,024 bytes of UTF-8. Empty is none. Of a fact:
    /// its [`FactKey`](sutra_format::FactKey).
    pub key: &'a [u8],
    /// 1 to 65,536 finite values, whose squares sum up to 9e36 at most.
    pub vector: Option<&'a [f32]>,
    /// The code of the vector's space; zero, the default one, takes vectors of any dimension.
    pub space: u16,
    /// How firmly it is held: finite, 1.0 by default.
    pub strength: f32,
    /// How sure it is: finite, 1.0 by default.
    pub confidence: f32,
    /// When it was first put, in milliseconds; the time of the commit when absent.
    pub created_at: Option<u64>,
    /// Since when it holds, in milliseconds.
    pub valid_from: i64,
    /// Until when it holds, in milliseconds, itself excluded.
    pub valid_to: i64,
    /// Where it came from; the caller's to choose.
    pub source_hash: u32,
    /// Whether it carries the text of an association; its key is then a
    /// [`FactKey`](sutra_format::FactKey).
    pub fact: bool,
}

impl<'a> ConceptPut<'a> {
    /// A concept of which nothing is known but that it exists.
    pub fn new(id: ConceptId) -> Self {
        Self {
            id,
            content: None,
            attributes: &[],
            key: &[],
            vector: None,
            space: 0,
            strength: 1.0,
            confidence: 1.0,
            created_at: None,
            valid_from: OPEN_START,
            valid_to: OPEN_END,
            source_hash: 0,
            fact: false,
        }
    }

    /// Whether it can be stored: every part within its limit, every number finite.
    pub fn check(&self) -> Result<()> {
        at_most("content", self.content.map_or(0, str::len), CONTENT_BYTES_MAX)?;
        at_most("attributes", self.attributes.len(), ATTRIBUTES_BYTES_MAX)?;
        at_most("key", self.key.len(), KEY_BYTES_MAX)?;
        if !self.fact && str::from_utf8(self.key).is_err() {
            return Err(LsmError::invalid("key", "it is not UTF-8"));
        }
        finite("strength", self.strength)?;
        finite("confidence", self.confidence)?;
        if self.valid_from > self.valid_to {
            return Err(LsmError::invalid("validity", "it ends before it starts"));
        }
        let Some(vector) = self.vector else {
            let reason = "given without a vector; give both or neither";
            return if self.space == 0 {
                Ok(())
            } else {
                Err(LsmError::invalid("vector space", reason))
            };
        };
        if !(1..=VECTOR_DIMENSION_MAX).contains(&vector.len()) {
            let reason = format!("{} dimensions; 1 to {VECTOR_DIMENSION_MAX} can be", vector.len());
            return Err(LsmError::invalid("vector", reason));
        }
        match vector.iter().position(|value| !value.is_finite()) {
            Some(at) => {
                Err(LsmError::invalid("vector", format!("value {at} is not a finite number")))
            }
            None if squared_length(vector) > SQUARED_LENGTH_MAX => {
                let reason = "its squared length is above 9e36; scale it down";
                Err(LsmError::invalid("vector", reason))
            }
            None => Ok(()),
        }
    }
}

/// A small change to a concept that rewrites neither its text nor its vector. Of a concept that
/// does not exist it changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    /// The concept.
    pub id: ConceptId,
    /// How many accesses to add.
    pub accesses: u32,
    /// The new strength, if it changes.
    pub strength: Option<f32>,
    /// The new confidence, if it changes.
    pub confidence: Option<f32>,
    /// When it was accessed, in milliseconds; the time of the commit when absent.
    pub accessed_at: Option<u64>,
}

impl Touch {
    /// One access now.
    pub fn new(id: ConceptId) -> Self {
        Self { id, accesses: 1, strength: None, confidence: None, accessed_at: None }
    }
}

/// Changes that become visible and durable together or not at all, in the order in which they
/// were added: a later one wins over an earlier one.
#[derive(Debug, Default)]
pub struct WriteBatch {
    body: CommitBody,
    payload: Payload,
    count: u64,
}

impl WriteBatch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many changes it holds.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether it holds no change.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes that it will take in the journal, frame header left out. At most 32 MiB.
    pub fn byte_size(&self) -> usize {
        self.body.concepts.len() * ConceptRecord::BYTES
            + self.body.associations.len() * AssociationRecord::BYTES
            + self.payload.len()
    }

    /// Puts a concept; an older one of that id is replaced as a whole.
    pub fn put_concept(&mut self, put: &ConceptPut<'_>) -> Result<()> {
        put.check()?;
        let mut record =
            ConceptRecord::new(put.id, ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT);
        if let Some(values) = put.vector {
            record.vector_offset = U64::new(self.payload.push_vector(values));
            record.vector_dimension = U32::new(length_u32(values.len()));
            record.vector_space = U16::new(put.space);
        }
        let start = self.payload.len() as u64;
        let mut flags = if put.fact { ConceptFlags::FACT } else { 0 };
        if let Some(content) = put.content {
            self.payload.push_entry(content.as_bytes());
            record.content_length = U32::new(length_u32(content.len()));
            flags |= ConceptFlags::HAS_CONTENT;
        }
        for part in [put.attributes, put.key].into_iter().filter(|part| !part.is_empty()) {
            self.payload.push_entry(part);
        }
        record.attributes_length = U32::new(length_u32(put.attributes.len()));
        record.key_length = U16::new(u16::try_from(put.key.len()).unwrap_or(u16::MAX));
        record.flags = U32::new(flags);
        if record.text_bytes() > 0 {
            record.content_offset = U64::new(start);
        }
        record.strength = F32::new(put.strength);
        record.confidence = F32::new(put.confidence);
        record.created_at = U64::new(put.created_at.unwrap_or(AT_COMMIT));
        record.updated_at = U64::new(AT_COMMIT);
        record.valid_from = I64::new(put.valid_from);
        record.valid_to = I64::new(put.valid_to);
        record.source_hash = U32::new(put.source_hash);
        self.push_concept(record);
        Ok(())
    }

    /// Puts an association; an older one of the same source, kind and target is replaced.
    pub fn put_association(&mut self, record: AssociationRecord) -> Result<()> {
        record.check().map_err(|e| LsmError::invalid("association", e.to_string()))?;
        self.push_association(record);
        Ok(())
    }

    /// Deletes a concept, and every association that touches it. One that does not exist is fine.
    pub fn delete_concept(&mut self, id: ConceptId) {
        self.push_concept(ConceptRecord::tombstone(id));
    }

    /// Deletes the concept that carried the text of an association, and nothing else.
    pub fn delete_fact(&mut self, id: ConceptId) {
        let mut record = ConceptRecord::tombstone(id);
        record.flags = U32::new(ConceptFlags::TOMBSTONE | ConceptFlags::FACT);
        self.push_concept(record);
    }

    /// Deletes an association. One that does not exist is fine.
    pub fn delete_association(
        &mut self,
        source: ConceptId,
        kind: AssociationKind,
        target: ConceptId,
    ) {
        self.push_association(AssociationRecord::tombstone(source, target, kind));
    }

    /// Changes what often changes of a concept.
    pub fn touch(&mut self, touch: &Touch) -> Result<()> {
        let mut record =
            ConceptRecord::new(touch.id, ConceptRecord::ABSENT, 0, ConceptRecord::ABSENT);
        let mut flags = ConceptFlags::DELTA;
        if let Some(strength) = touch.strength {
            finite("strength", strength)?;
            record.strength = F32::new(strength);
            flags |= ConceptFlags::SETS_STRENGTH;
        }
        if let Some(confidence) = touch.confidence {
            finite("confidence", confidence)?;
            record.confidence = F32::new(confidence);
            flags |= ConceptFlags::SETS_CONFIDENCE;
        }
        record.flags = U32::new(flags);
        record.access_count = U32::new(touch.accesses);
        record.accessed_at = U64::new(touch.accessed_at.unwrap_or(AT_COMMIT));
        self.push_concept(record);
        Ok(())
    }

    /// The spaces of its vectors, but for the default one.
    pub(crate) fn spaces(&self) -> impl Iterator<Item = SpaceKey> {
        self.body.concepts.iter().filter_map(SpaceKey::of).filter(|key| key.space > 0)
    }

    /// The body of the commit, with the times that were left open set to `now`.
    pub(crate) fn into_body(self, now: u64) -> CommitBody {
        let mut body = self.body;
        for record in &mut body.concepts {
            for time in [&mut record.created_at, &mut record.updated_at, &mut record.accessed_at] {
                if time.get() == AT_COMMIT {
                    *time = U64::new(now);
                }
            }
        }
        body.payload = self.payload;
        body
    }

    fn push_concept(&mut self, mut record: ConceptRecord) {
        record.seq = U64::new(self.count);
        self.count += 1;
        self.body.concepts.push(record);
    }

    fn push_association(&mut self, mut record: AssociationRecord) {
        record.seq = U64::new(self.count);
        self.count += 1;
        self.body.associations.push(record);
    }
}

/// Stands for the time of the commit until that is known.
const AT_COMMIT: u64 = u64::MAX;

fn at_most(what: &'static str, bytes: usize, limit: usize) -> Result<()> {
    if bytes > limit {
        return Err(LsmError::invalid(what, format!("{bytes} bytes; at most {limit} can be")));
    }
    Ok(())
}

fn finite(what: &'static str, value: f32) -> Result<()> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(LsmError::invalid(what, format!("{value} is not a finite number")))
    }
}

fn length_u32(length: usize) -> u32 {
    u32::try_from(length).expect("limits are below 4 GiB and were checked")
}
