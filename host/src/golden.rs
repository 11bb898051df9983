//! FastAPI's own answers, replayed: what it admits, we admit, and what it says of a bad request, we say (see
//! `tests/golden/README.md`).

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use serde::Deserialize;
use serde_json::Value;

use crate::admit::{Received, Rejection, Sent, admit};
use crate::body::RequestBody;
use crate::config::{JsonTypes, Limits};
use crate::params::Parameters;
use crate::schema::Schemas;

#[derive(Deserialize)]
struct App {
    app: String,
    openapi: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    method: String,
    path: String,
    target: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    text: String,
    base64: Option<String>,
    status: u16,
    #[serde(default)]
    detail: Value,
}

#[test]
fn requests_are_admitted_and_refused_as_fastapi_does() {
    let strict = replay(RECORDED, &Limits::default());
    println!("{} as FastAPI, {} known to differ", strict.0, strict.1);
}

/// How reasons begin that hold for one of the two ways to take JSON.
const STRICT: &str = "JSON is checked as the document says";
const LAX: &str = "JSON is taken as FastAPI takes it";

#[test]
fn json_taken_as_fastapi_takes_it_leaves_fewer_differences() {
    let lax = replay(RECORDED, &lax());
    println!("{} as FastAPI, {} known to differ", lax.0, lax.1);
}

#[test]
fn what_is_sent_at_random_to_apps_of_random_types_is_taken_as_by_fastapi() {
    let random = include_str!("../tests/golden/fastapi-random.json");
    let (same, known) = replay(random, &lax());
    println!("{same} as FastAPI, {known} known to differ");
}

fn lax() -> Limits {
    Limits {
        json: JsonTypes::Lax,
        ..Limits::default()
    }
}

const RECORDED: &str = include_str!("../tests/golden/fastapi-defaults.json");

/// Sends every case; how many are answered as by FastAPI, and how many are known not to be.
fn replay(apps: &str, limits: &Limits) -> (usize, usize) {
    let apps: Vec<App> = serde_json::from_str(apps).unwrap();
    let differences: BTreeMap<String, Vec<String>> =
        serde_json::from_str(include_str!("../tests/golden/differences.json")).unwrap();
    let different = |id: &str| {
        let counts = |reason: &str| match limits.json {
            JsonTypes::Strict => !reason.starts_with(LAX),
            JsonTypes::Lax => !reason.starts_with(STRICT),
        };
        let mut counted = differences.iter().filter(|(reason, _)| counts(reason));
        counted.any(|(_, cases)| cases.iter().any(|known| known == id))
    };
    let (mut same, mut known, mut wrong) = (0, 0, Vec::new());
    for app in &apps {
        let schemas = Schemas::new(&app.openapi).unwrap();
        for case in &app.cases {
            let id = format!("{} {}", app.app, case.id);
            let expected = match case.status {
                200 => "admitted".into(),
                _ => case.detail.clone(),
            };
            let answered = answer(&schemas, &app.openapi, case, limits);
            match (answered == expected, different(&id)) {
                (true, false) => same += 1,
                (false, true) => known += 1,
                (true, true) => wrong.push(format!("no longer different: {id}")),
                (false, false) => wrong.push(format!("{id}\n  want {expected}\n  have {answered}")),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n{} wrong",
        wrong.join("\n"),
        wrong.len()
    );
    (same, known)
}

/// The violations, null for a body that could not be read, or `"admitted"`.
fn answer(schemas: &Schemas, document: &Value, case: &Case, limits: &Limits) -> Value {
    let operation = format!(
        "/paths/{}/{}",
        case.path.replace('~', "~0").replace('/', "~1"),
        case.method.to_lowercase()
    );
    let described = document.pointer(&operation).unwrap();
    let pointers: Vec<String> = (0..described["parameters"].as_array().map_or(0, Vec::len))
        .map(|index| format!("{operation}/parameters/{index}"))
        .collect();
    let (path, query) = match case.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&*case.target, None),
    };
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (template, value) in case.path.split('/').zip(path.split('/')) {
        if let Some(name) = template.strip_prefix('{') {
            names.push(name.trim_end_matches('}'));
            values.push(value);
        }
    }
    let parameters = Parameters::compile(
        schemas,
        &names,
        &pointers,
        described.get("x-switchback-parameter-models"),
    )
    .unwrap()
    .parameters;
    let body = described
        .get("requestBody")
        .map(|_| RequestBody::compile(schemas, &format!("{operation}/requestBody")).unwrap());
    let bytes = match &case.base64 {
        Some(base64) => decode_base64(base64),
        None => case.text.clone().into_bytes(),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &case.headers {
        headers.append(
            name.parse::<HeaderName>().unwrap(),
            value.trim().parse().unwrap(),
        );
    }
    let received = Received {
        path: &values,
        query,
        headers: &headers,
        body: Sent::Whole(Bytes::from(bytes)),
    };
    match admit(&parameters, body.as_ref(), received, limits) {
        Ok(_) => "admitted".into(),
        Err(Rejection::Violations(violations)) => serde_json::to_value(violations).unwrap(),
        Err(Rejection::BadBody(why) | Rejection::Limit(_, why)) => why.into_owned().into(),
        Err(Rejection::MediaType) => "media type".into(),
    }
}

fn decode_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().filter(|byte| *byte != b'=') {
        let value = DIGITS.iter().position(|known| *known == digit).unwrap();
        held = held << 6 | value as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    bytes
}
