//! The run as a whole: what is measured, in which order.

use std::path::Path;
use std::time::{Duration, Instant};

use sutra_bench::Result;
use sutra_bench::commits::durable;
use sutra_bench::engine::{Reader, Sum};
use sutra_bench::fixture::Fixture;
use sutra_bench::graph::{Direction, Graph};
use sutra_bench::lmdb::{Lmdb, Mode, map_bytes};
use sutra_bench::load::{Load, load};
use sutra_bench::reads::{self, Questions};
use sutra_bench::sutra::{RANKED, Sutra, SutraReader};
use sutra_bench::system::{Floor, disk_bytes, processor_time};
use sutra_bench::table::{Table, Unit, rate, ratio};
use sutra_index::graph::Direction as Along;

/// Threads that commit, and how many commits each makes in a round.
const COMMITTERS: [(usize, usize); 3] = [(1, 200), (8, 200), (64, 200)];
/// LMDB has one writer, who gains nothing from company: each thread makes fewer.
const LMDB_SHARE: usize = 20;
/// Rounds for each pass. They are short, since other users of a disk come and go.
const ROUNDS: usize = 5;
/// The file that the floor of durable commits is measured on.
const FLOOR_BYTES: u64 = 16 << 20;

/// Segments that searches along associations are measured in, besides one.
const SEGMENTS: usize = 3;

/// Concepts to rank from.
const RANKS: usize = 200;

/// How it is measured.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// How often each read is repeated, at least once.
    pub(crate) passes: usize,
    /// Whether reads are taken by the time that they had a processor.
    pub(crate) processor_time: bool,
    /// Whether nothing but searches along associations is measured.
    pub(crate) graph_alone: bool,
}

/// Measures everything in directories below `place`.
pub(crate) fn run(graph: &Graph, place: &Path, plan: &Plan) -> Result<Table> {
    let mut table = Table::default();
    let (ours, theirs) = (place.join("sutra"), place.join("lmdb"));
    if plan.graph_alone {
        searches(&mut table, graph, &theirs, plan)?;
        return Ok(table);
    }
    loads(&mut table, graph, &ours, &theirs)?;
    opens(&mut table, graph, &ours, &theirs, plan.passes)?;
    let sutra = Sutra::open(&ours)?;
    let lmdb = Lmdb::open(&theirs, map_bytes(graph), Mode::Durable)?;
    let segments = sutra.stats().total_segments;
    let mut scene =
        Scene { table: &mut table, graph, plan: *plan, note: counted(segments, "segment") };
    scene.reads(&sutra.reader(), &lmdb.reader()?)?;
    scene.searches(&sutra.reader(), &lmdb.reader()?)?;
    if segments > 1 {
        sutra.tree().compact_all()?;
        scene.note = counted(1, "segment");
        scene.reads(&sutra.reader(), &lmdb.reader()?)?;
        scene.searches(&sutra.reader(), &lmdb.reader()?)?;
    }
    table.add(
        "bytes on disk / logical, in one segment",
        Unit::Factor,
        ratio(disk_bytes(&ours)?, graph.logical_bytes()),
        None,
    );
    commits(&mut table, &sutra, &lmdb, &place.join("floor"), plan.passes)?;
    sutra.close()?;
    lmdb.close();
    Ok(table)
}

/// Searches along associations alone, in one segment and in several, beside the same LMDB.
fn searches(table: &mut Table, graph: &Graph, theirs: &Path, plan: &Plan) -> Result<()> {
    let lmdb = Lmdb::open(theirs, map_bytes(graph), Mode::Load)?;
    load(&lmdb, graph, theirs)?;
    for segments in [1, SEGMENTS] {
        let store = Fixture::of(graph, segments)?;
        let mut scene = Scene { table, graph, plan: *plan, note: counted(segments, "segment") };
        scene.searches(&store.reader(), &lmdb.reader()?)?;
    }
    lmdb.close();
    Ok(())
}

