//! TLS: whom a client meets, by which name and protocol, and certificates that change while it does.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use switchback::{
    Config, ConnectionLimits, ErrorKind, Event, Host, Listener, Server, Tls, TlsFiles,
};
use switchback_tests::Client;
use switchback_tests::guests::{Describe, blank, hello, service};
use switchback_tests::harness::{Harness, PATIENCE, cache, event, until};
use switchback_tests::process::{Served, program};
use switchback_tests::tls::{Issued, Trusting, issued, issued_in};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
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
async fn the_certificate_is_the_one_for_the_name_that_is_asked_for() {
    let pairs = [
        issued(&["first.test"]),
        issued(&["second.test", "*.wild.test"]),
        issued(&["third.test"]),
    ];
    let all: Vec<&Issued> = pairs.iter().collect();
    let files = Files::new(&all);
    let harness = serving(Config::default(), load(&files)).await;
    let client = Trusting::new(&all);
    for (name, at) in [
        ("first.test", 0),
        ("second.test", 1),
        ("a.wild.test", 1),
        ("third.test", 2),
    ] {
        let stream = client.connect(harness.address, name).await.expect(name);
        assert!(met(&stream) == first_of(&pairs[at]), "{name}");
    }
    // The first, which is not for this name.
    let refused = client.connect(harness.address, "unknown.test").await;
    let why = refused
        .expect_err("it is not whom it was taken for")
        .to_string();
    assert!(why.contains("first.test"), "{why}");
}

