//! [`propagate_labels`]: communities by asking the neighbours.

use crate::graph::csr::Csr;

/// What [`propagate_labels`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelPropagation {
    /// For each vertex the number of a vertex: equal numbers, one community.
    pub labels: Vec<u32>,
    /// Rounds that were made.
    pub rounds: u32,
    /// Whether the last round changed nothing.
    pub settled: bool,
}

/// Communities by label propagation: each vertex begins with its own number, and takes in each round
/// the label that most of its edges lead to, of equally many the lowest.
///
/// Raghavan, Albert and Kumara (2007), all vertices at once, ties by the lowest label: the form that
/// LDBC Graphalytics calls CDLP. Edges count both ways, so a pair of opposite ones counts twice, as
/// parallel ones do; one of a vertex with itself counts twice as well. Labels can swing between two
/// states for ever: `max_rounds` ends that. Time: edges times rounds, and sorting the labels around
/// each vertex. Memory: 8 bytes a vertex, and the labels around one.
pub fn propagate_labels(csr: &Csr<impl Copy + Ord>, max_rounds: u32) -> LabelPropagation {
    let mut labels: Vec<u32> = csr.vertices().collect();
    let mut next = labels.clone();
    let mut around = Vec::new();
    let (mut rounds, mut settled) = (0, labels.is_empty());
    while rounds < max_rounds && !settled {
        settled = true;
        for vertex in csr.vertices() {
            let ends = csr.targets(vertex).iter().chain(csr.sources(vertex));
            around.clear();
            around.extend(ends.map(|end| labels[*end as usize]));
            let own = labels[vertex as usize];
            let label = most_frequent(&mut around).unwrap_or(own);
            settled &= label == own;
            next[vertex as usize] = label;
        }
        std::mem::swap(&mut labels, &mut next);
        rounds += 1;
    }
    LabelPropagation { labels, rounds, settled }
}

/// Of equally frequent ones the lowest.
fn most_frequent(labels: &mut [u32]) -> Option<u32> {
    labels.sort_unstable();
    let mut best: Option<(usize, u32)> = None;
    for run in labels.chunk_by(|a, b| a == b) {
        if best.is_none_or(|(length, _)| run.len() > length) {
            best = Some((run.len(), run[0]));
        }
    }
    best.map(|(_, label)| label)
}
