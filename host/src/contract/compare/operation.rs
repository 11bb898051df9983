//! One operation in two documents: parameters, body, answers, and what is said of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::place::Place;
use super::rules::Way;
use super::{Judge, Verdict};
use crate::contract::operation::{CONVERTOR, Declared, parameters};
use crate::contract::outline::join;
use crate::path::Kind;

use Verdict::{Breaking, Harmless, Unknown};

impl<'d> Judge<'d> {
    /// Compares an operation that both documents have; with it come the names of its path's parameters, in their order.
    pub(super) fn operation(
        &mut self,
        old: &Declared<'d>,
        new: &Declared<'d>,
        names: (&[String], &[String]),
    ) {
        let before = Place::new(self.old, &old.pointer, value(self.old, &old.pointer));
        let after = Place::new(self.new, &new.pointer, value(self.new, &new.pointer));
        self.words(&before, &after);
        self.parameters(old, new, names);
        self.body(&before, &after);
        self.answers(&before, &after);
        self.security(&before, &after);
    }

    /// What is said of the operation, and what only some clients go by.
    fn words(&mut self, old: &Place<'d>, new: &Place<'d>) {
        let differs = |key: &str| old.get(key) != new.get(key);
        let read = ["summary", "description", "tags", "externalDocs"];
        if read.iter().any(|key| differs(key)) || extensions(old, false) != extensions(new, false) {
            self.reads_differently(&old.at, &new.at);
        }
        let both = |key: &str| {
            let at = |place: &Place<'d>| place.get(key).map(|_| join(&place.at, key));
            (at(old), at(new))
        };
        let mut told = |key: &str, rule, verdict, words: &str| {
            let (old, new) = both(key);
            self.tell(rule, verdict, old.as_deref(), new.as_deref(), words.into());
        };
        if differs("operationId") {
            let words = "the `operationId` differs: requests are the same, but clients that are generated name it otherwise";
            told("operationId", "operation-id-changed", Harmless, words);
        }
        match (old.is("deprecated"), new.is("deprecated")) {
            (false, true) => told(
                "deprecated",
                "operation-deprecated",
                Harmless,
                "it is deprecated now",
            ),
            (true, false) => told(
                "deprecated",
                "operation-undeprecated",
                Harmless,
                "it is not deprecated any more",
            ),
            _ => {}
        }
        if differs("servers") {
            told(
                "servers",
                "servers-changed",
                Unknown,
                "its `servers` differ",
            );
        }
        if differs("callbacks") {
            let words = "its `callbacks` differ";
            told("callbacks", "callbacks-changed", Unknown, words);
        }
        if extensions(old, true) != extensions(new, true) {
            let words = "its `x-switchback-…` differ".into();
            self.tell(
                "extension-changed",
                Unknown,
                Some(&old.at),
                Some(&new.at),
                words,
            );
        }
    }

    /// Which paths fit at all.
    fn convertor(&mut self, name: &str, old: &Place<'d>, new: &Place<'d>) {
        let kind = |place: &Place<'d>| place.text(CONVERTOR).and_then(Kind::named);
        let (before, after) = (kind(old), kind(new));
        if before == after {
            return;
        }
        let widened = after.is_none() || (before, after) == (Some(Kind::Int), Some(Kind::Float));
        let (rule, verdict, words) = match widened {
            true => ("path-parameter-widened", Harmless, "more paths fit now"),
            false => (
                "path-parameter-narrowed",
                Breaking,
                "paths that fitted are 404 now",
            ),
        };
        let words = format!("`{name}` of the path has to be something else: {words}");
        self.tell(rule, verdict, Some(&old.at), Some(&new.at), words);
    }

