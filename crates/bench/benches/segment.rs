//! Lookups and scans in one segment that lies in memory, and how long it takes to write and to
//! verify one.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sutra_format::hash::placement;
use sutra_format::{AssociationKind, AssociationRecord, ConceptId, ConceptRecord};
use sutra_fs::{Dir, File, Mapped, Name, OsDir};
use sutra_segment::{Segment, SegmentPlan, SegmentWriter};
use sutra_testkit::SplitMix;

const CONCEPTS: u64 = 1 << 16;
const ASSOCIATIONS: u64 = 4 * CONCEPTS;
const SEED: u64 = 0x5eed;
const BATCH: usize = 64;

fn id(number: u64) -> ConceptId {
    ConceptId::from_bytes(u128::from(number).to_le_bytes())
}

fn key(number: u64) -> (u64, ConceptId) {
    (placement(SEED, &id(number)), id(number))
}

fn plan(concepts: u64, associations: u64) -> SegmentPlan {
    SegmentPlan {
        segment_id: 1,
        store_id: [1; 16],
        hash_seed: SEED,
        created_at: 0,
        compacted_at: 0,
        min_seq: 0,
        max_seq: 0,
        concepts,
        associations,
        vector_bytes: 0,
        content_bytes: 0,
        history: None,
    }
}

fn write(
    dir: &OsDir,
    name: &str,
    concepts: &[ConceptRecord],
    associations: &[AssociationRecord],
) -> Segment<Mapped> {
    let name = Name::new(name).expect("a plain name");
    let _ = dir.remove(&name); // Of the run before.
    let file = dir.create(&name).expect("room for the benchmark");
    let plan = plan(concepts.len() as u64, associations.len() as u64);
    let mut writer = SegmentWriter::new(&file, plan);
    for record in concepts {
        writer.push_concept(record).expect("written");
    }
    for record in associations {
        writer.push_association(record).expect("written");
    }
    writer.finish().expect("written");
    Segment::open(file.map().expect("mapped"), dir.path(&name)).expect("a segment")
}

fn rows() -> (Vec<ConceptRecord>, Vec<AssociationRecord>) {
    let absent = ConceptRecord::ABSENT;
    let mut keys: Vec<_> = (0..CONCEPTS).map(key).collect();
    keys.sort_unstable();
    let concepts = keys.iter().map(|(_, id)| ConceptRecord::new(*id, absent, 0, absent)).collect();
    let mut rng = SplitMix::new(1);
    let mut edges: Vec<_> = (0..ASSOCIATIONS)
        .map(|_| (key(rng.below(CONCEPTS)), rng.below(5) as u16, id(rng.below(CONCEPTS))))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let record = |(source, kind, target): &((u64, ConceptId), u16, ConceptId)| {
        AssociationRecord::new(source.1, *target, AssociationKind::from_code(*kind), 1.0)
    };
    (concepts, edges.iter().map(record).collect())
}

fn lookups(criterion: &mut Criterion, segment: &Segment<Mapped>) {
    let mut rng = SplitMix::new(2);
    let mut draw = |from: u64| key(from + rng.below(CONCEPTS));
    let mut group = criterion.benchmark_group("lookup");
    group.throughput(Throughput::Elements(1));
    group.bench_function("hit", |bencher| {
        bencher.iter_batched(
            || draw(0),
            |(hash, id)| black_box(segment.find_concept(hash, &id).expect("sound")).is_some(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("miss", |bencher| {
        bencher.iter_batched(
            || draw(CONCEPTS),
            |(hash, id)| black_box(segment.find_concept(hash, &id).expect("sound")).is_some(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("outgoing", |bencher| {
        bencher.iter_batched(
            || draw(0),
            |(hash, id)| {
                let records = segment.outgoing(hash, &id).expect("sound");
                records.iter().map(|record| u32::from(record.kind_code.get())).sum::<u32>()
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("incoming", |bencher| {
        bencher.iter_batched(
            || draw(0),
            |(hash, id)| {
                let records = segment.incoming(hash, &id).expect("sound");
                records.map(|r| u32::from(r.expect("sound").kind_code.get())).sum::<u32>()
            },
            BatchSize::SmallInput,
        );
    });
    group.throughput(Throughput::Elements(BATCH as u64));
    for (name, from) in [("64 hits at once", 0), ("64 misses at once", CONCEPTS)] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || [(); BATCH].map(|()| draw(from)),
                |keys| {
                    let mut found = [None; BATCH];
                    segment.find_concepts(&keys, &mut found).expect("sound");
                    found.iter().flatten().count()
                },
                BatchSize::SmallInput,
            );
        });
    }
}

fn all(criterion: &mut Criterion) {
    let place = tempfile::tempdir().expect("a directory");
    let dir = OsDir::open(place.path()).expect("a directory");
    let (concepts, associations) = rows();
    let segment = write(&dir, "read.seg", &concepts, &associations);
    lookups(criterion, &segment);
    let mut group = criterion.benchmark_group("segment");
    group.sample_size(10);
    group.throughput(Throughput::Elements(CONCEPTS));
    group.bench_function("scan concepts", |bencher| {
        bencher.iter(|| {
            let records = segment.iter_concepts().expect("sound");
            records.map(|record| u64::from(record.access_count.get()) + 1).sum::<u64>()
        });
    });
    group.bench_function("write concepts", |bencher| {
        bencher.iter(|| write(&dir, "written.seg", &concepts, &[]).file_length());
    });
    group.throughput(Throughput::Elements(associations.len() as u64));
    group.bench_function("write associations", |bencher| {
        bencher.iter(|| write(&dir, "written.seg", &[], &associations).file_length());
    });
    group.throughput(Throughput::Bytes(segment.file_length()));
    group.bench_function("verify", |bencher| {
        bencher.iter(|| segment.verify(&mut |_| ()).expect("sound"));
    });
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
