//! The contract: operations in, an OpenAPI 3.1 document out.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

use crate::Answers;
use crate::operation::{Argument, Operation, Rule};
use crate::routers::Listed;
use crate::spelling::{as_fastapi, optional};
use crate::tagged;

/// Where a schema's `$ref`s point until all are known. A type may look different when read (a field with a default
/// may be left out) and when written (it is always there).
const READ: &str = "#/read/";
const WRITTEN: &str = "#/written/";
/// What an author says against that. It is no part of the document.
const SEPARATE: &str = "separate_input_output_schemas";

/// The OpenAPI document of these operations. `root` is what it says of the whole.
pub(crate) fn document(
    root: &'static [(&'static str, Rule)],
    operations: &[Listed],
    webhooks: &[&Operation],
) -> String {
    let mut document = constant(&Rule::Object(root));
    let separate = document
        .as_object_mut()
        .and_then(|root| root.shift_remove(SEPARATE));
    let separate = separate != Some(Value::Bool(false));
    let settings = SchemaSettings::draft2020_12();
    let mut read = generator(settings.clone().for_deserialize(), "/read");
    let settings = match separate {
        true => settings.for_serialize(),
        false => settings.for_deserialize(),
    };
    let mut written = generator(settings, "/written");

    let mut paths = Map::new();
    for listed in operations {
        let mut path = String::new();
        for router in listed.around() {
            path.push_str(router.prefix);
        }
        path.push_str(listed.operation.path);
        let methods = paths.entry(path).or_insert_with(|| object([]));
        methods[listed.operation.method] = describe(listed, &mut read, &mut written);
    }

    document["paths"] = Value::Object(paths);
    if !webhooks.is_empty() {
        document["webhooks"] = sent(webhooks, &mut read, &mut written);
    }
    let mut sent = std::mem::take(read.definitions_mut());
    let mut answered = std::mem::take(written.definitions_mut());
    tagged::told_apart(&mut sent, READ);
    tagged::told_apart(&mut answered, WRITTEN);
    if separate {
        answered.values_mut().for_each(optional);
    }
    add_schemas(&mut document, sent, answered);
    as_fastapi(&mut document);
    serde_json::to_string(&document).expect("every key of a `Value` is a text")
}

/// Like `json!`, but moves its values: that macro serialises each anew, which is code in every guest.
pub(crate) fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    collect(Vec::from(entries))
}

fn collect(entries: Vec<(&str, Value)>) -> Value {
    let mut map = Map::new();
    for (key, value) in entries {
        map.insert(key.to_owned(), value);
    }
    Value::Object(map)
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
    document["components"] = object([("schemas", Value::Object(schemas))]);
    for_each_ref(document, &mut |target| {
        for (place, suffix) in [(READ, "-Input"), (WRITTEN, "-Output")] {
            if let Some(name) = target.strip_prefix(place) {
                let suffix = if differ.iter().any(|known| known == name) {
                    suffix
                } else {
                    ""
                };
                *target = format!("#/components/schemas/{name}{suffix}");
                return;
            }
        }
    });
}

/// The types that are both read and written and are not the same: in themselves, or in a type that they refer to.
fn names_that_differ(read: &Map<String, Value>, written: &Map<String, Value>) -> Vec<String> {
    let mut differ = Vec::new();
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
            if let Some(used) = target.strip_prefix(WRITTEN) {
                *target = used.into();
            }
        });
        if schema != other {
            differ.push(name.clone());
        }
    }
    // Each round carries a difference one step up, to the types that use one that differs.
    loop {
        let before = differ.len();
        for (name, used) in &uses {
            if differ.contains(used) && !differ.contains(name) {
                differ.push(name.clone());
            }
        }
        if differ.len() == before {
            return differ;
        }
    }
}

