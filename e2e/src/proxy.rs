//! nginx before several servers, which take turns.

use crate::programs::Running;
use std::fmt::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

/// A running nginx; ended when dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    running: Running,
    _folder: tempfile::TempDir,
}

impl Proxy {
    /// Starts it; none where nginx is missing and this is not CI.
    ///
    /// # Panics
    /// Where it does not start, or is missing in CI.
    pub fn start(servers: &[SocketAddr]) -> Option<Self> {
        let nginx = ["/usr/sbin/nginx", "/usr/bin/nginx"];
        let Some(nginx) = nginx.into_iter().find(|path| std::path::Path::new(path).exists()) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "no nginx: install the package nginx-light"
            );
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let address = crate::programs::free_address();
        std::fs::write(folder.path().join("nginx.conf"), configuration(address, servers)).unwrap();
        let mut command = Command::new(nginx);
        command
            .arg("-p")
            .arg(folder.path())
            .args(["-c", "nginx.conf", "-e", "stderr"]);
        let mut running = Running::start(&mut command);
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(
                running.is_alive() && began.elapsed() < Duration::from_secs(60),
                "nginx does not start"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self {
            address,
            running,
            _folder: folder,
        })
    }

    /// Whether it runs still.
    pub fn is_alive(&mut self) -> bool {
        self.running.is_alive()
    }
}

/// One process, so that ending it ends all; nothing outside of its folder.
fn configuration(address: SocketAddr, servers: &[SocketAddr]) -> String {
    let mut upstream = String::new();
    for server in servers {
        let _ = write!(upstream, "server {server}; ");
    }
    format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr;
events {{ }}
http {{
    access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    upstream servers {{ {upstream} }}
    server {{ listen {address}; location / {{ proxy_pass http://servers; proxy_next_upstream off; proxy_set_header Host $host; }} }}
}}
"
    )
}
