//! [`Told`]: what a store was told besides commits, and [`Holds`]: what of it holds after a crash.

use std::collections::{BTreeMap, BTreeSet};

use sutra_format::ConceptId;
use sutra_lsm::{Expiry, ExpiryScope, LsmTree, Retention};
use sutra_testkit::SimDir;

use super::content::Content;
use super::workload::Moment;

/// Something that was asked for: from which operation on, and by which it was done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<T> {
    what: T,
    issued_at: usize,
    acked_at: Option<usize>,
}

/// A concept that is gone from all that was before a sequence number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Erasure {
    pub(crate) id: ConceptId,
    pub(crate) seq: u64,
}

/// What a store was told, in that order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Kinds of associations and vector spaces.
    names: Vec<Asked<&'static str>>,
    /// How long what was is kept.
    retentions: Vec<Asked<Retention>>,
    /// What is forgotten.
    rules: Vec<Asked<(ExpiryScope, Option<Expiry>)>>,
    erasures: Vec<Asked<Erasure>>,
}

/// What must hold, and what may.
#[derive(Clone, Debug)]
pub(crate) struct Holds {
    names: [BTreeSet<&'static str>; 2],
    retentions: Vec<Retention>,
    /// The rules of each scope that was ever given one, or of which one was taken.
    rules: BTreeMap<ExpiryScope, Vec<Option<Expiry>>>,
    /// What is erased for certain, and what may be, or a part of it.
    erased: [Vec<Erasure>; 2],
}

impl<T: Copy> Asked<T> {
    /// What was asked for before operation `issued_at`, and was done, or not, by `op`.
    pub(crate) fn new(what: T, issued_at: usize, is_done: bool, op: usize) -> Self {
        Self { what, issued_at, acked_at: is_done.then_some(op) }
    }

    fn is_issued(&self, op: usize) -> bool {
        self.issued_at <= op
    }

    fn is_acked(&self, op: usize) -> bool {
        self.acked_at.is_some_and(|at| at <= op)
    }

    /// Adds what may hold now. What was done for certain leaves nothing of what held before.
    fn add_to<H>(&self, may_hold: &mut Vec<H>, what: H, op: usize) {
        if self.is_acked(op) {
            may_hold.clear();
        }
        may_hold.push(what);
    }
}

impl Told {
    pub(crate) fn name(&mut self, name: Asked<&'static str>) {
        self.names.push(name);
    }

    pub(crate) fn retain(&mut self, retention: Asked<Retention>) {
        self.retentions.push(retention);
    }

    pub(crate) fn expire(&mut self, rule: Asked<(ExpiryScope, Option<Expiry>)>) {
        self.rules.push(rule);
    }

    pub(crate) fn erase(&mut self, erasure: Asked<Erasure>) {
        self.erasures.push(erasure);
    }

    /// What holds after a crash at operation `op`.
    pub(crate) fn at(&self, op: usize) -> Holds {
        let names = |is_so: &dyn Fn(&Asked<&'static str>) -> bool| {
            self.names.iter().filter(|name| is_so(name)).map(|name| name.what).collect()
        };
        let mut retentions = vec![Retention::Latest];
        for asked in self.retentions.iter().filter(|asked| asked.is_issued(op)) {
            asked.add_to(&mut retentions, asked.what, op);
        }
        let mut rules = BTreeMap::new();
        for asked in self.rules.iter().filter(|asked| asked.is_issued(op)) {
            let (scope, rule) = asked.what;
            asked.add_to(rules.entry(scope).or_insert(vec![None]), rule, op);
        }
        let erased = |is_acked: bool| {
            let issued = self.erasures.iter().filter(|asked| asked.is_issued(op));
            issued.filter(|asked| asked.is_acked(op) == is_acked).map(|asked| asked.what).collect()
        };
        Holds {
            names: [names(&|name| name.is_acked(op)), names(&|name| name.is_issued(op))],
            retentions,
            rules,
            erased: [erased(true), erased(false)],
        }
    }

    /// Goes on with what a crash left, as of a sequence number.
    pub(crate) fn go_on_from(&mut self, tree: &LsmTree<SimDir>, seq: u64) {
        let Self { names, retentions, rules, erasures } = self;
        names.retain(|name| is_known(tree, name.what));
        names.iter_mut().for_each(|name| (name.issued_at, name.acked_at) = (0, Some(0)));
        *retentions = vec![Asked { what: tree.retention(), issued_at: 0, acked_at: Some(0) }];
        let held = tree.expiry().into_iter().map(|(scope, rule)| (scope, Some(rule)));
        *rules = held.map(|what| Asked { what, issued_at: 0, acked_at: Some(0) }).collect();
        erasures.retain(|erasure| erasure.what.seq <= seq);
        for erasure in erasures {
            (erasure.issued_at, erasure.acked_at) = (0, erasure.acked_at.map(|_| 0));
        }
    }
}

impl Holds {
    #[track_caller]
    pub(crate) fn check(&self, tree: &LsmTree<SimDir>) {
        let [must, may] = &self.names;
        let known: BTreeSet<_> = may.iter().copied().filter(|name| is_known(tree, name)).collect();
        assert!(known.is_superset(must), "of the kinds {must:?} only {known:?}");
        let (found, retentions) = (tree.retention(), &self.retentions);
        assert!(retentions.contains(&found), "keeps {found:?}, and not {retentions:?}");
        let found: BTreeMap<ExpiryScope, Expiry> = tree.expiry().into_iter().collect();
        let unknown = found.keys().find(|scope| !self.rules.contains_key(scope));
        assert_eq!(unknown, None, "forgets by a rule that was never given");
        for (scope, rules) in &self.rules {
            let found = found.get(scope).copied();
            assert!(rules.contains(&found), "forgets {scope:?} by {found:?}, and not {rules:?}");
        }
    }

    /// Whether anything may be erased: when all of a commit is, nobody knows any more when that was.
    pub(crate) fn is_erased(&self) -> bool {
        self.erased.iter().any(|erasures| !erasures.is_empty())
    }

    /// Whether this is what was at a moment, but for what was erased since.
    pub(crate) fn is_past(&self, mut found: Content, moment: &Moment) -> bool {
        let mut was = moment.content.clone();
        let [erased, perhaps] = self.erased.each_ref().map(|erasures| {
            let later = erasures.iter().filter(|erasure| erasure.seq > moment.seq);
            later.map(|erasure| erasure.id).collect::<Vec<_>>()
        });
        erased.iter().for_each(|id| remove(&mut was, *id));
        for id in perhaps {
            remove(&mut was, id);
            remove(&mut found, id);
        }
        found == was
    }
}

fn remove(content: &mut Content, id: ConceptId) {
    content.concepts.remove(&id);
    content.associations.retain(|link, _| link.0 != id && link.2 != id);
    content.facts.retain(|link, _| link.0 != id && link.2 != id);
}

/// Whether the name is that of a kind or of a vector space.
pub(crate) fn is_known(tree: &LsmTree<SimDir>, name: &str) -> bool {
    tree.kind_named(name).is_some() || tree.snapshot().space_named(name).is_some()
}
