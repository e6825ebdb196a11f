//! Operations on a store in memory, beside plain maps: both must always say the same.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sutra_format::{AssociationKind, AssociationRecord, ConceptId};
use sutra_lsm::{
    Background, CompactionConfig, ConceptPut, Durability, Environment, LsmTree, Touch, WriteBatch,
};
use sutra_testkit::SimDir;

#[derive(Arbitrary, Debug)]
enum Operation {
    Put(u8, Option<String>, bool),
    Touch(u8),
    Delete(u8),
    Associate(u8, u8, u8),
    Dissociate(u8, u8, u8),
    Flush,
    CompactLevel(u8),
    CompactAll,
    Reopen,
    /// The process ends without closing the store; the system goes on.
    Vanish,
}

#[derive(Default)]
struct Model {
    /// Text, whether there is a vector, accesses.
    concepts: BTreeMap<u8, (Option<String>, bool, u32)>,
    associations: BTreeSet<(u8, u16, u8)>,
}

fn id(n: u8) -> ConceptId {
    ConceptId::from_bytes([n; 16])
}

fn open(dir: &SimDir) -> LsmTree<SimDir> {
    let config = CompactionConfig { max_segment_size: 4096, ..CompactionConfig::default() };
    let environment = Environment {
        entropy: Some(1),
        background: Background::Manual,
        ..Environment::default()
    };
    LsmTree::open_in(dir.clone(), config, environment).expect("the store opens")
}

fuzz_target!(|operations: Vec<Operation>| {
    let mut dir = SimDir::new();
    let mut tree = Some(open(&dir));
    let mut model = Model::default();
    for operation in operations {
        match operation {
            Operation::Flush => tree.as_ref().unwrap().flush().expect("flushed"),
            Operation::CompactAll => tree.as_ref().unwrap().compact_all().expect("compacted"),
            Operation::CompactLevel(level) => {
                tree.as_ref().unwrap().compact_level(u32::from(level % 4)).map(drop).expect("done");
            }
            Operation::Reopen => {
                tree.take().unwrap().close().expect("closed");
                tree = Some(open(&dir));
            }
            Operation::Vanish => {
                dir = SimDir::from_image(&dir.image());
                tree = Some(open(&dir));
            }
            change => {
                let batch = apply(change, &mut model);
                tree.as_ref().unwrap().commit(batch, Durability::None).expect("committed");
            }
        }
        compare(tree.as_ref().unwrap(), &model);
    }
    let report = tree.unwrap().verify(&mut |_| {}).expect("readable");
    assert_eq!(report.damages, []);
});

fn apply(change: Operation, model: &mut Model) -> WriteBatch {
    let mut batch = WriteBatch::new();
    match change {
        Operation::Put(n, content, vector) => {
            let values = [f32::from(n), 0.5];
            let put = ConceptPut {
                content: content.as_deref(),
                vector: vector.then_some(&values),
                ..ConceptPut::new(id(n))
            };
            batch.put_concept(&put).expect("a good concept");
            model.concepts.insert(n, (content, vector, 0));
        }
        Operation::Touch(n) => {
            batch.touch(&Touch::new(id(n))).expect("a good touch");
            if let Some(concept) = model.concepts.get_mut(&n) {
                concept.2 += 1;
            }
        }
        Operation::Delete(n) => {
            batch.delete_concept(id(n));
            model.concepts.remove(&n);
            model.associations.retain(|link| link.0 != n && link.2 != n);
        }
        Operation::Associate(a, kind, b) => {
            let kind = AssociationKind::from_code(u16::from(kind));
            let record = AssociationRecord::new(id(a), id(b), kind, 1.0);
            batch.put_association(record).expect("a good association");
            model.associations.insert((a, kind.code(), b));
        }
        Operation::Dissociate(a, kind, b) => {
            let kind = AssociationKind::from_code(u16::from(kind));
            batch.delete_association(id(a), kind, id(b));
            model.associations.remove(&(a, kind.code(), b));
        }
        _ => unreachable!("the others change nothing"),
    }
    batch
}

fn compare(tree: &LsmTree<SimDir>, model: &Model) {
    let snapshot = tree.snapshot();
    for n in 0..=u8::MAX {
        let found = snapshot.concept(&id(n)).expect("readable").map(|concept| {
            let content = concept.content().expect("readable").map(str::to_owned);
            let vector = concept.vector().expect("readable").is_some();
            (content, vector, concept.record().access_count.get())
        });
        assert_eq!(found.as_ref(), model.concepts.get(&n));
        let name = |record: &AssociationRecord| {
            (record.source.as_bytes()[0], record.kind().code(), record.target.as_bytes()[0])
        };
        let outgoing: BTreeSet<_> =
            snapshot.outgoing(&id(n)).expect("readable").iter().map(name).collect();
        let incoming: BTreeSet<_> =
            snapshot.incoming(&id(n)).expect("readable").iter().map(name).collect();
        assert!(outgoing.iter().eq(model.associations.iter().filter(|link| link.0 == n)));
        assert!(incoming.iter().eq(model.associations.iter().filter(|link| link.2 == n)));
    }
    let walked = snapshot.iter_concepts().expect("readable").count();
    assert_eq!(walked, model.concepts.len());
    let walked = snapshot.iter_associations().expect("readable").count();
    assert_eq!(walked, model.associations.len());
}
