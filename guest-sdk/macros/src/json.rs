//! JSON as an author writes it in an attribute: `{ "x-unit": "m", "at": [1, null] }`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Lit, LitStr, Result, Token, braced, bracketed, token};

/// JSON, as `switchback_sdk::operation::Rule`.
pub(crate) struct Json(pub(crate) TokenStream);

/// The same, which is an object: its entries.
pub(crate) struct JsonObject(pub(crate) Vec<(String, TokenStream)>);

impl JsonObject {
    /// As `switchback_sdk::operation::Rule`.
    pub(crate) fn rule(&self) -> TokenStream {
        let entries = self.0.iter().map(|(key, value)| quote!((#key, #value)));
        quote!(::switchback_sdk::operation::Rule::Object(&[#(#entries),*]))
    }
}

impl Parse for Json {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let rule = quote!(::switchback_sdk::operation::Rule);
        if input.peek(token::Brace) {
            return Ok(Json(input.parse::<JsonObject>()?.rule()));
        }
        if input.peek(token::Bracket) {
            let inside;
            bracketed!(inside in input);
            let values = Punctuated::<Json, Token![,]>::parse_terminated(&inside)?;
            let values = values.into_iter().map(|value| value.0);
            return Ok(Json(quote!(#rule::List(&[#(#values),*]))));
        }
        let sign = input.parse::<Option<Token![-]>>()?;
        if sign.is_none() && input.peek(syn::Ident) {
            let word = input.call(Ident::parse_any)?;
            return match word.to_string().as_str() {
                "null" => Ok(Json(quote!(#rule::Null))),
                _ => Err(Error::new(word.span(), WANTED)),
            };
        }
        let literal: Lit = input.parse()?;
        let value = match (&literal, sign.is_some()) {
            (Lit::Str(_), false) => quote!(#rule::Text(#literal)),
            (Lit::Bool(_), false) => quote!(#rule::Bool(#literal)),
            (Lit::Int(_), _) => quote!(#rule::Integer(#sign #literal)),
            (Lit::Float(_), _) => quote!(#rule::Number(#sign #literal)),
            _ => return Err(Error::new(literal.span(), WANTED)),
        };
        Ok(Json(value))
    }
}

const WANTED: &str = "JSON is written out here: `{ \"key\": … }`, a list, a text, a number, `true`, `false` or `null`";

impl Parse for JsonObject {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let inside;
        braced!(inside in input);
        let mut entries = Vec::new();
        while !inside.is_empty() {
            let key: LitStr = inside.parse()?;
            inside.parse::<Token![:]>()?;
            let Json(value) = inside.parse()?;
            entries.push((key.value(), value));
            if !inside.is_empty() {
                inside.parse::<Token![,]>()?;
            }
        }
        Ok(JsonObject(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str) -> std::result::Result<String, String> {
        match syn::parse_str::<Json>(json) {
            Ok(json) => Ok(json
                .0
                .to_string()
                .replace(":: switchback_sdk :: operation :: Rule ::", "")),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn json_becomes_a_constant() {
        assert_eq!(
            written("{ \"a\": [1, -2.5, true, null], \"b\": { } }").unwrap(),
            written("{\"a\":[1,-2.5,true,null,],\"b\":{},}").unwrap()
        );
        assert!(written("null").unwrap().contains("Null"));
    }

    #[test]
    fn what_is_no_json_is_refused_in_words() {
        for wrong in ["nothing", "'c'", "-\"a\"", "{ a: 1 }"] {
            assert!(written(wrong).is_err(), "{wrong}");
        }
    }
}
