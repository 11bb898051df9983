//! A request's body: by media type, as JSON, as a form, or as it is.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::{Map, Value};

use crate::admit::{AdmittedBody, Rejection, Sent, UNREADABLE};
use crate::config::{JsonTypes, Limits};
use crate::form::{self, Checked, Form, Part};
use crate::json::{self, JsonError};
use crate::large::Large;
use crate::limit::Limit;
use crate::problem::{Loc, Violation};
use crate::schema::{Schema, SchemaError, Schemas};
use crate::violations::{Rule, Violations};

const URLENCODED: &str = "application/x-www-form-urlencoded";
/// By which a contract says, of all of it, that what comes without a media type is JSON.
const STRICT_CONTENT_TYPE: &str = "/x-switchback-strict-content-type";
const MULTIPART: &str = "multipart/form-data";

/// What an operation says about its body.
pub(crate) struct RequestBody {
    required: bool,
    media: Vec<Media>,
    /// Whether what comes without a media type is JSON.
    json_unsaid: bool,
}

struct Media {
    /// `application/json`, `text/*`: in lower case, without parameters.
    name: Arc<str>,
    kind: Kind,
}

enum Kind {
    Json(Option<Arc<Schema>>),
    Text(Option<Arc<Schema>>),
    Form(Form),
    Bytes,
    /// Not read ahead. Its schema, if there is one, is documentation.
    Stream,
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
        large: Large,
        /// Whether a number in it is like `1.0`.
        integral: bool,
        /// What the value was read from.
        text: String,
        /// Whether it is JSON, or a text that is all of the value.
        is_json: bool,
        /// Whether the value must be written anew.
        anew: bool,
    },
    Text {
        media: &'a Media,
        schema: Option<&'a Schema>,
        data: String,
    },
    Form {
        form: &'a Form,
        sent: Vec<Part>,
    },
    Bytes {
        media: &'a Media,
        data: Bytes,
    },
    Stream {
        media: &'a Media,
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
                media.push(Media {
                    name: essence.into(),
                    kind: Kind::Stream,
                });
                continue;
            }
            if is_form(&essence) {
                if described.get("schema").is_none() {
                    let message = format!(
                        "the form `{name}` needs a `schema`: an object whose properties are its fields"
                    );
                    return Err(SchemaError::new(&at, message));
                }
                let form = Form::compile(schemas, &format!("{at}/schema"), essence == MULTIPART)?;
                media.push(Media {
                    name: essence.into(),
                    kind: Kind::Form(form),
                });
                continue;
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
            json_unsaid: schemas.at(STRICT_CONTENT_TYPE) == Some(&Value::Bool(false)),
        })
    }

    /// One of which nothing is known.
    #[cfg(feature = "runtime")]
    pub(crate) fn stream_of_anything() -> RequestBody {
        RequestBody {
            required: false,
            media: vec![Media {
                name: "*/*".into(),
                kind: Kind::Stream,
            }],
            json_unsaid: false,
        }
    }

    /// Whether what comes with these headers is a stream.
    pub(crate) fn streams(&self, headers: &HeaderMap) -> bool {
        // Most contracts have none.
        self.media.iter().any(Media::is_stream)
            && self
                .media(content_type(headers))
                .is_some_and(Media::is_stream)
    }

    /// Whether what comes with these headers is a form of parts.
    #[cfg(feature = "runtime")]
    pub(crate) fn takes_parts(&self, headers: &HeaderMap) -> bool {
        let content_type = content_type(headers);
        let sent = content_type.map(essence).unwrap_or_default();
        let is_form = |media: &Media| matches!(media.kind, Kind::Form(_));
        sent.eq_ignore_ascii_case(MULTIPART) && self.media(content_type).is_some_and(is_form)
    }

    /// Reads what was sent as its media type says.
    pub(crate) fn read(
        &self,
        headers: &HeaderMap,
        sent: Sent,
        limits: &Limits,
    ) -> Result<Read<'_>, Rejection> {
        let content_type = content_type(headers);
        let content = match sent {
            Sent::Whole(bytes) if bytes.is_empty() => self.nothing(content_type),
            Sent::Whole(bytes) => self.content(content_type, bytes, limits)?,
            #[cfg(feature = "runtime")]
            Sent::Parts(sent) => {
                let media = self.media(content_type).ok_or(Rejection::MediaType)?;
                match &media.kind {
                    Kind::Form(form) => Content::Form { form, sent },
                    _ => return Err(Rejection::MediaType),
                }
            }
            Sent::Stream => Content::Stream {
                media: self.media(content_type).ok_or(Rejection::MediaType)?,
            },
        };
        Ok(Read {
            body: self,
            content,
        })
    }

    /// What it means that nothing was sent: an empty form, where a form is wanted or was meant.
    fn nothing(&self, content_type: Option<&str>) -> Content<'_> {
        let meant = content_type.is_some_and(|sent| is_form(essence(sent)));
        match self.form() {
            Some(form)
                if meant || self.media.len() == 1 && (self.required || form.may_be_empty()) =>
            {
                Content::Form {
                    form,
                    sent: Vec::new(),
                }
            }
            _ => Content::Missing,
        }
    }

    /// The schema of a body that holds several parameters: each may be missing.
    fn embedded(&self) -> Option<&Schema> {
        self.media.iter().find_map(|media| match &media.kind {
            Kind::Json(Some(schema)) if schema.embeds() => Some(&**schema),
            _ => None,
        })
    }

    /// The form that is declared; where there are two, the first.
    fn form(&self) -> Option<&Form> {
        self.media.iter().find_map(|media| match &media.kind {
            Kind::Form(form) => Some(form),
            Kind::Json(_) | Kind::Text(_) | Kind::Bytes | Kind::Stream => None,
        })
    }

    /// The declared media type that is meant by what was sent.
    fn media(&self, content_type: Option<&str>) -> Option<&Media> {
        let sent = content_type.map(essence).unwrap_or_default();
        let exact = self.media.iter().find(|media| matches(&media.name, sent));
        let like = |wanted: fn(&Kind) -> bool| self.media.iter().find(|media| wanted(&media.kind));
        let json = || like(|kind| matches!(kind, Kind::Json(_)));
        let form = || like(|kind| matches!(kind, Kind::Form(_)));
        // As FastAPI has it: the two encodings of a form are one; all JSON is one, and whatever is not JSON is a text to
        // its schema, and no field at all to a form's.
        exact
            .or_else(|| form().filter(|_| is_form(sent)))
            .or_else(json)
            .or_else(form)
    }

    fn content(
        &self,
        content_type: Option<&str>,
        bytes: Bytes,
        limits: &Limits,
    ) -> Result<Content<'_>, Rejection> {
        let sent = content_type.map(essence).unwrap_or_default();
        let media = self.media(content_type).ok_or(Rejection::MediaType)?;
        match &media.kind {
            Kind::Json(schema)
                if is_json(&sent.to_ascii_lowercase())
                    || self.json_unsaid && content_type.is_none() =>
            {
                let text = json::decode(bytes).ok_or_else(unreadable)?;
                let parsed = json::parse(&text.text, limits.json_depth).map_err(not_json)?;
                Ok(Content::Json {
                    media,
                    schema: schema.as_deref(),
                    value: parsed.value,
                    large: parsed.large,
                    integral: parsed.integral,
                    anew: text.recoded || parsed.ambiguous,
                    text: text.text,
                    is_json: true,
                })
            }
            // As FastAPI has it: in what is no JSON there are no parameters, and it is a text to any other schema.
            Kind::Json(Some(schema)) if schema.embeds() => Ok(Content::Missing),
            Kind::Json(schema) => {
                let text = String::from_utf8(bytes.into()).map_err(|_| unreadable())?;
                Ok(Content::Json {
                    media,
                    schema: schema.as_deref(),
                    value: text.as_str().into(),
                    large: Large::default(),
                    integral: false,
                    text,
                    is_json: false,
                    anew: true,
                })
            }
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
            Kind::Form(form) => {
                let sent = if sent.eq_ignore_ascii_case(URLENCODED) {
                    form::urlencoded(&bytes, limits)?
                } else if sent.eq_ignore_ascii_case(MULTIPART) {
                    form::multipart(content_type.unwrap_or_default(), bytes, limits)?
                } else {
                    Vec::new()
                };
                Ok(Content::Form { form, sent })
            }
            Kind::Bytes => Ok(Content::Bytes { media, data: bytes }),
            Kind::Stream => Ok(Content::Stream { media }),
        }
    }
}

