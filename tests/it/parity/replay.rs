//! An app on a host of its own, asked what FastAPI's was asked.

use serde_json::Value;
use switchback::{Component, Config, Cors, JsonTypes, ProblemShape};
use switchback_tests::guests::fastapi;
use switchback_tests::{Client, Harness, Reply};

use super::recorded::{App, Body, Case, Step};
use super::{Compared, Difference, document};

/// Serves the app and compares all that was recorded of it.
pub(super) async fn compared(app: &App) -> Compared {
    let component = app.component();
    let settings = settings(app);
    let documents = settings.host.openapi_path.replace(".json", "");
    let harness = Harness::with(settings).await;
    let mut deployed = Component::new(fastapi(&component));
    if app.name == "static_files/tutorial001" {
        // What lies in the folder that its tests make.
        deployed = deployed.file("sample.txt", "This is a sample static file.");
    }
    let deployed = harness.host.deploy("app", deployed).await;
    deployed.unwrap_or_else(|error| panic!("{component} is refused: {error}"));
    for inside in mounted(app) {
        let deployed = harness.host.deploy(inside, fastapi(inside)).await;
        deployed.unwrap_or_else(|error| panic!("{inside} is refused: {error}"));
    }

    let (mut answers, mut headers) = (Vec::new(), Vec::new());
    let mut names = app.steps().map(|(name, _)| name);
    for Case { steps, .. } in &app.cases {
        let mut client = harness.client();
        for step in steps {
            let name = names.next().expect("each step has a name");
            let reply = send(&mut client, step).await;
            if let Some(how) = difference(step, &reply) {
                answers.push(Difference { name, how });
            } else if let Some(how) = other_header(step, &reply) {
                headers.push(Difference { name, how });
            }
        }
    }
    let mut document = Vec::new();
    if let Some(theirs) = &app.openapi {
        let ours = format!("{documents}/app.json");
        let ours = harness.client().get(&ours).await.json();
        document = document::differences(theirs, &ours);
    }
    let document = document.into_iter();
    let document = document.map(|(place, how)| Difference {
        name: format!("{}: {place}", app.name),
        how,
    });
    Compared {
        answers,
        headers,
        document: document.collect(),
    }
}

/// The applications that are mounted in it: plugins beside it, each under its name.
fn mounted(app: &App) -> &'static [&'static str] {
    match &*app.name {
        "routing" => &["sub", "strict"],
        "root-path" => &["sub"],
        _ => &[],
    }
}

/// What FastAPI does unasked, and what the app is told when it is made.
fn settings(app: &App) -> Config {
    let mut config = Config::default();
    config.limits.json = JsonTypes::Lax;
    config.limits.problems = ProblemShape::FastApi;
    for inside in mounted(app) {
        let plugin = config.plugins.entry((*inside).into()).or_default();
        plugin.prefix = format!("/{inside}");
    }
    let host = &mut config.host;
    host.index = false;
    match &*app.name {
        "advanced_middleware/tutorial002" => {
            host.allowed_hosts = ["example.com", "*.example.com"].map(String::from).into();
        }
        "cors/tutorial001" => {
            let origins = [
                "http://localhost.tiangolo.com",
                "https://localhost.tiangolo.com",
                "http://localhost",
                "http://localhost:8080",
            ];
            config.cors = Cors {
                allow_origins: origins.map(String::from).into(),
                allow_methods: vec!["*".into()],
                allow_headers: vec!["*".into()],
                allow_credentials: true,
                ..Cors::default()
            };
        }
        "behind_a_proxy/tutorial003" => host.base_path = "/api/v1".into(),
        "root-path" => host.base_path = "/api".into(),
        "metadata/tutorial003" => {
            host.docs_path = "/documentation".into();
            host.redoc_path = String::new();
        }
        "documents-merged" => {
            host.openapi_path = "/spec.json".into();
            host.docs_path = "/ui".into();
            host.redoc_path = String::new();
        }
        _ => {}
    }
    config
}

