//! What a function may return, and how it goes out.

use std::ops::{Deref, DerefMut};

use schemars::JsonSchema;
use serde::Serialize;

use crate::stream::{Pieces, StreamError, StreamWriter};
use crate::{Answers, Cookie, Problem};

/// JSON: of a body as an argument, of an answer as a result. The value is field `0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// An answer made by hand: any status, headers and bytes. The contract documents none of them.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// A page
/// #[get("/page")]
/// fn page() -> Response {
///     Response::new(200).header("content-type", "text/html; charset=utf-8").body("<h1>Hello</h1>")
/// }
/// ```
#[derive(Debug)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// Names and values. `content-length`, `transfer-encoding` and `connection` are the host's.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none, and where it is a stream.
    pub body: Vec<u8>,
    stream: Option<Pieces>,
}

impl Response {
    /// An answer without headers and body.
    pub fn new(status: u16) -> Self {
        Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            stream: None,
        }
    }

    /// Any answer, where a function gives one or another: `Response::of(Redirect("/new".into()))`.
    pub fn of(answer: impl Answer) -> Self {
        answer.answer(200)
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets a cookie.
    pub fn cookie(self, cookie: Cookie) -> Self {
        self.header("set-cookie", &cookie.written())
    }

    /// Sets a body that is made while it goes out.
    pub(crate) fn stream(
        mut self,
        write: impl FnOnce(&mut StreamWriter) -> Result<(), StreamError> + 'static,
    ) -> Self {
        self.stream = Some(Pieces::of(write));
        self
    }

    /// Sends it if it is a stream; else, or if that failed before it began, an answer is left.
    #[inline]
    pub(crate) fn sent(mut self) -> Option<Response> {
        match self.stream.take() {
            Some(pieces) => pieces.send(self.status, self.headers),
            None => Some(self),
        }
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// `value` as JSON. A value that JSON has no form for (a map with keys that are no texts) is answered with 500,
    /// and the log says why.
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Response {
                status,
                headers: vec![("content-type".into(), "application/json".into())],
                body,
                stream: None,
            },
            Err(error) => Problem::internal(&format!("writing the answer: {error}")).into(),
        }
    }
}

