//! Random lives of a store that forgets, against plain maps: what is committed stays but for what is
//! expired, and what is seen is what the rules leave of it.

use std::collections::{BTreeMap, BTreeSet};

use sutra_format::{AssociationKind, ConceptId};
use sutra_index::graph::Direction;
use sutra_index::vectors::Effort;
use sutra_index::words::search::Query;
use sutra_lsm::{Durability, Expiry, ExpiryScope, LsmTree, Retention, Snapshot, VectorQuery};
use sutra_testkit::{SimDir, SplitMix};

use crate::content::{Content, read};
use crate::expired::{self, Rules};
use crate::history::random::check_graph;
use crate::model::{Change, id};
use crate::workload::{History, Moment, Stage, batch};

const CONCEPTS: u64 = 9;
const STEPS: usize = 80;
const KINDS: [u16; 3] = [0, 1, 2];

struct Life {
    stage: Stage,
    tree: Option<LsmTree<SimDir>>,
    rng: SplitMix,
    clock: u64,
    history: History,
    /// When each moment was committed.
    times: Vec<u64>,
    /// From when on which rules were in force.
    rules: Vec<(u64, Rules)>,
    keeps: bool,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut rng = SplitMix::new(seed);
        let bytes = *rng.pick(&[2 << 10, 8 << 10, 64 << 10]);
        let stage = Stage::new(SimDir::new(), bytes);
        stage.set_time(1_000);
        let tree = stage.open().unwrap();
        let keeps = rng.chance(1, 2);
        if keeps {
            tree.set_retention(Retention::Forever).unwrap();
        }
        let (history, times, rules) = (History::new(), vec![0], vec![(0, Rules::new())]);
        Self { stage, tree: Some(tree), rng, clock: 1_000, history, times, rules, keeps }
    }

    fn tree(&self) -> &LsmTree<SimDir> {
        self.tree.as_ref().unwrap()
    }

    fn now(&self) -> &Rules {
        &self.rules.last().unwrap().1
    }

    fn step(&mut self) {
        match self.rng.below(40) {
            0..=3 => self.tree().flush().unwrap(),
            4 => drop(self.tree().compact_level(0).unwrap()),
            5 | 6 => while self.tree().compaction_step().unwrap() {},
            7 => self.forget_all(|tree| tree.compact_all().unwrap()),
            8 => self.forget_all(|tree| assert!(tree.forget_expired().is_ok())),
            9 | 10 => self.reopen(),
            11..=14 => self.set_rule(),
            15 | 16 => self.jump(),
            _ => self.commit(),
        }
        self.note_forgotten();
    }

    fn jump(&mut self) {
        self.clock = match self.rng.below(4) {
            0 => self.clock - self.rng.below(60).min(self.clock - 1),
            _ => self.clock + self.rng.below(40),
        };
        self.stage.set_time(self.clock);
    }

    fn commit(&mut self) {
        self.clock += self.rng.below(6);
        self.stage.set_time(self.clock);
        let changes: Vec<_> = (0..1 + self.rng.below(4)).map(|_| self.change()).collect();
        let moment = self.history.next(self.clock, &changes);
        let info = self.tree().commit(batch(self.clock, &changes), Durability::Buffered).unwrap();
        assert_eq!(info.last_seq, moment.seq);
        self.history.push(moment);
        self.times.push(info.time);
    }

    fn change(&mut self) -> Change {
        let (rng, clock) = (&mut self.rng, self.clock as i64);
        let (a, b) = (rng.below(CONCEPTS), rng.below(CONCEPTS));
        let kind = *rng.pick(&KINDS);
        match rng.below(16) {
            0..=3 => {
                let text = (!rng.chance(1, 6)).then(|| rng.below(200) as usize);
                Change::Put { n: a, text, vector: if rng.chance(1, 3) { 3 } else { 0 } }
            }
            4 => Change::PutUntil(a, clock + rng.below(50) as i64),
            5..=7 => Change::Touch(a),
            8 => Change::Delete(a),
            9 | 10 => Change::Associate(a, kind, b),
            11 | 12 => {
                let from = clock - rng.below(40) as i64;
                Change::During(a, kind, b, [from, from + 1 + rng.below(90) as i64])
            }
            13 | 14 => Change::State(a, kind, b),
            _ => Change::Dissociate(a, kind, b),
        }
    }

    fn set_rule(&mut self) {
        let kind = ExpiryScope::Kind(AssociationKind::from_code(*self.rng.pick(&KINDS)));
        let scope =
            [ExpiryScope::Concepts, ExpiryScope::Associations, kind][self.rng.below(3) as usize];
        let rng = &mut self.rng;
        let mut expiry = Expiry::new();
        if rng.chance(1, 2) {
            expiry = expiry.time_to_live(20 + rng.below(80));
        }
        if rng.chance(1, 3) {
            expiry = expiry.half_life(10 + rng.below(30), *rng.pick(&[0.3, 300.0]));
        }
        if rng.chance(1, 3) {
            expiry = expiry.after_end(1 + rng.below(40));
        }
        let expiry = (!rng.chance(1, 4)).then_some(expiry);
        self.tree().set_expiry(scope, expiry).unwrap();
        let mut rules = self.now().clone();
        match expiry.filter(|expiry| scope == kind || *expiry != Expiry::new()) {
            Some(expiry) => drop(rules.insert(scope, expiry)),
            None => drop(rules.remove(&scope)),
        }
        if rules != *self.now() {
            let since = self.rules.last().unwrap().0.max(self.clock);
            self.rules.push((since, rules));
        }
        let told: Rules = self.tree().expiry().into_iter().collect();
        assert_eq!(told, *self.now());
    }

    /// What is deleted since the last commit must be expired, all else must be there still.
    fn note_forgotten(&mut self) {
        let snapshot = self.tree().snapshot().with_expired();
        let found = read(&snapshot, &self.history.ids).unwrap();
        let Moment { seq, mut content, .. } = self.history.last().clone();
        if snapshot.seq() > seq {
            for id in expired::concepts(&content, self.now(), self.clock) {
                if !found.concepts.contains_key(&id) {
                    content.concepts.remove(&id);
                    content.associations.retain(|link, _| link.0 != id && link.2 != id);
                    content.facts.retain(|link, _| link.0 != id && link.2 != id);
                }
            }
            for link in expired::associations(&content, self.now(), self.clock) {
                if !found.associations.contains_key(&link) {
                    content.associations.remove(&link);
                    content.facts.remove(&link);
                }
            }
            let last = self.times.last().copied().unwrap();
            self.times.push(self.clock.max(last));
            let (time, content) = (self.clock, content.clone());
            self.history.push(Moment { seq: snapshot.seq(), time, content });
        }
        assert_eq!(found, content, "what is not expired stays");
    }

    /// Nothing that is expired is left.
    fn forget_all(&mut self, forget: impl FnOnce(&LsmTree<SimDir>)) {
        forget(self.tree());
        self.note_forgotten();
        let content = &self.history.last().content;
        assert_eq!(expired::concepts(content, self.now(), self.clock), []);
        assert_eq!(expired::associations(content, self.now(), self.clock), []);
    }

    /// Closes, or just lets go, so that the journal is replayed.
    fn reopen(&mut self) {
        let tree = self.tree.take().unwrap();
        if self.rng.chance(1, 2) {
            tree.close().unwrap();
        } else {
            let image = self.stage.dir.image();
            drop(tree);
            self.stage.dir = SimDir::from_image(&image);
        }
        self.tree = Some(self.stage.open().unwrap());
    }

    /// What is seen now, in every way of reading.
    fn check(&self) {
        let snapshot = self.tree().snapshot();
        let content = &self.history.last().content;
        self.check_seen(&snapshot, &expired::visible(content, self.now(), self.clock));
        let all = snapshot.with_expired();
        check_searches(&snapshot, &all);
        let report = self.tree().verify(&mut |_| {}).unwrap();
        assert_eq!(report.damages, []);
    }

    fn check_seen(&self, snapshot: &Snapshot<SimDir>, expected: &Content) {
        assert_eq!(read(snapshot, &self.history.ids).unwrap(), *expected);
        for direction in [Direction::Out, Direction::In] {
            check_graph(snapshot, &self.history.ids, direction);
        }
        let graph = snapshot.graph().project(&Default::default(), true).unwrap();
        let ends = expected.associations.keys().flat_map(|link| [link.0, link.2]);
        let vertices: BTreeSet<ConceptId> = expected.concepts.keys().copied().chain(ends).collect();
        assert_eq!(graph.vertex_count(), vertices.len());
    }

    /// The same as of earlier times, by the rules of then.
    fn check_past(&self) {
        if !self.keeps {
            return;
        }
        let last = self.times.last().copied().unwrap();
        let moments = self.times.iter().zip(&self.history.moments);
        let by_time: BTreeMap<u64, &Moment> = moments.map(|(time, at)| (*time, at)).collect();
        for time in (950..self.clock.max(last) + 60).step_by(7) {
            let snapshot = self.tree().snapshot_at(time).unwrap();
            let (_, moment) = by_time.range(..=time).next_back().unwrap();
            let known = time.min(self.clock.max(last));
            let rules = self.rules.iter().rev().find(|(since, _)| *since <= known);
            let expected = expired::visible(&moment.content, &rules.unwrap().1, known);
            self.check_seen(&snapshot, &expected);
            check_searches(&snapshot, &snapshot.with_expired());
        }
    }
}

