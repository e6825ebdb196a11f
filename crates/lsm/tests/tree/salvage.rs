//! Damaged stores are salvaged: what comes out was in, and what is missing is reported.

use std::collections::BTreeSet;
use std::sync::Arc;

use sutra_format::ConceptId;
use sutra_fs::{Name, OsDir};
use sutra_lsm::{
    CompactionConfig, Durability, Environment, Lost, LsmError, LsmTree, SalvageOptions,
    SalvageReport, salvage,
};
use sutra_manifest::{Metric, VectorSpace};
use sutra_testkit::{Image, SimDir};

use crate::content::{Content, Link, read};
use crate::model::Change::{self, Associate, Delete, Dissociate, Put, PutIn, State, Touch};
use crate::workload::{Session, Stage, Step, batch};

const KIND: &str = "hypernym";
/// The only vector space.
const SPACE: &str = "titles";
/// The first that is not built in.
const KIND_CODE: u16 = 5;

/// A store, what it says, and what it said at earlier moments.
struct Store {
    image: Image,
    content: Content,
    earlier: Vec<Content>,
    ids: BTreeSet<ConceptId>,
}

fn put(n: u64) -> Change {
    Put { n, text: Some(90), vector: 3 }
}

fn commit(changes: Vec<Change>) -> Step {
    Step::Commit(Durability::Sync, changes)
}

impl Store {
    /// Three segments of two levels, payload of one in another, and a journal.
    fn new() -> Self {
        let mut session = Session::new(Stage::new(SimDir::new(), 64 << 10));
        let steps = [
            commit((1..80).map(put).collect()),
            commit((1..80).map(|n| Associate(n, 1, n % 7 + 1)).collect()),
            commit((1..20).map(|n| State(n, 2, n + 1)).collect()),
            Step::Register(KIND),
            Step::Space(SPACE),
            commit((102..106).map(|n| PutIn(n, 1)).collect()),
            Step::Flush,
            commit((40..60).map(Touch).collect()),
            Step::CompactAll,
            commit((70..100).map(put).collect()),
            commit(vec![Delete(3), Delete(71), Touch(2), Dissociate(4, 2, 5), put(71)]),
            Step::Flush,
            commit((5..12).map(|n| Put { n, text: Some(20), vector: 0 }).collect()),
            commit(vec![Delete(6), Associate(8, 1, 9), State(90, 3, 91), Touch(30)]),
            commit(vec![Associate(9, KIND_CODE, 10)]),
            Step::Flush,
            commit(vec![put(1), Touch(50), Delete(12)]),
            commit(vec![put(101), State(101, 1, 1)]),
            commit(vec![Touch(101)]),
        ];
        steps.iter().for_each(|step| session.step(step).unwrap());
        let history = &session.history;
        Self {
            image: session.stage.dir.image(),
            content: history.last().content.clone(),
            earlier: history.moments.iter().map(|moment| moment.content.clone()).collect(),
            ids: history.ids.clone(),
        }
    }

    fn names(&self, prefix: &str) -> Vec<Name> {
        self.image.names().filter(|name| name.as_str().starts_with(prefix)).cloned().collect()
    }

    fn salvage(&self, image: &Image, older: bool) -> (Content, SalvageReport, SimDir) {
        let (from, to) = (SimDir::from_image(image), SimDir::new());
        let report = try_salvage(&from, &to, older).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(from.op_count(), 0, "the damaged store is only read");
        let tree = LsmTree::open_read_only_in(to.clone()).unwrap();
        assert_eq!(tree.verify(&mut |_| {}).unwrap().damages, []);
        let content = read(&tree.snapshot(), &self.ids).unwrap();
        let concepts = (content.concepts.len() + content.facts.len()) as u64;
        assert!(report.concepts >= concepts && report.associations >= content.facts.len() as u64);
        (content, report, to)
    }

    /// What comes out must be what was in, but for what the report names or counts.
    fn check(&self, image: &Image, what: &str) -> SalvageReport {
        let (found, report, _) = self.salvage(image, false);
        let named = Named::of(&report);
        let cut = report.losses.iter().any(|loss| matches!(loss.what, Lost::Commits { .. }));
        // Behind the damage of a journal nothing is taken: the store is at an earlier moment.
        let moments: &[Content] =
            if cut { &self.earlier } else { std::slice::from_ref(&self.content) };
        let misfits: Vec<String> =
            moments.iter().rev().map(|moment| named.compare(&found, moment)).collect();
        let fits = misfits.iter().any(String::is_empty);
        assert!(fits, "{what}: {}\n{:?}", misfits.last().unwrap(), report.losses);
        report
    }
}

