//! What a contract says of answers, and whether a guest's answer is one of them.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, StatusCode, header};
use serde_json::{Map, Value};

use super::ContractError;
use super::outline::join;
use super::refs::resolve;
use crate::body::{essence, is_json, matches};
use crate::config::{JsonTypes, Limits};
use crate::json;
use crate::large::Large;
use crate::problem::{Loc, Violation};
use crate::schema::{Schema, Schemas, child};
use crate::violations::Violations;

/// The answers that an operation declares.
pub(crate) struct Answers(Vec<(Statuses, Declared)>);

/// Which statuses are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Statuses {
    /// `404`
    One(u16),
    /// `4XX`, by its first digit.
    Range(u16),
    /// `default`
    Rest,
}

/// What is declared for them.
struct Declared {
    headers: Vec<Header>,
    media: Vec<Media>,
}

struct Header {
    name: HeaderName,
    required: bool,
    schema: Option<Arc<Schema>>,
}

struct Media {
    /// `application/json`, `text/*`: in lower case, without parameters.
    name: String,
    /// Of JSON that is not streamed.
    schema: Option<Arc<Schema>>,
}

/// How an answer breaks its contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer {} breaks the contract{}: {what}", .status.as_u16(), at(.pointer.as_deref()))]
pub(crate) struct OffContract {
    pub(crate) status: StatusCode,
    /// Where in the body, as a JSON pointer, empty for the whole; none where the head is wrong.
    pub(crate) pointer: Option<String>,
    pub(crate) what: String,
}

fn at(pointer: Option<&str>) -> String {
    match pointer {
        None | Some("") => String::new(),
        Some(pointer) => format!(" at `{pointer}`"),
    }
}

impl Answers {
    /// Reads the `responses` of the operation at `pointer`. What cannot be compiled is not checked, and a warning: the
    /// plugin serves all the same.
    pub(super) fn compile(
        document: &Value,
        schemas: &Schemas,
        (pointer, operation): (&str, &Map<String, Value>),
        warnings: &mut Vec<String>,
    ) -> Result<Answers, ContractError> {
        let mut all = Vec::new();
        let pointer = join(pointer, "responses");
        let declared = operation.get("responses").and_then(Value::as_object);
        for key in declared.into_iter().flat_map(Map::keys) {
            let Some(statuses) = Statuses::read(key) else {
                continue;
            };
            let (at, answer) = resolve(document, &join(&pointer, key))?;
            let declared = Declared::compile(document, schemas, (&at, answer), warnings)?;
            all.push((statuses, declared));
        }
        all.sort_by_key(|(statuses, _)| *statuses);
        Ok(Answers(all))
    }

    /// Where nothing is declared, or nothing is to be held against it.
    pub(super) fn none() -> Answers {
        Answers(Vec::new())
    }

    /// Whether there is nothing that an answer could break.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Holds a whole answer against what is declared for its status. The body is not looked at where HTTP leaves it out.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub(crate) fn check(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: Option<&[u8]>,
        limits: &Limits,
    ) -> Result<(), OffContract> {
        let off = |pointer, what| OffContract {
            status,
            pointer,
            what,
        };
        let Some((_, declared)) = self.0.iter().find(|(statuses, _)| statuses.has(status)) else {
            // Errors come from anywhere, and FastAPI's documents leave most of them out. Where a success is a promise,
            // another one is none.
            let promised = |(statuses, declared): &(Statuses, Declared)| {
                statuses.is_success() && declared.promises()
            };
            return match status.is_success() && self.0.iter().any(promised) {
                true => Err(off(None, "the contract has no such status".into())),
                false => Ok(()),
            };
        };
        for header in &declared.headers {
            header
                .check(headers, limits)
                .map_err(|what| off(None, what))?;
        }
        match body {
            Some(body) if !declared.media.is_empty() => declared
                .check_body(headers, body, limits)
                .map_err(|(pointer, what)| off(pointer, what)),
            _ => Ok(()),
        }
    }
}

