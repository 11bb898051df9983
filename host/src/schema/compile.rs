//! From the schemas of a document to a [`Graph`].

use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Map, Number, Value, json};

use super::decimal::{self, DecimalRules};
use super::graph::{
    ArrayRules, Branch, Discriminator, Graph, Keys, Node, NodeId, NumberRules, ObjectRules,
    Options, Other, Property, Rest, StringRules, Type, Union,
};
use super::label::class;
use super::when::{self, TimeRules};
use super::{SchemaError, Schemas, child, local_pointer, python, reference};
use crate::number;

/// Schemas nested deeper than this are refused: compiling recurses.
const DEEPEST: usize = 128;

/// Compiles the schema at `pointer`, with everything it refers to.
pub(super) fn compile(schemas: &Schemas, pointer: &str) -> Result<Graph, SchemaError> {
    let mut compiler = Compiler {
        schemas,
        nodes: Vec::new(),
        pointers: Vec::new(),
        done: HashMap::new(),
        secrets: Vec::new(),
        depth: 0,
    };
    let root = compiler.node(pointer)?;
    Graph::new(compiler.nodes, root, compiler.secrets)
        .map_err(|(id, message)| SchemaError::new(&compiler.pointers[id], message))
}

struct Compiler<'a> {
    schemas: &'a Schemas,
    nodes: Vec<Node>,
    pointers: Vec<String>,
    done: HashMap<String, NodeId>,
    secrets: Vec<Box<str>>,
    depth: usize,
}

/// Keywords that say nothing about which values fit: a `$ref` beside them still stands alone.
const ANNOTATIONS: &[&str] = &[
    "$ref",
    "$comment",
    "title",
    "description",
    "default",
    "deprecated",
    "example",
    "examples",
    "readOnly",
    "xml",
    "externalDocs",
];

/// Whether a schema is no more than a `$ref`.
pub(super) fn is_alias(schema: &Map<String, Value>) -> bool {
    schema.contains_key("$ref")
        && schema
            .keys()
            .all(|key| ANNOTATIONS.contains(&key.as_str()) || key.starts_with("x-"))
}

/// Keywords that only jsonschema judges, and the schemas in them: one, a list, or by name.
const OTHERS: &[&str] = &[
    "not",
    "if",
    "then",
    "else",
    "contains",
    "minContains",
    "maxContains",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedItems",
    "unevaluatedProperties",
];