fn try_salvage(from: &SimDir, to: &SimDir, older: bool) -> Result<SalvageReport, LsmError> {
    let environment = Environment { entropy: Some(3), ..Environment::default() };
    let from = Arc::new(from.clone());
    salvage(&from, to.clone(), SalvageOptions { older }, &environment, &mut |_| {})
}

/// What a report says of concepts and associations, one by one or by number.
#[derive(Default)]
struct Named {
    concepts: BTreeSet<ConceptId>,
    changed: BTreeSet<ConceptId>,
    links: BTreeSet<Link>,
    facts: BTreeSet<Link>,
    concept_rows: u64,
    association_rows: u64,
    whole_files: bool,
}

impl Named {
    fn of(report: &SalvageReport) -> Self {
        let mut named = Self::default();
        for loss in &report.losses {
            match &loss.what {
                Lost::File { .. } => named.whole_files = true,
                Lost::Concepts(rows) => named.concept_rows += rows,
                Lost::Associations(rows) => named.association_rows += rows,
                Lost::Text(id) | Lost::Vector(id) => drop(named.changed.insert(*id)),
                Lost::DoubtfulConcept(id) => drop(named.concepts.insert(*id)),
                Lost::DoubtfulAssociation(l) => {
                    named.links.insert((l.source, l.kind, l.target));
                }
                Lost::Fact(l) => drop(named.facts.insert((l.source, l.kind, l.target))),
                _ => {}
            }
        }
        named
    }

    /// What is wrong, if the store should be at this moment; empty if nothing is.
    fn compare(&self, found: &Content, moment: &Content) -> String {
        let (mut missing, mut missing_links) = (0, 0);
        for (id, view) in &found.concepts {
            match moment.concepts.get(id) {
                Some(expected) if expected == view => {}
                Some(expected) if self.changed.contains(id) => {
                    let is_part = view.content.is_none() || view.content == expected.content;
                    let vector = view.vector.is_none() || view.vector == expected.vector;
                    if !is_part || !vector || view.seq != expected.seq {
                        return format!("{id} has what it never had");
                    }
                }
                // A delta whose row is lost: the base is named, or it would not be here.
                other => return format!("{id} is {view:?} and not {other:?}"),
            }
        }
        for (link, record) in &found.associations {
            if moment.associations.get(link) != Some(record) {
                return format!("association {link:?} was not there, or not like this");
            }
        }
        for (link, view) in &found.facts {
            if moment.facts.get(link).is_none_or(|fact| fact.content != view.content)
                && !self.changed.iter().any(|_| view.content.is_none())
            {
                return format!("fact of {link:?} was not there, or not like this");
            }
        }
        for id in moment.concepts.keys().filter(|id| !found.concepts.contains_key(id)) {
            missing += u64::from(!self.concepts.contains(id));
        }
        for link in moment.associations.keys().filter(|l| !found.associations.contains_key(l)) {
            missing_links += u64::from(!self.links.contains(link));
        }
        for link in moment.facts.keys().filter(|link| !found.facts.contains_key(link)) {
            let is_named = self.facts.contains(link) || !found.associations.contains_key(link);
            if !is_named {
                return format!("fact of {link:?} is missing, and not named");
            }
        }
        if self.whole_files {
            return String::new();
        }
        match (missing <= self.concept_rows, missing_links <= self.association_rows) {
            (true, true) => String::new(),
            _ => format!("{missing} concepts and {missing_links} associations are not reported"),
        }
    }
}

#[test]
fn a_store_that_is_whole_comes_out_whole() {
    let store = Store::new();
    let (content, report, to) = store.salvage(&store.image, false);
    assert_eq!(content, store.content);
    assert_eq!(report.losses, []);
    assert!(report.is_complete());
    let tree = Stage::new(to, 64 << 10).open().unwrap();
    assert!(tree.kind_named(KIND).is_some());
    tree.commit(batch(9_000, &[put(200)]), Durability::Sync).unwrap();
    tree.compact_all().unwrap();
    assert_eq!(tree.verify(&mut |_| {}).unwrap().damages, []);
}

#[test]
fn damage_on_any_page_of_any_file_costs_what_the_report_says_and_no_more() {
    let store = Store::new();
    let (mut images, mut lossless) = (0, 0);
    for name in store.names("") {
        let length = store.image.length(&name);
        for page in 0..length.div_ceil(4096) {
            for byte in [page * 4096 + 30, (page * 4096 + 1500).min(length - 1)] {
                let mut image = store.image.clone();
                if byte >= length {
                    continue;
                }
                image.flip(&name, byte * 8 + byte % 8);
                let report = store.check(&image, &format!("byte {byte} of {name}"));
                images += 1;
                lossless += u64::from(report.is_complete());
            }
        }
    }
    assert!(images > 100 && lossless > 20 && lossless < images, "{lossless} of {images}");
}

