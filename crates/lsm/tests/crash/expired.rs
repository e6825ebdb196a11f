//! What a store shows of what was committed, by rules that are applied the simplest way.

use std::collections::BTreeMap;

use sutra_format::time::{OPEN_END, OPEN_START};
use sutra_format::{AssociationKind, ConceptId};
use sutra_lsm::{Expiry, ExpiryScope};

use super::content::Content;

pub(crate) type Rules = BTreeMap<ExpiryScope, Expiry>;

fn is_over(
    expiry: &Expiry,
    now: u64,
    since: Option<u64>,
    until: Option<i64>,
    strength: f32,
) -> bool {
    let is_old = |ms: u64| since.is_some_and(|since| now >= since + ms);
    if expiry.time_to_live.is_some_and(is_old) {
        return true;
    }
    if let (Some(half_life), Some(since)) = (expiry.half_life, since) {
        let halves = now.saturating_sub(since) as f64 / half_life.ms as f64;
        if f64::from(strength) * 0.5_f64.powf(halves) < f64::from(half_life.min_strength) {
            return true;
        }
    }
    let ended = |ms: u64| until.is_some_and(|until| now as i64 >= until + ms as i64);
    expiry.after_end.is_some_and(ended)
}

/// The concepts that are expired.
pub(crate) fn concepts(content: &Content, rules: &Rules, now: u64) -> Vec<ConceptId> {
    let Some(expiry) = rules.get(&ExpiryScope::Concepts) else { return Vec::new() };
    let concepts = content.concepts.iter().filter(|(_, view)| {
        let last = view.updated_at.max(view.accessed_at);
        let until = (view.valid.1 != OPEN_END).then_some(view.valid.1);
        is_over(expiry, now, Some(last), until, view.strength)
    });
    concepts.map(|(id, _)| *id).collect()
}

/// The associations that are expired by their own rules.
pub(crate) fn associations(
    content: &Content,
    rules: &Rules,
    now: u64,
) -> Vec<(ConceptId, u16, ConceptId)> {
    let associations = content.associations.iter().filter(|(link, record)| {
        let own = ExpiryScope::Kind(AssociationKind::from_code(link.1));
        let rule = rules.get(&own).or_else(|| rules.get(&ExpiryScope::Associations));
        let (from, to) = (record.valid_from(), record.valid_to());
        let since = (from != OPEN_START).then_some(from as u64);
        let until = (to != OPEN_END).then_some(to);
        rule.is_some_and(|rule| is_over(rule, now, since, until, record.weight.get()))
    });
    associations.map(|(link, _)| *link).collect()
}

/// What is left to be seen.
pub(crate) fn visible(content: &Content, rules: &Rules, now: u64) -> Content {
    let mut seen = content.clone();
    for link in associations(content, rules, now) {
        seen.associations.remove(&link);
        seen.facts.remove(&link);
    }
    for id in concepts(content, rules, now) {
        seen.concepts.remove(&id);
        seen.associations.retain(|link, _| link.0 != id && link.2 != id);
        seen.facts.retain(|link, _| link.0 != id && link.2 != id);
    }
    seen
}

/// What is left once all that is expired is deleted, and how many records that takes.
pub(crate) fn forgotten(
    content: &Content,
    rules: &[(ExpiryScope, Expiry)],
    now: u64,
) -> (Content, u64) {
    let rules = rules.iter().copied().collect();
    let (concepts, links) = (concepts(content, &rules, now), associations(content, &rules, now));
    let mut left = content.clone();
    links.iter().for_each(|link| {
        left.associations.remove(link);
        left.facts.remove(link);
    });
    left.concepts.retain(|id, _| !concepts.contains(id));
    let touches = |link: &(ConceptId, u16, ConceptId)| {
        concepts.contains(&link.0) || concepts.contains(&link.2)
    };
    left.associations.retain(|link, _| !touches(link));
    left.facts.retain(|link, _| !touches(link));
    let facts = content.facts.len() - left.facts.len();
    (left, (concepts.len() + links.len() + facts) as u64)
}
