//! How a parameter's value is written in what is sent: `style` and `explode` of OpenAPI 3.1 (4.8.12.2), or JSON.

use std::borrow::Cow;

use serde_json::Value;

use crate::field::{Field, end_object};
use crate::json;
use crate::members::{Members, not_null};
use crate::pairs::{Pair, as_object};
use crate::schema::{SchemaError, Schemas, child, words};
use crate::violations::Violations;

/// How one value is spread over texts.
pub(crate) enum Style {
    /// A text; of a list each value is one.
    Plain,
    /// A list in one text, with this between its values.
    Joined(char),
    /// A text of JSON.
    Json,
    Object(Object),
}

/// An object whose members are read by their own schemas, and then checked as a whole.
pub(crate) struct Object {
    members: Vec<Field>,
    closed: bool,
    way: Way,
}

/// How an object is spread over texts.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// `R=100&G=200`: each member as a parameter of its own.
    Apart,
    /// `color[R]=100&color[G]=200`
    Deep,
    /// `R,100,G,200`
    Alternating(char),
    /// `R=100,G=200`
    Assigned,
}

impl Style {
    /// Reads what the parameter object at `pointer` says of it, for the field of its schema.
    pub(crate) fn read(
        schemas: &Schemas,
        pointer: &str,
        parameter: &Value,
        place: &str,
        field: &Field,
    ) -> Result<Style, SchemaError> {
        let refuse = |message: String| Err(SchemaError::new(pointer, message));
        if parameter.get("content").is_some() {
            return Ok(Style::Json);
        }
        let (usual, others): (&str, &[&str]) = match place {
            "query" => ("form", &["spaceDelimited", "pipeDelimited", "deepObject"]),
            "cookie" => ("form", &[]),
            _ => ("simple", &[]),
        };
        let said = parameter.get("style").and_then(Value::as_str);
        let style = said.unwrap_or(usual);
        if style != usual && !others.contains(&style) {
            let mut known = vec![usual];
            known.extend(others);
            return refuse(format!(
                "the style of a {place} parameter is `{}`, not `{style}`",
                known.join("`, `")
            ));
        }
        let explode = match parameter.get("explode") {
            Some(Value::Bool(explode)) => *explode,
            _ => style == "form",
        };
        let by = match style {
            "spaceDelimited" => ' ',
            "pipeDelimited" => '|',
            _ => ',',
        };
        let name = &field.name;
        if !field.takes_object() {
            return match (style, place, field.list) {
                ("deepObject", ..) => {
                    refuse(format!("`deepObject` is for objects, and `{name}` is none"))
                }
                (.., false) => Ok(Style::Plain),
                (_, "cookie", true) if explode => refuse(format!(
                    "cookie parameter `{name}` cannot be an array: a client sends a cookie once; with `explode: false` \
                     its values stand between commas"
                )),
                // As FastAPI has it: a header each, unless the contract says how.
                (_, "header", true) if said.is_none() => Ok(Style::Plain),
                (_, "query", true) if explode => Ok(Style::Plain),
                _ => Ok(Style::Joined(by)),
            };
        }
        let way = match (style, explode) {
            ("deepObject", _) => Way::Deep,
            ("form", true) if place == "query" => Way::Apart,
            ("form", true) => {
                return refuse(format!(
                    "{place} parameter `{name}` cannot be an object unless `explode` is false"
                ));
            }
            ("simple", true) => Way::Assigned,
            _ => Way::Alternating(by),
        };
        let object = Object::compile(schemas, &child(pointer, "schema"), place, name, way)?;
        Ok(Style::Object(object))
    }

    /// The names under which it is sent, beside or in place of its own.
    pub(crate) fn takes(&self, own: &str, name: &str) -> bool {
        match self {
            Style::Object(object) => object.takes(own, name),
            _ => own == name,
        }
    }

    /// What is declared of a name under which it is sent: it itself, or a member that is sent apart.
    pub(crate) fn declared<'f>(&'f self, own: &'f Field, name: &str) -> Option<&'f Field> {
        match self {
            Style::Object(object) if matches!(object.way, Way::Apart) => {
                object.members.iter().find(|member| member.name == name)
            }
            _ => self.takes(&own.name, name).then_some(own),
        }
    }

    /// Whether what is not declared beside it is refused.
    pub(crate) fn closes_place(&self) -> bool {
        matches!(
            self,
            Style::Object(Object {
                closed: true,
                way: Way::Apart,
                ..
            })
        )
    }

