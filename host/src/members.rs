//! The members of an object that is sent as texts: a form, or a parameter whose schema is an object.

use serde_json::{Map, Value};

use crate::schema::{SchemaError, Schemas, child};

/// What an object's schema says of its members.
pub(crate) struct Members {
    /// In the order of `properties`.
    pub(crate) list: Vec<Member>,
    /// Whether nothing else may be sent.
    pub(crate) closed: bool,
}

/// One of them.
pub(crate) struct Member {
    pub(crate) name: String,
    /// Where its schema is.
    pub(crate) pointer: String,
    pub(crate) required: bool,
}

impl Members {
    /// Reads the schema at `pointer`, where it has a home of its own. `what` it describes is for the words of errors: "a
    /// form".
    pub(crate) fn read(
        schemas: &Schemas,
        pointer: &str,
        what: &str,
    ) -> Result<Members, SchemaError> {
        let (pointer, schema) = schemas.resolve(pointer)?;
        let refuse = |message: String| Err(SchemaError::new(&pointer, message));
        let properties = match (
            schema.get("type").and_then(Value::as_str),
            schema.get("properties"),
        ) {
            (_, Some(Value::Object(properties))) => properties,
            (Some("object"), None) => &Map::new(),
            _ => {
                return refuse(format!(
                    "{what}'s schema is an object: its `properties` are the fields"
                ));
            }
        };
        let closed = match schema
            .get("additionalProperties")
            .or_else(|| schema.get("unevaluatedProperties"))
        {
            None | Some(Value::Bool(true)) => false,
            Some(Value::Bool(false)) => true,
            Some(_) => {
                return refuse(format!("`additionalProperties` of {what} is true or false"));
            }
        };
        let required: Vec<&str> = match schema.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if let Some(unknown) = required
            .iter()
            .find(|name| !properties.contains_key(**name))
        {
            return refuse(format!(
                "`{unknown}` is required but not among the `properties`"
            ));
        }
        let list = properties.keys().map(|name| Member {
            pointer: child(&child(&pointer, "properties"), name),
            required: required.contains(&name.as_str()),
            name: name.clone(),
        });
        Ok(Members {
            list: list.collect(),
            closed,
        })
    }
}

/// The schema at `pointer`, references followed, and what is left of `anyOf` or `oneOf` without null.
pub(crate) fn not_null<'s>(
    schemas: &'s Schemas,
    pointer: &str,
) -> Result<(String, &'s Value), SchemaError> {
    let (pointer, schema) = schemas.resolve(pointer)?;
    for key in ["anyOf", "oneOf"] {
        let Some(Value::Array(branches)) = schema.get(key) else {
            continue;
        };
        let is_null = |branch: &Value| branch.get("type").and_then(Value::as_str) == Some("null");
        let mut real = (0..branches.len()).filter(|at| !is_null(&branches[*at]));
        if let (Some(at), None) = (real.next(), real.next()) {
            return schemas.resolve(&child(&child(&pointer, key), &at.to_string()));
        }
    }
    Ok((pointer, schema))
}
