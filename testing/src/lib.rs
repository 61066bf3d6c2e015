//! A throw-away PostgreSQL cluster with PostGIS, for tests and measurements.
//!
//! [`Cluster::shared`] is one for all tests of a process, [`Cluster::start`] one of its own, for tests that stop it,
//! freeze it or change its settings. Each test works in a database of its own ([`Cluster::fresh_database`]). Nothing is
//! left behind, not even where the test is killed: a watchdog in `guard` sees that it is gone, ends the server and
//! removes the folder.
//!
//! The server is the newest in `/usr/lib/postgresql`, on a TCP port of 127.0.0.1 and a socket in its folder. As root it
//! runs as the user `postgres`, or `nobody` where there is none, because it refuses to run as root.

mod cluster;
mod database;
mod guard;
mod process;
mod programs;

pub use cluster::{Cluster, ClusterBuilder};
pub use database::Database;
