//! The manifest: its rules, its bytes, and how it is replaced.

mod analyser;
mod api;
mod bytes;
mod common;
mod disk;
mod expiry;
mod paths;
mod rules;
mod spaces;
