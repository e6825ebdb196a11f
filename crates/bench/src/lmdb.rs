//! LMDB through `heed`, set up as suits it best: associations are sorted duplicates of fixed size
//! under each of their ends, and a bulk load maps the file for writing and syncs once.
#![expect(unsafe_code, reason = "opening is unsafe in heed; see `open_environment`")]

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use heed::types::Bytes;
use heed::{Database, DatabaseFlags, Env, EnvFlags, EnvOpenOptions, RoTxn, WithTls};
use sutra_format::{AssociationRecord, ConceptId, ConceptRecord};
use zerocopy::{FromBytes, IntoBytes};

use crate::Result;
use crate::engine::{Reader, Sum, Writer};
use crate::graph::{Direction, Graph, TEXT_BYTES, id_value, record_of, text_value};

type Table = Database<Bytes, Bytes>;

/// How durable commits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nobody waits for the disk; the file is written through its map.
    Load,
    /// Each commit is durable.
    Durable,
}

/// An environment with its three databases.
pub struct Lmdb {
    env: Env,
    concepts: Table,
    out: Table,
    into: Table,
}

impl Lmdb {
    /// Opens or makes the environment in `path`, with room for `map_bytes`.
    pub fn open(path: &Path, map_bytes: u64, mode: Mode) -> Result<Self> {
        let env = open_environment(path, map_bytes, mode)?;
        let mut transaction = env.write_txn()?;
        let mut table = |name, flags| {
            let mut options = env.database_options().types::<Bytes, Bytes>();
            options.name(name).flags(flags).create(&mut transaction)
        };
        let duplicates = DatabaseFlags::DUP_SORT | DatabaseFlags::DUP_FIXED;
        let concepts = table("concepts", DatabaseFlags::empty())?;
        let (out, into) = (table("out", duplicates)?, table("in", duplicates)?);
        transaction.commit()?;
        Ok(Self { env, concepts, out, into })
    }

