//! A plugin's own tests, on the machine: requests through the host's own checks, without a server and without
//! WebAssembly.

use std::cell::RefCell;
use std::fmt;
use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, Method, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;
use switchback::{Admitted, AdmittedBody, Checks, FormFile, GuestAnswer, Limits};

use crate::incoming::{self, Incoming};
use crate::state::{self, Instance};
use crate::{Body, Plugin, Response, Upload, outgoing};

/// Sends requests to a plugin as the host would hand them over: routed by its contract, checked by its schemas, told
/// 404, 405, 415 and 422 in the host's own words. Needs the feature `test`:
///
/// ```toml
/// [dev-dependencies]
/// switchback-sdk = { version = "0.1", features = ["test"] }
/// ```
///
/// ```
/// use switchback_sdk::TestClient;
/// use switchback_sdk::prelude::*;
///
/// /// Say hello
/// #[get("/hello/{name}")]
/// fn hello(name: String, #[query(le = 3)] times: Option<u8>) -> String {
///     format!("Hello {name}").repeat(times.unwrap_or(1).into())
/// }
///
/// plugin! { title: "Hello", routes: [hello] }
///
/// let client = TestClient::new(plugin());
/// let response = client.get("/hello/World").send();
/// assert_eq!(response.json::<String>(), "Hello World");
///
/// let response = client.get("/hello/World").query("times", "4").send();
/// assert_eq!(response.status, 422);
/// assert_eq!(response.value()["detail"][0]["loc"][1], "times");
/// ```
///
/// What the host adds around a plugin is not here: limits of time and memory, several instances, other plugins, its
/// own pages. A handler that panics fails the test. What it writes to the log goes to stderr.
///
/// Each client is an instance of its own: a new one begins with fresh [`State`](crate::State) and by `on_start`, and
/// dropping it is the end, with `on_stop`.
pub struct TestClient {
    plugin: Plugin,
    checks: Checks,
    instance: RefCell<Instance>,
}

impl TestClient {
    /// A client of this plugin: `TestClient::new(plugin())`.
    ///
    /// # Panics
    /// If the host would refuse to serve the plugin: its contract, or since its `on_start` failed; the message says why.
    #[track_caller]
    pub fn new(plugin: Plugin) -> Self {
        match Checks::new(&plugin.openapi(), Limits::default()) {
            Ok(checks) => {
                let mut instance = Instance::default();
                if let Err(why) = state::during(&mut instance, || plugin.start()) {
                    panic!("the host would not serve this plugin: its `on_start` failed: {why}");
                }
                TestClient {
                    plugin,
                    checks,
                    instance: instance.into(),
                }
            }
            Err(error) => panic!("the host would not serve this plugin: {error}"),
        }
    }

    /// A GET of a path, which may have a query: `/items?limit=3`.
    pub fn get(&self, target: &str) -> TestRequest<'_> {
        self.request("GET", target)
    }

    /// A POST.
    pub fn post(&self, target: &str) -> TestRequest<'_> {
        self.request("POST", target)
    }

    /// A PUT.
    pub fn put(&self, target: &str) -> TestRequest<'_> {
        self.request("PUT", target)
    }

    /// A PATCH.
    pub fn patch(&self, target: &str) -> TestRequest<'_> {
        self.request("PATCH", target)
    }

    /// A DELETE.
    pub fn delete(&self, target: &str) -> TestRequest<'_> {
        self.request("DELETE", target)
    }

    /// Any method.
    pub fn request(&self, method: &str, target: &str) -> TestRequest<'_> {
        TestRequest {
            client: self,
            method: method.into(),
            target: target.into(),
            headers: Vec::new(),
            body: Vec::new(),
            peer: None,
            identity: None,
        }
    }
}

impl Drop for TestClient {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            state::during(self.instance.get_mut(), || self.plugin.stop());
        }
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient").finish_non_exhaustive()
    }
}

/// A request being put together; [`send`](TestRequest::send) sends it.
#[derive(Clone, Debug)]
#[must_use = "a request is sent by `send`"]
pub struct TestRequest<'a> {
    client: &'a TestClient,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    peer: Option<SocketAddr>,
    identity: Option<String>,
}

