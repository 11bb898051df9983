//! The body of a request, and the types that take the whole of it.

use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::contract::{file_schema, object, request_body, with_null};
use crate::reader::Raw;
use crate::{Json, Problem, Text, Upload};

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// None was sent, or none is declared.
    Empty,
    /// Text that the host has proven UTF-8: JSON.
    Text(String),
    /// Any other bytes.
    Bytes(Vec<u8>),
    /// A form.
    Form {
        /// The fields that are no files, as one JSON object.
        fields: String,
        /// The files, in the order in which they came.
        files: Vec<Upload>,
    },
    /// One that is read while it arrives; its media type.
    Stream(String),
}

/// A type that an argument can have to take the whole body: [`Json`], [`Form`], [`Bytes`],
/// [`StreamBody`](crate::StreamBody), [`JsonLinesBody`](crate::JsonLinesBody), and an `Option` of one of them for a body
/// that may be left out. The attributes know these types by their names.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take the body",
    label = "what is inside lacks `Deserialize` or `JsonSchema`",
    note = "derive both for it: `#[derive(Deserialize, JsonSchema)]`"
)]
pub trait FromBody: Sized {
    /// The media type that the contract asks for.
    const MEDIA_TYPE: &'static str;
    /// Whether the host refuses a request without a body.
    const REQUIRED: bool = true;

    /// What the host checks.
    fn schema(generator: &mut SchemaGenerator) -> Schema;

    /// All that the contract says of it.
    #[doc(hidden)]
    fn described(media_type: &str, generator: &mut SchemaGenerator) -> Value {
        let schema = Self::schema(generator).to_value();
        request_body(media_type, Self::REQUIRED, object([("schema", schema)]))
    }

    /// The body, which the host has checked.
    ///
    /// # Errors
    /// 422 if it passed the schema but not the type: a type may know rules that no schema has.
    fn from_body(body: &Body) -> Result<Self, Problem>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema> FromBody for Json<T> {
    const MEDIA_TYPE: &'static str = "application/json";

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }

    #[inline]
    fn from_body(body: &Body) -> Result<Self, Problem> {
        // All as text: a second kind of input would be the whole of serde's code for the type again.
        let text = match body {
            Body::Empty | Body::Stream(_) => "null",
            Body::Text(text) => text,
            Body::Form { fields, .. } => fields,
            Body::Bytes(bytes) => {
                std::str::from_utf8(bytes).map_err(|error| Problem::body(&error.to_string()))?
            }
        };
        serde_json::from_str(text)
            .map(Json)
            .map_err(|error| Problem::body(&error.to_string()))
    }
}

/// A form as one argument: a struct of its fields, field `0`. (Fields as arguments of their own: `#[form]`.)
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// Who signs in.
/// #[derive(Deserialize, JsonSchema)]
/// struct Login {
///     #[schemars(length(min = 1))]
///     user: String,
///     #[serde(default)]
///     remember: bool,
/// }
///
/// /// Sign in
/// #[post("/login")]
/// fn login(form: Form<Login>) -> String {
///     form.0.user
/// }
///
/// plugin! { title: "Door", routes: [login] }
/// assert!(plugin().openapi().contains("application/x-www-form-urlencoded"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl<T> Deref for Form<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema> FromBody for Form<T> {
    const MEDIA_TYPE: &'static str = "application/x-www-form-urlencoded";

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }

    fn from_body(body: &Body) -> Result<Self, Problem> {
        let fields = match body {
            Body::Form { fields, .. } => fields,
            // Nothing was sent, and every field may be left out.
            _ => "{}",
        };
        Raw(fields)
            .read()
            .map(Form)
            .map_err(|error| Problem::body(&error.to_string()))
    }
}

/// The body as it came, of any kind: `application/octet-stream`, or what `#[body(media_type = "image/png")]` says. The
/// bytes are field `0`.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// Count bytes
/// #[put("/blob")]
/// fn blob(content: Bytes) -> usize {
///     content.0.len()
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl FromBody for Bytes {
    const MEDIA_TYPE: &'static str = "application/octet-stream";

    fn schema(_: &mut SchemaGenerator) -> Schema {
        file_schema()
    }

    fn from_body(body: &Body) -> Result<Self, Problem> {
        Ok(Bytes(match body {
            Body::Empty | Body::Stream(_) => Vec::new(),
            Body::Text(text) => text.clone().into_bytes(),
            Body::Bytes(bytes) => bytes.clone(),
            Body::Form { fields, .. } => fields.clone().into_bytes(),
        }))
    }
}

/// A text as it came: `text/plain`.
impl FromBody for Text {
    const MEDIA_TYPE: &'static str = "text/plain";

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<String>()
    }

    fn from_body(body: &Body) -> Result<Self, Problem> {
        let Bytes(bytes) = Bytes::from_body(body)?;
        let text = String::from_utf8(bytes).map_err(|error| Problem::body(&error.to_string()))?;
        Ok(Text(text))
    }
}

#[diagnostic::do_not_recommend]
impl<T: FromBody> FromBody for Option<T> {
    const MEDIA_TYPE: &'static str = T::MEDIA_TYPE;
    const REQUIRED: bool = false;

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        T::schema(generator)
    }

    fn described(media_type: &str, generator: &mut SchemaGenerator) -> Value {
        let mut described = T::described(media_type, generator);
        described["required"] = false.into();
        // As FastAPI has it: JSON that may be left out may be null.
        if let Some(schema) = described.pointer_mut("/content/application~1json/schema") {
            *schema = with_null(schema.take());
        }
        described
    }

    fn from_body(body: &Body) -> Result<Self, Problem> {
        match body {
            Body::Empty => Ok(None),
            Body::Text(text) if text == "null" => Ok(None),
            body => T::from_body(body).map(Some),
        }
    }
}
