//! Compressed answers, for clients that take them. A whole body becomes another whole one, a large one off the serving
//! threads; a stream goes on piece by piece, and nothing of it waits for what comes later.

use std::io::{self, Write};
use std::num::NonZero;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body::{Body as _, Frame};
use tokio::sync::Semaphore;

use super::joined;
use crate::answer::{Body, BodyError};
use crate::body::essence;
use crate::config::{self, Coding};
use crate::dispatch::LARGE;

/// What is made smaller by its own means, or has to be there at once; whole types, and main types.
const EXCLUDED: [&str; 22] = [
    "application/grpc",
    "application/gzip",
    "application/pdf",
    "application/x-7z-compressed",
    "application/x-bzip2",
    "application/x-gzip",
    "application/x-xz",
    "application/zip",
    "application/zstd",
    "audio/",
    "font/woff",
    "font/woff2",
    "image/apng",
    "image/avif",
    "image/gif",
    "image/heic",
    "image/jpeg",
    "image/jxl",
    "image/png",
    "image/webp",
    "text/event-stream",
    "video/",
];

/// How much a stream's coder is given at once, so that one piece holds no thread for long.
const SLICE: usize = 16 << 10;
/// What a stream's coder may hold back of pieces that are there already, in compressed bytes.
const BATCH: usize = 16 << 10;
/// Windows of streams are of 128 KiB, since each stream has one for as long as it lasts.
const WINDOW_LOG: u32 = 17;

/// The settings, ready for use.
#[derive(Debug)]
pub(super) struct Compression {
    codings: Vec<Coding>,
    min_bytes: u64,
    /// Large bodies at once: a core each.
    aside: Arc<Semaphore>,
}

impl Compression {
    /// None where nothing is to be compressed.
    pub(super) fn new(settings: &config::Compression) -> Option<Compression> {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        (!settings.codings.is_empty()).then(|| Compression {
            codings: settings.codings.clone(),
            min_bytes: settings.min_bytes,
            aside: Arc::new(Semaphore::new(cores.saturating_sub(1).max(1))),
        })
    }

    /// What a client would have answers in; none: as they are.
    pub(super) fn accepted(&self, asked: &HeaderMap) -> Option<Coding> {
        let sent = asked.get_all(header::ACCEPT_ENCODING).iter();
        let items: Vec<(&str, f32)> = sent
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(weighed)
            .collect();
        let quality = |name: &str| {
            let named = |known: &str| {
                items
                    .iter()
                    .find(|(item, _)| item.eq_ignore_ascii_case(known))
            };
            let alias = (name == "gzip").then(|| named("x-gzip")).flatten();
            let found = named(name).or(alias).or_else(|| named("*"));
            found.map_or(0.0, |(_, quality)| *quality)
        };
        let identity = items
            .iter()
            .find(|(item, _)| item.eq_ignore_ascii_case("identity"));
        let least = identity.map_or(0.0, |(_, quality)| *quality);
        let mut best = None;
        for coding in &self.codings {
            let quality = quality(name(*coding));
            if quality > 0.0 && quality >= least && best.is_none_or(|(most, _)| quality > most) {
                best = Some((quality, *coding));
            }
        }
        best.map(|(_, coding)| coding)
    }

    /// The same answer in that coding, if it is one to be compressed.
    pub(super) async fn apply(
        &self,
        method: &Method,
        coding: Option<Coding>,
        mut response: Response<Body>,
    ) -> Response<Body> {
        if *method == Method::HEAD || !self.takes(&response) {
            return response;
        }
        let headers = response.headers_mut();
        let varies = headers.get_all(header::VARY).iter().any(|value| {
            let mut listed = value.to_str().unwrap_or_default().split(',').map(str::trim);
            listed.any(|name| name == "*" || name.eq_ignore_ascii_case("accept-encoding"))
        });
        if !varies {
            joined(headers, header::VARY, "Accept-Encoding");
        }
        let Some(coding) = coding else {
            return response;
        };
        let (mut head, body) = response.into_parts();
        let body = match body.whole().cloned() {
            Some(whole) => match self.whole(coding, whole.clone()).await {
                Some(smaller) => Body::from(smaller),
                // It would only grow.
                None => return Response::from_parts(head, whole.into()),
            },
            None => match Coder::new(coding, None) {
                Ok(coder) => Body::stream(Compressed::new(body, coder)),
                Err(_) => return Response::from_parts(head, body),
            },
        };
        let named = HeaderValue::from_static(name(coding));
        head.headers.insert(header::CONTENT_ENCODING, named);
        head.headers.remove(header::CONTENT_LENGTH);
        head.headers.remove(header::ACCEPT_RANGES);
        weaken(&mut head.headers);
        Response::from_parts(head, body)
    }

