//! The store as two maps, and every operation in the plainest way.

use std::collections::BTreeMap;

use sutra_storage::{
    AssociationKind, AssociationRecord, Concept, ConceptId, Direction, Existing, MergeReport,
    Neighbor, NewAssociation, NewConcept, Snapshot, Transaction,
};

/// Keys of concepts.
pub(crate) const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
pub(crate) const KINDS: u16 = 3;

pub(crate) fn id(key: usize) -> ConceptId {
    ConceptId::from_key(KEYS[key])
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Text {
    pub(crate) content: Option<String>,
    pub(crate) attributes: String,
    pub(crate) vector: Option<Vec<f32>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) text: Text,
    pub(crate) strength: f32,
    pub(crate) confidence: f32,
    pub(crate) accesses: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edge {
    pub(crate) weight: f32,
    pub(crate) confidence: f32,
    pub(crate) valid: (i64, i64),
    pub(crate) fact: Option<Text>,
}

/// Source, kind, target.
pub(crate) type Name = (usize, u16, usize);

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Model {
    pub(crate) nodes: BTreeMap<usize, Node>,
    pub(crate) edges: BTreeMap<Name, Edge>,
}

impl Text {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn of(concept: &Concept<'_>) -> Self {
        Self {
            content: concept.content().unwrap().map(str::to_owned),
            attributes: concept.attributes().unwrap().unwrap_or_default().to_owned(),
            vector: concept.vector().unwrap().map(<[f32]>::to_vec),
        }
    }
}

impl Node {
    pub(crate) fn new_concept(&self, key: usize) -> NewConcept<'_> {
        let mut concept = NewConcept::with_key(KEYS[key]).attributes(&self.text.attributes);
        if let Some(content) = &self.text.content {
            concept = concept.content(content);
        }
        if let Some(vector) = &self.text.vector {
            concept = concept.vector(vector);
        }
        concept.strength(self.strength).confidence(self.confidence)
    }

    fn of(concept: &Concept<'_>) -> Self {
        let record = concept.record();
        Self {
            text: Text::of(concept),
            strength: record.strength.get(),
            confidence: record.confidence.get(),
            accesses: record.access_count.get(),
        }
    }
}

impl Edge {
    pub(crate) fn new_association(&self, (source, kind, target): Name) -> NewAssociation<'_> {
        let kind = AssociationKind::from_code(kind);
        let mut association = NewAssociation::new(id(source), kind, id(target))
            .weight(self.weight)
            .confidence(self.confidence)
            .valid(Some(self.valid.0), Some(self.valid.1));
        if let Some(fact) = &self.fact {
            association = association.attributes(&fact.attributes);
            if let Some(content) = &fact.content {
                association = association.content(content);
            }
            if let Some(vector) = &fact.vector {
                association = association.vector(vector);
            }
        }
        association
    }

    fn of(record: &AssociationRecord, fact: Option<Concept<'_>>) -> Self {
        Self {
            weight: record.weight.get(),
            confidence: record.confidence.get(),
            valid: (record.valid_from(), record.valid_to()),
            fact: fact.as_ref().map(Text::of),
        }
    }
}

impl Model {
    pub(crate) fn delete(&mut self, key: usize) {
        self.nodes.remove(&key);
        self.edges.retain(|(source, _, target), _| *source != key && *target != key);
    }

    /// Whether it was new.
    pub(crate) fn upsert(&mut self, key: usize, node: &Node, existing: Existing) -> bool {
        let is_new = !self.nodes.contains_key(&key);
        if is_new || existing == Existing::Replace {
            self.nodes.insert(key, node.clone());
        }
        is_new
    }

    /// None: it cannot be done.
    pub(crate) fn invalidate(&mut self, name: Name, at: i64) -> Option<()> {
        let edge = self.edges.get_mut(&name).filter(|edge| edge.valid.0 <= at)?;
        edge.valid.1 = at;
        Some(())
    }

