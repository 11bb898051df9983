//! Forms: fields that are read like parameters, and files that stay with the host until the guest asks for them.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;

use bytes::Bytes;
use futures_util::{FutureExt, Stream, future, stream};
use serde_json::Value;

use crate::admit::Rejection;
#[cfg(feature = "runtime")]
use crate::bodies::Held;
use crate::config::Limits;
use crate::field::{Field, end_object, text};
use crate::limit::Limit;
use crate::members::{Member, Members};
use crate::pairs::{as_object, tell_extra};
use crate::schema::{SchemaError, Schemas};
#[cfg(feature = "runtime")]
use crate::serve_error::ServeError;
#[cfg(feature = "runtime")]
use crate::spool::Disk;
use crate::spool::Spool;
use crate::upload::{FileField, FormFile};
use crate::violations::Violations;

/// What an operation says about a form.
pub(crate) struct Form {
    /// In the order of the schema's properties.
    fields: Vec<Kind>,
    /// The names of `fields`, where nothing else may be sent.
    closed: Option<HashSet<String>>,
    /// Whether it is one model: of one in which a field is missing, all that was sent is shown.
    model: bool,
}

enum Kind {
    Text(Field),
    File(FileField),
}

/// What was sent under one name.
#[derive(Clone)]
pub(crate) struct Part {
    name: String,
    content: Content,
}

#[derive(Clone)]
pub(crate) enum Content {
    Text(String),
    File(FormFile),
}

impl Content {
    fn is_empty_text(&self) -> bool {
        matches!(self, Content::Text(text) if text.is_empty())
    }

    /// What a violation shows of it: of a file, its name.
    fn shown(&self) -> Cow<'_, str> {
        match self {
            Content::Text(text) => text.into(),
            Content::File(file) => file.name.as_deref().unwrap_or_default().into(),
        }
    }
}

/// A form that fits its contract, if no violation was told.
pub(crate) struct Checked {
    /// The fields as a JSON object.
    pub(crate) fields: String,
    /// In the order in which they came.
    pub(crate) files: Vec<FormFile>,
}

/// Keywords of a form's schema that could only be checked on the whole of it.
const OF_THE_WHOLE: &[&str] = &[
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "const",
    "enum",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
];

impl Form {
    /// Compiles the schema at `pointer`, an object whose properties are the fields. Only where it `may_have_files`, a
    /// text of binary content is a file.
    pub(crate) fn compile(
        schemas: &Schemas,
        pointer: &str,
        may_have_files: bool,
    ) -> Result<Form, SchemaError> {
        let (pointer, schema) = schemas.resolve(pointer)?;
        schemas.judge(&pointer, schema)?;
        let refuse = |message: String| Err(SchemaError::new(&pointer, message));
        let members = Members::read(schemas, &pointer, "a form")?;
        let of_the_whole = OF_THE_WHOLE.iter().find(|key| schema.get(**key).is_some());
        if let Some(key) = of_the_whole {
            return refuse(format!(
                "`{key}` is not supported in a form's schema: list its fields as `properties`"
            ));
        }
        let mut fields = Vec::with_capacity(members.list.len());
        for Member {
            name,
            pointer: at,
            required,
        } in &members.list
        {
            if may_have_files && let Some(file) = FileField::compile(schemas, at, name, *required)?
            {
                fields.push(Kind::File(file));
                continue;
            }
            let field = Field::compile(schemas, at, &["body", name], *required)?;
            if field.takes_object() {
                return refuse(format!("the field `{name}` of a form cannot be an object"));
            }
            fields.push(Kind::Text(field));
        }
        let closed = members
            .closed
            .then(|| members.list.into_iter().map(|member| member.name).collect());
        let name = pointer.strip_prefix("/components/schemas/");
        Ok(Form {
            fields,
            closed,
            model: name.is_some_and(|name| !name.starts_with("Body_")),
        })
    }

    /// Whether a form in which nothing was sent breaks no rule.
    pub(crate) fn may_be_empty(&self) -> bool {
        !self.fields.iter().any(|kind| match kind {
            Kind::Text(field) => field.must_be_sent(),
            Kind::File(file) => file.required,
        })
    }

