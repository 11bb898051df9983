//! The author's own rules, told as the host tells its own: what no schema can say, as one field against another.

use serde::Serialize;
use serde_json::Value;

use crate::contract::object;
use crate::{Answers, Problem, Response, Responses};

/// What pydantic calls a rule that a function checks.
const VALUE_ERROR: &str = "value_error";

/// A rule of the author's that a request breaks: answered with 422 in the same shape as the host's own checks.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// #[derive(Debug, Serialize, Deserialize, JsonSchema)]
/// struct Stay {
///     begin: u32,
///     end: u32,
/// }
///
/// /// Book a stay
/// #[post("/stays", status = 201)]
/// fn book(stay: Json<Stay>) -> Result<Json<Stay>, Problem> {
///     if stay.0.end <= stay.0.begin {
///         Err(Violation::at("body.end", "must be after begin").input(&stay.0.end))?;
///     }
///     Ok(stay)
/// }
///
/// let problem = book(Json(Stay { begin: 2, end: 1 })).unwrap_err();
/// assert_eq!(
///     problem.detail().to_string(),
///     r#"[{"type":"value_error","loc":["body","end"],"msg":"Value error, must be after begin","input":1,"ctx":{"error":{}}}]"#
/// );
/// ```
///
/// `?` makes a [`Problem`] of one, and of a `Vec` of several; [`Violation::refuse`] does so only if there are any. An
/// enum of the author's takes one by a variant `#[from] Invalid(Violation)` or `#[from] Other(Problem)`. The contract
/// needs no word of it: the host documents 422 wherever there is something to check.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation(Box<Broken>);

/// Boxed, since it stands in the errors of functions that seldom fail.
#[derive(Clone, Debug, PartialEq)]
struct Broken {
    kind: &'static str,
    loc: Vec<Value>,
    message: String,
    input: Value,
    ctx: Value,
}

impl Violation {
    /// A broken rule at a place: `body.end`, `query.limit`, `body.items.0.name`. A step that is a number is an index.
    pub fn at(place: &str, message: impl Into<String>) -> Self {
        let step = |step: &str| match step.parse::<u32>() {
            Ok(index) => index.into(),
            Err(_) => step.into(),
        };
        Violation::of(place.split('.').map(step).collect(), message.into())
    }

    /// The same at a place whose names may have dots.
    pub(crate) fn within(place: &[&str], message: String) -> Self {
        Violation::of(place.iter().map(|step| (*step).into()).collect(), message)
    }

    fn of(loc: Vec<Value>, message: String) -> Self {
        Violation(Box::new(Broken {
            kind: VALUE_ERROR,
            loc,
            message,
            input: Value::Null,
            ctx: object([("error", object([]))]),
        }))
    }

    /// Of another kind than `value_error`: a name that clients can go by, pydantic's or one's own. The message then stands
    /// as it is.
    ///
    /// ```
    /// use switchback_sdk::prelude::*;
    ///
    /// let broken = Violation::at("body.price", "Too dear")
    ///     .kind("too_dear")
    ///     .ctx(&json!({ "most": 10 }))
    ///     .input(&12);
    /// assert_eq!(
    ///     Problem::from(broken).detail().to_string(),
    ///     r#"[{"type":"too_dear","loc":["body","price"],"msg":"Too dear","input":12,"ctx":{"most":10}}]"#
    /// );
    /// ```
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.0.kind = kind;
        self.0.ctx = Value::Null;
        self
    }

    /// The rule's own figures, an object.
    pub fn ctx(mut self, ctx: &impl Serialize) -> Self {
        self.0.ctx = serde_json::to_value(ctx).unwrap_or_default();
        self
    }

    /// What was sent there; `null` unless said.
    pub fn input(mut self, input: &impl Serialize) -> Self {
        self.0.input = serde_json::to_value(input).unwrap_or_default();
        self
    }

    /// Fails with all of them, if there are any.
    ///
    /// ```
    /// use switchback_sdk::prelude::*;
    ///
    /// fn check(begin: u32, end: u32) -> Result<(), Problem> {
    ///     let mut broken = Vec::new();
    ///     if begin == 0 {
    ///         broken.push(Violation::at("body.begin", "must not be today"));
    ///     }
    ///     if end <= begin {
    ///         broken.push(Violation::at("body.end", "must be after begin"));
    ///     }
    ///     Violation::refuse(broken)
    /// }
    ///
    /// assert_eq!(check(0, 0).unwrap_err().detail().as_array().unwrap().len(), 2);
    /// assert!(check(1, 2).is_ok());
    /// ```
    ///
    /// # Errors
    /// 422 with all of `broken`, if there are any.
    pub fn refuse(broken: Vec<Violation>) -> Result<(), Problem> {
        if broken.is_empty() {
            Ok(())
        } else {
            Err(broken.into())
        }
    }

    fn told(self) -> Value {
        let Broken {
            kind,
            loc,
            message,
            input,
            ctx,
        } = *self.0;
        let message = match kind {
            VALUE_ERROR => format!("Value error, {message}"),
            _ => message,
        };
        let mut told = object([
            ("type", kind.into()),
            ("loc", Value::Array(loc)),
            ("msg", message.into()),
            ("input", input),
        ]);
        if !ctx.is_null() {
            told["ctx"] = ctx;
        }
        told
    }
}

impl From<Violation> for Problem {
    fn from(violation: Violation) -> Problem {
        vec![violation].into()
    }
}

impl From<Vec<Violation>> for Problem {
    fn from(broken: Vec<Violation>) -> Problem {
        let told = broken.into_iter().map(Violation::told).collect();
        Problem::new(422, Value::Array(told))
    }
}

impl Responses for Violation {
    /// Nothing: the host documents 422 itself.
    fn describe(_: &mut Answers<'_>) {}

    fn respond(self) -> Response {
        Problem::from(self).into()
    }
}
