//! A request as the host hands it over.

use crate::params::{self, Params};
use crate::upload::Files;
use crate::{Body, FromBody, FromParameters, Parameter, Problem};

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

    /// All parameters of a place, as one type.
    ///
    /// # Errors
    /// 500 if it is not what the type takes: the host has checked it before.
    pub fn parameters<T: FromParameters>(&self) -> Result<T, Problem> {
        T::from_parameters(self)
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

    /// A value in a body of JSON that has several; one that was not sent reads as `null`.
    ///
    /// # Errors
    /// 500 if it is not what the type takes: the host has checked it before.
    pub fn value<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        params::field(self.object(), name)
    }

    /// Whether such a value was sent.
    #[doc(hidden)]
    pub fn is_sent(&self, name: &str) -> bool {
        params::text_of(self.object(), name).is_ok_and(|text| text != "null")
    }

    /// The same, as a type that takes a whole body.
    ///
    /// # Errors
    /// 422 if it passed the schema but not the type: a type may know rules that no schema has.
    pub fn part<T: FromBody>(&self, name: &str) -> Result<T, Problem> {
        match params::text_of(self.object(), name)? {
            "null" => T::from_body(&Body::Empty),
            text => T::from_body(&Body::Text(text.to_owned())),
        }
    }

    /// The body as the text of an object: without one, nothing was needed.
    fn object(&self) -> &str {
        match self.body {
            Body::Text(text) => text,
            _ => "{}",
        }
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