    /// Checks what was sent. What does not fit goes to `violations`; then the result is not to be used.
    pub(crate) fn check(&self, sent: Vec<Part>, violations: &mut Violations) -> Checked {
        let mut json = vec![b'{'];
        let mut taken = vec![false; sent.len()];
        for kind in &self.fields {
            match kind {
                Kind::Text(field) => {
                    let of_field = sent.iter().filter(|part| part.name == field.name);
                    let is_there = |part: &Part| field.list || !part.content.is_empty_text();
                    if self.model && field.must_be_sent() && !of_field.clone().any(is_there) {
                        field.tell_missing(|| self.shown(&sent), violations);
                        continue;
                    }
                    read_text(
                        field,
                        of_field.map(|part| &part.content),
                        &mut json,
                        violations,
                    );
                }
                Kind::File(file) => {
                    let of_field = sent
                        .iter()
                        .enumerate()
                        .filter(|(_, part)| part.name == file.name);
                    let of_field: Vec<_> = of_field.map(|(at, part)| (at, &part.content)).collect();
                    for at in file.check(&of_field, violations) {
                        taken[at] = true;
                    }
                }
            }
        }
        end_object(&mut json);
        if let Some(known) = &self.closed {
            let sent: Vec<_> = sent
                .iter()
                .map(|part| (part.name.as_str(), part.content.shown()))
                .collect();
            tell_extra("body", &sent, |name| known.contains(name), violations);
        }
        let files = sent
            .into_iter()
            .zip(taken)
            .filter_map(|(part, taken)| match part.content {
                Content::File(file) if taken => Some(file),
                Content::File(_) | Content::Text(_) => None,
            });
        Checked {
            fields: String::from_utf8(json).expect("JSON is written as UTF-8"),
            files: files.collect(),
        }
    }
}

impl Form {
    /// All that was sent, as a violation shows it.
    fn shown(&self, sent: &[Part]) -> Value {
        let declared = |name: &str| {
            let mut fields = self.fields.iter();
            fields.find_map(|kind| match kind {
                Kind::Text(field) => Some(field).filter(|field| field.name == name),
                Kind::File(_) => None,
            })
        };
        let texts = sent
            .iter()
            .map(|part| (part.name.as_str(), part.content.shown()))
            // An empty text is a field that was not sent.
            .filter(|(name, text)| {
                !text.is_empty() || declared(name).is_none_or(|field| field.list)
            });
        as_object(texts, declared)
    }
}

/// As FastAPI has it: of a field sent twice the last counts, and an empty text is none, but for a list's.
fn read_text<'s>(
    field: &Field,
    sent: impl DoubleEndedIterator<Item = &'s Content> + Clone,
    json: &mut Vec<u8>,
    violations: &mut Violations,
) {
    if field.list {
        let mut texts = Vec::new();
        for content in sent {
            match content {
                Content::Text(text) => texts.push(text.as_str()),
                Content::File(_) => return field.refuse_file(violations),
            }
        }
        return field.read_all(&texts, json, violations);
    }
    let mut sent = sent;
    match sent.next_back() {
        None => field.read(None, json, violations),
        Some(Content::Text(text)) => {
            field.read(
                Some(text.as_str()).filter(|text| !text.is_empty()),
                json,
                violations,
            );
        }
        Some(Content::File(_)) => field.refuse_file(violations),
    }
}

/// The pairs of `application/x-www-form-urlencoded`.
pub(crate) fn urlencoded(bytes: &[u8], limits: &Limits) -> Result<Vec<Part>, Rejection> {
    let mut parts = Vec::new();
    for (name, text) in form_urlencoded::parse(bytes) {
        one_more(&parts, limits)?;
        parts.push(Part {
            name: name.into_owned(),
            content: Content::Text(text.into_owned()),
        });
    }
    Ok(parts)
}

/// Why the parts of a form cannot be had.
pub(crate) enum Broken {
    Rejection(Rejection),
    /// What is to be kept on disk cannot be.
    Disk(io::Error),
    /// There is as much on it as may be.
    #[cfg(feature = "runtime")]
    Full(Box<ServeError>),
}

impl From<Rejection> for Broken {
    fn from(rejection: Rejection) -> Broken {
        Broken::Rejection(rejection)
    }
}

