//! The second step of a round: each group is split into parts that hang together well.

use super::graph::Graph;
use super::moving::{Groups, Near, ROUNDING};

/// A partition, its parts numbered from zero in the order of their lowest members.
pub(super) struct Parts {
    pub(super) of: Vec<u32>,
    pub(super) count: u32,
}

impl Parts {
    fn numbered(labels: &[u32]) -> Self {
        let mut numbers = vec![u32::MAX; labels.len()];
        let (mut of, mut count) = (Vec::with_capacity(labels.len()), 0);
        for label in labels {
            let number = &mut numbers[*label as usize];
            if *number == u32::MAX {
                *number = count;
                count += 1;
            }
            of.push(*number);
        }
        Self { of, count }
    }

    /// The members of each part, both in order.
    pub(super) fn members(&self) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); self.count as usize];
        for (part, vertex) in self.of.iter().zip(0..) {
            members[*part as usize].push(vertex);
        }
        members
    }
}

/// Begins with each vertex by itself, and joins one that is still alone to the part of its own group
/// where it gains most, if both are tied to the rest of the group by as much as chance would give.
pub(super) fn refine(graph: &Graph, groups: &Groups, resolution: f64) -> Parts {
    let mut state = Refining::new(graph, groups, resolution);
    let mut near = Near::new(graph.len());
    for vertex in (0..).take(graph.len()) {
        if state.sizes[vertex as usize] != 1 || !state.is_tied(vertex, groups.of[vertex as usize]) {
            continue;
        }
        let own_group = groups.of[vertex as usize];
        near.gather(graph, vertex, |neighbor| {
            (groups.of[neighbor as usize] == own_group).then(|| state.of[neighbor as usize])
        });
        let mut best: Option<(f64, u32)> = None;
        for part in near.met.iter().filter(|part| **part != vertex) {
            let chance = resolution * graph.strength(vertex) * state.strengths[*part as usize];
            let gain = near.weight(*part) - chance / graph.total;
            let higher =
                best.is_none_or(|(most, lowest)| gain > most || (gain == most && *part < lowest));
            if gain > ROUNDING * graph.total && higher && state.is_tied(*part, own_group) {
                best = Some((gain, *part));
            }
        }
        if let Some((_, part)) = best {
            state.join(vertex, part, near.weight(part));
        }
    }
    Parts::numbered(&state.of)
}

/// Parts are called by the vertex that began them.
struct Refining<'g> {
    graph: &'g Graph,
    groups: &'g Groups,
    resolution: f64,
    of: Vec<u32>,
    sizes: Vec<u32>,
    strengths: Vec<f64>,
    /// The weight between each part and the rest of its group.
    ties: Vec<f64>,
}

impl<'g> Refining<'g> {
    fn new(graph: &'g Graph, groups: &'g Groups, resolution: f64) -> Self {
        let vertices = || (0..).take(graph.len());
        let ties = |vertex: u32| {
            let inside = graph.of_vertex(vertex).iter();
            let inside =
                inside.filter(|(n, _)| groups.of[*n as usize] == groups.of[vertex as usize]);
            inside.map(|(_, weight)| weight).sum()
        };
        Self {
            graph,
            groups,
            resolution,
            of: vertices().collect(),
            sizes: vec![1; graph.len()],
            strengths: vertices().map(|vertex| graph.strength(vertex)).collect(),
            ties: vertices().map(ties).collect(),
        }
    }

    /// Whether a part is tied to the rest of its group by as much as chance would give.
    fn is_tied(&self, part: u32, group: u32) -> bool {
        let strength = self.strengths[part as usize];
        let rest = self.groups.strengths[group as usize] - strength;
        let chance = self.resolution * strength * rest / self.graph.total;
        self.ties[part as usize] >= chance - ROUNDING * self.graph.total
    }

    /// Puts a vertex that is alone into a part, to which it is tied by `weight`.
    fn join(&mut self, vertex: u32, part: u32, weight: f64) {
        self.of[vertex as usize] = part;
        self.sizes[vertex as usize] = 0;
        self.sizes[part as usize] += 1;
        self.strengths[part as usize] += self.strengths[vertex as usize];
        self.ties[part as usize] += self.ties[vertex as usize] - 2.0 * weight;
    }
}
