//! Schemas of a contract: compiled once, then values are checked against them.
//!
//! jsonschema says whether a value fits: it is quick, and right about every keyword. What it says about a value that
//! does not fit is neither in FastAPI's words nor in its order, nor bounded in number; so a value that failed is
//! walked again, by a graph of our own ([`graph`]) that keeps a contract's order, and told in its words ([`check`],
//! [`words`]).

mod check;
mod compile;
#[cfg(feature = "runtime")]
mod contain;
mod decimal;
mod format;
mod graph;
mod label;
mod lax;
mod python;
mod read;
mod scalar;
mod secret;
mod spelling;
mod temporal;
#[cfg(test)]
mod tests;
mod text;
mod when;
pub(crate) mod words;

use std::cell::LazyCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{Draft, PatternCache, PatternOptions, Registry, Validator};
use serde_json::{Map, Number, Value};

use crate::large::Large;
use crate::number;
use crate::problem::Loc;
use crate::violations::Violations;
use check::Walk;
#[cfg(feature = "runtime")]
pub(crate) use contain::{Contained, Containment};
use graph::Graph;
pub(crate) use secret::HIDDEN;
#[cfg(feature = "runtime")]
pub(crate) use when::compare as compare_times;

/// The name under which a contract's document is known to jsonschema, so that its local references resolve.
const DOCUMENT: &str = "urn:switchback:contract";

const COMPONENTS: &str = "/components/schemas";

/// The document of a contract, ready for its schemas to be compiled.
pub(crate) struct Schemas {
    document: Value,
    registry: Registry<'static>,
    patterns: PatternCache,
    compiled: Mutex<HashMap<String, Arc<Schema>>>,
}

/// A schema that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at `#{pointer}`)")]
pub(crate) struct SchemaError {
    /// Where in the document, as a JSON pointer.
    pub(crate) pointer: String,
    /// What is wrong, and what to do.
    pub(crate) message: String,
}

impl SchemaError {
    pub(crate) fn new(pointer: &str, message: impl Into<String>) -> SchemaError {
        SchemaError {
            pointer: pointer.to_owned(),
            message: message.into(),
        }
    }
}

impl Schemas {
    /// Takes an OpenAPI document. Its schemas are compiled one by one, where they are used.
    pub(crate) fn new(document: &Value) -> Result<Schemas, SchemaError> {
        let mut document = document.clone();
        bound_integers(&mut document);
        let registry = Registry::new()
            .draft(Draft::Draft202012)
            .add(DOCUMENT, document.clone())
            .and_then(jsonschema::RegistryBuilder::prepare)
            .map_err(|error| SchemaError::new("", error.to_string()))?;
        let schemas = Schemas {
            document,
            registry,
            patterns: PatternCache::new(),
            compiled: Mutex::default(),
        };
        if let Some(Value::Object(named)) = schemas.document.pointer(COMPONENTS) {
            for (name, schema) in named {
                judge(&child(COMPONENTS, name), schema)?;
            }
        }
        Ok(schemas)
    }

    /// Compiles the schema at `pointer` (`/components/schemas/Item`), with everything it refers to. A schema that many
    /// operations refer to is compiled once.
    pub(crate) fn compile(&self, pointer: &str) -> Result<Arc<Schema>, SchemaError> {
        let target = match self.document.pointer(pointer) {
            Some(Value::Object(schema)) if compile::is_alias(schema) => self.resolve(pointer)?.0,
            _ => pointer.to_owned(),
        };
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schema) = compiled.get(&target) {
            return Ok(Arc::clone(schema));
        }
        if let Some(schema) = self.document.pointer(&target) {
            self.judge(&target, schema)?;
        }
        let graph = compile::compile(self, &target)?;
        let validator = self.validator(&target, &reference(&target))?;
        let schema = Arc::new(Schema { graph, validator });
        compiled.insert(target, Arc::clone(&schema));
        Ok(schema)
    }

    /// What stands at `pointer`, any `$ref` followed: `(its own pointer, the value)`.
    pub(crate) fn resolve(&self, pointer: &str) -> Result<(String, &Value), SchemaError> {
        let mut here = pointer.to_owned();
        // References to references are rare; so many are a circle.
        for _ in 0..16 {
            let value = self
                .document
                .pointer(&here)
                .ok_or_else(|| SchemaError::new(pointer, format!("nothing is at `#{here}`")))?;
            match value.get("$ref").and_then(Value::as_str) {
                Some(target) => here = local_pointer(&here, target)?,
                None => return Ok((here, value)),
            }
        }
        Err(SchemaError::new(pointer, "`$ref` leads round in a circle"))
    }

    /// What stands at `pointer` itself.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        self.document.pointer(pointer)
    }

    /// Refuses what is no JSON Schema; the named ones were judged once for all.
    pub(crate) fn judge(&self, pointer: &str, schema: &Value) -> Result<(), SchemaError> {
        if pointer.starts_with(COMPONENTS) {
            return Ok(());
        }
        judge(pointer, schema)
    }

    fn validator(&self, pointer: &str, schema: &Value) -> Result<Validator, SchemaError> {
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::regex())
            .with_pattern_cache(self.patterns.clone())
            .with_registry(&self.registry)
            .offline()
            .build(schema)
            .map_err(|error| SchemaError::new(pointer, error.to_string()))
    }
}