    fn parameters(
        &mut self,
        old: &Declared<'d>,
        new: &Declared<'d>,
        (old_names, new_names): (&[String], &[String]),
    ) {
        let all = |document: &'d Value, declared: &Declared<'d>| -> Vec<Place<'d>> {
            let all = parameters(document, declared).unwrap_or_default();
            let place =
                |one: crate::contract::operation::Declaration| Place::found(document, &one.pointer);
            all.into_iter().filter_map(place).collect()
        };
        let before = all(self.old, old);
        let mut after = all(self.new, new);
        for one in before {
            let (name, place) = (text(&one, "name"), text(&one, "in"));
            // A parameter of the path is known by where it stands there.
            let called = match old_names.iter().position(|other| *other == name) {
                Some(at) if place == "path" => new_names.get(at).cloned().unwrap_or_default(),
                _ => name.clone(),
            };
            let same = |other: &Place<'d>| {
                text(other, "in") == place && same_name(&place, &text(other, "name"), &called)
            };
            match after.iter().position(same) {
                Some(found) => {
                    let other = after.remove(found);
                    if place == "path" && name != called {
                        let words = format!(
                            "`{name}` of the path is called `{called}` now: paths are the same"
                        );
                        let (old, new) = (Some(&*one.at), Some(&*other.at));
                        self.tell("path-parameter-renamed", Harmless, old, new, words);
                    }
                    if place == "path" {
                        self.convertor(&name, &one, &other);
                    }
                    self.parameter(&format!("the {place} parameter `{name}`"), &one, &other);
                }
                // The shapes of the paths are the same, so it was not of use.
                None if place == "path" => self.reads_differently(&one.at, &new.pointer),
                None => {
                    let words = format!(
                        "the {place} parameter `{name}` is gone: what clients ask for by it is not looked at"
                    );
                    self.tell("parameter-removed", Breaking, Some(&one.at), None, words);
                }
            }
        }
        for one in after {
            let (name, place) = (text(&one, "name"), text(&one, "in"));
            let (rule, verdict, words) = match one.is("required") {
                true if place == "path" => {
                    self.reads_differently(&old.pointer, &one.at);
                    continue;
                }
                true => ("required-parameter-added", Breaking, "new, and required"),
                false => ("optional-parameter-added", Harmless, "new"),
            };
            let words = format!("the {place} parameter `{name}` is {words}");
            self.tell(rule, verdict, None, Some(&one.at), words);
        }
    }

    fn parameter(&mut self, part: &str, old: &Place<'d>, new: &Place<'d>) {
        let at = (Some(&*old.at), Some(&*new.at));
        match (old.is("required"), new.is("required")) {
            (false, true) => {
                let words = format!("{part} is required now");
                self.tell("parameter-became-required", Breaking, at.0, at.1, words);
            }
            (true, false) => {
                let words = format!("{part} may be left out now");
                self.tell("parameter-became-optional", Harmless, at.0, at.1, words);
            }
            _ => {}
        }
        self.deprecation(part, old, new);
        if written(old) != written(new) {
            let words = format!(
                "{part} is written otherwise: {}, and was {}",
                written(new),
                written(old)
            );
            self.tell("parameter-style-changed", Breaking, at.0, at.1, words);
            return;
        }
        let read = ["description", "example", "examples"];
        if read.iter().any(|key| old.get(key) != new.get(key)) {
            self.reads_differently(&old.at, &new.at);
        }
        match (old.member("content"), new.member("content")) {
            (Some(_), Some(_)) => self.media(Way::Request, part, old, new),
            _ => self.schemas(Way::Request, part, old, new),
        }
    }

    fn deprecation(&mut self, part: &str, old: &Place<'d>, new: &Place<'d>) {
        let (rule, words) = match (old.is("deprecated"), new.is("deprecated")) {
            (false, true) => ("part-deprecated", "deprecated now"),
            (true, false) => ("part-undeprecated", "not deprecated any more"),
            _ => return,
        };
        let words = format!("{part} is {words}");
        self.tell(rule, Harmless, Some(&old.at), Some(&new.at), words);
    }

    fn body(&mut self, old: &Place<'d>, new: &Place<'d>) {
        match (old.member("requestBody"), new.member("requestBody")) {
            (None, None) => {}
            (Some(old), None) => {
                let words = "no body is taken any more".into();
                self.tell("body-removed", Breaking, Some(&old.at), None, words);
            }
            (None, Some(new)) => {
                let (rule, verdict, words) = match new.is("required") {
                    true => ("required-body-added", Breaking, "a body is required now"),
                    false => ("optional-body-added", Harmless, "a body is taken now"),
                };
                self.tell(rule, verdict, None, Some(&new.at), words.into());
            }
            (Some(old), Some(new)) => {
                let at = (Some(&*old.at), Some(&*new.at));
                match (old.is("required"), new.is("required")) {
                    (false, true) => {
                        let words = "the body is required now".into();
                        self.tell("body-became-required", Breaking, at.0, at.1, words);
                    }
                    (true, false) => {
                        let words = "the body may be left out now".into();
                        self.tell("body-became-optional", Harmless, at.0, at.1, words);
                    }
                    _ => {}
                }
                if old.get("description") != new.get("description") {
                    self.reads_differently(&old.at, &new.at);
                }
                self.media(Way::Request, "the body", &old, &new);
            }
        }
    }

    fn answers(&mut self, old: &Place<'d>, new: &Place<'d>) {
        let all = |place: &Place<'d>| -> BTreeMap<String, Place<'d>> {
            let entries = place.entries("responses").into_iter();
            let known = entries.filter(|(status, _)| !status.starts_with("x-"));
            let found = known.filter_map(|(status, _)| {
                let answer = place.child("responses")?.member(status)?;
                Some((status.to_ascii_uppercase(), answer))
            });
            found.collect()
        };
        let (before, after) = (all(old), all(new));
        for (status, one) in &before {
            match find(&after, status) {
                Some(other) => self.answer(status, one, other),
                None if is_success(status) => {
                    let words = format!("the answer {status} is gone");
                    self.tell(
                        "success-answer-removed",
                        Breaking,
                        Some(&one.at),
                        None,
                        words,
                    );
                }
                None => {
                    let words = format!("the answer {status} is gone");
                    self.tell("other-answer-removed", Harmless, Some(&one.at), None, words);
                }
            }
        }
        for (status, one) in after
            .iter()
            .filter(|(status, _)| !before.contains_key(*status))
        {
            let (rule, verdict) = match find(&before, status) {
                // It was to be expected.
                Some(old) => {
                    self.answer(status, old, one);
                    continue;
                }
                None if is_success(status) => ("success-answer-added", Unknown),
                None => ("other-answer-added", Harmless),
            };
            let words = format!("the answer {status} is new");
            self.tell(rule, verdict, None, Some(&one.at), words);
        }
    }

    fn answer(&mut self, status: &str, old: &Place<'d>, new: &Place<'d>) {
        if ["description", "links", "summary"]
            .iter()
            .any(|key| old.get(key) != new.get(key))
        {
            self.reads_differently(&old.at, &new.at);
        }
        self.media(Way::Answer, &format!("the answer {status}"), old, new);
        let headers = |place: &Place<'d>| -> BTreeMap<String, Place<'d>> {
            let names = place.entries("headers").into_iter();
            let found = names.filter_map(|(name, _)| {
                let header = place.child("headers")?.member(name)?;
                Some((name.to_ascii_lowercase(), header))
            });
            found.collect()
        };
        let (before, mut after) = (headers(old), headers(new));
        for (name, one) in before {
            let part = format!("the header `{name}` of the answer {status}");
            match after.remove(&name) {
                Some(other) => self.header(&part, &one, &other),
                None => {
                    let (rule, verdict) = match one.is("required") {
                        true => ("required-header-removed", Breaking),
                        false => ("optional-header-removed", Unknown),
                    };
                    self.tell(
                        rule,
                        verdict,
                        Some(&one.at),
                        None,
                        format!("{part} is gone"),
                    );
                }
            }
        }
        for (name, one) in after {
            let words = format!("the header `{name}` of the answer {status} is new");
            self.tell("header-added", Harmless, None, Some(&one.at), words);
        }
    }

    fn header(&mut self, part: &str, old: &Place<'d>, new: &Place<'d>) {
        let at = (Some(&*old.at), Some(&*new.at));
        match (old.is("required"), new.is("required")) {
            (true, false) => {
                let words = format!("{part} may be missing now");
                self.tell("header-became-optional", Breaking, at.0, at.1, words);
            }
            (false, true) => {
                let words = format!("{part} is always there now");
                self.tell("header-became-required", Harmless, at.0, at.1, words);
            }
            _ => {}
        }
        self.deprecation(part, old, new);
        self.schemas(Way::Answer, part, old, new);
    }

    /// What is under `content` in both places.
    fn media(&mut self, way: Way, part: &str, old: &Place<'d>, new: &Place<'d>) {
        let all = |place: &Place<'d>| -> Vec<(String, Place<'d>)> {
            let entries = place.entries("content").into_iter();
            let plain = |(name, place): (&String, Place<'d>)| {
                (name.replace(' ', "").to_ascii_lowercase(), place)
            };
            entries.map(plain).collect()
        };
        let (before, after) = (all(old), all(new));
        let covers = |all: &[(String, Place<'d>)], name: &str| {
            let exact = all.iter().position(|(other, _)| other == name);
            exact.or_else(|| all.iter().position(|(other, _)| is_range_of(other, name)))
        };
        for (name, one) in &before {
            match covers(&after, name).and_then(|at| after.get(at)) {
                Some((_, two)) => {
                    let part = match before.len().max(after.len()) {
                        1 => part.to_owned(),
                        _ => format!("{part} as `{name}`"),
                    };
                    if one.get("encoding") != two.get("encoding") {
                        let words = format!("{part}: its `encoding` differs");
                        let (old, new) = (Some(&*one.at), Some(&*two.at));
                        self.tell("encoding-changed", Unknown, old, new, words);
                    }
                    let read = ["example", "examples"];
                    if read.iter().any(|key| one.get(key) != two.get(key)) {
                        self.reads_differently(&one.at, &two.at);
                    }
                    self.schemas(way, &part, one, two);
                }
                None => {
                    let rule = match way {
                        Way::Request => "request-media-type-removed",
                        Way::Answer => "answer-media-type-removed",
                    };
                    let words = format!("{part} is no `{name}` any more");
                    self.tell(rule, Breaking, Some(&one.at), None, words);
                }
            }
        }
        for (name, one) in after {
            if covers(&before, &name).is_none() {
                let rule = match way {
                    Way::Request => "request-media-type-added",
                    Way::Answer => "answer-media-type-added",
                };
                let words = format!("{part} may be `{name}` now");
                self.tell(rule, Harmless, None, Some(&one.at), words);
            }
        }
    }
}