impl Statuses {
    fn read(key: &str) -> Option<Statuses> {
        match key.as_bytes() {
            b"default" => Some(Statuses::Rest),
            [first @ b'1'..=b'5', b'X' | b'x', b'X' | b'x'] => {
                Some(Statuses::Range(u16::from(first - b'0')))
            }
            _ => key.parse().ok().map(Statuses::One),
        }
    }

    fn is_success(self) -> bool {
        match self {
            Statuses::One(code) => code / 100 == 2,
            Statuses::Range(first) => first == 2,
            Statuses::Rest => false,
        }
    }

    fn has(self, status: StatusCode) -> bool {
        match self {
            Statuses::One(code) => status.as_u16() == code,
            Statuses::Range(first) => status.as_u16() / 100 == first,
            Statuses::Rest => true,
        }
    }
}

impl Declared {
    fn compile(
        document: &Value,
        schemas: &Schemas,
        (pointer, answer): (&str, &Value),
        warnings: &mut Vec<String>,
    ) -> Result<Declared, ContractError> {
        let mut compile = |at: &str| match schemas.compile(at) {
            Ok(schema) => Some(schema),
            Err(why) => {
                warnings.push(format!("answers are not checked by a schema: {why}"));
                None
            }
        };
        let mut headers = Vec::new();
        let named = answer.get("headers").and_then(Value::as_object);
        for name in named.into_iter().flat_map(Map::keys) {
            let at = join(&join(pointer, "headers"), name);
            let (at, described) = resolve(document, &at)?;
            // Of `content-type` OpenAPI says that it is ignored here.
            let Some(name) = HeaderName::from_bytes(name.as_bytes())
                .ok()
                .filter(|name| *name != header::CONTENT_TYPE)
            else {
                continue;
            };
            headers.push(Header {
                name,
                required: described.get("required") == Some(&Value::Bool(true)),
                schema: described
                    .get("schema")
                    .and_then(|_| compile(&join(&at, "schema")))
                    .filter(|schema| !schema.takes_list() && !schema.takes_object()),
            });
        }
        let mut media = Vec::new();
        let content = answer.get("content").and_then(Value::as_object);
        // Anything at all, as documents say it of handlers that answer for themselves, is no promise.
        let content = content.filter(|content| content.values().any(says_something));
        for (name, described) in content.into_iter().flatten() {
            let at = join(&join(pointer, "content"), name);
            let name = essence(name).to_ascii_lowercase();
            let checked = is_json(&name) && described.get("schema").is_some();
            media.push(Media {
                schema: checked.then(|| compile(&join(&at, "schema"))).flatten(),
                name,
            });
        }
        Ok(Declared { headers, media })
    }

    /// Whether there is anything that an answer could break.
    fn promises(&self) -> bool {
        !self.headers.is_empty() || !self.media.is_empty()
    }

    fn check_body(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        limits: &Limits,
    ) -> Result<(), (Option<String>, String)> {
        let given = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(essence)
            .unwrap_or_default();
        let Some(media) = self.media.iter().find(|media| matches(&media.name, given)) else {
            let names: Vec<&str> = self.media.iter().map(|media| &*media.name).collect();
            let names = names.join("`, `");
            return Err((
                None,
                match given {
                    "" => format!("it has no `content-type`, and `{names}` is declared"),
                    given => format!("its `content-type` is `{given}`, and `{names}` is declared"),
                },
            ));
        };
        let Some(schema) = &media.schema else {
            return Ok(());
        };
        if !is_json(&given.to_ascii_lowercase()) {
            return Ok(());
        }
        let (value, large) = std::str::from_utf8(body)
            .map_err(|why| why.to_string())
            .and_then(|text| json::exactly(text).map_err(|why| why.to_string()))
            .map_err(|why| (Some(String::new()), format!("the body is no JSON: {why}")))?;
        let mut broken = Violations::one(limits);
        match limits.json {
            JsonTypes::Strict => schema.check(&value, &large, &[], &mut broken),
            JsonTypes::Lax => schema.check_spelled(&value, &large, &[], &mut broken),
        }
        match broken.into_vec().pop() {
            Some(violation) => Err((Some(pointer(&violation, &value)), violation.msg.into())),
            None => Ok(()),
        }
    }
}

