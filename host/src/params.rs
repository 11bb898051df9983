//! Parameters of path, query, headers and cookies: texts read by their schemas, as the JSON that a guest gets.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use serde_json::Value;

use crate::field::{Field, end_object};
use crate::pairs::{self, OF_ANY_REQUEST, Pair, tell_extra};
use crate::problem::{Loc, Violation};
use crate::schema::{SchemaError, Schemas};
use crate::style::Style;
use crate::violations::Violations;

/// The parameters of one operation.
#[derive(Default)]
pub(crate) struct Parameters {
    path: Vec<PathParameter>,
    query: Place,
    header: Place,
    cookie: Place,
    /// Whether some are those of dependencies.
    dependencies: bool,
}

struct PathParameter {
    parameter: Parameter,
    /// Where it stands in the path's template.
    place: usize,
}

struct Parameter {
    field: Field,
    style: Style,
    /// As which of the operation's dependencies it is told of, from 1 on; those of the operation itself come last.
    dependency: u64,
}

/// As what parameters of the operation itself are told of.
const OWN: u64 = u64::MAX;

/// Where parameters stand that a client may send or not.
#[derive(Default)]
struct Place {
    parameters: Vec<Parameter>,
    model: Option<Model>,
    /// Whether anything else is refused.
    closed: bool,
}

/// Parameters that are one model, as `x-switchback-parameter-models` says.
#[derive(Clone, Copy, PartialEq)]
enum Model {
    Open,
    Closed,
}

/// The parameters of an operation, and what is to be said about those that can be read but may not be meant.
pub(crate) struct CompiledParameters {
    pub(crate) parameters: Parameters,
    pub(crate) warnings: Vec<String>,
}

impl Parameters {
    /// Compiles the parameter objects at `pointers`. `path` names the parameters in the path's template, in order.
    /// `models` is the operation's `x-switchback-parameter-models`.
    pub(crate) fn compile(
        schemas: &Schemas,
        path: &[impl AsRef<str>],
        pointers: &[String],
        models: Option<&Value>,
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
                    let parameter = parameter(schemas, &pointer, object, "path", name)?;
                    parameters.path.push(PathParameter { parameter, place });
                }
                "query" => {
                    let parameter = parameter(schemas, &pointer, object, "query", name)?;
                    parameters.query.parameters.push(parameter);
                }
                "header" => {
                    let Ok(header) = name.parse::<HeaderName>() else {
                        return refuse(format!("`{name}` cannot be the name of a header"));
                    };
                    let known = &mut parameters.header.parameters;
                    if known
                        .iter()
                        .any(|known| known.field.name == header.as_str())
                    {
                        return refuse(format!(
                            "the header `{header}` is declared twice; names of headers are the same in any case"
                        ));
                    }
                    let mut parameter = parameter(schemas, &pointer, object, "header", name)?;
                    parameter.field = parameter.field.known_as(header.as_str());
                    known.push(parameter);
                }
                "cookie" => {
                    let parameter = parameter(schemas, &pointer, object, "cookie", name)?;
                    parameters.cookie.parameters.push(parameter);
                }
                _ => {
                    return refuse(format!(
                        "`in` must be path, query, header or cookie, not `{place}`"
                    ));
                }
            }
        }
        parameters.set_models(models)?;
        let of_dependencies = |(_, one): (_, &Parameter)| one.dependency != OWN;
        let dependencies = parameters.all().any(of_dependencies);
        parameters.dependencies = dependencies;
        for (place, parameter) in parameters.optional() {
            let field = &parameter.field;
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

    fn set_models(&mut self, models: Option<&Value>) -> Result<(), SchemaError> {
        const KEY: &str = "x-switchback-parameter-models";
        let refuse = |message: String| Err(SchemaError::new(&format!("/{KEY}"), message));
        let models = match models {
            None => &serde_json::Map::new(),
            Some(Value::Object(models)) => models,
            Some(_) => return refuse(format!("`{KEY}` is an object")),
        };
        for (place, extra) in models {
            let model = match extra.as_str() {
                Some("ignore") => Model::Open,
                Some("forbid") => Model::Closed,
                _ => {
                    return refuse(format!(
                        "what is sent beside the `{place}` parameters is `ignore` or `forbid`, not {extra}"
                    ));
                }
            };
            match &**place {
                "query" => self.query.model = Some(model),
                "header" => self.header.model = Some(model),
                "cookie" => self.cookie.model = Some(model),
                _ => {
                    return refuse(format!(
                        "parameters of `query`, `header` or `cookie` may be a model, not of `{place}`"
                    ));
                }
            }
        }
        for place in [&mut self.query, &mut self.header, &mut self.cookie] {
            place.closed = place.model == Some(Model::Closed)
                || place.parameters.iter().any(|one| one.style.closes_place());
        }
        Ok(())
    }

    /// All of them, with the place they are sent in.
    fn all(&self) -> impl Iterator<Item = (&'static str, &Parameter)> {
        let path = self.path.iter().map(|one| ("path", &one.parameter));
        path.chain(self.optional())
    }

    /// As what a violation of one of them is told of.
    fn rank(&self, violation: &Violation) -> u64 {
        let [Loc::Name(place), Loc::Name(name), ..] = &violation.loc[..] else {
            return OWN;
        };
        let is_meant = |(word, one): &(&str, &Parameter)| {
            let name = match *word {
                "header" => &name.to_ascii_lowercase(),
                _ => &**name,
            };
            word == place && one.style.takes(&one.field.name, name)
        };
        let mut all = self.all();
        all.find(is_meant).map_or(OWN, |(_, one)| one.dependency)
    }

    /// All that may be absent, with the place they are sent in.
    fn optional(&self) -> impl Iterator<Item = (&'static str, &Parameter)> {
        let query = self.query.parameters.iter().map(|one| ("query", one));
        let header = self.header.parameters.iter().map(|one| ("header", one));
        let cookie = self.cookie.parameters.iter().map(|one| ("cookie", one));
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
        let before = violations.len();
        let mut json = Vec::with_capacity(128);
        json.push(b'{');
        if !self.path.is_empty() {
            begin_place("path", &mut json);
            for PathParameter { parameter, place } in &self.path {
                let raw = path.get(*place).copied().unwrap_or_default();
                let sent = [pairs::of_path(&parameter.field.name, raw)];
                parameter.read(&sent, false, &mut json, violations);
            }
            end_place(&mut json);
        }
        if !self.query.is_empty() {
            let sent = query.map(pairs::of_query).unwrap_or_default();
            self.query.read("query", &sent, &mut json, violations);
        }
        if !self.header.is_empty() {
            let sent = pairs::of_headers(headers);
            self.header.read("header", &sent, &mut json, violations);
        }
        if !self.cookie.is_empty() {
            let sent = pairs::of_cookies(headers);
            self.cookie.read("cookie", &sent, &mut json, violations);
        }
        end_object(&mut json);
        if self.dependencies {
            violations.sort_behind(before, |violation| self.rank(violation));
        }
        String::from_utf8(json).expect("JSON is written as UTF-8")
    }
}

