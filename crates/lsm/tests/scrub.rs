//! The scrub finds rot that nobody has touched, keeps its pace, and stops when it is asked to.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sutra_format::ConceptId;
use sutra_fs::Name;
use sutra_lsm::{
    Background, CompactionConfig, ConceptPut, Durability, Environment, Health, LSMTree, LsmTree,
    ScrubReport, WriteBatch,
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
    let environment =
        Environment { entropy: Some(1), background: Background::Manual, ..Environment::default() };
    let dir = SimDir::from_image(image);
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
    let is_segment = |name: &&Name| name.as_str().starts_with("seg_");
    let segments = image.names().filter(is_segment).cloned().collect();
    (image, segments)
}

fn pass(tree: &LsmTree<SimDir>, bytes: u64) -> usize {
    (1..10_000).find(|_| tree.scrub_step(bytes)).expect("a pass ends")
}

#[test]
fn steps_of_any_size_read_every_page_once_a_pass() {
    let (image, _) = store();
    let tree = open(&image);
    assert!(pass(&tree, u64::MAX) == 1 && tree.health() == Health::Good);
    let whole = tree.scrub_report();
    assert!(whole.passes == 1 && whole.bytes > 64 << 10, "{whole:?}");
    let steps = pass(&tree, 4096);
    assert_eq!(steps as u64, whole.bytes / 4096 + 1);
    let expected = ScrubReport { passes: 2, bytes: 2 * whole.bytes, ..ScrubReport::default() };
    assert_eq!(tree.scrub_report(), expected);
    pass(&tree, 5 * 4096);
    assert_eq!(tree.scrub_report().bytes, 3 * whole.bytes);
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