#[test]
fn files_that_are_cut_or_gone_cost_what_the_report_says() {
    let store = Store::new();
    for name in store.names("") {
        if name.as_str() == "lock" {
            continue;
        }
        let length = store.image.length(&name);
        for part in 0..8 {
            let mut image = store.image.clone();
            image.truncate(&name, length * part / 8);
            store.check(&image, &format!("{name} cut to {part} eighths"));
        }
        let mut image = store.image.clone();
        image.remove(&name);
        store.check(&image, &format!("{name} removed"));
    }
}

#[test]
fn without_any_manifest_the_files_say_what_there_was() {
    let store = Store::new();
    let mut image = store.image.clone();
    for name in store.names("manifest") {
        image.remove(&name);
    }
    let (content, report, to) = store.salvage(&image, false);
    assert_eq!(content, store.content);
    let losses: Vec<_> = report.losses.iter().map(|loss| &loss.what).collect();
    let codes = Lost::KindNames { first: KIND_CODE, last: KIND_CODE };
    assert!(matches!(losses[..], [Lost::Manifest { .. }, names] if *names == codes), "{losses:?}");
    assert!(codes.to_string().contains("register them again in the order"));
    let tree = Stage::new(to, 64 << 10).open().unwrap();
    assert_eq!(tree.register_kinds(&[KIND]).unwrap()[0].code(), KIND_CODE, "as it says");
    let snapshot = tree.snapshot();
    assert_eq!(snapshot.space_named(SPACE), Some(1), "the indexes of the segments say what it is");
    assert_eq!(snapshot.vector_spaces(), [VectorSpace::new(SPACE, 3).metric(Metric::Dot)]);
    drop((snapshot, tree));
    let previous = store.names("manifest.prev").remove(0);
    let mut image = store.image.clone();
    image.flip(&Name::new("manifest.json").unwrap(), 999);
    assert!(image.contains(&previous));
    let (content, _, to) = store.salvage(&image, false);
    assert_eq!(content, store.content);
    assert!(LsmTree::open_read_only_in(to).unwrap().kind_named(KIND).is_some());
}

#[test]
fn a_damaged_first_page_costs_nothing_while_the_rest_is_whole() {
    let store = Store::new();
    let (segments, journals) = (store.names("seg_"), store.names("journal_"));
    assert!(segments.len() >= 3 && !journals.is_empty());
    let mut all = store.image.clone();
    for name in segments.iter().chain(&journals) {
        for byte in [0, 9, 30, 63, 100, 255, 300, 4095] {
            let mut image = store.image.clone();
            image.flip(name, byte * 8 + byte % 8);
            let (content, report, _) = store.salvage(&image, false);
            assert!(content == store.content, "byte {byte} of {name}");
            assert_eq!(report.losses, [], "byte {byte} of {name}");
        }
        all.overwrite(name, 0, &[0; 4096]);
    }
    let (content, report, _) = store.salvage(&all, false);
    assert!(content == store.content, "all of them at once");
    assert_eq!(report.losses, []);
    // The manifest before knows the segments, too.
    all.flip(&Name::new("manifest.json").unwrap(), 999);
    let (content, report, _) = store.salvage(&all, false);
    assert!(content == store.content, "all of them and the manifest");
    assert!(matches!(report.losses[..], [sutra_lsm::Loss { what: Lost::Manifest { .. }, .. }]));
    // Without any manifest nobody knows what was in the header.
    let mut image = store.image.clone();
    image.flip(&segments[0], 77);
    store.names("manifest").iter().for_each(|name| image.remove(name));
    let report = store.check(&image, "a header and both manifests");
    let files = report.losses.iter().filter(|loss| matches!(loss.what, Lost::File { .. })).count();
    assert_eq!(files, 1, "{:?}", report.losses);
}

#[test]
fn a_header_that_cannot_be_proven_is_not_made_up() {
    let store = Store::new();
    for name in store.names("seg_") {
        for page in 1..store.image.length(&name) / 4096 {
            let mut image = store.image.clone();
            image.flip(&name, 30 * 8);
            image.flip(&name, (page * 4096 + 5) * 8);
            store.check(&image, &format!("header and page {page} of {name}"));
        }
        let mut image = store.image.clone();
        image.flip(&name, 30 * 8);
        image.flip(&name, 4096 * 8);
        let report = store.check(&image, "header and first rows");
        let is_file = |what: &Lost| matches!(what, Lost::File { .. });
        assert!(report.losses.iter().any(|loss| is_file(&loss.what)), "{name}");
    }
}