fn loads(table: &mut Table, graph: &Graph, ours: &Path, theirs: &Path) -> Result<()> {
    let sutra = Sutra::open(ours)?;
    let own = load(&sutra, graph, ours)?;
    let stats = sutra.stats();
    sutra.close()?;
    let own = Load { disk: disk_bytes(ours)?, ..own };
    let lmdb = Lmdb::open(theirs, map_bytes(graph), Mode::Load)?;
    let other = load(&lmdb, graph, theirs)?;
    lmdb.close();
    let (concepts, associations) = (graph.ids().len(), graph.edges().len());
    table.add_rate("load concepts", concepts, own.concepts, other.concepts);
    table.add_rate("load associations", associations, own.associations, other.associations);
    table.add_time("until no background work is left", own.settle, other.settle);
    let whole = |load: &Load| load.concepts + load.associations + load.settle;
    table.add_time("load, all of it", whole(&own), whole(&other));
    table.add_time("longest commit of 1,000", own.longest_commit, other.longest_commit);
    table.add("longest stall", Unit::Seconds, own.longest_stall.as_secs_f64(), None);
    let logical = graph.logical_bytes();
    let factor = |bytes: u64| ratio(bytes, logical);
    table.add(
        "bytes written / logical, by the engine",
        Unit::Factor,
        stats.write_amplification(),
        None,
    );
    let (written, disk) = ("bytes written / logical, by the system", "bytes on disk / logical");
    table.add(written, Unit::Factor, factor(own.written), Some(factor(other.written)));
    table.add(
        "bytes on disk / live, by the engine",
        Unit::Factor,
        stats.space_amplification(),
        None,
    );
    table.add(disk, Unit::Factor, factor(own.disk), Some(factor(other.disk)));
    let memory = "peak of anonymous memory";
    table.add(memory, Unit::Bytes, bytes(own.memory_peak), Some(bytes(other.memory_peak)));
    table.add("peak of memory owned, by the engine", Unit::Bytes, bytes(own.owned_peak), None);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "shown in MiB")]
fn bytes(bytes: u64) -> f64 {
    bytes as f64
}

/// Opening after a clean close, with the files in memory, until a snapshot can be read.
fn opens(
    table: &mut Table,
    graph: &Graph,
    ours: &Path,
    theirs: &Path,
    passes: usize,
) -> Result<()> {
    let (mut own, mut other) = (Duration::MAX, Duration::MAX);
    for _ in 0..passes {
        let start = Instant::now();
        let sutra = Sutra::open(ours)?;
        let reader = sutra.reader();
        own = own.min(start.elapsed());
        drop(reader);
        sutra.close()?;
        let start = Instant::now();
        let lmdb = Lmdb::open(theirs, map_bytes(graph), Mode::Durable)?;
        let reader = lmdb.reader()?;
        other = other.min(start.elapsed());
        drop(reader);
        lmdb.close();
    }
    table.add_time("open after a clean close, warm", own, other);
    Ok(())
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What the reads of both engines share.
struct Scene<'a> {
    table: &'a mut Table,
    graph: &'a Graph,
    plan: Plan,
    note: String,
}

