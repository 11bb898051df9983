//! A request's body: by media type, as JSON or as it is.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::{Map, Value};

use crate::admit::{AdmittedBody, Rejection};
use crate::config::Limits;
use crate::json::{self, JsonError};
use crate::problem::{Loc, Violation};
use crate::schema::{Schema, SchemaError, Schemas};
use crate::violations::{Rule, Violations};

/// What an operation says about its body.
pub(crate) struct RequestBody {
    required: bool,
    media: Vec<Media>,
}

struct Media {
    /// `application/json`, `text/*`: in lower case, without parameters.
    name: Arc<str>,
    kind: Kind,
}

enum Kind {
    Json(Option<Arc<Schema>>),
    Text(Option<Arc<Schema>>),
    Bytes,
}

/// A body that was read but not checked yet.
pub(crate) struct Read<'a> {
    body: &'a RequestBody,
    content: Content<'a>,
}

enum Content<'a> {
    Missing,
    Json {
        media: &'a Media,
        schema: Option<&'a Schema>,
        value: Value,
        /// None where the value must be written anew.
        data: Option<String>,
    },
    Text {
        media: &'a Media,
        schema: Option<&'a Schema>,
        data: String,
    },
    Bytes {
        media: &'a Media,
        data: Bytes,
    },
}

impl RequestBody {
    /// Compiles the request body object at `pointer`.
    pub(crate) fn compile(schemas: &Schemas, pointer: &str) -> Result<RequestBody, SchemaError> {
        let (pointer, object) = schemas.resolve(pointer)?;
        let Some(Value::Object(content)) = object.get("content") else {
            return Err(SchemaError::new(&pointer, "a request body needs `content`"));
        };
        let mut media = Vec::with_capacity(content.len());
        for (name, described) in content {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            let at = format!("{pointer}/content/{escaped}");
            let essence = essence(name).to_ascii_lowercase();
            if described.get("x-switchback-stream") == Some(&Value::Bool(true)) {
                let message = format!(
                    "the body `{name}` is declared as a stream, which this version does not serve: leave \
                     `x-switchback-stream` away"
                );
                return Err(SchemaError::new(&at, message));
            }
            if matches!(
                &*essence,
                "application/x-www-form-urlencoded" | "multipart/form-data"
            ) {
                let message = format!(
                    "the body `{name}` is a form, which this version does not serve: take JSON"
                );
                return Err(SchemaError::new(&at, message));
            }
            let schema = match described.get("schema") {
                Some(_) => Some(schemas.compile(&format!("{at}/schema"))?),
                None => None,
            };
            let kind = if is_json(&essence) {
                Kind::Json(schema)
            } else if essence.starts_with("text/") {
                Kind::Text(schema)
            } else {
                Kind::Bytes
            };
            media.push(Media {
                name: essence.into(),
                kind,
            });
        }
        Ok(RequestBody {
            required: object.get("required") == Some(&Value::Bool(true)),
            media,
        })
    }

    /// Reads what was sent as its media type says.
    pub(crate) fn read(
        &self,
        headers: &HeaderMap,
        bytes: Bytes,
        limits: &Limits,
    ) -> Result<Read<'_>, Rejection> {
        let content_type = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let content = if bytes.is_empty() {
            Content::Missing
        } else {
            self.content(content_type, bytes, limits)?
        };
        Ok(Read {
            body: self,
            content,
        })
    }

    fn content(
        &self,
        content_type: Option<&str>,
        bytes: Bytes,
        limits: &Limits,
    ) -> Result<Content<'_>, Rejection> {
        let sent = content_type.map(essence).unwrap_or_default();
        let exact = self.media.iter().find(|media| matches(&media.name, sent));
        let json = || {
            self.media
                .iter()
                .find(|media| matches!(media.kind, Kind::Json(_)))
        };
        let media = match exact {
            Some(media) => media,
            // As FastAPI has it, all JSON is one, and whatever is not JSON is a text to the schema.
            None => json().ok_or(Rejection::MediaType)?,
        };
        match &media.kind {
            Kind::Json(schema) if is_json(&sent.to_ascii_lowercase()) => {
                let text = json::decode(bytes).ok_or(Rejection::BadBody)?;
                let parsed = json::parse(&text.text, limits.json_depth).map_err(not_json)?;
                Ok(Content::Json {
                    media,
                    schema: schema.as_deref(),
                    value: parsed.value,
                    data: (!text.recoded && !parsed.ambiguous).then_some(text.text),
                })
            }
            Kind::Json(schema) => Ok(Content::Json {
                media,
                schema: schema.as_deref(),
                value: String::from_utf8(bytes.into())
                    .map_err(|_| Rejection::BadBody)?
                    .into(),
                data: None,
            }),
            Kind::Text(schema) => Ok(match String::from_utf8(bytes.into()) {
                Ok(data) => Content::Text {
                    media,
                    schema: schema.as_deref(),
                    data,
                },
                // In some other charset, which the guest may know.
                Err(error) => Content::Bytes {
                    media,
                    data: error.into_bytes().into(),
                },
            }),
            Kind::Bytes => Ok(Content::Bytes { media, data: bytes }),
        }
    }
}

impl Read<'_> {
    /// Checks what was read. What does not fit goes to `violations`; then the body is not to be used.
    pub(crate) fn check(self, violations: &mut Violations) -> AdmittedBody {
        let loc = [Loc::Name("body".into())];
        match self.content {
            Content::Missing => {
                if self.body.required {
                    violations.push(Rule::missing(), || loc.to_vec(), |_| Value::Null);
                }
                AdmittedBody::Empty
            }
            Content::Json {
                media,
                schema,
                value,
                data,
            } => {
                if let Some(schema) = schema {
                    schema.check(&value, &loc, violations);
                }
                let data = data.unwrap_or_else(|| value.to_string());
                AdmittedBody::Text {
                    media_type: media.name.clone(),
                    data,
                }
            }
            Content::Text {
                media,
                schema,
                data,
            } => {
                if let Some(schema) = schema {
                    schema.check(&data.as_str().into(), &loc, violations);
                }
                AdmittedBody::Text {
                    media_type: media.name.clone(),
                    data,
                }
            }
            Content::Bytes { media, data } => AdmittedBody::Bytes {
                media_type: media.name.clone(),
                data,
            },
        }
    }
}

fn not_json(error: JsonError) -> Rejection {
    match error {
        JsonError::TooDeep => Rejection::BadBody,
        JsonError::Invalid(place, what) => Rejection::Violations(vec![Violation {
            kind: "json_invalid".into(),
            loc: vec![Loc::Name("body".into()), Loc::Index(place)],
            msg: "JSON decode error".into(),
            input: Value::Object(Map::new()),
            ctx: Some(Map::from_iter([("error".to_owned(), what.into())])),
        }]),
    }
}

/// A media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Whether a media type in lower case is JSON.
fn is_json(essence: &str) -> bool {
    essence
        .strip_prefix("application/")
        .is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// Whether a media type was sent that a contract's media type or range means.
fn matches(range: &str, sent: &str) -> bool {
    match range.strip_suffix('*') {
        Some("*/") => true,
        Some(main) => sent
            .get(..main.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(main)),
        None => sent.eq_ignore_ascii_case(range),
    }
}
