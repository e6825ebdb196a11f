//! Random lives of a store that keeps history, against what a map said at each commit.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sutra_format::{AssociationRecord, ConceptId};
use sutra_index::graph::{Adjacency, Direction};
use sutra_lsm::{
    Changed, ConceptVersion, Durability, EdgeFilter, LsmError, LsmTree, Retention, Snapshot,
};
use sutra_testkit::{SimDir, SplitMix};

use crate::content::{Content, View, read};
use crate::model::{Change, id};
use crate::workload::{History, Moment, Stage, batch};

const CONCEPTS: u64 = 9;
const STEPS: usize = 90;

struct Life {
    stage: Stage,
    tree: Option<LsmTree<SimDir>>,
    rng: SplitMix,
    clock: u64,
    history: History,
    /// When each moment was committed.
    times: Vec<u64>,
    /// How much is kept.
    retention: Retention,
    /// From which moment on it is kept, and since when.
    kept: Option<(usize, u64)>,
    /// What was made of each row: the sequence numbers of its versions, and what a concept was.
    versions: BTreeMap<Row, Vec<(u64, Option<View>)>>,
}

/// What has versions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Concept(u64),
    Association(u64, u16, u64),
    Fact(u64, u16, u64),
}

fn change(rng: &mut SplitMix) -> Change {
    let (a, b) = (rng.below(CONCEPTS), rng.below(CONCEPTS));
    let kind = rng.below(3) as u16;
    match rng.below(16) {
        0..=4 => {
            let text = (!rng.chance(1, 6)).then(|| rng.below(200) as usize);
            Change::Put { n: a, text, vector: if rng.chance(1, 3) { 3 } else { 0 } }
        }
        5..=7 => Change::Touch(a),
        8 | 9 => Change::Delete(a),
        10..=12 => Change::Associate(a, kind, b),
        13 => Change::State(a, kind, b),
        _ => Change::Dissociate(a, kind, b),
    }
}

impl Life {
    fn new(seed: u64, retention: Retention) -> Self {
        let mut rng = SplitMix::new(seed);
        let bytes = *rng.pick(&[2 << 10, 8 << 10, 64 << 10]);
        let stage = Stage::new(SimDir::new(), bytes);
        let tree = Some(stage.open().unwrap());
        let (history, times) = (History::new(), vec![0]);
        let versions = BTreeMap::new();
        Self { stage, tree, rng, clock: 1_000, history, times, retention, kept: None, versions }
    }

    fn tree(&self) -> &LsmTree<SimDir> {
        self.tree.as_ref().unwrap()
    }

    fn step(&mut self) {
        match self.rng.below(40) {
            0..=3 => self.tree().flush().unwrap(),
            4 => drop(self.tree().compact_level(0).unwrap()),
            5 => drop(self.tree().compact_level(1).unwrap()),
            6 | 7 => while self.tree().compaction_step().unwrap() {},
            8 => self.tree().compact_all().unwrap(),
            9 | 10 => self.reopen(),
            11 if self.kept.is_none() => self.keep(),
            12 => self.check_some(),
            _ => self.commit(),
        }
    }

    fn commit(&mut self) {
        // The clock goes on, stands still, or goes back.
        self.clock = match self.rng.below(8) {
            0 => self.clock - self.rng.below(40),
            1 => self.clock,
            _ => self.clock + 1 + self.rng.below(9),
        };
        self.stage.set_time(self.clock);
        let count = 1 + self.rng.below(4);
        let changes: Vec<_> = (0..count).map(|_| change(&mut self.rng)).collect();
        self.note_versions(&changes);
        let moment = self.history.next(self.clock, &changes);
        let info = self.tree().commit(batch(self.clock, &changes), Durability::Buffered).unwrap();
        assert_eq!(info.last_seq, moment.seq);
        self.history.push(moment);
        self.times.push(info.time);
    }

    fn note_versions(&mut self, changes: &[Change]) {
        let Moment { mut seq, mut content, .. } = self.history.last().clone();
        for change in changes {
            let next = change.apply(&mut content, self.clock, seq + 1) - 1;
            let mut note = |row, seq, view| self.versions.entry(row).or_default().push((seq, view));
            match *change {
                Change::Put { n, .. }
                | Change::PutIn(n, _)
                | Change::PutUntil(n, _)
                | Change::Touch(n) => {
                    let found = content.concepts.get(&id(n)).filter(|view| view.seq == seq + 1);
                    if let Some(view) = found {
                        note(Row::Concept(n), seq + 1, Some(view.clone()));
                    }
                }
                Change::Delete(n) => note(Row::Concept(n), seq + 1, None),
                Change::Associate(a, kind, b)
                | Change::State(a, kind, b)
                | Change::During(a, kind, b, _)
                | Change::Dissociate(a, kind, b) => {
                    note(Row::Association(a, kind, b), seq + 1, None);
                    note(Row::Fact(a, kind, b), seq + 2, None);
                }
            }
            seq = next;
        }
    }

