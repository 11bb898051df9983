//! Load at a fixed rate, whatever the server does: `steady ADDRESS PATH RATE SECONDS CONNECTIONS`.
//!
//! Each connection sends at times fixed in advance. A request that had to wait because the answer before it was late
//! counts from the time it was due, so that a server that stalls is not asked less often, and looks no better, for
//! stalling. A request that was only sent late because this program woke up late counts from when it was sent.
//! Asked for more than the server can do, it sends as fast as it gets answers, and ends in time all the same.
//! Prints one JSON object: requests answered, failed, a second, and latencies in microseconds.

use std::io::{Error, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, path, rate, seconds, connections] = &arguments[..] else {
        eprintln!("usage: steady ADDRESS PATH RATE SECONDS CONNECTIONS");
        std::process::exit(2);
    };
    let number = |text: &String| {
        text.parse::<f64>()
            .expect("rate, seconds and connections are numbers")
    };
    let (rate, seconds, connections) = (number(rate), number(seconds), number(connections));
    let every = Duration::from_secs_f64(connections / rate);
    let start = Instant::now() + Duration::from_millis(100);
    let end = start + Duration::from_secs_f64(seconds);
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n");

    let mut taken = Vec::new();
    let mut failed = 0;
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..connections as u32)
            .map(|nth| {
                let first = start + every.mul_f64(f64::from(nth) / connections);
                let request = &request;
                scope.spawn(move || connection(address, request.as_bytes(), first, every, end))
            })
            .collect();
        for worker in workers {
            let (mine, broken) = worker.join().expect("a worker does not panic");
            taken.extend(mine);
            failed += broken;
        }
    });
    taken.sort_unstable();
    let at = |part: f64| {
        taken
            .get((taken.len() as f64 * part) as usize)
            .or(taken.last())
            .copied()
            .unwrap_or(0)
    };
    println!(
        r#"{{"answered":{},"failed":{failed},"rps":{:.0},"p50":{},"p99":{},"p999":{},"max":{}}}"#,
        taken.len(),
        taken.len() as f64 / seconds,
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

/// One connection's requests: the latency of each that was answered with 200, and how many were not.
fn connection(
    address: &str,
    request: &[u8],
    first: Instant,
    every: Duration,
    end: Instant,
) -> (Vec<u64>, u64) {
    let (mut taken, mut failed, mut due) = (Vec::new(), 0, first);
    let mut stream = None;
    while due < end && Instant::now() < end {
        let mut from = due;
        if let Some(left) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(left);
            from = Instant::now();
        }
        match exchange(&mut stream, address, request) {
            Ok(()) => taken.push(from.elapsed().as_micros() as u64),
            Err(_) => {
                failed += 1;
                stream = None;
            }
        }
        due += every;
    }
    (taken, failed)
}

/// Sends one request and reads its answer whole.
fn exchange(stream: &mut Option<TcpStream>, address: &str, request: &[u8]) -> Result<(), Error> {
    let stream = match stream {
        Some(open) => open,
        None => {
            let new = TcpStream::connect(address)?;
            new.set_nodelay(true)?;
            new.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.insert(new)
        }
    };
    stream.write_all(request)?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Err(Error::other("the connection was closed"));
        }
        answer.extend_from_slice(&piece[..read]);
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let length: usize = length.ok_or_else(|| Error::other("no content-length"))?;
        if answer.len() >= head + 4 + length {
            return if text.starts_with("http/1.1 200") {
                Ok(())
            } else {
                Err(Error::other("not 200"))
            };
        }
    }
}
