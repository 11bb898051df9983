//! What a client sends on a connection, any bytes, to a server with the example plugins: two letters and a line's end say
//! how, `f` or `r` (the client says at last that it is done, or resets the connection) and a digit (in one piece, or in
//! pieces of 2, 4, 8 … bytes); the rest is sent as it is. What comes back is answers as HTTP has them, none of them the
//! host's own fault; requests without bodies are answered while the client listens; the connection ends when the client
//! does, no call is left, and whoever connects next is served.

#![no_main]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use switchback::{Config, Host, HostConfig, PluginStatus, Server};
use switchback_fuzz::answers::{Answers, plain_requests};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::yield_now;
use tokio::time::timeout;

const PLUGINS: [&str; 4] = ["hello", "items", "notes", "streams"];
/// What takes longer hangs: the longest that the host itself waits for on a connection is what a client may take to close.
const BOUND: Duration = Duration::from_secs(8);
/// What says nothing for as long, in the middle of an answer that is made while it goes out, is left.
const QUIET: Duration = Duration::from_millis(20);
/// As many pieces at most; what is left then comes in one.
const PIECES: usize = 64;
/// After as many runs `notes` is put in anew: it keeps what it is sent.
const RUNS: u64 = 2_000;
/// What whoever connects next sends, and what is said to it.
const NEXT: &[u8] = b"GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\nGET /hello/b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const SAID: [&[u8]; 2] = [br#"{"message":"Hello a"}"#, br#"{"message":"Hello b"}"#];

/// The server, and the thread's own runtime that it and its clients run on: they take turns, so a run does the same again.
struct Served {
    runtime: Runtime,
    host: Host,
    address: SocketAddr,
    runs: AtomicU64,
    /// Tasks and open files while nobody is served.
    at_rest: (usize, usize),
}

static SERVED: OnceLock<Served> = OnceLock::new();

fuzz_target!(
    init: { SERVED.get_or_init(serve); },
    |data: &[u8]| {
        let [end, pieces, b'\n', sent @ ..] = data else { return };
        let served = SERVED.get().expect("it is made at the beginning");
        let size = match pieces {
            digit @ b'1'..=b'9' => 2 << (digit - b'1'),
            _ => sent.len(),
        };
        served.runtime.block_on(served.run(sent, size, *end == b'r'));
    }
);

fn serve() -> Served {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let program = std::env::current_exe().expect("it runs");
    let cache = program.with_file_name("code");
    std::fs::create_dir_all(&cache).expect("a folder");
    let host = HostConfig {
        cache_dir: Some(cache),
        ..HostConfig::default()
    };
    let config = Config {
        host,
        ..Config::default()
    };
    let (host, address) = runtime.block_on(async {
        let host = Host::new(config).expect("a host");
        for name in PLUGINS {
            deploy(&host, name).await;
        }
        host.set_ready(true);
        let server = Server::bind("127.0.0.1:0").await.expect("a free port");
        let address = server.local_addr().expect("it is bound");
        tokio::spawn(server.run(host.clone(), std::future::pending()));
        (host, address)
    });
    let mut served = Served {
        runtime,
        host,
        address,
        runs: 0.into(),
        at_rest: (0, 0),
    };
    served.at_rest = served.kept();
    served
}

async fn deploy(host: &Host, name: &str) {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/dist");
    let component = std::fs::read(examples.join(format!("{name}.wasm")))
        .expect("the examples are built: `make guests`");
    host.deploy(name, component).await.expect("it is served");
}

impl Served {
    async fn run(&self, sent: &[u8], size: usize, resets: bool) {
        let runs = self.runs.fetch_add(1, Relaxed);
        if runs % RUNS == RUNS - 1 {
            deploy(&self.host, "notes").await;
        }
        timeout(BOUND, self.talk(sent, size, resets))
            .await
            .expect("the connection ends when its client does");
        timeout(BOUND, self.next())
            .await
            .expect("whoever connects next is served");
        timeout(BOUND, self.rest()).await.unwrap_or_else(|_| {
            panic!("left behind: {:?}, {:?}", self.kept(), self.host.plugins())
        });
    }

    async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).await.expect("connected");
        stream.set_nodelay(true).expect("a socket");
        stream
    }

    async fn talk(&self, sent: &[u8], size: usize, resets: bool) {
        let mut stream = self.connect().await;
        let mut left = sent;
        for _ in 1..PIECES {
            if left.len() <= size {
                break;
            }
            let (piece, more) = left.split_at(size);
            left = more;
            if stream.write_all(piece).await.is_err() {
                break;
            }
            // The server's turn.
            yield_now().await;
        }
        // The server may have closed: what it said is there to be read.
        let _ = stream.write_all(left).await;
        if resets {
            yield_now().await;
            stream.set_zero_linger().expect("a socket");
            return;
        }
        let mut got = Vec::new();
        let asked = plain_requests(sent);
        let mut buffer = [0; 16 << 10];
        loop {
            let answers = Answers::read(&got, sent);
            if answers.finals() >= asked && !answers.is_streaming() {
                break;
            }
            let read = stream.read(&mut buffer);
            let read = match answers.is_streaming() {
                false => read.await,
                true => match timeout(QUIET, read).await {
                    Ok(read) => read,
                    Err(_) => break,
                },
            };
            match read {
                Ok(0) | Err(_) => break,
                Ok(count) => got.extend_from_slice(&buffer[..count]),
            }
        }
        let _ = stream.shutdown().await;
        let ended = stream.read_to_end(&mut got).await;
        assert!(ended.is_ok(), "{ended:?} after {:?}", got.escape_ascii());
        Answers::read(&got, sent).check(sent);
    }

    /// Waits until nothing is left of any connection.
    async fn rest(&self) {
        let busy = |plugin: &PluginStatus| plugin.calls + plugin.queued > 0;
        let more_than_at_rest = || {
            let (tasks, files) = self.kept();
            tasks > self.at_rest.0 || files > self.at_rest.1
        };
        while self.host.plugins().iter().any(busy) || more_than_at_rest() {
            yield_now().await;
        }
    }

    /// How many tasks there are, and open files.
    fn kept(&self) -> (usize, usize) {
        let files = std::fs::read_dir("/proc/self/fd").expect("a Linux");
        (self.runtime.metrics().num_alive_tasks(), files.count())
    }

    async fn next(&self) {
        let mut stream = self.connect().await;
        stream.write_all(NEXT).await.expect("written");
        let mut got = Vec::new();
        stream.read_to_end(&mut got).await.expect("read");
        let answers = Answers::read(&got, NEXT);
        let said: Vec<_> = answers
            .all
            .iter()
            .map(|one| (one.status, &*one.body))
            .collect();
        let wanted = SAID.map(|body| (StatusCode::OK, body));
        assert_eq!(said, wanted);
    }
}
