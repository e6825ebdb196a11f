//! Graphs, against models that are slow and plain.

mod common;
mod communities;
mod paths;
mod projection;
mod ranking;
mod searches;
mod vast;
mod whole;
