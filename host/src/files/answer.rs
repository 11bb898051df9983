//! A file as an answer, with the headers that Starlette's `FileResponse` gives it.

use std::time::{Duration, SystemTime};

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, LAST_MODIFIED, VARY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use httpdate::fmt_http_date;

use super::Site;
use super::body::{Piece, body};
use super::find::Chosen;
use super::{part, types};
use crate::answer::Body;

/// The last second of the year 9999: what comes after it cannot be written as a date.
const LAST_SECOND: u64 = 253_402_300_799;

impl Site {
    pub(super) fn respond(&self, chosen: Chosen, request: &HeaderMap) -> Response<Body> {
        let mut response = Response::new(Body::default());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, types::of(&chosen.path));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(LAST_MODIFIED, date(chosen.there.modified));
        headers.insert(ETAG, chosen.there.etag);
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
        if chosen.is_missing_page {
            let all = Piece::Content(0, content.size());
            *response.status_mut() = StatusCode::NOT_FOUND;
            *response.body_mut() = body(content, vec![all]);
            return response;
        }
        part::of(request, response, content)
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
fn date(time: SystemTime) -> HeaderValue {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs().min(LAST_SECOND));
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    HeaderValue::from_str(&fmt_http_date(time)).expect("a date is ASCII")
}
