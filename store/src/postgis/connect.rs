//! The connection to the database: blocking calls over `tokio-postgres`, none of which waits for ever.
//!
//! A session has a runtime of its own that runs only while a call waits. A lost connection or a missed deadline is
//! [`Fault::Lost`]; the connection is then thrown away, and [`Link::ready`], with which every operation of the store
//! begins, makes another. In between nothing reconnects by itself: a transaction is never continued on another connection.

use super::fault::{self, Fault, Inner};
use super::target::{self, Target};
use crate::{Error, Result};
use futures_util::{FutureExt, StreamExt};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Row};

/// A session that does nothing in a transaction for so long is ended: it may hold locks.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(3600);

/// How long calls wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For one host to let us in.
    pub connect: Duration,
    /// For the answer to an ordinary statement.
    pub statement: Duration,
    /// For a lock.
    pub lock: Duration,
    /// For the next piece of a copy.
    pub progress: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            statement: Duration::from_secs(30),
            lock: Duration::from_secs(10),
            progress: Duration::from_secs(60),
        }
    }
}

/// A session with the database, which may be lost and made again.
pub(super) struct Link {
    // Dropped in this order: the client says goodbye while there still is a runtime to do it in.
    live: Option<Live>,
    runtime: Arc<Runtime>,
    target: Target,
    limits: Limits,
}

struct Live {
    client: Arc<Client>,
    /// The host that answered: long statements ask it whether it is still there.
    host: Config,
    /// Whether the server tells it what is notified.
    listens: bool,
    /// Rung by notifications, and when the connection ends.
    bell: Arc<Notify>,
    /// Why the connection ended.
    ended: Arc<Mutex<Option<String>>>,
}

