//! `sutra get`: one concept.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sutra_storage::time::{OPEN_END, OPEN_START};
use sutra_storage::{Concept, ConceptId, ConceptRecord, StoreOptions};

use crate::failure::{Failure, NEGATIVE, Outcome, complain};
use crate::json::Object;
use crate::past::AsOf;
use crate::show;
use crate::tell::{Name, Text};
use crate::terminal::Terminal;

/// Show a concept
///
/// The exit code is 1 if there is none with this key.
#[derive(Args)]
pub(crate) struct Get {
    /// The directory of the store
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The key of the concept
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// KEY is an id: 32 hexadecimal digits
    #[arg(long)]
    pub(crate) id: bool,
    #[command(flatten)]
    pub(crate) as_of: AsOf,
    /// Print one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Get {
    pub(crate) fn run(self, options: &StoreOptions, terminal: &mut Terminal) -> Outcome {
        let id = id_of(&self.key, self.id)?;
        let store = options.clone().open_read_only(&self.dir)?;
        let snapshot = self.as_of.snapshot(&store)?;
        let Some(concept) = snapshot.concept(&id)? else {
            complain(no_concept(&self.key));
            return Ok(NEGATIVE.into());
        };
        let (name, text) = (Name::of(&concept)?, Text::of(&concept)?);
        if self.json {
            as_json(terminal, &concept, name, &text)?;
        } else {
            as_text(terminal, &concept, name, &text)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The id that a key, or an id in digits, stands for.
pub(crate) fn id_of(key: &str, is_id: bool) -> Result<ConceptId, Failure> {
    if is_id {
        return key.parse().map_err(|error| Failure::Usage(format!("{key:?}: {error}")));
    }
    Ok(ConceptId::from_key(key))
}

/// The message for a concept that is not there.
pub(crate) fn no_concept(key: &str) -> String {
    format!("no concept {key:?}; `sutra export DIR` lists all keys")
}

fn as_json(
    terminal: &mut Terminal,
    concept: &Concept<'_>,
    name: Name<'_>,
    text: &Text<'_>,
) -> io::Result<()> {
    let record = concept.record();
    let mut object = Object::start(terminal)?;
    if let Name::Key(key) = name {
        object.text("key", key)?;
    }
    object.text("id", &concept.id().to_string())?;
    text.tell(&mut object)?;
    object.number("strength", record.strength.get())?;
    object.number("confidence", record.confidence.get())?;
    for (field, ms) in times(record) {
        object.integer(field, ms)?;
    }
    object.integer("access_count", record.access_count.get().into())?;
    object.end()
}

fn as_text(
    terminal: &mut Terminal,
    concept: &Concept<'_>,
    name: Name<'_>,
    text: &Text<'_>,
) -> io::Result<()> {
    let record = concept.record();
    if let Name::Key(key) = name {
        writeln!(terminal, "{}", terminal.strong(show::text(key)))?;
    }
    if let Some(content) = text.content {
        writeln!(terminal, "{}", show::text(content))?;
    }
    let mut rows = vec![("id", concept.id().to_string())];
    if let Some(attributes) = text.attributes {
        rows.push(("attrs", show::text(attributes)));
    }
    if let Some(vector) = text.vector {
        rows.push(("vector", vector_summary(vector)));
    }
    if let Some(space) = text.space {
        rows.push(("space", show::text(space)));
    }
    let (strength, confidence) = (record.strength.get(), record.confidence.get());
    rows.push(("strength", format!("{strength:?}")));
    rows.push(("confidence", format!("{confidence:?}")));
    rows.extend(times(record).into_iter().map(|(field, ms)| (field, show::time(ms))));
    if record.access_count.get() > 0 {
        rows.push(("access_count", show::count(record.access_count.get().into())));
    }
    for (field, value) in rows {
        writeln!(terminal, "  {}  {value}", terminal.faint(format_args!("{field:12}")))?;
    }
    Ok(())
}

fn vector_summary(vector: &[f32]) -> String {
    let first: Vec<String> = vector.iter().take(4).map(|value| format!("{value:?}")).collect();
    let more = if vector.len() > first.len() { ", ..." } else { "" };
    format!("{} values: {}{more}", vector.len(), first.join(", "))
}

/// The times that are known.
fn times(record: &ConceptRecord) -> Vec<(&'static str, i64)> {
    let ms = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
    let mut times = vec![
        ("created_at", ms(record.created_at.get())),
        ("updated_at", ms(record.updated_at.get())),
    ];
    if record.accessed_at.get() > 0 {
        times.push(("accessed_at", ms(record.accessed_at.get())));
    }
    let validity = [
        ("valid_from", record.valid_from.get(), OPEN_START),
        ("valid_to", record.valid_to.get(), OPEN_END),
    ];
    times.extend(
        validity.into_iter().filter(|(_, at, open)| at != open).map(|(field, at, _)| (field, at)),
    );
    times
}