    /// Closes, or just lets go, so that the journal is replayed.
    fn reopen(&mut self) {
        let tree = self.tree.take().unwrap();
        if self.rng.chance(1, 2) {
            tree.close().unwrap();
            self.tree = Some(self.stage.open().unwrap());
        } else {
            let image = self.stage.dir.image();
            drop(tree);
            self.stage.dir = SimDir::from_image(&image);
            self.tree = Some(self.stage.open().unwrap());
        }
    }

    fn keep(&mut self) {
        self.tree().set_retention(self.retention).unwrap();
        assert_eq!(self.tree().retention(), self.retention);
        let last = self.times.last().copied().unwrap();
        let since = if self.history.last().seq == 0 { 0 } else { self.clock.max(last) };
        self.kept = Some((self.times.len() - 1, since));
    }

    /// The moments as of which it can be asked, each the last of its time.
    fn kept(&self) -> Vec<(u64, &Moment)> {
        let Some((first, since)) = self.kept else { return Vec::new() };
        let moments = self.history.moments.iter().zip(&self.times).skip(first);
        let by_time: BTreeMap<u64, &Moment> =
            moments.map(|(moment, time)| ((*time).max(since), moment)).collect();
        by_time.into_iter().collect()
    }

    fn check_some(&mut self) {
        let moments = self.kept().len() as u64;
        if moments > 0 {
            let at = self.rng.below(moments) as usize;
            let (time, moment) = self.kept()[at];
            if self.says(time) {
                self.check_moment(time, moment);
            }
        }
    }

