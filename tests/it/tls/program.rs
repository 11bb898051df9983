//! The program with certificates: what it speaks where.

use std::net::SocketAddr;
use std::process::Stdio;

use switchback::{Config, Host, Listener, Server};
use switchback_tests::Client;
use switchback_tests::guests::hello;
use switchback_tests::harness::Harness;
use switchback_tests::process::{Served, program};
use switchback_tests::tls::{Trusting, issued};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::{Files, ask};

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