/// What a pointer leads to in a document that it was made for.
fn value<'d>(document: &'d Value, pointer: &str) -> &'d Value {
    document.pointer(pointer).unwrap_or(&Value::Null)
}

fn text(place: &Place<'_>, key: &str) -> String {
    place.text(key).unwrap_or_default().to_owned()
}

fn same_name(place: &str, one: &str, other: &str) -> bool {
    match place {
        "header" => one.eq_ignore_ascii_case(other),
        _ => one == other,
    }
}

/// Keys that OpenAPI does not know: those of this host, or all others.
fn extensions<'d>(place: &Place<'d>, of_host: bool) -> BTreeMap<&'d String, &'d Value> {
    let entries = place.object().into_iter().flat_map(Map::iter);
    let wanted = |(key, _): &(&String, &Value)| {
        key.starts_with("x-") && key.starts_with("x-switchback-") == of_host
    };
    entries.filter(wanted).collect()
}

/// How a parameter is written, with what holds where nothing is said.
fn written(parameter: &Place<'_>) -> String {
    if parameter.get("content").is_some() {
        return "as a media type".into();
    }
    let place = text(parameter, "in");
    let usual = match place.as_str() {
        "query" | "cookie" => "form",
        _ => "simple",
    };
    let style = parameter.text("style").unwrap_or(usual);
    let explode = parameter.get("explode").and_then(Value::as_bool);
    let explode = explode.unwrap_or(style == "form");
    format!("`{style}`{}", if explode { " exploded" } else { "" })
}

fn is_success(status: &str) -> bool {
    status.starts_with('2') || status.starts_with('3')
}

/// The answers of a status: its own, those of its hundred, or all others'.
fn find<'a, 'd>(answers: &'a BTreeMap<String, Place<'d>>, status: &str) -> Option<&'a Place<'d>> {
    let range = status.get(..1).map(|first| format!("{first}XX"));
    let found = answers.get(status);
    let found = found.or_else(|| answers.get(&range?));
    found.or_else(|| answers.get("DEFAULT"))
}

/// Whether `text/*` or `*/*` is meant for a media type.
fn is_range_of(range: &str, name: &str) -> bool {
    match range.strip_suffix('*') {
        Some("*/") => true,
        Some(family) => name.starts_with(family),
        None => false,
    }
}
