//! A schema and all it refers to, as plain data in the order of the contract: what violations are told from.

use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Map, Number, Value, json};

use super::{SchemaError, Schemas, child, local_pointer, reference, words};
use crate::number;

pub(super) type NodeId = usize;

/// Schemas nested deeper than this are refused: compiling recurses.
const DEEPEST: usize = 128;

/// As many schemas may apply to one and the same value, one inside the other (`allOf` in `anyOf` in …). With the depth
/// of a JSON body this bounds how deep a check recurses.
const DEEPEST_IN_PLACE: usize = 16;

pub(super) struct Graph {
    nodes: Vec<Node>,
    root: NodeId,
    explosive: bool,
    /// Names of the properties whose values no violation may show.
    secrets: Vec<Box<str>>,
}

/// One schema. A `$ref` that stands alone is no node: it is the node it leads to.
#[derive(Default)]
pub(super) struct Node {
    /// The name under `components/schemas`.
    pub(super) name: Option<Box<str>>,
    /// `false`: nothing fits.
    pub(super) never: bool,
    pub(super) types: Types,
    pub(super) secret: bool,
    pub(super) options: Option<Options>,
    pub(super) string: StringRules,
    pub(super) number: NumberRules,
    pub(super) array: ArrayRules,
    pub(super) object: ObjectRules,
    pub(super) all_of: Vec<NodeId>,
    pub(super) unions: Vec<Union>,
    pub(super) other: Option<Other>,
    /// Schemas under keywords that only jsonschema judges, for the checks on the whole graph.
    hidden: Vec<NodeId>,
}

/// The types that a schema names, a bit each; none: any.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Types(u8);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// `enum` or `const`.
pub(super) struct Options {
    pub(super) values: Vec<Value>,
    /// `'a' or 'b'`
    pub(super) expected: String,
    /// An `enum` with a name of its own is pydantic's `enum`, anything else its `literal_error`.
    pub(super) class: bool,
}

#[derive(Default)]
pub(super) struct StringRules {
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
    pub(super) pattern: Option<(Box<str>, Validator)>,
    pub(super) format: Option<(Box<str>, Option<Validator>)>,
}

#[derive(Default)]
pub(super) struct NumberRules {
    pub(super) min: Option<Number>,
    pub(super) max: Option<Number>,
    pub(super) above: Option<Number>,
    pub(super) below: Option<Number>,
    pub(super) multiple: Option<(Number, Validator)>,
}

#[derive(Default)]
pub(super) struct ArrayRules {
    pub(super) items: Option<NodeId>,
    pub(super) prefix: Vec<NodeId>,
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
    pub(super) unique: Option<Validator>,
}

#[derive(Default)]
pub(super) struct ObjectRules {
    pub(super) properties: Vec<Property>,
    /// Where a property stands in `properties`.
    index: HashMap<Box<str>, usize>,
    /// Required names that `properties` does not list.
    pub(super) required: Vec<Box<str>>,
    pub(super) patterns: Vec<(Validator, NodeId)>,
    pub(super) rest: Option<Rest>,
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
}

pub(super) struct Property {
    pub(super) name: Box<str>,
    pub(super) node: NodeId,
    pub(super) required: bool,
}

/// What `additionalProperties` says.
pub(super) enum Rest {
    Forbidden,
    Each(NodeId),
}

/// `anyOf` or `oneOf`.
pub(super) struct Union {
    pub(super) one: bool,
    pub(super) branches: Vec<Branch>,
    pub(super) discriminator: Option<Discriminator>,
}

pub(super) struct Branch {
    pub(super) node: NodeId,
    /// The step that pydantic adds to the place of an error; none where it is the only branch besides null.
    pub(super) label: Option<Box<str>>,
}

pub(super) struct Discriminator {
    pub(super) property: Box<str>,
    /// From a tag to the branch's place.
    pub(super) tags: Vec<(Box<str>, usize)>,
}

/// Keywords that only jsonschema judges.
pub(super) struct Other {
    pub(super) keyword: &'static str,
    pub(super) validator: Validator,
}

