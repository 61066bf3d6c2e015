//! A database of one test.

use crate::Cluster;

/// A database of one test, dropped with it.
#[derive(Debug)]
pub struct Database<'c> {
    cluster: &'c Cluster,
    name: String,
}

impl<'c> Database<'c> {
    pub(crate) fn new(cluster: &'c Cluster, name: String) -> Self {
        Self { cluster, name }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its connection string, over TCP.
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// The cluster that it is in.
    pub fn cluster(&self) -> &'c Cluster {
        self.cluster
    }

    /// As [`Cluster::psql`].
    ///
    /// # Panics
    /// Where a statement fails.
    pub fn psql(&self, sql: &str) -> String {
        self.cluster.psql(&self.name, sql)
    }

    /// As [`Cluster::try_psql`].
    ///
    /// # Errors
    /// What `psql` says.
    pub fn try_psql(&self, sql: &str) -> Result<String, String> {
        self.cluster.try_psql(&self.name, sql)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // A cluster that the test stopped or froze takes the database with it.
        if self.cluster.is_frozen() {
            return;
        }
        let _ = self.cluster.try_psql(
            "postgres",
            &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
        );
    }
}
