//! What a store has names for: kinds of associations, and vector spaces.
//!
//! Invariant: a name is durable before anything refers to its code.

use std::sync::Arc;

use sutra_format::AssociationKind;
use sutra_fs::Dir;
use sutra_manifest::{Manifest, VectorSpace};

use crate::error::{LsmError, Result};
use crate::planted::{self, Bug};
use crate::snapshot::Snapshot;
use crate::tree::LsmTree;
use crate::vectors::Spaces;

impl<D: Dir> LsmTree<D> {
    /// Names kinds of associations, durably; gives the kind of each name. A name has 1 to 255 bytes
    /// and no control characters. A reader gives what it knows.
    pub fn register_kinds(&self, names: &[&str]) -> Result<Vec<AssociationKind>> {
        let mut ledger = self.inner.ledger.lock();
        let known = |manifest: &Manifest| -> Option<Vec<_>> {
            names.iter().map(|name| manifest.kind_code(name)).collect()
        };
        // A kind that a power cut can still take away is not known yet: its code could get another
        // name.
        let is_built_in = |name: &&str| AssociationKind::BUILT_IN.contains(name);
        let is_certain = ledger.is_durable || self.is_read_only() || names.iter().all(is_built_in);
        if let Some(kinds) = known(&ledger.manifest).filter(|_| is_certain) {
            return Ok(kinds);
        }
        self.inner.check_writable()?;
        let mut manifest = ledger.manifest.clone();
        let mut kinds = Vec::with_capacity(names.len());
        for name in names {
            let kind = manifest.register_kind(name);
            kinds.push(kind.map_err(|e| LsmError::invalid("association kind", e.to_string()))?);
        }
        if planted::is(Bug::KindsNotPublished) {
            ledger.manifest = manifest;
        } else {
            self.inner.publish(&mut ledger, manifest)?;
        }
        Ok(kinds)
    }

    /// The kind that was registered, or built in, under this name.
    pub fn kind_named(&self, name: &str) -> Option<AssociationKind> {
        self.inner.ledger.lock().manifest.kind_code(name)
    }

    /// The name of a kind.
    pub fn kind_name(&self, kind: AssociationKind) -> Option<String> {
        self.inner.ledger.lock().manifest.kind_name(kind).map(str::to_owned)
    }

    /// Names vector spaces, durably, all of them or none; gives the code of each. The same again gives
    /// the same codes. A reader gives what it knows.
    ///
    /// Fails with [`LsmError::Space`] if a name stands for another space, or cannot be one.
    pub fn register_spaces(&self, spaces: &[VectorSpace]) -> Result<Vec<u16>> {
        let inner = &*self.inner;
        let mut ledger = inner.ledger.lock();
        let mut manifest = ledger.manifest.clone();
        let codes = spaces.iter().map(|space| manifest.register_space(space));
        let codes = codes.collect::<std::result::Result<Vec<u16>, _>>()?;
        let is_known = manifest.vector_spaces().len() == ledger.manifest.vector_spaces().len();
        // One that a power cut can still take away is not known yet.
        if is_known && (ledger.is_durable || self.is_read_only()) {
            return Ok(codes);
        }
        inner.check_writable()?;
        if planted::is(Bug::SpacesNotPublished) {
            ledger.manifest = manifest;
        } else {
            inner.publish(&mut ledger, manifest)?;
        }
        let spaces = Spaces::of(&*inner.dir, &ledger.manifest)?;
        let version = inner.version.load().with_spaces(spaces);
        inner.version.store(Arc::new(version));
        Ok(codes)
    }
}

impl<D: Dir> Snapshot<D> {
    /// The vector spaces that were registered, in the order of their codes, which begin with 1.
    pub fn vector_spaces(&self) -> &[VectorSpace] {
        self.version.spaces.named()
    }

    /// The vector space of this code; none for zero, the default one.
    pub fn vector_space(&self, code: u16) -> Option<&VectorSpace> {
        self.version.spaces.space(code)
    }

    /// The code of the vector space of this name.
    pub fn space_named(&self, name: &str) -> Option<u16> {
        self.version.spaces.code(name)
    }
}
