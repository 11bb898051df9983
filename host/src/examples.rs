//! Requests made from the examples of a contract.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// What may stand in a segment of a path as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What may stand in the rest of a path.
const REST: &AsciiSet = &SEGMENT.remove(b'/');

/// How deep an object is put together from the examples of its properties.
const DEPTH: usize = 6;

/// The requests that the examples of an operation in an OpenAPI document make, as many as whatever has the most of them; what
/// has fewer repeats its last. What may be left out and has no example is left out.
///
/// ```
/// let document = serde_json::json!({ "paths": { "/items/{id}": { "get": { "parameters": [
///     { "name": "id", "in": "path", "required": true, "schema": { "type": "integer", "examples": [7, 8] } },
/// ] } } } });
/// let requests = switchback::example_requests(&document, &http::Method::GET, "/items/{id}").unwrap();
/// assert_eq!(requests[1].uri(), "/items/8");
/// ```
///
/// # Errors
///
/// All that is missing for one, a text for each.
pub fn example_requests(
    document: &Value,
    method: &Method,
    path: &str,
) -> Result<Vec<Request<Bytes>>, Vec<String>> {
    let item = &document["paths"][path];
    let operation = &item[method.as_str().to_lowercase()];
    let mut missing = Vec::new();
    let mut parameters = Vec::new();
    for described in parameters_of(document, item, operation) {
        match Parameter::read(document, described) {
            Ok(parameter) => parameters.extend(parameter),
            Err(what) => missing.push(what),
        }
    }
    let bodies = bodies(document, operation).unwrap_or_else(|what| {
        missing.push(what);
        Vec::new()
    });
    let most = parameters.iter().map(|parameter| parameter.values.len());
    let count = most.chain([bodies.len(), 1]).max().unwrap_or(1);
    let mut made = Vec::new();
    for index in 0..count {
        match request(method, path, &parameters, nth(&bodies, index), index) {
            Ok(request) if missing.is_empty() => made.push(request),
            Ok(_) => {}
            Err(what) if missing.contains(&what) => {}
            Err(what) => missing.push(what),
        }
    }
    match missing.is_empty() {
        true => Ok(made),
        false => Err(missing),
    }
}

/// A parameter that has examples.
struct Parameter<'d> {
    name: &'d str,
    place: &'d str,
    /// An array is sent as several of that name.
    explode: bool,
    /// A slash stays one.
    takes_rest: bool,
    values: Vec<Value>,
}

/// Those of the operation, and of its path what the operation does not say anew.
fn parameters_of<'d>(document: &'d Value, item: &'d Value, operation: &'d Value) -> Vec<&'d Value> {
    let read = |of: &'d Value| {
        let list = of["parameters"].as_array().map(Vec::as_slice);
        let list = list.unwrap_or_default().iter();
        list.map(|described| resolve(document, described))
    };
    let mut all: Vec<&Value> = read(operation).collect();
    for shared in read(item) {
        let same = |own: &&Value| own["name"] == shared["name"] && own["in"] == shared["in"];
        if !all.iter().any(same) {
            all.push(shared);
        }
    }
    all
}

impl<'d> Parameter<'d> {
    /// None where it may be left out and has no example.
    fn read(document: &'d Value, described: &'d Value) -> Result<Option<Parameter<'d>>, String> {
        let name = described["name"].as_str().unwrap_or_default();
        let place = described["in"].as_str().unwrap_or_default();
        let mut values = match described["content"].as_object() {
            // Its value is JSON in a text.
            Some(content) => content
                .values()
                .flat_map(|media| examples(document, media))
                .map(|value| Value::String(value.to_string()))
                .collect(),
            None => examples(document, described),
        };
        // Null is a parameter that is not sent.
        values.retain(|value| !value.is_null());
        let needed = place == "path" || described["required"] == true;
        if values.is_empty() {
            return match needed {
                true => Err(format!("the {place} parameter `{name}` has no example")),
                false => Ok(None),
            };
        }
        Ok(Some(Parameter {
            name,
            place,
            explode: described["explode"] != false,
            takes_rest: described["x-switchback-wildcard"] == true,
            values,
        }))
    }

    /// The texts of one of its values.
    fn texts(&self, index: usize) -> Result<Vec<String>, String> {
        let values = match nth(&self.values, index) {
            Some(Value::Array(items)) => items.iter().collect(),
            Some(value) => vec![value],
            None => Vec::new(),
        };
        let texts = values.into_iter().map(|value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Array(_) | Value::Object(_) => Err(format!(
                "the example of the {} parameter `{}` is nested; only plain values and lists of them are sent",
                self.place, self.name
            )),
            plain => Ok(plain.to_string()),
        });
        texts.collect()
    }
}

