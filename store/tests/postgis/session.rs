//! A connection that stays open, as an analyst's does.

use onemap_testing::Database;
use tokio_postgres::{Client, NoTls};

pub struct Session {
    runtime: tokio::runtime::Runtime,
    client: Client,
}

impl Session {
    pub fn open(db: &Database<'_>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(&db.url(), NoTls)).unwrap();
        runtime.spawn(connection);
        let session = Self { runtime, client };
        session.run("SET search_path = public");
        session
    }

    pub fn run(&self, sql: &str) {
        self.try_run(sql).unwrap();
    }

    pub fn try_run(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.runtime.block_on(self.client.batch_execute(sql))
    }
}
