//! `sutra changes`: what was committed since.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::{
    AssociationRecord, Change, Changed, Concept, ConceptId, Snapshot, StoreOptions,
};

use crate::failure::{Failure, Outcome};
use crate::json::Object;
use crate::moment;
use crate::past::{shown, since_epoch};
use crate::show;
use crate::tell::{self, KindNames, Name, Text};
use crate::terminal::Terminal;

/// Show what changed since a time, in the order of the commits
///
/// Only of a store that keeps history (`sutra retention`). A concept that is deleted takes its
/// associations with it, which are not named one by one.
#[derive(Args)]
pub(crate) struct Changes {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// What was committed later than this: `2025-10-15`, `2025-10-15T12:00:00Z`, or milliseconds
    /// since 1970
    #[arg(
        long, value_name = "TIME", value_parser = moment::parse, allow_hyphen_values = true,
        required_unless_present = "since_seq"
    )]
    since: Option<i64>,
    /// What was committed behind this sequence number: the last one that was shown before
    #[arg(long, value_name = "SEQ", conflicts_with = "since")]
    since_seq: Option<u64>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print a line of JSON for each
    #[arg(long)]
    json: bool,
}

/// How many are asked for at once.
const CHUNK: usize = 65_536;
/// How much of a text is shown.
const WIDTH: usize = 60;

impl Changes {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let store = options.clone().open_read_only(&self.dir)?;
        let snapshot = store.snapshot();
        let mut since = match (self.since_seq, self.since) {
            (Some(seq), _) => seq,
            (None, since) => store.seq_at(since_epoch(since.unwrap_or_default())?)?,
        };
        let mut kinds = KindNames::of(&store);
        let mut left = self.limit.unwrap_or(usize::MAX);
        while left > 0 {
            let changes = store.changes(&snapshot, since, left.min(CHUNK))?;
            let Some(last) = changes.last() else { break };
            since = last.seq;
            left -= changes.len();
            for change in &changes {
                let told = tell(&snapshot, &mut kinds, change)?;
                if self.json {
                    told.as_json(terminal, change)?;
                } else {
                    let time = terminal.faint(shown(change.time));
                    writeln!(terminal, "{time}  {}", told.as_text())?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A change in the words of its user.
enum Told<'s> {
    Put(Name<'s>, Text<'s>),
    Deleted(Name<'s>),
    Associated([Name<'s>; 2], std::rc::Rc<str>, AssociationRecord),
    Dissociated([Name<'s>; 2], std::rc::Rc<str>, AssociationRecord),
}

fn tell<'s>(
    snapshot: &'s Snapshot,
    kinds: &mut KindNames<'_>,
    change: &Change<'s>,
) -> Result<Told<'s>, Failure> {
    Ok(match &change.what {
        Changed::Put(concept) => Told::Put(Name::of(concept)?, Text::of(concept)?),
        Changed::Deleted(id) => Told::Deleted(name(snapshot, id)?),
        Changed::Associated(record) => {
            Told::Associated(ends(snapshot, record)?, kinds.name(record.kind())?, *record)
        }
        Changed::Dissociated(record) => {
            Told::Dissociated(ends(snapshot, record)?, kinds.name(record.kind())?, *record)
        }
    })
}

/// What a concept is called now, or was called when it was there last.
fn name<'s>(snapshot: &'s Snapshot, id: &ConceptId) -> Result<Name<'s>, Failure> {
    let versions = snapshot.history(id)?;
    let last: Option<Concept<'s>> = versions.into_iter().find_map(|version| version.concept);
    last.map_or(Ok(Name::Id(*id)), |concept| Name::of(&concept))
}

fn ends<'s>(snapshot: &'s Snapshot, record: &AssociationRecord) -> Result<[Name<'s>; 2], Failure> {
    Ok([name(snapshot, &record.source)?, name(snapshot, &record.target)?])
}

impl Told<'_> {
    fn as_json(&self, terminal: &mut Terminal, change: &Change<'_>) -> Result<(), Failure> {
        let mut object = Object::start(terminal)?;
        object.integer("time", i64::try_from(change.time).unwrap_or(i64::MAX))?;
        object.integer("seq", i64::try_from(change.seq).unwrap_or(i64::MAX))?;
        match self {
            Self::Put(name, text) => {
                object.text("change", "put")?;
                tell::name(&mut object, "key", "id", *name)?;
                text.tell(&mut object)?;
            }
            Self::Deleted(name) => {
                object.text("change", "delete")?;
                tell::name(&mut object, "key", "id", *name)?;
            }
            Self::Associated(ends, kind, record) => {
                object.text("change", "associate")?;
                tell::association(&mut object, *ends, kind, record)?;
            }
            Self::Dissociated(ends, kind, record) => {
                object.text("change", "dissociate")?;
                tell::association(&mut object, *ends, kind, record)?;
            }
        }
        Ok(object.end()?)
    }

    fn as_text(&self) -> String {
        match self {
            Self::Put(name, text) => {
                let content = text.content.map(|content| show::line(content, WIDTH));
                format!("put {}  {}", plain(*name), content.unwrap_or_default())
            }
            Self::Deleted(name) => format!("delete {}", plain(*name)),
            Self::Associated([source, target], kind, _) => {
                format!("associate {} -{kind}-> {}", plain(*source), plain(*target))
            }
            Self::Dissociated([source, target], kind, _) => {
                format!("dissociate {} -{kind}-> {}", plain(*source), plain(*target))
            }
        }
    }
}

fn plain(name: Name<'_>) -> String {
    match name {
        Name::Key(key) => show::text(key),
        Name::Id(id) => id.to_string(),
    }
}
