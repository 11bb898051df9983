//! Two contracts compared: what of the difference breaks those who go by the old one.
//!
//! Operations are matched by method and shape of their path, and their parts one by one ([`operation`]). Schemas are
//! walked side by side ([`schema`]), so that a change is told where it is; whether it takes something from anybody is
//! asked of [`crate::schema::Containment`] where keywords alone do not tell. What nothing decides is unknown.

mod inside;
mod keyword;
mod operation;
mod own;
mod place;
mod rules;
mod schema;
mod security;
#[cfg(test)]
mod tests;
mod union;
mod view;

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use super::Contract;
use super::operation::{Declared, declared};
use crate::config::Limits;
use crate::error::{Error, ErrorKind};
use crate::schema::Containment;

/// The most changes that are told of; then that there are more is the last of them.
const CHANGES: usize = 5_000;

/// What a contract changes against an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Judgement {
    /// What differs: those without an operation first, then by operation in the order of the old document, added ones last.
    pub changes: Vec<ContractChange>,
}

/// One difference between two contracts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ContractChange {
    /// The kind of change, such as `operation-removed`; `docs/changes.md` lists them.
    pub rule: &'static str,
    /// What it does to clients of the old contract.
    pub verdict: Verdict,
    /// The operation's method; empty for what is of no one operation.
    pub method: String,
    /// The operation's path, as the old contract writes it if it is there; empty for what is of no one operation.
    pub path: String,
    /// Where in the old document, as a JSON pointer; none for what is only in the new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// Where in the new document, as a JSON pointer; none for what is only in the old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// The change in words.
    pub message: String,
}

/// What a change does to clients that go by the old contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A request that was right may be refused, or an answer may be one that they do not know.
    Breaking,
    /// The documents do not tell.
    Unknown,
    /// Nothing.
    Harmless,
}

impl Judgement {
    /// Compares two OpenAPI 3.1 documents in JSON, each of which the host could serve.
    ///
    /// # Errors
    ///
    /// One of them could not be served ([`ErrorKind::Contract`]); which, the error says.
    pub fn between(old: &[u8], new: &[u8], limits: &Limits) -> Result<Judgement, Error> {
        let read = |which: &str, json: &[u8]| {
            let wrong = |why: String| {
                Error::new(ErrorKind::Contract, format!("the {which} document: {why}"))
            };
            let text = std::str::from_utf8(json).map_err(|_| wrong("it is no UTF-8".into()))?;
            Contract::parse(text, limits).map_err(|error| wrong(error.to_string()))
        };
        Ok(read("old", old)?.changes_to(&read("new", new)?))
    }

    /// How many changes have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        let alike = |change: &&ContractChange| change.verdict == verdict;
        self.changes.iter().filter(alike).count()
    }
}

/// In numbers: the source of an error of [`ErrorKind::Breaking`].
impl std::fmt::Display for Judgement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = |verdict| self.count(verdict);
        let (breaking, unknown) = (count(Verdict::Breaking), count(Verdict::Unknown));
        write!(
            f,
            "{breaking} breaking changes, and {unknown} that nobody can tell"
        )
    }
}

impl std::error::Error for Judgement {}

impl Judgement {
    /// Takes it in that the paths begin elsewhere.
    pub(crate) fn note_prefix(&mut self, old: &str, new: &str) {
        if old == new {
            return;
        }
        let shown = |prefix: &str| match prefix {
            "" => "the root".to_owned(),
            prefix => format!("`{prefix}`"),
        };
        let change = ContractChange {
            rule: "prefix-changed",
            verdict: Verdict::Breaking,
            method: String::new(),
            path: String::new(),
            old: None,
            new: None,
            message: format!(
                "the plugin's paths begin at {} now, and did at {}",
                shown(new),
                shown(old)
            ),
        };
        self.changes.insert(0, change);
    }
}

impl Contract {
    /// The document, in JSON.
    pub(crate) fn json(&self) -> Vec<u8> {
        self.document.to_string().into_bytes()
    }

