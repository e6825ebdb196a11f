//! When records are forgotten: rules are kept in the file, and refused as they are when they are set.

use crate::common::{refused, sample, sealed};
use sutra_format::AssociationKind;
use sutra_manifest::{Expiry, ExpiryError, ExpiryPolicy, ExpiryScope, History, Manifest, Problem};

const GOLDEN: &str = include_str!("../golden/manifest.v1.expiry.json");

fn kind(code: u16) -> ExpiryScope {
    ExpiryScope::Kind(AssociationKind::from_code(code))
}

fn kept(mut manifest: Manifest) -> Manifest {
    manifest.history =
        Some(History { since_seq: 3, since_time: 100, window: None, versions: Some(4) });
    manifest
}

/// The manifest of `golden/manifest.v1.expiry.json`.
fn with_rules() -> Manifest {
    let mut manifest = kept(sample());
    let all = Expiry::new().time_to_live(86_400_000).half_life(3_600_000, 0.1).after_end(1);
    for (scope, expiry, now) in [
        (ExpiryScope::Concepts, Some(all), 200),
        (ExpiryScope::Associations, Some(Expiry::new().time_to_live(5)), 300),
        (kind(6), Some(Expiry::new()), 400),
        (ExpiryScope::Concepts, None, 500),
        (kind(0), Some(Expiry::new().after_end(u64::MAX)), 500),
    ] {
        manifest.set_expiry(scope, expiry, now).expect("a good rule");
    }
    manifest
}

fn since(manifest: &Manifest) -> Vec<(u64, usize)> {
    manifest.expiry().iter().map(|policy| (policy.since, policy.rules.len())).collect()
}

#[test]
fn rules_are_written_and_read_as_they_always_were() {
    let manifest = with_rules();
    assert_eq!(String::from_utf8(manifest.to_bytes().expect("it holds")).expect("text"), GOLDEN);
    assert_eq!(Manifest::from_bytes(GOLDEN.as_bytes()).expect("it holds"), manifest);
    assert_eq!(since(&manifest), [(200, 1), (300, 2), (400, 3), (500, 3)]);
}

#[test]
fn earlier_rules_are_kept_as_far_as_history_goes_back() {
    let mut manifest = with_rules();
    let rule = Some(Expiry::new().time_to_live(9));
    let set = |manifest: &mut Manifest, rule, now| {
        manifest.set_expiry(ExpiryScope::Concepts, rule, now).expect("a good rule");
    };
    set(&mut manifest, None, 600);
    assert_eq!(since(&manifest).len(), 4, "nothing changed");
    set(&mut manifest, rule, 450);
    assert_eq!(since(&manifest), [(200, 1), (300, 2), (400, 3), (500, 4)], "times do not go back");
    if let Some(history) = &mut manifest.history {
        history.since_time = 300;
    }
    set(&mut manifest, None, 700);
    assert_eq!(since(&manifest), [(300, 2), (400, 3), (500, 4), (700, 3)]);
    manifest.history = None;
    set(&mut manifest, rule, 800);
    assert_eq!(since(&manifest), [(800, 4)]);
    for scope in [ExpiryScope::Concepts, ExpiryScope::Associations, kind(6), kind(0)] {
        manifest.set_expiry(scope, None, 900).expect("a good rule");
    }
    assert_eq!(since(&manifest), []);
    manifest.set_expiry(ExpiryScope::Associations, Some(Expiry::new()), 9).expect("it is none");
    assert_eq!(since(&manifest), []);
}

#[test]
fn what_cannot_be_a_rule_is_refused() {
    let mut manifest = kept(sample());
    let mut set = |scope, expiry| manifest.set_expiry(scope, Some(expiry), 200);
    let unnamed = AssociationKind::from_code(7);
    assert_eq!(set(kind(7), Expiry::new()), Err(ExpiryError::Unnamed { kind: unnamed }));
    for (expiry, what) in [
        (Expiry::new().time_to_live(0), "time to live"),
        (Expiry::new().half_life(0, 1.0), "half-life"),
        (Expiry::new().after_end(0), "time after the end of validity"),
    ] {
        assert_eq!(set(ExpiryScope::Concepts, expiry), Err(ExpiryError::Zero { what }));
    }
    for bound in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let refused = set(ExpiryScope::Concepts, Expiry::new().half_life(1, bound));
        assert!(matches!(refused, Err(ExpiryError::Bound { .. })), "{bound}");
    }
    for n in 0..ExpiryPolicy::MAX as u64 {
        let expiry = Expiry::new().time_to_live(n + 1);
        manifest.set_expiry(ExpiryScope::Concepts, Some(expiry), 200 + n).expect("room");
    }
    let more = manifest.clone().set_expiry(ExpiryScope::Concepts, None, 9_999);
    assert_eq!(more, Err(ExpiryError::TooOften));
    let bytes = manifest.to_bytes().expect("it holds");
    assert_eq!(Manifest::from_bytes(&bytes).expect("it holds"), manifest);
}

#[test]
fn rules_in_a_file_are_checked() {
    for (from, to, field) in [
        ("\"since\": 300", "\"since\": 200", "expiry[1].since"),
        ("\"of\": \"associations\"", "\"of\": \"nothing\"", "expiry[1].rules[1].of"),
        ("\"of\": \"associations\"", "\"of\": \"concepts\"", "expiry[1].rules[1].of"),
        ("\"kind\": 6", "\"kind\": 7", "expiry[2].rules[2]"),
        ("\"time_to_live\": 86400000", "\"time_to_live\": 0", "expiry[0].rules[0]"),
        ("\"min_strength\": \"3dcccccd\"", "\"min_strength\": \"bdcccccd\"", "expiry[0].rules[0]"),
        ("          \"half_life\": 3600000,\n", "", "expiry[0].rules[0].half_life"),
        ("          \"time_to_live\": 5\n", "          \"kind\": 1\n", "expiry[1].rules[1].of"),
        (",\n          \"time_to_live\": 5\n", "\n", "expiry[1].rules[1]"),
    ] {
        assert!(GOLDEN.contains(from), "{from}");
        match refused(&sealed(&GOLDEN.replacen(from, to, 1))) {
            Problem::Invalid { field: told, .. } => assert_eq!(told, field, "{to}"),
            other => panic!("{to}: {other:?}"),
        }
    }
}

#[test]
fn rules_that_differ_in_a_half_life_alone_are_not_the_same() {
    let rule = |ms, min_strength| Expiry::new().half_life(ms, min_strength);
    assert_eq!(rule(5, 0.5), rule(5, 0.5));
    assert_ne!(rule(5, 0.5), rule(6, 0.5));
    assert_ne!(rule(5, 0.5), rule(5, 0.25));
}

#[test]
fn what_a_rule_is_for_is_said_in_words() {
    for (scope, words) in [
        (ExpiryScope::Concepts, "concepts"),
        (ExpiryScope::Associations, "associations"),
        (kind(6), "associations of kind 6"),
    ] {
        assert_eq!(scope.to_string(), words);
    }
}
