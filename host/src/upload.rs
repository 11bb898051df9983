//! Files of a form: which of its fields are files, and what a contract says about them.

use serde_json::{Map, Value};

use crate::form::Content;
use crate::members::not_null;
use crate::problem::Loc;
use crate::schema::{SchemaError, Schemas, child, words};
use crate::spool::FileContent;
use crate::violations::{Rule, Violations, shorten_text};

/// A file as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct FormFile {
    /// The field it was sent under.
    pub field: String,
    /// The name that the client gave.
    pub name: Option<String>,
    /// The content type that the client gave.
    pub media_type: Option<String>,
    /// All headers of its part, names in lower case, values as they were sent.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What it holds.
    pub content: FileContent,
}

/// What a contract says of a field that takes files.
pub(crate) struct FileField {
    pub(crate) name: String,
    pub(crate) required: bool,
    /// Bytes of each.
    size: Bounds,
    /// How many there may be, where there may be several.
    count: Option<Bounds>,
}

#[derive(Default)]
struct Bounds {
    min: Option<u64>,
    max: Option<u64>,
}

impl Bounds {
    fn of(schema: &Value, min: &str, max: &str) -> Bounds {
        let number = |key: &str| schema.get(key).and_then(Value::as_u64);
        Bounds {
            min: number(min),
            max: number(max),
        }
    }
}

impl FileField {
    /// Reads the schema at `pointer`; nothing if it describes no file and no list of files.
    pub(crate) fn compile(
        schemas: &Schemas,
        pointer: &str,
        name: &str,
        required: bool,
    ) -> Result<Option<FileField>, SchemaError> {
        let (pointer, schema) = not_null(schemas, pointer)?;
        let (file, count) = match schema.get("items") {
            Some(_) => {
                let (_, items) = not_null(schemas, &child(&pointer, "items"))?;
                (items, Some(Bounds::of(schema, "minItems", "maxItems")))
            }
            None => (schema, None),
        };
        let text = |key: &str| file.get(key).and_then(Value::as_str);
        let binary = text("format") == Some("binary")
            || text("contentMediaType").is_some() && text("contentEncoding").is_none();
        Ok(binary.then(|| FileField {
            name: name.to_owned(),
            required,
            size: Bounds::of(file, "minLength", "maxLength"),
            count,
        }))
    }

    /// Checks what was sent under its name, with the place of each; the places of those that are taken. What does not
    /// fit goes to `violations`.
    pub(crate) fn check(
        &self,
        sent: &[(usize, &Content)],
        violations: &mut Violations,
    ) -> Vec<usize> {
        // Not what a browser sends where nothing was chosen.
        let is_sent = |content: &Content| match content {
            Content::File(file) => file.content.size() > 0 || file.name.as_deref() != Some(""),
            Content::Text(text) => !text.is_empty() || self.count.is_some(),
        };
        let Some(count) = &self.count else {
            // The last counts, as of any field that is sent twice.
            let last = sent.last().filter(|(_, content)| is_sent(content));
            if last.is_none() {
                self.absent(violations);
            }
            return self.check_each(last.copied(), |_| None, violations);
        };
        let mut sent = sent.to_vec();
        sent.retain(|(_, content)| is_sent(content));
        if sent.is_empty() {
            self.absent(violations);
            return Vec::new();
        }
        if let Some(most) = count.max.filter(|most| sent.len() as u64 > *most) {
            let rule = words::too_many("List", most, sent.len());
            violations.push(rule, || self.loc(None), |_| Value::Null);
            return Vec::new();
        }
        if let Some(least) = count.min.filter(|least| (sent.len() as u64) < *least) {
            let rule = words::too_few("List", least, sent.len());
            violations.push(rule, || self.loc(None), |_| Value::Null);
        }
        self.check_each(sent, Some, violations)
    }

    fn check_each<'s>(
        &self,
        sent: impl IntoIterator<Item = (usize, &'s Content)>,
        index: impl Fn(usize) -> Option<usize>,
        violations: &mut Violations,
    ) -> Vec<usize> {
        let mut taken = Vec::new();
        for (nth, (place, content)) in sent.into_iter().enumerate() {
            let loc = || self.loc(index(nth));
            let file = match content {
                Content::File(file) => file,
                Content::Text(text) => {
                    violations.push(no_file(), loc, |most| shorten_text(text, most));
                    continue;
                }
            };
            let size = file.content.size();
            let shown = |most| {
                file.name
                    .as_deref()
                    .map_or(Value::Null, |name| shorten_text(name, most))
            };
            if let Some(min) = self.size.min.filter(|min| size < *min) {
                violations.push(words::too_short("binary", min), loc, shown);
            } else if let Some(max) = self.size.max.filter(|max| size > *max) {
                violations.push(words::too_long("binary", max), loc, shown);
            }
            taken.push(place);
        }
        taken
    }

    fn absent(&self, violations: &mut Violations) {
        if self.required {
            violations.push(Rule::missing(), || self.loc(None), |_| Value::Null);
        }
    }

    fn loc(&self, index: Option<usize>) -> Vec<Loc> {
        let mut loc = vec![
            Loc::Name("body".into()),
            Loc::Name(self.name.clone().into()),
        ];
        loc.extend(index.map(Loc::Index));
        loc
    }
}

/// A text where a file should be, as FastAPI words it.
fn no_file() -> Rule {
    Rule {
        kind: "value_error",
        msg: "Value error, Expected UploadFile, received: <class 'str'>".into(),
        ctx: Some(Map::from_iter([(
            "error".to_owned(),
            Value::Object(Map::new()),
        )])),
    }
}
