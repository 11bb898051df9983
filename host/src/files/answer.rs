//! A file as an answer, as Starlette's `FileResponse` gives it: whole, in ranges, or not again.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use httpdate::{fmt_http_date, parse_http_date};

use super::Site;
use super::body::{Piece, body};
use super::find::Chosen;
use super::range::{self, Ranges};
use super::types;
use crate::answer::Body;
use crate::etag;

/// What 304 repeats of the headers of 200.
const OF_UNCHANGED: [HeaderName; 3] = [CACHE_CONTROL, ETAG, VARY];
/// The last second of the year 9999: what comes after it cannot be written as a date.
const LAST_SECOND: u64 = 253_402_300_799;

impl Site {
    pub(super) fn respond(&self, chosen: Chosen, request: &HeaderMap) -> Response<Body> {
        let mut response = Response::new(Body::default());
        let headers = response.headers_mut();
        let media_type = types::of(&chosen.path);
        let modified = in_seconds(chosen.there.modified);
        let date = HeaderValue::from_str(&fmt_http_date(modified)).expect("a date is ASCII");
        headers.insert(CONTENT_TYPE, media_type.clone());
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(LAST_MODIFIED, date.clone());
        headers.insert(ETAG, chosen.there.etag.clone());
        if let Some(coding) = chosen.coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        if chosen.varies {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if let Some(cache) = self.cache_control(&chosen.path) {
            headers.insert(CACHE_CONTROL, cache);
        }
        let content = chosen.there.content;
        let size = content.size();
        if chosen.is_missing_page {
            *response.status_mut() = StatusCode::NOT_FOUND;
            *response.body_mut() = body(content, vec![Piece::Content(0, size)]);
            return response;
        }
        if is_unchanged(request, &chosen.there.etag, modified) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            let all = std::mem::take(response.headers_mut());
            let kept = all
                .into_iter()
                .filter_map(|(name, value)| Some((name?, value)));
            let kept = kept.filter(|(name, _)| OF_UNCHANGED.contains(name));
            response.headers_mut().extend(kept);
            return response;
        }
        let range = request.get(RANGE).and_then(|range| range.to_str().ok());
        let range = range.filter(|_| is_still_there(request, &chosen.there.etag, &date));
        let ranges = match range.map(|range| range::parse(range, size)) {
            None | Some(Ranges::Whole) => {
                *response.body_mut() = body(content, vec![Piece::Content(0, size)]);
                return response;
            }
            Some(Ranges::Malformed(why)) => return text(StatusCode::BAD_REQUEST, why),
            Some(Ranges::Beyond) => {
                let mut response = text(StatusCode::RANGE_NOT_SATISFIABLE, "");
                let of = HeaderValue::from_str(&format!("bytes */{size}")).expect("ASCII");
                response.headers_mut().insert(CONTENT_RANGE, of);
                return response;
            }
            Some(Ranges::Some(ranges)) => ranges,
        };
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let headers = response.headers_mut();
        if let [(begin, end)] = ranges[..] {
            headers.insert(CONTENT_RANGE, of_whole(begin, end, size));
            *response.body_mut() = body(content, vec![Piece::Content(begin, end)]);
            return response;
        }
        let boundary = boundary();
        let parts = format!("multipart/byteranges; boundary={boundary}");
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(&parts).expect("ASCII"));
        let media_type = media_type.to_str().unwrap_or_default();
        let mut pieces = Vec::with_capacity(ranges.len() * 2 + 1);
        let mut before = "";
        for (begin, end) in ranges {
            let last = end - 1;
            let head = format!(
                "{before}--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: bytes {begin}-{last}/{size}\r\n\r\n"
            );
            pieces.extend([Piece::Text(head.into()), Piece::Content(begin, end)]);
            before = "\r\n";
        }
        pieces.push(Piece::Text(format!("\r\n--{boundary}--").into()));
        *response.body_mut() = body(content, pieces);
        response
    }

    fn cache_control(&self, path: &str) -> Option<HeaderValue> {
        let within = |folder: &String| {
            let folder = folder.trim_end_matches('/');
            let rest = path.strip_prefix(folder);
            rest.is_some_and(|rest| folder.is_empty() || rest.starts_with('/'))
        };
        if self.rules.immutable.iter().any(within) {
            let for_ever = "public, max-age=31536000, immutable";
            return Some(HeaderValue::from_static(for_ever));
        }
        let set = self.rules.cache_control.as_str();
        HeaderValue::from_str(set).ok().filter(|_| !set.is_empty())
    }
}

/// Dates of HTTP have no parts of a second; one before 1970, or after 9999, is told as the nearest that is none.
fn in_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs().min(LAST_SECOND));
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Whether the client has this already (RFC 9110, 13.2.2: the tag comes before the date).
fn is_unchanged(request: &HeaderMap, tag: &HeaderValue, modified: SystemTime) -> bool {
    if request.contains_key(IF_NONE_MATCH) {
        return etag::matches(request, tag);
    }
    let since = request
        .get(IF_MODIFIED_SINCE)
        .and_then(|since| since.to_str().ok());
    let since = since.and_then(|since| parse_http_date(since).ok());
    since.is_some_and(|since| since >= modified)
}

/// Whether what the client has a part of is what is there now (RFC 9110, 13.1.5).
fn is_still_there(request: &HeaderMap, tag: &HeaderValue, date: &HeaderValue) -> bool {
    let part_of = request.get(IF_RANGE);
    part_of.is_none_or(|part_of| part_of == tag || part_of == date)
}

fn of_whole(begin: u64, end: u64, size: u64) -> HeaderValue {
    let text = format!("bytes {begin}-{}/{size}", end - 1);
    HeaderValue::from_str(&text).expect("digits are ASCII")
}

/// What stands between the parts, and in none of them: nobody could know it before.
fn boundary() -> String {
    let random = |half: u8| RandomState::new().hash_one(half);
    format!("{:016x}{:016x}", random(0), random(1))
}

fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