/// A type that a function may return.
///
/// Every type that serialises and has a schema is one, and goes out as JSON: `String`, `Vec<Item>`, `()` (which is
/// `null`, as FastAPI's `None`). So are [`Json`], [`Html`], [`Text`], [`File`](crate::File), [`Redirect`], [`With`] and [`Response`], the streams
/// [`JsonLines`](crate::JsonLines), [`EventStream`](crate::EventStream) and [`Stream`](crate::Stream), and an enum that
/// derives [`Responses`](trait@crate::Responses). Two words of the signature mean more, also nested:
///
/// - `Option<T>`: what is not there is answered with 404 and `{"detail": "Not Found"}`, and documented so. An answer
///   that may be `null` is written `Json<Option<T>>`.
/// - `Result<T, E>`: `E` is [`Problem`], [`Violation`](crate::Violation) or an enum that derives
///   [`Responses`](trait@crate::Responses).
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// Read a note
/// #[get("/notes/{id}")]
/// fn read(id: u32) -> Option<String> {
///     (id == 1).then(|| "buy milk".into())
/// }
///
/// plugin! { title: "Notes", routes: [read] }
/// assert!(plugin().openapi().contains(r#""404""#));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be answered",
    label = "not an answer",
    note = "derive `Serialize` and `JsonSchema` for it, or derive `Responses` for an enum of answers, or return `Response`"
)]
pub trait Answer {
    /// Adds what is answered to the contract: under `status`, unless the type knows better.
    fn describe(status: u16, description: &str, answers: &mut Answers<'_>);

    /// The answer; with `status` unless it knows better.
    fn answer(self, status: u16) -> Response;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema> Answer for T {
    fn describe(status: u16, description: &str, answers: &mut Answers<'_>) {
        answers.json::<T>(status, description);
    }

    fn answer(self, status: u16) -> Response {
        if has_body(status) {
            Response::json(status, &self)
        } else {
            Response::new(status)
        }
    }
}

/// HTTP allows no body with these.
pub(crate) fn has_body(status: u16) -> bool {
    !matches!(status, 204 | 205 | 304)
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema> Answer for Json<T> {
    fn describe(status: u16, description: &str, answers: &mut Answers<'_>) {
        T::describe(status, description, answers);
    }

    fn answer(self, status: u16) -> Response {
        self.0.answer(status)
    }
}

impl Answer for Response {
    fn describe(status: u16, description: &str, answers: &mut Answers<'_>) {
        answers.empty(status, description);
    }

    fn answer(self, _: u16) -> Response {
        self
    }
}

/// What `Option<T>` as a result becomes.
#[doc(hidden)]
#[derive(Debug)]
pub struct Found<T>(pub Option<T>);

impl<T: Answer> Answer for Found<T> {
    fn describe(status: u16, description: &str, answers: &mut Answers<'_>) {
        T::describe(status, description, answers);
        answers.said(404, "Not Found");
    }

    fn answer(self, status: u16) -> Response {
        match self.0 {
            Some(found) => found.answer(status),
            None => Problem::new(404, "Not Found").into(),
        }
    }
}

/// A page: `text/html`.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// The front page
/// #[get("/")]
/// fn front() -> Html {
///     Html("<h1>Shop</h1>".into())
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(pub String);

/// Text as it is: `text/plain`. (A `String` is answered as JSON, in quotes.)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub String);

macro_rules! texts {
    ($($name:ident $media_type:literal)*) => {$(
        impl Answer for $name {
            fn describe(status: u16, description: &str, answers: &mut Answers<'_>) {
                answers.text(status, description, $media_type);
            }

            fn answer(self, status: u16) -> Response {
                Response::new(status)
                    .header("content-type", concat!($media_type, "; charset=utf-8"))
                    .body(self.0)
            }
        }
    )*};
}

texts! { Html "text/html" Text "text/plain" }

/// Another place to look: its address is field `0`. The status is the operation's, if that is one of 300 to 399, else
/// 307, as FastAPI's.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// Where this was before
/// #[get("/old", status = 301)]
/// fn old() -> Redirect {
///     Redirect("/new".into())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect(pub String);

impl Redirect {
    fn status(status: u16) -> u16 {
        if (300..=399).contains(&status) {
            status
        } else {
            307
        }
    }
}

impl Answer for Redirect {
    fn describe(status: u16, description: &str, answers: &mut Answers<'_>) {
        answers.empty(Redirect::status(status), description);
    }

    fn answer(self, status: u16) -> Response {
        Response::new(Redirect::status(status)).header("location", &encoded(&self.0, OF_ADDRESSES))
    }
}

/// What a URI may hold as it is (RFC 3986, 2), beside letters and digits, and what is encoded already.
const OF_ADDRESSES: &[u8] = b":/%#?=@[]!$&'()*+,;_.-~";

/// A text in which all but letters, digits and these is written by `%` and its bytes.
pub(crate) fn encoded(text: &str, as_it_is: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || as_it_is.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                encoded.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            }
        }
    }
    encoded
}

/// An answer with headers or a status of its own, documented as the answer inside is.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// Create a note
/// #[post("/notes", status = 201)]
/// fn create(text: Json<String>) -> With<Json<String>> {
///     With::new(text).header("location", "/notes/1")
/// }
///
/// assert_eq!(create(Json("a".into())).headers, [("location".into(), "/notes/1".into())]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct With<T> {
    /// The answer.
    pub answer: T,
    /// What is added to its headers.
    pub headers: Vec<(String, String)>,
    /// Another status than the operation's.
    pub status: Option<u16>,
}

impl<T> With<T> {
    /// `answer`, without further headers yet.
    pub fn new(answer: T) -> Self {
        With {
            answer,
            headers: Vec::new(),
            status: None,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets a cookie.
    pub fn cookie(self, cookie: Cookie) -> Self {
        self.header("set-cookie", &cookie.written())
    }

    /// Answers with another status than the operation's: 200 to 599. It is not documented; `responses` of the attribute does
    /// that.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
}

impl<T: Answer> Answer for With<T> {
    fn describe(status: u16, description: &str, answers: &mut Answers<'_>) {
        T::describe(status, description, answers);
    }

    fn answer(self, status: u16) -> Response {
        let mut response = self.answer.answer(self.status.unwrap_or(status));
        response.headers.extend(self.headers);
        response
    }
}
