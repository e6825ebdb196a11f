//! Random histories against the model: what a transaction sees after each of its changes, and what
//! the store has after each commit, flush, merge of segments and reopening.

use sutra_storage::{
    AssociationKind, Durability, ErrorKind, Existing, Store, Touch, Transaction, time,
};
use sutra_testkit::SplitMix;

use super::model::{Edge, KEYS, KINDS, Model, Node, Text, id, shown};
use super::open;

const HISTORIES: u64 = 12;
const ROUNDS: usize = 40;

struct History {
    rng: SplitMix,
    model: Model,
}

#[test]
fn random_histories_leave_what_the_model_has() {
    for seed in 0..HISTORIES {
        let place = tempfile::tempdir().unwrap();
        let mut store = open(place.path());
        store.register_kind("semantic").unwrap();
        let mut history = History { rng: SplitMix::new(seed), model: Model::default() };
        for round in 0..ROUNDS {
            history.round(&store);
            let stored = Model::of(&store.snapshot());
            assert_eq!(stored, history.model, "seed {seed}, round {round}");
            match history.rng.below(16) {
                0 => store.flush().unwrap(),
                1 => store.compact().unwrap(),
                2 => {
                    store.close().unwrap();
                    store = open(place.path());
                }
                _ => {}
            }
            let stored = Model::of(&store.snapshot());
            assert_eq!(stored, history.model, "seed {seed}, after round {round}");
        }
    }
}

impl History {
    /// One transaction, which is now and then given up.
    fn round(&mut self, store: &Store) {
        let before = self.model.clone();
        let mut transaction = store.transaction();
        for _ in 0..=self.rng.below(6) {
            self.change(&mut transaction);
            assert_eq!(Model::of_transaction(&transaction), self.model);
            for key in 0..KEYS.len() {
                let found = transaction.neighbors(&id(key)).unwrap();
                assert_eq!(shown(&found), self.model.neighbors(key), "of {key}");
            }
        }
        if self.rng.chance(1, 8) {
            self.model = before;
        } else {
            transaction.commit_with(Durability::None).unwrap();
        }
    }

    fn change(&mut self, transaction: &mut Transaction<'_>) {
        let key = self.key();
        match self.rng.below(16) {
            0..=2 => {
                let node = self.node();
                transaction.put(node.new_concept(key)).unwrap();
                self.model.nodes.insert(key, node);
            }
            3..=7 => {
                let (name, edge) = (self.name(), self.edge());
                transaction.associate(edge.new_association(name)).unwrap();
                self.model.edges.insert(name, edge);
            }
            8 => {
                transaction.delete(id(key));
                self.model.delete(key);
            }
            9 => {
                let name = self.name();
                let kind = AssociationKind::from_code(name.1);
                transaction.dissociate(id(name.0), kind, id(name.2));
                self.model.edges.remove(&name);
            }
            10 => self.touch(transaction, key),
            11 => self.upsert(transaction, key),
            12 => self.invalidate(transaction),
            _ => self.merge(transaction, key),
        }
    }

    fn touch(&mut self, transaction: &mut Transaction<'_>, key: usize) {
        let strength = self.rng.chance(1, 2).then(|| self.number());
        transaction.touch(Touch { strength, ..Touch::new(id(key)) }).unwrap();
        if let Some(node) = self.model.nodes.get_mut(&key) {
            node.accesses += 1;
            node.strength = strength.unwrap_or(node.strength);
        }
    }

    fn upsert(&mut self, transaction: &mut Transaction<'_>, key: usize) {
        let existing = *self.rng.pick(&[Existing::Keep, Existing::Replace]);
        let node = self.node();
        let upserted = transaction.upsert(node.new_concept(key), existing).unwrap();
        let is_new = self.model.upsert(key, &node, existing);
        assert_eq!((upserted.id, upserted.is_new), (id(key), is_new));
    }

    fn invalidate(&mut self, transaction: &mut Transaction<'_>) {
        let (name, at) = (self.name(), self.time());
        let kind = AssociationKind::from_code(name.1);
        let ended = transaction.invalidate(id(name.0), kind, id(name.2), at);
        match self.model.invalidate(name, at) {
            Some(()) => assert_eq!(ended.unwrap().valid_to(), at),
            None => {
                let kind = ended.unwrap_err().kind();
                assert!(matches!(kind, ErrorKind::NotFound | ErrorKind::InvalidInput));
            }
        }
    }

    fn merge(&mut self, transaction: &mut Transaction<'_>, into: usize) {
        let from = self.key();
        let merged = transaction.merge_concepts(id(into), id(from));
        match self.model.merge(into, from) {
            Some(report) => assert_eq!(merged.unwrap(), report),
            None => {
                let kind = merged.unwrap_err().kind();
                assert!(matches!(kind, ErrorKind::NotFound | ErrorKind::InvalidInput));
            }
        }
    }

    fn key(&mut self) -> usize {
        usize::try_from(self.rng.below(KEYS.len() as u64)).unwrap()
    }

    fn name(&mut self) -> (usize, u16, usize) {
        let kind = u16::try_from(self.rng.below(KINDS.into())).unwrap();
        (self.key(), kind, self.key())
    }

    fn number(&mut self) -> f32 {
        f32::from(u8::try_from(self.rng.below(9)).unwrap()) / 4.0
    }

    fn time(&mut self) -> i64 {
        i64::try_from(self.rng.below(100)).unwrap() - 50
    }

    fn text(&mut self) -> Text {
        let content = format!("text {}", self.rng.below(1000));
        let attributes = format!("{{\"n\":{}}}", self.rng.below(1000));
        Text {
            content: self.rng.chance(1, 2).then_some(content),
            attributes: if self.rng.chance(1, 2) { attributes } else { String::new() },
            vector: self.rng.chance(1, 2).then(|| vec![self.number(), 1.0]),
        }
    }

    fn node(&mut self) -> Node {
        let (strength, confidence) = (self.number(), self.number());
        Node { text: self.text(), strength, confidence, accesses: 0 }
    }

    fn edge(&mut self) -> Edge {
        let (from, to) = (self.time(), self.time());
        let valid = match self.rng.below(3) {
            0 => (time::OPEN_START, time::OPEN_END),
            1 => (from, time::OPEN_END),
            _ => (from.min(to), from.max(to)),
        };
        let fact = Some(self.text()).filter(|text| !text.is_empty());
        Edge { weight: self.number(), confidence: self.number(), valid, fact }
    }
}
