//! A server on a free port, a client that sends exactly what it is told, and a small city to serve.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod city;
pub mod gpkg;
pub mod http;
pub mod memory;
pub mod random;

use http::{Reply, Request};
use memory::Memory;
use onemap_store::Store;
use onemap_tile_server::{Config, RawConfig, ServeError, Server};
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A server that runs until it is dropped.
pub struct Running {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

/// Settings for tests: any free port, a quick look at the store.
pub fn config(text: &str) -> Config {
    let mut raw: RawConfig = toml::from_str(text).unwrap();
    raw.listen.get_or_insert("127.0.0.1:0".into());
    raw.limits.poll_ms.get_or_insert(100);
    raw.check("a store of the test".into()).unwrap()
}

/// A server for the city, with these settings, ready.
pub fn serve_city(settings: &str) -> (Running, Memory) {
    let memory = Memory::new(city::layers());
    let running = Running::start(config(settings), memory.opener());
    running.wait_ready();
    (running, memory)
}

impl Running {
    /// Starts a server.
    pub fn start(
        config: Config,
        opener: impl Fn() -> onemap_store::Result<Box<dyn Store>> + Send + Sync + 'static,
    ) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (bound, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let server = Server::bind_for(config, opener).await?;
                bound.send(server.address()).unwrap();
                server.run(async { drop(stopped.await) }).await
            })
        });
        Self {
            address: address.recv().unwrap(),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn wait_ready(&self) {
        self.wait_until(|| self.get("/health/ready").status == 200);
    }

    /// Waits until something holds, a minute at most.
    pub fn wait_until(&self, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "it did not come true within a minute"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the server has ended by itself.
    pub fn wait_until_ended(&self) {
        self.wait_until(|| self.thread.as_ref().is_none_or(JoinHandle::is_finished));
    }

    /// A local GET.
    pub fn get(&self, path: &str) -> Reply {
        self.request(path).send()
    }

    /// As [`Self::get`], again as long as it is told to come back: a slow machine may need more than the second for which
    /// a `min-version` is waited for.
    pub fn get_when_there(&self, path: &str) -> Reply {
        let begun = Instant::now();
        loop {
            let reply = self.get(path);
            if reply.status != 503 || reply.header("retry-after").is_none() {
                return reply;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{}", reply.text());
        }
    }

    /// A GET by somebody on another machine, as a reverse proxy passes it on.
    pub fn get_remote(&self, path: &str) -> Reply {
        self.request(path).header("X-Forwarded-For", "10.1.2.3").send()
    }

    pub fn request(&self, path: &str) -> Request {
        Request::new(self.address, path)
    }

    /// Tells the server to stop; gives what it ended with.
    pub fn stop(&mut self) -> Result<(), ServeError> {
        drop(self.stop.take());
        self.thread.take().map_or(Ok(()), |thread| thread.join().unwrap())
    }

    /// Tells the server to stop and does not wait.
    pub fn begin_stop(&mut self) {
        drop(self.stop.take());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended = self.stop();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}
