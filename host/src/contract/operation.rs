//! From the paths of a document to operations: found, counted, their schemas compiled.

use std::collections::HashMap;

use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use super::ContractError;
use super::answers::Answers;
use super::outline::{METHODS, join};
use super::refs::{excerpt, resolve};
use crate::admit::{self, Admitted, Received, Rejection};
use crate::body::RequestBody;
use crate::config::Limits;
use crate::params::Parameters;
use crate::path::{Kind, PathTemplate};
#[cfg(feature = "runtime")]
use crate::router::ANY;
use crate::schema::Schemas;

/// One method of one path, ready to check requests.
pub(crate) struct Operation {
    /// `operationId`, or `METHOD /path`: what the guest is told.
    pub(crate) id: String,
    /// The method it answers; `*` for every one.
    pub(crate) method: Method,
    /// The path as the contract writes it.
    pub(crate) path: String,
    /// The same, read.
    pub(crate) template: PathTemplate,
    parameters: Parameters,
    body: Option<RequestBody>,
    /// What the component itself says of it, where a document beside it narrows that.
    pub(super) own: Option<Box<Operation>>,
    answers: Answers,
    /// It is called for what the host answers by itself, and is not routed to.
    pub(crate) on_problem: bool,
    /// Whether documents tell everybody of it.
    #[cfg(feature = "docs")]
    pub(crate) public: bool,
}

impl Operation {
    /// What answers are held against; nothing where they are not.
    pub(crate) fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Whether a body is declared. Without one, what a client sends is not read.
    pub(crate) fn has_body(&self) -> bool {
        self.guests().body.is_some()
    }

    /// Whether a body that comes with these headers is declared as a stream, and so left for the guest to read.
    pub(crate) fn streams(&self, headers: &HeaderMap) -> bool {
        let body = self.guests().body.as_ref();
        body.is_some_and(|body| body.streams(headers))
    }

    /// Whether what comes with these headers is a form of parts, which can be read while it arrives.
    #[cfg(feature = "runtime")]
    pub(crate) fn takes_parts(&self, headers: &HeaderMap) -> bool {
        let takes = |operation: &Operation| {
            let body = operation.body.as_ref();
            body.is_some_and(|body| body.takes_parts(headers))
        };
        takes(self) && self.own.as_deref().is_none_or(takes)
    }

    /// The operation as the guest knows it.
    fn guests(&self) -> &Operation {
        self.own.as_deref().unwrap_or(self)
    }

    /// Checks what a client sent against what is declared.
    ///
    /// # Errors
    ///
    /// Why it does not fit.
    pub(crate) fn admit(
        &self,
        received: Received<'_>,
        limits: &Limits,
    ) -> Result<Admitted, Rejection> {
        let admit = |operation: &Operation, received| {
            let body = operation.body.as_ref();
            admit::admit(&operation.parameters, body, received, limits)
        };
        let Some(own) = &self.own else {
            return admit(self, received);
        };
        admit(self, received.clone())?;
        admit(own, received)
    }
}

#[cfg(feature = "runtime")]
impl Operation {
    /// What serves every method and path of a component that has no contract: its body may be anything, and is read by
    /// the guest.
    pub(super) fn catch_all() -> Operation {
        const PATH: &str = "/{path}";
        Operation {
            id: ANY.into(),
            method: Method::from_bytes(ANY.as_bytes()).expect("`*` is a token"),
            path: PATH.into(),
            template: PathTemplate::parse(PATH, |_| true).expect("a path with one parameter"),
            parameters: Parameters::default(),
            body: Some(RequestBody::stream_of_anything()),
            own: None,
            answers: Answers::none(),
            on_problem: false,
            #[cfg(feature = "docs")]
            public: true,
        }
    }

    pub(crate) fn is_catch_all(&self) -> bool {
        self.method == ANY
    }
}

/// An operation in its document, not read yet.
pub(super) struct Declared<'d> {
    pub(super) path: &'d str,
    pub(super) key: &'static str,
    /// Where its path item is, and the item.
    pub(super) item: (String, &'d Map<String, Value>),
    /// Where it is itself.
    pub(super) pointer: String,
    pub(super) operation: &'d Map<String, Value>,
}

impl Declared<'_> {
    fn method(&self) -> String {
        self.key.to_ascii_uppercase()
    }
}

