//! Commits drawn from a seed, and a journal that remembers what it was given.

use sutra_format::{AssociationKind, AssociationRecord, ConceptFlags, ConceptId, ConceptRecord};
use sutra_fs::Dir;
use sutra_lsm::journal::{
    Commit, CommitBody, Identity, JournalError, JournalWriter, Replayed, ReplayedFrame, SummedBody,
    replay,
};
use sutra_testkit::{Image, SimDir, SplitMix};
use zerocopy::little_endian::{U16, U32, U64};

pub(crate) const IDENTITY: Identity =
    Identity { journal_id: 7, store_id: *b"a store of tests", hash_seed: 42, first_seq: 1_001 };

/// Zeros are written ahead up to here.
pub(crate) const CAPACITY: u64 = 2 << 20;

/// What one commit came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Written {
    pub(crate) first_seq: u64,
    pub(crate) commit_time: u64,
    pub(crate) body: CommitBody,
}

/// A body of some concepts with and without text and vectors, deltas, and associations.
pub(crate) fn body(rng: &mut SplitMix, records_max: u64, text_max: u64) -> CommitBody {
    let mut body = CommitBody::default();
    for seq in 0..rng.below(records_max + 1) {
        if rng.chance(1, 3) {
            let kind = AssociationKind::SEMANTIC;
            let mut record = AssociationRecord::new(id(rng), id(rng), kind, 0.5);
            record.seq = U64::new(seq);
            body.associations.push(record);
        } else {
            let mut record = concept(rng, &mut body, text_max);
            record.seq = U64::new(seq);
            body.concepts.push(record);
        }
    }
    body
}

fn concept(rng: &mut SplitMix, body: &mut CommitBody, text_max: u64) -> ConceptRecord {
    const ABSENT: u64 = ConceptRecord::ABSENT;
    if rng.chance(1, 4) {
        return ConceptRecord::tombstone(id(rng));
    }
    let mut record = ConceptRecord::new(id(rng), ABSENT, 0, ABSENT);
    if rng.chance(1, 4) {
        record.flags = U32::new(ConceptFlags::DELTA);
        return record;
    }
    let mut text = vec![b'x'; usize::try_from(rng.below(text_max + 1)).unwrap()];
    text.iter_mut().for_each(|byte| *byte = b'a' + (rng.below(26) as u8));
    record.content_offset = U64::new(body.payload.push_entry(&text));
    record.content_length = U32::new(u32::try_from(text.len()).unwrap());
    record.flags = U32::new(ConceptFlags::HAS_CONTENT);
    if rng.chance(1, 2) {
        body.payload.push_entry(b"{}");
        record.attributes_length = U32::new(2);
    }
    if rng.chance(1, 2) {
        body.payload.push_entry(b"key");
        record.key_length = U16::new(3);
    }
    if rng.chance(1, 2) {
        let values: Vec<f32> = (0..1 + rng.below(8)).map(|value| value as f32).collect();
        record.vector_offset = U64::new(body.payload.push_vector(&values));
        record.vector_dimension = U32::new(u32::try_from(values.len()).unwrap());
    }
    record
}

fn id(rng: &mut SplitMix) -> ConceptId {
    let mut bytes = [0; 16];
    rng.fill(&mut bytes);
    ConceptId::from_bytes(bytes)
}

/// A journal in a simulated directory, with what was appended to it.
pub(crate) struct Journal {
    pub(crate) dir: SimDir,
    pub(crate) writer: JournalWriter<SimDir>,
    pub(crate) written: Vec<Written>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self::of(IDENTITY)
    }

    pub(crate) fn of(identity: Identity) -> Self {
        let dir = SimDir::new();
        let writer = JournalWriter::create(&dir, identity, 5, CAPACITY).unwrap();
        Self { dir, writer, written: Vec::new() }
    }

    /// Appends a group, without a sync.
    pub(crate) fn try_write(&mut self, bodies: Vec<CommitBody>) -> Result<(), JournalError> {
        let group = group(self.writer.next_seq(), self.written.len() as u64, bodies);
        write(&mut self.writer, &group)?;
        self.written.extend(group);
        Ok(())
    }

    pub(crate) fn write(&mut self, bodies: Vec<CommitBody>) {
        self.try_write(bodies).unwrap();
    }

    /// Appends one small commit, syncs it, and leaves a mark.
    pub(crate) fn commit(&mut self, rng: &mut SplitMix) {
        self.write(vec![body(rng, 3, 40)]);
        self.writer.sync().unwrap();
        self.writer.mark().unwrap();
    }

    /// The directory as it is now, with no more of the zeros than `zeros` behind the tail.
    pub(crate) fn image(&self, zeros: u64) -> Image {
        let mut image = self.dir.image();
        image.truncate(&self.writer.identity().name(), self.writer.length() + zeros);
        image
    }
}

/// What these bodies come to from `first_seq` on.
pub(crate) fn group(first_seq: u64, time: u64, bodies: Vec<CommitBody>) -> Vec<Written> {
    let mut next = first_seq;
    let written = |(index, body): (usize, CommitBody)| {
        let first_seq = next;
        next += body.record_count();
        Written { first_seq, commit_time: time + index as u64, body }
    };
    bodies.into_iter().enumerate().map(written).collect()
}

pub(crate) fn write<D: Dir>(
    writer: &mut JournalWriter<D>,
    group: &[Written],
) -> Result<(), JournalError> {
    let summed: Vec<SummedBody> =
        group.iter().map(|commit| commit.body.clone().summed().unwrap()).collect();
    let commits: Vec<Commit<'_>> = group
        .iter()
        .zip(&summed)
        .map(|(Written { first_seq, commit_time, .. }, body)| Commit {
            first_seq: *first_seq,
            commit_time: *commit_time,
            body,
        })
        .collect();
    writer.write(&commits)
}

/// What a replay gives back.
pub(crate) fn read_back<D: Dir>(
    dir: &D,
    identity: &Identity,
) -> Result<(Replayed, Vec<Written>), JournalError> {
    let mut found = Vec::new();
    let replayed = replay(dir, identity, |frame: ReplayedFrame| {
        let ReplayedFrame { first_seq, commit_time, body, .. } = frame;
        found.push(Written { first_seq, commit_time, body });
        Ok::<(), JournalError>(())
    })?;
    assert_eq!(replayed.commits, found.len() as u64);
    Ok((replayed, found))
}

/// What a replay of an image gives back.
pub(crate) fn read_image(image: &Image) -> Result<(Replayed, Vec<Written>), JournalError> {
    read_back(&SimDir::from_image(image), &IDENTITY)
}
