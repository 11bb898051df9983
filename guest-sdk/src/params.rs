//! Declared parameters: which types may stand for one, and how the host's JSON becomes them.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::reader::{Error, Raw, Rest};
use crate::{Problem, Request, Violation, contract};

/// A type that a parameter, or a field of a form, can have.
///
/// Its schema, by `JsonSchema`, is what the host checks and documents. A parameter that was not sent reads as `null`,
/// so a type that takes `null` (`Option<_>`) is optional and any other is required. An enum of the author's own
/// becomes a parameter by one line:
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// #[serde(rename_all = "lowercase")]
/// enum Order { Newest, Oldest }
///
/// impl Parameter for Order {}
///
/// /// List notes
/// #[get("/notes")]
/// fn list(order: Option<Order>) -> String {
///     match order.unwrap_or(Order::Newest) {
///         Order::Newest => "newest first".into(),
///         Order::Oldest => "oldest first".into(),
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter",
    label = "not a parameter's type",
    note = "a body is taken as `Json<{Self}>` or `Form<{Self}>`",
    note = "an enum of texts becomes a parameter by `impl Parameter for {Self} {{}}`"
)]
pub trait Parameter: DeserializeOwned + JsonSchema {
    /// What the host checks.
    #[doc(hidden)]
    fn described(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Self>()
    }

    /// Whether it may be left out: one that was not sent is read as `null`.
    #[doc(hidden)]
    fn is_optional() -> bool {
        Raw("null").read::<Self>().is_ok()
    }
}

/// Parameters of the query as one argument, a struct of them: field `0`.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// What is looked for.
/// #[model]
/// struct Filter {
///     /// How many at most.
///     #[field(ge = 1, le = 100, default = 10)]
///     limit: u32,
///     #[field(max_length = 50)]
///     name: Option<String>,
/// }
///
/// /// List items
/// #[get("/items")]
/// fn list(filter: Query<Filter>) -> u32 {
///     filter.limit
/// }
///
/// plugin! { routes: [list] }
/// assert!(plugin().openapi().contains(r#""name":"limit","in":"query","required":false"#));
/// ```
///
/// Other arguments may stand beside it, under other names. With `#[serde(deny_unknown_fields)]` a request that sends more is
/// refused (`extra_forbidden`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

/// Headers as one argument, a struct of them: field `0`. `save_data` is the header `save-data`.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// #[model]
/// struct Common {
///     save_data: bool,
///     #[field(name = "X-Tag", default = [])]
///     tags: Vec<String>,
/// }
///
/// /// List items
/// #[get("/items")]
/// fn list(headers: Headers<Common>) -> Vec<String> {
///     headers.0.tags
/// }
///
/// plugin! { routes: [list] }
/// let client = switchback_sdk::TestClient::new(plugin());
/// let response = client.get("/items").header("save-data", "yes").header("x-tag", "a").send();
/// assert_eq!(response.json::<Vec<String>>(), ["a"]);
/// ```
///
/// With `#[serde(deny_unknown_fields)]` others are refused, but for what comes with any request (`host`, `user-agent`,
/// `accept` …).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<T>(pub T);

/// Cookies as one argument, a struct of them: field `0`. With `#[serde(deny_unknown_fields)]` others are refused.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// #[model]
/// struct Session {
///     session_id: String,
///     tracker: Option<String>,
/// }
///
/// /// Who is it
/// #[get("/me")]
/// fn me(cookies: Cookies<Session>) -> String {
///     cookies.0.session_id
/// }
///
/// plugin! { routes: [me] }
/// let client = switchback_sdk::TestClient::new(plugin());
/// let response = client.get("/me").header("cookie", "session_id=7f").send();
/// assert_eq!(response.json::<String>(), "7f");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cookies<T>(pub T);

/// A type that an argument can have to take all parameters of a place: [`Query`], [`Headers`], [`Cookies`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take parameters",
    label = "what is inside lacks `Deserialize` or `JsonSchema`",
    note = "make it a `#[model]`, or derive both for it"
)]
pub trait FromParameters: Sized {
    /// Adds to an operation all that the contract says of it.
    #[doc(hidden)]
    fn describe(generator: &mut SchemaGenerator, operation: &mut Value);

    /// What was sent, which the host has checked.
    #[doc(hidden)]
    fn from_parameters(request: &Request<'_>) -> Result<Self, Problem>;
}

macro_rules! models {
    ($($model:ident $place:literal $read:ident;)*) => {$(
        impl<T> Deref for $model<T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }

        #[diagnostic::do_not_recommend]
        impl<T: DeserializeOwned + JsonSchema> FromParameters for $model<T> {
            fn describe(generator: &mut SchemaGenerator, operation: &mut Value) {
                contract::add_model($place, T::json_schema(generator).to_value(), operation);
            }

            fn from_parameters(request: &Request<'_>) -> Result<Self, Problem> {
                let all = request.params.all($place)?;
                all.$read().map($model).map_err(|error| unreadable($place, &error))
            }
        }
    )*};
}

models! {
    Query "query" read;
    Headers "header" read_headers;
    Cookies "cookie" read;
}

macro_rules! parameters {
    ($($type:ty)*) => { $(impl Parameter for $type {})* };
}

parameters! { String bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 }

parameters! { char std::net::IpAddr std::net::Ipv4Addr std::net::Ipv6Addr }
#[cfg(feature = "chrono")]
parameters! {
    chrono::NaiveDate chrono::NaiveTime chrono::NaiveDateTime chrono::DateTime<chrono::Utc>
    chrono::DateTime<chrono::FixedOffset>
}
#[cfg(feature = "rust_decimal")]
parameters! { rust_decimal::Decimal }
#[cfg(feature = "url")]
parameters! { url::Url }
#[cfg(feature = "uuid")]
parameters! { uuid::Uuid }

