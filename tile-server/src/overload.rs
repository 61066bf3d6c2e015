//! What happens when more is asked than can be done, over HTTP and without any clock: the pool is held, so that nothing
//! is answered but what is refused.

use crate::app::App;
use crate::config::{RawConfig, RawLimits};
use crate::pool::Waiting;
use crate::problem::Problem;
use crate::tiles::tests::{PLACE, app_of};
use crate::{listen, routes};
use onemap_model::TileMatrixSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const QUEUE: usize = 3;
const TOO_MANY: usize = 20;

/// A server with one rendering thread and a short queue, that keeps no tiles.
async fn serve() -> (Arc<App>, SocketAddr, oneshot::Sender<()>) {
    let limits = RawLimits {
        render_threads: Some(1),
        max_queued: Some(QUEUE),
        ..RawLimits::default()
    };
    let app = app_of(RawConfig {
        cache_mb: Some(0),
        limits,
        ..RawConfig::default()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let router = routes::router(Arc::clone(&app));
    let stopped = async { drop(stopped.await) };
    tokio::spawn(listen::serve(listener, router, Arc::clone(&app), stopped));
    (app, address, stop)
}

/// Asks for the tile of a zoom that has the point in it.
async fn ask(address: SocketAddr, z: u8) -> TcpStream {
    let tile = TileMatrixSet::WebMercatorQuad.tile_at(z, PLACE).unwrap();
    get(address, &format!("/xyz/a/{z}/{}/{}", tile.col(), tile.row())).await
}

/// Asks on a connection of its own.
async fn get(address: SocketAddr, target: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Holds the only thread of the pool until something is sent, or the sender is gone. What comes out ends when it does.
async fn hold(app: &Arc<App>) -> (mpsc::Sender<()>, JoinHandle<Result<(), Problem>>) {
    let (release, held) = mpsc::channel::<()>();
    let (begin, begun) = oneshot::channel();
    let app = Arc::clone(app);
    let holding = tokio::spawn(async move {
        let work = move |_: &Waiting<'_>| {
            begin.send(()).unwrap();
            // Over, too, where the test fails before it lets go.
            let _ = held.recv();
            Ok(())
        };
        app.pool.run(work).await
    });
    begun.await.unwrap();
    (release, holding)
}

/// The whole answer as text; it must come before the minute is over.
async fn answer(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    tokio::time::timeout(Duration::from_secs(60), read)
        .await
        .unwrap()
        .unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits until `is_so`.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), wait).await;
    assert!(waited.is_ok(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_queue_requests_are_refused_at_once_and_all_is_well_when_it_is_over() {
    let (app, address, _stop) = serve().await;
    let (release, holding) = hold(&app).await;
    let mut waiting = Vec::new();
    for z in 8..8 + QUEUE as u8 {
        waiting.push(ask(address, z).await);
    }
    until("the queue is full", || app.pool.load() == 1 + QUEUE).await;

    for n in 0..TOO_MANY {
        // Nothing else can be answered now: this comes while the queue stands still.
        let refused = answer(ask(address, (n % 18) as u8).await).await.to_lowercase();
        assert!(refused.starts_with("http/1.1 503"), "{refused}");
        assert!(refused.contains("\r\nretry-after: 1\r\n"), "{refused}");
    }
    assert_eq!(app.pool.load(), 1 + QUEUE, "what is refused takes no place");
    assert_eq!(app.held.bytes(), 0);

    let last = waiting.pop().unwrap();
    drop(waiting);
    let connections = || app.metrics.connections.load(Ordering::Relaxed);
    until("the server sees who went away", || connections() == 1).await;
    release.send(()).unwrap();
    assert_eq!(holding.await.unwrap(), Ok(()));
    assert!(answer(last).await.starts_with("HTTP/1.1 200"));
    until("nothing is left to do", || app.pool.load() == 0).await;
    let counts = &app.pool.counts;
    let counted = [&counts.refused, &counts.given_up].map(|count| count.load(Ordering::SeqCst) as usize);
    assert_eq!(counted, [TOO_MANY, QUEUE - 1]);
    for z in 0..=20 {
        let again = answer(ask(address, z).await).await;
        assert!(again.starts_with("HTTP/1.1 200"), "zoom {z}: {again}");
    }
    until("every connection is closed", || connections() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_little_question_does_not_wait_behind_large_ones() {
    let (app, address, _stop) = serve().await;
    let (release, holding) = hold(&app).await;
    let (x, y) = (PLACE.x, PLACE.y);
    let near = format!("/collections/a/items?bbox={x},{y},{x},{y}");
    let little = answer(get(address, &near).await).await;
    assert!(little.starts_with("HTTP/1.1 200"), "{little}");
    assert!(little.contains("\"numberMatched\":1"), "{little}");

    // A filter may take long, even where it asks for little.
    let large = get(address, &format!("{near}&filter=1=1")).await;
    until("the other question waits", || app.pool.load() == 2).await;
    release.send(()).unwrap();
    assert_eq!(holding.await.unwrap(), Ok(()));
    assert!(answer(large).await.starts_with("HTTP/1.1 200"));
}