fn for_each_ref(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(target) if key == "$ref" => change(target),
                    // Of a discriminator: by tag, the schema.
                    Value::Object(targets) if key == "mapping" => {
                        for (_, target) in targets {
                            match target {
                                Value::String(target) => change(target),
                                other => for_each_ref(other, change),
                            }
                        }
                    }
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

fn describe(listed: &Listed, read: &mut SchemaGenerator, written: &mut SchemaGenerator) -> Value {
    let operation = listed.operation;
    let mut described = describe_alone(operation, read, written);
    let mut tags: Vec<&str> = Vec::new();
    let mut add = |more: &[&'static str]| {
        for tag in more {
            if !tags.contains(tag) {
                tags.push(tag);
            }
        }
    };
    for router in listed.around() {
        add(router.tags);
        if router.deprecated {
            described["deprecated"] = true.into();
        }
    }
    add(operation.tags);
    if !tags.is_empty() {
        described["tags"] = tags.into();
    }
    add_shared(&mut described["responses"], listed, written);
    described
}

/// What is said of an operation wherever it stands.
fn describe_alone(
    operation: &Operation,
    read: &mut SchemaGenerator,
    written: &mut SchemaGenerator,
) -> Value {
    let mut described = constant(&Rule::Object(operation.about));
    if !operation.tags.is_empty() {
        described["tags"] = operation.tags.into();
    }
    let mut parameters = Vec::new();
    for argument in operation.arguments {
        parameters.push(parameter(argument, read));
    }
    if !parameters.is_empty() {
        described["parameters"] = Value::Array(parameters);
    }
    for describe in operation.models {
        describe(read, &mut described);
    }
    if let Some(body) = operation.body {
        described["requestBody"] = body(read);
    }
    if !operation.callbacks.is_empty() {
        let mut callbacks = object([]);
        for callback in operation.callbacks {
            let described = sent(&[callback], read, written);
            callbacks[callback.id] = described;
        }
        described["callbacks"] = callbacks;
    }
    let mut answers = Answers::new(written);
    (operation.answers)(&mut answers);
    described["responses"] = Value::Object(answers.responses);
    if let Some(extra) = &operation.extra {
        merge(&mut described, constant(extra));
    }
    described
}

/// What the service sends: path items by name, or by the expression that makes the address.
fn sent(
    operations: &[&Operation],
    read: &mut SchemaGenerator,
    written: &mut SchemaGenerator,
) -> Value {
    let mut items = Map::new();
    for operation in operations {
        let described = describe_alone(operation, read, written);
        items.insert(
            operation.path.to_owned(),
            object([(operation.method, described)]),
        );
    }
    Value::Object(items)
}

/// Adds the answers of the routers around an operation; its own win, then those of the nearest.
fn add_shared(responses: &mut Value, listed: &Listed, written: &mut SchemaGenerator) {
    for router in listed.around().rev() {
        let mut answers = Answers::new(written);
        (router.responses)(&mut answers);
        for (status, said) in answers.responses {
            if responses.get(&status).is_none() {
                responses[status] = said;
            }
        }
    }
}

/// Adds each property of an object's schema as a parameter of a place.
pub(crate) fn add_model(place: &str, mut schema: Value, operation: &mut Value) {
    const MODELS: &str = "x-switchback-parameter-models";
    let more = match schema["additionalProperties"] == false {
        true => "forbid",
        false => "ignore",
    };
    if operation.get(MODELS).is_none() {
        operation[MODELS] = object([]);
    }
    operation[MODELS][place] = more.into();
    let required = schema["required"].take();
    let Some(Value::Object(properties)) = schema.get_mut("properties").map(Value::take) else {
        return;
    };
    if operation.get("parameters").is_none() {
        operation["parameters"] = Value::Array(Vec::new());
    }
    let Value::Array(parameters) = &mut operation["parameters"] else {
        return;
    };
    for (name, mut schema) in properties {
        let names = required.as_array().map_or(&[][..], Vec::as_slice);
        let needed = names.iter().any(|known| *known == *name);
        let description = schema["description"].take();
        if let Value::Object(keywords) = &mut schema {
            keywords.retain(|key, _| key != "description");
        }
        if !needed {
            schema = without_null(schema);
        }
        bound_floats(&mut schema);
        let name = match place {
            "header" => name.replace('_', "-"),
            _ => name,
        };
        let mut parameter = object([
            ("name", name.into()),
            ("in", place.into()),
            ("required", needed.into()),
            ("schema", schema),
        ]);
        if !description.is_null() {
            parameter["description"] = description;
        }
        parameters.push(parameter);
    }
}

/// What the contract says of a body.
pub(crate) fn request_body(media_type: &str, required: bool, content: Value) -> Value {
    let content = object([(media_type, content)]);
    object([("required", required.into()), ("content", content)])
}

/// What the contract says of a form of these fields. A function of its own, so that a plugin without one lacks it.
pub fn form(media_type: &str, fields: &[Argument], generator: &mut SchemaGenerator) -> Value {
    let schema = fields_of(fields, without_null, generator);
    let needed = schema.get("required").is_some();
    request_body(media_type, needed, object([("schema", schema)]))
}

/// What the contract says of a body of JSON that holds several arguments by their names. The host knows it by the name of
/// its schema, which is FastAPI's.
pub fn embedded(id: &str, fields: &[Argument], generator: &mut SchemaGenerator) -> Value {
    let schema = fields_of(fields, with_null, generator);
    let needed = schema.get("required").is_some();
    let name = format!("Body_{id}");
    let reference = object([("$ref", format!("{READ}{name}").into())]);
    generator.definitions_mut().insert(name, schema);
    request_body("application/json", needed, object([("schema", reference)]))
}

/// The object of these fields; `of_optional` makes the schema of one that may be left out.
fn fields_of(
    fields: &[Argument],
    of_optional: fn(Value) -> Value,
    generator: &mut SchemaGenerator,
) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let (mut schema, needed) = schema_of(field, of_optional, generator);
        for (keyword, value) in field.about {
            schema[*keyword] = constant(value);
        }
        if needed {
            required.push(field.name.into());
        }
        properties.insert(field.name.to_owned(), schema);
    }
    let mut schema = object([
        ("type", "object".into()),
        ("properties", Value::Object(properties)),
    ]);
    if !required.is_empty() {
        schema["required"] = Value::Array(required);
    }
    schema
}

