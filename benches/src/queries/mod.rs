//! Measurements of questions: boxes, pages, filters and counts over HTTP, beside tipg and beside bare SQL in the same
//! PostGIS, with everybody on the same cores in the same run.

pub mod boxes;
pub mod ours;
pub mod peers;
pub mod report;
pub mod wrk;

/// The columns of a parcel that answers show, as SQL.
pub const COLUMNS: &str = "zddm, bdcdyh, yt, yt_name, zl, zdmj, qlxz";
