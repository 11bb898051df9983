//! What of something that is there a client asks for: all of it, ranges, or nothing, since it has it. As Starlette's
//! `FileResponse` does ranges, and its `StaticFiles` what is unchanged; of static files, and of answers of plugins that are one.

use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LOCATION, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, EXPIRES,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use httpdate::parse_http_date;

use super::body::{Piece, body};
use super::range::{self, Ranges};
use crate::answer::{Body, OffersRanges};
use crate::etag;
use crate::spool::FileContent;

/// What 304 repeats of the headers of 200.
const OF_UNCHANGED: [HeaderName; 6] = [CACHE_CONTROL, CONTENT_LOCATION, DATE, ETAG, EXPIRES, VARY];

/// The whole answer of a plugin, or what the client asks for of it, if it is a file: says by `accept-ranges` that it has
/// ranges, and by a tag or a date which state of it this is.
pub(crate) fn of_answer(
    method: &Method,
    request: &HeaderMap,
    mut answer: Response<Body>,
) -> Response<Body> {
    let offers = answer.extensions_mut().remove::<OffersRanges>().is_some();
    let headers = answer.headers();
    let is_file = offers
        && answer.status() == StatusCode::OK
        && matches!(*method, Method::GET | Method::HEAD)
        && (headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED));
    let whole = answer.body().whole().cloned();
    match whole.filter(|whole| is_file && !whole.is_empty()) {
        Some(whole) => of(request, answer, FileContent::from(whole)),
        None => answer,
    }
}

/// Answers with what is asked for of this content; `answer` has the headers of all of it.
pub(super) fn of(
    request: &HeaderMap,
    mut answer: Response<Body>,
    content: FileContent,
) -> Response<Body> {
    let size = content.size();
    if is_unchanged(request, answer.headers()) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        *answer.body_mut() = Body::default();
        let mut kept = HeaderMap::new();
        for name in OF_UNCHANGED {
            for value in answer.headers().get_all(&name) {
                kept.append(name.clone(), value.clone());
            }
        }
        *answer.headers_mut() = kept;
        return answer;
    }
    let range = request.get(RANGE).and_then(|range| range.to_str().ok());
    let range = range.filter(|_| is_still_there(request, answer.headers()));
    let ranges = match range.map(|range| range::parse(range, size)) {
        None | Some(Ranges::Whole) => {
            *answer.body_mut() = body(content, vec![Piece::Content(0, size)]);
            return answer;
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
    *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    let headers = answer.headers_mut();
    if let [(begin, end)] = ranges[..] {
        headers.insert(CONTENT_RANGE, of_whole(begin, end, size));
        *answer.body_mut() = body(content, vec![Piece::Content(begin, end)]);
        return answer;
    }
    let boundary = boundary();
    let parts = format!("multipart/byteranges; boundary={boundary}");
    let parts = HeaderValue::from_str(&parts).expect("ASCII");
    let media_type = headers.insert(CONTENT_TYPE, parts);
    let media_type = media_type.as_ref().and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or("application/octet-stream");
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
    *answer.body_mut() = body(content, pieces);
    answer
}

/// Whether the client has this already (RFC 9110, 13.2.2: the tag comes before the date).
fn is_unchanged(request: &HeaderMap, answer: &HeaderMap) -> bool {
    if request.contains_key(IF_NONE_MATCH) {
        let tag = answer.get(ETAG);
        return tag.is_some_and(|tag| etag::matches(request, tag));
    }
    let date = |value: Option<&HeaderValue>| parse_http_date(value?.to_str().ok()?).ok();
    let Some(since) = date(request.get(IF_MODIFIED_SINCE)) else {
        return false;
    };
    date(answer.get(LAST_MODIFIED)).is_some_and(|modified| since >= modified)
}

/// Whether what the client has a part of is what is there now (RFC 9110, 13.1.5: a weak tag does not say so).
fn is_still_there(request: &HeaderMap, answer: &HeaderMap) -> bool {
    let Some(part_of) = request.get(IF_RANGE) else {
        return true;
    };
    let is = |name| answer.get(name) == Some(part_of);
    !part_of.as_bytes().starts_with(b"W/") && (is(ETAG) || is(LAST_MODIFIED))
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