/// Whether a session is the one that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It is; what was learnt from it still holds.
    Same,
    /// It was just made, maybe with another server: notifications may have been missed.
    New,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// Connects to the database that `text` names.
    ///
    /// # Errors
    /// [`crate::Error::NotAStore`] where the text cannot be read or there is no such database;
    /// [`crate::Error::Unreachable`] where no host answers in time.
    pub fn open(text: &str) -> Result<Self> {
        let target = Target::parse(text).map_err(|fault| fault.of(&target::without_password(text)))?;
        Self::to(target, Limits::default())
    }

    /// Connects, with limits of its own.
    pub fn to(target: Target, limits: Limits) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Error::Io {
            path: "a runtime for connections".to_owned(),
            source,
        })?;
        let mut link = Self {
            live: None,
            runtime: Arc::new(runtime),
            target,
            limits,
        };
        link.ready()?;
        Ok(link)
    }

    /// The connection as it may be shown.
    pub fn store(&self) -> &str {
        &self.target.name
    }

    /// How long calls wait.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Makes sure that there is a connection. To be called between transactions only.
    pub fn ready(&mut self) -> Result<Readiness> {
        if self.live.as_ref().is_some_and(|live| !live.client.is_closed()) {
            return Ok(Readiness::Same);
        }
        self.live = None;
        let connected = self.runtime.block_on(connect_any(&self.target, self.limits));
        self.live = Some(connected.map_err(|fault| fault.of(&self.target.name))?);
        Ok(Readiness::New)
    }

    /// Names of types, functions and operators of PostGIS are found without their schema, also after it was installed
    /// by this very connection.
    pub fn find_postgis(&mut self) -> Result<()> {
        self.call(self.limits.statement, async |client| set_search_path(client).await)
    }

    /// Runs statements that give nothing back.
    pub fn batch(&mut self, sql: &str) -> Result<()> {
        self.call(self.limits.statement, async |client| client.batch_execute(sql).await)
    }

    /// Runs one statement and gives its rows.
    pub fn query(&mut self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        self.call(self.limits.statement, async |client| {
            client.query(sql, parameters).await
        })
    }

    /// Runs one statement and says how many rows it changed.
    pub fn execute(&mut self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        self.call(self.limits.statement, async |client| {
            client.execute(sql, parameters).await
        })
    }

    /// Runs one statement that may take as long as there is work, and says how many rows it changed. While it runs, the
    /// server is asked now and then whether it is still there. The time-out of statements must be lifted for the
    /// transaction.
    pub fn execute_long(&mut self, sql: &str) -> Result<u64> {
        self.long(async |client| client.execute(sql, &[]).await)
    }

    /// Likewise, for statements that give nothing back.
    pub fn batch_long(&mut self, sql: &str) -> Result<()> {
        self.long(async |client| client.batch_execute(sql).await)
    }

    /// Likewise, for the rows of one statement.
    pub fn query_long(&mut self, sql: &str) -> Result<Vec<Row>> {
        self.long(async |client| client.query(sql, &[]).await)
    }

    fn long<T>(&mut self, work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>) -> Result<T> {
        let (limits, tls) = (self.limits, self.target.tls.clone());
        let outcome = match &self.live {
            None => Err(not_connected()),
            Some(live) => self.runtime.block_on(async {
                let mut working = std::pin::pin!(work(&live.client));
                loop {
                    match tokio::time::timeout(limits.statement, working.as_mut()).await {
                        Ok(outcome) => return outcome.map_err(Fault::Sql),
                        Err(_) => is_there(&live.host, tls.clone(), limits).await?,
                    }
                }
            }),
        };
        self.judged(outcome)
    }

    /// Runs `COPY … TO STDOUT` and hands what comes to `each`, piece by piece, until it breaks off; the rest is let go by.
    pub fn copy_out(&mut self, sql: &str, each: &mut dyn FnMut(&[u8]) -> Result<ControlFlow<()>>) -> Result<()> {
        let progress = self.limits.progress;
        let stream = self.call(self.limits.statement, async |client| client.copy_out(sql).await)?;
        let mut stream = std::pin::pin!(stream);
        let mut outcome = Ok(ControlFlow::Continue(()));
        let drained = self.runtime.block_on(async {
            loop {
                // What is here already needs no timer.
                let next = match stream.next().now_or_never() {
                    Some(next) => next,
                    None => tokio::time::timeout(progress, stream.next())
                        .await
                        .map_err(|_| Fault::Lost(format!("no row within {} s", progress.as_secs_f32())))?,
                };
                let Some(piece) = next else { return Ok(()) };
                let piece = piece?;
                if matches!(outcome, Ok(ControlFlow::Continue(()))) {
                    outcome = each(&piece);
                }
            }
        });
        self.judged(drained)?;
        outcome.map(drop)
    }

    /// Waits until something may have happened in the database, `at_most` so long.
    pub fn wait(&mut self, at_most: Duration) -> Result<()> {
        let limit = self.limits.statement;
        let Some(live) = &mut self.live else { return Ok(()) };
        if !live.listens {
            // Who never waits is not told: a session that is told and never reads would hold up the server's queue. What
            // happened until now may have been missed.
            live.listens = true;
            return self.call(limit, async |client| client.batch_execute("LISTEN onemap").await);
        }
        let bell = Arc::clone(&live.bell);
        // Rung or not: both are ends of the waiting.
        let _ = self
            .runtime
            .block_on(async { tokio::time::timeout(at_most, bell.notified()).await });
        Ok(())
    }

    /// Does something with the client, for `bound` at most. Past that the connection is thrown away.
    pub fn call<T>(
        &mut self,
        bound: Duration,
        work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T> {
        let outcome = self.tried(bound, work);
        outcome.map_err(|fault| fault.of(&self.target.name))
    }

    /// As [`Link::call`], with the failure as it came.
    pub fn tried<T>(
        &mut self,
        bound: Duration,
        work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Inner<T> {
        let outcome = match &self.live {
            None => Err(not_connected()),
            Some(live) => self.runtime.block_on(async {
                match tokio::time::timeout(bound, work(&live.client)).await {
                    Ok(outcome) => outcome.map_err(Fault::Sql),
                    Err(_) => Err(Fault::Lost(format!("no answer within {} s", bound.as_secs_f32()))),
                }
            }),
        };
        self.sorted(outcome)
    }

    /// The session, for work of a thread of its own. Nothing else may be done with it until that has ended.
    pub fn background(&self) -> Result<Background> {
        let live = self.live.as_ref().ok_or_else(|| not_connected().of(self.store()))?;
        Ok(Background {
            client: Arc::clone(&live.client),
            runtime: Arc::clone(&self.runtime),
        })
    }

    /// The error of something that the system does not give.
    pub fn cannot(&self, what: &str, source: std::io::Error) -> Error {
        Error::Io {
            path: format!("{what} ({})", self.target.name),
            source,
        }
    }

    /// What came of work in the background; a connection that is of no more use is thrown away.
    pub fn judged<T>(&mut self, outcome: Inner<T>) -> Result<T> {
        self.sorted(outcome).map_err(|fault| fault.of(&self.target.name))
    }

    /// Throws the connection away where it is of no more use.
    fn sorted<T>(&mut self, outcome: Inner<T>) -> Inner<T> {
        let Err(fault) = outcome else { return outcome };
        let closed = self.live.as_ref().is_none_or(|live| live.client.is_closed());
        let gone = match &fault {
            Fault::Lost(_) => true,
            Fault::Sql(error) => closed || error.as_db_error().is_some_and(|said| fault::is_gone(said.code())),
            _ => closed,
        };
        if !gone {
            return Err(fault);
        }
        let live = self.live.take();
        let ended = live.and_then(|live| live.ended.lock().ok()?.take());
        Err(match (fault, ended) {
            (Fault::Sql(error), Some(reason)) if error.as_db_error().is_none() => Fault::Lost(reason),
            (fault, _) => fault,
        })
    }
}

/// A session in the hands of another thread.
pub(super) struct Background {
    client: Arc<Client>,
    runtime: Arc<Runtime>,
}

impl Background {
    /// Does something with the client. What it waits for must be bounded.
    pub fn run<T>(&self, work: impl AsyncFnOnce(&Client) -> T) -> T {
        self.runtime.block_on(work(&self.client))
    }
}

fn not_connected() -> Fault {
    Fault::Lost("the connection was lost".to_owned())
}

/// The first host that answers and is of the wanted kind.
async fn connect_any(target: &Target, limits: Limits) -> Inner<Live> {
    let mut failures = Vec::new();
    for host in &target.hosts {
        let connecting = connect(host, target, limits);
        let outcome = tokio::time::timeout(limits.connect, connecting).await;
        match outcome.unwrap_or_else(|_| {
            Err(Fault::Lost(format!(
                "no answer within {} s",
                limits.connect.as_secs_f32()
            )))
        }) {
            Ok(live) => return Ok(live),
            Err(fault) => failures.push(fault),
        }
    }
    // One host alone speaks for itself; of several, what is wrong with the database says more than a silent host.
    let telling = failures.iter().position(|fault| fault.code().is_some());
    let several = failures.len() > 1;
    match telling {
        Some(at) => Err(failures.swap_remove(at)),
        None if several => {
            let reasons = failures
                .into_iter()
                .zip(&target.hosts)
                .map(|(fault, host)| format!("port {}: {}", host.get_ports().first().unwrap_or(&5432), reason(fault)));
            Err(Fault::Lost(reasons.collect::<Vec<_>>().join("; ")))
        }
        None => Err(failures.pop().expect("there is at least one host")),
    }
}

fn reason(fault: Fault) -> String {
    match fault {
        Fault::Lost(reason) | Fault::NoStore(reason) => reason,
        Fault::Sql(error) => fault::with_sources(&error),
    }
}

async fn connect(host: &Config, target: &Target, limits: Limits) -> Inner<Live> {
    let (client, mut connection) = host.connect(target.tls.clone()).await.map_err(of_connecting)?;
    let (bell, ended) = (Arc::new(Notify::new()), Arc::new(Mutex::new(None)));
    let (ring, tell) = (Arc::clone(&bell), Arc::clone(&ended));
    tokio::spawn(async move {
        let end = loop {
            match std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                Some(Ok(AsyncMessage::Notification(_))) => ring.notify_one(),
                Some(Ok(AsyncMessage::Notice(notice))) => tracing::debug!("{}", notice.message()),
                Some(Ok(_)) => {}
                Some(Err(error)) => break Some(fault::with_sources(&error)),
                None => break None,
            }
        };
        if let Ok(mut reason) = tell.lock() {
            *reason = end;
        }
        ring.notify_one();
    });
    prepare(&client, limits).await?;
    Ok(Live {
        client: Arc::new(client),
        host: host.clone(),
        listens: false,
        bell,
        ended,
    })
}