#[test]
fn the_first_page_of_a_journal_is_known_from_elsewhere_and_never_guessed() {
    let store = Store::new();
    let journal = store.names("journal_").remove(0);
    let mut without_manifest = store.image.clone();
    for name in store.names("manifest") {
        without_manifest.remove(&name);
    }
    without_manifest.flip(&journal, 77);
    let (content, _, _) = store.salvage(&without_manifest, false);
    assert_eq!(content, store.content);
    for byte in [4096, 4120, 4159] {
        let mut image = store.image.clone();
        image.flip(&journal, 77);
        image.flip(&journal, byte * 8);
        let report = store.check(&image, "the first frame as well");
        let cut = report.losses.iter().any(|loss| matches!(loss.what, Lost::Commits { .. }));
        assert!(cut, "{:?}", report.losses);
    }
}

#[test]
fn older_versions_come_along_if_they_are_asked_for() {
    let store = Store::new();
    let newest = store.names("seg_").pop().unwrap();
    let mut image = store.image.clone();
    image.flip(&newest, 4096 * 8);
    let (strict, report, _) = store.salvage(&image, false);
    let (older, with_older, _) = store.salvage(&image, true);
    let doubtful = |report: &SalvageReport| {
        let is_so = |what: &Lost| matches!(what, Lost::DoubtfulConcept(_));
        report.losses.iter().filter(|loss| is_so(&loss.what)).count()
    };
    assert!(doubtful(&report) > 0 && doubtful(&with_older) == 0);
    assert!(older.concepts.len() > strict.concepts.len());
    for (id, view) in &older.concepts {
        let was =
            |moment: &Content| moment.concepts.get(id).map(|v| &v.content) == Some(&view.content);
        assert!(store.earlier.iter().any(was), "{id} never was like this");
    }
}

#[test]
fn nothing_is_written_where_something_is_or_where_no_store_was() {
    let store = Store::new();
    let from = SimDir::from_image(&store.image);
    let full = SimDir::from_image(&store.image);
    assert!(matches!(try_salvage(&from, &full, false), Err(LsmError::Unfit { .. })));
    let nothing = try_salvage(&SimDir::new(), &SimDir::new(), false);
    assert!(matches!(nothing, Err(LsmError::NoStore { .. })));
}

#[test]
fn whatever_is_lost_is_told_of_the_damaged_store() {
    let place = tempfile::tempdir().unwrap();
    let old = place.path().join("old");
    let tree = LsmTree::open(&old, CompactionConfig::default()).unwrap();
    tree.register_kinds(&[KIND]).unwrap();
    let changes = [put(1), put(2), State(1, 2, 2), Associate(2, KIND_CODE, 1)];
    tree.commit(batch(1_000, &changes), Durability::Sync).unwrap();
    tree.close().unwrap();
    let (mut facts, mut names) = (0, 0);
    let files: Vec<_> = std::fs::read_dir(&old).unwrap().map(|file| file.unwrap().path()).collect();
    let mut salvaged = 0;
    let mut salvage_old = || {
        salvaged += 1;
        let to = OsDir::create(place.path().join(salvaged.to_string())).unwrap();
        let (from, environment) = (OsDir::open(&old).unwrap(), Environment::default());
        let options = SalvageOptions::default();
        for loss in salvage(&Arc::new(from), to, options, &environment, &mut |_| {}).unwrap().losses
        {
            assert!(loss.path.starts_with(&old), "{loss:?}");
            facts += usize::from(matches!(loss.what, Lost::Fact(_)));
            names += usize::from(matches!(loss.what, Lost::KindNames { .. }));
        }
    };
    let segment = files.iter().find(|path| path.extension().is_some_and(|it| it == "dat")).unwrap();
    let sound = std::fs::read(segment).unwrap();
    std::fs::remove_file(segment).unwrap(); // It is sealed, and cannot be written to.
    for at in (0..sound.len()).step_by(4096) {
        let mut damaged = sound.clone();
        damaged[at] ^= 1;
        std::fs::write(segment, damaged).unwrap();
        salvage_old();
    }
    std::fs::write(segment, sound).unwrap();
    let manifests = files.iter().filter(|path| path.extension().is_some_and(|it| it == "json"));
    manifests.for_each(|path| std::fs::remove_file(path).unwrap());
    salvage_old();
    assert!(facts > 0 && names > 0, "{facts} facts and {names} names are lost");
}
