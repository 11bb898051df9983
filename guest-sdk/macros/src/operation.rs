//! What stands in the attribute: `"/items/{id}", tags = ["items"], status = 201`.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitBool, LitInt, LitStr, Path, Result, Token, bracketed, token};

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
const KNOWN: [&str; 6] = [
    "tags",
    "status",
    "operation_id",
    "audience",
    "callbacks",
    "include_in_schema",
];

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
const MEANT: [(&str, &str); 10] = [
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
    (
        "responses",
        "answers are the variants of an enum that derives `Responses`, or a router's `responses`",
    ),
    ("name", "it is called `operation_id` here"),
    ("tag", "it is called `tags` here: `tags = [\"…\"]`"),
    ("prefix", "a prefix belongs to a `router!`"),
];

fn unknown(key: &Ident) -> String {
    let help = match MEANT.iter().find(|(other, _)| key == other) {
        Some((_, help)) => help,
        None => {
            "there are `tags`, `status`, `operation_id`, `deprecated`, `callbacks`, `include_in_schema` and `audience`"
        }
    };
    format!("no option `{key}`: {help}")
}