    /// Appends `"name":value,` for what was sent in the parameter's place. What does not fit goes to `violations`. Of a
    /// parameter sent twice the last counts, unless the `first` does.
    pub(crate) fn value(
        &self,
        field: &Field,
        sent: &[Pair<'_>],
        first: bool,
        json: &mut Vec<u8>,
        violations: &mut Violations,
    ) {
        let mut of_name = sent.iter().filter(|pair| pair.name == field.name);
        let mut one = || match first {
            true => of_name.next(),
            false => of_name.next_back(),
        };
        match self {
            Style::Plain if field.list => {
                let texts: Vec<_> = of_name.map(Pair::text).collect();
                let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
                field.read_all(&texts, json, violations);
            }
            Style::Plain => field.read(one().map(Pair::text).as_deref(), json, violations),
            Style::Joined(by) => {
                let parts: Vec<_> = of_name.flat_map(|pair| pair.parts(*by)).collect();
                let parts: Vec<&str> = parts.iter().map(|part| &**part).collect();
                field.read_all(&parts, json, violations);
            }
            Style::Json => match one().map(Pair::text) {
                None => field.absent(json, violations),
                Some(text) => match json::exactly(&text) {
                    Ok((value, large)) => field.take(&value, &large, json, violations),
                    Err(error) => field.refuse(words::json_invalid(&error), &text, violations),
                },
            },
            Style::Object(object) => match object.texts(field, sent, one()) {
                None => field.absent(json, violations),
                Some(texts) => object.value(field, &texts, json, violations),
            },
        }
    }
}

impl Object {
    fn compile(
        schemas: &Schemas,
        pointer: &str,
        place: &str,
        name: &str,
        way: Way,
    ) -> Result<Object, SchemaError> {
        let members = Members::read(
            schemas,
            &not_null(schemas, pointer)?.0,
            "an object parameter",
        )?;
        if way == Way::Apart && members.list.is_empty() {
            return Err(SchemaError::new(
                pointer,
                format!(
                    "{place} parameter `{name}` is an object without `properties`: nothing can be sent for it"
                ),
            ));
        }
        let mut fields = Vec::with_capacity(members.list.len());
        for member in &members.list {
            let loc: &[&str] = match way {
                Way::Apart => &[place, &member.name],
                _ => &[place, name, &member.name],
            };
            let field = Field::compile(schemas, &member.pointer, loc, member.required)?;
            if field.takes_object() || field.list && !matches!(way, Way::Apart | Way::Deep) {
                return Err(SchemaError::new(
                    &member.pointer,
                    format!(
                        "`{}` cannot be written in the text of {place} parameter `{name}`",
                        member.name
                    ),
                ));
            }
            fields.push(field);
        }
        Ok(Object {
            members: fields,
            closed: members.closed,
            way,
        })
    }

    fn takes(&self, own: &str, name: &str) -> bool {
        match self.way {
            Way::Apart => self.members.iter().any(|member| member.name == name),
            Way::Deep => key_in(own, name).is_some(),
            Way::Alternating(_) | Way::Assigned => own == name,
        }
    }

    /// Names of members and their texts; none where nothing was sent that would be the object.
    fn texts<'p>(
        &self,
        field: &Field,
        sent: &'p [Pair<'_>],
        one: Option<&'p Pair<'_>>,
    ) -> Option<Vec<(Cow<'p, str>, Cow<'p, str>)>> {
        let text = |pair: &'p Pair<'_>| pair.text();
        let texts: Vec<_> = match self.way {
            Way::Apart => sent
                .iter()
                .filter(|pair| self.takes(&field.name, &pair.name))
                .map(|pair| (Cow::Borrowed(&*pair.name), text(pair)))
                .collect(),
            Way::Deep => sent
                .iter()
                .filter_map(|pair| Some((key_in(&field.name, &pair.name)?.into(), text(pair))))
                .collect(),
            Way::Alternating(by) => {
                let parts = one?.parts(by);
                let pairs = parts.chunks(2).map(|pair| match pair {
                    [name, text, ..] => (name.clone(), text.clone()),
                    rest => (rest.concat().into(), "".into()),
                });
                pairs.collect()
            }
            Way::Assigned => {
                let parts = one?.parts(',').into_iter();
                let pairs = parts.map(|part| {
                    let (name, text) = part.split_once('=').unwrap_or((&*part, ""));
                    (Cow::Owned(name.to_owned()), Cow::Owned(text.to_owned()))
                });
                pairs.collect()
            }
        };
        // The members are what a client knows of such an object: those that are missing are told.
        (!texts.is_empty() || self.way == Way::Apart && field.required).then_some(texts)
    }

    fn value(
        &self,
        field: &Field,
        sent: &[(Cow<'_, str>, Cow<'_, str>)],
        json: &mut Vec<u8>,
        violations: &mut Violations,
    ) {
        let before = violations.len();
        let mut inner = vec![b'{'];
        for member in &self.members {
            let texts = sent.iter().filter(|(name, _)| *name == member.name);
            let texts: Vec<&str> = texts.map(|(_, text)| &**text).collect();
            match texts.last() {
                None if member.must_be_sent() => {
                    let texts = sent
                        .iter()
                        .map(|(name, text)| (&**name, Cow::Borrowed(&**text)));
                    let declared = |name: &str| self.members.iter().find(|one| one.name == name);
                    member.tell_missing(|| as_object(texts, declared), violations);
                }
                Some(_) if member.list => member.read_all(&texts, &mut inner, violations),
                last => member.read(last.copied(), &mut inner, violations),
            }
        }
        end_object(&mut inner);
        let inner = String::from_utf8(inner).expect("JSON is written as UTF-8");
        let (mut whole, large) = json::exactly(&inner).expect("an object was written");
        // What is not declared is a text: it passes, or is told when the whole is checked.
        for (name, text) in sent {
            if !self.members.iter().any(|member| member.name == **name) {
                whole[&**name] = (&**text).into();
            }
        }
        if violations.len() == before {
            field.take(&whole, &large, json, violations);
        }
    }
}

/// `R` in `color[R]`.
fn key_in<'n>(own: &str, name: &'n str) -> Option<&'n str> {
    name.strip_prefix(own)?.strip_prefix('[')?.strip_suffix(']')
}
