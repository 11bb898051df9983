//! The behaviour `script`: does what the header `x-script` says, step by step, so that a test has any stream it wants.
//!
//! `start 200; write hello; sleep 10; bytes 1000; echo 64` … A step that fails ends the script, with the error in the
//! log; `try` before it goes on instead, and `tell` writes the last error.
//!
//! `header etag "1"; full hello` answers whole, `header …; whole 1000` with so many bytes; `status 404` before makes it that.

use std::hint::black_box;
use std::thread::sleep;
use std::time::Duration;

use crate::behaviour::{full, spin, wait};
use crate::bindings::switchback::plugin::types::{Answer, IoError, Payload};
use crate::bindings::switchback::plugin::{incoming, log, outgoing};

pub(crate) fn run() -> Answer {
    let script = incoming::header("x-script").join(";");
    let mut last: Result<(), IoError> = Ok(());
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut status = 200;
    for step in script.split(';').map(str::trim) {
        let (step, tried) = match step.strip_prefix("try ") {
            Some(step) => (step, true),
            None => (step, false),
        };
        let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
        let n: usize = rest.parse().unwrap_or(0);
        let done = match verb {
            "header" => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                headers.push((name.into(), value.into()));
                Ok(())
            }
            "status" => {
                status = n as u16;
                Ok(())
            }
            "start" => {
                if !headers.iter().any(|(name, _)| name == "content-type") {
                    headers.push(("content-type".into(), "text/plain".into()));
                }
                outgoing::start(n as u16, &headers)
            }
            "write" => text(rest),
            "bytes" => outgoing::write(&Payload::Bytes(vec![b'x'; n])),
            // Writes pieces of `n` bytes until it fails.
            "flood" => loop {
                if let Err(error) = outgoing::write(&Payload::Bytes(vec![b'x'; n])) {
                    break Err(error);
                }
            },
            // The same, computing before each piece.
            "work" => loop {
                let steps = n as u64 * 1_000_000;
                black_box((0..steps).fold(0_u64, |sum, step| black_box(sum ^ step)));
                if let Err(error) = text(".") {
                    break Err(error);
                }
            },
            // Sends back what comes, piece by piece.
            "echo" => loop {
                match incoming::read(n as u32) {
                    Ok(piece) if piece.is_empty() => break Ok(()),
                    Ok(piece) => {
                        if let Err(error) = outgoing::write(&Payload::Bytes(piece)) {
                            break Err(error);
                        }
                    }
                    Err(error) => break Err(error),
                }
            },
            // Reads one piece and forgets it.
            "read" => incoming::read(n as u32).map(drop),
            // Reads to the end, and says how much came.
            "count" => count(n as u32).and_then(|total| text(&total.to_string())),
            "tell" => text(&format!("{last:?}")),
            "abort" => {
                outgoing::abort(rest);
                Ok(())
            }
            "sleep" => {
                sleep(Duration::from_millis(n as u64));
                Ok(())
            }
            "spin" => spin(),
            "wait" => wait(),
            "trap" => panic!("asked to trap"),
            "full" | "whole" => {
                let headers: Vec<(&str, &str)> = headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                let text = match verb {
                    "full" => rest.into(),
                    _ => "x".repeat(n),
                };
                return full(status, &headers, text);
            }
            _ => return full(500, &[], format!("no such step: {step}")),
        };
        if let Err(error) = &done
            && !tried
        {
            log::write(log::Level::Info, &format!("{step}: {error:?}"), "");
            return Answer::Streamed;
        }
        if done.is_err() {
            last = done;
        }
    }
    Answer::Streamed
}

fn text(text: &str) -> Result<(), IoError> {
    outgoing::write(&Payload::Text(text.into()))
}

fn count(most: u32) -> Result<u64, IoError> {
    let mut total = 0;
    loop {
        let piece = incoming::read(most)?;
        if piece.is_empty() {
            return Ok(total);
        }
        total += piece.len() as u64;
    }
}
