//! The contract: operations in, an OpenAPI 3.1 document out.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::{Operation, Parameter};

/// Where a schema's `$ref`s point until all are known. A type may look different when read (a field with a default
/// may be left out) and when written (it is always there).
const READ: &str = "#/read/";
const WRITTEN: &str = "#/written/";

/// The OpenAPI document of these operations.
pub(crate) fn document(
    title: &str,
    version: &str,
    description: &str,
    operations: &[Operation],
) -> Value {
    let mut read = generator(SchemaSettings::draft2020_12().for_deserialize(), "/read");
    let mut written = generator(SchemaSettings::draft2020_12().for_serialize(), "/written");

    let mut paths = Map::new();
    for operation in operations {
        let mut describe = Describe::new(&mut read, &mut written);
        describe.set("operationId", operation.id.into());
        (operation.describe)(&mut describe);
        let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
        methods[operation.method] = Value::Object(describe.operation);
    }

    let mut info = json!({"title": title, "version": version});
    if !description.is_empty() {
        info["description"] = description.into();
    }
    let mut document = json!({"openapi": "3.1.0", "info": info, "paths": paths});
    add_schemas(
        &mut document,
        read.take_definitions(false),
        written.take_definitions(false),
    );
    document
}

fn generator(mut settings: SchemaSettings, definitions: &'static str) -> SchemaGenerator {
    settings.definitions_path = definitions.into();
    settings.into_generator()
}

/// Moves the definitions into `components/schemas`. One name for both directions where both are the same, else
/// `Item-Input` and `Item-Output`, as FastAPI names them.
fn add_schemas(document: &mut Value, read: Map<String, Value>, written: Map<String, Value>) {
    let differ = names_that_differ(&read, &written);
    let mut schemas = Map::new();
    for (definitions, suffix) in [(read, "-Input"), (written, "-Output")] {
        for (name, schema) in definitions {
            let name = if differ.contains(&name) {
                format!("{name}{suffix}")
            } else {
                name
            };
            schemas.insert(name, schema);
        }
    }
    if schemas.is_empty() {
        return;
    }
    document["components"] = json!({"schemas": schemas});
    for_each_ref(document, &mut |target| {
        for (place, suffix) in [(READ, "-Input"), (WRITTEN, "-Output")] {
            if let Some(name) = target.strip_prefix(place) {
                let suffix = if differ.contains(name) { suffix } else { "" };
                *target = format!("#/components/schemas/{name}{suffix}");
                return;
            }
        }
    });
}

/// The types that are both read and written and are not the same: in themselves, or in a type that they refer to.
fn names_that_differ(read: &Map<String, Value>, written: &Map<String, Value>) -> BTreeSet<String> {
    let mut differ = BTreeSet::new();
    let mut uses = Vec::new();
    for (name, schema) in read {
        let Some(other) = written.get(name) else {
            continue;
        };
        let (mut schema, mut other) = (schema.clone(), other.clone());
        for_each_ref(&mut schema, &mut |target| {
            if let Some(used) = target.strip_prefix(READ) {
                uses.push((name.clone(), used.to_owned()));
                *target = used.into();
            }
        });
        for_each_ref(&mut other, &mut |target| {
            *target = target.trim_start_matches(WRITTEN).into()
        });
        if schema != other {
            differ.insert(name.clone());
        }
    }
    // Each round carries the difference one step up, so as many rounds as names are always enough.
    for _ in 0..read.len() {
        for (name, used) in &uses {
            if differ.contains(used) {
                differ.insert(name.clone());
            }
        }
    }
    differ
}

fn for_each_ref(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(target) if key == "$ref" => change(target),
                    value => for_each_ref(value, change),
                }
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| for_each_ref(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One operation's part of the document, while it is written.
pub struct Describe<'a> {
    read: &'a mut SchemaGenerator,
    written: &'a mut SchemaGenerator,
    operation: Map<String, Value>,
}

impl<'a> Describe<'a> {
    fn new(read: &'a mut SchemaGenerator, written: &'a mut SchemaGenerator) -> Self {
        Describe {
            read,
            written,
            operation: Map::new(),
        }
    }

    /// Sets a key of the operation: `summary`, `tags`, …
    pub fn set(&mut self, key: &str, value: Value) {
        self.operation.insert(key.into(), value);
    }

    /// Adds a parameter `place`d in `path` or `query`. `rules` are keywords of JSON Schema that hold beside the
    /// type's own; a `default` makes the parameter optional.
    pub fn parameter<T: Parameter>(
        &mut self,
        place: &str,
        name: &str,
        description: &str,
        rules: Value,
    ) {
        let mut schema = self.read.subschema_for::<T>().to_value();
        // What was not sent is read as `null`: see `Parameter`.
        let takes_null = serde_json::from_str::<T>("null").is_ok();
        if takes_null {
            schema = without_null(schema);
        }
        let required = !takes_null && rules.get("default").is_none();
        if let (Value::Object(rules), Some(schema)) = (rules, schema.as_object_mut()) {
            let list = schema.get("type").is_some_and(|kind| kind == "array");
            for (keyword, value) in rules {
                let keyword = match keyword.as_str() {
                    "minLength" if list => "minItems",
                    "maxLength" if list => "maxItems",
                    other => other,
                };
                schema.insert(keyword.into(), value);
            }
        }
        let mut parameter =
            json!({"name": name, "in": place, "required": required, "schema": schema});
        if !description.is_empty() {
            parameter["description"] = description.into();
        }
        let parameters = self
            .operation
            .entry("parameters")
            .or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(parameter);
        }
    }

    /// Sets the body: JSON, required.
    pub fn body<T: JsonSchema>(&mut self) {
        let schema = self.read.subschema_for::<T>();
        self.set(
            "requestBody",
            json!({"required": true, "content": {"application/json": {"schema": schema}}}),
        );
    }

    /// Adds an answer of JSON.
    pub fn json_answer<T: JsonSchema>(&mut self, status: u16) {
        let schema = self.written.subschema_for::<T>();
        self.response(
            status,
            json!({
                "description": "Successful Response",
                "content": {"application/json": {"schema": schema}},
            }),
        );
    }

    /// Adds an answer of which nothing more is known.
    pub fn bare_answer(&mut self, status: u16) {
        self.response(status, json!({"description": "Successful Response"}));
    }

    fn response(&mut self, status: u16, response: Value) {
        let responses = self
            .operation
            .entry("responses")
            .or_insert_with(|| json!({}));
        responses[status.to_string()] = response;
    }
}

/// A parameter is never sent as `null`, so the schema of an `Option<_>` says what is sent.
fn without_null(mut schema: Value) -> Value {
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_mut_slice() {
            schema["type"] = only.take();
        }
    } else if let Some(choices) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        choices.retain(|choice| *choice != json!({"type": "null"}));
        if let [only] = choices.as_mut_slice() {
            return only.take();
        }
    }
    schema
}
