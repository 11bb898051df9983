//! A component's contract: the OpenAPI document by which the host routes, checks and documents it.

mod answers;
mod audience;
#[cfg(feature = "runtime")]
mod compare;
mod flatten;
mod merge;
mod operation;
mod outline;
mod refs;
mod rename;
#[cfg(feature = "runtime")]
mod secrets;
#[cfg(test)]
#[cfg(feature = "runtime")]
mod tests;

use std::collections::HashMap;

use serde_json::Value;

use crate::config::{AnswerChecks, Limits, MOST_CALLS};
use crate::schema::{SchemaError, Schemas};

pub(crate) use answers::OffContract;
#[cfg(feature = "runtime")]
pub use compare::{ContractChange, Judgement, Verdict};
#[cfg(feature = "runtime")]
pub(crate) use merge::{merge, plugin_document};
pub(crate) use operation::Operation;
#[cfg(feature = "runtime")]
pub(crate) use operation::PUBLIC;
use outline::{Kind, walk};
#[cfg(feature = "runtime")]
pub(crate) use secrets::Secrets;

/// The most warnings that one contract gives.
const WARNINGS: usize = 20;

/// What a component says it serves.
pub(crate) struct Contract {
    /// The document as the component wrote it.
    document: Value,
    /// Every method of every path, in the document's order.
    pub(crate) operations: Vec<Operation>,
    /// How many instances it asks for, `x-switchback-instances`: each kept for as long as it can be.
    pub(crate) instances: Option<usize>,
    /// What is not to be kept of its requests and answers.
    #[cfg(feature = "runtime")]
    pub(crate) secrets: Secrets,
    /// What its author should know although it can be served.
    pub(crate) warnings: Vec<String>,
    /// The place of the operation that answers what the host would answer by itself, if there is one.
    pub(crate) on_problem: Option<usize>,
}

/// Why a document cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContractError {
    /// Where in the document, as a JSON pointer; empty for the whole.
    pointer: String,
    message: String,
}

impl ContractError {
    fn new(pointer: &str, message: impl Into<String>) -> Self {
        ContractError {
            pointer: pointer.into(),
            message: message.into(),
        }
    }
}

impl std::error::Error for ContractError {}

impl std::fmt::Display for ContractError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.message),
            pointer => write!(f, "{} (at `#{pointer}`)", self.message),
        }
    }
}

impl From<SchemaError> for ContractError {
    fn from(error: SchemaError) -> Self {
        ContractError {
            pointer: error.pointer,
            message: error.message,
        }
    }
}

impl Contract {
    /// Reads a document and compiles all that requests are checked against.
    ///
    /// # Errors
    ///
    /// If anything in it could not be served as it is written.
    pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Self, ContractError> {
        if text.len() as u64 > limits.contract_bytes {
            let message = format!(
                "the contract has {} bytes, more than the {} allowed; see `contract_bytes`",
                text.len(),
                limits.contract_bytes
            );
            return Err(ContractError::new("", message));
        }
        let document: Value = serde_json::from_str(text).map_err(|error| {
            ContractError::new(
                "",
                format!("the contract is not JSON: {error}; it has to be an OpenAPI 3.1 document"),
            )
        })?;
        check_version(&document)?;
        check_dialect(&document)?;

        let declared = operation::declared(&document)?;
        if declared.len() > limits.operations {
            let message = format!(
                "the contract has {} operations, more than the {} allowed; see `operations`",
                declared.len(),
                limits.operations
            );
            return Err(ContractError::new("/paths", message));
        }
        refs::check(&document)?;
        check_operation_ids(&document)?;

        let schemas = Schemas::new(&document)?;
        let mut warnings = Vec::new();
        let mut operations = Vec::with_capacity(declared.len());
        let holds = limits.answers != AnswerChecks::Off;
        for declared in &declared {
            operations.push(operation::compile(
                &document,
                &schemas,
                declared,
                holds,
                &mut warnings,
            )?);
        }
        check_clashes(&operations)?;
        check_one_answers_problems(&operations)?;
        if operations.is_empty() {
            warnings.push("the contract has no operations, so nothing will be served".into());
        }
        if warnings.len() > WARNINGS {
            let more = warnings.len() - WARNINGS;
            warnings.truncate(WARNINGS);
            warnings.push(format!("and {more} warnings more"));
        }
        Ok(Contract {
            instances: instances(&document)?,
            #[cfg(feature = "runtime")]
            secrets: Secrets::of(&document),
            on_problem: operations.iter().position(|one| one.on_problem),
            document,
            operations,
            warnings,
        })
    }

