//! [`strong_components`]: what can be reached from each other.

use super::components::Components;
use crate::graph::csr::Csr;

/// The strongly connected components. A vertex on no circle is one by itself.
///
/// Tarjan (1972), with a stack of its own. Time: the number of vertices and edges. Memory: 28 bytes a
/// vertex.
pub fn strong_components(csr: &Csr<impl Copy + Ord>) -> Components {
    let vertices = csr.vertex_count();
    let mut search = Tarjan {
        order: vec![UNSEEN; vertices],
        low: vec![0; vertices],
        part: vec![UNSEEN; vertices],
        open: Vec::new(),
        path: Vec::new(),
        seen: 0,
        parts: 0,
    };
    for vertex in csr.vertices() {
        if search.order[vertex as usize] == UNSEEN {
            search.run(csr, vertex);
        }
    }
    Components::from_parts(&search.part)
}

const UNSEEN: u32 = u32::MAX;

struct Tarjan {
    /// When each vertex was first seen.
    order: Vec<u32>,
    /// The earliest vertex that is known to be in the same component.
    low: Vec<u32>,
    part: Vec<u32>,
    /// Vertices whose component is not known yet.
    open: Vec<u32>,
    /// The way down: a vertex, and how many of its edges were followed.
    path: Vec<(u32, u32)>,
    seen: u32,
    parts: u32,
}

impl Tarjan {
    fn run(&mut self, csr: &Csr<impl Copy + Ord>, root: u32) {
        self.enter(root);
        while let Some((vertex, followed)) = self.path.last_mut() {
            let (vertex, next) = (*vertex, csr.targets(*vertex).get(*followed as usize));
            *followed += 1;
            match next {
                Some(target) if self.order[*target as usize] == UNSEEN => self.enter(*target),
                Some(target) if self.part[*target as usize] == UNSEEN => {
                    self.lower(vertex, self.order[*target as usize]);
                }
                Some(_) => {}
                None => self.leave(vertex),
            }
        }
    }

    fn enter(&mut self, vertex: u32) {
        self.order[vertex as usize] = self.seen;
        self.low[vertex as usize] = self.seen;
        self.seen += 1;
        self.open.push(vertex);
        self.path.push((vertex, 0));
    }

    fn leave(&mut self, vertex: u32) {
        self.path.pop();
        let low = self.low[vertex as usize];
        if let Some((above, _)) = self.path.last() {
            self.lower(*above, low);
        }
        if low == self.order[vertex as usize] {
            while let Some(member) = self.open.pop() {
                self.part[member as usize] = self.parts;
                if member == vertex {
                    break;
                }
            }
            self.parts += 1;
        }
    }

    fn lower(&mut self, vertex: u32, order: u32) {
        let low = &mut self.low[vertex as usize];
        *low = order.min(*low);
    }
}
