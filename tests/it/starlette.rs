//! What Starlette's middleware was recorded to answer, sent to a host of the same settings.

use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;
use switchback::{Body, Config, Host};
use switchback_tests::guests::{Describe, blank, contract};
use switchback_tests::{harness, tools};

#[derive(Deserialize)]
struct Recorded {
    apps: Vec<App>,
}

#[derive(Deserialize)]
struct App {
    settings: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
pub(crate) struct Case {
    method: String,
    target: String,
    pub(crate) sent: Vec<(String, String)>,
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Asks a host of each of the recorded settings what Starlette was asked, and tells what it answers otherwise. Those that are
/// `excused` do not count.
pub(crate) async fn replay(
    file: &str,
    settings: impl Fn(&Value) -> Config,
    excused: impl Fn(&Case) -> bool,
) {
    let path = tools::in_repository("tests/golden/starlette").join(file);
    let text = std::fs::read_to_string(&path).expect("it is recorded");
    let recorded: Recorded = serde_json::from_str(&text).expect("it is well formed");
    let mut wrong = Vec::new();
    let mut asked = 0;
    for app in recorded.apps {
        let host = serving(settings(&app.settings)).await;
        for case in app.cases.iter().filter(|case| !excused(case)) {
            asked += 1;
            let reply = host.dispatch(case.request()).await;
            let found = Found::of(reply).await;
            if let Some(how) = case.difference(&found) {
                let Case { method, sent, .. } = case;
                wrong.push(format!("{}: {method} {sent:?}: {how}", app.settings));
            }
        }
    }
    assert!(asked > 100, "{file} has too few cases: {asked}");
    let count = wrong.len();
    assert!(wrong.is_empty(), "{}\n{count} of {asked}", wrong.join("\n"));
}

/// A host whose `GET /script` does what `x-script` says.
pub(crate) async fn serving(mut config: Config) -> Host {
    config.host.cache_dir.get_or_insert_with(harness::cache);
    let host = Host::new(config).expect("settings that can be used");
    let guest = contract(&[("get", "/script", "script")]);
    let guest = blank(&guest, "1", Describe::Contract);
    host.deploy("blank", guest).await.expect("served");
    host
}

struct Found {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Case {
    fn request(&self) -> Request<Body> {
        let mut request = Request::new(Body::default());
        *request.method_mut() = Method::from_bytes(self.method.as_bytes()).expect("a method");
        *request.uri_mut() = self.target.parse().expect("a target");
        for (name, value) in &self.sent {
            let value: Vec<u8> = value.chars().map(|c| c as u8).collect();
            let value = HeaderValue::from_bytes(&value).expect("a value");
            let name = http::HeaderName::from_bytes(name.as_bytes()).expect("a name");
            request.headers_mut().append(name, value);
        }
        request
    }

    /// The bodies of other answers are each framework's own.
    fn difference(&self, found: &Found) -> Option<String> {
        let is_middlewares = found.status == 400 || self.body == "OK";
        if self.method == "GET" && self.status != found.status
            || is_middlewares && (self.status, &self.body) != (found.status, &found.body)
        {
            return Some(format!(
                "{} {}, not {} {}",
                found.status, found.body, self.status, self.body
            ));
        }
        (self.headers != found.headers)
            .then(|| format!("{:?}, not {:?}", found.headers, self.headers))
    }
}

impl Found {
    async fn of(reply: Response<Body>) -> Found {
        let (head, body) = reply.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Found {
            status: head.status.as_u16(),
            headers: told(&head.headers),
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

/// The headers that were recorded, and as they were.
fn told(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| {
        let name = name.as_str();
        name.starts_with("access-control-") || name == "vary" || name == "location"
    });
    let latin1 = |value: &HeaderValue| value.as_bytes().iter().map(|b| *b as char).collect();
    let mut told: Vec<_> = kept
        .map(|(name, value)| (name.to_string(), latin1(value)))
        .collect();
    told.sort();
    told
}
