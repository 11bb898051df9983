//! What is kept of a request and an answer: without secrets, and no more than is set. A secret is known by its name, and
//! hidden before it is kept.

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use serde_json::Value;

use crate::admit::AdmittedBody;
use crate::answer::Body;
use crate::body::{essence, is_json};
use crate::config::FaultConfig;
use crate::contract::{Operation, Secrets};
use crate::fault::{FaultAnswer, FaultBody, FaultRequest};
use crate::runtime::Asked;
use crate::schema::HIDDEN;
use crate::upload::FormFile;

/// Headers that are hidden whatever is set.
const ALWAYS: [header::HeaderName; 4] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
];

/// Hides what is secret, and notes what it hid.
pub(crate) struct Redactor<'a> {
    secrets: &'a Secrets,
    config: &'a FaultConfig,
    /// By its place.
    pub(crate) hidden: Vec<String>,
}

impl<'a> Redactor<'a> {
    pub(crate) fn new(secrets: &'a Secrets, config: &'a FaultConfig) -> Redactor<'a> {
        Redactor {
            secrets,
            config,
            hidden: Vec::new(),
        }
    }

    /// A request as it was checked.
    pub(crate) fn request(&mut self, asked: &Asked, operation: &Operation) -> FaultRequest {
        let head = &asked.head;
        let mut headers = self.headers(&head.headers, "header");
        let mut params: Value = serde_json::from_str(&asked.admitted.params).unwrap_or_default();
        // Where the header is hidden, so is what was read of it.
        let cookies = params
            .get_mut("cookie")
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten();
        cookies.for_each(|(_, value)| *value = HIDDEN.into());
        let named = params
            .get_mut("header")
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten();
        for (name, value) in named {
            if self.is_secret_header(name) {
                *value = HIDDEN.into();
            }
        }
        // Told of where they were sent.
        let told = self.hidden.len();
        self.json(&mut params, "");
        self.hidden.truncate(told);
        let mut uri = head.uri.path().to_owned();
        let segments = asked.places.segments(head.uri.path());
        for (name, text) in operation.template.names().iter().zip(segments.iter()) {
            if self.secrets.fields.contains(name) && !text.is_empty() {
                uri = uri.replace(text, HIDDEN);
                self.note(format!("path {name}"));
            }
        }
        if let Some(query) = head.uri.query() {
            uri = format!("{uri}?{}", self.query(query));
        }
        let body = match &asked.admitted.body {
            AdmittedBody::Empty => None,
            AdmittedBody::Text { media_type, data } => {
                Some(self.body(media_type, data.as_bytes(), "body"))
            }
            AdmittedBody::Bytes { media_type, data } => Some(self.body(media_type, data, "body")),
            AdmittedBody::Stream { media_type } => Some(left_out(
                media_type,
                "the plugin read it as a stream".into(),
            )),
            AdmittedBody::Form { fields, files } => {
                let form = self.form(&head.headers, fields, files);
                // The form is written anew.
                let sent = headers.iter_mut().find(|(name, _)| name == "content-type");
                if let Some((_, sent)) = sent {
                    sent.clone_from(&form.media_type);
                }
                Some(form)
            }
        };
        FaultRequest {
            method: head.method.to_string(),
            uri,
            headers,
            params,
            body,
        }
    }

    /// An answer. What comes in pieces is left out.
    pub(crate) fn answer(&mut self, answer: &Response<Body>) -> FaultAnswer {
        let headers = self.headers(answer.headers(), "answer's header");
        let media_type = answer.headers().get(header::CONTENT_TYPE);
        let media_type = media_type.and_then(|it| it.to_str().ok()).unwrap_or("");
        let body = match answer.body().whole() {
            Some(none) if none.is_empty() => None,
            Some(body) => Some(self.body(media_type, body, "answer")),
            None => Some(left_out(media_type, "it is a stream".into())),
        };
        FaultAnswer {
            status: answer.status().as_u16(),
            headers,
            body,
        }
    }

    fn headers(&mut self, headers: &HeaderMap, what: &str) -> Vec<(String, String)> {
        let mut kept = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            let value = match self.is_secret_header(name.as_str()) {
                true => {
                    self.note(format!("{what} {name}"));
                    HIDDEN.to_owned()
                }
                false => String::from_utf8_lossy(value.as_bytes()).into_owned(),
            };
            kept.push((name.to_string(), value));
        }
        kept
    }

    /// By its name in lower case.
    fn is_secret_header(&self, name: &str) -> bool {
        let set = &self.config.hidden_headers;
        ALWAYS.iter().any(|always| always == name)
            || set.iter().any(|set| set.eq_ignore_ascii_case(name))
            || self.secrets.headers.contains(name)
    }

    fn query(&mut self, query: &str) -> String {
        let pairs = query.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| -> String {
                let text = form_urlencoded::parse(text.as_bytes()).next();
                text.map(|(text, _)| text.into_owned()).unwrap_or_default()
            };
            let known = decoded(name);
            // `user[password]`
            let mut parts = known.split(['[', ']']);
            let mut is_secret = parts.any(|part| self.secrets.fields.contains(part));
            if !is_secret && let Ok(mut json) = serde_json::from_str(&decoded(value)) {
                is_secret = self.json(&mut json, &format!("query {known}"));
            }
            match is_secret {
                true => {
                    self.note(format!("query {known}"));
                    format!("{name}={HIDDEN}")
                }
                false => pair.to_owned(),
            }
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Hides members by their names; true if there were any.
    fn json(&mut self, value: &mut Value, at: &str) -> bool {
        let mut any = false;
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    any |= self.json(item, &inside(at, &index.to_string()));
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let at = inside(at, name);
                    if self.secrets.fields.contains(name) {
                        *member = HIDDEN.into();
                        self.note(at);
                        any = true;
                    } else {
                        any |= self.json(member, &at);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        any
    }

    fn body(&mut self, media_type: &str, content: &[u8], what: &str) -> FaultBody {
        if let Some(left_out) = self.too_long(media_type, content.len()) {
            return left_out;
        }
        let whole = |content| FaultBody {
            media_type: media_type.into(),
            content: Some(content),
            left_out: None,
        };
        let untouched = Bytes::copy_from_slice(content);
        if self.secrets.fields.is_empty() && !self.secrets.bodies {
            return whole(untouched);
        }
        let essence = essence(media_type).to_ascii_lowercase();
        let mut json = match is_json(&essence) {
            true => serde_json::from_slice::<Value>(content).ok(),
            false => None,
        };
        if let Some(value) = json.as_mut().filter(|it| it.is_object() || it.is_array()) {
            return match self.json(value, what) {
                true => whole(value.to_string().into()),
                false => whole(untouched),
            };
        }
        // What can be a secret as a whole, or cannot be looked through.
        if self.secrets.bodies || json.is_none() && is_json(&essence) {
            self.note(what.into());
            return whole(Bytes::from_static(HIDDEN.as_bytes()));
        }
        whole(untouched)
    }

    fn too_long(&self, media_type: &str, bytes: usize) -> Option<FaultBody> {
        let most = self.config.body_bytes;
        let why = format!("it has {bytes} bytes, and `faults.body_bytes` is {most}");
        (bytes > most).then(|| left_out(media_type, why))
    }

    /// A form, written anew of its fields and files.
    fn form(&mut self, headers: &HeaderMap, fields: &str, files: &[FormFile]) -> FaultBody {
        let sent = headers.get(header::CONTENT_TYPE);
        let sent = sent.and_then(|it| it.to_str().ok()).unwrap_or("");
        let of_files = files.iter().map(|file| file.content.size() as usize);
        let bytes = of_files.fold(fields.len(), usize::saturating_add);
        if let Some(left_out) = self.too_long(sent, bytes) {
            return left_out;
        }
        let mut fields: Value = serde_json::from_str(fields).unwrap_or_default();
        self.json(&mut fields, "body");
        let texts = fields.as_object().into_iter().flatten();
        let texts = texts.flat_map(|(name, value)| {
            let values = match value {
                Value::Array(items) => items.iter().collect(),
                value => vec![value],
            };
            let texts = values.into_iter().filter_map(as_sent);
            texts.map(move |text| (name.as_str(), text))
        });
        let (media_type, content) = match essence(sent).eq_ignore_ascii_case("multipart/form-data")
        {
            true => multipart(texts.collect(), files),
            false => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(texts);
                (sent.to_owned(), form.finish().into_bytes())
            }
        };
        FaultBody {
            media_type,
            content: Some(content.into()),
            left_out: None,
        }
    }

    fn note(&mut self, what: String) {
        if !self.hidden.contains(&what) {
            self.hidden.push(what);
        }
    }
}