/// Searches find what they would find otherwise, without what is hidden; scores stay.
fn check_searches(snapshot: &Snapshot<SimDir>, all: &Snapshot<SimDir>) {
    let shows = |id: &ConceptId| {
        let Some(concept) = snapshot.concept(id).unwrap() else { return false };
        !concept.record().is_fact() || snapshot.association_of(&concept).unwrap().is_some()
    };
    let query = Query::any(&snapshot.analyser(), "concept as of");
    let words = |snapshot: &Snapshot<SimDir>| -> Vec<(ConceptId, u32)> {
        let hits = snapshot.search_words(&query, usize::MAX, None).unwrap();
        hits.into_iter().map(|hit| (hit.concept.id(), hit.score.to_bits())).collect()
    };
    let mut expected = words(all);
    expected.retain(|(id, _)| shows(id));
    assert_eq!(words(snapshot), expected);
    let vector = [250.0, 251.0, 252.0];
    let vectors = |snapshot: &Snapshot<SimDir>| -> Vec<(ConceptId, u32)> {
        let (limit, min_score, space) = (100, None, 0);
        let query = VectorQuery { vector: &vector, space, limit, effort: Effort::Exact, min_score };
        let hits = snapshot.search_vectors(&query, None).unwrap();
        hits.into_iter().map(|hit| (hit.concept.id(), hit.score.to_bits())).collect()
    };
    let mut expected = vectors(all);
    expected.retain(|(id, _)| shows(id));
    assert_eq!(vectors(snapshot), expected);
}

#[test]
fn a_store_shows_what_the_rules_leave_and_forgets_nothing_else() {
    let asked = std::env::var("SUTRA_EXPIRY_LIVES").ok();
    for seed in 0..asked.map_or(60, |lives| lives.parse().expect("a number of lives")) {
        let mut life = Life::new(seed);
        for _ in 0..STEPS {
            life.step();
            if life.rng.chance(1, 4) {
                life.check();
            }
        }
        life.check();
        life.check_past();
        life.reopen();
        life.check();
        life.forget_all(|tree| tree.compact_all().unwrap());
        life.check();
        life.check_past();
        assert!(life.history.ids.contains(&id(0)) || life.history.ids.len() > 4);
    }
}
