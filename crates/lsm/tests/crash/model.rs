//! What a store should say after each commit: changes, applied to plain maps one by one.

use sutra_format::time::{OPEN_END, OPEN_START, pack_48};
use sutra_format::{AssociationFlags, AssociationKind, AssociationRecord, ConceptId, FactKey};
use sutra_lsm::{ConceptPut, Touch, WriteBatch};
use zerocopy::IntoBytes;
use zerocopy::little_endian::{F32, U16, U64};

use super::content::{Content, View};

/// One change of a batch. Concepts are named by small numbers; what is put depends on the name and
/// on the time, so that no two versions are alike.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// Puts a concept with so many bytes of text, unless `None`, and so many dimensions, unless 0.
    Put {
        n: u64,
        text: Option<usize>,
        vector: usize,
    },
    /// Puts a concept with a vector of three dimensions in a space.
    PutIn(u64, u16),
    /// Puts a concept with a short text that holds until then.
    PutUntil(u64, i64),
    Touch(u64),
    Delete(u64),
    Associate(u64, u16, u64),
    /// An association with a text of its own.
    State(u64, u16, u64),
    /// An association that holds from then until then.
    During(u64, u16, u64, [i64; 2]),
    Dissociate(u64, u16, u64),
}

pub(crate) fn id(n: u64) -> ConceptId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    ConceptId::from_bytes(bytes)
}

impl Change {
    /// Adds the change to a batch that is committed at `time`.
    pub(crate) fn add_to(self, batch: &mut WriteBatch, time: u64) {
        match self {
            Self::Put { n, text, vector } => {
                let (text, vector) = (text.map(|bytes| prose(n, time, bytes)), values(n, vector));
                let (attributes, key) = (attributes(n), n.to_string());
                let put = ConceptPut {
                    content: text.as_deref(),
                    attributes: &attributes,
                    key: key.as_bytes(),
                    vector: (!vector.is_empty()).then_some(&vector),
                    source_hash: 7,
                    ..ConceptPut::new(id(n))
                };
                batch.put_concept(&put).unwrap();
            }
            Self::PutIn(n, space) => {
                let vector = values(n, 3);
                let put = ConceptPut { vector: Some(&vector), space, ..ConceptPut::new(id(n)) };
                batch.put_concept(&put).unwrap();
            }
            Self::PutUntil(n, valid_to) => {
                let text = prose(n, time, 30);
                let content = Some(text.as_str());
                let put = ConceptPut { content, valid_to, ..ConceptPut::new(id(n)) };
                batch.put_concept(&put).unwrap();
            }
            Self::Touch(n) => {
                let strength = (n % 2 == 0).then_some(time as f32);
                batch.touch(&Touch { accesses: 3, strength, ..Touch::new(id(n)) }).unwrap();
            }
            Self::Delete(n) => batch.delete_concept(id(n)),
            Self::Associate(a, kind, b) => {
                batch.put_association(association(a, kind, b, time, false)).unwrap();
                batch.delete_fact(fact_key(a, kind, b).id());
            }
            Self::During(a, kind, b, validity) => {
                let record = held(association(a, kind, b, time, false), validity);
                batch.put_association(record).unwrap();
                batch.delete_fact(fact_key(a, kind, b).id());
            }
            Self::State(a, kind, b) => {
                batch.put_association(association(a, kind, b, time, true)).unwrap();
                let (key, text) = (fact_key(a, kind, b), prose(a, time, 40));
                let put = ConceptPut {
                    content: Some(&text),
                    key: key.as_bytes(),
                    fact: true,
                    ..ConceptPut::new(key.id())
                };
                batch.put_concept(&put).unwrap();
            }
            Self::Dissociate(a, kind, b) => {
                batch.delete_association(id(a), AssociationKind::from_code(kind), id(b));
                batch.delete_fact(fact_key(a, kind, b).id());
            }
        }
    }

