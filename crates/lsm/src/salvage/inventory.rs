//! [`Inventory`]: which files a damaged store consists of.
//!
//! The manifest says so. If it is lost, the files do: of those whose ranges of sequence numbers
//! overlap, the one with the widest range is what a merge made of the others, which then only
//! hold payload.

use sutra_format::SegmentHeader;
use sutra_format::journal::JournalHeader;
use sutra_format::segment::SegmentFlags;
use sutra_fs::{Dir, File, Name};
use sutra_index::words::WordsError;
use sutra_manifest::{AnalyserName, Manifest, SegmentMetadata};

use super::header::Known;
use super::raw::RawSegment;
use super::report::{Loss, Lost};
use crate::error::{LsmError, Result};
use crate::files::{FileRole, role_of, segment_name};
use crate::journal::first_frame;
use crate::recovery::first_journal;
use crate::tree::JournalStart;
use crate::words::name_of;

/// A segment in its role.
pub(super) struct Part<D: Dir> {
    pub(super) name: Name,
    pub(super) level: u32,
    pub(super) payload_only: bool,
    pub(super) id: u32,
    /// Absent if nothing of it can be used.
    pub(super) raw: Option<RawSegment<D>>,
}

/// The parts of a store.
pub(super) struct Inventory<D: Dir> {
    /// Names of kinds, seed and identity.
    pub(super) manifest: Manifest,
    /// Segments that are searched, newest first, then those that only hold payload.
    pub(super) parts: Vec<Part<D>>,
    /// Journals in their order.
    pub(super) journals: Vec<JournalStart>,
}

impl<D: Dir> Inventory<D> {
    pub(super) fn take(dir: &D, losses: &mut Vec<Loss>) -> Result<Self> {
        match Manifest::load_from(dir, &Manifest::name()) {
            Ok(manifest) => Ok(Self::by_manifest(dir, manifest, losses)),
            Err(error) => Self::by_files(dir, &error.to_string(), losses),
        }
    }

    fn by_manifest(dir: &D, manifest: Manifest, losses: &mut Vec<Loss>) -> Self {
        let now = manifest.segments().iter().filter(|meta| !meta.history);
        let mut metas: Vec<SegmentMetadata> = now.cloned().collect();
        metas.sort_by_key(|meta| (meta.payload_only, std::cmp::Reverse(meta.max_seq)));
        let mut parts = Vec::new();
        for meta in metas {
            let name = segment_name(meta.segment_id);
            let known = Known::of(&manifest, &meta);
            let raw = RawSegment::read(dir, &name, Some(known)).and_then(|raw| {
                let header = &raw.header;
                let is_it = header.store_id == manifest.store_id
                    && header.segment_id.get() == meta.segment_id
                    && header.header_crc.get() == meta.header_crc;
                is_it.then_some(raw).ok_or("not the file that the manifest names".to_owned())
            });
            let raw = raw.map_err(|reason| {
                let (concepts, associations) = (meta.concept_count, meta.association_count);
                let what = Lost::File { reason, concepts, associations };
                losses.push(Loss { path: dir.path(&name), offset: None, what });
            });
            let (level, payload_only, id) = (meta.level, meta.payload_only, meta.segment_id);
            parts.push(Part { name, level, payload_only, id, raw: raw.ok() });
        }
        let journals = first_journal(&manifest).into_iter().collect();
        Self { manifest, parts, journals }
    }

    fn by_files(dir: &D, reason: &str, losses: &mut Vec<Loss>) -> Result<Self> {
        let previous = Name::new(Manifest::PREVIOUS_NAME).expect("a plain name");
        let previous = Manifest::load_from(dir, &previous).ok();
        let names = dir.list()?;
        let mut parts: Vec<Part<D>> = Vec::new();
        for name in &names {
            let FileRole::Segment(id) = role_of(name) else { continue };
            let meta = previous.as_ref().and_then(|old| Some((old, old.segment(id)?)));
            let known = meta.map(|(previous, meta)| Known::of(previous, meta));
            let raw = RawSegment::read(dir, name, known).map_err(|reason| {
                let what = Lost::File { reason, concepts: 0, associations: 0 };
                losses.push(Loss { path: dir.path(name), offset: None, what });
            });
            let (name, raw) = (name.clone(), raw.ok());
            parts.push(Part { name, level: 0, payload_only: false, id, raw });
        }
        let mut journals = Vec::new();
        let mut known = identity_of(&previous, &parts);
        // Headers first: they may say which store it is, if nothing else does.
        let headers = names.iter().filter_map(|name| journal_header(dir, name));
        for (header, start) in headers.collect::<Vec<_>>() {
            let identity = *known.get_or_insert((header.store_id, header.hash_seed.get()));
            if identity == (header.store_id, header.hash_seed.get()) {
                journals.push(start);
            }
        }
        let seed = known.map(|(_, hash_seed)| hash_seed);
        for name in &names {
            let start = seed.and_then(|hash_seed| journal_without_header(dir, name, hash_seed));
            journals.extend(start.filter(|start| !journals.contains(start)));
        }
        journals.sort_by_key(|start: &JournalStart| start.journal_id);
        let Some((store_id, hash_seed)) = known else {
            return Err(LsmError::NoStore { path: dir.path(&Manifest::name()) });
        };
        let path = dir.path(&Manifest::name());
        let what = Lost::Manifest { reason: reason.to_owned() };
        losses.push(Loss { path: path.clone(), offset: None, what });
        let is_ours = |header: &SegmentHeader| {
            header.store_id == store_id && header.flags.get() & SegmentFlags::HISTORY == 0
        };
        parts.retain(|part| part.raw.as_ref().is_none_or(|raw| is_ours(&raw.header)));
        assign_roles(&mut parts);
        let manifest = previous.unwrap_or_else(|| {
            let mut manifest = Manifest::for_store(store_id, hash_seed);
            match analyser_of(&parts) {
                Some(analyser) => manifest.analyser = analyser,
                None => losses.push(Loss { path, offset: None, what: Lost::Analyser }),
            }
            manifest
        });
        Ok(Self { manifest, parts, journals })
    }
}

