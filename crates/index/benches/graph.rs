//! How fast graphs are projected, searched and ranked.
//!
//! `graph [VERTICES [EDGES]]`; 100,000 and 1,000,000 if not said. Edges start anywhere and end by a
//! power law, from a fixed seed. Times are those of the processor, not of the wall, so that other work
//! on it counts for less; of what is repeated, the mean.

use std::env::args;
use std::fs;
use std::hint::black_box;
use std::time::Instant;

use sutra_format::AssociationKind;
use sutra_index::graph::whole::{
    Leiden, PageRank, core_numbers, hops_from, leiden, pagerank, propagate_labels,
    strong_components, triangles, weak_components,
};
use sutra_index::graph::{
    Csr, CsrBuilder, Direction, Kinds, Limits, Ppr, Walk, cheapest_path, expand,
    personalized_pagerank, shortest_path,
};
use sutra_testkit::SplitMix;

const ALL: Kinds = Kinds::All;

fn main() {
    // `cargo bench` adds an argument of its own.
    let mut numbers = args().skip(1).filter_map(|argument| argument.parse().ok());
    let vertices = numbers.next().unwrap_or(100_000);
    let edges = numbers.next().unwrap_or(1_000_000);
    println!("{vertices} vertices, {edges} edges; load {}", load());
    let (csr, took) = timed(|| project(vertices, edges));
    let bytes = csr.memory_bytes() as f64 / f64::from(edges);
    println!("projection        {:9.1} ms   {bytes:.1} bytes an edge with keys of 4", took * 1e3);
    searches(&csr);
    ranking(&csr);
    whole(&csr);
    println!("load {}", load());
}

fn searches(csr: &Csr<u32>) {
    let walk = Walk::new(Direction::Out, &ALL).with_limits(Limits::NONE);
    let mut random = SplitMix::new(7);
    for hops in 1..=3 {
        let mut found = 0;
        let took = mean(20_000 / 10_u32.pow(hops - 1), || {
            let seed = vertex(&mut random, csr.vertex_count() as u64);
            let Ok(near) = expand(csr, &[seed], hops, &walk);
            found += near.reached.len();
        });
        let each = found as f64 / f64::from(20_000 / 10_u32.pow(hops - 1));
        println!("{hops} hops            {:9.2} us   {each:.0} vertices", took * 1e6);
    }
    let both = Walk::new(Direction::Both, &ALL).with_limits(Limits::NONE);
    let took = mean(200, || {
        let (from, to) = (
            vertex(&mut random, csr.vertex_count() as u64),
            vertex(&mut random, csr.vertex_count() as u64),
        );
        black_box(shortest_path(csr, from, to, 20, &both)).ok();
    });
    println!("shortest path     {:9.1} us", took * 1e6);
    let took = mean(20, || {
        let (from, to) = (
            vertex(&mut random, csr.vertex_count() as u64),
            vertex(&mut random, csr.vertex_count() as u64),
        );
        black_box(cheapest_path(csr, from, to, |edge| 1.0 + f64::from(edge.reference % 7), &walk))
            .ok();
    });
    println!("cheapest path     {:9.1} us", took * 1e6);
}

fn ranking(csr: &Csr<u32>) {
    let walk = Walk::new(Direction::Out, &ALL).with_limits(Limits::NONE);
    let seeds: Vec<u32> =
        (0..20).map(|at| vertex(&mut SplitMix::new(at), csr.vertex_count() as u64)).collect();
    let top = |seed: u32, epsilon: f64| {
        let ppr = Ppr { epsilon, ..Ppr::default() };
        personalized_pagerank(csr, &[(seed, 1.0)], 50, &ppr, &walk).expect("settings are in range")
    };
    let exact: Vec<Vec<u32>> = seeds
        .iter()
        .map(|seed| top(*seed, 1e-7).top.iter().map(|ranked| ranked.vertex).collect())
        .collect();
    for epsilon in [1e-3, 3e-4, 1e-4, 5e-5, 3e-5, 1e-5] {
        let (mut at, mut edges, mut right) = (0, 0, 0);
        let took = mean(400, || {
            let which = at % seeds.len();
            let found = top(seeds[which], epsilon);
            edges += found.edges;
            right +=
                found.top.iter().filter(|ranked| exact[which].contains(&ranked.vertex)).count();
            at += 1;
        });
        let (edges, right) = (edges as f64 / at as f64, right as f64 / (at * 50) as f64);
        println!(
            "ppr {epsilon:7.0e}       {:9.1} us   {edges:.0} edges, {right:.3} of the top 50",
            took * 1e6
        );
    }
}

fn whole(csr: &Csr<u32>) {
    let tell = |name: &str, seconds: f64| println!("{name:18}{:9.1} ms", seconds * 1e3);
    let how = PageRank { tolerance: 0.0, max_iterations: 20, ..PageRank::default() };
    tell("pagerank, 20", timed(|| black_box(pagerank(csr, &how)).ok()).1);
    tell("weak components", timed(|| black_box(weak_components(csr))).1);
    tell("strong components", timed(|| black_box(strong_components(csr))).1);
    tell("hops from one", timed(|| black_box(hops_from(csr, &[0], Direction::Both, &ALL))).1);
    tell("core numbers", timed(|| black_box(core_numbers(csr))).1);
    tell("labels, 10 rounds", timed(|| black_box(propagate_labels(csr, 10))).1);
    tell("triangles", timed(|| black_box(triangles(csr))).1);
    let (found, took) = timed(|| leiden(csr, &Leiden::default()).expect("settings are in range"));
    tell("leiden", took);
    println!("                  {} communities, modularity {:.4}", found.count, found.modularity);
}

fn project(vertices: u32, edges: u32) -> Csr<u32> {
    let mut random = SplitMix::new(42);
    let mut builder = CsrBuilder::new();
    for _ in 0..edges {
        let source = vertex(&mut random, vertices.into());
        let (a, b) = (vertex(&mut random, vertices.into()), vertex(&mut random, vertices.into()));
        let c = u64::from(vertex(&mut random, vertices.into()));
        // A product of three uniform numbers falls off by a power law; the factor scatters the hubs.
        let near = u64::from(a) * u64::from(b) / u64::from(vertices) * c / u64::from(vertices);
        let target = (near * 2_654_435_761 % u64::from(vertices)) as u32;
        builder.edge(source, target, AssociationKind::SEMANTIC, 1.0).expect("few enough");
    }
    builder.finish()
}

fn vertex(random: &mut SplitMix, below: u64) -> u32 {
    random.below(below) as u32
}

fn load() -> String {
    fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}

/// Seconds that this thread has run, where the system says so.
fn seconds(start: Instant) -> f64 {
    let ran = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ran = ran.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    ran.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds as f64 / 1e9)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let before = seconds(start);
    let result = work();
    (result, seconds(start) - before)
}

fn mean(times: u32, mut work: impl FnMut()) -> f64 {
    let ((), took) = timed(|| (0..times).for_each(|_| work()));
    took / f64::from(times)
}
