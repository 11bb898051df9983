//! Answers in pieces: bytes here, [`JsonLines`](crate::JsonLines) and [`EventStream`](crate::EventStream) on top.

use std::{fmt, io};

use crate::bindings::switchback::plugin::types::IoError;
use crate::{Answer, Answers, Problem, Response, Responses, outgoing};

/// An answer that goes out piece by piece while it is being made, of any media type. It is never whole in memory, and
/// a piece waits until the client has taken those before it.
///
/// It is made of an iterator, or by a function that writes:
///
/// ```
/// use std::io::Write;
/// use switchback_sdk::prelude::*;
///
/// /// A large table
/// #[get("/table.csv")]
/// fn table(rows: u32) -> Stream {
///     Stream::writing("text/csv", move |out| {
///         for row in 0..rows {
///             writeln!(out, "{row},{}", row * row)?;
///         }
///         Ok(())
///     })
/// }
///
/// /// The same
/// #[get("/again.csv")]
/// fn again(rows: u32) -> Stream {
///     Stream::new("text/csv", (0..rows).map(|row| format!("{row},{}\n", row * row)))
/// }
///
/// plugin! { routes: [table, again] }
///
/// let client = switchback_sdk::TestClient::new(plugin());
/// assert_eq!(client.get("/table.csv?rows=3").send().text(), "0,0\n1,1\n2,4\n");
/// ```
///
/// **When it begins.** Status and headers go out with the first piece; [`start`](StreamWriter::start) sends them before.
/// Until then a failure is an ordinary answer: the function may return `Result<Stream, Problem>`, and what
/// [`writing`](Stream::writing) is given may end by `?` with a [`Problem`], [`Violation`](crate::Violation) or any
/// [`Responses`]. After that a failure cuts the answer off, so that the client does not take it for whole, and the reason
/// goes to the host's log. A client that goes away is no failure: the next write ends the function quietly.
///
/// The contract documents the status alone, as for a [`Response`].
pub struct Stream {
    media_type: String,
    write: Write,
}

/// What makes the pieces.
type Write = Box<dyn FnOnce(&mut StreamWriter) -> Result<(), StreamError>>;

impl Stream {
    /// A stream of these pieces: texts or bytes. Each goes out before the next is asked for.
    pub fn new<I>(media_type: &str, pieces: I) -> Self
    where
        I: IntoIterator<Item: Into<Vec<u8>>> + 'static,
    {
        Stream::writing(media_type, |out| {
            for piece in pieces {
                out.send(piece)?;
            }
            Ok(())
        })
    }

    /// A stream of what a function writes.
    pub fn writing(
        media_type: &str,
        write: impl FnOnce(&mut StreamWriter) -> Result<(), StreamError> + 'static,
    ) -> Self {
        Stream {
            media_type: media_type.into(),
            write: Box::new(write),
        }
    }
}

impl Answer for Stream {
    fn describe(status: u16, description: &str, answers: &mut Answers<'_>) {
        answers.empty(status, description);
    }

    fn answer(self, status: u16) -> Response {
        Response::new(status)
            .header("content-type", &self.media_type)
            .stream(self.write)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stream").field(&self.media_type).finish()
    }
}

/// Sends the pieces of a [`Stream`]. It is also a [`std::io::Write`], so that `write!` and other crates write to it: what
/// they write is gathered to pieces of a few kilobytes, and sent by `flush` and at the end.
pub struct StreamWriter {
    status: u16,
    headers: Vec<(String, String)>,
    begun: bool,
    /// The next piece, kept for its memory.
    piece: Vec<u8>,
}

impl StreamWriter {
    /// Sends status and headers now, where the first piece takes a while: the host waits for them as long as for any
    /// answer. Nothing happens if they are on their way already.
    ///
    /// # Errors
    /// If the client has gone, or the host refuses the headers.
    pub fn start(&mut self) -> Result<(), StreamError> {
        if !self.begun {
            outgoing::start(self.status, &self.headers)?;
            self.begun = true;
        }
        Ok(())
    }

    /// Sends a piece; it waits while the client is slow.
    ///
    /// # Errors
    /// If the client has gone, or a limit of the host's is reached. `?` ends the stream as it should be.
    pub fn send(&mut self, piece: impl Into<Vec<u8>>) -> Result<(), StreamError> {
        self.flush_piece()?;
        self.piece = piece.into();
        self.flush_piece()
    }

    /// Sends what `write` adds to the buffer, as one piece.
    pub(crate) fn send_written(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), StreamError>,
    ) -> Result<(), StreamError> {
        if let Err(error) = write(&mut self.piece) {
            self.piece.clear();
            return Err(error);
        }
        self.flush_piece()
    }

    fn flush_piece(&mut self) -> Result<(), StreamError> {
        if self.piece.is_empty() {
            return Ok(());
        }
        self.start()?;
        Ok(outgoing::write(&mut self.piece)?)
    }
}

/// How many written bytes make a piece: `write!` comes in crumbs, and each piece is a call of the host.
const GATHERED: usize = 8 << 10;

impl io::Write for StreamWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= GATHERED {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flush_piece().map_err(io::Error::from)
    }
}

impl fmt::Debug for StreamWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamWriter").finish_non_exhaustive()
    }
}