/// All operations of a document's paths, in its order. Nothing is compiled, so that many can be refused cheaply.
pub(super) fn declared<'d>(document: &'d Value) -> Result<Vec<Declared<'d>>, ContractError> {
    let mut found = Vec::new();
    let paths = match document.get("paths") {
        Some(Value::Object(paths)) => paths,
        Some(other) => {
            return Err(ContractError::new(
                "/paths",
                format!("`paths` is an object, not {}", excerpt(other)),
            ));
        }
        None => return Ok(found),
    };
    for path in paths.keys().filter(|path| !path.starts_with("x-")) {
        let (item_at, item) = resolve(document, &join("/paths", path))?;
        let item = object(item, &item_at)?;
        for key in METHODS {
            if let Some(operation) = item.get(key) {
                let pointer = join(&item_at, key);
                let operation = object(operation, &pointer)?;
                found.push(Declared {
                    path,
                    key,
                    item: (item_at.clone(), item),
                    pointer,
                    operation,
                });
            }
        }
    }
    Ok(found)
}

/// Reads one operation and compiles its schemas.
pub(super) fn compile(
    document: &Value,
    schemas: &Schemas,
    declared: &Declared<'_>,
    holds_answers: bool,
    warnings: &mut Vec<String>,
) -> Result<Operation, ContractError> {
    let Declared {
        path,
        pointer,
        operation,
        ..
    } = declared;
    let method = declared.method();
    let parameters = parameters(document, declared)?;
    let takes_rest = |name: &str| {
        parameters
            .iter()
            .any(|known| known.place == "path" && known.name == name && known.takes_rest)
    };
    let kind = |name: &str| {
        let mut known = parameters.iter();
        let known = known.find(|known| known.place == "path" && known.name == name);
        known.and_then(|known| known.kind)
    };
    let template = PathTemplate::parse(path, takes_rest)
        .map_err(|message| ContractError::new(&join("/paths", path), message))?
        .of_kinds(kind)
        .exactly(document.get(REDIRECT_SLASHES) == Some(&Value::Bool(false)));
    for name in template.names() {
        if !parameters
            .iter()
            .any(|known| known.place == "path" && known.name == *name)
        {
            let message = format!(
                "`{method} {path}` has `{{{name}}}` in its path but no parameter `{name}` with `in: path`; declare it"
            );
            return Err(ContractError::new(pointer, message));
        }
    }
    for known in parameters.iter().filter(|known| known.place == "path") {
        if !template.names().contains(&known.name) {
            let message = format!(
                "`{method} {path}` declares the path parameter `{}`, which its path lacks",
                known.name
            );
            return Err(ContractError::new(&known.pointer, message));
        }
    }

    let pointers: Vec<String> = parameters.into_iter().map(|known| known.pointer).collect();
    let models = operation.get("x-switchback-parameter-models");
    let compiled = Parameters::compile(schemas, template.names(), &pointers, models)?;
    warnings.extend(
        compiled
            .warnings
            .into_iter()
            .map(|warning| format!("`{method} {path}`: {warning}")),
    );
    let body = match operation.get("requestBody") {
        Some(_) => Some(RequestBody::compile(
            schemas,
            &join(pointer, "requestBody"),
        )?),
        None => None,
    };
    check_audience(operation, pointer)?;
    let on_problem = operation.get(ON_PROBLEM) == Some(&Value::Bool(true));
    if on_problem && (!template.names().is_empty() || body.is_none()) {
        let message = format!(
            "`{ON_PROBLEM}` is for an operation that takes the problem as its body, and nothing from its path"
        );
        return Err(ContractError::new(pointer, message));
    }
    let mut unchecked = Vec::new();
    let answers = match holds_answers {
        true => Answers::compile(document, schemas, (pointer, operation), &mut unchecked)?,
        false => Answers::none(),
    };
    warnings.extend(
        unchecked
            .into_iter()
            .map(|warning| format!("`{method} {path}`: {warning}")),
    );
    let secured = operation
        .get("security")
        .or_else(|| document.get("security"))
        .and_then(Value::as_array);
    if secured.is_some_and(|required| !required.is_empty()) {
        warnings.push(format!("`{method} {path}`: `security` is documented but not enforced yet; the guest must check it"));
    }

    let id = match operation.get("operationId") {
        Some(Value::String(id)) if !id.is_empty() => id.clone(),
        Some(other) => {
            return Err(ContractError::new(
                pointer,
                format!("`operationId` is a text, not {}", excerpt(other)),
            ));
        }
        None => format!("{method} {path}"),
    };
    let method = method
        .parse()
        .map_err(|_| ContractError::new(pointer, "no such method"))?;
    Ok(Operation {
        id,
        method,
        path: (*path).to_owned(),
        template,
        parameters: compiled.parameters,
        body,
        own: None,
        answers,
        on_problem,
        #[cfg(feature = "docs")]
        public: is_for(operation, PUBLIC),
    })
}

