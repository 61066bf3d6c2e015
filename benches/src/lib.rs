//! What measurements are made of: programs run with an eye on their memory, cities read into snapshots, tiles timed,
//! the machine named, the numbers written down.
//!
//! A number without its machine and commit says nothing; every report carries both. Nothing here is a check: times
//! differ from machine to machine, and a benchmark that fails is read by nobody.

pub mod city;
pub mod http;
pub mod loads;
pub mod machine;
pub mod peers;
pub mod postgis;
pub mod program;
pub mod queries;
pub mod report;
pub mod tiles;
