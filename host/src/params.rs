//! Parameters of the path and the query: texts read by their schemas, as the JSON that a guest gets.

use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::config::Limits;
use crate::problem::Loc;
use crate::schema::{Schema, SchemaError, Schemas};
use crate::violations::{Rule, Violations};

/// The parameters of one operation.
#[derive(Default)]
pub(crate) struct Parameters {
    path: Vec<Parameter>,
    query: Vec<Parameter>,
}

struct Parameter {
    name: String,
    /// `"name":`
    key: String,
    /// Where it stands in the path's template.
    place: usize,
    /// `["query", name]`
    loc: [Loc; 2],
    required: bool,
    default: Option<Value>,
    schema: Arc<Schema>,
    list: bool,
}

/// The parameters of an operation, and what is to be said about those that are not checked.
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
        let mut compiled = CompiledParameters {
            parameters: Parameters::default(),
            warnings: Vec::new(),
        };
        for pointer in pointers {
            let (pointer, object) = schemas.resolve(pointer)?;
            let text = |key: &str| object.get(key).and_then(Value::as_str);
            let (Some(name), Some(place)) = (text("name"), text("in")) else {
                let message = "a parameter needs `name` and `in`";
                return Err(SchemaError::new(&pointer, message));
            };
            match place {
                "path" => {
                    let Some(place) = path.iter().position(|known| known.as_ref() == name) else {
                        let message = format!("the path has no `{{{name}}}`");
                        return Err(SchemaError::new(&pointer, message));
                    };
                    let parameter = Parameter {
                        place,
                        required: true,
                        ..Parameter::compile(schemas, &pointer, name, "path", object)?
                    };
                    if parameter.list {
                        let message = format!("path parameter `{name}` cannot be an array");
                        return Err(SchemaError::new(&pointer, message));
                    }
                    compiled.parameters.path.push(parameter);
                }
                "query" => {
                    let parameter = Parameter::compile(schemas, &pointer, name, "query", object)?;
                    compiled.warnings.extend(parameter.misfit());
                    compiled.parameters.query.push(parameter);
                }
                "header" | "cookie" => compiled.warnings.push(format!(
                    "{place} parameter `{name}` is neither checked nor passed yet; the guest can read the header \
                     itself"
                )),
                _ => {
                    let message = format!("`in` must be path, query, header or cookie, not `{place}`");
                    return Err(SchemaError::new(&pointer, message));
                }
            }
        }
        Ok(compiled)
    }

    /// Reads what was sent: `path` holds the raw text of each parameter in the template. What does not fit goes to
    /// `violations`; then the JSON is not to be used.
    pub(crate) fn read(
        &self,
        path: &[&str],
        query: Option<&str>,
        violations: &mut Violations,
    ) -> String {
        let mut json = Vec::with_capacity(128);
        json.extend_from_slice(b"{\"path\":{");
        for parameter in &self.path {
            let raw = path.get(parameter.place).copied().unwrap_or_default();
            parameter.text(&decode(raw), &mut json, violations);
        }
        end_object(&mut json);
        json.extend_from_slice(b",\"query\":{");
        if !self.query.is_empty() {
            let pairs: Vec<_> = match query {
                Some(query) => form_urlencoded::parse(query.as_bytes()).collect(),
                None => Vec::new(),
            };
            for parameter in &self.query {
                parameter.query(&pairs, &mut json, violations);
            }
        }
        end_object(&mut json);
        json.extend_from_slice(b",\"header\":{},\"cookie\":{}}");
        String::from_utf8(json).expect("JSON is written as UTF-8")
    }
}

impl Parameter {
    fn compile(
        schemas: &Schemas,
        pointer: &str,
        name: &str,
        place: &'static str,
        object: &Value,
    ) -> Result<Parameter, SchemaError> {
        let refuse = |message: String| Err(SchemaError::new(pointer, message));
        let Some(schema) = object.get("schema") else {
            return refuse(format!("{place} parameter `{name}` needs a `schema`"));
        };
        let style = object.get("style").and_then(Value::as_str);
        let usual = if place == "path" { "simple" } else { "form" };
        if style.is_some_and(|style| style != usual) {
            return refuse(format!(
                "only style `{usual}` is supported for {place} parameters"
            ));
        }
        let at = format!("{pointer}/schema");
        let (_, resolved) = schemas.resolve(&at)?;
        let default = schema.get("default").or_else(|| resolved.get("default"));
        let schema = schemas.compile(&at)?;
        let loc = [
            Loc::Name(place.into()),
            Loc::Name(Cow::Owned(name.to_owned())),
        ];
        if schema.takes_object() {
            return refuse(format!("{place} parameter `{name}` cannot be an object"));
        }
        let list = schema.takes_list();
        if list && object.get("explode") == Some(&Value::Bool(false)) {
            return refuse(format!(
                "lists separated by commas are not supported: leave `explode` away and repeat `{name}`"
            ));
        }
        Ok(Parameter {
            name: name.to_owned(),
            key: format!("{}:", Value::from(name)),
            place: 0,
            loc,
            required: object.get("required") == Some(&Value::Bool(true)),
            default: default.cloned(),
            schema,
            list,
        })
    }

    /// Defaults are passed unchecked, as FastAPI does; one that does not fit may be meant.
    fn misfit(&self) -> Option<String> {
        let default = self.default.as_ref()?;
        let mut violations = Violations::new(&Limits::default());
        self.schema.check(default, &self.loc, &mut violations);
        let broken = violations.into_vec().into_iter().next()?;
        Some(format!(
            "the default `{default}` of query parameter `{}` does not fit its own schema: {}",
            self.name,
            broken.msg.to_lowercase()
        ))
    }

    fn query(
        &self,
        pairs: &[(Cow<'_, str>, Cow<'_, str>)],
        json: &mut Vec<u8>,
        violations: &mut Violations,
    ) {
        let mut sent = pairs
            .iter()
            .filter(|(name, _)| *name == self.name)
            .map(|(_, text)| &**text);
        if self.list {
            let texts: Vec<_> = sent.collect();
            if !texts.is_empty() {
                if let Some(value) = self.schema.read_list(&texts, &self.loc, violations) {
                    self.write(&value, json);
                }
                return;
            }
        } else if let Some(text) = sent.next_back() {
            return self.text(text, json, violations);
        }
        match &self.default {
            Some(default) => self.write(default, json),
            None if self.required => {
                violations.push(Rule::missing(), || self.loc.to_vec(), |_| Value::Null);
            }
            None => {}
        }
    }

    fn text(&self, text: &str, json: &mut Vec<u8>, violations: &mut Violations) {
        if let Some(value) = self.schema.read_text(text, &self.loc, violations) {
            self.write(&value, json);
        }
    }

    fn write(&self, value: &Value, json: &mut Vec<u8>) {
        json.extend_from_slice(self.key.as_bytes());
        serde_json::to_writer(&mut *json, value).expect("a value always becomes JSON");
        json.push(b',');
    }
}

/// Closes an object whose members each end in a comma.
fn end_object(json: &mut Vec<u8>) {
    if json.last() == Some(&b',') {
        json.pop();
    }
    json.push(b'}');
}

/// Bytes that are no UTF-8 become U+FFFD.
fn decode(raw: &str) -> Cow<'_, str> {
    percent_decode_str(raw).decode_utf8_lossy()
}