/// Whether what is said of a media type is more than that anything may come.
fn says_something(described: &Value) -> bool {
    match described.get("schema") {
        None | Some(Value::Bool(true)) => false,
        Some(Value::Object(schema)) => schema.keys().any(|key| key != "title"),
        Some(_) => true,
    }
}

impl Header {
    fn check(&self, headers: &HeaderMap, limits: &Limits) -> Result<(), String> {
        let Some(value) = headers.get(&self.name) else {
            return match self.required {
                true => Err(format!("the required header `{}` is missing", self.name)),
                false => Ok(()),
            };
        };
        let Some(schema) = &self.schema else {
            return Ok(());
        };
        let Ok(text) = value.to_str() else {
            return Err(format!("the header `{}` is no text", self.name));
        };
        let mut broken = Violations::one(limits);
        schema.read_text(text, &Large::default(), &[], &mut broken);
        match broken.into_vec().pop() {
            Some(violation) => Err(format!("the header `{}`: {}", self.name, violation.msg)),
            None => Ok(()),
        }
    }
}

/// Where a violation is, as a JSON pointer: its `loc` without the names of a union's branches, which are no places. What is
/// missing is not there, but where it is missing is said.
fn pointer(violation: &Violation, value: &Value) -> String {
    let mut pointer = String::new();
    let mut here = Some(value);
    for (place, step) in violation.loc.iter().enumerate() {
        let (key, next) = match step {
            Loc::Name(name) => (name.to_string(), here.and_then(|here| here.get(&**name))),
            Loc::Index(index) => (index.to_string(), here.and_then(|here| here.get(*index))),
        };
        let last = place + 1 == violation.loc.len();
        if next.is_some() || (last && violation.kind == "missing") {
            pointer = child(&pointer, &key);
            here = next;
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answers(responses: &Value) -> Answers {
        let document = json!({
            "openapi": "3.1.0",
            "paths": { "/x": { "get": { "responses": responses } } },
            "components": { "schemas": {
                "Item": { "type": "object", "required": ["price"], "properties": { "price": { "type": "number", "exclusiveMinimum": 0 } } },
                "Cat": { "type": "object", "required": ["lives"], "properties": { "lives": { "type": "integer" } } },
            } },
        });
        let schemas = Schemas::new(&document).unwrap();
        let operation = &document["paths"]["/x"]["get"];
        let at = ("/paths/~1x/get", operation.as_object().unwrap());
        let mut warnings = Vec::new();
        let answers = Answers::compile(&document, &schemas, at, &mut warnings).unwrap();
        assert_eq!(warnings, [""; 0]);
        answers
    }

    fn said(
        answers: &Answers,
        status: u16,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> String {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        let headers = HeaderMap::from_iter(headers);
        let status = StatusCode::from_u16(status).unwrap();
        let found = answers.check(status, &headers, Some(body.as_bytes()), &Limits::default());
        found.map_or_else(|off| off.to_string(), |()| String::new())
    }

    #[test]
    fn with_json_taken_laxly_a_moment_that_is_answered_needs_no_zone() {
        let when = json!({ "content": { "application/json": { "schema": { "type": "string", "format": "date-time" } } } });
        let answers = answers(&json!({ "200": when }));
        let headers =
            HeaderMap::from_iter([(header::CONTENT_TYPE, "application/json".parse().unwrap())]);
        let fits = |json: JsonTypes, body: &str| {
            let limits = Limits {
                json,
                ..Limits::default()
            };
            let body = Some(body.as_bytes());
            answers
                .check(StatusCode::OK, &headers, body, &limits)
                .is_ok()
        };
        let naive = r#""2024-01-02T03:04:05""#;
        assert!(!fits(JsonTypes::Strict, naive));
        assert!(fits(JsonTypes::Lax, naive));
        assert!(!fits(JsonTypes::Lax, r#""soon""#));
    }

    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

    fn json_of(schema: &str) -> Value {
        json!({ "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } } })
    }

    #[test]
    fn a_body_is_held_against_the_schema_of_its_status_then_of_its_range_then_of_default() {
        let answers =
            answers(&json!({ "default": json_of("Cat"), "2XX": json_of("Item"), "201": {} }));
        assert_eq!(said(&answers, 201, &[JSON], "anything"), "");
        assert_eq!(said(&answers, 200, &[JSON], r#"{"price":1}"#), "");
        assert_eq!(
            said(&answers, 200, &[JSON], r#"{"price":0}"#),
            "the answer 200 breaks the contract at `/price`: Input should be greater than 0"
        );
        assert_eq!(
            said(&answers, 404, &[JSON], "{}"),
            "the answer 404 breaks the contract at `/lives`: Field required"
        );
        assert_eq!(
            said(&answers, 200, &[JSON], "{price}"),
            "the answer 200 breaks the contract: the body is no JSON: key must be a string at line 1 column 2"
        );
        assert_eq!(
            said(&answers, 200, &[JSON], ""),
            "the answer 200 breaks the contract: the body is no JSON: EOF while parsing a value at line 1 column 0"
        );
    }

    #[test]
    fn a_success_has_to_be_declared_and_an_error_need_not_be() {
        let answers = answers(&json!({ "200": json_of("Item") }));
        assert_eq!(
            said(&answers, 201, &[JSON], r#"{"price":1}"#),
            "the answer 201 breaks the contract: the contract has no such status"
        );
        assert_eq!(said(&answers, 404, &[JSON], "{}"), "");
        assert_eq!(said(&answers, 303, &[("location", "/x")], ""), "");
        let answers = self::answers(&json!({ "200": { "description": "anything" } }));
        assert_eq!(said(&answers, 204, &[], ""), "");
    }

    #[test]
    fn the_media_type_is_one_that_is_declared() {
        let answers = answers(
            &json!({ "200": { "content": { "text/*": { "schema": { "type": "string" } }, "application/json": {} } },
                "202": { "content": { "application/json": { "schema": { "title": "Anything" } } } },
                "404": { "description": "none" } }),
        );
        assert_eq!(
            said(&answers, 200, &[("content-type", "text/html")], "<"),
            ""
        );
        assert_eq!(
            said(&answers, 200, &[("content-type", "image/png")], "x"),
            "the answer 200 breaks the contract: its `content-type` is `image/png`, and `text/*`, `application/json` is declared"
        );
        assert_eq!(
            said(&answers, 200, &[], "x"),
            "the answer 200 breaks the contract: it has no `content-type`, and `text/*`, `application/json` is declared"
        );
        assert_eq!(said(&answers, 404, &[JSON], r#"{"detail":"x"}"#), "");
        assert_eq!(
            said(&answers, 202, &[("content-type", "image/png")], "x"),
            ""
        );
    }

    #[test]
    fn declared_headers_are_there_if_required_and_fit_if_there() {
        let answers = answers(&json!({ "200": { "headers": {
            "X-Total": { "required": true, "schema": { "type": "integer", "minimum": 0 } },
            "X-Note": { "schema": { "type": "string", "maxLength": 2 } },
            "Content-Type": { "required": true },
        } } }));
        assert_eq!(said(&answers, 200, &[("x-total", "3")], ""), "");
        assert_eq!(
            said(&answers, 200, &[], ""),
            "the answer 200 breaks the contract: the required header `x-total` is missing"
        );
        assert_eq!(
            said(&answers, 200, &[("x-total", "-1")], ""),
            "the answer 200 breaks the contract: the header `x-total`: Input should be greater than or equal to 0"
        );
        assert_eq!(
            said(&answers, 200, &[("x-total", "1"), ("x-note", "abc")], ""),
            "the answer 200 breaks the contract: the header `x-note`: String should have at most 2 characters"
        );
    }

    #[test]
    fn the_place_is_a_pointer_into_the_body_also_within_unions() {
        let union = json!({ "content": { "application/json": { "schema": { "type": "array", "items": {
            "anyOf": [{ "$ref": "#/components/schemas/Item" }, { "$ref": "#/components/schemas/Cat" }] } } } } });
        let answers = answers(&json!({ "200": union }));
        assert_eq!(
            said(&answers, 200, &[JSON], r#"[{"price":1},{"price":-1}]"#),
            "the answer 200 breaks the contract at `/1/price`: Input should be greater than 0"
        );
    }
}
