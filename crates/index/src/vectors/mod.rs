//! Vectors: the nearest of a named space, by codes in lists that merge by copying.