    /// Whether the store says what was at a time. If not, it says since when it does.
    fn says(&self, time: u64) -> bool {
        match self.tree().snapshot_at(time) {
            Ok(_) => true,
            Err(LsmError::NotKept { since: Some(since) }) => {
                assert!(time < since && self.retention != Retention::Forever);
                assert!(self.tree().snapshot_at(since).is_ok(), "as of {since}");
                false
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The newest versions of each concept are listed, and no others once all is merged. What the
    /// store says of a time goes as far back as that lets it.
    fn check_number(&self, number: usize, is_merged: bool) {
        let snapshot = self.tree().snapshot();
        let mut since = 0;
        for (row, versions) in &self.versions {
            if let Some((seq, _)) = versions.iter().rev().nth(number) {
                since = since.max(if versions.len() > number + 1 { *seq } else { 0 });
            }
            let Row::Concept(n) = row else { continue };
            let found = snapshot.history(&id(*n)).unwrap();
            let view = |version: &ConceptVersion<'_, SimDir>| {
                (version.seq, version.concept.as_ref().map(|concept| View::of(concept).unwrap()))
            };
            let found: Vec<_> = found.iter().map(view).collect();
            let expected: Vec<_> = versions.iter().rev().take(found.len()).cloned().collect();
            assert_eq!(found, expected, "versions of concept {n}");
            let least = versions.len().min(number + 1);
            let fits = if is_merged { found.len() == least } else { found.len() >= least };
            assert!(fits, "{} versions of concept {n}, of {}", found.len(), versions.len());
        }
        for (time, moment) in self.kept() {
            assert!(moment.seq < since || self.says(time), "as of {time}");
        }
    }

    fn check_moment(&self, time: u64, moment: &Moment) {
        let snapshot = self.tree().snapshot_at(time).unwrap();
        assert_eq!(snapshot.seq(), moment.seq, "as of {time}");
        let content = read(&snapshot, &self.history.ids).unwrap();
        assert_eq!(content, moment.content, "as of {time}");
        for direction in [Direction::Out, Direction::In] {
            check_graph(&snapshot, &self.history.ids, direction);
        }
    }

    /// Everything that was, in every way of asking.
    fn check(&self) {
        let mut kept = self.kept();
        kept.retain(|(time, _)| self.says(*time));
        assert_eq!(kept.is_empty(), self.kept.is_none(), "what is last can always be read");
        for (time, moment) in &kept {
            self.check_moment(*time, moment);
        }
        if let Some((_, first)) = kept.first() {
            self.check_versions(&kept);
            self.check_changes(first);
        }
        let now = read(&self.tree().snapshot(), &self.history.ids).unwrap();
        assert_eq!(now, self.history.last().content);
        let report = self.tree().verify(&mut |_| {}).unwrap();
        assert_eq!(report.damages, []);
    }

    fn check_versions(&self, kept: &[(u64, &Moment)]) {
        let snapshot = self.tree().snapshot();
        for n in 0..CONCEPTS {
            let versions = snapshot.history(&id(n)).unwrap();
            assert!(versions.is_sorted_by(|a, b| a.seq > b.seq && a.time >= b.time));
            for (time, moment) in kept {
                let version = versions.iter().find(|version| version.seq <= moment.seq);
                let concept = version.and_then(|version| version.concept.as_ref());
                let view = concept.map(|concept| View::of(concept).unwrap());
                let expected = moment.content.concepts.get(&id(n));
                assert_eq!(view.as_ref(), expected, "concept {n} as of {time}");
                let is_late = version.is_some_and(|version| version.time > *time);
                assert!(!is_late, "concept {n} is of a later time");
            }
        }
    }

    /// All changes in pieces, made to what was, give what is.
    fn check_changes(&self, first: &Moment) {
        let snapshot = self.tree().snapshot();
        let (mut content, mut since) = (first.content.clone(), first.seq);
        loop {
            let changes = self.tree().changes(&snapshot, since, 7).unwrap();
            let Some(last) = changes.last() else { break };
            assert!(changes.len() <= 7 && changes.is_sorted_by(|a, b| a.seq < b.seq));
            assert!(changes[0].seq > since);
            since = last.seq;
            changes.iter().for_each(|change| apply(&mut content, &change.what));
        }
        let last = &self.history.last().content;
        assert_eq!(content.concepts, last.concepts);
        assert_eq!(content.associations, last.associations);
    }
}

/// The graph of a snapshot has the associations that it lists.
pub(crate) fn check_graph(
    snapshot: &Snapshot<SimDir>,
    ids: &BTreeSet<ConceptId>,
    direction: Direction,
) {
    let (graph, filter) = (snapshot.graph(), EdgeFilter::default());
    let ids: Vec<ConceptId> = ids.iter().copied().collect();
    let (mut edges, mut neighbors) = (vec![Vec::new(); ids.len()], vec![Vec::new(); ids.len()]);
    let _ = graph.edges_of_all(&ids, direction, &filter, |at, edge| {
        edges[at].push(edge.reference);
        ControlFlow::Continue(())
    });
    let _ = graph.neighbors_of_all(&ids, direction, &filter, |at, neighbor| {
        neighbors[at].push(neighbor);
        ControlFlow::Continue(())
    });
    let mut bounds = Vec::new();
    graph.degrees_of_all(&ids, direction, &filter, &mut bounds).unwrap();
    for (at, id) in ids.iter().enumerate() {
        let is_out = direction == Direction::Out;
        let listed = if is_out { snapshot.outgoing(id) } else { snapshot.incoming(id) };
        let listed = listed.unwrap().to_vec();
        assert_eq!(edges[at], listed, "edges of {id}");
        let mut one = Vec::new();
        let _ = graph.edges(*id, direction, &filter, |edge| {
            one.push(edge.reference);
            ControlFlow::Continue(())
        });
        assert_eq!(one, listed, "edges of {id} alone");
        let other = |record: &AssociationRecord| if is_out { record.target } else { record.source };
        let mut expected: Vec<ConceptId> = listed.iter().map(other).collect();
        expected.sort_unstable();
        neighbors[at].sort_unstable();
        assert_eq!(neighbors[at], expected, "neighbours of {id}");
        let degree = graph.degree(*id, direction, &filter).unwrap();
        assert_eq!(degree, listed.len() as u64);
        assert!((bounds[at].least..=bounds[at].most).contains(&degree), "degree of {id}");
    }
}

fn apply(content: &mut Content, what: &Changed<'_, SimDir>) {
    let touches = |of: &ConceptId, (source, _, target): &(ConceptId, u16, ConceptId)| {
        of == source || of == target
    };
    match what {
        Changed::Put(concept) if concept.record().is_fact() => {}
        Changed::Put(concept) => {
            content.concepts.insert(concept.id(), View::of(concept).unwrap());
        }
        Changed::Deleted(id) => {
            content.concepts.remove(id);
            content.associations.retain(|link, _| !touches(id, link));
        }
        Changed::Associated(record) => {
            let link = (record.source, record.kind().code(), record.target);
            content.associations.insert(link, *record);
        }
        Changed::Dissociated(record) => {
            content.associations.remove(&(record.source, record.kind().code(), record.target));
        }
    }
}

fn lives() -> u64 {
    let asked = std::env::var("SUTRA_HISTORY_LIVES").ok();
    asked.map_or(60, |lives| lives.parse().expect("a number of lives"))
}

#[test]
fn a_store_says_of_any_time_what_it_said_then() {
    for seed in 0..lives() {
        let mut life = Life::new(seed, Retention::Forever);
        if seed % 3 != 0 {
            life.keep();
        }
        for _ in 0..STEPS {
            life.step();
        }
        life.check();
        life.reopen();
        life.check();
        life.tree().compact_all().unwrap();
        life.check();
    }
}

#[test]
fn a_store_that_keeps_so_many_versions_is_exact_as_far_back_as_it_says() {
    for seed in 0..lives() {
        let number = 1 + seed as usize % 4;
        let mut life = Life::new(1_000 + seed, Retention::Versions(number as u32));
        life.keep();
        for _ in 0..STEPS {
            life.step();
        }
        life.check();
        life.check_number(number, false);
        life.reopen();
        life.tree().compact_all().unwrap();
        life.check();
        life.check_number(number, true);
    }
}

#[test]
fn a_store_with_a_window_is_exact_as_far_back_as_it_says() {
    for seed in 0..lives() {
        let window = [20, 60, 200][seed as usize % 3];
        let mut life = Life::new(2_000 + seed, Retention::Window(window));
        life.keep();
        for _ in 0..STEPS {
            life.step();
        }
        life.check();
        life.tree().compact_all().unwrap();
        life.check();
    }
}
