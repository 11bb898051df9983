//! An app on a host of its own, asked what FastAPI's was asked.

use std::collections::BTreeMap;

use serde_json::Value;
use switchback::{Config, JsonTypes};
use switchback_tests::guests::fastapi;
use switchback_tests::{Client, Harness, Reply};

use super::recorded::{App, Body, Case, Step};
use super::{Compared, Difference, document};

/// Serves the app and compares all that was recorded of it.
pub(super) async fn compared(app: &App) -> Compared {
    let component = app.component();
    let mut config = Config::default();
    config.limits.json = JsonTypes::Lax;
    config.host.index = false;
    let harness = Harness::with(config).await;
    let deployed = harness.deploy("app", fastapi(&component)).await;
    deployed.unwrap_or_else(|error| panic!("{component} is refused: {error}"));

    let mut answers = Vec::new();
    let mut names = app.steps().map(|(name, _)| name);
    for Case { steps, .. } in &app.cases {
        let mut client = harness.client();
        for step in steps {
            let name = names.next().expect("each step has a name");
            let reply = send(&mut client, step).await;
            if let Some(how) = difference(step, &reply) {
                answers.push(Difference { name, how });
            }
        }
    }
    let ours = harness.client().get("/openapi/app.json").await.json();
    let document = document::differences(&app.openapi, &ours);
    let document = document.into_iter().map(|(place, how)| Difference {
        name: format!("{}: {place}", app.name),
        how,
    });
    Compared {
        answers,
        document: document.collect(),
    }
}

async fn send(client: &mut Client, step: &Step) -> Reply {
    let headers: Vec<(&str, &str)> = step
        .request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let body = step.request.body.as_ref().map_or(Vec::new(), Body::bytes);
    client
        .send(&step.request.method, &step.request.target, &headers, body)
        .await
}

/// What is another than recorded, if anything is.
fn difference(step: &Step, reply: &Reply) -> Option<String> {
    let expected = &step.expect;
    if reply.status != expected.status {
        let body = String::from_utf8_lossy(&reply.body);
        return Some(format!("{}, not {}: {body}", reply.status, expected.status));
    }
    let (ours, theirs) = (headers_of_reply(reply), headers(step));
    for (name, values) in &theirs {
        let have = ours.get(name);
        if have != Some(values) {
            return Some(format!("{name}: {have:?}, not {values:?}"));
        }
    }
    if !theirs.contains_key("content-type") && ours.contains_key("content-type") {
        return Some(format!("content-type: {:?}", ours["content-type"]));
    }
    let wanted = expected.body.as_ref().map_or(Vec::new(), Body::bytes);
    let same = wanted == reply.body || same_json(&wanted, &reply.body);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (!same).then(|| format!("{}\n not {}", text(&reply.body), text(&wanted)))
}

/// The recorded headers that are compared, the values of each in their order.
fn headers(step: &Step) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for (index, (name, value)) in step.expect.headers.iter().enumerate() {
        let changes = step
            .volatile
            .contains(&format!("/expect/headers/{index}/1"));
        if !changes && name != "content-length" {
            // Ours is relative, so that it holds behind any proxy.
            let value = match &**name {
                "location" => value.replace("http://testserver", ""),
                _ => value.clone(),
            };
            all.entry(name.clone()).or_default().push(value);
        }
    }
    all
}

fn headers_of_reply(reply: &Reply) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in &reply.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        all.entry(name.to_string()).or_default().push(value);
    }
    all
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