impl Types {
    fn add(&mut self, name: &str) {
        let all = [
            Type::Null,
            Type::Boolean,
            Type::Integer,
            Type::Number,
            Type::String,
            Type::Array,
            Type::Object,
        ];
        let names = [
            "null", "boolean", "integer", "number", "string", "array", "object",
        ];
        for (kind, known) in all.into_iter().zip(names) {
            if name == known {
                self.0 |= kind.bit();
            }
        }
    }

    pub(super) fn has(self, kind: Type) -> bool {
        self.0 & kind.bit() != 0
    }

    pub(super) fn any(self) -> bool {
        self.0 == 0
    }

    /// Those named, null aside.
    pub(super) fn named(self) -> impl Iterator<Item = Type> {
        [
            Type::Boolean,
            Type::Integer,
            Type::Number,
            Type::String,
            Type::Array,
            Type::Object,
        ]
        .into_iter()
        .filter(move |kind| self.has(*kind))
    }
}

impl Type {
    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl ObjectRules {
    pub(super) fn knows(&self, name: &str) -> bool {
        self.index.contains_key(name)
    }
}

impl Node {
    /// Whether the only thing that fits is null.
    pub(super) fn is_null(&self) -> bool {
        self.types.0 == Type::Null.bit()
    }
}

impl Graph {
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
        let mut heights = vec![None; compiler.nodes.len()];
        for id in 0..compiler.nodes.len() {
            compiler.in_place_height(id, &mut heights, 0)?;
        }
        let mut graph = Graph {
            nodes: compiler.nodes,
            root,
            explosive: false,
            secrets: compiler.secrets,
        };
        graph.explosive = (0..graph.nodes.len())
            .any(|id| graph.nodes[id].branching() > 1 && graph.reaches_itself(id));
        graph.label_branches();
        Ok(graph)
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    pub(super) fn root(&self) -> NodeId {
        self.root
    }

    /// Whether checking by plain recursion may take a time exponential in the value's depth: a schema that applies
    /// itself more than once to the same value further down.
    pub(super) fn is_explosive(&self) -> bool {
        self.explosive
    }

    pub(super) fn has_secrets(&self) -> bool {
        !self.secrets.is_empty() || self.nodes[self.root].secret
    }

    pub(super) fn is_secret(&self, name: &str) -> bool {
        self.secrets.iter().any(|secret| **secret == *name)
    }

    /// The node that describes an array, where the root is one, or one or null.
    pub(super) fn list(&self) -> Option<NodeId> {
        self.find(self.root, &|node| {
            node.types.has(Type::Array)
                || node.types.any() && (node.array.items.is_some() || !node.array.prefix.is_empty())
        })
    }

    pub(super) fn takes_object(&self) -> bool {
        self.find(self.root, &|node| {
            node.types.has(Type::Object) || !node.object.properties.is_empty()
        })
        .is_some()
    }

    fn find(&self, id: NodeId, fits: &impl Fn(&Node) -> bool) -> Option<NodeId> {
        let node = &self.nodes[id];
        if fits(node) {
            return Some(id);
        }
        let branches = node
            .unions
            .iter()
            .flat_map(|union| union.branches.iter().map(|branch| branch.node));
        node.all_of
            .iter()
            .copied()
            .chain(branches)
            .find_map(|id| self.find(id, fits))
    }

    fn reaches_itself(&self, start: NodeId) -> bool {
        let mut seen = vec![false; self.nodes.len()];
        let mut next = self.nodes[start].edges();
        while let Some(id) = next.pop() {
            if id == start {
                return true;
            }
            if !std::mem::replace(&mut seen[id], true) {
                next.extend(self.nodes[id].edges());
            }
        }
        false
    }