    /// Whether an answer is worth it, and may be changed.
    fn takes(&self, response: &Response<Body>) -> bool {
        let status = response.status();
        let headers = response.headers();
        let text = |name| {
            let value = headers.get(name).map(HeaderValue::to_str);
            value.and_then(Result::ok).unwrap_or_default()
        };
        let kind = essence(text(header::CONTENT_TYPE)).to_ascii_lowercase();
        let excluded = |other: &&str| match other.ends_with('/') {
            true => kind.starts_with(*other),
            false => kind == *other,
        };
        let size = response.body().size_hint();
        !matches!(
            status,
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT
        ) && !headers.contains_key(header::CONTENT_ENCODING)
            && !headers.contains_key(header::CONTENT_RANGE)
            && !text(header::CACHE_CONTROL)
                .to_ascii_lowercase()
                .contains("no-transform")
            && !EXCLUDED.iter().any(excluded)
            && size
                .upper()
                .is_none_or(|most| most >= self.min_bytes.max(1))
    }

    async fn whole(&self, coding: Coding, body: Bytes) -> Option<Vec<u8>> {
        let size = body.len();
        let compress = move || {
            let mut coder = Coder::new(coding, Some(body.len()))?;
            coder.write(&body)?;
            coder.finish()
        };
        let compressed = if size <= LARGE {
            compress()
        } else {
            let turn = self.aside.clone().acquire_owned().await.ok()?;
            let done = tokio::task::spawn_blocking(move || {
                let done = compress();
                drop(turn);
                done
            });
            done.await
                .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
        };
        compressed.ok().filter(|smaller| smaller.len() < size)
    }
}

fn name(coding: Coding) -> &'static str {
    match coding {
        Coding::Gzip => "gzip",
        Coding::Br => "br",
        Coding::Zstd => "zstd",
    }
}

/// A coding with its weight; none if it is no such item.
fn weighed(item: &str) -> Option<(&str, f32)> {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    let quality = weight.map_or(Some(1.0), |weight| weight.parse().ok())?;
    Some((name, quality))
}

/// Byte by byte it is another answer now: only what it means is the same.
fn weaken(headers: &mut HeaderMap) {
    if let Some(tag) = headers.get_mut(header::ETAG)
        && tag.as_bytes().starts_with(b"\"")
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        *tag = weak;
    }
}

/// What compresses; its bytes come out of a vector.
enum Coder {
    Gzip(GzEncoder<Vec<u8>>),
    // Boxed, since its tables are in it.
    Br(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Coder {
    /// For a body of known size, or for a stream. The levels are the last before one or two percent less would cost
    /// several times as much; those of Brotli above 4 take milliseconds for the smallest answer.
    fn new(coding: Coding, size: Option<usize>) -> io::Result<Coder> {
        let into = Vec::with_capacity(size.map_or(SLICE, |size| size / 4));
        Ok(match coding {
            Coding::Gzip => Coder::Gzip(GzEncoder::new(into, flate2::Compression::new(4))),
            Coding::Br => {
                let window =
                    size.map_or(WINDOW_LOG, |size| (size.max(1).ilog2() + 1).clamp(10, 22));
                let coder = brotli::CompressorWriter::new(into, SLICE, 3, window);
                Coder::Br(Box::new(coder))
            }
            Coding::Zstd => {
                let mut coder = zstd::stream::write::Encoder::new(into, 3)?;
                match size {
                    Some(size) => coder.set_pledged_src_size(Some(size as u64))?,
                    None => coder.window_log(WINDOW_LOG)?,
                }
                Coder::Zstd(coder)
            }
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Coder::Gzip(coder) => coder.write_all(bytes),
            Coder::Br(coder) => coder.write_all(bytes),
            Coder::Zstd(coder) => coder.write_all(bytes),
        }
    }

    /// Makes all that was written readable.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Coder::Gzip(coder) => coder.flush(),
            Coder::Br(coder) => coder.flush(),
            Coder::Zstd(coder) => coder.flush(),
        }
    }

    /// What came out so far.
    fn out(&mut self) -> &mut Vec<u8> {
        match self {
            Coder::Gzip(coder) => coder.get_mut(),
            Coder::Br(coder) => coder.get_mut(),
            Coder::Zstd(coder) => coder.get_mut(),
        }
    }

    /// The rest, with its end.
    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Coder::Gzip(coder) => coder.finish(),
            Coder::Br(coder) => Ok(coder.into_inner()),
            Coder::Zstd(coder) => coder.finish(),
        }
    }
}