impl Compiler<'_> {
    fn node(&mut self, pointer: &str) -> Result<NodeId, SchemaError> {
        if let Some(id) = self.done.get(pointer) {
            return Ok(*id);
        }
        if self.depth >= DEEPEST {
            let message = format!("schemas are nested more than {DEEPEST} deep: make them flatter");
            return Err(SchemaError::new(pointer, message));
        }
        let schemas = self.schemas;
        let schema = schemas
            .document
            .pointer(pointer)
            .ok_or_else(|| SchemaError::new(pointer, "no schema is here"))?;
        self.depth += 1;
        let id = match schema {
            Value::Object(map) if is_alias(map) => {
                let id = self.target(pointer, map)?;
                self.done.insert(pointer.to_owned(), id);
                id
            }
            _ => {
                // Known before it is built, since a schema may refer to itself.
                let id = self.nodes.len();
                self.nodes.push(Node::default());
                self.pointers.push(pointer.to_owned());
                self.done.insert(pointer.to_owned(), id);
                self.nodes[id] = match schema {
                    Value::Bool(fits) => Node {
                        never: !fits,
                        ..Node::default()
                    },
                    Value::Object(map) => self.build(pointer, map)?,
                    _ => {
                        return Err(SchemaError::new(
                            pointer,
                            "a schema must be an object or a boolean",
                        ));
                    }
                };
                id
            }
        };
        self.depth -= 1;
        Ok(id)
    }

    /// The schema that a `$ref` leads to.
    fn target(
        &mut self,
        pointer: &str,
        schema: &Map<String, Value>,
    ) -> Result<NodeId, SchemaError> {
        let Some(Value::String(target)) = schema.get("$ref") else {
            return Err(SchemaError::new(pointer, "`$ref` must be a string"));
        };
        let target = local_pointer(pointer, target)?;
        let schemas = self.schemas;
        match schemas.document.pointer(&target) {
            None => {
                let message = format!("`$ref` leads to `#{target}`, where nothing is");
                Err(SchemaError::new(pointer, message))
            }
            Some(schema) => {
                schemas.judge(&target, schema)?;
                self.node(&target)
            }
        }
    }

    fn build(&mut self, pointer: &str, schema: &Map<String, Value>) -> Result<Node, SchemaError> {
        for key in ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor"] {
            if schema.contains_key(key) {
                let message = format!("`{key}` is not supported: refer by `$ref` to `#/…`");
                return Err(SchemaError::new(pointer, message));
            }
        }
        let name = pointer
            .strip_prefix("/components/schemas/")
            .filter(|name| !name.contains('/'))
            .map(|name| name.replace("~1", "/").replace("~0", "~"));
        let title = schema.get("title").and_then(Value::as_str);
        let mut node = Node {
            class: name.as_deref().map(|name| class(name, title).into()),
            name: name.map(Into::into),
            embeds: pointer
                .strip_prefix("/components/schemas/Body_")
                .is_some_and(|name| !name.contains('/')),
            secret: schema.get("writeOnly") == Some(&Value::Bool(true))
                || schema
                    .get("format")
                    .is_some_and(|format| format == "password"),
            strict: schema.get("x-switchback-strict") == Some(&Value::Bool(true)),
            ..Node::default()
        };
        match schema.get("type") {
            Some(Value::String(name)) => node.types.add(name),
            Some(Value::Array(names)) => names
                .iter()
                .filter_map(Value::as_str)
                .for_each(|name| node.types.add(name)),
            _ => {}
        }
        let options = match (schema.get("enum"), schema.get("const")) {
            (Some(Value::Array(values)), _) => Some(values.clone()),
            (_, Some(value)) => Some(vec![value.clone()]),
            _ => None,
        };
        node.options = options.map(|values| Options {
            expected: python::expected(&values),
            class: node.name.is_some() && schema.contains_key("enum"),
            values,
        });
        node.string = self.string_rules(pointer, schema)?;
        node.number = self.number_rules(pointer, schema)?;
        node.array = self.array_rules(pointer, schema)?;
        node.object = self.object_rules(pointer, schema)?;
        node.all_of = self.list(pointer, schema, "allOf")?;
        if schema.contains_key("$ref") {
            node.all_of.insert(0, self.target(pointer, schema)?);
        }
        for key in ["anyOf", "oneOf"] {
            if schema.contains_key(key) {
                node.unions.push(self.union(pointer, schema, key)?);
            }
        }
        node.decimal = self.decimal(pointer, schema, &node)?;
        self.others(pointer, schema, &mut node)?;
        Ok(node)
    }

    /// Of a union with null, number and text, what makes a decimal of it.
    fn decimal(
        &self,
        pointer: &str,
        schema: &Map<String, Value>,
        node: &Node,
    ) -> Result<Option<DecimalRules>, SchemaError> {
        let Some(said) = schema.get(decimal::KEY) else {
            return Ok(None);
        };
        let Value::Object(said) = said else {
            let message = format!("`{}` is an object: `{{}}`", decimal::KEY);
            return Err(SchemaError::new(pointer, message));
        };
        let branches = || node.unions.iter().flat_map(|union| &union.branches);
        let of = |kind| move |id: &NodeId| self.nodes[*id].types.has(kind);
        Ok(Some(DecimalRules {
            max_digits: size(said, "max_digits"),
            places: size(said, "decimal_places"),
            number: branches().map(|branch| branch.node).find(of(Type::Number)),
            nullable: node.types.has(Type::Null)
                || branches()
                    .map(|branch| branch.node)
                    .any(|id| of(Type::Null)(&id)),
        }))
    }

    fn string_rules(
        &mut self,
        pointer: &str,
        schema: &Map<String, Value>,
    ) -> Result<StringRules, SchemaError> {
        let pattern = match schema.get("pattern").and_then(Value::as_str) {
            Some(pattern) => Some((
                pattern.into(),
                self.pattern(&child(pointer, "pattern"), pattern)?,
            )),
            None => None,
        };
        let binary = schema
            .get("contentMediaType")
            .is_some_and(|media_type| media_type == "application/octet-stream");
        let format = match schema.get("format").and_then(Value::as_str) {
            None if binary => Some(("binary".into(), None)),
            Some(format) => {
                let options = jsonschema::options();
                let known = options.is_known_format(jsonschema::Draft::Draft202012, format);
                let rule = json!({ "format": format });
                let validator = known.then(|| self.schemas.validator(pointer, &rule));
                Some((format.into(), validator.transpose()?))
            }
            None => None,
        };
        let is_json = schema
            .get("contentMediaType")
            .is_some_and(|media_type| media_type == "application/json");
        let content = match is_json {
            true => self.optional(pointer, schema, "contentSchema")?,
            false => None,
        };
        let schemes = match schema.get("x-switchback-schemes") {
            Some(Value::Array(schemes)) => schemes.clone(),
            _ => Vec::new(),
        };
        let time = schema.get(when::KEY).map(|said| {
            let format = schema.get("format").and_then(Value::as_str);
            TimeRules::read(said, format.unwrap_or_default())
                .map_err(|message| SchemaError::new(pointer, message))
        });
        Ok(StringRules {
            min: size(schema, "minLength"),
            max: size(schema, "maxLength"),
            pattern,
            format,
            content,
            schemes,
            time: time.transpose()?,
        })
    }

    fn pattern(&self, pointer: &str, pattern: &str) -> Result<Validator, SchemaError> {
        let rule = json!({ "pattern": pattern });
        self.schemas.validator(pointer, &rule).map_err(|_| {
            let looks_around = ["(?=", "(?!", "(?<=", "(?<!"]
                .iter()
                .any(|group| pattern.contains(group));
            let why = if looks_around {
                "has look-around, which cannot be matched in linear time: write it without"
            } else {
                "is not a regular expression that can be matched in linear time: look for a typing error or a \
                 back-reference"
            };
            SchemaError::new(pointer, format!("the pattern `{pattern}` {why}"))
        })
    }

    fn number_rules(
        &self,
        pointer: &str,
        schema: &Map<String, Value>,
    ) -> Result<NumberRules, SchemaError> {
        // Pydantic tells the limits of an integer as integers and those of a float as floats, whatever the document has.
        let is = |name: &str| schema.get("type").is_some_and(|kind| kind == name);
        let (integer, float) = (is("integer"), is("number"));
        let number = |key| match schema.get(key) {
            Some(Value::Number(number)) => number
                .as_f64()
                .and_then(|value| match number.is_f64() {
                    true if integer => number::whole(value),
                    false if float => Number::from_f64(value),
                    _ => None,
                })
                .or_else(|| Some(number.clone())),
            _ => None,
        };
        let multiple = match number("multipleOf") {
            Some(number) => {
                let rule = json!({ "multipleOf": number });
                Some((number, self.schemas.validator(pointer, &rule)?))
            }
            None => None,
        };
        Ok(NumberRules {
            min: number("minimum"),
            max: number("maximum"),
            above: number("exclusiveMinimum"),
            below: number("exclusiveMaximum"),
            multiple,
        })
    }

    fn array_rules(
        &mut self,
        pointer: &str,
        schema: &Map<String, Value>,
    ) -> Result<ArrayRules, SchemaError> {
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let unique = unique.then(|| {
            self.schemas
                .validator(pointer, &json!({ "uniqueItems": true }))
        });
        Ok(ArrayRules {
            items: self.optional(pointer, schema, "items")?,
            prefix: self.list(pointer, schema, "prefixItems")?,
            min: size(schema, "minItems"),
            max: size(schema, "maxItems"),
            unique: unique.transpose()?,
        })
    }

    fn object_rules(
        &mut self,
        pointer: &str,
        schema: &Map<String, Value>,
    ) -> Result<ObjectRules, SchemaError> {
        let mut rules = ObjectRules {
            min: size(schema, "minProperties"),
            max: size(schema, "maxProperties"),
            ..ObjectRules::default()
        };
        let required: Vec<&str> = match schema.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if let Some(Value::Object(properties)) = schema.get("properties") {
            let pointer = child(pointer, "properties");
            for name in properties.keys() {
                let node = self.node(&child(&pointer, name))?;
                if self.nodes[node].secret {
                    self.secrets.push(name.as_str().into());
                }
                rules.known.insert(name.as_str().into());
                rules.properties.push(Property {
                    name: name.as_str().into(),
                    node,
                    required: required.contains(&name.as_str()),
                });
            }
        }
        rules.required = required
            .into_iter()
            .filter(|name| !rules.knows(name))
            .map(Into::into)
            .collect();
        if let Some(Value::Object(patterns)) = schema.get("patternProperties") {
            let pointer = child(pointer, "patternProperties");
            for pattern in patterns.keys() {
                let pointer = child(&pointer, pattern);
                let validator = self.pattern(&pointer, pattern)?;
                rules.patterns.push((validator, self.node(&pointer)?));
            }
        }
        rules.rest = match schema.get("additionalProperties") {
            None | Some(Value::Bool(true)) => None,
            Some(Value::Bool(false)) => Some(Rest::Forbidden),
            Some(_) => Some(Rest::Each(
                self.node(&child(pointer, "additionalProperties"))?,
            )),
        };
        for (key, parsed) in [("propertyNames", false), ("x-switchback-keys", true)] {
            if let Some(node) = self.optional(pointer, schema, key)? {
                rules.keys = Some(Keys { node, parsed });
            }
        }
        Ok(rules)
    }

    fn union(
        &mut self,
        pointer: &str,
        schema: &Map<String, Value>,
        key: &str,
    ) -> Result<Union, SchemaError> {
        let nodes = self.list(pointer, schema, key)?;
        let branches: Vec<Branch> = nodes
            .iter()
            .map(|node| Branch {
                node: *node,
                label: None,
            })
            .collect();
        Ok(Union {
            one: key == "oneOf",
            discriminator: schema
                .get("discriminator")
                .and_then(|discriminator| self.discriminator(discriminator, &nodes)),
            branches,
        })
    }

    fn discriminator(&self, discriminator: &Value, nodes: &[NodeId]) -> Option<Discriminator> {
        let property = discriminator.get("propertyName")?.as_str()?;
        let place = |target: &str| {
            let node = self.done.get(target)?;
            nodes.iter().position(|branch| branch == node)
        };
        let tags = match discriminator.get("mapping") {
            Some(Value::Object(mapping)) => mapping
                .iter()
                .filter_map(|(tag, target)| {
                    let target = target.as_str()?;
                    let pointer = match target.strip_prefix('#') {
                        Some(pointer) => pointer.to_owned(),
                        None => child("/components/schemas", target),
                    };
                    Some((tag.as_str().into(), place(&pointer)?))
                })
                .collect(),
            _ => nodes
                .iter()
                .enumerate()
                .filter_map(|(place, node)| Some((self.nodes[*node].name.clone()?, place)))
                .collect(),
        };
        Some(Discriminator {
            property: property.into(),
            tags,
        })
    }

    fn others(
        &mut self,
        pointer: &str,
        schema: &Map<String, Value>,
        node: &mut Node,
    ) -> Result<(), SchemaError> {
        let Some(keyword) = OTHERS.iter().find(|key| schema.contains_key(**key)) else {
            return Ok(());
        };
        for key in OTHERS {
            match (*key, schema.get(*key)) {
                (_, None) | ("dependentRequired", _) => {}
                ("dependentSchemas", Some(Value::Object(named))) => {
                    for name in named.keys() {
                        let pointer = child(&child(pointer, key), name);
                        node.hidden.push(self.node(&pointer)?);
                    }
                }
                ("not" | "if" | "then" | "else", Some(_)) => {
                    node.hidden.push(self.node(&child(pointer, key))?);
                }
                (_, Some(Value::Object(_))) => {
                    node.inside.push(self.node(&child(pointer, key))?);
                }
                _ => {}
            }
        }
        node.other = Some(Other {
            keyword,
            validator: self.schemas.validator(pointer, &reference(pointer))?,
        });
        Ok(())
    }

    fn optional(
        &mut self,
        pointer: &str,
        schema: &Map<String, Value>,
        key: &str,
    ) -> Result<Option<NodeId>, SchemaError> {
        schema
            .contains_key(key)
            .then(|| self.node(&child(pointer, key)))
            .transpose()
    }

    fn list(
        &mut self,
        pointer: &str,
        schema: &Map<String, Value>,
        key: &str,
    ) -> Result<Vec<NodeId>, SchemaError> {
        let count = match schema.get(key) {
            Some(Value::Array(items)) => items.len(),
            _ => 0,
        };
        let pointer = child(pointer, key);
        (0..count)
            .map(|index| self.node(&format!("{pointer}/{index}")))
            .collect()
    }
}

fn size(schema: &Map<String, Value>, key: &str) -> Option<u64> {
    match schema.get(key) {
        Some(Value::Number(number)) => number
            .as_u64()
            .or_else(|| number.as_f64().map(|float| float as u64)),
        _ => None,
    }
}