impl Read<'_> {
    /// Checks what was read. What does not fit goes to `violations`; then the body is not to be used.
    pub(crate) fn check(self, limits: &Limits, violations: &mut Violations) -> AdmittedBody {
        let loc = [Loc::Name("body".into())];
        match self.content {
            Content::Missing => {
                match self.body.embedded() {
                    Some(schema) if self.body.required => {
                        let nothing = Value::Object(Map::new());
                        schema.check(&nothing, &Large::default(), &loc, violations);
                    }
                    None if self.body.required => {
                        violations.push(Rule::missing(), || loc.to_vec(), |_| Value::Null);
                    }
                    _ => {}
                }
                AdmittedBody::Empty
            }
            Content::Json {
                media,
                schema,
                mut value,
                large,
                integral,
                text,
                is_json,
                anew,
            } => {
                // As it was sent: its large integers are those of the first reading.
                let sent = || match is_json {
                    true => {
                        json::parse(&text, limits.json_depth).map_or(Value::Null, |sent| sent.value)
                    }
                    false => text.as_str().into(),
                };
                let changed = match (schema, limits.json) {
                    (Some(schema), JsonTypes::Strict) => {
                        let changed = integral && schema.write_integers(&mut value, &large);
                        schema.check(&value, &large, &loc, violations);
                        changed
                    }
                    (Some(schema), JsonTypes::Lax) => {
                        schema.check_lax(&mut value, &large, sent, &loc, violations)
                    }
                    (None, _) => false,
                };
                let data = match anew || changed {
                    true => large.text(&value),
                    false => text,
                };
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
                    schema.check(&data.as_str().into(), &Large::default(), &loc, violations);
                }
                AdmittedBody::Text {
                    media_type: media.name.clone(),
                    data,
                }
            }
            Content::Form { form, sent } => {
                let Checked { fields, files } = form.check(sent, violations);
                AdmittedBody::Form { fields, files }
            }
            Content::Bytes { media, data } => AdmittedBody::Bytes {
                media_type: media.name.clone(),
                data,
            },
            Content::Stream { media } => AdmittedBody::Stream {
                media_type: media.name.clone(),
            },
        }
    }
}