/// Who is told of an operation or a parameter in documents.
const AUDIENCE: &str = "x-switchback-audience";
/// The readers that everyone is among.
pub(crate) const PUBLIC: &str = "public";

/// By which a contract says that a path with a slash more at its end, or less, is another.
const REDIRECT_SLASHES: &str = "x-switchback-redirect-slashes";

/// Marks the operation that answers in place of the host.
const ON_PROBLEM: &str = "x-switchback-on-problem";

/// What a path parameter has to be for its route to fit at all.
pub(super) const CONVERTOR: &str = "x-switchback-convertor";

/// Refuses what would be published by mistake.
fn check_audience(described: &Map<String, Value>, pointer: &str) -> Result<(), ContractError> {
    let is_list = |value: &Value| match value {
        Value::Array(readers) => readers.iter().all(Value::is_string),
        _ => false,
    };
    match described.get(AUDIENCE) {
        Some(other) if !is_list(other) => Err(ContractError::new(
            pointer,
            format!(
                "`{AUDIENCE}` is a list of names, empty for nobody, not {}",
                excerpt(other)
            ),
        )),
        _ => Ok(()),
    }
}

/// Whether documents tell these readers of an operation or a parameter.
pub(super) fn is_for(described: &Map<String, Value>, audience: &str) -> bool {
    if described.get(ON_PROBLEM) == Some(&Value::Bool(true)) {
        return false;
    }
    match described.get(AUDIENCE) {
        Some(Value::Array(readers)) => {
            let mut readers = readers.iter().filter_map(Value::as_str);
            readers.any(|reader| reader == PUBLIC || reader == audience)
        }
        _ => true,
    }
}

/// A parameter object, as far as routing cares.
pub(super) struct Declaration {
    pub(super) pointer: String,
    name: String,
    place: String,
    takes_rest: bool,
    kind: Option<Kind>,
}

/// The parameters of the path, then those of the operation; the operation's own win.
pub(super) fn parameters(
    document: &Value,
    declared: &Declared<'_>,
) -> Result<Vec<Declaration>, ContractError> {
    let of_path = list(document, declared.item.1, &declared.item.0)?;
    let own = list(document, declared.operation, &declared.pointer)?;
    let overridden = |one: &Declaration| {
        own.iter()
            .any(|other| other.name == one.name && other.place == one.place)
    };
    let mut all: Vec<Declaration> = of_path.into_iter().filter(|one| !overridden(one)).collect();
    all.extend(own);
    Ok(all)
}

fn list(
    document: &Value,
    holder: &Map<String, Value>,
    pointer: &str,
) -> Result<Vec<Declaration>, ContractError> {
    let pointer = join(pointer, "parameters");
    let items = match holder.get("parameters") {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(other) => {
            return Err(ContractError::new(
                &pointer,
                format!("`parameters` is a list, not {}", excerpt(other)),
            ));
        }
    };
    let mut known: HashMap<(String, String), ()> = HashMap::new();
    let mut all = Vec::with_capacity(items.len());
    for index in 0..items.len() {
        let (at, object) = resolve(document, &format!("{pointer}/{index}"))?;
        let text = |key: &str| {
            let value = object.get(key).and_then(Value::as_str);
            value
                .map(str::to_owned)
                .ok_or_else(|| ContractError::new(&at, format!("a parameter needs `{key}`")))
        };
        let (name, place) = (text("name")?, text("in")?);
        if known.insert((name.clone(), place.clone()), ()).is_some() {
            return Err(ContractError::new(
                &at,
                format!("parameter `{name}` in `{place}` is declared twice"),
            ));
        }
        if let Value::Object(object) = object {
            check_audience(object, &at)?;
        }
        let takes_rest = object.get("x-switchback-wildcard") == Some(&Value::Bool(true));
        if takes_rest && place != "path" {
            return Err(ContractError::new(
                &at,
                format!(
                    "`x-switchback-wildcard` is for path parameters, and `{name}` is in `{place}`"
                ),
            ));
        }
        let kind = match object.get(CONVERTOR) {
            None => None,
            Some(said) => Some(said.as_str().and_then(Kind::named).ok_or_else(|| {
                let message = format!(
                    "`{CONVERTOR}` is `int`, `float` or `uuid`, not {}",
                    excerpt(said)
                );
                ContractError::new(&at, message)
            })?),
        };
        all.push(Declaration {
            pointer: at,
            name,
            place,
            takes_rest,
            kind,
        });
    }
    Ok(all)
}

fn object<'d>(value: &'d Value, at: &str) -> Result<&'d Map<String, Value>, ContractError> {
    value.as_object().ok_or_else(|| {
        ContractError::new(
            at,
            format!("an object is needed here, not {}", excerpt(value)),
        )
    })
}
