//! The fastest server that there can be with this HTTP library: ready bytes from a map in memory, nothing looked at but
//! the path.

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// A running bare server; ended when dropped.
#[derive(Debug)]
pub struct Bare {
    /// Where it listens.
    pub address: SocketAddr,
    _runtime: Runtime,
}

type Answers = Arc<HashMap<String, Bytes>>;

impl Bare {
    /// Serves these bodies, gzipped already, by path, on as many threads as there are cores.
    ///
    /// # Errors
    /// Where the system gives no threads or no port.
    pub fn start(answers: HashMap<String, Bytes>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let answers: Answers = Arc::new(answers);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&answers)));
            }
        });
        Ok(Self {
            address,
            _runtime: runtime,
        })
    }
}

async fn converse(stream: TcpStream, answers: Answers) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let answer = answer(&request, &answers);
        async { Ok::<_, Infallible>(answer) }
    });
    let builder = hyper::server::conn::http1::Builder::new();
    // The client went away.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

fn answer(request: &Request<hyper::body::Incoming>, answers: &Answers) -> Response<Full<Bytes>> {
    let Some(body) = answers.get(request.uri().path()) else {
        let mut nothing = Response::new(Full::default());
        *nothing.status_mut() = StatusCode::NOT_FOUND;
        return nothing;
    };
    let mut response = Response::new(Full::new(body.clone()));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/vnd.mapbox-vector-tile"),
    );
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(ETAG, HeaderValue::from_static("\"as-in-every-answer\""));
    response
}
