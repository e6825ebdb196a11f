//! The first step of a round: vertices move to where they gain most.

use std::collections::VecDeque;

use super::graph::Graph;

/// Which group each vertex is in. There are as many groups as vertices, most of them empty.
pub(super) struct Groups {
    pub(super) of: Vec<u32>,
    pub(super) strengths: Vec<f64>,
    sizes: Vec<u32>,
}

impl Groups {
    /// Each vertex by itself.
    pub(super) fn singletons(graph: &Graph) -> Self {
        let of: Vec<u32> = (0..).take(graph.len()).collect();
        Self::given(graph, &of)
    }

    /// As told; the numbers become those of the lowest members, so that they are below the count.
    pub(super) fn given(graph: &Graph, told: &[u32]) -> Self {
        let most = told.iter().max().map_or(0, |most| *most as usize + 1);
        let mut lowest = vec![u32::MAX; most];
        let (mut strengths, mut sizes) = (vec![0.0; told.len()], vec![0; told.len()]);
        let mut of = Vec::with_capacity(told.len());
        for (group, vertex) in told.iter().zip(0..) {
            let first = &mut lowest[*group as usize];
            *first = vertex.min(*first);
            strengths[*first as usize] += graph.strength(vertex);
            sizes[*first as usize] += 1;
            of.push(*first);
        }
        Self { of, strengths, sizes }
    }

    fn shift(&mut self, vertex: u32, strength: f64, to: u32) {
        let from = std::mem::replace(&mut self.of[vertex as usize], to);
        self.strengths[from as usize] -= strength;
        self.sizes[from as usize] -= 1;
        self.strengths[to as usize] += strength;
        self.sizes[to as usize] += 1;
    }
}

/// A gain has to be higher than rounding can make it, as a part of the weight of the graph.
pub(super) const ROUNDING: f64 = 1e-12;

/// Moves vertices until none gains by it. Whoever has a neighbour that left is asked again.
pub(super) fn improve(graph: &Graph, groups: &mut Groups, resolution: f64) {
    if graph.total <= 0.0 {
        return;
    }
    let mut queue: VecDeque<u32> = (0..).take(graph.len()).collect();
    let mut queued = vec![true; graph.len()];
    let mut near = Near::new(graph.len());
    let mut empty: Vec<u32> =
        (0..).take(graph.len()).filter(|g| groups.sizes[*g as usize] == 0).collect();
    while let Some(vertex) = queue.pop_front() {
        queued[vertex as usize] = false;
        let own = groups.of[vertex as usize];
        let strength = graph.strength(vertex);
        near.gather(graph, vertex, |neighbor| Some(groups.of[neighbor as usize]));
        let gain = |weight: f64, others: f64| weight - resolution * strength * others / graph.total;
        let alone = groups.strengths[own as usize] - strength;
        let stay = gain(near.weight(own), alone);
        let mut best = (stay, own);
        for group in near.met.iter().filter(|group| **group != own) {
            let gained = gain(near.weight(*group), groups.strengths[*group as usize]);
            if gained > best.0 || (gained == best.0 && best.1 != own && *group < best.1) {
                best = (gained, *group);
            }
        }
        if best.0 < 0.0
            && groups.sizes[own as usize] > 1
            && let Some(free) = empty.pop()
        {
            best = (0.0, free);
        }
        if best.0 <= stay + ROUNDING * graph.total {
            if groups.sizes[best.1 as usize] == 0 {
                empty.push(best.1);
            }
            continue;
        }
        groups.shift(vertex, strength, best.1);
        if groups.sizes[own as usize] == 0 {
            empty.push(own);
        }
        for (neighbor, _) in graph.of_vertex(vertex) {
            if groups.of[*neighbor as usize] != best.1 && !queued[*neighbor as usize] {
                queued[*neighbor as usize] = true;
                queue.push_back(*neighbor);
            }
        }
    }
}

/// The weight between one vertex and the groups around it.
pub(super) struct Near {
    weights: Vec<f64>,
    pub(super) met: Vec<u32>,
}

impl Near {
    pub(super) fn new(groups: usize) -> Self {
        Self { weights: vec![0.0; groups], met: Vec::new() }
    }

    /// Looks around `vertex`. Neighbours without a group are passed over.
    pub(super) fn gather(
        &mut self,
        graph: &Graph,
        vertex: u32,
        group_of: impl Fn(u32) -> Option<u32>,
    ) {
        for group in self.met.drain(..) {
            self.weights[group as usize] = 0.0;
        }
        for (neighbor, weight) in graph.of_vertex(vertex) {
            let Some(group) = group_of(*neighbor) else { continue };
            if self.weights[group as usize] == 0.0 {
                self.met.push(group);
            }
            self.weights[group as usize] += weight;
        }
    }

    pub(super) fn weight(&self, group: u32) -> f64 {
        self.weights[group as usize]
    }
}