/// A compiled schema.
pub(crate) struct Schema {
    graph: Graph,
    validator: Validator,
}

impl Schema {
    /// Checks a value; what breaks a rule goes to `out`, located under `prefix`. `large` has its large integers.
    pub(crate) fn check(&self, value: &Value, large: &Large, prefix: &[Loc], out: &mut Violations) {
        if self.graph.is_explosive() || self.graph.has_own_rules() || !large.is_empty() {
            Walk::new(&self.graph, large, prefix, out).judge(value);
        } else if !self.validator.is_valid(value) {
            Walk::new(&self.graph, large, prefix, out).tell_all(value);
        }
    }

    /// Checks a value whose texts may be in any of FastAPI's spellings: a moment needs no zone.
    pub(crate) fn check_spelled(
        &self,
        value: &Value,
        large: &Large,
        prefix: &[Loc],
        out: &mut Violations,
    ) {
        let mut walk = Walk::new(&self.graph, large, prefix, out);
        walk.spelled = true;
        walk.judge(value);
    }

    /// Makes of a value what FastAPI would, and checks that; whether it changed. `sent` is asked for the value as it was
    /// where that has to be told.
    pub(crate) fn check_lax(
        &self,
        value: &mut Value,
        large: &Large,
        sent: impl Fn() -> Value,
        prefix: &[Loc],
        out: &mut Violations,
    ) -> bool {
        let changed = lax::relax(&self.graph, large, value);
        let original = LazyCell::new(sent);
        let original = || &*original;
        let mut walk = Walk::new(&self.graph, large, prefix, out);
        walk.spelled = true;
        walk.original = changed.then_some(&original);
        walk.judge(value);
        changed
    }

    /// Writes `1.0` as the integer that it is wherever nothing but an integer is wanted; whether that changed anything.
    pub(crate) fn write_integers(&self, value: &mut Value, large: &Large) -> bool {
        lax::write_integers(&self.graph, large, value)
    }

    /// Reads a text as this schema wants it, leniently as FastAPI does, and checks it. Nothing if it does not fit:
    /// then `out` says why.
    pub(crate) fn read_text(
        &self,
        text: &str,
        large: &Large,
        prefix: &[Loc],
        out: &mut Violations,
    ) -> Option<Value> {
        Walk::new(&self.graph, large, prefix, out).text(text)
    }

    /// The same for a list of texts, for a schema that [takes lists](Schema::takes_list).
    pub(crate) fn read_list(
        &self,
        texts: &[&str],
        large: &Large,
        prefix: &[Loc],
        out: &mut Violations,
    ) -> Option<Value> {
        Walk::new(&self.graph, large, prefix, out).list(texts)
    }

    /// Whether the schema describes an array (or null).
    pub(crate) fn takes_list(&self) -> bool {
        self.graph.list().is_some()
    }

    /// Whether the schema describes a text that holds JSON.
    pub(crate) fn holds_json(&self) -> bool {
        self.graph.holds_json()
    }

    /// Whether what it describes, or something in it, is not to be shown.
    pub(crate) fn has_secrets(&self) -> bool {
        self.graph.has_secrets()
    }

    /// Whether the schema is FastAPI's object of several body parameters.
    pub(crate) fn embeds(&self) -> bool {
        self.graph.embeds()
    }

    /// Whether the schema describes an object.
    pub(crate) fn takes_object(&self) -> bool {
        self.graph.takes_object()
    }
}

fn judge(pointer: &str, schema: &Value) -> Result<(), SchemaError> {
    jsonschema::draft202012::meta::validate(schema).map_err(|error| {
        let pointer = format!("{pointer}{}", error.instance_path());
        SchemaError::new(&pointer, format!("not a JSON Schema: {error}"))
    })
}

