//! Server-sent events: `text/event-stream`, as browsers read it by `EventSource`.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::json_lines::written;
use crate::stream::{StreamError, StreamWriter};
use crate::{Answer, Answers, Problem, Response};

/// An answer of server-sent events, each sent as soon as it is made: `text/event-stream`, documented and spelt as
/// FastAPI's `EventSourceResponse`.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// How far a thing is.
/// #[derive(Serialize, JsonSchema)]
/// struct Progress {
///     percent: u8,
/// }
///
/// /// Do it, and tell how far it is
/// #[post("/job")]
/// fn job() -> EventStream<Progress> {
///     EventStream::writing(|out| {
///         for percent in [50, 100] {
///             // Work, or wait: the event before has gone out.
///             out.send(Progress { percent })?;
///         }
///         out.send(ServerSentEvent::raw("bye").event("end"))?;
///         Ok(())
///     })
/// }
///
/// plugin! { routes: [job] }
///
/// let client = switchback_sdk::TestClient::new(plugin());
/// let response = client.post("/job").send();
/// assert_eq!(response.header("content-type"), Some("text/event-stream; charset=utf-8"));
/// assert_eq!(
///     response.text(),
///     "data: {\"percent\":50}\n\ndata: {\"percent\":100}\n\nevent: end\ndata: bye\n\n",
/// );
/// assert_eq!(response.events()[2].event.as_deref(), Some("end"));
/// ```
///
/// A value goes out as the event's data, in JSON; a [`ServerSentEvent`] may say more. `EventStream` without a type may
/// send any JSON. When it begins, and what becomes of a failure: see [`Stream`](crate::Stream). Nothing goes out by
/// itself while the function waits: send a comment where a proxy would lose patience.
pub struct EventStream<T = Value> {
    write: Write<T>,
}

type Write<T> = Box<dyn FnOnce(&mut EventWriter<'_, T>) -> Result<(), StreamError>>;

impl<T: Serialize + 'static> EventStream<T> {
    /// An event of each value, or these [`ServerSentEvent`]s. Each goes out before the next is asked for.
    pub fn new<I>(events: I) -> Self
    where
        I: IntoIterator<Item: Into<ServerSentEvent<T>>> + 'static,
    {
        EventStream::writing(|out| {
            for event in events {
                out.send(event)?;
            }
            Ok(())
        })
    }

    /// The events that a function sends.
    pub fn writing(
        write: impl FnOnce(&mut EventWriter<'_, T>) -> Result<(), StreamError> + 'static,
    ) -> Self {
        EventStream {
            write: Box::new(write),
        }
    }
}

impl<T: Serialize + JsonSchema + 'static> Answer for EventStream<T> {
    fn describe(status: u16, description: &str, answers: &mut Answers<'_>) {
        answers.events::<T>(status, description);
    }

    fn answer(self, status: u16) -> Response {
        Response::new(status)
            .header("content-type", "text/event-stream; charset=utf-8")
            .header("cache-control", "no-cache")
            // nginx would else keep events until its buffer is full.
            .header("x-accel-buffering", "no")
            .stream(|out| {
                (self.write)(&mut EventWriter {
                    out,
                    of: PhantomData,
                })
            })
    }
}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStream")
    }
}

/// Sends the events of an [`EventStream`].
pub struct EventWriter<'a, T> {
    out: &'a mut StreamWriter,
    of: PhantomData<fn(T)>,
}

impl<T: Serialize> EventWriter<'_, T> {
    /// Sends status and headers now, where the first event takes a while; see [`StreamWriter::start`].
    ///
    /// # Errors
    /// As [`send`](EventWriter::send).
    pub fn start(&mut self) -> Result<(), StreamError> {
        self.out.start()
    }

    /// Sends an event; it waits while the client is slow.
    ///
    /// # Errors
    /// If the client has gone, a limit of the host's is reached, JSON has no form for the value, or the event's `event`
    /// or `id` is none that can be written. `?` ends the stream as it should be.
    pub fn send(&mut self, event: impl Into<ServerSentEvent<T>>) -> Result<(), StreamError> {
        let event = event.into();
        self.out.send_written(|piece| event.write(piece))
    }
}

impl<T> fmt::Debug for EventWriter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventWriter")
    }
}

