//! What a function answers when it cannot do what was asked.

use std::io;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::contract::object;
use crate::{Response, log};

/// An answer that says what is wrong: a status and `{"detail": …}`, as FastAPI's `HTTPException`.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// Read a note
/// #[get("/notes/{id}")]
/// fn read(id: u32) -> Result<String, Problem> {
///     match id {
///         1 => Ok("buy milk".into()),
///         _ => Err(Problem::new(404, "there is no such note")),
///     }
/// }
///
/// assert_eq!(read(2).unwrap_err().status(), 404);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: u16,
    detail: Value,
    headers: Vec<(String, String)>,
}

/// What statuses mean, in FastAPI's words.
const CALLED: [(u16, &str); 40] = [
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (402, "Payment Required"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (407, "Proxy Authentication Required"),
    (408, "Request Timeout"),
    (409, "Conflict"),
    (410, "Gone"),
    (411, "Length Required"),
    (412, "Precondition Failed"),
    (413, "Request Entity Too Large"),
    (414, "Request-URI Too Long"),
    (415, "Unsupported Media Type"),
    (416, "Requested Range Not Satisfiable"),
    (417, "Expectation Failed"),
    (418, "I'm a Teapot"),
    (421, "Misdirected Request"),
    (422, "Unprocessable Entity"),
    (423, "Locked"),
    (424, "Failed Dependency"),
    (425, "Too Early"),
    (426, "Upgrade Required"),
    (428, "Precondition Required"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (451, "Unavailable For Legal Reasons"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Gateway Timeout"),
    (505, "HTTP Version Not Supported"),
    (506, "Variant Also Negotiates"),
    (507, "Insufficient Storage"),
    (508, "Loop Detected"),
    (510, "Not Extended"),
    (511, "Network Authentication Required"),
];

impl Problem {
    /// A problem with `status` (400 to 599) and what the client may know: a text, or any JSON.
    pub fn new(status: u16, detail: impl Into<Value>) -> Self {
        Problem {
            status,
            detail: detail.into(),
            headers: Vec::new(),
        }
    }

    /// A problem that says no more than its status does: `Problem::of(404)` is `{"detail": "Not Found"}`.
    pub fn of(status: u16) -> Self {
        let called = CALLED.iter().find(|(known, _)| *known == status);
        Problem::new(status, called.map_or("Error", |(_, words)| words))
    }

    /// 500: the client learns nothing more, the host's log gets `reason`.
    pub fn internal(reason: &str) -> Self {
        log::error(reason);
        Problem::new(500, "Internal Server Error")
    }

    /// 422 in the shape that the host itself uses: `body` passed its schema but not its type.
    pub(crate) fn body(reason: &str) -> Self {
        let violation = object([
            ("type", "value_error".into()),
            ("loc", Value::Array(vec!["body".into()])),
            ("msg", reason.into()),
            ("input", Value::Null),
        ]);
        Problem::new(422, Value::Array(vec![violation]))
    }

    /// Adds a header to the answer.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What the client is told.
    pub fn detail(&self) -> &Value {
        &self.detail
    }
}

/// What went wrong with a request that the host answers in the plugin's place: what a function with
/// [`on_problem`](macro@crate::on_problem) is told.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// What a visitor sees instead of JSON
/// #[on_problem]
/// fn page(problem: Json<ProblemDetails>) -> Html {
///     Html(format!("<h1>{} {}</h1>", problem.0.status, problem.0.title))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
pub struct ProblemDetails {
    /// Which kind of problem, by a name that never changes: `urn:switchback:not-found`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The status, which the answer has unless the page gives it another than 200.
    pub status: u16,
    /// What is wrong, in words that a client may know.
    pub detail: String,
    /// The rules that the request breaks, for 422.
    #[serde(default)]
    pub errors: Vec<Broken>,
}

/// One rule that a request breaks.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
pub struct Broken {
    /// The rule, by pydantic's name: `missing`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where: `["body", "items", 0, "name"]`.
    pub loc: Vec<Value>,
    /// In words, for a person.
    pub msg: String,
    /// What was sent there.
    #[serde(default)]
    pub input: Value,
}

impl Broken {
    /// Where, as one text: `body.items.0.name`.
    pub fn place(&self) -> String {
        let step = |step: &Value| match step {
            Value::String(name) => name.clone(),
            other => other.to_string(),
        };
        let steps: Vec<_> = self.loc.iter().map(step).collect();
        steps.join(".")
    }
}

/// Turns what is not there into a [`Problem`].
pub trait OrProblem<T> {
    /// 404 with `detail` for `None`.
    ///
    /// ```
    /// use switchback_sdk::prelude::*;
    ///
    /// /// Read a note
    /// #[get("/notes/{id}")]
    /// fn read(id: u32) -> Result<String, Problem> {
    ///     let note = ["buy milk"].get(id as usize).or_404("there is no such note")?;
    ///     Ok(note.to_string())
    /// }
    ///
    /// assert_eq!(read(1).unwrap_err().status(), 404);
    /// ```
    ///
    /// # Errors
    /// The problem, for `None`.
    fn or_404(self, detail: &str) -> Result<T, Problem>;
}

impl<T> OrProblem<T> for Option<T> {
    fn or_404(self, detail: &str) -> Result<T, Problem> {
        self.ok_or_else(|| Problem::new(404, detail))
    }
}

/// What reading a stream or a file failed with: 408 and 413 where a limit was reached, else 500, of which the log knows
/// the reason.
impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Problem {
        match error.kind() {
            io::ErrorKind::TimedOut => Problem::new(408, "the body took too long"),
            io::ErrorKind::FileTooLarge => Problem::new(413, "the body is too large"),
            // Nobody will see it.
            io::ErrorKind::ConnectionReset => Problem::new(400, "the client has gone"),
            _ => Problem::internal(&error.to_string()),
        }
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Response {
        let mut response = Response::json(problem.status, &object([("detail", problem.detail)]));
        response.headers.extend(problem.headers);
        response
    }
}