    /// The document as the component wrote it.
    #[cfg(feature = "runtime")]
    pub(crate) fn document(&self) -> &Value {
        &self.document
    }

    /// The operations that requests are routed to, with their places among all.
    pub(crate) fn routed(&self) -> impl Iterator<Item = (usize, &Operation)> {
        let all = self.operations.iter().enumerate();
        all.filter(|(_, operation)| !operation.on_problem)
    }
}

#[cfg(feature = "runtime")]
impl Contract {
    /// What stands for the contract of a component that has none: it is asked everything, and nothing is documented.
    pub(crate) fn catch_all() -> Contract {
        Contract {
            document: serde_json::json!({ "openapi": "3.1.0", "paths": {} }),
            operations: vec![Operation::catch_all()],
            instances: None,
            secrets: Secrets::default(),
            on_problem: None,
            warnings: Vec::new(),
        }
    }

    pub(crate) fn is_catch_all(&self) -> bool {
        self.operations.iter().any(Operation::is_catch_all)
    }

    /// This contract, as a narrower one of a component's own: a request has to fit both, and the guest gets what its own
    /// makes of it. What this one leaves out is not served.
    ///
    /// # Errors
    ///
    /// It has an operation that the component does not have, by `operationId`, method and path.
    pub(crate) fn within(mut self, own: Contract) -> Result<Contract, ContractError> {
        let mut all: HashMap<String, Operation> = own
            .operations
            .into_iter()
            .map(|operation| (operation.id.clone(), operation))
            .collect();
        for operation in &mut self.operations {
            let (id, method, path) = (&operation.id, &operation.method, &operation.path);
            let what = match all.remove(id) {
                None => "there is no such `operationId` in the component's own contract".to_owned(),
                Some(own)
                    if own.method != *method || own.template.key() != operation.template.key() =>
                {
                    format!(
                        "in the component's own contract that is `{} {}`",
                        own.method, own.path
                    )
                }
                Some(own) if own.on_problem != operation.on_problem => {
                    "`x-switchback-on-problem` has to be there in both documents or in none"
                        .to_owned()
                }
                Some(own) => {
                    operation.own = Some(Box::new(own));
                    continue;
                }
            };
            let message = format!(
                "`{method} {path}` (`{id}`): {what}; a document beside a component that has a contract may only narrow it"
            );
            return Err(ContractError::new(&outline::join("/paths", path), message));
        }
        self.instances = self.instances.or(own.instances);
        self.secrets = self.secrets.with(own.secrets);
        Ok(self)
    }
}

#[cfg(feature = "docs")]
impl Contract {
    /// `info.title` or `info.version`, if the document has it.
    pub(crate) fn info(&self, key: &str) -> Option<&str> {
        self.document.get("info")?.get(key)?.as_str()
    }
}

fn check_version(document: &Value) -> Result<(), ContractError> {
    let Value::Object(object) = document else {
        let message = format!(
            "the contract is no OpenAPI document but {}",
            refs::excerpt(document)
        );
        return Err(ContractError::new("", message));
    };
    match object.get("openapi").or_else(|| object.get("swagger")) {
        Some(Value::String(version)) if version == "3.1" || version.starts_with("3.1.") => Ok(()),
        Some(version) => {
            let message = format!(
                "the contract is OpenAPI {}, and 3.1 is needed; convert it, and set `openapi` to `3.1.0`",
                refs::excerpt(version)
            );
            Err(ContractError::new("/openapi", message))
        }
        None => Err(ContractError::new(
            "",
            "the contract is no OpenAPI document: it has no `openapi`; set it to `3.1.0`",
        )),
    }
}

