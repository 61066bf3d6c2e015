//! Questions that are answered with numbers instead of features.
//!
//! - `aggregate`: `/collections/{layer}/aggregate`, sums and counts by attributes and by another layer's areas; `question`,
//!   `counting` and `report` are what is asked, how it is found, and what is told;
//! - `overlay`: `/collections/{a}/overlay/{b}`, how much of each class of `b` lies in each feature of `a`;
//! - `measured`: how areas and lengths are measured, and saying so;
//! - `regions`: the areas of another layer, made ready;
//! - `key`, `tally`: groups and what is added up in them;
//! - `table`, `page`: the answer as JSON, CSV and a page for people;
//! - `effort`: the bounds of all of it.

mod aggregate;
mod counting;
mod effort;
mod key;
mod measured;
mod overlay;
mod page;
mod question;
mod regions;
mod report;
mod table;
mod tally;

pub(crate) use aggregate::aggregate;
pub(crate) use measured::rounded;
pub(crate) use overlay::{PARAMS as OVERLAY_PARAMS, overlay};
pub(crate) use question::PARAMS as AGGREGATE_PARAMS;