    /// Does to `content` what the change does to a store; gives the next sequence number.
    pub(crate) fn apply(self, content: &mut Content, time: u64, seq: u64) -> u64 {
        match self {
            Self::Put { n, text, vector } => {
                let (vector, source_hash) = (values(n, vector), 7);
                let view = View {
                    content: text.map(|bytes| prose(n, time, bytes)),
                    attributes: attributes(n),
                    key: n.to_string().into_bytes(),
                    vector: (!vector.is_empty()).then_some(vector),
                    source_hash,
                    ..view(time, seq)
                };
                content.concepts.insert(id(n), view);
            }
            Self::PutIn(n, space) => {
                let vector = Some(values(n, 3));
                content.concepts.insert(id(n), View { vector, space, ..view(time, seq) });
            }
            Self::PutUntil(n, valid_to) => {
                let (content_of, valid) = (Some(prose(n, time, 30)), (OPEN_START, valid_to));
                let view = View { content: content_of, valid, ..view(time, seq) };
                content.concepts.insert(id(n), view);
            }
            Self::Touch(n) => {
                if let Some(view) = content.concepts.get_mut(&id(n)) {
                    // The clock may have gone back.
                    (view.seq, view.accessed_at) = (seq, view.accessed_at.max(time));
                    view.accesses += 3;
                    if n % 2 == 0 {
                        view.strength = time as f32;
                    }
                }
            }
            Self::Delete(n) => {
                content.concepts.remove(&id(n));
                content.associations.retain(|link, _| link.0 != id(n) && link.2 != id(n));
                content.facts.retain(|link, _| link.0 != id(n) && link.2 != id(n));
            }
            Self::Associate(a, kind, b) | Self::State(a, kind, b) => {
                let states = matches!(self, Self::State(..));
                let record = association(a, kind, b, time, states);
                let record = AssociationRecord { seq: U64::new(seq), ..record };
                content.associations.insert((id(a), kind, id(b)), record);
                content.facts.remove(&(id(a), kind, id(b)));
                if states {
                    let key = fact_key(a, kind, b).as_bytes().to_vec();
                    let text = Some(prose(a, time, 40));
                    let view = View { content: text, key, ..view(time, seq + 1) };
                    content.facts.insert((id(a), kind, id(b)), view);
                }
                return seq + 2;
            }
            Self::During(a, kind, b, validity) => {
                let record = held(association(a, kind, b, time, false), validity);
                let record = AssociationRecord { seq: U64::new(seq), ..record };
                content.associations.insert((id(a), kind, id(b)), record);
                content.facts.remove(&(id(a), kind, id(b)));
                return seq + 2;
            }
            Self::Dissociate(a, kind, b) => {
                content.associations.remove(&(id(a), kind, id(b)));
                content.facts.remove(&(id(a), kind, id(b)));
                return seq + 2;
            }
        }
        seq + 1
    }
}

fn view(time: u64, seq: u64) -> View {
    View {
        seq,
        created_at: time,
        updated_at: time,
        valid: (OPEN_START, OPEN_END),
        strength: 1.0,
        confidence: 1.0,
        ..View::default()
    }
}

fn association(a: u64, kind: u16, b: u64, time: u64, states: bool) -> AssociationRecord {
    let kind = AssociationKind::from_code(kind);
    let flags = if states { AssociationFlags::HAS_FACT } else { 0 };
    let (weight, flags) = (F32::new(time as f32), U16::new(flags));
    AssociationRecord { weight, flags, ..AssociationRecord::new(id(a), id(b), kind, 0.5) }
}

fn held(record: AssociationRecord, [from, to]: [i64; 2]) -> AssociationRecord {
    AssociationRecord { valid_from_48: pack_48(from), valid_to_48: pack_48(to), ..record }
}

fn fact_key(a: u64, kind: u16, b: u64) -> FactKey {
    FactKey::new(id(a), AssociationKind::from_code(kind), id(b))
}

/// A line of words, then marks: a text is long to fill files, and words take long to be indexed.
fn prose(n: u64, time: u64, bytes: usize) -> String {
    const MARKS: [char; 7] = ['.', ':', ';', '-', '!', '?', '/'];
    let line = format!("concept {n} as of {time}. ");
    let first = usize::try_from(n.wrapping_add(time) % MARKS.len() as u64).unwrap();
    let marks = MARKS.into_iter().cycle().skip(first);
    line.chars().chain(marks).take(bytes).collect()
}

fn attributes(n: u64) -> Vec<u8> {
    if n.is_multiple_of(3) { format!("{{\"n\":{n}}}").into_bytes() } else { Vec::new() }
}

fn values(n: u64, dimensions: usize) -> Vec<f32> {
    (0..dimensions).map(|dimension| (n * 100) as f32 + dimension as f32).collect()
}
