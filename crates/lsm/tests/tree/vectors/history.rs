//! Random histories against plain maps, with snapshots that are held while it goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use sutra_fs::OsDir;
use sutra_lsm::{
    CompactionConfig, Durability, Environment, LSMTree, Retention, SalvageOptions, Snapshot,
    StoreIdentity, WriteBatch, restore, salvage,
};
use sutra_testkit::SplitMix;

use super::model::{Model, id, spaces};

fn open(dir: &tempfile::TempDir) -> LSMTree {
    LSMTree::open(dir.path(), CompactionConfig::default()).expect("the store opens")
}

/// Commits some changes, and perhaps something that must be refused as a whole. Returns when.
fn commit(store: &LSMTree, model: &mut Model, chance: &mut SplitMix) -> u64 {
    let mut batch = WriteBatch::new();
    for _ in 0..=chance.below(5) {
        model.change(chance, &mut batch);
    }
    let time = store.commit(batch, Durability::None).expect("committed").time;
    if chance.below(4) == 0 {
        let (batch, is_right) = model.misfit(chance);
        let error = store.commit(batch, Durability::None).expect_err("refused");
        assert!(is_right(&error), "{error}");
    }
    time
}

/// Registers one space more, if there is one, and one that is there already.
fn register(store: &LSMTree, model: &mut Model) {
    let spaces = spaces();
    let next = spaces.len().min(usize::from(model.registered) + 1);
    let codes = store.register_spaces(&[spaces[next - 1].clone(), spaces[0].clone()]);
    assert_eq!(codes.expect("registered"), [next as u16, 1]);
    model.registered = next as u16;
}

fn live(seed: u64) {
    let mut chance = SplitMix::new(seed);
    let dir = tempfile::tempdir().expect("a directory");
    let mut tree = Some(open(&dir));
    let mut model = Model::default();
    let mut held: Vec<(Snapshot, Model)> = Vec::new();
    let mut past: BTreeMap<u64, Model> = BTreeMap::new();
    for _ in 0..40 {
        let store = tree.get_or_insert_with(|| open(&dir));
        if seed.is_multiple_of(2) {
            store.set_retention(Retention::Forever).expect("it can be kept");
        }
        let time = commit(store, &mut model, &mut chance);
        past.insert(time, model.clone());
        match chance.below(14) {
            0..=2 => store.flush().expect("flushed"),
            3 => drop(store.compact_level(chance.below(3) as u32).expect("compacted")),
            4 => store.compact_all().expect("compacted"),
            5 => held.push((store.snapshot(), model.clone())),
            6 => {
                held.clear();
                tree.take().expect("open").close().expect("closed");
                continue;
            }
            7 | 8 => register(store, &mut model),
            9 => {
                let gone = id(chance.below(24));
                store.erase(&[gone]).expect("erased");
                model.concepts.remove(&gone);
                past.values_mut().for_each(|then| drop(then.concepts.remove(&gone)));
            }
            _ => {}
        }
        model.check(&store.snapshot(), &mut chance);
        if let Some((snapshot, then)) = held.first() {
            then.check(snapshot, &mut chance);
        }
        let some = chance.below(past.len() as u64) as usize;
        if let Some((time, then)) = past.iter().nth(some).filter(|_| seed.is_multiple_of(2)) {
            // Spaces are those that are known by now.
            let then = Model { registered: model.registered, ..then.clone() };
            then.check(&store.snapshot_at(*time).expect("kept"), &mut chance);
        }
    }
    let store = tree.unwrap_or_else(|| open(&dir));
    assert_eq!(store.verify(&mut |_| {}).expect("readable").damages, []);
    for (snapshot, then) in &held {
        then.check(snapshot, &mut chance);
    }
    if seed.is_multiple_of(5) {
        check_copies(store, &dir, &model, &mut chance);
    }
}

/// A backup, a copy of it, what is salvaged, and what is salvaged without any manifest say the same.
fn check_copies(store: LSMTree, dir: &tempfile::TempDir, model: &Model, chance: &mut SplitMix) {
    let place = tempfile::tempdir().expect("a directory");
    let at = |name: &str| OsDir::create(place.path().join(name)).expect("a directory");
    let environment = Environment::default();
    store.backup(&at("backup"), &mut |_| {}).expect("backed up");
    let (identity, none) = (StoreIdentity::New, &mut |_: u64| {});
    restore(at("backup"), &at("copy"), identity, &environment, none).expect("restored");
    store.close().expect("closed");
    let from = Arc::new(OsDir::open(dir.path()).expect("a directory"));
    let options = SalvageOptions::default();
    salvage(&from, at("salvaged"), options, &environment, none).expect("salvaged");
    for name in ["manifest.json", "manifest.prev.json"] {
        let _ = std::fs::remove_file(dir.path().join(name));
    }
    salvage(&from, at("from files"), options, &environment, none).expect("salvaged");
    for name in ["backup", "copy", "salvaged", "from files"] {
        let tree = LSMTree::open_read_only(place.path().join(name)).expect("the store opens");
        let snapshot = tree.snapshot();
        // Files do not tell of spaces without vectors behind the last one that has any.
        let registered = snapshot.vector_spaces().len() as u16;
        let known = Model { registered, ..model.clone() };
        assert!(registered == model.registered || name == "from files", "{name}");
        known.check(&snapshot, chance);
    }
}

#[test]
fn the_nearest_are_what_comparing_all_gives() {
    for seed in 0..20 {
        println!("seed {seed}"); // Shown only when it fails.
        live(seed);
    }
}
