//! The scrub finds rot that nobody has touched, keeps its pace, and stops when it is asked to.

use std::sync::Arc;

use sutra_format::ConceptId;
use sutra_fs::{Dir, Name};
use sutra_lsm::{
    Background, CompactionConfig, ConceptPut, Durability, Environment, Health, LSMTree, LsmTree,
    ScrubPass, ScrubReport, WriteBatch,
};
use sutra_testkit::{Image, SimDir};

fn batch(numbers: std::ops::Range<u64>) -> WriteBatch {
    let mut batch = WriteBatch::new();
    for n in numbers {
        let text = format!("concept {n}. ").repeat(20);
        let put = ConceptPut {
            content: Some(&text),
            ..ConceptPut::new(ConceptId::from_key(&n.to_string()))
        };
        batch.put_concept(&put).unwrap();
    }
    batch
}

fn open(image: &Image) -> LsmTree<SimDir> {
    open_in(SimDir::from_image(image))
}

fn open_in(dir: SimDir) -> LsmTree<SimDir> {
    let environment =
        Environment { clock: Arc::new(|| 77), entropy: Some(1), background: Background::Manual };
    LsmTree::open_in(dir, CompactionConfig::default(), environment).unwrap()
}

/// Two segments, and their names.
fn store() -> (Image, Vec<Name>) {
    let dir = SimDir::new();
    let environment =
        Environment { entropy: Some(1), background: Background::Manual, ..Environment::default() };
    let tree = LsmTree::open_in(dir.clone(), CompactionConfig::default(), environment).unwrap();
    for start in [0, 100] {
        tree.commit(batch(start..start + 100), Durability::Sync).unwrap();
        tree.flush().unwrap();
    }
    tree.close().unwrap();
    let image = dir.image();
    let segments = image.names().filter(is_segment).cloned().collect();
    (image, segments)
}

fn is_segment(name: &&Name) -> bool {
    name.as_str().starts_with("seg_")
}

fn pass<D: Dir>(tree: &LsmTree<D>, bytes: u64) -> usize {
    (1..10_000).find(|_| tree.scrub_step(bytes)).expect("a pass ends")
}

#[test]
fn steps_of_any_size_read_every_page_once_a_pass() {
    let (image, _) = store();
    let tree = open(&image);
    assert!(pass(&tree, u64::MAX) == 1 && tree.health() == Health::Good);
    let whole = tree.scrub_report();
    assert!(whole.passes == 1 && whole.bytes > 64 << 10, "{whole:?}");
    let ended_at = 77;
    let last_pass = Some(ScrubPass { ended_at, bytes: whole.bytes, damages: 0 });
    assert_eq!(whole.last_pass, last_pass);
    for bytes in [4096, 5 * 4096] {
        pass(&tree, bytes);
    }
    let expected =
        ScrubReport { passes: 3, bytes: 3 * whole.bytes, last_pass, ..ScrubReport::default() };
    assert_eq!(tree.scrub_report(), expected);
}

#[test]
fn no_step_reads_more_in_the_long_run_than_it_is_to() {
    let (image, _) = store();
    let tree = open(&image);
    for n in 0..20 {
        tree.commit(batch(1000 + n * 50..1050 + n * 50), Durability::Sync).unwrap();
    }
    for step_bytes in [4096, 3 * 4096, 100 * 4096] {
        let before = tree.scrub_report();
        let (mut steps, mut last) = (0, before.bytes);
        while tree.scrub_report().passes < before.passes + 5 {
            tree.scrub_step(step_bytes);
            steps += 1;
            let read = tree.scrub_report().bytes;
            assert!(read - last <= step_bytes + (64 << 10), "a commit more at most");
            last = read;
        }
        let read = last - before.bytes;
        assert!(read <= steps * step_bytes + (64 << 10), "{read} bytes in {steps} steps");
        assert!(read >= (steps - 5) * step_bytes / 2, "{read} bytes in {steps} steps");
    }
}

