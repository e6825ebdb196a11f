//! The simulated directory, against slow and obvious models.

mod driver;
mod faults;
mod images;
mod model;
mod subsets;
mod tears;
mod twist;
