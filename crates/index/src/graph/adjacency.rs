//! [`Adjacency`]: what the searches need to know of a graph, and all they know of it.

use std::fmt::Debug;
use std::hash::Hash;
use std::ops::ControlFlow;

use sutra_format::AssociationKind;

/// Which edges of a vertex are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Those that start at it.
    Out,
    /// Those that end at it.
    In,
    /// Both. An edge of a vertex with itself is told once, as an outgoing one.
    Both,
}

impl Direction {
    /// The direction in which the same edges are walked backwards.
    pub const fn reversed(self) -> Self {
        match self {
            Self::Out => Self::In,
            Self::In => Self::Out,
            Self::Both => Self::Both,
        }
    }
}

/// An edge, seen from one of its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge<V, R> {
    /// The vertex at the other end.
    pub neighbor: V,
    /// What the edge says.
    pub kind: AssociationKind,
    /// How much it counts.
    pub weight: f32,
    /// Whether it starts here; it ends here otherwise.
    pub outgoing: bool,
    /// Where who listed it finds it again. The searches pass it on and never look at it.
    pub reference: R,
}

impl<V, R: Copy> Edge<V, R> {
    /// The same edge seen from its other end, where `neighbor` is what this end is called.
    pub(super) fn seen_from_there(&self, neighbor: V) -> Self {
        Self {
            neighbor,
            kind: self.kind,
            weight: self.weight,
            outgoing: !self.outgoing,
            reference: self.reference,
        }
    }

    /// Which of parallel edges is taken: the lowest kind, of one kind the outgoing edge.
    pub(super) fn precedence(&self) -> (AssociationKind, bool) {
        (self.kind, !self.outgoing)
    }
}

/// The edges of a graph, as the searches see them.
pub type EdgeOf<A> = Edge<<A as Adjacency>::Vertex, <A as Adjacency>::Reference>;

/// Whatever can list the neighbours of a vertex.
///
/// Who implements it decides what a filter means (kinds, times on either clock, strengths) and
/// applies it before an edge is told, so a search never walks over an edge that is not meant.
///
/// What is asked of it:
/// * For one vertex, direction and filter, the same edges come in the same order each time, as long
///   as the value lives.
/// * [`Direction::In`] tells the edges that [`Direction::Out`] tells, from their other ends.
/// * A vertex that it does not know has no edges; that is no error.
pub trait Adjacency {
    /// What a vertex is called. Ties go to the lower one.
    type Vertex: Copy + Ord + Hash + Debug;
    /// Where an edge is found again.
    type Reference: Copy;
    /// Which edges are meant.
    type Filter: ?Sized;
    /// Why edges could not be read.
    type Error;

    /// Tells the edges of `vertex` one by one, until there is no other or `visit` breaks; then the
    /// break is returned.
    fn edges(
        &self,
        vertex: Self::Vertex,
        direction: Direction,
        filter: &Self::Filter,
        visit: impl FnMut(EdgeOf<Self>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Self::Error>;

    /// Tells the edges of each of `vertices`, in their order, with the place of the vertex in the
    /// slice. Worth implementing where a look-up waits for memory or for a disk: all of them can be
    /// begun before the first is needed.
    fn edges_of_all(
        &self,
        vertices: &[Self::Vertex],
        direction: Direction,
        filter: &Self::Filter,
        mut visit: impl FnMut(usize, EdgeOf<Self>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Self::Error> {
        for (at, vertex) in vertices.iter().enumerate() {
            if self.edges(*vertex, direction, filter, |edge| visit(at, edge))?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Tells who is at the other end of each edge that [`edges_of_all`](Self::edges_of_all) would
    /// tell, in the same order. Worth implementing where the rest of an edge costs more.
    fn neighbors_of_all(
        &self,
        vertices: &[Self::Vertex],
        direction: Direction,
        filter: &Self::Filter,
        mut visit: impl FnMut(usize, Self::Vertex) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Self::Error> {
        self.edges_of_all(vertices, direction, filter, |at, edge| visit(at, edge.neighbor))
    }

    /// Tells who is at the other end of the edges of any of `vertices`: each at least once, in any
    /// order, and as often as is easiest. Worth implementing where several tables have edges, since
    /// none has to be held against another.
    fn reach_of_all(
        &self,
        vertices: &[Self::Vertex],
        direction: Direction,
        filter: &Self::Filter,
        mut visit: impl FnMut(Self::Vertex) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Self::Error> {
        self.neighbors_of_all(vertices, direction, filter, |_, neighbor| visit(neighbor))
    }

    /// Appends to `bounds` what is known of the degree of each of `vertices`. Worth implementing
    /// where bounds cost less than a [`degree`](Self::degree), or many less than one by one.
    fn degrees_of_all(
        &self,
        vertices: &[Self::Vertex],
        direction: Direction,
        filter: &Self::Filter,
        bounds: &mut Vec<DegreeBounds>,
    ) -> Result<(), Self::Error> {
        for vertex in vertices {
            bounds.push(DegreeBounds::exactly(self.degree(*vertex, direction, filter)?));
        }
        Ok(())
    }

    /// How many edges [`edges`](Self::edges) would tell. Worth implementing where they need not be
    /// read for that.
    fn degree(
        &self,
        vertex: Self::Vertex,
        direction: Direction,
        filter: &Self::Filter,
    ) -> Result<u64, Self::Error> {
        count_edges(self, vertex, direction, filter)
    }
}

/// How many edges are told of a vertex.
pub(super) fn count_edges<A: Adjacency + ?Sized>(
    graph: &A,
    vertex: A::Vertex,
    direction: Direction,
    filter: &A::Filter,
) -> Result<u64, A::Error> {
    let mut degree = 0;
    let _ = graph.edges(vertex, direction, filter, |_| {
        degree += 1;
        ControlFlow::Continue(())
    })?;
    Ok(degree)
}

/// How many edges a vertex has at least, and at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DegreeBounds {
    /// Not fewer than that.
    pub least: u64,
    /// Not more than that.
    pub most: u64,
}

impl DegreeBounds {
    /// So many, and that is certain.
    pub const fn exactly(degree: u64) -> Self {
        Self { least: degree, most: degree }
    }
}

/// A filter by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kinds {
    /// Every kind.
    #[default]
    All,
    /// These only.
    Only(Vec<AssociationKind>),
}

impl Kinds {
    /// Whether edges of this kind are meant.
    #[inline]
    pub fn contains(&self, kind: AssociationKind) -> bool {
        match self {
            Self::All => true,
            Self::Only(kinds) => kinds.contains(&kind),
        }
    }
}
