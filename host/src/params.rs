//! Parameters of path, query, headers and cookies: texts read by their schemas, as the JSON that a guest gets.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::cookie;
use crate::field::{Field, end_object, text};
use crate::schema::{SchemaError, Schemas};
use crate::violations::Violations;

/// The parameters of one operation.
#[derive(Default)]
pub(crate) struct Parameters {
    path: Vec<PathParameter>,
    query: Vec<Field>,
    header: Vec<HeaderParameter>,
    cookie: Vec<Field>,
}

struct PathParameter {
    field: Field,
    /// Where it stands in the path's template.
    place: usize,
}

struct HeaderParameter {
    field: Field,
    header: HeaderName,
    /// A list stands in one header, between commas, because the contract says `style: simple`; else a header each.
    commas: bool,
}

/// The parameters of an operation, and what is to be said about those that can be read but may not be meant.
pub(crate) struct CompiledParameters {
    pub(crate) parameters: Parameters,
    pub(crate) warnings: Vec<String>,
}

impl Parameters {
    /// Compiles the parameter objects at `pointers`. `path` names the parameters in the path's template, in order.
    pub(crate) fn compile(
        schemas: &Schemas,
        path: &[impl AsRef<str>],
        pointers: &[String],
    ) -> Result<CompiledParameters, SchemaError> {
        let mut parameters = Parameters::default();
        let mut warnings = Vec::new();
        for pointer in pointers {
            let (pointer, object) = schemas.resolve(pointer)?;
            let refuse = |message: String| Err(SchemaError::new(&pointer, message));
            let text = |key: &str| object.get(key).and_then(Value::as_str);
            let (Some(name), Some(place)) = (text("name"), text("in")) else {
                return refuse("a parameter needs `name` and `in`".into());
            };
            match place {
                "path" => {
                    let Some(place) = path.iter().position(|known| known.as_ref() == name) else {
                        return refuse(format!("the path has no `{{{name}}}`"));
                    };
                    let field = field(schemas, &pointer, object, "path", name)?;
                    if field.list {
                        return refuse(format!("path parameter `{name}` cannot be an array"));
                    }
                    parameters.path.push(PathParameter { field, place });
                }
                "query" => {
                    let field = field(schemas, &pointer, object, "query", name)?;
                    if field.list && object.get("explode") == Some(&Value::Bool(false)) {
                        return refuse(format!(
                            "lists separated by commas are not supported: leave `explode` away and repeat `{name}`"
                        ));
                    }
                    parameters.query.push(field);
                }
                "header" => {
                    let Ok(header) = name.parse::<HeaderName>() else {
                        return refuse(format!("`{name}` cannot be the name of a header"));
                    };
                    if parameters.header.iter().any(|known| known.header == header) {
                        return refuse(format!(
                            "the header `{header}` is declared twice; names of headers are the same in any case"
                        ));
                    }
                    let field = field(schemas, &pointer, object, "header", name)?;
                    parameters.header.push(HeaderParameter {
                        field: field.known_as(header.as_str()),
                        header,
                        commas: text("style").is_some(),
                    });
                }
                "cookie" => {
                    let field = field(schemas, &pointer, object, "cookie", name)?;
                    if field.list {
                        return refuse(format!(
                            "cookie parameter `{name}` cannot be an array: a client sends a cookie once"
                        ));
                    }
                    parameters.cookie.push(field);
                }
                _ => {
                    return refuse(format!(
                        "`in` must be path, query, header or cookie, not `{place}`"
                    ));
                }
            }
        }
        for (place, field) in parameters.optional() {
            warnings.extend(
                field
                    .misfit()
                    .map(|misfit| format!("{place} parameter `{}`: {misfit}", field.name)),
            );
        }
        Ok(CompiledParameters {
            parameters,
            warnings,
        })
    }

    /// All that may be absent, with the place they are sent in.
    fn optional(&self) -> impl Iterator<Item = (&'static str, &Field)> {
        let query = self.query.iter().map(|field| ("query", field));
        let header = self.header.iter().map(|known| ("header", &known.field));
        let cookie = self.cookie.iter().map(|field| ("cookie", field));
        query.chain(header).chain(cookie)
    }