/// Why a stream ends before its end: the client has gone, the host has had enough, or what the author failed with. It is
/// made by `?`, of any [`Responses`] ([`Problem`], [`Violation`](crate::Violation), an enum of the author's) and of
/// [`std::io::Error`].
#[derive(Debug)]
pub struct StreamError(Why);

#[derive(Debug)]
enum Why {
    Gone,
    Host(String),
    Failed(Box<Response>),
}

impl StreamError {
    /// Whether the client has gone, so that nobody will read what else is made.
    pub fn is_gone(&self) -> bool {
        matches!(self.0, Why::Gone)
    }
}

impl From<IoError> for StreamError {
    fn from(error: IoError) -> Self {
        StreamError(match error {
            IoError::Closed => Why::Gone,
            IoError::TooLarge => Why::Host("it is larger than the host allows".into()),
            IoError::TimedOut => Why::Host("it takes longer than the host allows".into()),
            IoError::Other(reason) => Why::Host(reason),
        })
    }
}

impl<E: Responses> From<E> for StreamError {
    fn from(failure: E) -> Self {
        StreamError(Why::Failed(Box::new(failure.respond())))
    }
}

impl From<io::Error> for StreamError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => StreamError(Why::Gone),
            _ => Problem::from(error).into(),
        }
    }
}

impl From<StreamError> for io::Error {
    fn from(error: StreamError) -> Self {
        match &error.0 {
            Why::Gone => io::ErrorKind::BrokenPipe.into(),
            Why::Host(_) | Why::Failed(_) => io::Error::other(error.to_string()),
        }
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Why::Gone => f.write_str("the client has gone"),
            Why::Host(reason) => f.write_str(reason),
            Why::Failed(response) => {
                let body = String::from_utf8_lossy(&response.body);
                write!(f, "{} {body}", response.status)
            }
        }
    }
}

impl std::error::Error for StreamError {}

/// The body of a [`Response`] that is still to be made.
pub(crate) struct Pieces(Write);

impl Pieces {
    pub(crate) fn of(
        write: impl FnOnce(&mut StreamWriter) -> Result<(), StreamError> + 'static,
    ) -> Self {
        Pieces(Box::new(write))
    }

    /// Sends them after this head. An answer is left if none has begun.
    pub(crate) fn send(self, status: u16, headers: Vec<(String, String)>) -> Option<Response> {
        let mut out = StreamWriter {
            status,
            headers,
            begun: false,
            piece: Vec::new(),
        };
        let ended = (self.0)(&mut out)
            .and_then(|()| out.flush_piece())
            .and_then(|()| out.start());
        match ended {
            Ok(()) => None,
            Err(StreamError(Why::Gone)) if out.begun => None,
            Err(error) if out.begun => {
                outgoing::abort(&error.to_string());
                None
            }
            Err(StreamError(Why::Failed(response))) => Some(*response),
            Err(error) => Some(Problem::internal(&format!("beginning the answer: {error}")).into()),
        }
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left, and what went out to a client that reads so many pieces.
    fn sent(
        patience: Option<usize>,
        write: impl FnOnce(&mut StreamWriter) -> Result<(), StreamError> + 'static,
    ) -> (Option<Response>, outgoing::Sent) {
        outgoing::during(patience, || Pieces::of(write).send(200, Vec::new()))
    }

    #[test]
    fn nothing_goes_out_before_the_first_piece() {
        let (left, sent) = sent(None, |_| Err(Problem::new(404, "no such table"))?);
        assert_eq!(left.unwrap().status, 404);
        assert!(sent.head.is_none() && sent.aborted.is_none());
    }

    #[test]
    fn a_failure_after_the_first_piece_cuts_the_answer_off_with_its_reason() {
        let (left, sent) = sent(None, |out| {
            out.send("one")?;
            Err(Problem::new(404, "no second"))?
        });
        assert!(left.is_none());
        assert_eq!(sent.pieces, [b"one"]);
        let reason = r#"404 {"detail":"no second"}"#;
        assert_eq!(sent.aborted.as_deref(), Some(reason));
    }

    #[test]
    fn a_client_that_goes_away_ends_the_function_quietly() {
        let (left, sent) = sent(Some(2), |out| {
            loop {
                out.send("more")?;
            }
        });
        assert!(left.is_none());
        assert_eq!((sent.pieces.len(), sent.aborted), (2, None));
    }

    #[test]
    fn a_stream_without_pieces_is_an_empty_answer() {
        let (left, sent) = sent(None, |_| Ok(()));
        assert!(left.is_none() && sent.head.is_some() && sent.pieces.is_empty());
    }

    #[test]
    fn what_is_written_in_crumbs_goes_out_in_pieces_and_in_order() {
        use std::io::Write;
        let (_, sent) = sent(None, |out| {
            for _ in 0..GATHERED {
                write!(out, "ab")?;
            }
            out.send("c")?;
            write!(out, "d")?;
            Ok(())
        });
        let lengths: Vec<_> = sent.pieces.iter().map(Vec::len).collect();
        assert_eq!(lengths, [GATHERED, GATHERED, 1, 1]);
    }

    #[test]
    fn writing_to_a_client_that_has_gone_ends_quietly_too() {
        use std::io::Write;
        let (left, sent) = sent(Some(1), |out| {
            loop {
                out.write_all(&[0; GATHERED])?;
            }
        });
        assert!(left.is_none() && sent.aborted.is_none());
    }
}