#[test]
fn rot_in_journals_and_manifests_is_found() {
    let (image, _) = store();
    let dir = SimDir::from_image(&image);
    let tree = open_in(dir.clone());
    for n in 0..20 {
        tree.commit(batch(1000 + n * 50..1050 + n * 50), Durability::Sync).unwrap();
    }
    let living = dir.image();
    drop(tree);
    let place = tempfile::tempdir().unwrap();
    living.write_to(place.path()).unwrap();
    let others = |name: &&Name| !name.as_str().starts_with("lock") && !is_segment(name);
    for name in living.names().filter(others) {
        let (path, whole) = (place.path().join(name), living.read(name).unwrap());
        // Behind the commits of a journal are zeros for those to come.
        let end = whole.iter().rposition(|byte| *byte != 0).unwrap().min(100 << 10);
        for byte in (0..end).step_by(end / 7) {
            let reader = LSMTree::open_read_only(place.path()).unwrap();
            pass(&reader, 5 * 4096);
            assert_eq!(reader.health(), Health::Good, "{name}");
            let mut damaged = whole.clone();
            damaged[byte] ^= 1; // While the store is open.
            std::fs::write(&path, &damaged).unwrap();
            pass(&reader, 5 * 4096);
            let Health::Damaged { damages } = reader.health() else { panic!("{name}, {byte}") };
            assert_eq!(damages[0].path, path, "byte {byte}: {damages:?}");
            assert_eq!(reader.scrub_report().last_pass.unwrap().damages, 1);
            std::fs::write(&path, &whole).unwrap();
            pass(&reader, 5 * 4096);
            assert_eq!(reader.health(), Health::Good, "it was put right");
        }
    }
}

#[test]
fn a_writer_at_work_finds_no_damage_in_its_own_journal() {
    let dir = SimDir::new();
    let tree = open_in(dir);
    for n in 0..200 {
        let durability = if n % 3 == 0 { Durability::Sync } else { Durability::None };
        tree.commit(batch(n * 10..n * 10 + 10), durability).unwrap();
        tree.scrub_step(2 * 4096);
        if n % 70 == 69 {
            tree.flush().unwrap();
        }
    }
    assert!(tree.scrub_report().passes > 2);
    assert_eq!(tree.health(), Health::Good);
    assert_eq!(tree.verify(&mut |_| {}).unwrap().damages, []);
}

#[test]
fn every_damaged_page_is_found_and_health_tells_where() {
    let (mut image, segments) = store();
    for (name, page) in [(&segments[0], 2), (&segments[0], 5), (&segments[1], 3)] {
        image.flip(name, (page * 4096 + 77) * 8);
    }
    let tree = open(&image);
    assert_eq!(tree.health(), Health::Good, "nobody has looked yet");
    for bytes in [4096, 3 * 4096, u64::MAX] {
        pass(&tree, bytes);
        let Health::Damaged { damages } = tree.health() else { panic!("{:?}", tree.health()) };
        let found: Vec<_> = damages
            .iter()
            .map(|damage| {
                let name = damage.path.file_name().unwrap().to_str().unwrap();
                (name.to_owned(), damage.offset.unwrap() / 4096)
            })
            .collect();
        let at = |segment: &Name, page: u64| (segment.to_string(), page);
        assert_eq!(found, [at(&segments[0], 2), at(&segments[0], 5), at(&segments[1], 3)]);
    }
    assert_eq!(tree.scrub_report().passes, 3);
}

#[test]
fn it_goes_on_in_the_background_until_it_is_stopped() {
    let place = tempfile::tempdir().unwrap();
    let tree = LSMTree::open(place.path(), CompactionConfig::default()).unwrap();
    tree.commit(batch(0..100), Durability::Sync).unwrap();
    tree.flush().unwrap();
    tree.start_background_scrub(40 << 20).unwrap();
    assert_eq!(tree.scrub_report().bytes_per_second, 40 << 20);
    let start = std::time::Instant::now();
    while tree.scrub_report().passes == 0 {
        assert!(start.elapsed().as_secs() < 60, "it does not move");
        std::thread::yield_now();
    }
    tree.stop_background_scrub();
    let stopped = tree.scrub_report();
    for start in [100, 200] {
        tree.commit(batch(start..start + 100), Durability::Sync).unwrap();
        tree.flush().unwrap(); // The thread that would scrub has worked since.
    }
    assert_eq!(tree.scrub_report(), stopped);
    assert_eq!(stopped.bytes_per_second, 0);
    let reader = LSMTree::open_read_only(place.path()).unwrap();
    assert!(reader.start_background_scrub(1).is_err());
    assert!(reader.scrub_step(u64::MAX));
}
