//! A request as the host hands it over.

use serde::de::DeserializeOwned;

use crate::params::Params;
use crate::{Json, Parameter, Problem};

/// A request that was routed and checked. The macros read it; a native test makes one.
pub struct Request<'a> {
    params: Params<'a>,
    body: &'a Body,
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// None was sent, or none is declared.
    Empty,
    /// Text that the host has proven UTF-8: JSON.
    Text(String),
    /// Any other bytes.
    Bytes(Vec<u8>),
}

impl<'a> Request<'a> {
    /// A request from the host's parameters, `{"path":{…},"query":{…},"header":{…},"cookie":{…}}`.
    ///
    /// # Errors
    /// 500 if `params` is not of that form.
    #[inline]
    pub fn new(params: &'a str, body: &'a Body) -> Result<Self, Problem> {
        Ok(Request {
            params: Params::parse(params)?,
            body,
        })
    }

    /// A parameter of the path.
    ///
    /// # Errors
    /// 500 if it is not what the type takes: the host has checked it before.
    pub fn path<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        self.params.path(name)
    }

    /// A parameter of the query; one that was not sent reads as `null`.
    ///
    /// # Errors
    /// 500 if it is not what the type takes: the host has checked it before.
    pub fn query<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        self.params.query(name)
    }

    /// The body.
    ///
    /// # Errors
    /// 422 if it passed the schema but not the type: a type may know rules that no schema has.
    pub fn json<T: DeserializeOwned>(&self) -> Result<Json<T>, Problem> {
        // All as text: a second kind of input would be the whole of serde's code for the type again.
        let text = match self.body {
            Body::Empty => "null",
            Body::Text(text) => text,
            Body::Bytes(bytes) => {
                std::str::from_utf8(bytes).map_err(|error| Problem::body(&error.to_string()))?
            }
        };
        serde_json::from_str(text)
            .map(Json)
            .map_err(|error| Problem::body(&error.to_string()))
    }
}