/// Sets what every session relies on, whatever server, database and user are set to.
async fn prepare(client: &Client, limits: Limits) -> Inner<()> {
    let (statement, lock) = (limits.statement.as_millis(), limits.lock.as_millis());
    let idle = IDLE_IN_TRANSACTION.as_millis();
    client
        .batch_execute(&format!(
            "SET application_name = 'onemap'; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; \
             SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1; \
             SET standard_conforming_strings = on; SET client_min_messages = 'warning'; \
             SET default_transaction_isolation = 'read committed'; \
             SET statement_timeout = {statement}; SET lock_timeout = {lock}; \
             SET idle_in_transaction_session_timeout = {idle}"
        ))
        .await?;
    Ok(set_search_path(client).await?)
}

/// Pins where names are looked up: PostgreSQL's own first, then those of PostGIS, nobody else's.
async fn set_search_path(client: &Client) -> Result<(), tokio_postgres::Error> {
    let found = client
        .query_opt(
            "SELECT quote_ident(n.nspname) FROM pg_catalog.pg_extension e \
             JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'",
            &[],
        )
        .await?;
    let postgis = found.map_or(String::new(), |row| format!(", {}", row.get::<_, String>(0)));
    client
        .batch_execute(&format!("SET search_path = pg_catalog{postgis}, pg_temp"))
        .await
}

/// Asks a server whether it still answers anybody.
async fn is_there(host: &Config, tls: super::tls::Tls, limits: Limits) -> Inner<()> {
    let asking = async {
        let (client, connection) = host.connect(tls).await.map_err(of_connecting)?;
        let answering = client.simple_query("SELECT 1");
        tokio::select! {
            answer = answering => answer.map(drop).map_err(Fault::Sql),
            _ = connection => Err(not_connected()),
        }
    };
    match tokio::time::timeout(limits.connect, asking).await {
        // A server that has no connection left is there.
        Ok(Err(Fault::Sql(error))) if error.code() == Some(&SqlState::TOO_MANY_CONNECTIONS) => Ok(()),
        Ok(outcome) => outcome,
        Err(_) => Err(Fault::Lost("the server no longer answers".to_owned())),
    }
}

/// What the library says of a connection that was not made, where it says too little.
fn of_connecting(error: tokio_postgres::Error) -> Fault {
    if error.as_db_error().is_some() {
        return Fault::Sql(error);
    }
    let said = fault::with_sources(&error);
    if said.contains("password missing") {
        let help = "the server asks for a password: give it in PGPASSWORD, ~/.pgpass or the connection string";
        return Fault::NoStore(help.to_owned());
    }
    Fault::Lost(said)
}

#[cfg(test)]
#[path = "connect_tests.rs"]
mod tests;