impl Place {
    /// Whether what is sent there is of no interest.
    fn is_empty(&self) -> bool {
        self.parameters.is_empty() && !self.closed
    }

    fn read(
        &self,
        word: &'static str,
        sent: &[Pair<'_>],
        json: &mut Vec<u8>,
        violations: &mut Violations,
    ) {
        begin_place(word, json);
        // Of a model in the query what was sent is shown, as FastAPI does; headers and cookies may hold secrets.
        let shown = self.model.filter(|_| word == "query");
        for parameter in &self.parameters {
            let Parameter { field, style, .. } = parameter;
            let is_sent = |pair: &Pair<'_>| style.takes(&field.name, &pair.name);
            if shown.is_some() && field.must_be_sent() && !sent.iter().any(is_sent) {
                let texts = sent.iter().map(|pair| (&*pair.name, pair.text()));
                let declared = |name: &str| {
                    let mut all = self.parameters.iter();
                    all.find_map(|one| one.style.declared(&one.field, name))
                };
                field.tell_missing(|| pairs::as_object(texts, declared), violations);
                continue;
            }
            parameter.read(sent, word == "header", json, violations);
        }
        end_place(json);
        if self.closed {
            let texts: Vec<(&str, Cow<'_, str>)> =
                sent.iter().map(|pair| (&*pair.name, pair.text())).collect();
            let is_known = |name: &str| {
                let mut known = self.parameters.iter();
                word == "header" && OF_ANY_REQUEST.iter().any(|header| header == name)
                    || known.any(|one| one.style.takes(&one.field.name, name))
            };
            tell_extra(word, &texts, is_known, violations);
        }
    }
}

impl Parameter {
    fn read(
        &self,
        sent: &[Pair<'_>],
        first: bool,
        json: &mut Vec<u8>,
        violations: &mut Violations,
    ) {
        self.style.value(&self.field, sent, first, json, violations);
    }
}

/// Compiles what all parameters have in common.
fn parameter(
    schemas: &Schemas,
    pointer: &str,
    object: &Value,
    place: &'static str,
    name: &str,
) -> Result<Parameter, SchemaError> {
    let refuse = |message: String| Err(SchemaError::new(pointer, message));
    let schema = match (object.get("schema"), object.get("content")) {
        (Some(_), None) => format!("{pointer}/schema"),
        (None, Some(Value::Object(content))) if content.contains_key("application/json") => {
            format!("{pointer}/content/application~1json/schema")
        }
        (None, Some(_)) => {
            return refuse(format!(
                "the `content` of {place} parameter `{name}` is `application/json`"
            ));
        }
        _ => {
            return refuse(format!(
                "{place} parameter `{name}` needs a `schema`, or `content` in its place"
            ));
        }
    };
    let required = place == "path" || object.get("required") == Some(&Value::Bool(true));
    let field = Field::compile(schemas, &schema, &[place, name], required)?;
    let style = Style::read(schemas, pointer, object, place, &field)?;
    let dependency = object.get("x-switchback-dependency");
    Ok(Parameter {
        field,
        style,
        dependency: dependency.and_then(Value::as_u64).unwrap_or(OWN),
    })
}

/// Opens the object of a place.
fn begin_place(word: &str, json: &mut Vec<u8>) {
    json.push(b'"');
    json.extend_from_slice(word.as_bytes());
    json.extend_from_slice(b"\":{");
}

/// As [`end_object`]; another place may follow.
fn end_place(json: &mut Vec<u8>) {
    end_object(json);
    json.push(b',');
}
