//! The names of settings and the types of their values: which there are, and what may stand under each.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use toml::{Table, Value};

use super::{Key, Whole};

/// Of addresses there may be one or several.
const LISTEN: [&str; 2] = ["serve", "listen"];

/// Whether a value can stand under a key, looked at alone.
pub(crate) fn check(key: &[String], value: &Value) -> Result<(), String> {
    let name = key.join(".");
    let shape = shape(key);
    let known = every_setting();
    let Some(like) = known.get(&shape) else {
        let nearest = known
            .keys()
            .map(|known| (distance(&known.join("."), &shape.join(".")), known))
            .min();
        let hint = match (nearest, key) {
            (Some((1..=3, near)), [.., _]) => {
                format!(
                    "; did you mean `{}`?",
                    near.last().map_or("", String::as_str)
                )
            }
            _ => "; `switchback config` lists what there is".into(),
        };
        return Err(format!("there is no setting `{name}`{hint}"));
    };
    if value.as_integer().is_some_and(|number| number < 0) {
        return Err(format!("`{name}` is {value}, and cannot be negative"));
    }
    if !(like.same_type(value) || shape == LISTEN && value.is_array()) {
        return Err(format!(
            "`{name}` is {value}, and must be {}",
            in_words(like)
        ));
    }
    let mut alone = Table::new();
    insert(&mut alone, key, value.clone());
    match Whole::deserialize(alone) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("`{name}` is {value}: {}", error.message())),
    }
}

/// A value from a text that has no types of its own, read as the type that the setting has.
pub(crate) fn parse_like(key: &[String], text: &str) -> Result<Value, String> {
    let wrong = |like: &Value| {
        Err(format!(
            "`{}` is \"{text}\", and must be {}",
            key.join("."),
            in_words(like)
        ))
    };
    match every_setting().remove(&shape(key)) {
        Some(like @ Value::Integer(_)) => match text.replace('_', "").parse() {
            Ok(number) => Ok(Value::Integer(number)),
            Err(_) => wrong(&like),
        },
        Some(like @ Value::Boolean(_)) => match text {
            "true" | "1" => Ok(Value::Boolean(true)),
            "false" | "0" => Ok(Value::Boolean(false)),
            _ => wrong(&like),
        },
        // Of a list, commas between its texts will do, without brackets and quotes.
        Some(Value::Array(_)) if !text.starts_with('[') => {
            let texts = text.split(',').map(str::trim).filter(|one| !one.is_empty());
            Ok(Value::Array(texts.map(Value::from).collect()))
        }
        // An address of IPv6 begins with a bracket, too.
        Some(Value::String(_)) if !(key == LISTEN && text.starts_with("[\"")) => {
            Ok(Value::String(text.into()))
        }
        Some(like) => match format!("it = {text}").parse::<Table>() {
            Ok(mut table) => table.remove("it").ok_or_else(|| in_words(&like).into()),
            Err(_) => wrong(&like),
        },
        None => Ok(Value::String(text.into())),
    }
}

/// Every setting there is, each with a value of its type; for plugins with `*` for the name.
pub(super) fn every_setting() -> BTreeMap<Key, Value> {
    let any = || Some(PathBuf::new());
    let mut whole = Whole::default();
    (
        whole.host.cache_dir,
        whole.host.spool_dir,
        whole.host.state_dir,
    ) = (any(), any(), any());
    let plugin = switchback::PluginConfig {
        instances: Some(1),
        files: Some(switchback::FilesConfig::default()),
        limits: Some(switchback::Limits::default()),
        cors: Some(switchback::Cors::default()),
        probation: Some(switchback::Probation::default()),
        ..Default::default()
    };
    whole.plugins.insert("*".into(), plugin);
    let table = Table::try_from(&whole).expect("the defaults are plain values");
    let mut all = BTreeMap::new();
    flatten(&table, &mut Vec::new(), &mut |key, value| {
        all.insert(key, value.clone());
    });
    all
}

/// A key with `*` for the plugin's name.
fn shape(key: &[String]) -> Key {
    let mut shape = key.to_vec();
    if let [plugins, name, ..] = &mut shape[..]
        && plugins == "plugins"
    {
        *name = "*".into();
    }
    shape
}

pub(super) fn variable(key: &[String]) -> String {
    let key = if key[0] == "serve" { &key[1..] } else { key };
    format!("SWITCHBACK_{}", key.join("_").to_uppercase())
}

fn in_words(like: &Value) -> &'static str {
    match like {
        Value::Integer(_) => "a whole number",
        Value::Boolean(_) => "true or false",
        Value::Table(_) => "a table, `{ name = value }`",
        Value::Array(_) => "a list in brackets",
        _ => "a text in quotes",
    }
}

/// Tables that are a setting each: what is in one has names of its own.
pub(crate) const WHOLE: [[&str; 2]; 2] = [["host", "headers"], ["host", "swagger_ui"]];

pub(crate) fn flatten(table: &Table, at: &mut Key, found: &mut impl FnMut(Key, &Value)) {
    for (name, value) in table {
        at.push(name.clone());
        match value {
            Value::Table(inner) if !WHOLE.iter().any(|whole| at == whole) => {
                flatten(inner, at, found)
            }
            leaf => found(at.clone(), leaf),
        }
        at.pop();
    }
}

pub(super) fn insert(table: &mut Table, key: &[String], value: Value) {
    match key {
        [] => {}
        [last] => {
            table.insert(last.clone(), value);
        }
        [section, rest @ ..] => {
            let inner = table
                .entry(section.clone())
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// How many letters have to be changed, added or left out to make one word of another.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What the first columns of the tables in a document say, under the section that each heading names.
    fn documented(text: &str) -> BTreeSet<String> {
        let mut sections: Vec<&str> = Vec::new();
        let mut found = BTreeSet::new();
        for line in text.lines() {
            if line.starts_with('#') {
                let named = line.split('`').skip(1).step_by(2);
                sections = named
                    .filter_map(|name| name.strip_prefix('[')?.strip_suffix(']'))
                    .collect();
            }
            let Some(cell) = line.strip_prefix("| `") else {
                continue;
            };
            let cell = cell.split(" |").next().unwrap_or_default();
            for name in cell.split(", ") {
                let name = name.trim_matches('`');
                let keys = sections.iter().map(|section| {
                    let section = section.replace("NAME", "*");
                    format!("{section}.{name}")
                });
                found.extend(keys);
            }
        }
        found
    }

    #[test]
    fn the_documentation_lists_every_setting_and_no_other() {
        let text = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
        let documented = documented(&std::fs::read_to_string(text).unwrap());
        let known = every_setting();
        let mut known: BTreeSet<String> = known.into_keys().map(|key| key.join(".")).collect();
        // A list is one setting, and each of its items has these.
        assert!(known.remove("files"));
        let folder = Table::try_from(switchback::FolderConfig::default()).unwrap();
        known.extend(folder.keys().map(|name| format!("[files].{name}")));
        // Told in a sentence, or by tables of their own.
        let whole = ["plugins.*.limits", "plugins.*.files"];
        let documented: BTreeSet<String> = documented
            .into_iter()
            .filter(|key| !whole.contains(&key.as_str()))
            .collect();
        assert_eq!(
            documented.difference(&known).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "documented, and cannot be set"
        );
        assert_eq!(
            known.difference(&documented).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "not documented"
        );
    }
}