    /// What is different in a newer contract.
    pub(crate) fn changes_to(&self, new: &Contract) -> Judgement {
        let mut judge = Judge::new(&self.document, &new.document);
        if self.is_catch_all() != new.is_catch_all() {
            let words = match new.is_catch_all() {
                true => "the new component has no contract, so it may answer whatever it likes",
                false => {
                    "the old component has no contract, so nobody can tell what its clients go by"
                }
            };
            judge.tell(
                "contract-there",
                Verdict::Unknown,
                Some(""),
                Some(""),
                words.into(),
            );
            return judge.done();
        }
        judge.documents();
        // Both were read when the contracts were.
        let old = declared(&self.document).unwrap_or_default();
        let new_ones = declared(&new.document).unwrap_or_default();
        let mut left: Vec<_> = new_ones.iter().zip(&new.operations).collect();
        for (old, of_old) in old.iter().zip(&self.operations) {
            judge.at(old);
            let equal = |one: &super::Operation, other: &super::Operation| {
                one.method == other.method && one.template.key() == other.template.key()
            };
            let same = |(_, other): &(&Declared<'_>, &super::Operation)| equal(of_old, other);
            // The kinds of its parameters are others, and no other operation had these.
            let alike = |(_, other): &(&Declared<'_>, &super::Operation)| {
                let mut before = self.operations.iter();
                other.method == of_old.method
                    && other.template.shape() == of_old.template.shape()
                    && !before.any(|one| equal(one, other))
            };
            let found = left.iter().position(same);
            match found.or_else(|| left.iter().position(alike)) {
                Some(found) => {
                    let (new, of_new) = left.remove(found);
                    let names = (of_old.template.names(), of_new.template.names());
                    judge.operation(old, new, names);
                }
                None => judge.tell(
                    "operation-removed",
                    Verdict::Breaking,
                    Some(&old.pointer),
                    None,
                    format!("`{} {}` is not served any more", judge.method, judge.path),
                ),
            }
        }
        for (new, _) in left {
            judge.at(new);
            let words = format!("`{} {}` is new", judge.method, judge.path);
            judge.tell(
                "operation-added",
                Verdict::Harmless,
                None,
                Some(&new.pointer),
                words,
            );
        }
        judge.done()
    }
}

/// A comparison under way.
struct Judge<'d> {
    old: &'d Value,
    new: &'d Value,
    changes: Vec<ContractChange>,
    method: String,
    path: String,
    /// Where the first difference of the operation is that only readers notice.
    docs: Option<(String, String)>,
    containment: Containment<'d>,
    /// Pairs of schemas that do not differ, with all that they lead to.
    same: HashSet<(String, String)>,
    /// Whether what both documents refer to is the same.
    same_components: bool,
    /// How many pairs of schemas may still be looked at.
    steps: usize,
}

impl<'d> Judge<'d> {
    fn new(old: &'d Value, new: &'d Value) -> Judge<'d> {
        Judge {
            old,
            new,
            changes: Vec::new(),
            method: String::new(),
            path: String::new(),
            docs: None,
            containment: Containment::new(old, new),
            same: HashSet::new(),
            same_components: old.get("components") == new.get("components"),
            steps: schema::STEPS,
        }
    }

    /// Goes on to the next operation.
    fn at(&mut self, operation: &Declared<'_>) {
        self.tell_docs();
        self.method = operation.key.to_ascii_uppercase();
        self.path = operation.path.to_owned();
    }

    /// What differs of the documents themselves.
    fn documents(&mut self) {
        for key in ["info", "tags", "externalDocs"] {
            if self.old.get(key) != self.new.get(key) {
                self.reads_differently(&format!("/{key}"), &format!("/{key}"));
            }
        }
        for (key, rule) in [
            ("webhooks", "webhooks-changed"),
            ("servers", "servers-changed"),
        ] {
            if self.old.get(key) != self.new.get(key) {
                let at = format!("/{key}");
                let words = format!("the document's `{key}` differ");
                self.tell(rule, Verdict::Unknown, Some(&at), Some(&at), words);
            }
        }
    }

    fn tell(
        &mut self,
        rule: &'static str,
        verdict: Verdict,
        old: Option<&str>,
        new: Option<&str>,
        message: String,
    ) {
        if self.changes.len() > CHANGES {
            return;
        }
        let is_last = self.changes.len() == CHANGES;
        let there = |document: &Value, at: Option<&str>| {
            let at = at.filter(|at| document.pointer(at).is_some());
            at.map(str::to_owned)
        };
        self.changes.push(ContractChange {
            rule: if is_last { "too-large" } else { rule },
            verdict: if is_last { Verdict::Unknown } else { verdict },
            method: self.method.clone(),
            path: self.path.clone(),
            old: there(self.old, old),
            new: there(self.new, new),
            message: match is_last {
                true => format!("there are more than {CHANGES} changes: no more is told"),
                false => message,
            },
        });
    }

    /// Something differs that is only for readers; it is told once an operation.
    fn reads_differently(&mut self, old: &str, new: &str) {
        self.docs
            .get_or_insert_with(|| (old.to_owned(), new.to_owned()));
    }

    fn tell_docs(&mut self) {
        if let Some((old, new)) = self.docs.take() {
            self.tell(
                "docs-changed",
                Verdict::Harmless,
                Some(&old),
                Some(&new),
                "descriptions, examples or other words for readers differ".into(),
            );
        }
    }

    fn done(mut self) -> Judgement {
        self.tell_docs();
        Judgement {
            changes: self.changes,
        }
    }
}
