//! JSON lines, both ways: a value a line, `application/jsonl`.

use std::io::BufRead;
use std::marker::PhantomData;
use std::{fmt, io};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::body::FromBody;
use crate::contract::{object, request_body};
use crate::stream::{StreamError, StreamWriter};
use crate::{Answer, Answers, Body, Problem, Response, StreamBody, Violation};

/// An answer of JSON lines, each sent as soon as it is made: `application/jsonl`, with the schema of `T` as FastAPI's
/// `itemSchema`.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// An item in the shop.
/// #[model]
/// struct Item {
///     name: String,
/// }
///
/// /// Every item
/// #[get("/items/stream")]
/// fn items() -> JsonLines<Item> {
///     JsonLines::new(["saw", "nail"].map(|name| Item { name: name.into() }))
/// }
///
/// /// The same, by a function that may wait between lines
/// #[get("/items/slowly")]
/// fn slowly() -> JsonLines<Item> {
///     JsonLines::writing(|out| {
///         for name in ["saw", "nail"] {
///             out.send(Item { name: name.into() })?;
///         }
///         Ok(())
///     })
/// }
///
/// plugin! { routes: [items, slowly] }
///
/// let client = switchback_sdk::TestClient::new(plugin());
/// let response = client.get("/items/stream").send();
/// assert_eq!(response.text(), "{\"name\":\"saw\"}\n{\"name\":\"nail\"}\n");
/// assert_eq!(response.lines::<Item>()[1].name, "nail");
/// ```
///
/// When it begins, and what becomes of a failure: see [`Stream`](crate::Stream).
pub struct JsonLines<T> {
    write: Write<T>,
}

type Write<T> = Box<dyn FnOnce(&mut JsonLinesWriter<'_, T>) -> Result<(), StreamError>>;

impl<T: Serialize + 'static> JsonLines<T> {
    /// A line of each value. Each goes out before the next is asked for.
    pub fn new(values: impl IntoIterator<Item = T> + 'static) -> Self {
        JsonLines::writing(|out| {
            for value in values {
                out.send(value)?;
            }
            Ok(())
        })
    }

    /// The lines that a function sends.
    pub fn writing(
        write: impl FnOnce(&mut JsonLinesWriter<'_, T>) -> Result<(), StreamError> + 'static,
    ) -> Self {
        JsonLines {
            write: Box::new(write),
        }
    }
}

impl<T: Serialize + JsonSchema + 'static> Answer for JsonLines<T> {
    fn describe(status: u16, description: &str, answers: &mut Answers<'_>) {
        answers.json_lines::<T>(status, description);
    }

    fn answer(self, status: u16) -> Response {
        Response::new(status)
            .header("content-type", MEDIA_TYPE)
            .stream(|out| {
                (self.write)(&mut JsonLinesWriter {
                    out,
                    of: PhantomData,
                })
            })
    }
}

impl<T> fmt::Debug for JsonLines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonLines")
    }
}

pub(crate) const MEDIA_TYPE: &str = "application/jsonl";

/// Sends the lines of [`JsonLines`].
pub struct JsonLinesWriter<'a, T> {
    out: &'a mut StreamWriter,
    of: PhantomData<fn(T)>,
}

impl<T: Serialize> JsonLinesWriter<'_, T> {
    /// Sends status and headers now, where the first line takes a while; see [`StreamWriter::start`].
    ///
    /// # Errors
    /// As [`send`](JsonLinesWriter::send).
    pub fn start(&mut self) -> Result<(), StreamError> {
        self.out.start()
    }

    /// Sends a line; it waits while the client is slow.
    ///
    /// # Errors
    /// If the client has gone, a limit of the host's is reached, or JSON has no form for the value. `?` ends the stream
    /// as it should be.
    pub fn send(&mut self, value: T) -> Result<(), StreamError> {
        self.out.send_written(|piece| {
            written(&value, piece)?;
            piece.push(b'\n');
            Ok(())
        })
    }
}

impl<T> fmt::Debug for JsonLinesWriter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonLinesWriter")
    }
}

/// Adds a value as JSON to a piece.
pub(crate) fn written(value: &impl Serialize, piece: &mut Vec<u8>) -> Result<(), StreamError> {
    serde_json::to_writer(&mut *piece, value)
        .map_err(|error| Problem::internal(&format!("writing a piece: {error}")).into())
}

/// A body of JSON lines, read while it arrives: `application/jsonl`, however long.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// What somebody bought.
/// #[model]
/// struct Bought {
///     price: u32,
/// }
///
/// /// Add up
/// #[post("/total")]
/// fn total(lines: JsonLinesBody<Bought>) -> Result<u32, Problem> {
///     let mut total = 0;
///     for bought in lines {
///         total += bought?.price;
///     }
///     Ok(total)
/// }
///
/// plugin! { routes: [total] }
///
/// let good = "{\"price\":2}\n{\"price\":3}\n";
/// assert_eq!(total(JsonLinesBody::new(good)).unwrap(), 5);
///
/// let bad = "{\"price\":2}\n{\"price\":true}\n";
/// let problem = total(JsonLinesBody::new(bad)).unwrap_err();
/// assert_eq!(problem.status(), 422);
/// assert_eq!(problem.detail()[0]["loc"], json!(["body", 1]));
/// ```
///
/// The host does not read ahead, so it does not check: a line is what `T` deserialises from, and rules that only its
/// schema knows (`gt = 0`) are documentation here. A line that does not fit is an error of the iterator: a 422 with its
/// index in `loc`. Lines of white space are passed over.
pub struct JsonLinesBody<T> {
    body: StreamBody,
    line: Vec<u8>,
    index: u32,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> JsonLinesBody<T> {
    /// A body for a native test.
    pub fn new(content: impl Into<Vec<u8>>) -> Self {
        JsonLinesBody::of(StreamBody::new(content))
    }

    fn of(body: StreamBody) -> Self {
        JsonLinesBody {
            body,
            line: Vec::new(),
            index: 0,
            of: PhantomData,
        }
    }

    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        self.body.read_until(b'\n', &mut self.line)?;
        Ok(!self.line.is_empty())
    }
}

impl<T: DeserializeOwned> Iterator for JsonLinesBody<T> {
    type Item = Result<T, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read_line() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error.into())),
            }
            let index = self.index;
            self.index += 1;
            if self.line.trim_ascii().is_empty() {
                continue;
            }
            let read = serde_json::from_slice(&self.line);
            return Some(read.map_err(|error| {
                Violation::at(&format!("body.{index}"), error.to_string())
                    .input(&String::from_utf8_lossy(&self.line).trim_end())
                    .into()
            }));
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema> FromBody for JsonLinesBody<T> {
    const MEDIA_TYPE: &'static str = MEDIA_TYPE;

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }

    fn described(media_type: &str, generator: &mut SchemaGenerator) -> Value {
        let content = object([
            ("itemSchema", Self::schema(generator).to_value()),
            ("x-switchback-stream", true.into()),
        ]);
        request_body(media_type, Self::REQUIRED, content)
    }

    fn from_body(body: &Body) -> Result<Self, Problem> {
        StreamBody::from_body(body).map(JsonLinesBody::of)
    }
}

impl<T> fmt::Debug for JsonLinesBody<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonLinesBody")
    }
}
