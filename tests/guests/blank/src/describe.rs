//! What `openapi()` does, by the slot's text.

use std::fmt::Write;

use crate::behaviour;
use crate::slot::{CONTRACT, DESCRIBE};

pub(crate) fn openapi() -> String {
    let how = DESCRIBE.text();
    match how.split_once(' ').unwrap_or((&how, "")) {
        ("trap", _) => panic!("asked to trap instead of describing"),
        ("spin", _) => behaviour::spin(),
        ("wait", _) => behaviour::wait(),
        ("exhaust", _) => behaviour::exhaust(),
        ("bytes", count) => " ".repeat(count.parse().unwrap_or(0)),
        ("operations", count) => many(count.parse().unwrap_or(0)),
        _ => match CONTRACT.text() {
            none if none.is_empty() => built_in(),
            contract => contract,
        },
    }
}

/// `GET /NAME?n=` for each behaviour.
fn built_in() -> String {
    document(
        behaviour::NAMES
            .iter()
            .map(|name| (format!("/{name}"), (*name).to_owned())),
    )
}

fn many(count: usize) -> String {
    document((0..count).map(|number| (format!("/many/{number}"), format!("many-{number}"))))
}

fn document(operations: impl Iterator<Item = (String, String)>) -> String {
    let mut paths = String::new();
    for (path, id) in operations {
        let comma = if paths.is_empty() { "" } else { "," };
        let _ = write!(
            paths,
            r#"{comma}"{path}":{{"get":{{"operationId":"{id}","parameters":[{{"name":"n","in":"query","schema":{{"type":"integer"}}}}],"responses":{{"200":{{"description":"ok"}}}}}}}}"#
        );
    }
    format!(r#"{{"openapi":"3.1.0","info":{{"title":"Blank","version":"1"}},"paths":{{{paths}}}}}"#)
}