/// The parts of `multipart/form-data`, which `content_type` tells apart, of a body that is here.
pub(crate) fn multipart(
    content_type: &str,
    bytes: Bytes,
    limits: &Limits,
) -> Result<Vec<Part>, Rejection> {
    let stream = stream::once(future::ready(Ok::<_, io::Error>(bytes)));
    // Nothing ever has to be waited for.
    let parts = parts(content_type, stream, limits, Keep::default()).now_or_never();
    parts
        .unwrap_or_else(|| Err(invalid().into()))
        .map_err(|broken| match broken {
            Broken::Rejection(rejection) => rejection,
            Broken::Disk(_) => invalid(),
            #[cfg(feature = "runtime")]
            Broken::Full(_) => invalid(),
        })
}

/// Where what is large is kept, and who counts it: in memory like the rest, unless there is a disk.
#[derive(Clone, Copy, Default)]
pub(crate) struct Keep<'a> {
    #[cfg(feature = "runtime")]
    pub(crate) disk: Option<(&'a Disk, &'a Held)>,
    #[cfg(not(feature = "runtime"))]
    nowhere: std::marker::PhantomData<&'a ()>,
}

/// The same of a body that still arrives.
pub(crate) async fn parts<S>(
    content_type: &str,
    body: S,
    limits: &Limits,
    keep: Keep<'_>,
) -> Result<Vec<Part>, Broken>
where
    S: Stream<Item = io::Result<Bytes>> + Send,
{
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| Rejection::BadBody("Missing boundary in multipart.".into()))?;
    let mut multipart = multer::Multipart::new(body, boundary);
    let mut parts = Vec::new();
    while let Some(mut field) = multipart.next_field().await.map_err(|_| invalid())? {
        one_more(&parts, limits)?;
        let Some(name) = field.name().map(str::to_owned) else {
            return Err(Broken::Rejection(Rejection::BadBody(
                "The Content-Disposition header field \"name\" must be provided.".into(),
            )));
        };
        let file_name = field.file_name().map(str::to_owned);
        let media_type = field
            .headers()
            .get(http::header::CONTENT_TYPE)
            .map(|value| text(value.as_bytes()).into_owned());
        let headers: Vec<(String, Vec<u8>)> = match file_name {
            Some(_) => field
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .collect(),
            None => Vec::new(),
        };
        let mut spool = Spool::default();
        while let Some(piece) = field.chunk().await.map_err(|_| invalid())? {
            spool.push(&piece);
            if spool.in_memory() <= limits.form_memory_bytes {
                continue;
            }
            if file_name.is_none() {
                return Err(too_large(limits).into());
            }
            keep.large(&mut spool).await?;
        }
        let content = match file_name {
            Some(_) => {
                keep.last(&mut spool).await?;
                Content::File(FormFile {
                    field: name.clone(),
                    name: file_name,
                    media_type,
                    headers,
                    content: spool.finish(),
                })
            }
            None => Content::Text(text(spool.memory()).into_owned()),
        };
        parts.push(Part { name, content });
    }
    Ok(parts)
}

#[cfg(feature = "runtime")]
impl Keep<'_> {
    /// What is held is as much as may be.
    async fn large(self, spool: &mut Spool) -> Result<(), Broken> {
        let Some((disk, held)) = self.disk else {
            return Ok(());
        };
        held.spill(spool.in_memory())
            .map_err(|full| Broken::Full(Box::new(full)))?;
        spool.flush(disk).await.map_err(Broken::Disk)
    }

    /// Nothing more comes.
    async fn last(self, spool: &mut Spool) -> Result<(), Broken> {
        match spool.has_begun_on_disk() {
            true => self.large(spool).await,
            false => Ok(()),
        }
    }
}

#[cfg(not(feature = "runtime"))]
impl Keep<'_> {
    async fn large(self, _: &mut Spool) -> Result<(), Broken> {
        Ok(())
    }

    async fn last(self, _: &mut Spool) -> Result<(), Broken> {
        Ok(())
    }
}

fn invalid() -> Rejection {
    Rejection::BadBody("Invalid multipart data.".into())
}

fn too_large(limits: &Limits) -> Rejection {
    let why = format!(
        "Part exceeded maximum size of {}KB.",
        limits.form_memory_bytes / 1024
    );
    Rejection::Limit(Limit::FormMemory, why.into())
}

fn one_more(parts: &[Part], limits: &Limits) -> Result<(), Rejection> {
    if parts.len() < limits.form_parts {
        return Ok(());
    }
    Err(Rejection::Limit(
        Limit::FormParts,
        format!(
            "Too many fields and files. The most is {}.",
            limits.form_parts
        )
        .into(),
    ))
}
