//! TLS: whom a client meets, by which name and protocol, and certificates that change while it does.

mod certificates;
mod program;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use switchback::{Config, ConnectionLimits, Event, Host, Server, Tls, TlsFiles};
use switchback_tests::guests::{Describe, blank, hello, service};
use switchback_tests::harness::{Harness, PATIENCE, cache, event};
use switchback_tests::tls::{Issued, Trusting, issued};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::contracts;

/// Files of a test's own.
struct Files {
    folder: tempfile::TempDir,
    named: Vec<TlsFiles>,
}

impl Files {
    fn new(pairs: &[&Issued]) -> Files {
        let folder = tempfile::tempdir().expect("a folder");
        let named = (0..pairs.len()).map(|at| TlsFiles {
            certificate: folder.path().join(format!("{at}.pem")),
            key: folder.path().join(format!("{at}.key")),
        });
        let files = Files {
            named: named.collect(),
            folder,
        };
        for (at, pair) in pairs.iter().enumerate() {
            files.replace(at, pair);
        }
        files
    }

    fn replace(&self, at: usize, pair: &Issued) {
        fs::write(&self.named[at].certificate, &pair.certificate).expect("it is written");
        fs::write(&self.named[at].key, &pair.key).expect("it is written");
    }

    fn path(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("it is written");
        path
    }
}

async fn serving(config: Config, tls: Tls) -> Harness {
    let mut config = config;
    config.host.cache_dir.get_or_insert_with(cache);
    let host = Host::new(config).expect("settings that can be used");
    let server = Server::bind("127.0.0.1:0").await.expect("a free port");
    let harness = Harness::by(host, server.tls(tls));
    harness
        .deploy("hello", hello())
        .await
        .expect("it is served");
    harness
}

fn load(files: &Files) -> Tls {
    Tls::load(files.named.clone()).expect("certificates that can be used")
}

/// One request over a connection of its own.
async fn ask(stream: TlsStream<TcpStream>, path: &str) -> Result<Response<Incoming>, hyper::Error> {
    let io = TokioIo::new(stream);
    let is_http2 = io.inner().get_ref().1.alpn_protocol() == Some(b"h2");
    let request = Request::builder()
        .uri(format!("https://localhost{path}"))
        .header("host", "localhost")
        .body(Full::<Bytes>::default())
        .expect("a request");
    if is_http2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(connection);
        sender.send_request(request).await
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
        tokio::spawn(connection);
        sender.send_request(request).await
    }
}

/// The certificate that a client meets.
fn met(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    let certificates = stream.get_ref().1.peer_certificates();
    certificates.expect("the server has one")[0].to_vec()
}