impl TestRequest<'_> {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a cookie.
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        let pair = format!("{name}={value}");
        match self.headers.iter_mut().find(|(name, _)| name == "cookie") {
            Some((_, cookies)) => {
                cookies.push_str("; ");
                cookies.push_str(&pair);
                self
            }
            None => self.header("cookie", &pair),
        }
    }

    /// Adds a parameter of the query, encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let joint = if self.target.contains('?') { '&' } else { '?' };
        self.target.push(joint);
        self.target.push_str(&encoded(&[(name, value)]));
        self
    }

    /// Sets a body of JSON.
    ///
    /// # Panics
    /// If JSON has no form for `value`.
    #[track_caller]
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        let body = serde_json::to_vec(value).expect("a body that JSON has a form for");
        self.body("application/json", body)
    }

    /// Sets a body of form fields.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        self.body("application/x-www-form-urlencoded", encoded(fields))
    }

    /// Sets a body of a form with files (`multipart/form-data`): fields, and files with their field.
    ///
    /// ```
    /// use switchback_sdk::{TestClient, Upload};
    /// use switchback_sdk::prelude::*;
    ///
    /// /// Measure a file
    /// #[post("/files")]
    /// fn measure(file: Upload, #[form] times: u32) -> u32 {
    ///     file.size * times
    /// }
    ///
    /// plugin! { title: "Files", routes: [measure] }
    ///
    /// let client = TestClient::new(plugin());
    /// let files = [("file", "a.txt", "text/plain", "hello".as_bytes())];
    /// let response = client.post("/files").multipart(&[("times", "2")], &files).send();
    /// assert_eq!(response.json::<u32>(), 10);
    /// ```
    pub fn multipart(self, fields: &[(&str, &str)], files: &[(&str, &str, &str, &[u8])]) -> Self {
        let mut body = Vec::new();
        let mut part = |head: String, content: &[u8]| {
            body.extend(
                format!("--{BOUNDARY}\r\ncontent-disposition: form-data; {head}\r\n\r\n")
                    .into_bytes(),
            );
            body.extend(content);
            body.extend(b"\r\n");
        };
        for (name, value) in fields {
            part(format!("name=\"{name}\""), value.as_bytes());
        }
        for (field, file_name, media_type, content) in files {
            let head =
                format!("name=\"{field}\"; filename=\"{file_name}\"\r\ncontent-type: {media_type}");
            part(head, content);
        }
        body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
        self.body(&format!("multipart/form-data; boundary={BOUNDARY}"), body)
    }

    /// Sets a body of any type.
    pub fn body(self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.content(body).header("content-type", media_type)
    }

    /// Sets a body without a word of its type.
    pub fn content(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the address that `incoming::peer` tells; unless set there is none.
    pub fn peer(mut self, peer: SocketAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Sets what `incoming::identity` tells, as JSON; unless set there is none.
    pub fn identity(mut self, identity: &str) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Sends it. Redirects are answered, not followed.
    ///
    /// # Panics
    /// If method, target or headers are none that HTTP has; and where the handler panics.
    #[track_caller]
    pub fn send(self) -> TestResponse {
        let client = self.client;
        let mut request = http::Request::new(self.body.into());
        *request.method_mut() = expect(
            Method::from_bytes(self.method.as_bytes()),
            "method",
            &self.method,
        );
        *request.uri_mut() = expect(self.target.parse::<Uri>(), "target", &self.target);
        for (name, value) in &self.headers {
            let name = expect(name.parse::<HeaderName>(), "header", name);
            let value = expect(value.parse(), "value", value);
            request.headers_mut().append(name, value);
        }
        let (peer, identity) = (self.peer, self.identity);
        let is_head = request.method() == Method::HEAD;
        let mut aborted = None;
        let response = client.checks.dispatch(request, |call| {
            let around = Incoming {
                method: call.head.method.to_string(),
                uri: call.head.uri.to_string(),
                headers: pairs(&call.head.headers),
                peer: peer.map(|peer| peer.to_string()),
                request_id: call.request_id.to_owned(),
                identity: identity.clone(),
                body: call.stream.to_vec(),
            };
            let mut instance = client.instance.borrow_mut();
            let (response, sent) = outgoing::during(None, || {
                incoming::during(around, || {
                    state::during(&mut instance, || {
                        answer(&client.plugin, call.operation, call.admitted).sent()
                    })
                })
            });
            aborted = sent.aborted;
            match (response, sent.head) {
                (None, Some((status, headers))) => GuestAnswer {
                    status,
                    headers,
                    body: sent.pieces.concat().into(),
                },
                (response, _) => {
                    let response = response.unwrap_or_else(|| Response::new(500));
                    GuestAnswer {
                        status: response.status,
                        headers: response.headers,
                        body: response.body.into(),
                    }
                }
            }
        });
        TestResponse {
            status: response.status().as_u16(),
            headers: pairs(response.headers())
                .into_iter()
                .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
                .collect(),
            // The head of an answer is all of it.
            body: match is_head {
                true => Vec::new(),
                false => response.into_body().to_vec(),
            },
            aborted,
        }
    }
}

/// What stands between the parts of a form.
const BOUNDARY: &str = "switchback-test-client-boundary";

fn answer(plugin: &Plugin, operation: &str, admitted: Admitted) -> Response {
    let body = match admitted.body {
        AdmittedBody::Empty => Body::Empty,
        AdmittedBody::Text { data, .. } => Body::Text(data),
        AdmittedBody::Bytes { data, .. } => Body::Bytes(data.to_vec()),
        AdmittedBody::Stream { media_type } => Body::Stream(media_type.to_string()),
        AdmittedBody::Form { fields, files } => Body::Form {
            fields,
            files: files.into_iter().map(upload).collect(),
        },
    };
    plugin.handle(operation, &admitted.params, &body)
}

fn upload(file: FormFile) -> Upload {
    // Here all is in memory.
    let content = file.content.piece(0, usize::MAX).unwrap_or_default();
    let mut upload = Upload::new(&file.field, "", content).with_headers(file.headers);
    upload.file_name = file.name;
    upload.media_type = file.media_type;
    upload
}

fn pairs(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect()
}

fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

#[track_caller]
fn expect<T, E: fmt::Display>(made: Result<T, E>, what: &str, of: &str) -> T {
    match made {
        Ok(made) => made,
        Err(error) => panic!("{what} {of:?}: {error}"),
    }
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResponse {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body; of a stream all that went out.
    pub body: Vec<u8>,
    /// Why a stream broke off after it had begun: the client sees a reset, the host's log this.
    pub aborted: Option<String>,
}

impl TestResponse {
    /// The first value of a header, its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are no UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, read from JSON.
    ///
    /// # Panics
    /// If it is not JSON of that type; the message shows it.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{} {:?}: {error}", self.status, self.text()),
        }
    }

    /// The body as any JSON, to look into: `response.value()["detail"]`.
    ///
    /// # Panics
    /// If it is not JSON; the message shows it.
    #[track_caller]
    pub fn value(&self) -> serde_json::Value {
        self.json()
    }

    /// The body, read from JSON lines.
    ///
    /// # Panics
    /// If a line is not JSON of that type; the message shows it.
    #[track_caller]
    pub fn lines<T: DeserializeOwned>(&self) -> Vec<T> {
        let text = self.text();
        let mut read = Vec::new();
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(value) => read.push(value),
                Err(error) => panic!("{line:?}: {error}"),
            }
        }
        read
    }

    /// The body, read from server-sent events; comments are passed over.
    pub fn events(&self) -> Vec<TestEvent> {
        let mut events = Vec::new();
        for block in self.text().split_terminator("\n\n") {
            let mut event = TestEvent::default();
            for line in block.lines() {
                let (field, value) = line.split_once(": ").unwrap_or((line, ""));
                match field {
                    "event" => event.event = Some(value.into()),
                    "id" => event.id = Some(value.into()),
                    "retry" => event.retry = value.parse().ok(),
                    "data" => match &mut event.data {
                        Some(data) => {
                            data.push('\n');
                            data.push_str(value);
                        }
                        none => *none = Some(value.into()),
                    },
                    _ => {}
                }
            }
            if event != TestEvent::default() {
                events.push(event);
            }
        }
        events
    }
}

/// A server-sent event that was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestEvent {
    /// What it carries, as text.
    pub data: Option<String>,
    /// Its kind.
    pub event: Option<String>,
    /// Its id.
    pub id: Option<String>,
    /// After how many milliseconds a client that lost the connection tries again.
    pub retry: Option<u32>,
}

impl TestEvent {
    /// What it carries, read from JSON.
    ///
    /// # Panics
    /// If it is not JSON of that type; the message shows it.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        let data = self.data.as_deref().unwrap_or_default();
        match serde_json::from_str(data) {
            Ok(value) => value,
            Err(error) => panic!("{data:?}: {error}"),
        }
    }
}