fn unreadable() -> Rejection {
    Rejection::BadBody(UNREADABLE.into())
}

fn not_json(error: JsonError) -> Rejection {
    match error {
        JsonError::TooDeep => Rejection::Limit(Limit::JsonDepth, UNREADABLE.into()),
        JsonError::TooLong => unreadable(),
        JsonError::Invalid(place, what) => Rejection::Violations(vec![Violation {
            kind: "json_invalid".into(),
            loc: vec![Loc::Name("body".into()), Loc::Index(place)],
            msg: "JSON decode error".into(),
            input: Value::Object(Map::new()),
            ctx: Some(Map::from_iter([("error".to_owned(), what.into())])),
        }]),
    }
}

impl Media {
    fn is_stream(&self) -> bool {
        matches!(self.kind, Kind::Stream)
    }
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
}

/// A media type without its parameters.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Whether a media type is one of the two encodings of a form.
fn is_form(essence: &str) -> bool {
    [URLENCODED, MULTIPART]
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known))
}

/// Whether a media type in lower case is JSON.
pub(crate) fn is_json(essence: &str) -> bool {
    essence
        .strip_prefix("application/")
        .is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// Whether a media type was sent that a contract's media type or range means.
pub(crate) fn matches(range: &str, sent: &str) -> bool {
    match range.strip_suffix('*') {
        Some("*/") => true,
        Some(main) => sent
            .get(..main.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(main)),
        None => sent.eq_ignore_ascii_case(range),
    }
}
