//! `sutra import`: JSON Lines into a store.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use sutra_storage::{Analyser, Language, StoreOptions};

use crate::failure::{Failure, NEGATIVE, Outcome, complain};
use crate::graph::{Importer, Tally, Verdict};
use crate::lines::{Line, Lines};
use crate::progress;
use crate::record::{LINE_BYTES_MAX, Record};
use crate::show;
use crate::terminal::Terminal;

/// Put JSON Lines into a store; the same ones again change nothing
///
/// The store is made if there is none. A concept is a line of this kind, of which
/// all but the key may be left out:
///
///   {"key":"dog","content":"It barks.","vector":[0.5,1.0],"attrs":{"legs":4}}
///
/// An association is one of this kind, of which all but the first three may be left
/// out; both ends must be concepts:
///
///   {"source":"dog","target":"animal","type":"is_a","weight":1.0,"confidence":1.0,
///    "content":"...","vector":[...],"attrs":{...}}   (on one line)
///
/// Both may say when they hold, in milliseconds since the epoch: "valid_from", "valid_to".
/// A concept may have "strength", "confidence", "source_hash", "access_count" and
/// "accessed_at". What of these a line leaves out stays as it is stored.
///
/// A vector is in the default space, which takes any dimension, unless its line names
/// another with "space". Such a space is in the store already, or is defined by a line
/// before it, of which metric (cosine, dot, euclidean) and model may be left out:
///
///   {"vector_space":"titles","model":"e5-small","dimension":384,"metric":"cosine"}
///
/// Without a file, lines of both kinds are read from standard input.
///
/// What is stored already as the line says is left alone, so an import that was
/// stopped is simply run again.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Import {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Lines with concepts; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) concepts: Option<PathBuf>,
    /// Lines with associations; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) associations: Option<PathBuf>,
    /// Have words found by their stems, by the rules of this language: `en` or `english`. Only for a
    /// store that is made, and for good
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) language: Option<Language>,
    /// What to do about a line that cannot be imported. Either way it is reported, and the exit
    /// code is 1
    #[arg(long, value_enum, default_value = "stop", value_name = "WHAT")]
    pub(crate) on_error: OnError,
    /// Report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Keep what came before it, and stop
    Stop,
    /// Leave it out, and go on
    Skip,
}

/// Which lines a source may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Concepts,
    Associations,
    Both,
}