/// One server-sent event, with all that the format has.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// # fn example() -> EventStream<u32> {
/// EventStream::new([
///     ServerSentEvent::empty().comment("a stream of numbers"),
///     ServerSentEvent::new(7).event("number").id("1").retry(5000),
///     ServerSentEvent::raw("as it is, without quotes"),
/// ])
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSentEvent<T = Value> {
    data: Data<T>,
    event: Option<String>,
    id: Option<String>,
    retry: Option<u32>,
    comment: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Data<T> {
    None,
    Json(T),
    Raw(String),
}

impl<T> ServerSentEvent<T> {
    /// An event that carries a value, in JSON: a text is in quotes.
    pub fn new(data: T) -> Self {
        ServerSentEvent::of(Data::Json(data))
    }

    /// An event that carries a text as it is.
    pub fn raw(data: impl Into<String>) -> Self {
        ServerSentEvent::of(Data::Raw(data.into()))
    }

    /// An event that carries nothing, as a comment does.
    pub fn empty() -> Self {
        ServerSentEvent::of(Data::None)
    }

    fn of(data: Data<T>) -> Self {
        ServerSentEvent {
            data,
            event: None,
            id: None,
            retry: None,
            comment: None,
        }
    }

    /// Its kind, on which a browser dispatches; one line.
    pub fn event(mut self, event: impl Into<String>) -> Self {
        self.event = Some(event.into());
        self
    }

    /// Its id, which a browser sends as `Last-Event-ID` when it connects anew; one line, without NUL.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// After how many milliseconds a browser that lost the connection tries again.
    pub fn retry(mut self, milliseconds: u32) -> Self {
        self.retry = Some(milliseconds);
        self
    }

    /// What clients pass over.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }
}

impl<T> From<T> for ServerSentEvent<T> {
    fn from(data: T) -> Self {
        ServerSentEvent::new(data)
    }
}

impl<T: Serialize> ServerSentEvent<T> {
    /// Adds it to a piece, its fields in FastAPI's order.
    fn write(&self, piece: &mut Vec<u8>) -> Result<(), StreamError> {
        if let Some(comment) = &self.comment {
            write_lines(piece, ": ", comment);
        }
        if let Some(event) = &self.event {
            write_lines(piece, "event: ", single_line("event", event)?);
        }
        match &self.data {
            Data::None => {}
            Data::Raw(text) => write_lines(piece, "data: ", text),
            Data::Json(value) => {
                // JSON has no line breaks but escaped ones.
                piece.extend(b"data: ");
                written(value, piece)?;
                piece.push(b'\n');
            }
        }
        if let Some(id) = &self.id {
            write_lines(piece, "id: ", single_line("id", id)?);
        }
        if let Some(retry) = self.retry {
            write_lines(piece, "retry: ", &retry.to_string());
        }
        piece.push(b'\n');
        Ok(())
    }
}

/// A line break here would begin another field, which whoever made the text could choose.
fn single_line<'a>(field: &str, text: &'a str) -> Result<&'a str, StreamError> {
    if text.contains(['\r', '\n', '\0']) {
        let reason =
            format!("the `{field}` of a server-sent event has a line break or a NUL: {text:?}");
        return Err(Problem::internal(&reason).into());
    }
    Ok(text)
}

fn write_lines(piece: &mut Vec<u8>, field: &str, text: &str) {
    // A line ends by `\r\n`, `\n` or `\r`.
    for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
        piece.extend(field.as_bytes());
        piece.extend(line.as_bytes());
        piece.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(event: &ServerSentEvent<&str>) -> String {
        let mut piece = Vec::new();
        event.write(&mut piece).unwrap();
        String::from_utf8(piece).unwrap()
    }

    #[test]
    fn a_text_of_several_lines_is_several_fields_of_one_event() {
        let event = ServerSentEvent::raw("a\r\nb\rc\n").comment("x\ny");
        assert_eq!(
            written(&event),
            ": x\n: y\ndata: a\ndata: b\ndata: c\ndata: \n\n"
        );
    }

    #[test]
    fn a_line_break_in_data_of_json_stays_inside_its_field() {
        assert_eq!(
            written(&ServerSentEvent::new("a\nb")),
            "data: \"a\\nb\"\n\n"
        );
    }

    #[test]
    fn an_id_or_kind_cannot_smuggle_a_field_in() {
        for event in [
            ServerSentEvent::new("a").id("1\ndata: evil"),
            ServerSentEvent::new("a").event("x\rdata: evil"),
            ServerSentEvent::new("a").id("\0"),
        ] {
            assert!(event.write(&mut Vec::new()).is_err());
        }
    }
}
