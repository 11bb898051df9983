//! What pydantic calls a branch of a union.

use serde_json::Value;

use super::graph::{Branch, Graph, Node, NodeId, NumberRules, Rest, Type};
use super::python::repr;

pub(super) fn label(graph: &Graph, id: NodeId) -> String {
    let mut label = String::new();
    push_label(graph, id, &mut label, 0);
    label
}

fn push_label(graph: &Graph, id: NodeId, out: &mut String, depth: usize) {
    let node = graph.node(id);
    if let Some(options) = &node.options {
        match &node.class {
            Some(name) if options.class => {
                let integers = options.values.iter().all(Value::is_number);
                let kind = if integers { "int" } else { "str" };
                out.push_str(&format!("{kind}-enum[{}]", name));
            }
            _ => {
                let values: Vec<String> = options.values.iter().map(repr).collect();
                out.push_str(&format!("literal[{}]", values.join(",")));
            }
        }
        return;
    }
    if node.decimal.is_some() {
        return out.push_str("decimal");
    }
    if let Some(name) = &node.class {
        return out.push_str(name);
    }
    // Deeper labels would help nobody; a schema without names may go on for ever.
    if depth > 8 {
        return out.push('…');
    }
    if let Some(union) = node.unions.first() {
        let real = |branch: &&Branch| !graph.node(branch.node).is_null();
        let real: Vec<NodeId> = union.branches.iter().filter(real).map(|b| b.node).collect();
        let nullable = real.len() < union.branches.len();
        out.push_str(if nullable { "nullable[" } else { "" });
        let kind = match (real.len(), &union.discriminator) {
            (1, _) => "",
            (_, None) => "union",
            (_, Some(_)) => "tagged-union",
        };
        push_list(graph, kind, &real, ",", out, depth);
        out.push_str(if nullable { "]" } else { "" });
        return;
    }
    let mut types = node.types.named();
    let first = types.next();
    if types.next().is_some() {
        let names: Vec<&str> = node.types.named().map(type_name).collect();
        return out.push_str(&format!("union[{}]", names.join(",")));
    }
    match first {
        None if node.is_null() => out.push_str("none"),
        None => match node.all_of.first() {
            Some(first) => push_label(graph, *first, out, depth + 1),
            None => out.push_str("any"),
        },
        Some(Type::Array) if !node.array.prefix.is_empty() => {
            push_list(graph, "tuple", &node.array.prefix, ", ", out, depth);
        }
        Some(Type::Array) => {
            let items: Vec<NodeId> = node.array.items.into_iter().collect();
            let kind = if node.array.unique.is_some() {
                "set"
            } else {
                "list"
            };
            push_list(graph, kind, &items, ",", out, depth);
        }
        Some(Type::Object) => {
            out.push_str("dict[");
            match &node.object.keys {
                Some(keys) if keys.parsed => push_label(graph, keys.node, out, depth + 1),
                _ => out.push_str("str"),
            }
            out.push(',');
            match node.object.rest {
                Some(Rest::Each(value)) => push_label(graph, value, out, depth + 1),
                _ => out.push_str("any"),
            }
            out.push(']');
        }
        Some(Type::String) => out.push_str(string_label(node)),
        Some(kind) => {
            let NumberRules {
                min,
                max,
                above,
                below,
                multiple,
            } = &node.number;
            let most = max.as_ref().or(below.as_ref());
            let of_its_type =
                matches!((min, most), (Some(min), Some(most)) if super::spans_a_type(min, most));
            if (min.is_some() || most.is_some()) && !of_its_type
                || above.is_some()
                || multiple.is_some()
            {
                out.push_str("constrained-");
            }
            out.push_str(type_name(kind));
        }
    }
}

/// A model's own name, where what is sent and what is answered have a schema each, and where it stands in the name of its
/// schema behind its module, since there are several of that name (`shop__models__Item`).
pub(super) fn class<'a>(name: &'a str, title: Option<&'a str>) -> &'a str {
    let suffixes = ["-Input", "-Output"];
    let own = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
    let own = own.unwrap_or(name);
    let in_module = |title: &&str| own.contains("__") && own.split("__").any(|part| part == *title);
    title.filter(in_module).unwrap_or(own)
}

fn push_list(
    graph: &Graph,
    kind: &str,
    nodes: &[NodeId],
    comma: &str,
    out: &mut String,
    depth: usize,
) {
    out.push_str(kind);
    out.push_str(if kind.is_empty() { "" } else { "[" });
    if nodes.is_empty() {
        out.push_str("any");
    }
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            out.push_str(comma);
        }
        push_label(graph, *node, out, depth + 1);
    }
    out.push_str(if kind.is_empty() { "" } else { "]" });
}

fn string_label(node: &Node) -> &'static str {
    let rules = &node.string;
    match rules.format.as_ref().map(|(format, _)| &**format) {
        Some("date") => "date",
        Some("date-time" | "partial-date-time") => "datetime",
        Some("time" | "partial-time") => "time",
        Some("duration") => "timedelta",
        Some("uuid") => "uuid",
        Some("binary") => "bytes",
        Some("email") => "function-after[_validate(), str]",
        Some("uri") => "function-wrap[wrap_val()]",
        _ if rules.min.is_some() || rules.max.is_some() || rules.pattern.is_some() => {
            "constrained-str"
        }
        _ => "str",
    }
}

pub(super) fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Null => "none",
        Type::Boolean => "bool",
        Type::Integer => "int",
        Type::Number => "float",
        Type::String => "str",
        Type::Array => "list[any]",
        Type::Object => "dict[str,any]",
    }
}

#[cfg(test)]
mod tests {
    use super::class;

    #[test]
    fn a_model_is_called_by_its_own_name() {
        for (name, title, own) in [
            ("Item", Some("Item"), "Item"),
            ("Item-Input", Some("Item"), "Item"),
            ("shop__models__Item", Some("Item"), "Item"),
            ("shop__models__Item-Output", Some("Item"), "Item"),
            ("__main____Item__2", Some("Item"), "Item"),
            ("my__Item", Some("A thing"), "my__Item"),
            ("my__Item", None, "my__Item"),
            ("Item", Some("A thing"), "Item"),
        ] {
            assert_eq!(class(name, title), own);
        }
    }
}
