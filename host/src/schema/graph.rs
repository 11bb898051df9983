//! A schema and all it refers to, as plain data in the order of the contract: what violations are told from.

use std::collections::HashSet;

use jsonschema::Validator;
use serde_json::{Number, Value};

use super::decimal::DecimalRules;
use super::label;
use super::when::TimeRules;

pub(super) type NodeId = usize;

/// As many schemas may apply to one and the same value, one inside the other (`allOf` in `anyOf` in …). With the depth
/// of a JSON body this bounds how deep a check recurses.
const DEEPEST_IN_PLACE: usize = 16;

pub(super) struct Graph {
    nodes: Vec<Node>,
    root: NodeId,
    explosive: bool,
    /// Whether it has rules that jsonschema does not know.
    own_rules: bool,
    /// Names of the properties whose values no violation may show.
    secrets: Vec<Box<str>>,
}

/// One schema. A `$ref` that stands alone is no node: it is the node it leads to.
#[derive(Default)]
pub(super) struct Node {
    /// The name under `components/schemas`.
    pub(super) name: Option<Box<str>>,
    /// What pydantic calls the model of that name.
    pub(super) class: Option<Box<str>>,
    /// FastAPI's object of several body parameters: each is a parameter, not a field.
    pub(super) embeds: bool,
    /// `false`: nothing fits.
    pub(super) never: bool,
    pub(super) types: Types,
    pub(super) secret: bool,
    /// Whether only its own type is taken, and nothing made into one.
    pub(super) strict: bool,
    /// Of a union of number and text that is a decimal.
    pub(super) decimal: Option<DecimalRules>,
    pub(super) options: Option<Options>,
    pub(super) string: StringRules,
    pub(super) number: NumberRules,
    pub(super) array: ArrayRules,
    pub(super) object: ObjectRules,
    pub(super) all_of: Vec<NodeId>,
    pub(super) unions: Vec<Union>,
    pub(super) other: Option<Other>,
    /// Schemas under keywords that only jsonschema judges: those that apply to the same value, and those that apply to
    /// its parts.
    pub(super) hidden: Vec<NodeId>,
    pub(super) inside: Vec<NodeId>,
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
    /// What is in it, where that is JSON.
    pub(super) content: Option<NodeId>,
    /// Of a URL, how it may begin.
    pub(super) schemes: Vec<Value>,
    pub(super) time: Option<TimeRules>,
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
    /// The names in `properties`.
    pub(super) known: HashSet<Box<str>>,
    /// Required names that `properties` does not list.
    pub(super) required: Vec<Box<str>>,
    pub(super) patterns: Vec<(Validator, NodeId)>,
    pub(super) rest: Option<Rest>,
    pub(super) keys: Option<Keys>,
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
}

pub(super) struct Property {
    pub(super) name: Box<str>,
    pub(super) node: NodeId,
    pub(super) required: bool,
}

/// What the names of all members are.
pub(super) struct Keys {
    pub(super) node: NodeId,
    /// Whether they are read as the type that this names, and not taken as texts.
    pub(super) parsed: bool,
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
    pub(super) fn add(&mut self, name: &str) {
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
        self.known.contains(name)
    }
}

impl Node {
    /// Whether it has a rule that is in none of JSON Schema's keywords.
    fn has_own_rules(&self) -> bool {
        self.decimal.is_some()
            || !self.string.schemes.is_empty()
            || self.string.time.is_some()
            || self.object.keys.as_ref().is_some_and(|keys| keys.parsed)
    }

    /// Whether the only thing that fits is null.
    pub(super) fn is_null(&self) -> bool {
        self.types.0 == Type::Null.bit()
    }
}