/// A stream on its way through a coder.
struct Compressed {
    pieces: Body,
    /// None once it is at its end.
    coder: Option<Coder>,
    /// What came and was not given to the coder yet.
    piece: Bytes,
    /// Whether the coder has anything that was not flushed.
    holds: bool,
    /// What was compressed since others had their turn.
    worked: usize,
    trailers: Option<HeaderMap>,
}

impl Compressed {
    fn new(pieces: Body, coder: Coder) -> Compressed {
        Compressed {
            pieces,
            coder: Some(coder),
            piece: Bytes::new(),
            holds: false,
            worked: 0,
            trailers: None,
        }
    }

    /// What came out, as a piece; none if that is nothing.
    fn out(&mut self) -> Option<Bytes> {
        let out = self.coder.as_mut()?.out();
        (!out.is_empty()).then(|| std::mem::replace(out, Vec::with_capacity(SLICE)).into())
    }
}

impl http_body::Body for Compressed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let data = |out: Bytes| Poll::Ready(Some(Ok(Frame::data(out))));
        let broken = |error: io::Error| Poll::Ready(Some(Err(BodyError::new(error))));
        loop {
            let Some(coder) = &mut this.coder else {
                let trailers = this.trailers.take();
                return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
            };
            if !this.piece.is_empty() {
                if this.worked >= LARGE {
                    this.worked = 0;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                let slice = this.piece.split_to(this.piece.len().min(SLICE));
                if let Err(error) = coder.write(&slice) {
                    return broken(error);
                }
                this.worked += slice.len();
                this.holds = true;
                if coder.out().len() >= BATCH
                    && let Some(out) = this.out()
                {
                    return data(out);
                }
                continue;
            }
            match Pin::new(&mut this.pieces).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(piece) => this.piece = piece,
                    Err(frame) => this.trailers = frame.into_trailers().ok(),
                },
                Poll::Ready(Some(Err(why))) => return Poll::Ready(Some(Err(why))),
                Poll::Ready(None) => match this.coder.take().map(Coder::finish) {
                    Some(Ok(rest)) if !rest.is_empty() => return data(rest.into()),
                    Some(Err(error)) => return broken(error),
                    Some(Ok(_)) | None => {}
                },
                // Nothing more for now: the client gets all that there is.
                Poll::Pending => {
                    this.worked = 0;
                    if std::mem::take(&mut this.holds) {
                        if let Err(error) = coder.flush() {
                            return broken(error);
                        }
                        if let Some(out) = this.out() {
                            return data(out);
                        }
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    const ALL: [Coding; 3] = [Coding::Gzip, Coding::Br, Coding::Zstd];

    /// Bytes in which nothing repeats.
    fn noise(count: usize) -> Bytes {
        let mut state = 1_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..count).map(|_| next()).collect()
    }

    #[tokio::test]
    async fn what_does_not_get_smaller_stays_as_it_is() {
        let settings = config::Compression {
            codings: ALL.to_vec(),
            ..config::Compression::default()
        };
        let compression = Compression::new(&settings).expect("codings");
        for coding in ALL {
            for size in [1_000, 200_000] {
                let mut response = Response::new(Body::from(noise(size)));
                let tag = HeaderValue::from_static("\"1\"");
                response.headers_mut().insert(header::ETAG, tag.clone());
                let response = compression
                    .apply(&Method::GET, Some(coding), response)
                    .await;
                assert_eq!(response.body().whole(), Some(&noise(size)));
                assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
                assert_eq!(response.headers()[header::ETAG], tag);
            }
        }
    }

    #[test]
    fn one_long_piece_lets_others_have_their_turn() {
        for coding in ALL {
            let coder = Coder::new(coding, None).expect("a coder");
            let mut body = Compressed::new(Body::from(noise(1 << 20)), coder);
            let mut cx = Context::from_waker(Waker::noop());
            let (mut turns, mut largest) = (0, 0);
            loop {
                match Pin::new(&mut body).poll_frame(&mut cx) {
                    Poll::Pending => turns += 1,
                    Poll::Ready(Some(frame)) => {
                        let piece = frame.expect("no error").into_data().expect("bytes");
                        largest = largest.max(piece.len());
                    }
                    Poll::Ready(None) => break,
                }
            }
            assert_eq!(turns, (1 << 20) / LARGE - 1, "{coding:?}");
            // Brotli collects noise for longer than the others do.
            assert!(largest <= 4 * LARGE, "{coding:?}: {largest}");
        }
    }
}
