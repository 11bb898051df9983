//! By what a request is known in answers and logs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::{HeaderMap, HeaderName};

pub(crate) static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's id, if it is one to be trusted in a log, else a new one.
pub(crate) fn of(headers: &HeaderMap) -> Arc<str> {
    let sane = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if let Some(sent) = headers.get(&X_REQUEST_ID)
        && let Ok(sent) = sent.to_str()
        && (1..=64).contains(&sent.len())
        && sent.as_bytes().iter().all(sane)
    {
        return sent.into();
    }
    new_id()
}

/// Unique among all hosts: 64 random bits of this process, and a count.
fn new_id() -> Arc<str> {
    use std::hash::{BuildHasher, RandomState};
    static PROCESS: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let process = *PROCESS.get_or_init(|| RandomState::new().hash_one(std::process::id()));
    let turn = NEXT.fetch_add(1, Relaxed);
    let mut text = [0; 25];
    hex(process, &mut text[..16]);
    text[16] = b'-';
    hex(turn, &mut text[17..]);
    std::str::from_utf8(&text)
        .expect("hexadecimal digits are ASCII")
        .into()
}

/// The lowest digits of a number.
fn hex(mut number: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}
