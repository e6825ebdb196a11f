//! A [`Csr`] as an [`Adjacency`]: the searches work on it with numbers for vertices.

use std::convert::Infallible;
use std::ops::ControlFlow;

use super::Csr;
use crate::graph::adjacency::{Adjacency, Direction, EdgeOf, Kinds};

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

    fn degree(&self, vertex: u32, direction: Direction, filter: &Kinds) -> Result<u64, Infallible> {
        if vertex as usize >= self.keys.len() {
            return Ok(0);
        }
        if *filter == Kinds::All && direction != Direction::Both {
            let rows = if direction == Direction::Out { &self.out } else { &self.incoming };
            return Ok(rows.range(vertex).len() as u64);
        }
        let mut degree = 0;
        let _ = self.edges(vertex, direction, filter, |_| {
            degree += 1;
            ControlFlow::Continue(())
        })?;
        Ok(degree)
    }
}

impl<K: Copy + Ord> Csr<K> {
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
