//! The operator's side: what is served and what it was, and its changes, by HTTP. It goes by its own contract
//! (`openapi.json`), whose requests are checked as a plugin's are.

mod events;
mod guard;
mod page;
mod process;
mod told;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::admit::{Admitted, AdmittedBody};
use crate::answer::{self, Body};
use crate::arrival;
use crate::bodies::Held;
use crate::change::{Change, Deployed};
use crate::checks::{CheckedCall, Checks, Found};
use crate::component::Component;
use crate::config::Limits;
use crate::error::{Error, ErrorKind};
use crate::host::Host;
use crate::replay::Against;
use crate::request_id;
use crate::rollout::Rollout;
use crate::serve::health;
use crate::serve_error::ServeError;
use crate::upload::FormFile;

const CONTRACT: &str = include_str!("openapi.json");

/// The operator's API over a [`Host`]: whoever may reach it may change everything. It answers `/-/live` and `/-/ready`, too.
///
/// ```
/// # async fn example(host: switchback::Host) {
/// let admin = switchback::Admin::new(host, None);
/// let request = http::Request::get("/plugins").header("host", "localhost");
/// let response = admin.dispatch(request.body(switchback::Body::default()).unwrap()).await;
/// # }
/// ```
#[derive(Clone)]
pub struct Admin(Arc<Inner>);

struct Inner {
    host: Host,
    checks: Checks,
    limits: Limits,
    token: Option<String>,
}

impl Admin {
    /// An API over this host; with a token each request has to carry it (`Authorization: Bearer …`). Without one only requests
    /// to this machine by name are answered, so that no page of another site can send them.
    pub fn new(host: Host, token: Option<String>) -> Admin {
        let config = host.0.config.load();
        let each = config.plugins.keys().map(|name| config.limits_of(name));
        let largest = each.chain([&config.limits]);
        let bytes = largest.map(|limits| limits.component_bytes.saturating_add(limits.files_bytes));
        let beside = config.limits.contract_bytes + (1 << 20);
        let limits = Limits {
            // A component, and what may lie beside it.
            body_bytes: bytes.max().unwrap_or(0).saturating_add(beside),
            form_parts: config.limits.form_parts + config.limits.files,
            ..config.limits.clone()
        };
        let checks = Checks::new(CONTRACT, limits.clone()).expect("the contract is written well");
        Admin(Arc::new(Inner {
            host,
            checks,
            limits,
            token,
        }))
    }

    /// Answers a request.
    pub async fn dispatch<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let this = &*self.0;
        let (head, body) = request.into_parts();
        // It shows nothing by itself; what it asks for is guarded.
        if let Some(response) = page::answer(&head) {
            return response;
        }
        let mut response = match guard::refuses(&head, this.token.as_deref()) {
            Some((status, why)) => refusal(status, why),
            None => match self.own(head.uri.path()) {
                Some(response) => response,
                None => {
                    let shape = answer::shape(&head.headers).unwrap_or_default();
                    match self.serve(head, body).await {
                        Ok(response) => response,
                        Err(error) => answer::problem(error, shape),
                    }
                }
            },
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let nosniff = HeaderValue::from_static("nosniff");
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
        response
    }

    /// What is no operation.
    fn own(&self, path: &str) -> Option<Response<Body>> {
        match path {
            "/-/live" | "/-/ready" => health(&self.0.host.0, path),
            _ => None,
        }
    }

