//! A path of a million vertices: as deep as it is large.

use sutra_index::graph::whole::{
    core_numbers, hops_from, propagate_labels, strong_components, triangles, weak_components,
};
use sutra_index::graph::{
    Csr, Direction, Kinds, Limits, Ppr, Walk, cheapest_path, expand, personalized_pagerank,
    shortest_path, simple_paths,
};

use crate::common::{Sample, sure};

const LENGTH: u32 = 1_000_000;
const END: u32 = LENGTH - 1;
const ALL: Kinds = Kinds::All;

fn chain() -> Csr<u32> {
    Sample::of(LENGTH, &(1..LENGTH).map(|vertex| (vertex - 1, vertex)).collect::<Vec<_>>()).csr()
}

#[test]
fn searches_go_as_deep_as_a_graph_is() {
    let csr = chain();
    let walk = Walk::new(Direction::Out, &ALL).with_limits(Limits::NONE);
    let all = sure(expand(&csr, &[0], u32::MAX, &walk));
    assert_eq!(all.reached.last().map(|at| (at.vertex, at.hops)), Some((END, END)));
    let shortest = sure(shortest_path(&csr, 0, END, u32::MAX, &walk)).path.unwrap();
    assert_eq!(shortest.hops(), END as usize);
    let (cheapest, cost) = cheapest_path(&csr, 0, END, |_| 1.0, &walk).unwrap().path.unwrap();
    assert_eq!((cheapest.hops(), cost), (END as usize, f64::from(END)));
    let paths = sure(simple_paths(&csr, 0, Some(END), 0..=u32::MAX, 2, &walk)).paths;
    assert_eq!(paths, [shortest]);
    let ppr = Ppr { alpha: 1e-3, epsilon: 1e-12, weighted: false };
    let ranks = personalized_pagerank(&csr, &[(0, 1.0)], 1, &ppr, &walk).unwrap();
    assert!(ranks.residual < 1e-3);
}

#[test]
fn whole_graph_algorithms_go_as_deep_as_a_graph_is() {
    let csr = chain();
    assert_eq!(weak_components(&csr).count, 1);
    assert_eq!(strong_components(&csr).count, LENGTH as usize);
    assert!(core_numbers(&csr).iter().all(|core| *core == 1));
    assert_eq!(triangles(&csr).total, 0);
    assert_eq!(hops_from(&csr, &[0], Direction::Out, &ALL)[END as usize], END);
    assert_eq!(propagate_labels(&csr, 3).rounds, 3);
}

#[test]
fn a_circle_of_a_million_is_one_strong_component() {
    let mut edges: Vec<_> = (1..LENGTH).map(|vertex| (vertex - 1, vertex)).collect();
    edges.push((END, 0));
    assert_eq!(strong_components(&Sample::of(LENGTH, &edges).csr()).count, 1);
}
