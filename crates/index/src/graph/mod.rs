//! Graphs: algorithms over whatever can list the neighbours of a vertex.