impl Import {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let sources = self.sources()?;
        let analyser = self.language.map(Analyser::stemming);
        let store = StoreOptions { analyser, ..options.clone() }.open(&self.dir)?;
        let mut importer = Importer::new(&store);
        let mut bad_lines = 0;
        for (path, expected) in sources {
            let mut run = Run { importer: &mut importer, expected, on_error: self.on_error, path };
            let (bad, go_on) = run.read_all()?;
            bad_lines += bad;
            if !go_on {
                break;
            }
        }
        importer.commit()?;
        let tally = importer.tally();
        store.close()?;
        report(terminal, &tally, bad_lines, self.json)?;
        Ok(if bad_lines > 0 { NEGATIVE.into() } else { ExitCode::SUCCESS })
    }

    fn sources(&self) -> Result<Vec<(&Path, Expected)>, Failure> {
        let concepts = self.concepts.as_deref().map(|path| (path, Expected::Concepts));
        let associations = self.associations.as_deref().map(|path| (path, Expected::Associations));
        let sources: Vec<_> = [concepts, associations].into_iter().flatten().collect();
        let from_stdin = sources.iter().filter(|(path, _)| is_stdin(path)).count();
        if from_stdin > 1 {
            let message = "only one of --concepts and --associations can be `-`; without both, \
                           lines of both kinds are read from standard input";
            return Err(Failure::Usage(message.into()));
        }
        if sources.is_empty() && io::stdin().is_terminal() {
            let message = "nothing to import: give --concepts or --associations, or pipe lines in";
            return Err(Failure::Usage(message.into()));
        }
        if sources.is_empty() {
            return Ok(vec![(Path::new("-"), Expected::Both)]);
        }
        Ok(sources)
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// One source, from the first line to the last.
struct Run<'r, 's> {
    importer: &'r mut Importer<'s>,
    expected: Expected,
    on_error: OnError,
    path: &'r Path,
}

impl Run<'_, '_> {
    /// How many lines were bad, and whether to go on.
    fn read_all(&mut self) -> Result<(u64, bool), Failure> {
        let (reader, progress) = self.open()?;
        let mut lines = Lines::new(BufReader::with_capacity(1 << 17, reader), LINE_BYTES_MAX);
        let mut bad = 0;
        while let Some(line) = lines.next().map_err(Failure::file(self.path))? {
            let Some(reason) = self.take(line)? else { continue };
            bad += 1;
            progress.suspend(|| self.complain(lines.number(), &reason));
            if self.on_error == OnError::Stop {
                break;
            }
        }
        progress.finish_and_clear();
        Ok((bad, bad == 0 || self.on_error == OnError::Skip))
    }

    fn complain(&self, line: u64, reason: &str) {
        let path = self.path.display().to_string();
        let name = if is_stdin(self.path) { "standard input" } else { &path };
        complain(format_args!("{name}:{line}: {}", show::text(reason)));
    }

    fn open(&self) -> Result<(Box<dyn io::Read>, ProgressBar), Failure> {
        if is_stdin(self.path) {
            let progress = progress::over_bytes("import", None);
            return Ok((Box::new(progress.wrap_read(io::stdin().lock())), progress));
        }
        let open = || {
            let file = File::open(self.path)?;
            let metadata = file.metadata()?;
            Ok((file, metadata.is_file().then_some(metadata.len())))
        };
        let (file, length) = open().map_err(Failure::file(self.path))?;
        let what = match self.expected {
            Expected::Associations => "associations",
            Expected::Concepts | Expected::Both => "concepts",
        };
        let progress = progress::over_bytes(what, length);
        Ok((Box::new(progress.wrap_read(file)), progress))
    }

    /// Takes a line; or says why it cannot be taken.
    fn take(&mut self, line: Line<'_>) -> Result<Option<String>, Failure> {
        let bytes = match line {
            Line::TooLong => return Ok(Some(format!("longer than {LINE_BYTES_MAX} bytes"))),
            Line::Whole(bytes) => bytes.trim_ascii(),
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        let record = match Record::parse(bytes) {
            Ok(record) => record,
            Err(reason) => return Ok(Some(reason)),
        };
        let verdict = match (record, self.expected) {
            (Record::Space(space), _) => self.importer.space(&space)?,
            (Record::Concept(line), Expected::Concepts | Expected::Both) => {
                self.importer.concept(&line)?
            }
            (Record::Association(line), Expected::Associations | Expected::Both) => {
                self.importer.association(&line)?
            }
            (Record::Concept(_), _) => Verdict::Bad("a concept; give it with --concepts".into()),
            (Record::Association(_), _) => {
                Verdict::Bad("an association; give it with --associations".into())
            }
        };
        Ok(match verdict {
            Verdict::Taken => None,
            Verdict::Bad(reason) => Some(reason),
        })
    }
}

fn report(terminal: &mut Terminal, tally: &Tally, bad_lines: u64, json: bool) -> io::Result<()> {
    if json {
        let line = serde_json::json!({
            "concepts": tally.concepts, "associations": tally.associations, "bad_lines": bad_lines,
        });
        return writeln!(terminal, "{line}");
    }
    for (what, counts) in [("concepts", &tally.concepts), ("associations", &tally.associations)] {
        let [new, updated, unchanged] =
            [counts.new, counts.updated, counts.unchanged].map(show::count);
        let what = terminal.strong(format_args!("{what:12}"));
        writeln!(terminal, "{what}  {new} new, {updated} updated, {unchanged} unchanged")?;
    }
    if bad_lines > 0 {
        let what = terminal.alarm("bad lines   ");
        writeln!(terminal, "{what}  {}", show::count(bad_lines))?;
    }
    Ok(())
}
