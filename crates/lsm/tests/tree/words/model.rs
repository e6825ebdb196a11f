//! What is visible, in plain maps, and an index made afresh of it.

use std::collections::BTreeMap;

use sutra_format::{AssociationFlags, AssociationKind, AssociationRecord, ConceptId, FactKey};
use sutra_index::words::search::{Query, Source, search};
use sutra_index::words::{Analyser, Section, SectionBuilder};
use sutra_lsm::{ConceptPut, Touch, WriteBatch};
use zerocopy::IntoBytes;
use zerocopy::little_endian::U16;

const KIND: AssociationKind = AssociationKind::CAUSAL;

/// A change of a batch; concepts are small numbers.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Put(u8, Option<String>),
    Touch(u8),
    Delete(u8),
    /// An association, with a text or without.
    Associate(u8, u8, Option<String>),
    Dissociate(u8, u8),
    TouchFact(u8, u8),
}

pub(crate) fn id(n: u8) -> ConceptId {
    ConceptId::from_key(&n.to_string())
}

pub(crate) fn fact(a: u8, b: u8) -> ConceptId {
    ConceptId::of_fact(id(a), KIND, id(b))
}

/// Ids and scores, the best first.
pub(crate) type Answer = Vec<(u32, ConceptId)>;

/// Every text that a search can find.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// What makes words of the texts.
    pub(crate) analyser: Analyser,
    concepts: BTreeMap<u8, Option<String>>,
    /// Associations, and their texts.
    links: BTreeMap<(u8, u8), Option<String>>,
}

impl Model {
    /// Nothing yet, of which this makes words.
    pub(crate) fn indexed_by(analyser: Analyser) -> Self {
        Self { analyser, ..Self::default() }
    }

    /// Applies a change here and adds it to a batch.
    pub(crate) fn change(&mut self, change: &Change, batch: &mut WriteBatch) {
        match change {
            Change::Put(n, text) => {
                self.concepts.insert(*n, text.clone());
                let put = ConceptPut { content: text.as_deref(), ..ConceptPut::new(id(*n)) };
                batch.put_concept(&put).expect("a good concept");
            }
            Change::Touch(n) => batch.touch(&Touch::new(id(*n))).expect("a good touch"),
            Change::Delete(n) => {
                self.concepts.remove(n);
                self.links.retain(|(a, b), _| a != n && b != n);
                batch.delete_concept(id(*n));
            }
            Change::Associate(a, b, text) => {
                self.links.insert((*a, *b), text.clone());
                associate(batch, *a, *b, text.as_deref());
            }
            Change::Dissociate(a, b) => {
                self.links.remove(&(*a, *b));
                batch.delete_association(id(*a), KIND, id(*b));
                batch.delete_fact(fact(*a, *b));
            }
            Change::TouchFact(a, b) => {
                batch.touch(&Touch::new(fact(*a, *b))).expect("a good touch");
            }
        }
    }

    /// What an index over just these texts answers, and all that match.
    pub(crate) fn answer(&self, query: &Query, limit: usize) -> Answer {
        let concepts = self.concepts.iter().map(|(n, text)| (id(*n), text));
        let facts = self.links.iter().map(|((a, b), text)| (fact(*a, *b), text));
        let texts = concepts.chain(facts).filter_map(|(id, text)| Some((id, text.as_ref()?)));
        let mut texts: Vec<(ConceptId, &String)> = texts.collect();
        texts.sort();
        let mut builder = SectionBuilder::new(self.analyser, true);
        for (row, (_, text)) in (0..).zip(&texts) {
            builder.put(row, text).expect("a good text");
        }
        let bytes = builder.finish(texts.len() as u32).expect("few texts");
        let sources = [Source::section(Section::open(&bytes).expect("a good section"))];
        let hits = search(&sources, query, limit, |_, row| row, |_, _| true).expect("readable");
        hits.into_iter().map(|hit| (hit.score.to_bits(), texts[hit.row as usize].0)).collect()
    }
}

fn associate(batch: &mut WriteBatch, a: u8, b: u8, text: Option<&str>) {
    let mut record = AssociationRecord::new(id(a), id(b), KIND, 1.0);
    let Some(text) = text else {
        batch.put_association(record).expect("a good association");
        batch.delete_fact(fact(a, b));
        return;
    };
    record.flags = U16::new(AssociationFlags::HAS_FACT);
    batch.put_association(record).expect("a good association");
    let key = FactKey { source: id(a), kind: U16::new(KIND.code()), target: id(b) };
    let put = ConceptPut {
        content: Some(text),
        key: key.as_bytes(),
        fact: true,
        ..ConceptPut::new(fact(a, b))
    };
    batch.put_concept(&put).expect("a good fact");
}