    /// The store at this moment.
    pub fn reader(&self) -> Result<LmdbReader<'_>> {
        Ok(LmdbReader { store: self, transaction: self.env.read_txn()? })
    }

    /// Puts bytes under ids, and associations under both of their ends, in one commit.
    pub fn put_all<'b>(
        &self,
        concepts: impl Iterator<Item = (ConceptId, &'b [u8])>,
        associations: impl Iterator<Item = AssociationRecord>,
    ) -> Result<()> {
        let mut transaction = self.env.write_txn()?;
        for (id, bytes) in concepts {
            self.concepts.put(&mut transaction, id.as_bytes(), bytes)?;
        }
        for record in associations {
            for (table, direction) in [(self.out, Direction::Out), (self.into, Direction::In)] {
                let (key, bytes) = duplicate(&record, direction);
                table.put(&mut transaction, key.as_bytes(), &bytes)?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Closes it, and waits until that is done.
    pub fn close(self) {
        self.env.prepare_for_closing().wait();
    }
}

/// How much room to give to a graph: several times what its tables should take.
pub fn map_bytes(graph: &Graph) -> u64 {
    (1 << 30) + (graph.logical_bytes() * 8).next_multiple_of(1 << 20)
}

fn open_environment(path: &Path, map_bytes: u64, mode: Mode) -> Result<Env> {
    std::fs::create_dir_all(path)?;
    let mut options = EnvOpenOptions::new();
    options.map_size(usize::try_from(map_bytes)?).max_dbs(3);
    if mode == Mode::Load {
        // SAFETY: a crash may lose or damage what was not synced. The data is made up, and is
        // read only after `force_sync`.
        unsafe { options.flags(EnvFlags::WRITE_MAP | EnvFlags::NO_SYNC) };
    }
    // SAFETY: the directory is one of this program's own, on a local disk, that no other process
    // writes to; heed refuses to open it twice in one process.
    Ok(unsafe { options.open(PathBuf::from(path)) }?)
}

/// What is stored under one end of an association: kind and other end first, since they sort it,
/// then what is left of the record.
fn duplicate(record: &AssociationRecord, direction: Direction) -> (ConceptId, [u8; 64]) {
    let (key, other) = match direction {
        Direction::Out => (record.source, record.target),
        Direction::In => (record.target, record.source),
    };
    let mut bytes = [0; 64];
    bytes[..2].copy_from_slice(&record.kind_code.get().to_be_bytes());
    bytes[2..18].copy_from_slice(other.as_bytes());
    bytes[18..].copy_from_slice(&record.as_bytes()[18..]);
    (key, bytes)
}

fn concept_bytes(id: ConceptId, text: &str) -> Result<[u8; ConceptRecord::BYTES + TEXT_BYTES]> {
    let mut bytes = [0; ConceptRecord::BYTES + TEXT_BYTES];
    let (record, place) = bytes.split_at_mut(ConceptRecord::BYTES);
    record.copy_from_slice(record_of(id).as_bytes());
    place.get_mut(..text.len()).ok_or("the text is too long")?.copy_from_slice(text.as_bytes());
    Ok(bytes)
}

impl Writer for Lmdb {
    fn put_concepts(&self, graph: &Graph, numbers: Range<usize>) -> Result<()> {
        let mut transaction = self.env.write_txn()?;
        for number in numbers {
            let id = graph.ids()[number];
            let bytes = concept_bytes(id, graph.text(number))?;
            self.concepts.put(&mut transaction, id.as_bytes(), &bytes)?;
        }
        Ok(transaction.commit()?)
    }

    fn put_associations(&self, graph: &Graph, numbers: Range<usize>) -> Result<()> {
        let mut transaction = self.env.write_txn()?;
        for edge in &graph.edges()[numbers] {
            let record = graph.association(edge);
            for (table, direction) in [(self.out, Direction::Out), (self.into, Direction::In)] {
                let (key, bytes) = duplicate(&record, direction);
                table.put(&mut transaction, key.as_bytes(), &bytes)?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn sync(&self) -> Result<()> {
        Ok(self.env.force_sync()?)
    }

    fn put_durably(&self, id: ConceptId, text: &str) -> Result<()> {
        let mut transaction = self.env.write_txn()?;
        self.concepts.put(&mut transaction, id.as_bytes(), &concept_bytes(id, text)?)?;
        Ok(transaction.commit()?)
    }

    fn settle(&self) -> Result<()> {
        Ok(()) // It has no background.
    }

    fn confess(&self) -> (u64, Duration) {
        (0, Duration::ZERO) // It counts neither.
    }
}

/// A transaction that reads.
pub struct LmdbReader<'s> {
    store: &'s Lmdb,
    transaction: RoTxn<'s, WithTls>,
}

impl LmdbReader<'_> {
    /// What was put under an id.
    pub fn bytes(&self, id: &ConceptId) -> Result<Option<&[u8]>> {
        Ok(self.store.concepts.get(&self.transaction, id.as_bytes())?)
    }

    fn concept(&self, id: &ConceptId) -> Result<Option<(&ConceptRecord, &str)>> {
        let bytes = self.store.concepts.get(&self.transaction, id.as_bytes())?;
        bytes.map(parts).transpose()
    }
}

fn parts(bytes: &[u8]) -> Result<(&ConceptRecord, &str)> {
    let (record, text) = ConceptRecord::ref_from_prefix(bytes).map_err(|_| "a short record")?;
    Ok((record, std::str::from_utf8(text)?))
}

fn record_field(bytes: &[u8]) -> Result<u64> {
    let (record, _) = ConceptRecord::ref_from_prefix(bytes).map_err(|_| "a short record")?;
    Ok(record.source_hash.get().into())
}

fn other_end(bytes: &[u8]) -> Result<&ConceptId> {
    let bytes = bytes.get(2..18).ok_or("a short association")?;
    Ok(ConceptId::ref_from_bytes(bytes).map_err(|_| "a short association")?)
}

impl Reader for LmdbReader<'_> {
    fn record(&self, id: &ConceptId) -> Result<Option<u64>> {
        let bytes = self.store.concepts.get(&self.transaction, id.as_bytes())?;
        bytes.map(record_field).transpose()
    }

    fn text(&self, id: &ConceptId) -> Result<Option<u64>> {
        Ok(self.concept(id)?.map(|(_, text)| text_value(text)))
    }

    fn records(&self, ids: &[ConceptId], sum: &mut Sum) -> Result<()> {
        for id in ids {
            if let Some(value) = self.record(id)? {
                sum.add(value);
            }
        }
        Ok(())
    }

    fn neighbours(
        &self,
        id: &ConceptId,
        direction: Direction,
        mut each: impl FnMut(&ConceptId),
    ) -> Result<()> {
        let table = match direction {
            Direction::Out => self.store.out,
            Direction::In => self.store.into,
        };
        let found = table.get_duplicates(&self.transaction, id.as_bytes())?;
        for pair in found.into_iter().flatten() {
            each(other_end(pair?.1)?);
        }
        Ok(())
    }

    fn scan_concepts(&self) -> Result<Sum> {
        let mut sum = Sum::default();
        for pair in self.store.concepts.iter(&self.transaction)? {
            let (record, text) = parts(pair?.1)?;
            sum.add(text_value(text).wrapping_add(record.source_hash.get().into()));
        }
        Ok(sum)
    }

    fn scan_associations(&self) -> Result<Sum> {
        let mut sum = Sum::default();
        for pair in self.store.out.iter(&self.transaction)? {
            sum.add(id_value(other_end(pair?.1)?));
        }
        Ok(sum)
    }
}
