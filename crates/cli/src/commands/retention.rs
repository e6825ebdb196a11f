//! `sutra retention`: how far back a store says what was.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{Retention as Kept, StoreOptions};

use crate::failure::Outcome;
use crate::span;
use crate::terminal::Terminal;

/// Show or set how far back the store says what was
///
/// `latest` keeps nothing of what was replaced or deleted, and drops what is kept; that is how a store
/// begins. `forever` keeps all from now on, `30d`, `12h`, `90m` or `45s` at least so much. `5v` keeps the
/// newest 5 versions of each concept and association beyond what is, and says as of no time before an
/// older one was replaced. Ask for it before the first commit, and all of them can be read; later, it
/// begins then.
#[derive(Args)]
pub(crate) struct Retention {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// `latest`, `forever`, or a number with `d`, `h`, `m`, `s`, or `v` for versions; shows what it is if
    /// left out
    #[arg(value_name = "HOW_FAR", value_parser = parse)]
    how_far: Option<Kept>,
}

impl Retention {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let retention = match self.how_far {
            None => options.clone().open_read_only(&self.dir)?.retention(),
            Some(retention) => {
                let options = StoreOptions { background_compaction: false, ..options.clone() };
                let store = options.open(&self.dir)?;
                store.set_retention(retention)?;
                store.close()?;
                retention
            }
        };
        writeln!(terminal, "{}", shown(retention))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn parse(text: &str) -> Result<Kept, String> {
    match text {
        "latest" => return Ok(Kept::Latest),
        "forever" => return Ok(Kept::Forever),
        _ => {}
    }
    if let Some(versions) = text.strip_suffix('v').and_then(|text| text.parse().ok()) {
        return Some(Kept::Versions(versions))
            .filter(|_| versions > 0)
            .ok_or_else(|| refused(text));
    }
    span::milliseconds(text).map(Kept::Window).ok_or_else(|| refused(text))
}

fn refused(text: &str) -> String {
    format!("{text:?} is no retention; write `latest`, `forever`, a time such as `30d`, or `5v`")
}

fn shown(retention: Kept) -> String {
    match retention {
        Kept::Latest => "latest".to_owned(),
        Kept::Forever => "forever".to_owned(),
        Kept::Versions(versions) => format!("{versions}v"),
        Kept::Window(window) => span::shown(window),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_again() {
        for text in ["latest", "forever", "30d", "5h", "90m", "7s", "12v"] {
            assert_eq!(shown(parse(text).unwrap()), text);
        }
        assert_eq!(parse("24h"), Ok(Kept::Window(86_400_000)));
        for text in [
            "",
            "d",
            "0d",
            "-1d",
            "v",
            "0v",
            "-1v",
            "4294967296v",
            "5",
            "5w",
            "1.5h",
            "99999999999999999d",
        ] {
            assert!(parse(text).unwrap_err().contains("no retention; write"), "{text}");
        }
    }
}
