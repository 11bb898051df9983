//! Answers that know their own status, and how all of an operation's answers get into its contract.

use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer::has_body;
use crate::contract::{constant, merge, object};
use crate::operation::Rule;
use crate::{Problem, Response, json_lines};

/// A set of answers, each with a status of its own: what a function may fail with, or one of several successes.
/// [`Problem`] is one; `#[derive(Responses)]` makes one of an enum.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// #[derive(Responses)]
/// enum ShopError {
///     /// There is no such item
///     #[status(404)]
///     NotFound,
///     /// The name is taken
///     #[status(409)]
///     Taken { by: u32 },
///     /// Something else is in the way
///     #[status(423)]
///     Locked(String),
///     #[from]
///     Other(Problem),
/// }
///
/// /// Rename an item
/// #[put("/items/{id}/name")]
/// fn rename(id: u32, name: Json<String>) -> Result<Json<String>, ShopError> {
///     match id {
///         1 => Ok(name),
///         2 => Err(ShopError::Taken { by: 1 }),
///         3 => Err(ShopError::Locked(format!("item {id} is being sold"))),
///         4 => Err(Problem::new(503, "come back later"))?,
///         _ => Err(ShopError::NotFound),
///     }
/// }
///
/// plugin! { title: "Shop", routes: [rename] }
/// assert!(plugin().openapi().contains("The name is taken"));
/// assert_eq!(ShopError::NotFound.respond().body, br#"{"detail":"There is no such item"}"#);
/// assert_eq!(ShopError::Taken { by: 1 }.respond().body, br#"{"detail":{"by":1}}"#);
/// ```
///
/// Each variant has its status, and its documentation is the description in the contract. What is answered, and
/// documented just so:
///
/// | variant | from 400 on | below 400 |
/// |---|---|---|
/// | `NotFound` | `{"detail": "the documentation's first line"}` | no body |
/// | `Locked(T)` | `{"detail": T}` | `T` |
/// | `Locked(Json<T>)`, `Html`, `Text` | as it is | as it is |
/// | `Taken { by: u32 }` | `{"detail": {"by": 1}}` | `{"by": 1}` |
/// | `#[from] Other(E)` | `E` answers for itself, and `?` makes this of it | |
///
/// So an error is FastAPI's `{"detail": …}` unless a variant says otherwise by `Json`. Fields may have the attributes
/// of serde and schemars. Variants may share a status.
#[diagnostic::on_unimplemented(
    message = "a route cannot fail with `{Self}`",
    label = "not an answer with a status of its own",
    note = "derive `Responses` for `{Self}` and give each variant its `#[status(…)]`, or fail with `Problem`"
)]
pub trait Responses {
    /// Adds all of them to the contract.
    fn describe(answers: &mut Answers<'_>);

    /// The answer that this value is.
    fn respond(self) -> Response;
}

impl Responses for Problem {
    /// Nothing: which status it has is known when it is made.
    fn describe(_: &mut Answers<'_>) {}

    fn respond(self) -> Response {
        self.into()
    }
}

/// What `Result<_, _>` means in a signature, also under another name of that ending.
#[doc(hidden)]
pub trait Outcome {
    /// What it fails with.
    type Bad: Responses;
}

impl<T, E: Responses> Outcome for Result<T, E> {
    type Bad = E;
}

/// The answers of one operation, as the contract will have them.
pub struct Answers<'a> {
    generator: &'a mut SchemaGenerator,
    /// OpenAPI's `responses`.
    pub(crate) responses: Map<String, Value>,
}

impl<'a> Answers<'a> {
    pub(crate) fn new(generator: &'a mut SchemaGenerator) -> Self {
        Answers {
            generator,
            responses: Map::new(),
        }
    }

    /// JSON of this type.
    pub fn json<T: JsonSchema>(&mut self, status: u16, description: &str) {
        let schema = self.schema::<T>();
        self.add(status, description, "application/json", schema);
    }

    /// `{"detail": T}`.
    pub fn detail<T: JsonSchema>(&mut self, status: u16, description: &str) {
        let schema = self.schema::<T>();
        self.add(
            status,
            description,
            "application/json",
            under_detail(schema),
        );
    }

    /// `{"detail": "…"}` with the description's first line.
    pub fn said(&mut self, status: u16, description: &str) {
        let text = first_line(description);
        let schema = object([("type", "string".into()), ("const", text.into())]);
        self.add(
            status,
            description,
            "application/json",
            under_detail(schema),
        );
    }

    /// Text of this media type.
    pub fn text(&mut self, status: u16, description: &str, media_type: &str) {
        let schema = object([("type", "string".into())]);
        self.add(status, description, media_type, schema);
    }

    /// JSON lines of this type.
    pub fn json_lines<T: JsonSchema>(&mut self, status: u16, description: &str) {
        let schema = self.item_schema::<T>();
        self.add_stream(status, description, json_lines::MEDIA_TYPE, schema);
    }