impl<T: Parameter> Parameter for Option<T> {}
impl<T: Parameter> Parameter for Vec<T> {}
/// A set: what is sent twice is there once.
impl<T: Parameter + Ord> Parameter for std::collections::BTreeSet<T> {}
impl<T: Parameter + Eq + std::hash::Hash> Parameter for std::collections::HashSet<T> {}

/// The host's `{"path":{…},"query":{…},…}`, split into parameters whose values are read when asked for: few and looked
/// up once each, so a list beats a map.
pub(crate) struct Params<'a> {
    all: Vec<Param<'a>>,
    /// As the host wrote them.
    text: &'a str,
}

struct Param<'a> {
    /// `"path"`, quotes included.
    place: Raw<'a>,
    name: Cow<'a, str>,
    value: Raw<'a>,
}

impl<'a> Params<'a> {
    #[inline]
    pub(crate) fn parse(json: &'a str) -> Result<Self, Problem> {
        split(json)
            .map(|all| Params { all, text: json })
            .map_err(|error| Problem::internal(&format!("reading the parameters: {error}")))
    }

    pub(crate) fn path<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        read(self.find("\"path\"", name), "path", name)
    }

    pub(crate) fn query<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        read(self.find("\"query\"", name), "query", name)
    }

    pub(crate) fn header<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        read(self.find("\"header\"", name), "header", name)
    }

    pub(crate) fn cookie<T: Parameter>(&self, name: &str) -> Result<T, Problem> {
        read(self.find("\"cookie\"", name), "cookie", name)
    }

    /// All parameters of a place.
    fn all(&self, place: &str) -> Result<Raw<'a>, Problem> {
        match find_field(self.text, place) {
            // A type without fields declares no parameter.
            Ok(Raw("null")) => Ok(Raw("{}")),
            found => found.map_err(|error| unreadable(place, &error)),
        }
    }

    /// What was sent; `null` if nothing.
    #[inline]
    fn find(&self, place: &str, name: &str) -> Raw<'a> {
        let sent = self
            .all
            .iter()
            .find(|param| param.name == name && param.place.0 == place);
        sent.map_or(Raw("null"), |param| param.value)
    }
}

fn read<T: Parameter>(value: Raw<'_>, place: &str, name: &str) -> Result<T, Problem> {
    value.read().map_err(|error| match value {
        // The host has checked by this type's own schema that it was sent: one of the two is mistaken.
        Raw("null") => unreadable(name, &error),
        // A type may know rules that no schema has: an address of either version, a number of digits.
        Raw(sent) => {
            let sent: Value = serde_json::from_str(sent).unwrap_or_default();
            Violation::within(&[place, name], error.to_string())
                .input(&sent)
                .into()
        }
    })
}

/// One of the fields of a form or of a body, which are a JSON object.
pub(crate) fn field<T: Parameter>(fields: &str, name: &str) -> Result<T, Problem> {
    let found = find_field(fields, name).map_err(|error| unreadable(name, &error))?;
    read(found, "body", name)
}

/// The same, as it was written.
pub(crate) fn text_of<'a>(fields: &'a str, name: &str) -> Result<&'a str, Problem> {
    let found = find_field(fields, name).map_err(|error| unreadable(name, &error))?;
    Ok(found.0)
}

fn find_field<'a>(fields: &'a str, name: &str) -> Result<Raw<'a>, Error> {
    let mut rest = Rest::of(fields)?;
    while let Some(known) = rest.next()
        && let Some(value) = rest.next()
    {
        if known.text()? == name {
            return Ok(value);
        }
    }
    Ok(Raw("null"))
}

fn unreadable(name: &str, error: &Error) -> Problem {
    Problem::internal(&format!("reading parameter `{name}`: {error}"))
}

#[inline]
fn split(json: &str) -> Result<Vec<Param<'_>>, Error> {
    let mut params = Vec::with_capacity(8);
    let mut rest = Rest::of(json)?;
    while let Some(place) = rest.next() {
        rest.open()?;
        while let Some(name) = rest.next()
            && let Some(value) = rest.next()
        {
            let name = name.text()?;
            params.push(Param { place, name, value });
        }
    }
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = r#"{"path":{"id":7,"a\"b":"x"},"query":{"tag":["a","b"]},"header":{}}"#;

    #[test]
    fn a_parameter_is_read_as_the_arguments_type() {
        let params = Params::parse(SENT).unwrap();
        assert_eq!(params.path::<i64>("id").unwrap(), 7);
        assert_eq!(params.query::<Vec<String>>("tag").unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_name_with_an_escape_is_found() {
        assert_eq!(
            Params::parse(SENT).unwrap().path::<String>("a\"b").unwrap(),
            "x"
        );
    }

    #[test]
    fn an_optional_parameter_that_was_not_sent_is_none() {
        assert_eq!(
            Params::parse(SENT)
                .unwrap()
                .query::<Option<String>>("q")
                .unwrap(),
            None
        );
    }

    #[test]
    fn a_query_without_fields_is_read_though_the_host_sends_none() {
        #[derive(serde::Deserialize)]
        struct Nothing {}
        let params = Params::parse(r#"{"path":{"id":7}}"#).unwrap();
        assert!(params.all("query").unwrap().read::<Nothing>().is_ok());
    }

    #[test]
    fn a_required_parameter_that_the_host_left_out_is_an_internal_error() {
        assert_eq!(
            Params::parse(SENT)
                .unwrap()
                .query::<i64>("n")
                .unwrap_err()
                .status(),
            500
        );
    }
}
