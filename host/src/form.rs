//! Forms: fields that are read like parameters, and files that stay with the host until the guest asks for them.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashSet;

use crate::admit::Rejection;
use crate::config::Limits;
use crate::field::{Field, end_object, text};
use crate::limit::Limit;
use crate::members::{Member, Members};
use crate::pairs::tell_extra;
use crate::schema::{SchemaError, Schemas};
use crate::upload::{FileField, FormFile};
use crate::violations::Violations;
use bytes::Bytes;
use futures_util::{FutureExt, future, stream};

/// What an operation says about a form.
pub(crate) struct Form {
    /// In the order of the schema's properties.
    fields: Vec<Kind>,
    /// The names of `fields`, where nothing else may be sent.
    closed: Option<HashSet<String>>,
}

enum Kind {
    Text(Field),
    File(FileField),
}

/// What was sent under one name.
pub(crate) struct Part {
    name: String,
    content: Content,
}

pub(crate) enum Content {
    Text(String),
    File(FormFile),
}

impl Content {
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
        Ok(Form { fields, closed })
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

/// The parts of `multipart/form-data`, which `content_type` tells apart.
pub(crate) fn multipart(
    content_type: &str,
    bytes: Bytes,
    limits: &Limits,
) -> Result<Vec<Part>, Rejection> {
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| Rejection::BadBody("Missing boundary in multipart.".into()))?;
    let invalid = || Rejection::BadBody("Invalid multipart data.".into());
    let stream = stream::once(future::ready(Ok::<_, std::convert::Infallible>(bytes)));
    let mut multipart = multer::Multipart::new(stream, boundary);
    let mut parts = Vec::new();
    // All of it is here, so nothing ever has to be waited for.
    while let Some(field) = multipart
        .next_field()
        .now_or_never()
        .and_then(Result::ok)
        .ok_or_else(invalid)?
    {
        one_more(&parts, limits)?;
        let Some(name) = field.name().map(str::to_owned) else {
            return Err(Rejection::BadBody(
                "The Content-Disposition header field \"name\" must be provided.".into(),
            ));
        };
        let file_name = field.file_name().map(str::to_owned);
        let media_type = field
            .headers()
            .get(http::header::CONTENT_TYPE)
            .map(|value| text(value.as_bytes()).into_owned());
        let content = field
            .bytes()
            .now_or_never()
            .and_then(Result::ok)
            .ok_or_else(invalid)?;
        let content = match file_name {
            Some(_) => Content::File(FormFile {
                field: name.clone(),
                name: file_name,
                media_type,
                content,
            }),
            None => Content::Text(text(&content).into_owned()),
        };
        parts.push(Part { name, content });
    }
    Ok(parts)
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
