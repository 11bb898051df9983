//! What a client sends on a connection, any bytes, to a server with the example plugins: two letters and a line's end say
//! how, `f` or `r` (the client says at last that it is done, or resets the connection) and a digit (in one piece, or in
//! pieces of 2, 4, 8 … bytes); the rest is sent as it is. What comes back is answers as HTTP has them, none of them the
//! host's own fault; requests without bodies are answered while the client listens; the connection ends when the client
//! does, no call is left, and whoever connects next is served.

#![no_main]

use std::fs::{DirEntry, read_dir, read_link};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use switchback::{Config, Host, HostConfig, Limits, Server};
use switchback_fuzz::answers::{Answers, plain_requests};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::yield_now;
use tokio::time::timeout;

const PLUGINS: [&str; 4] = ["hello", "items", "notes", "streams"];
/// What takes longer hangs: the longest that the host itself waits for on a connection is what a client may take to close.
const BOUND: Duration = Duration::from_secs(8);
/// A stream that says nothing for as long is cut: a clock that ticks each second would be all that is waited for.
const STREAM_IDLE_MS: u64 = 5;
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
    /// Before the first connection: nothing is kept beyond it.
    at_rest: OnceLock<Kept>,
}

/// What the process has of that which a connection takes.
#[derive(Debug)]
struct Kept {
    calls: usize,
    tasks: usize,
    sockets: usize,
}

impl Kept {
    fn is_within(&self, other: &Kept) -> bool {
        self.calls <= other.calls && self.tasks <= other.tasks && self.sockets <= other.sockets
    }
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
    let limits = Limits {
        stream_idle_ms: STREAM_IDLE_MS,
        ..Limits::default()
    };
    let config = Config {
        host,
        limits,
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
    Served {
        runtime,
        host,
        address,
        runs: 0.into(),
        at_rest: OnceLock::new(),
    }
}

async fn deploy(host: &Host, name: &str) {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/dist");
    let component = std::fs::read(examples.join(format!("{name}.wasm")))
        .expect("the examples are built: `make guests`");
    host.deploy(name, component).await.expect("it is served");
}

impl Served {
    async fn run(&self, sent: &[u8], size: usize, resets: bool) {
        self.at_rest.get_or_init(|| self.kept());
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
        let rested = timeout(BOUND, self.rest()).await;
        assert!(rested.is_ok(), "left behind: {:?}", self.kept());
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
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => got.extend_from_slice(&buffer[..count]),
            }
        }
        let _ = stream.shutdown().await;
        let ended = stream.read_to_end(&mut got).await;
        let answers = Answers::read(&got, sent);
        // A stream that is cut says so by a reset.
        assert!(
            ended.is_ok() || answers.is_streaming(),
            "{ended:?} after {:?}",
            got.escape_ascii()
        );
        answers.check(sent);
    }

    /// Waits until nothing is left of any connection.
    async fn rest(&self) {
        let at_rest = self.at_rest.get().expect("it was looked at first");
        while !self.kept().is_within(at_rest) {
            yield_now().await;
        }
    }

    fn kept(&self) -> Kept {
        let plugins = self.host.plugins();
        let files = read_dir("/proc/self/fd").expect("a Linux");
        let is_socket = |file: &io::Result<DirEntry>| {
            let link = file.as_ref().map(|file| read_link(file.path()));
            matches!(link, Ok(Ok(link)) if link.as_os_str().as_encoded_bytes().starts_with(b"socket"))
        };
        Kept {
            calls: plugins.iter().map(|one| one.calls + one.queued).sum(),
            tasks: self.runtime.metrics().num_alive_tasks(),
            sockets: files.filter(is_socket).count(),
        }
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
