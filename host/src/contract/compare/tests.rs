//! Pairs of documents and what is said of them (`tests/golden/changes`), each there and back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use super::rules::RULES;
use super::*;

/// What stands in a document where its pairs differ.
const HERE: &str = "$HERE";

/// A file: the documents that its pairs stand in, by the name of what is expected there, and the pairs.
#[derive(Deserialize)]
struct Family {
    pairs: Vec<BTreeMap<String, Value>>,
    #[serde(flatten)]
    documents: BTreeMap<String, Value>,
}

/// A comparison and what is to come of it.
struct Case {
    name: String,
    old: Value,
    new: Value,
    expected: Vec<(String, String)>,
}

fn golden(folder: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../tests/golden").join(folder)
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for file in std::fs::read_dir(golden("changes")).unwrap() {
        let path = file.unwrap().path();
        let family: Family = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for (document, pair) in family
            .documents
            .iter()
            .flat_map(|document| family.pairs.iter().map(move |pair| (document, pair)))
        {
            let (there, back) = match document.0.as_str() {
                "document" => ("there".to_owned(), "back".to_owned()),
                way => (way.to_owned(), format!("{way} back")),
            };
            let [old, new] = ["old", "new"].map(|key| filled(document.1, &pair[key]));
            for (key, old, new) in [(there, &old, &new), (back, &new, &old)] {
                cases.push(Case {
                    name: format!("{}: {} ({key})", path.display(), pair["name"]),
                    old: old.clone(),
                    new: new.clone(),
                    expected: serde_json::from_value(pair[&key].clone()).unwrap(),
                });
            }
        }
    }
    cases
}

fn filled(document: &Value, here: &Value) -> Value {
    match document {
        Value::String(text) if text == HERE => here.clone(),
        Value::Array(items) => items.iter().map(|item| filled(item, here)).collect(),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| (key.clone(), filled(value, here));
            Value::Object(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    }
}

fn judged(old: &Value, new: &Value) -> Judgement {
    let [old, new] = [old, new].map(|document| document.to_string().into_bytes());
    Judgement::between(&old, &new, &Limits::default()).unwrap()
}

fn told(judgement: &Judgement) -> Vec<(String, String)> {
    let word = |verdict| json!(verdict).as_str().unwrap().to_owned();
    let changes = judgement.changes.iter();
    let mut told: Vec<_> = changes
        .map(|change| (change.rule.to_owned(), word(change.verdict)))
        .collect();
    told.sort();
    told
}

#[test]
fn each_pair_of_documents_is_judged_as_written_down_there_and_back() {
    let mut wrong = Vec::new();
    let (mut unknown, mut rules) = (0, BTreeSet::new());
    let cases = cases();
    for mut case in cases {
        case.expected.sort();
        let judgement = judged(&case.old, &case.new);
        unknown += judgement.count(Verdict::Unknown);
        rules.extend(judgement.changes.iter().map(|change| change.rule));
        for change in &judgement.changes {
            for (document, pointer) in [(&case.old, &change.old), (&case.new, &change.new)] {
                let lost = pointer.as_ref().filter(|at| document.pointer(at).is_none());
                assert_eq!(lost, None, "{}: `{}` leads nowhere", case.name, change.rule);
            }
        }
        let told = told(&judgement);
        if told != case.expected {
            wrong.push(format!(
                "{}\n  expected {:?}\n  told {told:?}",
                case.name, case.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(unknown, UNKNOWN);
    // What only the gate, or a very large document, can bring.
    let elsewhere = ["contract-there", "prefix-changed", "too-large"];
    let all: BTreeSet<_> = RULES.iter().copied().collect();
    let missing: Vec<_> = all
        .difference(&rules)
        .filter(|rule| !elsewhere.contains(rule))
        .collect();
    assert!(missing.is_empty(), "no pair shows {missing:?}");
    let unlisted: Vec<_> = rules.difference(&all).collect();
    assert!(unlisted.is_empty(), "not in the list: {unlisted:?}");
}

/// How many changes of all pairs nothing decides.
const UNKNOWN: usize = 40;

#[test]
fn the_table_of_rules_in_the_docs_is_the_list_of_them() {
    let docs = include_str!("../../../../docs/changes.md");
    let rows = docs.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.flat_map(|row| {
        let cell = row.split(" |").next().unwrap_or_default();
        cell.split("`, `").map(|name| name.trim_end_matches('`'))
    });
    let documented: Vec<&str> = names.collect();
    assert_eq!(documented, RULES);
}

/// The documents of FastAPI's apps, as far as they can be served.
fn recorded() -> Vec<Vec<u8>> {
    let mut documents = Vec::new();
    for file in ["tutorial.json", "defaults.json"] {
        let text = std::fs::read(golden("fastapi").join(file)).unwrap();
        let recorded: Value = serde_json::from_slice(&text).unwrap();
        for app in recorded["apps"].as_array().unwrap() {
            documents.push(app["openapi"].to_string().into_bytes());
        }
    }
    documents
}

#[test]
fn no_recorded_document_differs_from_itself_and_any_two_are_compared_to_the_end() {
    let limits = Limits::default();
    let contracts: Vec<Contract> = recorded()
        .iter()
        .filter_map(|json| Contract::parse(std::str::from_utf8(json).unwrap(), &limits).ok())
        .collect();
    assert!(contracts.len() > 20, "{} documents", contracts.len());
    for old in &contracts {
        assert_eq!(old.changes_to(old), Judgement::default());
    }
    for pair in contracts.windows(2) {
        let judgement = pair[0].changes_to(&pair[1]);
        let back = pair[1].changes_to(&pair[0]);
        let of = |judgement: &Judgement, rule: &str| {
            let changes = judgement.changes.iter();
            changes.filter(|change| change.rule == rule).count()
        };
        assert_eq!(
            of(&judgement, "operation-removed"),
            of(&back, "operation-added")
        );
    }
}

#[test]
fn documents_that_never_stop_differing_are_given_up_on_and_that_is_unknown() {
    // Each schema refers to the next ones; all of them differ.
    let document = |most: u64| {
        let schema = |index: usize| {
            let next = |step: usize| json!({ "$ref": format!("#/components/schemas/S{}", (index * 3 + step) % 400) });
            let value = json!({ "type": "integer", "maximum": most });
            let properties = json!({ "v": value, "a": next(1), "b": next(2), "c": next(3) });
            (
                format!("S{index}"),
                json!({ "type": "object", "properties": properties }),
            )
        };
        let schemas: serde_json::Map<String, Value> = (0..400).map(schema).collect();
        let answer = json!({ "200": { "description": "ok", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/S0" } } } } });
        let path = |index: usize| {
            (
                format!("/p{index}"),
                json!({ "get": { "responses": answer } }),
            )
        };
        let paths: serde_json::Map<String, Value> = (0..100).map(path).collect();
        json!({ "openapi": "3.1.0", "info": { "title": "T", "version": "1" }, "paths": paths, "components": { "schemas": schemas } })
    };
    let judgement = judged(&document(1), &document(2));
    assert_eq!(judgement.changes.len(), CHANGES + 1);
    let last = judgement.changes.last().unwrap();
    assert_eq!((last.rule, last.verdict), ("too-large", Verdict::Unknown));
}
