//! Where connections come from: several listeners, Unix sockets, proxies that announce their clients, passed sockets.
#![allow(clippy::unwrap_used)]

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use switchback::{Config, Host, HostConfig, Listener, Server};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{PATIENCE, cache};
use switchback_tests::process::program;
use switchback_tests::{Client, Served};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixDatagram, UnixStream};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::contracts;

fn guest() -> Vec<u8> {
    let contract = contracts::of(&["version", "incoming", "sleep"]);
    blank(&contract, "1", Describe::Contract)
}

async fn host(trusted: &[&str]) -> Host {
    let config = Config {
        host: HostConfig {
            trusted_proxies: trusted.iter().map(|text| text.to_string()).collect(),
            cache_dir: Some(cache()),
            ..HostConfig::default()
        },
        ..Config::default()
    };
    let host = Host::new(config).unwrap();
    host.deploy("blank", guest()).await.unwrap();
    host
}

/// Serves until what is handed out is dropped.
fn serve(host: Host, doors: Vec<Listener>) -> tokio_util::sync::DropGuard {
    let stop = CancellationToken::new();
    tokio::spawn(Server::new(doors).run(host, stop.clone().cancelled_owned()));
    stop.drop_guard()
}

/// Asks once on a connection, and reads it to its end; nothing if it was closed without an answer.
async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    before: &[u8],
    lines: &str,
) -> String {
    let request = format!("GET /incoming HTTP/1.1\r\nHost: a\r\n{lines}Connection: close\r\n\r\n");
    // Who is not wanted may be cut off before all is written.
    let _ = stream
        .write_all(&[before, request.as_bytes()].concat())
        .await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
    let _ = read.await.expect("the server answers or closes");
    String::from_utf8(answer).unwrap()
}

/// The peer that the guest sees.
fn peer(answer: &str) -> String {
    let (_, body) = answer.split_once("\r\n\r\n").expect(answer);
    let told: serde_json::Value = serde_json::from_str(body).unwrap();
    told["peer"].as_str().unwrap_or("nobody").to_owned()
}

