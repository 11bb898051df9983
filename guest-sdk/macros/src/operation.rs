//! What stands in the attribute: `"/items/{id}", tags = ["items"], status = 201`.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Error, Ident, LitBool, LitInt, LitStr, Path, Result, Token, Type, braced, bracketed,
    parenthesized, token,
};

use crate::json::JsonObject;

/// The attribute, read.
pub(crate) struct Options {
    pub(crate) path: LitStr,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) status: u16,
    pub(crate) operation_id: Option<LitStr>,
    pub(crate) deprecated: bool,
    /// Who is told of it in documents: everybody unless said.
    pub(crate) audience: Option<Vec<LitStr>>,
    /// Operations that describe what is sent because of it.
    pub(crate) callbacks: Vec<Path>,
    /// Answers beside the result's, by status (`404`, `4XX`, `default`).
    pub(crate) responses: Vec<(String, Said)>,
    /// JSON that is merged into what is said of the operation.
    pub(crate) extra: Option<JsonObject>,
}

/// What is said of an answer.
pub(crate) enum Said {
    /// Its description.
    Description(LitStr),
    /// What it is in JSON, and a description.
    Model(Box<Type>, Option<LitStr>),
    /// All of it.
    Whole(JsonObject),
}

impl Parse for Said {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(LitStr) {
            return Ok(Said::Description(input.parse()?));
        }
        if input.peek(token::Brace) {
            return Ok(Said::Whole(input.parse()?));
        }
        if input.peek(token::Paren) {
            let inside;
            parenthesized!(inside in input);
            let model = inside.parse()?;
            inside.parse::<Token![,]>()?;
            return Ok(Said::Model(model, Some(inside.parse()?)));
        }
        Ok(Said::Model(input.parse()?, None))
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(LitStr) {
            let message = "the path comes first, as in `#[get(\"/items/{id}\")]`";
            return Err(Error::new(input.span(), message));
        }
        let mut options = Options {
            path: input.parse()?,
            tags: Vec::new(),
            status: 200,
            operation_id: None,
            deprecated: false,
            audience: None,
            callbacks: Vec::new(),
            responses: Vec::new(),
            extra: None,
        };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            options.read_one(input)?;
        }
        Ok(options)
    }
}

impl Options {
    fn read_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        let key: Ident = input.parse()?;
        if key == "deprecated" {
            self.deprecated = true;
            return Ok(());
        }
        if !KNOWN.iter().any(|known| key == known) {
            return Err(Error::new(key.span(), unknown(&key)));
        }
        input.parse::<Token![=]>()?;
        if key == "tags" {
            self.tags = list(input, "tags are a list: `tags = [\"…\"]`")?;
        } else if key == "audience" {
            self.audience = Some(list(input, "readers are a list: `audience = [\"…\"]`")?);
        } else if key == "callbacks" {
            self.callbacks = list(input, "callbacks are a list: `callbacks = [done]`")?;
        } else if key == "include_in_schema" {
            let documented: LitBool = input.parse()?;
            self.audience = (!documented.value).then(Vec::new);
        } else if key == "responses" {
            self.responses = responses(input)?;
        } else if key == "openapi_extra" {
            self.extra = Some(input.parse()?);
        } else if key == "operation_id" {
            self.operation_id = Some(input.parse()?);
        } else {
            if !input.peek(LitInt) {
                let message = "a status is a number: `status = 201`";
                return Err(Error::new(input.span(), message));
            }
            let status: LitInt = input.parse()?;
            self.status = match status.base10_parse() {
                Ok(known @ 200..=599) => known,
                _ => {
                    return Err(Error::new(
                        status.span(),
                        "a status is a number from 200 to 599",
                    ));
                }
            };
        }
        Ok(())
    }
}

/// What stands with a value.
const KNOWN: [&str; 8] = [
    "tags",
    "status",
    "operation_id",
    "audience",
    "callbacks",
    "include_in_schema",
    "responses",
    "openapi_extra",
];

