//! Answers that go out while they are made, and bodies that are read while they arrive.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use switchback_sdk::prelude::*;

/// What time it is.
#[derive(Serialize, JsonSchema)]
struct Tick {
    /// Seconds since 1970.
    seconds: u64,
}

/// Watch a clock
///
/// An event each second: open it in a browser, or `curl -N http://127.0.0.1:8000/clock`.
#[get("/clock", tags = ["streams"])]
fn clock(#[query(ge = 1, le = 60, default = 10)] ticks: u32) -> EventStream<Tick> {
    EventStream::writing(move |out| {
        for number in 0..ticks {
            if number > 0 {
                std::thread::sleep(Duration::from_secs(1));
            }
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let seconds = now.unwrap_or_default().as_secs();
            out.send(ServerSentEvent::new(Tick { seconds }).event("tick"))?;
        }
        Ok(())
    })
}

/// A prime number and which one it is.
#[model]
struct Prime {
    number: u32,
    prime: u32,
}

/// List the first prime numbers
///
/// A line each, as soon as it is found: `curl -N 'http://127.0.0.1:8000/primes?count=1000'`.
#[get("/primes", tags = ["streams"])]
fn primes(#[query(le = 10_000, default = 100)] count: u32) -> JsonLines<Prime> {
    let is_prime = |number: &u32| {
        (2..)
            .take_while(|n| n * n <= *number)
            .all(|n| !number.is_multiple_of(n))
    };
    let primes = (2..).filter(is_prime).zip(1..=count);
    JsonLines::new(primes.map(|(prime, number)| Prime { number, prime }))
}

/// What was counted.
#[model]
struct Counted {
    lines: u64,
    bytes: u64,
}

impl Counted {
    fn add(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        self.lines += piece.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
}

/// Count the lines of a text
///
/// However long it is: no more than a piece of it is ever in memory.
#[post("/count", tags = ["streams"])]
fn count(
    #[body(media_type = "text/plain")] mut text: StreamBody,
) -> Result<Json<Counted>, Problem> {
    let mut counted = Counted { lines: 0, bytes: 0 };
    while let Some(piece) = text.next_piece()? {
        counted.add(&piece);
    }
    Ok(Json(counted))
}

/// Count the lines of a text, and tell how far it is
///
/// The events go out while the text still comes in.
#[post("/progress", tags = ["streams"])]
fn progress(#[body(media_type = "text/plain")] mut text: StreamBody) -> EventStream<Counted> {
    EventStream::writing(move |out| {
        out.start()?;
        let mut counted = Counted { lines: 0, bytes: 0 };
        while let Some(piece) = text.next_piece()? {
            counted.add(&piece);
            let Counted { lines, bytes } = counted;
            out.send(Counted { lines, bytes })?;
        }
        out.send(ServerSentEvent::new(counted).event("end"))
    })
}

plugin! { title: "Streams", routes: [clock, primes, count, progress] }