struct Place {
    _folder: tempfile::TempDir,
    socket: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    Place {
        socket: folder.path().join("s.sock"),
        _folder: folder,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_doors_lead_to_the_same_host() {
    let place = place();
    let first = Listener::bind("127.0.0.1:0").await.unwrap();
    let second = Listener::bind("[::1]:0").await.unwrap();
    let addresses = [&first, &second].map(|door| door.local_addr().unwrap());
    let third = Listener::bind_unix(&place.socket, 0o600).unwrap();
    let _serving = serve(host(&[]).await, vec![first, second, third]);
    for address in addresses {
        assert_eq!(Client::new(address).get("/version").await.status, 200);
    }
    let stream = UnixStream::connect(&place.socket).await.unwrap();
    assert_eq!(peer(&ask(stream, b"", "").await), "nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_has_its_mode_and_goes_with_its_listener() {
    let place = place();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let listener = Listener::bind_unix(&place.socket, 0o640).unwrap();
    assert_eq!(mode(&place.socket), 0o640);
    let kept = listener.try_clone().unwrap();
    drop(listener);
    assert!(place.socket.exists(), "one of the two is there");
    drop(kept);
    assert!(!place.socket.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_replaced_only_if_nobody_answers_there() {
    let place = place();
    let refused = || {
        Listener::bind_unix(&place.socket, 0o600)
            .unwrap_err()
            .kind()
    };
    let living = Listener::bind_unix(&place.socket, 0o600).unwrap();
    assert_eq!(refused(), ErrorKind::AddrInUse);
    drop(living);
    // As a program that was killed leaves it.
    drop(std::os::unix::net::UnixListener::bind(&place.socket).unwrap());
    drop(Listener::bind_unix(&place.socket, 0o600).unwrap());
    std::fs::write(&place.socket, "dear to somebody").unwrap();
    assert_eq!(refused(), ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&place.socket).unwrap(), b"dear to somebody");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_by_a_unix_socket_is_believed_if_unix_is_trusted() {
    for (trusted, expected) in [("unix", "192.0.2.7:0"), ("10.0.0.0/8", "nobody")] {
        let place = place();
        let door = Listener::bind_unix(&place.socket, 0o600).unwrap();
        let _serving = serve(host(&[trusted]).await, vec![door]);
        let stream = UnixStream::connect(&place.socket).await.unwrap();
        let answer = ask(stream, b"", "X-Forwarded-For: 192.0.2.7\r\n").await;
        assert_eq!(peer(&answer), expected, "{trusted}");
    }
}

const V1: &[u8] = b"PROXY TCP4 192.0.2.7 192.0.2.1 5000 80\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc0\0\x02\x01\x13\x88\0\x50";

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_announces_its_client() {
    let door = Listener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .proxy_protocol(true);
    let address = door.local_addr().unwrap();
    let _serving = serve(host(&["127.0.0.1"]).await, vec![door]);
    for header in [V1, V2] {
        let stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(peer(&ask(stream, header, "").await), "192.0.2.7:5000");
    }
    // The proxy's own: it asks whether anybody is there.
    let stream = TcpStream::connect(address).await.unwrap();
    let own = stream.local_addr().unwrap().to_string();
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    assert_eq!(peer(&ask(stream, local, "").await), own);
    // The client is not a proxy by having come by one.
    let stream = TcpStream::connect(address).await.unwrap();
    let answer = ask(stream, V2, "X-Forwarded-For: 198.51.100.1\r\n").await;
    assert_eq!(peer(&answer), "192.0.2.7:5000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_missing_broken_or_of_a_stranger_ends_the_connection() {
    let bound = async || Listener::bind("127.0.0.1:0").await.unwrap();
    let (trusting, strange) = (bound().await, bound().await);
    let at = trusting.local_addr().unwrap();
    let _serving = serve(
        host(&["127.0.0.1"]).await,
        vec![trusting.proxy_protocol(true)],
    );
    let at_strange = strange.local_addr().unwrap();
    let _other = serve(
        host(&["10.0.0.0/8"]).await,
        vec![strange.proxy_protocol(true)],
    );
    for (address, header) in [
        (at, &b""[..]),
        (at, b"PROXY TCP4 nobody 192.0.2.1 5000 80\r\n"),
        (at, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x01x"),
        (at_strange, V1),
        (at_strange, V2),
        (at_strange, b""),
    ] {
        let stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(
            ask(stream, header, "").await,
            "",
            "{}",
            header.escape_ascii()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_says_nothing_is_not_waited_for_long() {
    let door = Listener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .proxy_protocol(true);
    let mut stream = TcpStream::connect(door.local_addr().unwrap())
        .await
        .unwrap();
    let _serving = serve(host(&["127.0.0.1"]).await, vec![door]);
    stream.write_all(b"PROXY ").await.unwrap();
    let end = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 1])).await;
    assert!(!matches!(end.expect("it is closed in time"), Ok(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_where_none_is_expected_is_no_request() {
    let door = Listener::bind("127.0.0.1:0").await.unwrap();
    let address = door.local_addr().unwrap();
    let _serving = serve(host(&["127.0.0.1"]).await, vec![door]);
    let stream = TcpStream::connect(address).await.unwrap();
    let answer = ask(stream, V1, "").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_listens_wherever_it_is_told_to() {
    let place = place();
    let unix = format!("unix:{}", place.socket.display());
    let mut served = Served::new(
        &[("blank", &guest())],
        &["--listen", &unix, "--set", "serve.socket_mode=0600"],
    )
    .await;
    served.says(&format!("listening on {unix}")).await;
    let mode = std::fs::metadata(&place.socket).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    // It is the same one after a start anew.
    served.signal("USR2").await;
    served.says(&format!("listening on {unix}")).await;
    let stream = UnixStream::connect(&place.socket).await.unwrap();
    assert_eq!(peer(&ask(stream, b"", "").await), "nobody");
    assert_eq!(served.client().get("/version").await.status, 200);
    served.signal("TERM").await;
    assert_eq!(served.ended().await, Some(0));
    assert!(!place.socket.exists());
}

/// The program as a service manager starts it: with a socket as file 3, under a name.
fn activated(socket: OwnedFd, name: &str) -> Command {
    let mut shell = Command::new("sh");
    let script = format!(
        "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={name} exec \"$0\" \"$@\""
    );
    shell.arg("-c").arg(script).arg(program());
    shell.stdin(Stdio::from(socket));
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn passed_sockets_take_the_place_of_listen() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let activated = activated(socket.into(), "http");
    let mut served = Served::by(activated, &[("blank", &guest())], &[]).await;
    assert_eq!(served.address, address);
    assert_eq!(served.client().get("/version").await.status, 200);
    // And they stay when it starts anew.
    served.signal("USR2").await;
    served.says(&format!("listening on http://{address}")).await;
    assert_eq!(served.client().get("/version").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passed_socket_whose_name_begins_with_proxy_is_for_proxies() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let activated = activated(socket.into(), "proxy-http");
    let trusted = ["--set", "host.trusted_proxies=127.0.0.1, ::1"];
    let served = Served::by(activated, &[("blank", &guest())], &trusted).await;
    let stream = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(peer(&ask(stream, V1, "").await), "192.0.2.7:5000");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_is_told_when_it_is_ready_reloads_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let manager = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    let told = async || {
        let mut text = [0; 512];
        let count = tokio::time::timeout(PATIENCE, manager.recv(&mut text)).await;
        let count = count.expect("it is told in time").unwrap();
        String::from_utf8(text[..count].to_vec()).unwrap()
    };
    let mut command = Command::new(program());
    command.env("NOTIFY_SOCKET", folder.path().join("notify"));
    let served = Served::by(command, &[("blank", &guest())], &[]).await;
    assert_eq!(told().await, "READY=1\n");
    for (signal, first) in [
        ("HUP", "RELOADING=1\nMONOTONIC_USEC="),
        ("USR2", "RELOADING=1\n"),
    ] {
        served.signal(signal).await;
        assert!(told().await.starts_with(first), "{signal}");
        assert_eq!(told().await, "READY=1\n", "{signal}");
    }
    served.signal("TERM").await;
    assert_eq!(told().await, "STOPPING=1\n");
}