/// Sends a request with what FastAPI's client sent along, unless it says otherwise.
async fn send(client: &mut Client, step: &Step) -> Reply {
    let usual = [
        ("accept", "*/*"),
        ("accept-encoding", "gzip, deflate"),
        ("connection", "keep-alive"),
        ("user-agent", "testclient"),
    ];
    let sent = &step.request.headers;
    let usual = usual
        .into_iter()
        .filter(|(name, _)| !sent.iter().any(|(known, _)| known == name));
    let sent = sent
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let headers: Vec<(&str, &str)> = usual.chain(sent).collect();
    let body = step.request.body.as_ref().map_or(Vec::new(), Body::bytes);
    client
        .send(&step.request.method, &step.request.target, &headers, body)
        .await
}

/// Whether status, media type or body is another than recorded, and how.
fn difference(step: &Step, reply: &Reply) -> Option<String> {
    let expected = &step.expect;
    if reply.status != expected.status {
        let body = String::from_utf8_lossy(&reply.body);
        return Some(format!("{}, not {}: {body}", reply.status, expected.status));
    }
    let is_type = |name: &str| name == "content-type";
    let (ours, theirs) = (headers_of(reply, is_type), headers(step, is_type));
    if ours != theirs {
        return Some(format!("{ours:?}, not {theirs:?}"));
    }
    let wanted = expected.body.as_ref().map_or(Vec::new(), Body::bytes);
    let same = wanted == reply.body || same_json(&wanted, &reply.body);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (!same).then(|| format!("{}\n not {}", text(&reply.body), text(&wanted)))
}

/// Whether another header is than recorded, and how. Which headers there are more, and of a body its length, is not looked at.
fn other_header(step: &Step, reply: &Reply) -> Option<String> {
    let theirs = headers(step, |name| {
        name != "content-type" && name != "content-length"
    });
    let ours = headers_of(reply, |name| theirs.iter().any(|(known, _)| known == name));
    (ours != theirs).then(|| format!("{ours:?}, not {theirs:?}"))
}

/// The recorded headers that count.
fn headers(step: &Step, counts: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let host = step.request.headers.iter().find(|(name, _)| name == "host");
    let origin = format!("http://{}", host.map_or("testserver", |(_, value)| value));
    let mut all = Vec::new();
    for (index, (name, value)) in step.expect.headers.iter().enumerate() {
        let changes = step
            .volatile
            .contains(&format!("/expect/headers/{index}/1"));
        if !changes && counts(name) {
            // Ours is relative, so that it holds behind any proxy.
            all.push((
                name.clone(),
                usual(name, value.strip_prefix(&origin).unwrap_or(value)),
            ));
        }
    }
    all.sort();
    all
}

fn headers_of(reply: &Reply, counts: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let sent = reply
        .headers
        .iter()
        .filter(|(name, _)| counts(name.as_str()));
    let mut all: Vec<_> = sent
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), usual(name.as_str(), &value))
        })
        .collect();
    all.sort();
    all
}

/// A cookie's attributes are no matter of order and case.
fn usual(name: &str, value: &str) -> String {
    if name != "set-cookie" {
        return value.to_owned();
    }
    let mut parts = value.split("; ");
    let pair = parts.next().unwrap_or_default().to_owned();
    let mut attributes: Vec<_> = parts.map(str::to_lowercase).collect();
    attributes.sort();
    pair + "; " + &attributes.join("; ")
}

/// Whether both are JSON and one value. Integers too long for a `Value` are compared by their digits.
fn same_json(wanted: &[u8], have: &[u8]) -> bool {
    let read = |bytes| serde_json::from_slice::<Value>(bytes).ok();
    read(wanted).is_some()
        && read(wanted) == read(have)
        && long_numbers(wanted) == long_numbers(have)
}

fn long_numbers(json: &[u8]) -> Vec<&[u8]> {
    let runs = json.split(|byte| !byte.is_ascii_digit());
    let mut long: Vec<_> = runs.filter(|run| run.len() > 18).collect();
    long.sort_unstable();
    long
}
