//! Tidiness: what is to hold in every file of the checkout, as a list of complaints.
//!
//! Each rule is a function from files to complaints, so that each is tested on a few lines of its
//! own; the test at the end holds them all against the checkout itself.

mod bans;
mod evidence;
mod golden;
mod links;
mod mentions;
mod modules;
mod promises;
mod rust;

use std::path::Path;

use crate::failure::{Failure, Result};
use crate::tree::Tree;

#[cfg(test)]
pub(crate) use promises::TEST_COMMAND;

/// Something that is not as it should be: where, what, and what to do.
pub(crate) type Complaint = String;

/// Every complaint about the files below `root`.
pub(crate) fn complaints(root: &Path) -> Result<Vec<Complaint>> {
    let tree = Tree::read(root)?;
    let rules = [
        rust::check,
        bans::check,
        links::check,
        evidence::check,
        mentions::check,
        modules::check,
        golden::check,
        promises::check,
    ];
    Ok(rules.iter().flat_map(|rule| rule(&tree)).collect())
}

/// Fails with the complaints, if there are any.
pub(crate) fn run(root: &Path) -> Result<()> {
    let complaints = complaints(root)?;
    if complaints.is_empty() {
        println!("tidy: no complaints");
        Ok(())
    } else {
        Err(Failure::new(complaints.join("\n")))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checkout_is_tidy() {
        let complaints = super::complaints(&crate::root()).expect("the checkout can be read");
        assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    }
}
