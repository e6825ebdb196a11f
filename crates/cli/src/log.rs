//! What the engine does, on standard error, for those who ask.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::failure::Failure;

/// Which events are shown.
pub(crate) type Filter = Targets;

/// The variable that says so where no option does. Other programs read it too, so what cannot be
/// meant for this one is passed over.
const VARIABLE: &str = "RUST_LOG";

/// Reads a level, or levels of parts of the engine. A word that is no level would be taken for the
/// name of a part, and show nothing.
pub(crate) fn filter(text: &str) -> Result<Filter, String> {
    let is_level = |word: &str| !word.is_empty() && word.parse::<LevelFilter>().is_ok();
    let wrong = text.split(',').find(|part| !is_level(part.rsplit('=').next().unwrap_or_default()));
    match wrong {
        Some(part) => Err(format!(
            "{part:?}: error, warn, info, debug, trace or off is expected, alone or behind PART="
        )),
        None => text.parse().map_err(|error| format!("{error}")),
    }
}

/// Shows events from now on, if anybody asked for them.
pub(crate) fn start(option: Option<Filter>) -> Result<(), Failure> {
    let of_environment = || {
        let text = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty())?;
        text.parse::<Filter>().ok()
    };
    if let Some(filter) = option.or_else(of_environment) {
        let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
        let started = tracing_subscriber::registry().with(filter).with(lines).try_init();
        started.map_err(|error| Failure::Usage(format!("log: {error}")))?;
    }
    Ok(())
}
