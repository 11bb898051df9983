//! A body that is read while it arrives.

use std::fmt;
use std::io::{self, BufRead, Read};

use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use crate::bindings::switchback::plugin::types::IoError;
use crate::body::FromBody;
use crate::contract::{file_schema, object, request_body};
use crate::{Body, Problem, incoming};

/// A body that is read piece by piece while it arrives, however long: `application/octet-stream`, or what
/// `#[body(media_type = "text/csv")]` says. It is a [`std::io::Read`] and a [`std::io::BufRead`].
///
/// ```
/// use std::io::BufRead;
/// use switchback_sdk::prelude::*;
///
/// /// Count lines
/// #[post("/count")]
/// fn count(#[body(media_type = "text/plain")] text: StreamBody) -> Result<usize, Problem> {
///     let mut lines = 0;
///     for line in text.lines() {
///         line?;
///         lines += 1;
///     }
///     Ok(lines)
/// }
///
/// /// Count bytes
/// #[post("/measure")]
/// fn measure(mut content: StreamBody) -> Result<usize, Problem> {
///     let mut bytes = 0;
///     while let Some(piece) = content.next_piece()? {
///         bytes += piece.len();
///     }
///     Ok(bytes)
/// }
///
/// plugin! { routes: [count, measure] }
///
/// assert_eq!(count(StreamBody::new("a\nb\n")).unwrap(), 2);
/// assert!(plugin().openapi().contains("text/plain"));
/// ```
///
/// The function is called as soon as the head of the request is there. The client is held back while nobody reads. What
/// an [`std::io::Error`] of reading becomes by `?`: [`Problem`].
pub struct StreamBody {
    media_type: String,
    /// A piece, of which the first `read` bytes are read.
    piece: Vec<u8>,
    read: usize,
    over: bool,
}

/// What is asked for at once: the host gives what it has.
const PIECE: u32 = 64 << 10;

impl StreamBody {
    /// A body for a native test.
    pub fn new(content: impl Into<Vec<u8>>) -> Self {
        StreamBody {
            media_type: String::new(),
            piece: content.into(),
            read: 0,
            over: true,
        }
    }

    /// The media type of the contract that matched; empty where a native test made it.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The next piece, as large as it came; none at the end.
    ///
    /// # Errors
    /// 413 or 408 if the host's limits of size or time were reached.
    pub fn next_piece(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        self.fill()?;
        let mut piece = std::mem::take(&mut self.piece);
        piece.drain(..std::mem::take(&mut self.read));
        Ok((!piece.is_empty()).then_some(piece))
    }

    /// Waits until there is something to read, or the end.
    fn fill(&mut self) -> io::Result<()> {
        if self.read == self.piece.len() && !self.over {
            self.read = 0;
            self.piece = incoming::read(PIECE).map_err(|error| match error {
                IoError::Closed => io::ErrorKind::ConnectionReset.into(),
                IoError::TooLarge => io::ErrorKind::FileTooLarge.into(),
                IoError::TimedOut => io::ErrorKind::TimedOut.into(),
                IoError::Other(reason) => io::Error::other(format!("reading the body: {reason}")),
            })?;
            self.over = self.piece.is_empty();
        }
        Ok(())
    }
}

impl BufRead for StreamBody {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill()?;
        Ok(&self.piece[self.read..])
    }

    fn consume(&mut self, amount: usize) {
        self.read = self.piece.len().min(self.read + amount);
    }
}

impl Read for StreamBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl FromBody for StreamBody {
    const MEDIA_TYPE: &'static str = "application/octet-stream";

    fn schema(_: &mut SchemaGenerator) -> Schema {
        file_schema()
    }

    fn described(media_type: &str, generator: &mut SchemaGenerator) -> Value {
        let content = object([
            ("schema", Self::schema(generator).to_value()),
            ("x-switchback-stream", true.into()),
        ]);
        request_body(media_type, Self::REQUIRED, content)
    }

    fn from_body(body: &Body) -> Result<Self, Problem> {
        Ok(match body {
            Body::Stream(media_type) => StreamBody {
                media_type: media_type.clone(),
                piece: Vec::new(),
                read: 0,
                over: false,
            },
            Body::Empty => StreamBody::new(""),
            Body::Text(text) => StreamBody::new(text.as_str()),
            Body::Bytes(bytes) => StreamBody::new(bytes.as_slice()),
            Body::Form { fields, .. } => StreamBody::new(fields.as_str()),
        })
    }
}

impl fmt::Debug for StreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamBody")
            .field("media_type", &self.media_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_by_pieces_by_bytes_and_by_lines() {
        let body = || StreamBody::new("one\ntwo");
        let mut one = body();
        assert_eq!(one.next_piece().unwrap().unwrap(), b"one\ntwo");
        assert_eq!(one.next_piece().unwrap(), None);

        let mut two = body();
        let mut three = [0; 3];
        two.read_exact(&mut three).unwrap();
        assert_eq!(two.next_piece().unwrap().unwrap(), b"\ntwo");

        let lines: Result<Vec<_>, _> = body().lines().collect();
        assert_eq!(lines.unwrap(), ["one", "two"]);
    }
}