impl Graph {
    /// Puts compiled schemas together; the last checks are those that need all of them.
    pub(super) fn new(
        nodes: Vec<Node>,
        root: NodeId,
        secrets: Vec<Box<str>>,
    ) -> Result<Graph, (NodeId, &'static str)> {
        let mut graph = Graph {
            nodes,
            root,
            explosive: false,
            own_rules: false,
            secrets,
        };
        let mut heights = vec![None; graph.nodes.len()];
        for id in 0..graph.nodes.len() {
            graph.in_place_height(id, &mut heights, 0)?;
        }
        for id in 0..graph.nodes.len() {
            let loops = graph.ways_down(id);
            if loops.iter().filter(|way| **way).count() > 1 {
                graph.explosive = true;
                if graph.nodes.iter().any(|node| node.other.is_some()) {
                    let message = "this schema applies itself more than once to the same part of a value, and with \
                                   keywords like `not`, `if` or `contains` that takes unbounded time: leave one out";
                    return Err((id, message));
                }
            }
        }
        graph.own_rules = graph.nodes.iter().any(Node::has_own_rules);
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

    /// Whether jsonschema alone cannot tell if a value fits.
    pub(super) fn has_own_rules(&self) -> bool {
        self.own_rules
    }

    /// Whether the root is a text that holds JSON.
    pub(super) fn holds_json(&self) -> bool {
        self.find(self.root, &|node| node.string.content.is_some())
            .is_some()
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

    pub(super) fn embeds(&self) -> bool {
        self.find(self.root, &|node| node.embeds).is_some()
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

    /// How many schemas apply in place below this one; an error if they go round in a circle.
    fn in_place_height(
        &self,
        id: NodeId,
        heights: &mut [Option<usize>],
        depth: usize,
    ) -> Result<usize, (NodeId, &'static str)> {
        if let Some(height) = heights[id] {
            return Ok(height);
        }
        let refused = Err((
            id,
            "this schema applies itself to the same value, or more than 16 schemas apply to one value, each inside \
             the other: make it flatter",
        ));
        if depth > DEEPEST_IN_PLACE {
            return refused;
        }
        let mut height = 0;
        for child in self.nodes[id].in_place() {
            height = height.max(1 + self.in_place_height(child, heights, depth + 1)?);
        }
        if height > DEEPEST_IN_PLACE {
            return refused;
        }
        heights[id] = Some(height);
        Ok(height)
    }

    /// The ways on which this schema applies others to the same part of a value; of each, whether it leads back here.
    fn ways_down(&self, start: NodeId) -> Vec<bool> {
        let node = &self.nodes[start];
        let mut ways: Vec<Vec<NodeId>> = node.in_place().map(|id| vec![id]).collect();
        ways.push(node.own_parts());
        ways.extend(node.object.patterns.iter().map(|(_, id)| vec![*id]));
        ways.extend(node.inside.iter().map(|id| vec![*id]));
        if ways.iter().filter(|way| !way.is_empty()).count() < 2 {
            return Vec::new();
        }
        ways.into_iter()
            .map(|way| self.reaches(way, start))
            .collect()
    }

    fn reaches(&self, mut next: Vec<NodeId>, goal: NodeId) -> bool {
        let mut seen = vec![false; self.nodes.len()];
        while let Some(id) = next.pop() {
            if id == goal {
                return true;
            }
            if !std::mem::replace(&mut seen[id], true) {
                let node = &self.nodes[id];
                next.extend(node.in_place());
                next.extend(node.own_parts());
                next.extend(node.object.patterns.iter().map(|(_, id)| *id));
                next.extend(&node.inside);
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
                        .map(|branch| many.then(|| label::label(self, branch.node).into()))
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

    /// Schemas that apply to the parts of a value, one to each part.
    fn own_parts(&self) -> Vec<NodeId> {
        let mut parts = self.array.prefix.clone();
        parts.extend(self.array.items);
        parts.extend(self.object.properties.iter().map(|property| property.node));
        if let Some(Rest::Each(node)) = self.object.rest {
            parts.push(node);
        }
        parts
    }
}
