//! A request as the host hands it over.

use crate::params::{self, Params};
use crate::upload::Files;
use crate::{Body, FromBody, FromQuery, Parameter, Problem};

/// A request that was routed and checked. The macros read it; a native test makes one.
pub struct Request<'a> {
    pub(crate) params: Params<'a>,
    body: &'a Body,
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

    /// The whole query.
    ///
    /// # Errors
    /// 500 if it is not what the type takes: the host has checked it before.
    pub fn queries<T: FromQuery>(&self) -> Result<T, Problem> {
        T::from_query(self)
    }

    /// A header, its name in lower case; one that was not sent reads as `null`.
    ///
    /// # Errors
    /// 500 if it is not what the type takes: the host has checked it before.
    pub fn header<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        self.params.header(name)
    }

    /// A cookie; one that was not sent reads as `null`.
    ///
    /// # Errors
    /// 500 if it is not what the type takes: the host has checked it before.
    pub fn cookie<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        self.params.cookie(name)
    }

    /// A field of the form; one that was not sent reads as `null`.
    ///
    /// # Errors
    /// 500 if it is not what the type takes: the host has checked it before.
    pub fn form<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        match self.body {
            Body::Form { fields, .. } => params::field(fields, name),
            _ => params::field("{}", name),
        }
    }

    /// The files of one field of the form.
    ///
    /// # Errors
    /// 500 if there is none and the type needs one: the host has checked that before.
    pub fn files<T: Files>(&self, name: &str) -> Result<T, Problem> {
        let mut found = Vec::new();
        if let Body::Form { files, .. } = self.body {
            found.extend(files.iter().filter(|file| file.field == name).cloned());
        }
        T::take(found).ok_or_else(|| Problem::internal(&format!("there is no file `{name}`")))
    }

    /// The whole body.
    ///
    /// # Errors
    /// 422 if it passed the schema but not the type: a type may know rules that no schema has.
    #[inline]
    pub fn body<T: FromBody>(&self) -> Result<T, Problem> {
        T::from_body(self.body)
    }
}