    async fn serve<B>(
        &self,
        head: http::request::Parts,
        body: B,
    ) -> Result<Response<Body>, ServeError>
    where
        B: http_body::Body + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let this = &*self.0;
        let body = arrival::read(body, &head.headers, &this.limits, &Held::default()).await?;
        let request_id = request_id::of(&head.headers);
        let call = match this.checks.find(&head, body, &request_id)? {
            Found::Call(_, call) => call,
            Found::Elsewhere(path) => return Ok(answer::redirect(&path)),
        };
        let by = head.headers.get("x-switchback-by");
        let by = by.and_then(|by| by.to_str().ok()).unwrap_or("operator");
        Ok(match self.operate(call, by).await {
            Ok(response) => response,
            Err(error) => {
                let status = match error.kind() {
                    ErrorKind::NotFound => StatusCode::NOT_FOUND,
                    ErrorKind::Closed => StatusCode::SERVICE_UNAVAILABLE,
                    ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
                    _ => StatusCode::CONFLICT,
                };
                refusal(status, &error.to_string())
            }
        })
    }

    async fn operate(&self, call: CheckedCall<'_>, by: &str) -> Result<Response<Body>, Error> {
        let host = &self.0.host;
        let params: Value = serde_json::from_str(&call.admitted.params).unwrap_or_default();
        let name = || params["path"]["name"].as_str().unwrap_or("").to_owned();
        let id = || params["path"]["id"].as_u64().unwrap_or_default();
        let change = match call.operation {
            "plugins" => return Ok(ok(&told::plugins(host))),
            "plugin" => return told::plugin(host, &name()).map(|told| ok(&told)),
            "history" => {
                let history = host.history(&name())?;
                return Ok(ok(&json!(history)));
            }
            "drain" => return Ok(self.be_ready(false, by).await),
            "undrain" => return Ok(self.be_ready(true, by).await),
            "metrics" => return Ok(metrics(host)),
            "config" => return Ok(ok(&json!(**host.0.config.load()))),
            "events" => return Ok(events::stream(host.events())),
            "faults" => {
                let faults = host.faults();
                let wanted = params["query"]["plugin"].as_str();
                let faults = faults
                    .iter()
                    .filter(|fault| wanted.is_none_or(|it| it == fault.plugin));
                return Ok(ok(&faults.map(|fault| told::fault(fault)).collect()));
            }
            "fault" => return Ok(ok(&json!(*host.fault(id())?))),
            "replay" => {
                let against = match (&call.admitted.body, params["query"]["revision"].as_u64()) {
                    (AdmittedBody::Empty, None) => Against::Serving,
                    (AdmittedBody::Empty, Some(revision)) => Against::Revision(revision),
                    _ => Against::Component(Box::new(sent(call.admitted)?)),
                };
                let force = params["query"]["force"] == true;
                return Ok(ok(&json!(host.replay_as(by, id(), against, force).await?)));
            }
            "deploy" => Change::Deploy {
                name: name(),
                component: component(call.admitted, params["query"]["force"] == true)?,
            },
            "document" => {
                return told::document(host, &name(), &params["query"]).map(|told| ok(&told));
            }
            "try" => Change::Try {
                name: name(),
                component: component(call.admitted, params["query"]["force"] == true)?,
                rollout: rollout(&params)?,
            },
            "weigh" => Change::Weigh {
                name: name(),
                rollout: rollout(&params)?,
            },
            "promote" => Change::Promote { name: name() },
            "withdraw" => Change::Withdraw { name: name() },
            "remove" => Change::Remove { name: name() },
            "rollback" => Change::RollBack {
                name: name(),
                revision: params["query"]["revision"].as_u64(),
            },
            "mount" => Change::Mount {
                name: name(),
                of: params["query"]["of"].as_str().unwrap_or("").to_owned(),
                revision: params["query"]["revision"].as_u64(),
                prefix: params["query"]["prefix"].as_str().map(String::from),
            },
            "disable" => Change::Disable { name: name() },
            "enable" => Change::Enable { name: name() },
            other => unreachable!("the contract has no operation `{other}`"),
        };
        let Deployed { revision, warnings } = host.one(by, change).await?;
        Ok(ok(&json!({ "revision": revision, "warnings": warnings })))
    }

    /// Tells balancers whether to send requests here; whoever does is served.
    async fn be_ready(&self, ready: bool, by: &str) -> Response<Body> {
        let host = &self.0.host;
        host.set_ready(ready);
        tracing::warn!(by, ready, "what `/-/ready` answers was changed");
        let change = if ready { "undrain" } else { "drain" };
        host.0
            .note(json!({ "by": by, "change": change, "done": true }))
            .await;
        ok(&json!({ "ready": ready }))
    }
}

/// What was sent to be deployed.
fn component(admitted: Admitted, force: bool) -> Result<Component, Error> {
    let component = sent(admitted)?;
    Ok(match force {
        true => component.accepting_breaking_changes().without_smoke_test(),
        false => component,
    })
}

fn sent(admitted: Admitted) -> Result<Component, Error> {
    match admitted.body {
        AdmittedBody::Bytes { data, .. } => Ok(Component::new(data)),
        AdmittedBody::Form { files, .. } => {
            let of = |field: &str| {
                let file = files.iter().find(|file| file.field == field);
                file.map(content).transpose()
            };
            let mut component = Component::new(of("component")?.unwrap_or_default());
            if let Some(signature) = of("signature")? {
                component = component.signature(signature);
            }
            if let Some(document) = of("document")? {
                component = component.document(document);
            }
            if let Some(settings) = of("settings")? {
                component = component.settings(settings);
            }
            for file in files.iter().filter(|file| file.field == "files") {
                component = component.file(file.name.clone().unwrap_or_default(), content(file)?);
            }
            Ok(component)
        }
        AdmittedBody::Empty | AdmittedBody::Text { .. } | AdmittedBody::Stream { .. } => {
            Ok(Component::new(Bytes::new()))
        }
    }
}

/// The parameters by which a candidate gets its requests.
fn rollout(params: &Value) -> Result<Rollout, Error> {
    let mut rules = params["query"].clone();
    if let Some(rules) = rules.as_object_mut() {
        // About the component, not about who gets it.
        rules.remove("force");
    }
    serde_json::from_value(rules).map_err(|why| Error::new(ErrorKind::Config, why.to_string()))
}

fn content(file: &FormFile) -> Result<Bytes, Error> {
    let most = usize::try_from(file.content.size()).unwrap_or(usize::MAX);
    file.content
        .piece(0, most)
        .map_err(|why| Error::new(ErrorKind::File, format!("`{}`: {why}", file.field)))
}

fn metrics(host: &Host) -> Response<Body> {
    let text = host.metrics() + &process::metrics();
    let mut response = Response::new(Body::from(text.into_bytes()));
    let prometheus = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, prometheus);
    response
}

fn ok(value: &Value) -> Response<Body> {
    respond(StatusCode::OK, value)
}

fn refusal(status: StatusCode, why: &str) -> Response<Body> {
    let mut response = respond(status, &json!({ "detail": why }));
    if status == StatusCode::UNAUTHORIZED {
        let bearer = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, bearer);
    }
    response
}

fn respond(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string().into_bytes()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}
