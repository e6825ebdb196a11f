//! The fields of the file, in its order and under its names.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sutra_format::{AssociationKind, Metric};

use crate::analyser::AnalyserName;
use crate::error::Problem;
use crate::expiry::{Expiry, ExpiryPolicy, ExpiryScope, HalfLife};
use crate::history::History;
use crate::kinds::Kinds;
use crate::manifest::Manifest;
use crate::metadata::SegmentMetadata;
use crate::spaces::{Spaces, VectorSpace};
use crate::strict::{AtMost, Hex, Object};

/// The one field that is read from every version.
#[derive(Deserialize)]
pub(crate) struct VersionField {
    pub(crate) version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManifestFields {
    version: u32,
    store_id: Hex<16>,
    hash_seed: Hex<8>,
    next_segment_id: u32,
    last_seq: u64,
    /// Null is said, not left out: a derived reader would take nothing for null.
    #[serde(deserialize_with = "Option::deserialize")]
    journal_floor: Option<u32>,
    association_kinds: AtMost<String, { Kinds::MAX }>,
    /// Left out where there are none, as in every manifest from before there could be any.
    #[serde(default = "no_spaces", skip_serializing_if = "is_empty")]
    vector_spaces: SpaceList,
    /// Left out where it is the default one, as in every manifest from before there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    analyser: Option<Object<AnalyserFields>>,
    /// Left out where nothing that was is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    history: Option<Object<HistoryFields>>,
    /// Left out where nothing is forgotten.
    #[serde(default = "no_policies", skip_serializing_if = "is_empty")]
    expiry: PolicyList,
    segments: Vec<Object<SegmentFields>>,
    last_compaction: u64,
    compaction_count: u64,
    /// Checked and written by the envelope, which has the last bytes of the file to itself.
    #[serde(skip_serializing, rename = "checksum")]
    _checksum: Hex<4>,
}

type SpaceList = AtMost<Object<SpaceFields>, { Spaces::MAX }>;

type PolicyList = AtMost<Object<PolicyFields>, { ExpiryPolicy::MAX }>;

fn no_spaces() -> SpaceList {
    AtMost(Vec::new())
}

fn no_policies() -> PolicyList {
    AtMost(Vec::new())
}

fn is_empty<T, const MAX: usize>(list: &AtMost<T, MAX>) -> bool {
    list.0.is_empty()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpaceFields {
    code: u16,
    name: String,
    model: String,
    dimension: u32,
    metric: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentFields {
    segment_id: u32,
    path: String,
    concept_count: u64,
    association_count: u64,
    file_size: u64,
    created_at: u64,
    compacted_at: u64,
    level: u32,
    min_seq: u64,
    max_seq: u64,
    header_crc: Hex<4>,
    payload_only: bool,
    /// Left out where it is not.
    #[serde(default, skip_serializing_if = "is_not")]
    history: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnalyserFields {
    name: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryFields {
    since_seq: u64,
    since_time: u64,
    /// Null is said, not left out.
    #[serde(deserialize_with = "Option::deserialize")]
    window: Option<u64>,
    /// Left out where their number does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    versions: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFields {
    since: u64,
    rules: AtMost<Object<RuleFields>, { ExpiryPolicy::RULES_MAX }>,
}

/// What is left out does not hold.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFields {
    of: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time_to_live: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    half_life: Option<u64>,
    /// The bits of the number, so that it is read as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_strength: Option<Hex<4>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after_end: Option<u64>,
}

fn is_not(flag: &bool) -> bool {
    !flag
}

impl From<&History> for HistoryFields {
    fn from(history: &History) -> Self {
        let History { since_seq, since_time, window, versions } = *history;
        Self { since_seq, since_time, window, versions }
    }
}

impl From<HistoryFields> for History {
    fn from(fields: HistoryFields) -> Self {
        let HistoryFields { since_seq, since_time, window, versions } = fields;
        Self { since_seq, since_time, window, versions }
    }
}

fn analyser_fields(analyser: &AnalyserName) -> Option<Object<AnalyserFields>> {
    let AnalyserName { name, version } = analyser.clone();
    (*analyser != AnalyserName::default()).then_some(Object(AnalyserFields { name, version }))
}

impl From<AnalyserFields> for AnalyserName {
    fn from(fields: AnalyserFields) -> Self {
        let AnalyserFields { name, version } = fields;
        Self { name, version }
    }
}

impl From<&Manifest> for ManifestFields {
    fn from(manifest: &Manifest) -> Self {
        Self {
            version: Manifest::VERSION,
            store_id: Hex(manifest.store_id),
            hash_seed: Hex(manifest.hash_seed.to_be_bytes()),
            next_segment_id: manifest.next_segment_id,
            last_seq: manifest.last_seq,
            journal_floor: manifest.journal_floor,
            association_kinds: AtMost(manifest.kinds.names().to_vec()),
            vector_spaces: AtMost(space_fields(&manifest.spaces)),
            analyser: analyser_fields(&manifest.analyser),
            history: manifest.history.as_ref().map(|history| Object(history.into())),
            expiry: AtMost(manifest.expiry.iter().map(policy_fields).collect()),
            segments: manifest.segments.iter().map(|segment| Object(segment.into())).collect(),
            last_compaction: manifest.last_compaction,
            compaction_count: manifest.compaction_count,
            _checksum: Hex([0; 4]),
        }
    }
}

impl TryFrom<ManifestFields> for Manifest {
    type Error = Problem;

    /// Checks what one field can tell by itself; the rest is for [`Manifest::check`].
    fn try_from(fields: ManifestFields) -> Result<Self, Problem> {
        let mut kinds = Kinds::default();
        for (place, name) in fields.association_kinds.0.into_iter().enumerate() {
            kinds.add(name).map_err(|error| {
                Problem::invalid(format!("association_kinds[{place}]"), error.to_string())
            })?;
        }
        let spaces = read_spaces(fields.vector_spaces)?;
        let expiry = read_policies(fields.expiry)?;
        let mut segments: Vec<SegmentMetadata> =
            fields.segments.into_iter().map(|segment| segment.0.into()).collect();
        segments.sort_by_key(SegmentMetadata::order);
        Ok(Self {
            store_id: fields.store_id.0,
            hash_seed: u64::from_be_bytes(fields.hash_seed.0),
            last_seq: fields.last_seq,
            journal_floor: fields.journal_floor,
            next_segment_id: fields.next_segment_id,
            kinds,
            spaces,
            analyser: fields.analyser.map(|analyser| analyser.0.into()).unwrap_or_default(),
            history: fields.history.map(|history| history.0.into()),
            expiry,
            segments,
            last_compaction: fields.last_compaction,
            compaction_count: fields.compaction_count,
        })
    }
}

fn space_fields(spaces: &Spaces) -> Vec<Object<SpaceFields>> {
    let fields = |(code, space): (u16, &VectorSpace)| {
        let VectorSpace { name, model, dimension, metric } = space.clone();
        Object(SpaceFields { code, name, model, dimension, metric: metric.name().to_owned() })
    };
    (1..=u16::MAX).zip(spaces.list()).map(fields).collect()
}

fn read_spaces(fields: SpaceList) -> Result<Spaces, Problem> {
    let mut spaces = Spaces::default();
    for (place, (expected, Object(fields))) in (1..=u16::MAX).zip(fields.0).enumerate() {
        let invalid =
            |field, reason| Problem::invalid(format!("vector_spaces[{place}]{field}"), reason);
        let SpaceFields { code, name, model, dimension, metric } = fields;
        if code != expected {
            return Err(invalid(".code", format!("{code}, where {expected} must follow")));
        }
        let Some(metric) = Metric::from_name(&metric) else {
            let reason = "there is no such metric: cosine, dot and euclidean are".to_owned();
            return Err(invalid(".metric", reason));
        };
        if spaces.code(&name).is_some() {
            return Err(invalid(".name", "it is there twice".to_owned()));
        }
        let space = VectorSpace { name, model, dimension, metric };
        spaces.register(&space).map_err(|error| invalid("", error.to_string()))?;
    }
    Ok(spaces)
}

fn policy_fields(policy: &ExpiryPolicy) -> Object<PolicyFields> {
    let fields = |(scope, expiry): (&ExpiryScope, &Expiry)| {
        let (of, kind) = match scope {
            ExpiryScope::Concepts => ("concepts", None),
            ExpiryScope::Associations => ("associations", None),
            ExpiryScope::Kind(kind) => ("kind", Some(kind.code())),
        };
        let Expiry { time_to_live, half_life, after_end } = *expiry;
        let bits = |half_life: HalfLife| Hex(half_life.min_strength.to_bits().to_be_bytes());
        Object(RuleFields {
            of: of.to_owned(),
            kind,
            time_to_live,
            half_life: half_life.map(|half_life| half_life.ms),
            min_strength: half_life.map(bits),
            after_end,
        })
    };
    let rules = AtMost(policy.rules.iter().map(fields).collect());
    Object(PolicyFields { since: policy.since, rules })
}

fn read_policies(fields: PolicyList) -> Result<Vec<ExpiryPolicy>, Problem> {
    let mut policies = Vec::new();
    for (place, Object(PolicyFields { since, rules })) in fields.0.into_iter().enumerate() {
        let mut policy = ExpiryPolicy { since, ..ExpiryPolicy::default() };
        for (at, Object(fields)) in rules.0.into_iter().enumerate() {
            let invalid = |field, reason: &str| {
                Problem::invalid(format!("expiry[{place}].rules[{at}]{field}"), reason.to_owned())
            };
            let RuleFields { of, kind, time_to_live, half_life, min_strength, after_end } = fields;
            let scope = match (of.as_str(), kind) {
                ("concepts", None) => ExpiryScope::Concepts,
                ("associations", None) => ExpiryScope::Associations,
                ("kind", Some(code)) => ExpiryScope::Kind(AssociationKind::from_code(code)),
                _ => {
                    let reason = "concepts and associations are, and kind with a code";
                    return Err(invalid(".of", reason));
                }
            };
            let half_life = match (half_life, min_strength) {
                (None, None) => None,
                (Some(ms), Some(Hex(bits))) => {
                    let min_strength = f32::from_bits(u32::from_be_bytes(bits));
                    Some(HalfLife { ms, min_strength })
                }
                _ => return Err(invalid(".half_life", "it goes with min_strength")),
            };
            let is_last = policy.rules.last_key_value().is_none_or(|(last, _)| *last < scope);
            if !is_last {
                return Err(invalid(".of", "it is there twice, or out of order"));
            }
            policy.rules.insert(scope, Expiry { time_to_live, half_life, after_end });
        }
        policies.push(policy);
    }
    Ok(policies)
}

impl From<&SegmentMetadata> for SegmentFields {
    fn from(segment: &SegmentMetadata) -> Self {
        Self {
            segment_id: segment.segment_id,
            path: segment.path.to_string_lossy().into_owned(), // Plain ASCII, as was checked.
            concept_count: segment.concept_count,
            association_count: segment.association_count,
            file_size: segment.file_size,
            created_at: segment.created_at,
            compacted_at: segment.compacted_at,
            level: segment.level,
            min_seq: segment.min_seq,
            max_seq: segment.max_seq,
            header_crc: Hex(segment.header_crc.to_be_bytes()),
            payload_only: segment.payload_only,
            history: segment.history,
        }
    }
}

impl From<SegmentFields> for SegmentMetadata {
    fn from(fields: SegmentFields) -> Self {
        Self {
            segment_id: fields.segment_id,
            path: PathBuf::from(fields.path),
            concept_count: fields.concept_count,
            association_count: fields.association_count,
            file_size: fields.file_size,
            created_at: fields.created_at,
            compacted_at: fields.compacted_at,
            level: fields.level,
            min_seq: fields.min_seq,
            max_seq: fields.max_seq,
            header_crc: u32::from_be_bytes(fields.header_crc.0),
            payload_only: fields.payload_only,
            history: fields.history,
        }
    }
}