    /// Reads what was sent: `path` holds the raw text of each parameter in the template. What does not fit goes to
    /// `violations`; then the JSON is not to be used. Places without parameters are left out of it.
    pub(crate) fn read(
        &self,
        path: &[&str],
        query: Option<&str>,
        headers: &HeaderMap,
        violations: &mut Violations,
    ) -> String {
        let mut json = Vec::with_capacity(128);
        json.push(b'{');
        if !self.path.is_empty() {
            json.extend_from_slice(b"\"path\":{");
            for parameter in &self.path {
                let raw = path.get(parameter.place).copied().unwrap_or_default();
                parameter
                    .field
                    .read(Some(&decode(raw)), &mut json, violations);
            }
            end_place(&mut json);
        }
        if !self.query.is_empty() {
            json.extend_from_slice(b"\"query\":{");
            let pairs: Vec<_> = match query {
                Some(query) => form_urlencoded::parse(query.as_bytes()).collect(),
                None => Vec::new(),
            };
            for field in &self.query {
                let mut sent = pairs
                    .iter()
                    .filter(|(name, _)| *name == field.name)
                    .map(|(_, text)| &**text);
                match field.list {
                    true => field.read_all(&sent.collect::<Vec<_>>(), &mut json, violations),
                    false => field.read(sent.next_back(), &mut json, violations),
                }
            }
            end_place(&mut json);
        }
        if !self.header.is_empty() {
            json.extend_from_slice(b"\"header\":{");
            for parameter in &self.header {
                parameter.read(headers, &mut json, violations);
            }
            end_place(&mut json);
        }
        if !self.cookie.is_empty() {
            json.extend_from_slice(b"\"cookie\":{");
            let sent = texts(headers, &header::COOKIE);
            let pairs: Vec<_> = sent.iter().flat_map(|text| cookie::parse(text)).collect();
            for field in &self.cookie {
                let last = pairs.iter().rfind(|(name, _)| *name == field.name);
                field.read(last.map(|(_, text)| &**text), &mut json, violations);
            }
            end_place(&mut json);
        }
        end_object(&mut json);
        String::from_utf8(json).expect("JSON is written as UTF-8")
    }
}

impl HeaderParameter {
    fn read(&self, headers: &HeaderMap, json: &mut Vec<u8>, violations: &mut Violations) {
        if !self.field.list {
            let first = headers
                .get(&self.header)
                .map(|value| text(value.as_bytes()));
            return self.field.read(first.as_deref(), json, violations);
        }
        let sent = texts(headers, &self.header);
        let sent: Vec<&str> = match self.commas {
            true => sent
                .iter()
                .flat_map(|line| line.split(',').map(str::trim))
                .collect(),
            false => sent.iter().map(|text| &**text).collect(),
        };
        self.field.read_all(&sent, json, violations);
    }
}

/// Compiles what all parameters have in common.
fn field(
    schemas: &Schemas,
    pointer: &str,
    object: &Value,
    place: &'static str,
    name: &str,
) -> Result<Field, SchemaError> {
    let refuse = |message: String| Err(SchemaError::new(pointer, message));
    if object.get("schema").is_none() {
        return refuse(format!("{place} parameter `{name}` needs a `schema`"));
    }
    let style = object.get("style").and_then(Value::as_str);
    let usual = match place {
        "path" | "header" => "simple",
        _ => "form",
    };
    if style.is_some_and(|style| style != usual) {
        return refuse(format!(
            "only style `{usual}` is supported for {place} parameters"
        ));
    }
    let required = place == "path" || object.get("required") == Some(&Value::Bool(true));
    let field = Field::compile(schemas, &format!("{pointer}/schema"), place, name, required)?;
    if field.takes_object() {
        return refuse(format!("{place} parameter `{name}` cannot be an object"));
    }
    Ok(field)
}

/// As [`end_object`]; another place may follow.
fn end_place(json: &mut Vec<u8>) {
    end_object(json);
    json.push(b',');
}

/// Every value of a header, in the order sent.
fn texts<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Vec<Cow<'h, str>> {
    headers
        .get_all(name)
        .iter()
        .map(|value| text(value.as_bytes()))
        .collect()
}

/// Bytes that are no UTF-8 become U+FFFD.
fn decode(raw: &str) -> Cow<'_, str> {
    percent_decode_str(raw).decode_utf8_lossy()
}
