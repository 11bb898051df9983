//! Which certificate a client meets, and which are refused.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use switchback::{Config, ErrorKind, Tls, TlsFiles};
use switchback_tests::harness::until;
use switchback_tests::tls::{Issued, Trusting, issued, issued_in};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Files, ask, first_of, load, met, serving};

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

#[test]
fn a_certificate_that_has_expired_is_served_all_the_same() {
    let pair = issued_in(&["localhost"], (2001, 2002));
    let files = Files::new(&[&pair]);
    assert!(Tls::load(files.named).is_ok());
}