#[test]
fn what_cannot_be_used_is_refused_with_its_file_and_what_is_wrong() {
    let (one, other) = (issued(&["one.test"]), issued(&["other.test"]));
    let files = Files::new(&[&one]);
    let good = files.named[0].clone();
    let missing = files.folder.path().join("missing.pem");
    let empty = files.path("empty.pem", "nothing of the kind\n");
    let foreign = files.path("foreign.key", &other.key);
    let chain = format!("{}{}", other.certificate, one.certificate);
    let backwards = files.path("backwards.pem", &chain);
    let damaged = files.path("damaged.pem", &one.certificate.replace('M', "!"));
    let other_text = files.path(
        "text.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    let locked = files.path(
        "locked.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    for (certificate, key, kind, words) in [
        (
            &missing,
            &good.key,
            ErrorKind::File,
            ["missing.pem", "cannot be read"],
        ),
        (
            &good.certificate,
            &missing,
            ErrorKind::File,
            ["missing.pem", "cannot be read"],
        ),
        (
            &empty,
            &good.key,
            ErrorKind::Config,
            ["empty.pem", "no certificate in PEM"],
        ),
        (
            &good.certificate,
            &empty,
            ErrorKind::Config,
            ["empty.pem", "no private key in PEM"],
        ),
        (
            &good.certificate,
            &foreign,
            ErrorKind::Config,
            ["foreign.key", "is not the key of"],
        ),
        (
            &backwards,
            &good.key,
            ErrorKind::Config,
            ["backwards.pem", "comes first"],
        ),
        (
            &damaged,
            &good.key,
            ErrorKind::Config,
            ["damaged.pem", "damaged"],
        ),
        (
            &other_text,
            &good.key,
            ErrorKind::Config,
            ["text.pem", "cannot be read"],
        ),
        (
            &good.certificate,
            &locked,
            ErrorKind::Config,
            ["locked.key", "password"],
        ),
    ] {
        let files = TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
        };
        let error = Tls::load(vec![files]).expect_err("it is refused");
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "{text}");
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
        assert!(!text.contains('\n'), "not one line: {text}");
    }
    let error = Tls::load(Vec::new()).expect_err("it is refused");
    assert!(error.to_string().contains("none is named"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_change_under_load_lose_no_request() {
    let (old, new) = (issued(&["localhost"]), issued(&["localhost"]));
    let files = Files::new(&[&old]);
    let tls = load(&files);
    let before = tls.fingerprint();
    let harness = serving(Config::default(), tls.clone()).await;
    let client = Trusting::new(&[&old, &new]);
    let (over, asked) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (client, address) = (client.clone(), harness.address);
            let (over, asked) = (over.clone(), asked.clone());
            tokio::spawn(async move {
                while !over.load(Relaxed) {
                    let stream = client.connect(address, "localhost").await.expect("TLS");
                    let answer = ask(stream, "/hello/World").await.expect("an answer");
                    assert_eq!(answer.status(), 200);
                    asked.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    // One that is open goes on.
    let mut open = client
        .connect(harness.address, "localhost")
        .await
        .expect("TLS");

    // What is wrong is left alone.
    fs::write(&files.named[0].certificate, &new.certificate).expect("written");
    assert!(tls.reload().is_err());
    assert_eq!(tls.fingerprint(), before);
    // What is right is taken without being told.
    fs::write(&files.named[0].key, &new.key).expect("written");
    until("the new certificate", async || {
        (tls.fingerprint() != before).then_some(())
    })
    .await;
    // To who was here before it is the session of before.
    let newcomer = Trusting::new(&[&old, &new]);
    let stream = newcomer
        .connect(harness.address, "localhost")
        .await
        .expect("TLS");
    assert!(met(&stream) == first_of(&new));
    let soon = asked.load(Relaxed) + 20;
    until("more requests", async || {
        (asked.load(Relaxed) >= soon).then_some(())
    })
    .await;
    over.store(true, Relaxed);
    for task in load {
        task.await.expect("no request failed");
    }
    open.write_all(b"GET /hello/World HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .expect("it is there");
    let mut text = String::new();
    open.read_to_string(&mut text)
        .await
        .expect("it is answered");
    assert!(text.ends_with(r#"{"message":"Hello World"}"#), "{text}");
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

#[tokio::test(flavor = "multi_thread")]
async fn the_program_speaks_tls_with_the_files_that_it_is_given() {
    let pair = issued(&["localhost"]);
    let files = Files::new(&[&pair]);
    let both = files.path("both.pem", &format!("{}{}", pair.certificate, pair.key));
    let named = &files.named[0];
    let [certificate, key, both] =
        [&named.certificate, &named.key, &both].map(|path| path.to_str().expect("a path of text"));
    let client = Trusting::new(&[&pair]);
    for arguments in [
        &[
            "--tls-certificate",
            certificate,
            "--tls-key",
            key,
            "--set",
            "serve.hsts_s=60",
        ][..],
        &["--tls-certificate", both],
    ] {
        let served = Served::new(&[("hello", &hello())], arguments).await;
        let stream = client
            .connect(served.address, "localhost")
            .await
            .expect("TLS");
        let answer = ask(stream, "/hello/World").await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let strict = answer.headers().contains_key("strict-transport-security");
        assert_eq!(strict, arguments.contains(&"--set"));
    }
    for (arguments, words) in [
        (&["--tls-certificate", key][..], "no certificate in PEM"),
        (&["--set", "serve.hsts_s=60"], "there is none"),
        (
            &[
                "--tls-certificate",
                both,
                "--tls-key",
                key,
                "--tls-key",
                key,
            ],
            "has 2 files and `serve.tls_certificates` 1",
        ),
    ] {
        let mut command = std::process::Command::new(program());
        command.args(["serve", "--listen", "127.0.0.1:0", "--plugins"]);
        let output = command.arg(files.folder.path()).args(arguments).output();
        let output = output.expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(words), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_tls_is_sent_to_where_it_is_spoken() {
    let pair = issued(&["localhost"]);
    let files = Files::new(&[&pair]);
    for (port, there) in [(443, "https://shop.test"), (8443, "https://shop.test:8443")] {
        let listener = Listener::bind("127.0.0.1:0").await.expect("a free port");
        let server = Server::new(vec![listener.redirect_to_tls(port)]);
        let harness = Harness::by(Host::new(Config::default()).expect("a host"), server);
        for (host, path) in [
            ("shop.test", "/items?page=2"),
            ("shop.test:8000", "/"),
            ("shop.test", "/-/live"),
        ] {
            let mut client = harness.client();
            let reply = client.send("POST", path, &[("host", host)], "{}").await;
            assert_eq!(reply.status, 308);
            assert_eq!(reply.header("location"), format!("{there}{path}"));
        }
        let mut client = harness.client();
        let reply = client.send("GET", "/", &[("host", "[::1]:80")], "").await;
        assert!(reply.header("location").starts_with("https://[::1]"));
        let reply = client.send("GET", "/", &[("host", "")], "").await;
        assert_eq!(reply.status, 400);
    }

    let both = files.path("both.pem", &format!("{}{}", pair.certificate, pair.key));
    let mut program = Command::new(program());
    program
        .arg("serve")
        .args(["--listen", "redirect:127.0.0.1:0"])
        .args(["--listen", "127.0.0.1:0"])
        .args(["--listen", "http:127.0.0.1:0"])
        .arg("--plugins")
        .arg(files.folder.path())
        .arg("--tls-certificate")
        .arg(&both)
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut program = program.spawn().expect("it starts");
    let stdout = program.stdout.take().expect("it was piped");
    let mut lines = BufReader::new(stdout).lines();
    let mut told = Vec::new();
    while told.len() < 3 {
        let line = lines.next_line().await.expect("text").expect("three lines");
        told.extend(line.strip_prefix("listening on ").map(String::from));
    }
    let address = |at: usize, scheme: &str| -> SocketAddr {
        let address = told[at].strip_prefix(scheme).expect(scheme);
        address.parse().expect("an address")
    };
    let secure = address(1, "https://");
    let mut client = Client::new(address(0, "http://"));
    let reply = client.get("/-/live").await;
    assert_eq!(
        reply.header("location"),
        format!("https://testserver:{}/-/live", secure.port())
    );
    assert_eq!(
        Client::new(address(2, "http://"))
            .get("/-/live")
            .await
            .text(),
        "live"
    );
    let client = Trusting::new(&[&pair]);
    let stream = client.connect(secure, "localhost").await.expect("TLS");
    let answer = ask(stream, "/-/live").await.expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[test]
fn a_certificate_that_has_expired_is_served_all_the_same() {
    let pair = issued_in(&["localhost"], (2001, 2002));
    let files = Files::new(&[&pair]);
    assert!(Tls::load(files.named).is_ok());
}
