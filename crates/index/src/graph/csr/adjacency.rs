//! A [`Csr`] as an [`Adjacency`]: the searches work on it with numbers for vertices.

use std::convert::Infallible;
use std::hint::black_box;
use std::ops::ControlFlow;

use super::Csr;
use crate::graph::adjacency::{Adjacency, Direction, EdgeOf, Kinds, count_edges};

/// Vertices and edges are called by their numbers. A number that is not there has no edges.
impl<K: Copy + Ord> Adjacency for Csr<K> {
    type Vertex = u32;
    type Reference = u32;
    type Filter = Kinds;
    type Error = Infallible;

    #[inline]
    fn edges(
        &self,
        vertex: u32,
        direction: Direction,
        filter: &Kinds,
        mut visit: impl FnMut(EdgeOf<Self>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Infallible> {
        if vertex as usize >= self.keys.len() {
            return Ok(ControlFlow::Continue(()));
        }
        let mut flow = ControlFlow::Continue(());
        if direction != Direction::In {
            flow = self.outgoing(vertex, filter, &mut visit);
        }
        if direction != Direction::Out && flow.is_continue() {
            flow = self.incoming(vertex, direction == Direction::Both, filter, &mut visit);
        }
        Ok(flow)
    }

    fn edges_of_all(
        &self,
        vertices: &[u32],
        direction: Direction,
        filter: &Kinds,
        mut visit: impl FnMut(usize, EdgeOf<Self>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Infallible> {
        for (chunk, first) in vertices.chunks(TOGETHER).zip((0..).step_by(TOGETHER)) {
            self.warm(chunk, direction);
            for (vertex, at) in chunk.iter().zip(first..) {
                if self.edges(*vertex, direction, filter, |edge| visit(at, edge))?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn degree(&self, vertex: u32, direction: Direction, filter: &Kinds) -> Result<u64, Infallible> {
        if vertex as usize >= self.keys.len() {
            return Ok(0);
        }
        if *filter == Kinds::All && direction != Direction::Both {
            let rows = if direction == Direction::Out { &self.out } else { &self.incoming };
            return Ok(rows.range(vertex).len() as u64);
        }
        count_edges(self, vertex, direction, filter)
    }
}

/// How many rows are asked for together.
const TOGETHER: usize = 32;

impl<K: Copy + Ord> Csr<K> {
    /// Reads the first end of each row. The processor waits for all of them at once, where walking one
    /// row after the other would wait for each.
    fn warm(&self, vertices: &[u32], direction: Direction) {
        let known = vertices.iter().filter(|vertex| (**vertex as usize) < self.keys.len());
        for vertex in known {
            if direction != Direction::In {
                black_box(self.out.of(*vertex).first().copied());
            }
            if direction != Direction::Out {
                black_box(self.incoming.of(*vertex).first().copied());
            }
        }
    }

    #[inline]
    fn outgoing(
        &self,
        vertex: u32,
        filter: &Kinds,
        visit: &mut impl FnMut(EdgeOf<Self>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for (edge, target) in self.edges_from(vertex).zip(self.out.of(vertex)) {
            self.tell(edge, *target, true, filter, visit)?;
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn incoming(
        &self,
        vertex: u32,
        without_loops: bool,
        filter: &Kinds,
        visit: &mut impl FnMut(EdgeOf<Self>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for (edge, source) in self.edges_to(vertex).iter().zip(self.incoming.of(vertex)) {
            if !(without_loops && *source == vertex) {
                self.tell(*edge, *source, false, filter, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn tell(
        &self,
        edge: u32,
        neighbor: u32,
        outgoing: bool,
        filter: &Kinds,
        visit: &mut impl FnMut(EdgeOf<Self>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let kind = self.kind(edge);
        if !filter.contains(kind) {
            return ControlFlow::Continue(());
        }
        let weight = self.weight(edge);
        visit(crate::graph::Edge { neighbor, kind, weight, outgoing, reference: edge })
    }
}