/// `{ 404: "Not there", "4XX": Failure, 409: (Failure, "Taken"), 200: { "headers": {} } }`
pub(crate) fn responses(input: ParseStream<'_>) -> Result<Vec<(String, Said)>> {
    if !input.peek(token::Brace) {
        let message = "write `responses: { 404: \"there is no such item\" }`";
        return Err(Error::new(input.span(), message));
    }
    let inside;
    braced!(inside in input);
    let mut responses = Vec::new();
    while !inside.is_empty() {
        let (status, span) = match inside.peek(LitInt) {
            true => {
                let number: LitInt = inside.parse()?;
                (number.base10_digits().to_owned(), number.span())
            }
            false => {
                let text: LitStr = inside.parse()?;
                (text.value(), text.span())
            }
        };
        if !is_status(&status) {
            let message = "a status is a number from 100 to 599, or `\"4XX\"` or `\"default\"`";
            return Err(Error::new(span, message));
        }
        inside.parse::<Token![:]>()?;
        responses.push((status, inside.parse()?));
        if !inside.is_empty() {
            inside.parse::<Token![,]>()?;
        }
    }
    Ok(responses)
}

fn is_status(text: &str) -> bool {
    let [first @ b'1'..=b'5', rest @ ..] = text.as_bytes() else {
        return text == "default";
    };
    rest == b"XX" || rest.len() == 2 && rest.iter().all(u8::is_ascii_digit) && first.is_ascii()
}

/// What FastAPI calls an answer that has no description of its own.
pub(crate) fn called(status: &str) -> &'static str {
    match status {
        "1XX" => "Information",
        "2XX" => "Success",
        "3XX" => "Redirection",
        "4XX" => "Client Error",
        "5XX" => "Server Error",
        "default" => "Default Response",
        "201" => "Created",
        "202" => "Accepted",
        "204" => "No Content",
        "400" => "Bad Request",
        "401" => "Unauthorized",
        "403" => "Forbidden",
        "404" => "Not Found",
        "405" => "Method Not Allowed",
        "409" => "Conflict",
        "410" => "Gone",
        "412" => "Precondition Failed",
        "418" => "I'm a Teapot",
        "422" => "Unprocessable Entity",
        "429" => "Too Many Requests",
        "500" => "Internal Server Error",
        "502" => "Bad Gateway",
        "503" => "Service Unavailable",
        "504" => "Gateway Timeout",
        _ => "Additional Response",
    }
}

fn list<T: Parse>(input: ParseStream<'_>, example: &str) -> Result<Vec<T>> {
    if !input.peek(token::Bracket) {
        return Err(Error::new(input.span(), example));
    }
    let list;
    bracketed!(list in input);
    let list = Punctuated::<T, Token![,]>::parse_terminated(&list)?;
    Ok(list.into_iter().collect())
}

/// FastAPI's options that are something else here.
const MEANT: [(&str, &str); 9] = [
    ("status_code", "it is called `status` here"),
    (
        "response_model",
        "the function's result is the answer's type",
    ),
    (
        "response_class",
        "the function's result is the answer: `Html`, `Text`, `Redirect`, `EventStream`, `Stream` or `Response`",
    ),
    (
        "summary",
        "the summary is the first line of the function's documentation, `/// …`",
    ),
    (
        "description",
        "the description is the function's documentation after its first line, `/// …`",
    ),
    (
        "response_description",
        "the answer's description stands at a variant of an enum that derives `Responses`",
    ),
    ("name", "it is called `operation_id` here"),
    ("tag", "it is called `tags` here: `tags = [\"…\"]`"),
    ("prefix", "a prefix belongs to a `router!`"),
];

fn unknown(key: &Ident) -> String {
    let help = match MEANT.iter().find(|(other, _)| key == other) {
        Some((_, help)) => help,
        None => {
            "there are `tags`, `status`, `operation_id`, `deprecated`, `callbacks`, `responses`, `openapi_extra`, \
             `include_in_schema` and `audience`"
        }
    };
    format!("no option `{key}`: {help}")
}
