//! One value that is sent as text: a parameter, or a field of a form.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::config::Limits;
use crate::large::Large;
use crate::problem::Loc;
use crate::schema::{HIDDEN, Schema, SchemaError, Schemas};
use crate::violations::{Rule, Violations, shorten, shorten_text};

/// What a contract says of one such value.
pub(crate) struct Field {
    /// As the contract writes it.
    pub(crate) name: String,
    /// Whether several texts make one value.
    pub(crate) list: bool,
    /// `"name":`
    key: String,
    /// `["query", name]`
    loc: Box<[Loc]>,
    pub(crate) required: bool,
    default: Option<Value>,
    /// Whether its text holds JSON: then an empty one is none.
    holds_json: bool,
    schema: Arc<Schema>,
}

impl Field {
    /// Compiles the schema at `pointer`. `loc` is where the value stands: `query` or `body` first, its name last.
    pub(crate) fn compile(
        schemas: &Schemas,
        pointer: &str,
        loc: &[&str],
        required: bool,
    ) -> Result<Field, SchemaError> {
        let name = loc.last().copied().unwrap_or_default();
        let (_, resolved) = schemas.resolve(pointer)?;
        let beside = schemas.at(pointer).and_then(|schema| schema.get("default"));
        let default = beside.or_else(|| resolved.get("default")).cloned();
        let schema = schemas.compile(pointer)?;
        Ok(Field {
            name: name.to_owned(),
            list: schema.takes_list(),
            key: format!("{}:", Value::from(name)),
            loc: loc
                .iter()
                .map(|step| Loc::Name((*step).to_owned().into()))
                .collect(),
            required,
            default,
            holds_json: schema.holds_json(),
            schema,
        })
    }

    /// The same, but it is sent, and handed to the guest, under another name than violations have.
    pub(crate) fn known_as(self, name: &str) -> Field {
        Field {
            name: name.to_owned(),
            key: format!("{}:", Value::from(name)),
            ..self
        }
    }

    /// Whether its schema describes an object, which no text can be read as.
    pub(crate) fn takes_object(&self) -> bool {
        self.schema.takes_object()
    }

    /// What is wrong with the default, in words. Defaults are passed unchecked, as FastAPI does; one that does not fit
    /// may be meant.
    pub(crate) fn misfit(&self) -> Option<String> {
        let default = self.default.as_ref()?;
        let mut violations = Violations::new(&Limits::default());
        let large = Large::default();
        self.schema
            .check(default, &large, &self.loc, &mut violations);
        let broken = violations.into_vec().into_iter().next()?;
        Some(format!(
            "the default `{default}` does not fit its own schema: {}",
            broken.msg.to_lowercase()
        ))
    }

    /// Appends `"name":value,` for the text that was sent. What does not fit goes to `violations`.
    pub(crate) fn read(&self, sent: Option<&str>, json: &mut Vec<u8>, violations: &mut Violations) {
        let sent = sent.filter(|text| !(self.holds_json && text.is_empty()));
        let Some(text) = sent else {
            return self.absent(json, violations);
        };
        let large = Large::default();
        if let Some(value) = self.schema.read_text(text, &large, &self.loc, violations) {
            self.write(&value, &large, json);
        }
    }

    /// The same for all the texts that were sent, for a [list](Field::list).
    pub(crate) fn read_all(&self, sent: &[&str], json: &mut Vec<u8>, violations: &mut Violations) {
        if sent.is_empty() {
            return self.absent(json, violations);
        }
        let large = Large::default();
        if let Some(value) = self.schema.read_list(sent, &large, &self.loc, violations) {
            self.write(&value, &large, json);
        }
    }

    /// Appends `"name":value,` for what was read already, if it fits the schema.
    pub(crate) fn take(
        &self,
        value: &Value,
        large: &Large,
        json: &mut Vec<u8>,
        violations: &mut Violations,
    ) {
        let before = violations.len();
        self.schema.check(value, large, &self.loc, violations);
        if violations.len() == before {
            self.write(value, large, json);
        }
    }

    /// Whether what is sent, or something in it, is not to be shown.
    pub(crate) fn is_secret(&self) -> bool {
        self.schema.has_secrets()
    }

    /// Tells what cannot be read at all.
    pub(crate) fn refuse(&self, rule: Rule, sent: &str, violations: &mut Violations) {
        let sent = match self.is_secret() {
            true => HIDDEN,
            false => sent,
        };
        violations.push(rule, || self.loc.to_vec(), |most| shorten_text(sent, most));
    }

    /// Tells that it was not sent, where all that was is shown.
    pub(crate) fn tell_missing(&self, sent: impl FnOnce() -> Value, violations: &mut Violations) {
        let shown = |most| shorten(&sent(), &Large::default(), most);
        violations.push(Rule::missing(), || self.loc.to_vec(), shown);
    }

    /// Tells that a file was sent where a text is wanted.
    pub(crate) fn refuse_file(&self, violations: &mut Violations) {
        let before = violations.len();
        let file = Value::Object(Map::new());
        self.schema
            .check(&file, &Large::default(), &self.loc, violations);
        if violations.len() == before {
            let rule = Rule::plain("string_type", "Input should be a valid string");
            violations.push(rule, || self.loc.to_vec(), |_| file);
        }
    }

    /// Whether it breaks a rule not to send it.
    pub(crate) fn must_be_sent(&self) -> bool {
        self.required && self.default.is_none()
    }

    pub(crate) fn absent(&self, json: &mut Vec<u8>, violations: &mut Violations) {
        match &self.default {
            Some(default) => self.write(default, &Large::default(), json),
            None if self.required => {
                violations.push(Rule::missing(), || self.loc.to_vec(), |_| Value::Null);
            }
            None => {}
        }
    }

    fn write(&self, value: &Value, large: &Large, json: &mut Vec<u8>) {
        json.extend_from_slice(self.key.as_bytes());
        large
            .write(value, &mut *json)
            .expect("a value always becomes JSON");
        json.push(b',');
    }
}

/// Closes an object whose members each end in a comma.
pub(crate) fn end_object(json: &mut Vec<u8>) {
    if json.last() == Some(&b',') {
        json.pop();
    }
    json.push(b'}');
}

/// Bytes as text: UTF-8 if they are, else Latin-1.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}