    fn label_branches(&mut self) {
        let labels: Vec<Vec<Vec<Option<Box<str>>>>> = self
            .nodes
            .iter()
            .map(|node| {
                let of = |union: &Union| {
                    let real = union
                        .branches
                        .iter()
                        .filter(|branch| !self.nodes[branch.node].is_null());
                    let many = real.count() > 1;
                    union
                        .branches
                        .iter()
                        .map(|branch| many.then(|| words::label(self, branch.node).into()))
                        .collect()
                };
                node.unions.iter().map(of).collect()
            })
            .collect();
        for (node, labels) in self.nodes.iter_mut().zip(labels) {
            for (union, labels) in node.unions.iter_mut().zip(labels) {
                for (branch, label) in union.branches.iter_mut().zip(labels) {
                    branch.label = label;
                }
            }
        }
    }
}

impl Node {
    /// Schemas that apply to the same value as this one.
    fn in_place(&self) -> impl Iterator<Item = NodeId> {
        let branches = self.unions.iter().flat_map(|union| &union.branches);
        self.all_of
            .iter()
            .copied()
            .chain(branches.map(|branch| branch.node))
            .chain(self.hidden.iter().copied())
    }

    fn edges(&self) -> Vec<NodeId> {
        let mut edges: Vec<NodeId> = self.in_place().collect();
        edges.extend(self.array.items);
        edges.extend(&self.array.prefix);
        edges.extend(self.object.properties.iter().map(|property| property.node));
        edges.extend(self.object.patterns.iter().map(|(_, node)| node));
        if let Some(Rest::Each(node)) = self.object.rest {
            edges.push(node);
        }
        edges
    }

    fn branching(&self) -> usize {
        self.in_place().count()
    }
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

/// Keywords that only jsonschema judges, and the schemas in them: one, a list, or by name.
const OTHERS: &[&str] = &[
    "not",
    "if",
    "then",
    "else",
    "contains",
    "minContains",
    "maxContains",
    "propertyNames",
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
        let alone = |map: &Map<String, Value>| {
            map.keys()
                .all(|key| ANNOTATIONS.contains(&key.as_str()) || key.starts_with("x-"))
        };
        self.depth += 1;
        let id = match schema {
            Value::Object(map) if map.contains_key("$ref") && alone(map) => {
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
        let mut node = Node {
            name: pointer
                .strip_prefix("/components/schemas/")
                .filter(|name| !name.contains('/'))
                .map(|name| name.replace("~1", "/").replace("~0", "~").into()),
            secret: schema.get("writeOnly") == Some(&Value::Bool(true))
                || schema
                    .get("format")
                    .is_some_and(|format| format == "password"),
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
            expected: words::expected(&values),
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
        self.others(pointer, schema, &mut node)?;
        Ok(node)
    }

    fn string_rules(
        &self,
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
        Ok(StringRules {
            min: size(schema, "minLength"),
            max: size(schema, "maxLength"),
            pattern,
            format,
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
            for (place, name) in properties.keys().enumerate() {
                let node = self.node(&child(&pointer, name))?;
                if self.nodes[node].secret {
                    self.secrets.push(name.as_str().into());
                }
                rules.index.insert(name.as_str().into(), place);
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
                    self.node(&child(pointer, key))?;
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

    /// How many schemas apply in place below this one; an error if they go round in a circle.
    fn in_place_height(
        &self,
        id: NodeId,
        heights: &mut [Option<usize>],
        depth: usize,
    ) -> Result<usize, SchemaError> {
        if let Some(height) = heights[id] {
            return Ok(height);
        }
        if depth > DEEPEST_IN_PLACE {
            let message = "this schema applies itself to the same value, or more than 16 schemas to one value, each \
                           inside the other: make it flatter";
            return Err(SchemaError::new(&self.pointers[id], message));
        }
        let mut height = 0;
        for child in self.nodes[id].in_place() {
            height = height.max(1 + self.in_place_height(child, heights, depth + 1)?);
        }
        if height > DEEPEST_IN_PLACE {
            let message =
                "more than 16 schemas apply to one value, each inside the other: make it flatter";
            return Err(SchemaError::new(&self.pointers[id], message));
        }
        heights[id] = Some(height);
        Ok(height)
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