fn request(
    method: &Method,
    path: &str,
    parameters: &[Parameter<'_>],
    body: Option<&Value>,
    index: usize,
) -> Result<Request<Bytes>, String> {
    let mut target = path.to_owned();
    let mut query = form_urlencoded::Serializer::new(String::new());
    let mut headers = HeaderMap::new();
    let mut cookies: Vec<String> = Vec::new();
    for parameter in parameters {
        let (name, texts) = (parameter.name, parameter.texts(index)?);
        let joined = texts.join(",");
        let each = match parameter.explode {
            true => texts,
            false => vec![joined.clone()],
        };
        match parameter.place {
            "path" => {
                let set = if parameter.takes_rest { REST } else { SEGMENT };
                let encoded = utf8_percent_encode(&joined, set).to_string();
                target = target.replace(&format!("{{{name}}}"), &encoded);
            }
            "query" => {
                query.extend_pairs(each.iter().map(|text| (name, text)));
            }
            "cookie" => cookies.extend(each.iter().map(|text| format!("{name}={text}"))),
            _ => {
                let header = header_of(name, &joined)?;
                headers.insert(header.0, header.1);
            }
        }
    }
    if !cookies.is_empty() {
        let (name, value) = header_of("cookie", &cookies.join("; "))?;
        headers.insert(name, value);
    }
    let query = query.finish();
    if !query.is_empty() {
        target = format!("{target}?{query}");
    }
    let text = body.map(Value::to_string).unwrap_or_default();
    if body.is_some() {
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
    }
    let mut request = Request::builder()
        .method(method)
        .uri(&target)
        .body(Bytes::from(text))
        .map_err(|why| format!("`{target}` is no target of a request: {why}"))?;
    *request.headers_mut() = headers;
    Ok(request)
}

fn header_of(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let header = HeaderName::try_from(name)
        .ok()
        .zip(HeaderValue::try_from(value).ok());
    header.ok_or_else(|| format!("the example of `{name}` cannot stand in a header"))
}

/// The examples of the body; empty where there is none or it may be left out.
fn bodies(document: &Value, operation: &Value) -> Result<Vec<Value>, String> {
    let described = resolve(document, &operation["requestBody"]);
    let needed = described["required"] == true;
    let Some(content) = described["content"].as_object() else {
        return Ok(Vec::new());
    };
    let is_json = |media_type: &str| {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        essence == "application/json"
    };
    match content.iter().find(|(media_type, _)| is_json(media_type)) {
        Some((_, media)) => match examples(document, media) {
            none if none.is_empty() && needed => Err("the body has no example".into()),
            found => Ok(found),
        },
        None if needed => {
            let media_types: Vec<&str> = content.keys().map(String::as_str).collect();
            let what = media_types.join("` or `");
            Err(format!("the body is `{what}`; only JSON bodies are made"))
        }
        None => Ok(Vec::new()),
    }
}

/// What a parameter or a media type gives as examples, or else its schema.
fn examples(document: &Value, described: &Value) -> Vec<Value> {
    if let Some(example) = described.get("example") {
        return vec![example.clone()];
    }
    let named = described["examples"].as_object().into_iter().flatten();
    let named: Vec<Value> = named
        .filter_map(|(_, example)| resolve(document, example).get("value").cloned())
        .collect();
    match named.is_empty() {
        true => of_schema(document, &described["schema"], 0),
        false => named,
    }
}

fn of_schema(document: &Value, schema: &Value, depth: usize) -> Vec<Value> {
    let schema = resolve(document, schema);
    if let Some(several) = schema["examples"].as_array()
        && !several.is_empty()
    {
        return several.clone();
    }
    let single = ["example", "default", "const"]
        .iter()
        .find_map(|word| schema.get(word))
        .or_else(|| schema["enum"].get(0));
    if let Some(single) = single {
        return vec![single.clone()];
    }
    match (
        schema["allOf"].as_array().map(Vec::as_slice),
        schema["properties"].as_object(),
    ) {
        _ if depth == DEPTH => Vec::new(),
        (Some([only]), None) => of_schema(document, only, depth + 1),
        (_, Some(properties)) => {
            let object = of_properties(document, schema, properties, depth + 1);
            object.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// An object of the first example of each property, if all have one that have to be there.
fn of_properties(
    document: &Value,
    schema: &Value,
    properties: &Map<String, Value>,
    depth: usize,
) -> Option<Value> {
    let mut object = Map::new();
    for (name, property) in properties {
        if let Some(value) = of_schema(document, property, depth).into_iter().next() {
            object.insert(name.clone(), value);
        }
    }
    let mut needed = schema["required"].as_array().into_iter().flatten();
    let whole = needed.all(|name| name.as_str().is_some_and(|name| object.contains_key(name)));
    (whole && !object.is_empty()).then_some(Value::Object(object))
}

/// What a `$ref` stands for. A chain of them has an end.
fn resolve<'d>(document: &'d Value, mut value: &'d Value) -> &'d Value {
    for _ in 0..DEPTH {
        let place = value.get("$ref").and_then(Value::as_str);
        match place.and_then(|place| document.pointer(place.strip_prefix('#')?)) {
            Some(found) => value = found,
            None => break,
        }
    }
    value
}

/// The value of that number, or the last.
fn nth<T>(values: &[T], index: usize) -> Option<&T> {
    values.get(index).or(values.last())
}
