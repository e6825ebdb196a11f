//! The engine through its interface, on a simulated disk and on a real one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../crash/content.rs"]
mod content;
#[path = "../crash/expired.rs"]
mod expired;
#[path = "../crash/model.rs"]
mod model;
#[path = "../crash/moments.rs"]
mod moments;
#[path = "../crash/past.rs"]
mod past;
#[path = "../../../../fuzz/src/repair.rs"]
mod repair;
#[path = "../crash/step.rs"]
#[expect(dead_code, reason = "tests of power cuts use the rest")]
mod step;
#[path = "../crash/told.rs"]
#[expect(dead_code, reason = "tests of power cuts use the rest")]
mod told;
#[path = "../crash/workload.rs"]
#[expect(dead_code, reason = "tests of power cuts use the rest")]
mod workload;

mod backup;
mod basics;
mod doubt;
mod erase;
mod expiry;
mod gain;
mod graph;
mod history;
mod meanwhile;
mod readback;
mod salvage;
mod scrub;
mod vectors;
mod words;
