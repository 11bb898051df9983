//! How the options of `plugin!` and `router!` are written: `key: value`, where a value may be a list or a map.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, Ident, LitInt, Result, Token, braced, bracketed, token};

use crate::operation::{self, Said};

/// `key: value` after `key: value`.
pub(crate) struct Listing(pub(crate) Vec<(Ident, Value)>);

/// What stands behind the colon.
pub(crate) enum Value {
    One(Expr),
    List(Vec<Expr>, Span),
    Map(Vec<(Key, Expr)>, Span),
    Responses(Vec<(String, Said)>, Span),
}

/// What stands before a colon within braces.
pub(crate) enum Key {
    Name(Ident),
    Text(syn::LitStr),
    Number(LitInt),
}

impl Parse for Listing {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options: Vec<(Ident, Value)> = Vec::new();
        while !input.is_empty() {
            let key = input.call(Ident::parse_any)?;
            if options.iter().any(|(known, _)| *known == key) {
                return Err(Error::new(key.span(), format!("`{key}` stands here twice")));
            }
            if input.peek(Token![=]) {
                let message = format!("an option is written with a colon: `{key}: …`");
                return Err(Error::new(key.span(), message));
            }
            input.parse::<Token![:]>()?;
            let value = match key == "responses" {
                true => Value::Responses(operation::responses(input)?, key.span()),
                false => input.parse()?,
            };
            options.push((key, value));
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Listing(options))
    }
}

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let inside;
        if input.peek(token::Bracket) {
            let span = bracketed!(inside in input).span.join();
            let list = Punctuated::<Expr, Token![,]>::parse_terminated(&inside)?;
            Ok(Value::List(list.into_iter().collect(), span))
        } else if input.peek(token::Brace) {
            let span = braced!(inside in input).span.join();
            let mut map = Vec::new();
            while !inside.is_empty() {
                let key = inside.parse()?;
                inside.parse::<Token![:]>()?;
                map.push((key, inside.parse()?));
                if !inside.is_empty() {
                    inside.parse::<Token![,]>()?;
                }
            }
            Ok(Value::Map(map, span))
        } else {
            Ok(Value::One(input.parse()?))
        }
    }
}

impl Parse for Key {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(syn::LitStr) {
            Ok(Key::Text(input.parse()?))
        } else if input.peek(LitInt) {
            Ok(Key::Number(input.parse()?))
        } else {
            Ok(Key::Name(input.call(Ident::parse_any)?))
        }
    }
}

impl Key {
    pub(crate) fn span(&self) -> Span {
        match self {
            Key::Name(name) => name.span(),
            Key::Text(text) => text.span(),
            Key::Number(number) => number.span(),
        }
    }
}

impl Value {
    pub(crate) fn span(&self) -> Span {
        match self {
            Value::One(one) => one.span(),
            Value::List(_, span) | Value::Map(_, span) | Value::Responses(_, span) => *span,
        }
    }

    pub(crate) fn one(&self, key: &Ident) -> Result<&Expr> {
        match self {
            Value::One(one) => Ok(one),
            other => Err(Error::new(other.span(), format!("`{key}` is one value"))),
        }
    }

    pub(crate) fn list(&self, example: &str) -> Result<&[Expr]> {
        match self {
            Value::List(list, _) => Ok(list),
            other => Err(Error::new(
                other.span(),
                format!("a list is needed here: `{example}`"),
            )),
        }
    }

    pub(crate) fn map(&self, example: &str) -> Result<&[(Key, Expr)]> {
        match self {
            Value::Map(map, _) => Ok(map),
            other => Err(Error::new(other.span(), format!("write `{example}`"))),
        }
    }
}