impl Scene<'_> {
    /// Searches along associations.
    fn searches<B: Reader>(&mut self, a: &SutraReader, b: &B) -> Result<()> {
        let graph = self.graph;
        let count = graph.ids().len();
        let asked = Questions::new(graph, count.div_ceil(20), 11);
        let ids = &asked.ids;
        let right = asked.within_two(graph, ids.len());
        let ours = || reads::within_two(a, ids);
        self.both("two hops by search", ids.len(), right, ours, || reads::within_two(b, ids))?;
        let few = &ids[..ids.len().min(RANKS)];
        for (along, how) in [(Along::Out, "along"), (Along::Both, "both ways")] {
            let rank = || few.iter().try_for_each(|id| a.rank(*id, along).map(drop));
            let mut ranked = Duration::MAX;
            for _ in 0..self.plan.passes {
                ranked = ranked.min(self.plan.timed(rank)?);
            }
            let what = format!("rank from one, {how}, the first {RANKED} ({})", self.note);
            self.table.add(what, Unit::Seconds, ranked.as_secs_f64() / few.len() as f64, None);
        }
        let mut projected = Duration::MAX;
        for _ in 0..self.plan.passes {
            let start = Instant::now();
            let found = a.project()?;
            projected = projected.min(start.elapsed());
            if (found.vertex_count(), found.edge_count()) != (count, graph.edges().len()) {
                return Err("the projection is not the graph".into());
            }
        }
        let what = format!("projection ({})", self.note);
        self.table.add(what, Unit::Seconds, projected.as_secs_f64(), None);
        Ok(())
    }

    fn reads<A: Reader, B: Reader>(&mut self, a: &A, b: &B) -> Result<()> {
        let graph = self.graph;
        let count = graph.ids().len();
        let asked = Questions::new(graph, count, 7);
        let (ids, absent) = (&asked.ids, &asked.absent);
        let right = asked.records();
        let one = |r: &A| reads::records(r, ids);
        self.both("get, hit", count, right, || one(a), || reads::records(b, ids))?;
        let none = Sum::default();
        let miss = || reads::records(a, absent);
        self.both("get, miss", count, none, miss, || reads::records(b, absent))?;
        let texts = asked.texts(graph);
        self.both("get with text", count, texts, || reads::texts(a, ids), || reads::texts(b, ids))?;
        let many = || reads::records_at_once(a, ids);
        self.both("get 1,000 at once", count, right, many, || reads::records_at_once(b, ids))?;
        for direction in [Direction::Out, Direction::In] {
            let ids = &ids[..count.div_ceil(2)];
            let right = asked.neighbours(graph, direction, ids.len());
            let what = if direction == Direction::Out { "neighbours out" } else { "neighbours in" };
            let ours = || reads::neighbours(a, ids, direction);
            self.both(what, ids.len(), right, ours, || reads::neighbours(b, ids, direction))?;
        }
        let few = &ids[..count.div_ceil(20)];
        let right = asked.two_hops(graph, few.len());
        let ours = || reads::two_hops(a, few);
        self.both("two hops", few.len(), right, ours, || reads::two_hops(b, few))?;
        let right = reads::all_concepts(graph);
        self.both("scan concepts", count, right, || a.scan_concepts(), || b.scan_concepts())?;
        let (right, count) = (reads::all_associations(graph), graph.edges().len());
        let ours = || a.scan_associations();
        self.both("scan associations", count, right, ours, || b.scan_associations())
    }

    /// The best of several passes of each, once the answers are right.
    fn both(
        &mut self,
        what: &str,
        items: usize,
        right: Sum,
        ours: impl Fn() -> Result<Sum>,
        theirs: impl Fn() -> Result<Sum>,
    ) -> Result<()> {
        let what = format!("{what} ({})", self.note);
        let (mut own, mut other) = (Duration::MAX, Duration::MAX);
        // One after the other, since other users of the machine come and go.
        for _ in 0..self.plan.passes {
            own = own.min(self.plan.pass(&format!("sutra: {what}"), right, &ours)?);
            other = other.min(self.plan.pass(&format!("lmdb: {what}"), right, &theirs)?);
        }
        self.table.add_rate(&what, items, own, other);
        Ok(())
    }
}

impl Plan {
    /// The time of one pass, if it gave the right answer.
    fn pass(&self, what: &str, right: Sum, work: impl Fn() -> Result<Sum>) -> Result<Duration> {
        let mut sum = Sum::default();
        let time = self.timed(|| {
            sum = work()?;
            Ok(())
        })?;
        if sum != right {
            return Err(format!("{what}: {sum:?} was read, {right:?} is right").into());
        }
        Ok(time)
    }

    /// The time of one pass.
    fn timed(&self, work: impl FnOnce() -> Result<()>) -> Result<Duration> {
        let (start, had) = (Instant::now(), processor_time()?);
        work()?;
        let wall = start.elapsed();
        Ok(if self.processor_time { processor_time()? - had } else { wall })
    }
}

/// Durable commits, beside what the disk allows in the same second; the middle of many rounds.
fn commits(
    table: &mut Table,
    sutra: &Sutra,
    lmdb: &Lmdb,
    floor: &Path,
    passes: usize,
) -> Result<()> {
    let mut floor = Floor::new(floor, FLOOR_BYTES)?;
    let before = sutra.stats();
    durable(sutra, 1, 100, 100)?;
    let after = sutra.stats();
    let frame = (after.journal_bytes - before.journal_bytes) / (after.commits - before.commits);
    let frame = usize::try_from(frame)?;
    let mut alone = 0.0;
    for (threads, each) in COMMITTERS {
        let (mut plain, mut own, mut other) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..passes * ROUNDS {
            let seed = (threads * 1_000 + round) as u64;
            plain.push(rate(each, floor.run(frame, each)?));
            own.push(rate(each * threads, durable(sutra, threads, each, seed)?));
            let few = each / LMDB_SHARE;
            other.push(rate(few * threads, durable(lmdb, threads, few, seed)?));
        }
        let (plain, own, other) = (middle(plain), middle(own), middle(other));
        let by = counted(threads, "thread");
        table.add(format!("durable commits of one, by {by}"), Unit::Rate, own, Some(other));
        table.add(format!("  write and fdatasync of {frame} bytes"), Unit::Rate, plain, None);
        table.add("  as a multiple of that", Unit::Factor, own / plain, None);
        if threads == 1 {
            alone = own;
        } else {
            table.add("  as a multiple of one thread", Unit::Factor, own / alone, None);
        }
    }
    Ok(())
}

/// The middle one of at least one number.
fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
