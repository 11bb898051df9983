//! Strong entity tags, and the one conditional that the host's own pages answer.

use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

/// The tag of some content: the first half of its SHA-256.
pub(crate) fn of(content: &[u8]) -> HeaderValue {
    of_digest(&Sha256::digest(content).into())
}

/// The tag of content whose SHA-256 is known.
pub(crate) fn of_digest(digest: &[u8; 32]) -> HeaderValue {
    let mut tag = String::with_capacity(34);
    tag.push('"');
    for byte in &digest[..16] {
        tag.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        tag.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
    }
    tag.push('"');
    HeaderValue::from_str(&tag).expect("hexadecimal digits and quotes are visible ASCII")
}

/// Whether the client has this content already (RFC 9110, 13.1.2: `If-None-Match` compares weakly).
pub(crate) fn matches(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        let Ok(value) = value.to_str() else {
            return false;
        };
        let mut listed = value.split(',').map(str::trim);
        listed.any(|known| known == "*" || strong(known.as_bytes()) == strong(tag.as_bytes()))
    })
}

/// A tag as if it were a strong one.
fn strong(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}