fn first_of(issued: &Issued) -> Vec<u8> {
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(issued.certificate.as_bytes())
        .expect("PEM")
        .to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_answered_in_the_protocol_and_version_that_it_speaks() {
    let pair = issued(&["localhost"]);
    let files = Files::new(&[&pair]);
    let harness = serving(Config::default(), load(&files)).await;
    for version in [&TLS12, &TLS13] {
        for (offered, spoken) in [
            (&["h2", "http/1.1"][..], Version::HTTP_2),
            (&["http/1.1"], Version::HTTP_11),
            (&[], Version::HTTP_11),
        ] {
            let client = Trusting::speaking(&[&pair], version, offered);
            let stream = client
                .connect(harness.address, "localhost")
                .await
                .expect("TLS");
            assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
            let answer = ask(stream, "/hello/World").await.expect("an answer");
            assert_eq!((answer.status().as_u16(), answer.version()), (200, spoken));
            assert_eq!(answer.headers().get("strict-transport-security"), None);
            let body = answer
                .into_body()
                .collect()
                .await
                .expect("whole")
                .to_bytes();
            assert_eq!(body, r#"{"message":"Hello World"}"#);
        }
    }
    // Of one who speaks neither nothing is assumed.
    let client = Trusting::speaking(&[&pair], &TLS13, &["spdy/3"]);
    assert!(client.connect(harness.address, "localhost").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_shake_hands_is_cut() {
    let pair = issued(&["localhost"]);
    let files = Files::new(&[&pair]);
    let config = Config {
        connections: ConnectionLimits {
            handshake_ms: 200,
            first_head_ms: 200,
            ..ConnectionLimits::default()
        },
        ..Config::default()
    };
    let harness = serving(config, load(&files)).await;
    // Nothing, half a hello, and what is none.
    for sent in [
        &b""[..],
        &[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3],
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(harness.address)
            .await
            .expect("it listens");
        stream.write_all(sent).await.expect("it reads");
        let mut all = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all));
        let _ = read.await.expect("it is cut in time");
        assert!(!all.starts_with(b"HTTP/1.1 200"), "{all:?}");
    }
    // Shakes hands, and is silent then.
    for protocols in [&["http/1.1"], &["h2"]] {
        let client = Trusting::speaking(&[&pair], &TLS13, protocols);
        let mut stream = client
            .connect(harness.address, "localhost")
            .await
            .expect("TLS");
        let mut all = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all));
        let _ = read.await.expect("it is cut in time");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_cut_over_tls_too() {
    let pair = issued(&["localhost"]);
    let files = Files::new(&[&pair]);
    let mut config = Config::default();
    config.host.write_idle_ms = 200;
    let harness = serving(config, load(&files)).await;
    let guest = blank(&contracts::of(&["big"]), "1", Describe::Contract);
    harness.deploy("blank", guest).await.expect("it is served");
    let mut events = harness.host.events();
    for protocols in [&["http/1.1"], &["h2"]] {
        let client = Trusting::speaking(&[&pair], &TLS13, protocols);
        let stream = client
            .connect(harness.address, "localhost")
            .await
            .expect("TLS");
        let peer = stream.get_ref().0.local_addr().expect("it is connected");
        let (mut read, mut write) = tokio::io::split(stream);
        let asking = tokio::spawn(async move {
            match protocols[0] {
                "h2" => {
                    use switchback_tests::frames::{PREFACE, get, settings};
                    let window = settings(&[(4, 1 << 30)]);
                    let all = switchback_tests::frames::frame(8, 0, 0, &[0x3f, 0, 0, 0]);
                    let asked: Vec<u8> = (0..60)
                        .flat_map(|at| get(at * 2 + 1, "/big?n=400000"))
                        .collect();
                    let bytes = [PREFACE, &window, &all, &asked].concat();
                    write.write_all(&bytes).await.expect("it reads");
                }
                _ => {
                    let one = "GET /big?n=400000 HTTP/1.1\r\nhost: x\r\n\r\n";
                    let _ = write.write_all(one.repeat(60).as_bytes()).await;
                }
            }
            write
        });
        let unread =
            |event: &Event| matches!(event, Event::Unread { peer: Some(of) } if *of == peer);
        event(&mut events, unread).await;
        let _write = asking.await.expect("no panic");
        // Over HTTP/2 it may be that single streams were reset first.
        if protocols[0] != "h2" {
            let mut all = Vec::new();
            let ended = tokio::time::timeout(PATIENCE, read.read_to_end(&mut all)).await;
            assert!(ended.expect("it is cut").is_err(), "it ended in order");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_tell_browsers_to_come_by_tls_where_they_are_to() {
    let pair = issued(&["localhost"]);
    let files = Files::new(&[&pair]);
    let tls = load(&files).strict_transport(Duration::from_secs(3600));
    let harness = serving(Config::default(), tls).await;
    let client = Trusting::new(&[&pair]);
    for path in ["/hello/World", "/nowhere", "/-/live"] {
        let stream = client
            .connect(harness.address, "localhost")
            .await
            .expect("TLS");
        let answer = ask(stream, path).await.expect("an answer");
        assert_eq!(
            answer.headers()["strict-transport-security"],
            "max-age=3600"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_component_sees_that_its_client_came_by_tls() {
    let pair = issued(&["localhost"]);
    let files = Files::new(&[&pair]);
    let harness = serving(Config::default(), load(&files)).await;
    harness
        .deploy("service", service())
        .await
        .expect("it is served");
    for protocols in [&["http/1.1"], &["h2"]] {
        let client = Trusting::speaking(&[&pair], &TLS13, protocols);
        let stream = client
            .connect(harness.address, "localhost")
            .await
            .expect("TLS");
        let answer = ask(stream, "/service/head").await.expect("an answer");
        let body = answer
            .into_body()
            .collect()
            .await
            .expect("whole")
            .to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        assert!(
            text.contains("Https") && text.contains("authority localhost\n"),
            "{text}"
        );
    }
}