    /// None: it cannot be done.
    pub(crate) fn merge(&mut self, into: usize, from: usize) -> Option<MergeReport> {
        if into == from || !self.nodes.contains_key(&into) || !self.nodes.contains_key(&from) {
            return None;
        }
        let mut report = MergeReport { key: Some(KEYS[from].to_owned()), ..Default::default() };
        let from_node = self.nodes.remove(&from).unwrap();
        let node = self.nodes.get_mut(&into).unwrap();
        node.strength = node.strength.max(from_node.strength);
        node.confidence = node.confidence.max(from_node.confidence);
        node.accesses += from_node.accesses;
        let (text, other) = (&mut node.text, from_node.text);
        if text.content.is_none() && other.content.is_some() {
            (text.content, report.content) = (other.content, true);
        }
        if text.attributes.is_empty() && !other.attributes.is_empty() {
            (text.attributes, report.attributes) = (other.attributes, true);
        }
        if text.vector.is_none() && other.vector.is_some() {
            (text.vector, report.vector) = (other.vector, true);
        }
        let end = |key: usize| if key == from { into } else { key };
        for ((source, kind, target), edge) in self.edges.clone() {
            if source != from && target != from {
                continue;
            }
            self.edges.remove(&(source, kind, target));
            if end(source) == end(target) {
                report.loops += 1;
                continue;
            }
            let name = (end(source), kind, end(target));
            match self.edges.get_mut(&name) {
                None => {
                    report.moved += 1;
                    report.facts += u64::from(edge.fact.is_some());
                    self.edges.insert(name, edge);
                }
                Some(kept) => {
                    report.kept += 1;
                    kept.confidence = kept.confidence.max(edge.confidence);
                    if kept.fact.is_none() && edge.fact.is_some() {
                        report.facts += 1;
                        kept.fact = edge.fact;
                    }
                }
            }
        }
        Some(report)
    }

    /// What a snapshot sees, every record of it.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let key = |id: &ConceptId| KEYS.iter().position(|key| ConceptId::from_key(key) == *id);
        let mut model = Self::default();
        for concept in snapshot.iter().unwrap() {
            let concept = concept.unwrap();
            let at = key(&concept.id()).unwrap();
            assert_eq!(concept.key().unwrap(), Some(KEYS[at]));
            model.nodes.insert(at, Node::of(&concept));
        }
        for record in snapshot.iter_associations().unwrap() {
            let record = record.unwrap();
            let fact = snapshot.fact(&record).unwrap();
            let name =
                (key(&record.source).unwrap(), record.kind().code(), key(&record.target).unwrap());
            model.edges.insert(name, Edge::of(&record, fact));
        }
        model
    }

    /// What a transaction sees, asked for one by one.
    pub(crate) fn of_transaction(transaction: &Transaction<'_>) -> Self {
        let mut model = Self::default();
        for (at, key) in KEYS.iter().enumerate() {
            if let Some(concept) = transaction.concept(&id(at)).unwrap() {
                assert_eq!(concept.key().unwrap(), Some(*key));
                model.nodes.insert(at, Node::of(&concept));
            }
            for other in 0..KEYS.len() {
                for code in 0..KINDS {
                    let kind = AssociationKind::from_code(code);
                    let found = transaction.association(&id(at), kind, &id(other)).unwrap();
                    let Some(record) = found else { continue };
                    let fact = transaction.fact(&record).unwrap();
                    model.edges.insert((at, code, other), Edge::of(&record, fact));
                }
            }
        }
        model
    }

    /// What the neighbours of a concept are, as a transaction gives them: direction, kind, other
    /// end, weight.
    pub(crate) fn neighbors(&self, key: usize) -> Vec<(bool, u16, ConceptId, f32)> {
        let mut found = Vec::new();
        for ((source, kind, target), edge) in &self.edges {
            if *source == key {
                found.push((false, *kind, id(*target), edge.weight));
            } else if *target == key {
                found.push((true, *kind, id(*source), edge.weight));
            }
        }
        found.sort_by_key(|(direction, kind, id, _)| (*direction, *kind, *id));
        found
    }
}

/// The same of what a transaction gave.
pub(crate) fn shown(neighbors: &[Neighbor]) -> Vec<(bool, u16, ConceptId, f32)> {
    let shown = neighbors.iter().map(|neighbor| {
        let record = &neighbor.association;
        let is_incoming = neighbor.direction == Direction::Incoming;
        (is_incoming, record.kind().code(), neighbor.id, record.weight.get())
    });
    shown.collect()
}
