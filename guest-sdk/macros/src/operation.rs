//! What stands in the attribute: `"/items/{id}", tags = ["items"], status = 201`.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitInt, LitStr, Result, Token, bracketed};

/// The attribute, read.
pub(crate) struct Options {
    pub(crate) path: LitStr,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) status: u16,
    pub(crate) operation_id: Option<LitStr>,
    pub(crate) deprecated: bool,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(LitStr) {
            return Err(input.error("expected the path first, as in `#[get(\"/items/{id}\")]`"));
        }
        let mut options = Options {
            path: input.parse()?,
            tags: Vec::new(),
            status: 200,
            operation_id: None,
            deprecated: false,
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
        if !["tags", "status", "operation_id"]
            .iter()
            .any(|known| key == known)
        {
            let message = format!(
                "no option `{key}`: there are `tags`, `status`, `operation_id` and `deprecated`"
            );
            return Err(Error::new(key.span(), message));
        }
        input.parse::<Token![=]>()?;
        if key == "tags" {
            let list;
            bracketed!(list in input);
            self.tags = Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?
                .into_iter()
                .collect();
        } else if key == "operation_id" {
            self.operation_id = Some(input.parse()?);
        } else {
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
