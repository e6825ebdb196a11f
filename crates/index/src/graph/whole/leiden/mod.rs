//! [`leiden`]: communities by modularity; each of them hangs together.

mod graph;
mod moving;
mod refining;

use std::convert::Infallible;

use super::components::Components;
use crate::graph::csr::Csr;
use crate::graph::error::GraphError;
use graph::Graph;
use moving::Groups;

/// How [`leiden`] works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leiden {
    /// Above 0. Communities get smaller as it rises; 1 is modularity as Newman defined it.
    pub resolution: f64,
    /// Whether edges count by their weights; one each otherwise.
    pub weighted: bool,
    /// It ends after so many aggregations in any case. Few graphs need ten.
    pub max_levels: u32,
}

impl Default for Leiden {
    /// Resolution 1, no weights, at most 32 aggregations.
    fn default() -> Self {
        Self { resolution: 1.0, weighted: false, max_levels: 32 }
    }
}

/// What [`leiden`] found.
#[derive(Clone, Debug, PartialEq)]
pub struct Communities {
    /// For each vertex the lowest number in its community.
    pub labels: Vec<u32>,
    /// How many communities there are.
    pub count: usize,
    /// How much better than chance the edges fall within them: below 1.
    pub modularity: f64,
}

/// Communities of the graph taken as undirected.
///
/// Traag, Waltman and van Eck (2019): vertices move to the neighbouring community of the highest gain,
/// communities are refined into parts that hang together well, the parts become the vertices of the
/// next round. Made deterministic: vertices are taken in the order of their numbers, and the refinement
/// takes the highest gain, not a random one; equal gains go to the lowest community. No community falls
/// apart into pieces without an edge between them. An isolated vertex is one by itself. Time: a few
/// passes over the edges for each round, of which there are few. Memory: some 40 bytes an edge, 80 a
/// vertex.
pub fn leiden(
    csr: &Csr<impl Copy + Ord>,
    how: &Leiden,
) -> Result<Communities, GraphError<Infallible>> {
    check(csr, how.resolution, how.weighted)?;
    let mut graph = Graph::of(csr, how.weighted);
    let mut groups = Groups::singletons(&graph);
    // For each vertex of the projection its vertex in `graph`.
    let mut places: Vec<u32> = csr.vertices().collect();
    for _ in 0..how.max_levels {
        moving::improve(&graph, &mut groups, how.resolution);
        let parts = refining::refine(&graph, &groups, how.resolution);
        if parts.count as usize == graph.len() {
            break;
        }
        // A part lies within one group, so the group of any member is the group of the part.
        let mut part_groups = vec![0; parts.count as usize];
        for (part, group) in parts.of.iter().zip(&groups.of) {
            part_groups[*part as usize] = *group;
        }
        for place in &mut places {
            *place = parts.of[*place as usize];
        }
        graph = graph.aggregated(&parts);
        groups = Groups::given(&graph, &part_groups);
    }
    let flat: Vec<u32> = places.iter().map(|place| groups.of[*place as usize]).collect();
    let Components { labels, count } = Components::from_parts(&flat);
    let modularity = modularity(csr, &labels, how.resolution, how.weighted)?;
    Ok(Communities { labels, count, modularity })
}

/// The modularity of a partition: the part of the weight of edges that falls within, less what chance
/// would put there (Newman and Girvan, 2004; with the resolution of Reichardt and Bornholdt, 2006).
/// Zero for a graph without weight. Panics if there is not one label for each vertex, or one is no
/// number of a vertex.
pub fn modularity(
    csr: &Csr<impl Copy + Ord>,
    labels: &[u32],
    resolution: f64,
    weighted: bool,
) -> Result<f64, GraphError<Infallible>> {
    check(csr, resolution, weighted)?;
    assert_eq!(labels.len(), csr.vertex_count(), "one label for each vertex");
    let (mut within, mut total) = (0.0, 0.0);
    let mut strengths = vec![0.0; labels.len()];
    for source in csr.vertices() {
        for (edge, target) in csr.edges_from(source).zip(csr.targets(source)) {
            let weight = if weighted { f64::from(csr.weight(edge)) } else { 1.0 };
            let (a, b) = (labels[source as usize], labels[*target as usize]);
            strengths[a as usize] += weight;
            strengths[b as usize] += weight;
            total += weight;
            within += if a == b { weight } else { 0.0 };
        }
    }
    if total == 0.0 {
        return Ok(0.0);
    }
    let chance = |strength: &f64| (strength / (2.0 * total)).powi(2);
    Ok(within / total - resolution * strengths.iter().map(chance).sum::<f64>())
}

fn check(
    csr: &Csr<impl Copy + Ord>,
    resolution: f64,
    weighted: bool,
) -> Result<(), GraphError<Infallible>> {
    if !(resolution > 0.0 && resolution.is_finite()) {
        let (name, range) = ("resolution", "above 0");
        return Err(GraphError::Setting { name, value: resolution, range });
    }
    if weighted { csr.check_weights() } else { Ok(()) }
}