/// A schema that is the one at `pointer` in the document.
fn reference(pointer: &str) -> Value {
    let mut target = format!("{DOCUMENT}#");
    for part in percent_encoding::utf8_percent_encode(pointer, FRAGMENT) {
        target.push_str(part);
    }
    Value::Object(Map::from_iter([("$ref".to_owned(), Value::String(target))]))
}

/// What a URI's fragment may not hold as it is (RFC 3986, 3.5).
pub(crate) const FRAGMENT: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The pointer that a `$ref` within the document means.
fn local_pointer(at: &str, target: &str) -> Result<String, SchemaError> {
    let refused = || {
        SchemaError::new(
            at,
            format!("`$ref` to `{target}` leads out of the document: only `#/…` is followed"),
        )
    };
    let fragment = target.strip_prefix('#').ok_or_else(refused)?;
    if !fragment.is_empty() && !fragment.starts_with('/') {
        return Err(refused());
    }
    percent_encoding::percent_decode_str(fragment)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| refused())
}

/// Appends a key to a pointer.
pub(crate) fn child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Gives integers the limits of their format, which JSON Schema leaves to annotations: what passes must fit the
/// guest's own type. What pydantic writes of decimals, which no guest could mean otherwise, is read here as well.
fn bound_integers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(bound_integers),
        Value::Object(map) => {
            decimal::recognise(map);
            if let Some((least, most)) = integer_range(map) {
                let limit = |map: &mut Map<String, Value>, key: &str, own: Value, keep| {
                    let stricter = map.get(key).is_some_and(|given| {
                        let (Value::Number(given), Value::Number(own)) = (given, &own) else {
                            // Not a number: the schema is refused for it later, so it must stay.
                            return true;
                        };
                        number::compare(given, own) == keep
                    });
                    if !stricter {
                        map.insert(key.to_owned(), own);
                    }
                };
                limit(map, "minimum", least, std::cmp::Ordering::Greater);
                // No number is the largest integer of 128 bits, but the next one is.
                let (word, most) = match most.as_f64() {
                    Some(beyond) if most.is_f64() => ("exclusiveMaximum", beyond.into()),
                    _ => ("maximum", most),
                };
                limit(map, word, most, std::cmp::Ordering::Less);
            }
            for (key, value) in map {
                match key.as_str() {
                    // Data, not schemas.
                    "const" | "enum" | "default" | "example" | "examples" => {}
                    // Names, whatever they are called.
                    "properties" | "patternProperties" | "dependentSchemas" | "$defs"
                    | "schemas" => {
                        if let Value::Object(named) = value {
                            named.values_mut().for_each(bound_integers);
                        }
                    }
                    _ => bound_integers(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn integer_range(schema: &Map<String, Value>) -> Option<(Value, Value)> {
    let integer = match schema.get("type")? {
        Value::String(name) => name == "integer",
        Value::Array(names) => names.iter().any(|name| name == "integer"),
        _ => false,
    };
    if !integer {
        return None;
    }
    range(schema.get("format")?.as_str()?)
}

/// What a format of integers takes. A float is what it takes no more.
fn range(format: &str) -> Option<(Value, Value)> {
    Some(match format {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "int64" | "int" => (i64::MIN.into(), i64::MAX.into()),
        "uint8" => (0.into(), u8::MAX.into()),
        "uint16" => (0.into(), u16::MAX.into()),
        "uint32" => (0.into(), u32::MAX.into()),
        "uint64" | "uint" => (0.into(), u64::MAX.into()),
        "int128" => ((-(2_f64.powi(127))).into(), 2_f64.powi(127).into()),
        "uint128" => (0.into(), 2_f64.powi(128).into()),
        // Exact as a double, the only number that JavaScript has.
        "double-int" => (
            (-9_007_199_254_740_991_i64).into(),
            9_007_199_254_740_991_i64.into(),
        ),
        _ => return None,
    })
}

/// Whether these limits are but those of a format, so that nobody set them.
fn spans_a_type(min: &Number, max: &Number) -> bool {
    let formats = [
        "int8", "int16", "int32", "int64", "int128", "uint8", "uint16", "uint32", "uint64",
        "uint128",
    ];
    let mut ranges = formats.into_iter().filter_map(range);
    ranges.any(|(least, most)| least.as_number() == Some(min) && most.as_number() == Some(max))
}