fn instances(document: &Value) -> Result<Option<usize>, ContractError> {
    let Some(asked) = document.get("x-switchback-instances") else {
        return Ok(None);
    };
    match asked.as_u64() {
        Some(count @ 1..=MOST_CALLS) => Ok(Some(count as usize)),
        _ => {
            let message = format!(
                "`x-switchback-instances` is a number from 1 to {MOST_CALLS}, not {}",
                refs::excerpt(asked)
            );
            Err(ContractError::new("/x-switchback-instances", message))
        }
    }
}

/// Schemas are read as OpenAPI 3.1 has them unless told otherwise, and otherwise is not on offer.
fn check_dialect(document: &Value) -> Result<(), ContractError> {
    match document.get("jsonSchemaDialect") {
        None => Ok(()),
        Some(Value::String(dialect))
            if dialect.starts_with("https://spec.openapis.org/oas/3.1/dialect/")
                || dialect.trim_end_matches('#')
                    == "https://json-schema.org/draft/2020-12/schema" =>
        {
            Ok(())
        }
        Some(other) => {
            let message = format!(
                "`jsonSchemaDialect` {} is not supported: leave it away and write JSON Schema 2020-12",
                refs::excerpt(other)
            );
            Err(ContractError::new("/jsonSchemaDialect", message))
        }
    }
}

/// Guests and clients know operations by these: wherever they stand, each is there once.
fn check_operation_ids(document: &Value) -> Result<(), ContractError> {
    let mut known: HashMap<&str, String> = HashMap::new();
    walk(
        Kind::Document,
        document,
        &mut String::new(),
        &mut |kind, value, at| {
            let id = value
                .get("operationId")
                .and_then(Value::as_str)
                .filter(|_| kind == Kind::Operation);
            match id.and_then(|id| known.insert(id, at.to_owned()).map(|other| (id, other))) {
                Some((id, other)) => Err(ContractError::new(
                    at,
                    format!("`operationId` `{id}` is also that of `#{other}`; each needs its own"),
                )),
                None => Ok(()),
            }
        },
    )
}

fn check_one_answers_problems(operations: &[Operation]) -> Result<(), ContractError> {
    let mut marked = operations.iter().filter(|operation| operation.on_problem);
    match (marked.next(), marked.next()) {
        (Some(first), Some(second)) => {
            let message = format!(
                "`{}` and `{}` both have `x-switchback-on-problem`; one operation answers all problems",
                first.id, second.id
            );
            Err(ContractError::new(
                &outline::join("/paths", &second.path),
                message,
            ))
        }
        _ => Ok(()),
    }
}

/// Two paths may match the same requests, but then not with the same method.
fn check_clashes(operations: &[Operation]) -> Result<(), ContractError> {
    let mut keys = HashMap::new();
    let mut ids: HashMap<&str, &str> = HashMap::new();
    for operation in operations {
        let Operation {
            id,
            method,
            path,
            template,
            ..
        } = operation;
        if let Some(other) = keys.insert((method, template.key()), path) {
            let message = format!(
                "`{method} {path}` matches the same requests as `{method} {other}`; leave one of them away"
            );
            return Err(ContractError::new(&outline::join("/paths", path), message));
        }
        if let Some(other) = ids.insert(id, path) {
            let message = format!(
                "`operationId` `{id}` is that of `{path}` and of `{other}`; each needs its own"
            );
            return Err(ContractError::new(&outline::join("/paths", path), message));
        }
    }
    Ok(())
}