/// `body`, then `body /user`, then `body /user/password`.
fn inside(at: &str, part: &str) -> String {
    let apart = if at.contains(" /") { "" } else { " " };
    format!("{at}{apart}/{part}")
}

fn left_out(media_type: &str, why: String) -> FaultBody {
    FaultBody {
        media_type: media_type.into(),
        content: None,
        left_out: Some(why),
    }
}

/// A value as the text of a field; none for one that is not sent.
fn as_sent(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn multipart(fields: Vec<(&str, String)>, files: &[FormFile]) -> (String, Vec<u8>) {
    let quoted = |text: &str| text.replace('"', "%22").replace(['\r', '\n'], " ");
    let mut parts = Vec::new();
    for (name, text) in fields {
        let head = format!("content-disposition: form-data; name=\"{}\"", quoted(name));
        parts.push((head, Bytes::from(text)));
    }
    for file in files {
        let mut head = format!(
            "content-disposition: form-data; name=\"{}\"",
            quoted(&file.field)
        );
        if let Some(name) = &file.name {
            head.push_str(&format!("; filename=\"{}\"", quoted(name)));
        }
        if let Some(media_type) = &file.media_type {
            head.push_str(&format!("\r\ncontent-type: {}", quoted(media_type)));
        }
        let most = usize::try_from(file.content.size()).unwrap_or(usize::MAX);
        parts.push((head, file.content.piece(0, most).unwrap_or_default()));
    }
    let mut boundary = String::from("switchback-fault");
    let has =
        |content: &Bytes, text: &str| content.windows(text.len()).any(|at| at == text.as_bytes());
    while parts.iter().any(|(_, content)| has(content, &boundary)) {
        boundary.push('-');
    }
    let mut form = Vec::new();
    for (head, content) in parts {
        form.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
        form.extend_from_slice(&content);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), form)
}
