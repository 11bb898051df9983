//! A contract and all the checks around its guest, without a guest: for a plugin's native tests.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response};

use crate::admit::{Admitted, Sent};
use crate::answer::{self, GuestAnswer};
use crate::config::Limits;
use crate::contract::Contract;
use crate::error::{Error, ErrorKind};
use crate::limit::Limit;
use crate::problem::Problem;
use crate::request_id::{self, X_REQUEST_ID};
use crate::router::{Route, Router};
use crate::serve_error::ServeError;
use crate::steps::{self, Way};

/// What a host does with the requests of one plugin, but for calling it: routes them by the contract, checks them,
/// hands those that fit to a function, checks its answer, and tells clients what is wrong in the same words. An answer that
/// breaks the contract is answered 500, with what is wrong with it as its detail. It needs no WebAssembly: `switchback-sdk`'s `TestClient` is made of it.
///
/// ```
/// use switchback::{Checks, GuestAnswer, Limits};
///
/// let contract = r#"{
///     "openapi": "3.1.0",
///     "info": { "title": "Hello", "version": "1" },
///     "paths": { "/hello/{name}": { "get": {
///         "operationId": "hello",
///         "parameters": [{ "name": "name", "in": "path", "required": true, "schema": { "type": "string" } }],
///         "responses": {}
///     } } }
/// }"#;
/// let checks = Checks::new(contract, Limits::default()).unwrap();
///
/// let request = http::Request::get("/hello/World").body(Default::default()).unwrap();
/// let response = checks.dispatch(request, |call| GuestAnswer {
///     status: 200,
///     headers: Vec::new(),
///     body: call.admitted.params.into(),
/// });
/// assert_eq!(response.body(), r#"{"path":{"name":"World"}}"#);
/// ```
pub struct Checks {
    contract: Contract,
    router: Router<usize>,
    limits: Limits,
}

/// A request that fits the contract, on its way to whoever answers it.
#[derive(Debug)]
pub struct CheckedCall<'a> {
    /// Which operation, by its `operationId`.
    pub operation: &'a str,
    /// Parameters and body as a guest gets them.
    pub admitted: Admitted,
    /// What a guest would read of a body declared as a stream; else empty.
    pub stream: Bytes,
    /// The request as it was sent.
    pub head: &'a Parts,
    /// Its id: the client's if that is one to be trusted, else a new one.
    pub request_id: &'a str,
}

/// Where a request goes.
pub(crate) enum Found<'a> {
    /// To an operation, by its place in the contract.
    Call(usize, CheckedCall<'a>),
    /// 307: to this path.
    Elsewhere(String),
}

impl Checks {
    /// Reads a contract. Unless `limits.answers` says that answers are not checked, each is.
    ///
    /// # Errors
    /// If a host would not serve it.
    pub fn new(contract: &str, limits: Limits) -> Result<Checks, Error> {
        let contract = Contract::parse(contract, &limits)
            .map_err(|error| Error::new(ErrorKind::Contract, error.to_string()))?;
        let router = Router::new(contract.routed().map(|(target, operation)| Route {
            plugin: "",
            prefix: "",
            method: operation.method.clone(),
            path: &operation.path,
            template: &operation.template,
            target,
        }))
        .map_err(|clash| Error::new(ErrorKind::Clash, clash.to_string()))?;
        Ok(Checks {
            contract,
            router,
            limits,
        })
    }

    /// Answers a request; `guest` is called only if it fits the contract, or for the plugin's own page about a problem.
    pub fn dispatch(
        &self,
        request: Request<Bytes>,
        mut guest: impl FnMut(CheckedCall<'_>) -> GuestAnswer,
    ) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        let request_id = request_id::of(&head.headers);
        let shape = answer::shape(&head.headers).unwrap_or(self.limits.problems);
        let mut response = match self.serve(&head, body, &request_id, &mut guest) {
            Ok(response) => response,
            // Who tests is told what a client is not.
            Err(error @ ServeError::OffContract(_)) => {
                let why = error.to_string();
                answer::told(Problem::from(error).detail(why), shape)
            }
            Err(error) => {
                let problem = Problem::from(error);
                match self.page(&head, &problem, &request_id, guest) {
                    Some(page) => page,
                    None => answer::told(problem, shape),
                }
            }
        };
        let value = request_id.to_header();
        response.headers_mut().insert(X_REQUEST_ID.clone(), value);
        response
    }

    /// The plugin's own page for a problem; none where the host's words go out.
    fn page(
        &self,
        head: &Parts,
        problem: &Problem,
        request_id: &str,
        guest: impl FnOnce(CheckedCall<'_>) -> GuestAnswer,
    ) -> Option<Response<Bytes>> {
        let operation = &self.contract.operations[self.contract.on_problem?];
        if !steps::has_page(problem) {
            return None;
        }
        let admitted = steps::admit_problem(operation, head, problem, &self.limits).ok()?;
        let call = CheckedCall {
            operation: &operation.id,
            admitted,
            stream: Bytes::new(),
            head,
            request_id,
        };
        let mut page = answer::response(guest(call)).ok()?;
        steps::finish_page(&mut page, problem);
        Some(page)
    }

    /// All that is checked before the guest.
    pub(crate) fn find<'a>(
        &'a self,
        head: &'a Parts,
        body: Bytes,
        request_id: &'a str,
    ) -> Result<Found<'a>, ServeError> {
        let (target, places) = match steps::find(&self.router, head)? {
            Way::Here(target, places) => (target, places),
            Way::Elsewhere(path) => return Ok(Found::Elsewhere(path)),
        };
        let operation = &self.contract.operations[target];
        let mut stream = Bytes::new();
        let body = if !operation.has_body() {
            Sent::Whole(Bytes::new())
        } else if !body.is_empty() && operation.streams(&head.headers) {
            stream = body;
            Sent::Stream
        } else if body.len() as u64 > self.limits.body_bytes {
            return Err(ServeError::Limit(Limit::Body));
        } else {
            Sent::Whole(body)
        };
        if stream.len() as u64 > self.limits.stream_bytes {
            return Err(ServeError::Limit(Limit::StreamBytes));
        }
        let admitted = steps::admit(operation, head, &places, body, &self.limits)?;
        Ok(Found::Call(
            target,
            CheckedCall {
                operation: &operation.id,
                admitted,
                stream,
                head,
                request_id,
            },
        ))
    }

    fn serve(
        &self,
        head: &Parts,
        body: Bytes,
        request_id: &str,
        guest: impl FnOnce(CheckedCall<'_>) -> GuestAnswer,
    ) -> Result<Response<Bytes>, ServeError> {
        let (target, call) = match self.find(head, body, request_id)? {
            Found::Call(target, call) => (target, call),
            Found::Elsewhere(path) => return Ok(answer::redirect(&path)),
        };
        let response: Response<Bytes> = answer::response(guest(call))?;
        let (status, headers) = (response.status(), response.headers());
        let body = (head.method != Method::HEAD).then(|| &**response.body());
        self.contract.operations[target]
            .answers()
            .check(status, headers, body, &self.limits)
            .map_err(ServeError::OffContract)?;
        Ok(response)
    }
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checks").finish_non_exhaustive()
    }
}
