//! `switchback.toml`: its values, and the line of each.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Table;
use toml::de::{DeTable, DeValue};

use crate::settings::{Key, Origin, Setting, WHOLE, flatten};

/// Every value in the file. What is wrong with the file as such is added to `wrong`; single values are not looked at.
pub(crate) fn read(path: &Path, wrong: &mut Vec<String>) -> Vec<(Key, Setting)> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(why) => {
            wrong.push(format!(
                "{}: the configuration file cannot be read: {why}",
                path.display()
            ));
            return Vec::new();
        }
    };
    let at = |line: usize| Origin::File {
        path: path.into(),
        line,
        text: text.lines().nth(line - 1).unwrap_or_default().into(),
    };
    let parsed = text
        .parse::<Table>()
        .and_then(|table| Ok((table, DeTable::parse(&text)?)));
    let (table, spans) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            wrong.push(at(line).explain(error.message()));
            return Vec::new();
        }
    };
    let mut lines = BTreeMap::new();
    place(spans.get_ref(), &text, &mut Vec::new(), &mut lines);
    for (key, line) in &lines {
        let of_a_whole = WHOLE.iter().any(|whole| key.iter().take(2).eq(whole));
        if !may_be_section(key) && !of_a_whole && key_is_table(&table, key) {
            wrong.push(at(*line).explain(&format!("there is no section `{}`", key.join("."))));
        }
    }
    let mut set = Vec::new();
    flatten(&table, &mut Vec::new(), &mut |key, value| {
        let in_section = (1..key.len()).all(|end| may_be_section(&key[..end]));
        // Of an unknown section, the section alone is told.
        if in_section {
            let origin = at(lines.get(&key).copied().unwrap_or(1));
            set.push((
                key,
                Setting {
                    value: value.clone(),
                    origin,
                },
            ));
        }
    });
    set
}

fn may_be_section(key: &[String]) -> bool {
    let names: Vec<&str> = key.iter().map(String::as_str).collect();
    matches!(
        names[..],
        ["serve"
            | "host"
            | "connections"
            | "limits"
            | "probation"
            | "faults"
            | "trust"
            | "cors"
            | "compression"
            | "plugins"]
            | ["plugins", _]
            | ["plugins", _, "limits" | "cors" | "probation" | "files"]
    )
}

fn key_is_table(table: &Table, key: &[String]) -> bool {
    let value = key.iter().try_fold(None, |at: Option<&Table>, name| {
        at.unwrap_or(table)
            .get(name)
            .and_then(|value| value.as_table())
            .map(Some)
    });
    value.is_some()
}

/// The line on which each key stands, tables included.
fn place(table: &DeTable<'_>, text: &str, at: &mut Key, lines: &mut BTreeMap<Key, usize>) {
    for (name, value) in table {
        at.push(name.get_ref().to_string());
        lines.insert(at.clone(), line_of(text, name.span().start));
        if let DeValue::Table(inner) = value.get_ref() {
            place(inner, text, at, lines);
        }
        at.pop();
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text
        .as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
}