/// Merges JSON as FastAPI does: objects by their entries, lists one behind the other; anything else is replaced.
pub(crate) fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                match into.get_mut(&key) {
                    Some(known) => merge(known, value),
                    None => {
                        into.insert(key, value);
                    }
                }
            }
        }
        (Value::Array(into), Value::Array(more)) => into.extend(more),
        (into, more) => *into = more,
    }
}

/// Adds examples by their names to all that a body may be.
pub fn add_examples(body: &mut Value, examples: &Rule) {
    let content = body.get_mut("content").and_then(Value::as_object_mut);
    for media in content.into_iter().flat_map(Map::values_mut) {
        media["examples"] = constant(examples);
    }
}

/// Adds what is said of a body beside its type to the schema of all that it may be.
pub fn add_rules(body: &mut Value, rules: &[(&'static str, Rule)]) {
    let content = body.get_mut("content").and_then(Value::as_object_mut);
    for media in content.into_iter().flat_map(Map::values_mut) {
        for (keyword, value) in rules {
            media["schema"][*keyword] = constant(value);
        }
    }
}

/// What a file is, in a form and as a body.
pub(crate) fn file_schema() -> Schema {
    let schema = object([("type", "string".into()), ("format", "binary".into())]);
    Schema::try_from(schema).expect("an object is a schema")
}

fn parameter(argument: &Argument, read: &mut SchemaGenerator) -> Value {
    let (schema, required) = schema_of(argument, without_null, read);
    let mut parameter = constant(&Rule::Object(argument.about));
    parameter["required"] = required.into();
    parameter["schema"] = schema;
    parameter
}

/// The schema of an argument with its rules, and whether it must be sent.
fn schema_of(
    argument: &Argument,
    of_optional: fn(Value) -> Value,
    read: &mut SchemaGenerator,
) -> (Value, bool) {
    let mut schema = (argument.schema)(read).to_value();
    let optional = (argument.optional)();
    if optional {
        schema = of_optional(schema);
    }
    bound_floats(&mut schema);
    for (keyword, value) in argument.rules {
        schema[*keyword] = constant(value);
    }
    for (keyword, value) in argument.rules_of_each {
        schema["items"][*keyword] = constant(value);
    }
    let required = !optional && schema.get("default").is_none();
    (schema, required)
}

/// An `f32` would make an infinity of a larger number, for which JSON has no form.
fn bound_floats(schema: &mut Value) {
    if schema["format"] == "float" {
        schema["minimum"] = f64::from(f32::MIN).into();
        schema["maximum"] = f64::from(f32::MAX).into();
    } else if let Some(items) = schema.get_mut("items") {
        bound_floats(items);
    }
}

pub(crate) fn constant(rule: &Rule) -> Value {
    match *rule {
        Rule::Null => Value::Null,
        Rule::Bool(value) => value.into(),
        Rule::Integer(value) => value.into(),
        Rule::Number(value) => value.into(),
        Rule::Text(value) => value.into(),
        Rule::List(values) => Value::Array(values.iter().map(constant).collect()),
        Rule::Object(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                if *value != Rule::Text("") {
                    map.insert((*key).to_owned(), constant(value));
                }
            }
            Value::Object(map)
        }
    }
}

/// A member of JSON that may be left out may be `null` as well.
pub(crate) fn with_null(schema: Value) -> Value {
    let has_null = |key: &str| {
        let kinds = schema[key].as_array().into_iter().flatten();
        kinds
            .into_iter()
            .any(|kind| *kind == "null" || kind["type"] == "null")
    };
    if has_null("type") || has_null("anyOf") {
        return schema;
    }
    let null = object([("type", "null".into())]);
    object([("anyOf", Value::Array(vec![schema, null]))])
}

/// A parameter is never sent as `null`, so the schema of an `Option<_>` says what is sent.
fn without_null(mut schema: Value) -> Value {
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.retain(|value| !value.is_null());
    }
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_mut_slice() {
            schema["type"] = only.take();
        }
    } else if let Some(choices) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        choices.retain(|choice| choice["type"] != "null");
        if let [only] = choices.as_mut_slice() {
            return only.take();
        }
    }
    schema
}