/// Which store it is: as the manifest before says, or the first file that can be read.
fn identity_of<D: Dir>(previous: &Option<Manifest>, parts: &[Part<D>]) -> Option<([u8; 16], u64)> {
    let of_manifest = previous.as_ref().map(|manifest| (manifest.store_id, manifest.hash_seed));
    let mut of_parts = parts.iter().filter_map(|part| part.raw.as_ref());
    of_manifest
        .or_else(|| of_parts.next().map(|raw| (raw.header.store_id, raw.header.hash_seed.get())))
}

/// What made the words of the newest segment that says so, known to this build or not.
fn analyser_of<D: Dir>(parts: &[Part<D>]) -> Option<AnalyserName> {
    let segments = parts.iter().filter_map(|part| part.raw.as_ref()?.segment.as_ref());
    segments.filter_map(|segment| segment.words().ok()?).find_map(|section| {
        match section.analyser() {
            Ok(analyser) => Some(name_of(analyser)),
            Err(WordsError::UnknownAnalyser { name, version }) => {
                Some(AnalyserName { name, version })
            }
            Err(_) => None,
        }
    })
}

fn journal_header<D: Dir>(dir: &D, name: &Name) -> Option<(JournalHeader, JournalStart)> {
    let FileRole::Journal(journal_id) = role_of(name) else { return None };
    let mut bytes = [0; JournalHeader::BYTES];
    dir.open(name).ok()?.read_at(0, &mut bytes).ok()?;
    let header = *JournalHeader::decode(&bytes).ok()?;
    let start = JournalStart { journal_id, first_seq: header.first_seq.get() };
    (header.journal_id.get() == journal_id).then_some((header, start))
}

/// A journal of the store of this seed whose header is damaged, if its first frame is whole.
fn journal_without_header<D: Dir>(dir: &D, name: &Name, hash_seed: u64) -> Option<JournalStart> {
    let FileRole::Journal(journal_id) = role_of(name) else { return None };
    let mut bytes = [0; JournalHeader::BYTES];
    let file = dir.open(name).ok()?;
    file.read_at(0, &mut bytes).ok()?;
    if JournalHeader::decode(&bytes).is_ok() {
        return None;
    }
    let first = first_frame(&file, journal_id, hash_seed).ok()??;
    Some(JournalStart { journal_id, first_seq: first.first_seq.get() })
}

/// Orders segments, and finds those that others were merged from.
fn assign_roles<D: Dir>(parts: &mut [Part<D>]) {
    let range = |part: &Part<D>| {
        part.raw.as_ref().map(|raw| (raw.header.min_seq.get(), raw.header.max_seq.get()))
    };
    // What cannot be read comes first: it may be the newest of all.
    parts.sort_by_key(|part| {
        let (min, max) = range(part).unwrap_or((0, u64::MAX));
        (std::cmp::Reverse(max), min, std::cmp::Reverse(part.id))
    });
    let (mut covered, mut level) = (u64::MAX, 0);
    for part in parts.iter_mut() {
        let Some((min, max)) = range(part) else { continue };
        part.payload_only = max >= covered;
        if !part.payload_only {
            covered = min;
            let merged = part.raw.as_ref().is_some_and(|raw| raw.header.compacted_at.get() > 0);
            level = level.max(u32::from(merged));
        }
        part.level = level;
    }
    parts.sort_by_key(|part| part.payload_only); // Stable: the others stay in their order.
}