    /// Server-sent events whose data is JSON of this type.
    pub fn events<T: JsonSchema>(&mut self, status: u16, description: &str) {
        let text = || object([("type", "string".into())]);
        let milliseconds = object([("type", "integer".into()), ("minimum", 0.into())]);
        let content = self.item_schema::<T>();
        let is_any = content == object([]);
        let data = match is_any {
            true => text(),
            false => object([
                ("type", "string".into()),
                ("contentMediaType", "application/json".into()),
                ("contentSchema", content),
            ]),
        };
        let mut schema = object([
            ("type", "object".into()),
            (
                "properties",
                object([
                    ("data", data),
                    ("event", text()),
                    ("id", text()),
                    ("retry", milliseconds),
                ]),
            ),
        ]);
        if !is_any {
            schema["required"] = Value::Array(vec!["data".into()]);
        }
        self.add_stream(status, description, "text/event-stream", schema);
    }

    /// The schema of each piece; `{}` for any JSON, as FastAPI has it.
    fn item_schema<T: JsonSchema>(&mut self) -> Value {
        match self.schema::<T>() {
            Value::Bool(true) => object([]),
            schema => schema,
        }
    }

    fn add_stream(&mut self, status: u16, description: &str, media_type: &str, schema: Value) {
        let answer = self.entry(status, description);
        if answer.get("content").is_none() {
            answer["content"] = object([]);
        }
        answer["content"][media_type] = object([("itemSchema", schema)]);
    }

    /// No body, or one that is not described.
    pub fn empty(&mut self, status: u16, description: &str) {
        self.entry(status, description);
    }

    /// What an attribute's `responses` says: a description.
    #[doc(hidden)]
    pub fn declared(&mut self, status: &str, description: &str) {
        self.place(status)["description"] = description.into();
    }

    /// JSON of a type.
    #[doc(hidden)]
    pub fn declared_json<T: JsonSchema>(&mut self, status: &str, description: &str) {
        let schema = self.schema::<T>();
        let answer = self.place(status);
        answer["description"] = description.into();
        merge(
            answer,
            object([(
                "content",
                object([("application/json", object([("schema", schema)]))]),
            )]),
        );
    }

    /// All that is said of it, beside what is known.
    #[doc(hidden)]
    pub fn declared_whole(&mut self, status: &str, called: &str, said: &Rule) {
        let answer = self.place(status);
        merge(answer, constant(said));
        if answer["description"] == "" {
            answer["description"] = called.into();
        }
    }

    fn place(&mut self, status: &str) -> &mut Value {
        self.responses
            .entry(status)
            .or_insert_with(|| object([("description", "".into())]))
    }

    fn schema<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// Answers of one status share a place: their descriptions are paragraphs, their schemas alternatives.
    fn add(&mut self, status: u16, description: &str, media_type: &str, schema: Value) {
        let answer = self.entry(status, description);
        if !has_body(status) {
            return;
        }
        if answer.get("content").is_none() {
            answer["content"] = object([]);
        }
        let content = &mut answer["content"];
        let Some(known) = content.get_mut(media_type) else {
            content[media_type] = object([("schema", schema)]);
            return;
        };
        let known = &mut known["schema"];
        if *known == schema {
            return;
        }
        match known.get_mut("anyOf").and_then(Value::as_array_mut) {
            Some(alternatives) => alternatives.push(schema),
            None => *known = object([("anyOf", Value::Array(vec![known.take(), schema]))]),
        }
    }

    fn entry(&mut self, status: u16, description: &str) -> &mut Value {
        let answer = self.place(&status.to_string());
        // Compared at its end only: a search for text in text would be two kilobytes of every guest.
        if let Value::String(known) = &mut answer["description"]
            && !known.ends_with(description)
        {
            if !known.is_empty() {
                known.push_str("\n\n");
            }
            known.push_str(description);
        }
        answer
    }
}

fn under_detail(schema: Value) -> Value {
    object([
        ("type", "object".into()),
        ("properties", object([("detail", schema)])),
        ("required", Value::Array(vec!["detail".into()])),
    ])
}

fn first_line(text: &str) -> &str {
    text.split_once('\n').map_or(text, |(first, _)| first)
}

/// `{"detail": …}` of what a variant carries.
#[doc(hidden)]
pub fn detailed<T: Serialize>(status: u16, detail: T) -> Response {
    #[derive(Serialize)]
    struct Detailed<T> {
        detail: T,
    }
    Response::json(status, &Detailed { detail })
}

/// `{"detail": "…"}` of a variant that carries nothing.
#[doc(hidden)]
pub fn said(status: u16, description: &str) -> Response {
    Problem::new(status, first_line(description)).into()
}
