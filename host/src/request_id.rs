//! By what a request is known in answers and logs.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::{HeaderMap, HeaderName, HeaderValue};

pub(crate) static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most characters that a client's id may have.
const LONGEST: usize = 64;

/// An id: visible ASCII, short enough to be copied about rather than shared.
#[derive(Clone, Copy)]
pub(crate) struct RequestId {
    text: [u8; LONGEST],
    length: usize,
}

impl RequestId {
    pub(crate) fn to_header(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.text[..self.length]).expect("an id is visible ASCII")
    }
}

impl Deref for RequestId {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.text[..self.length]).expect("an id is ASCII")
    }
}

impl std::fmt::Debug for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self)
    }
}

/// The client's id, if it is one to be trusted in a log, else a new one.
pub(crate) fn of(headers: &HeaderMap) -> RequestId {
    let sane = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if let Some(sent) = headers.get(&X_REQUEST_ID)
        && (1..=LONGEST).contains(&sent.len())
        && sent.as_bytes().iter().all(sane)
    {
        let mut text = [0; LONGEST];
        text[..sent.len()].copy_from_slice(sent.as_bytes());
        return RequestId {
            text,
            length: sent.len(),
        };
    }
    new_id()
}

/// Unique among all hosts: 64 random bits of this process, and a count.
fn new_id() -> RequestId {
    use std::hash::{BuildHasher, RandomState};
    static PROCESS: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let process = *PROCESS.get_or_init(|| RandomState::new().hash_one(std::process::id()));
    let turn = NEXT.fetch_add(1, Relaxed);
    let mut text = [0; LONGEST];
    hex(process, &mut text[..16]);
    text[16] = b'-';
    hex(turn, &mut text[17..25]);
    RequestId { text, length: 25 }
}

/// The lowest digits of a number.
fn hex(mut number: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}
