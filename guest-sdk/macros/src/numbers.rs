//! An enum of numbers, `enum Level { Low = 1, High = 2 }`: in JSON it is the number.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Fields, ItemEnum, Result};

use crate::argument::documentation;
use crate::quoted;

/// Whether the author wrote numbers behind variants.
pub(crate) fn are(item: &ItemEnum) -> bool {
    let mut variants = item.variants.iter();
    variants.any(|variant| variant.discriminant.is_some())
}

pub(crate) fn expand(mut item: ItemEnum) -> Result<TokenStream> {
    let (mut names, mut numbers) = (Vec::new(), Vec::new());
    for variant in &item.variants {
        let Some((_, number)) = &variant.discriminant else {
            let message = "each variant has its number, or none has: `Low = 1`";
            return Err(Error::new(variant.ident.span(), message));
        };
        if !matches!(variant.fields, Fields::Unit) {
            let message = "a variant that is a number has no fields";
            return Err(Error::new(variant.ident.span(), message));
        }
        names.push(variant.ident.clone());
        numbers.push(number.clone());
    }
    let inline = take_inline(&mut item)?;
    let (ident, title) = (&item.ident, item.ident.to_string());
    let description = match documentation(&item.attrs) {
        text if text.is_empty() => None,
        text => {
            let text = quoted::text(&text);
            Some(quote!(, ("description", #text)))
        }
    };
    let sdk = quote!(::switchback_sdk);
    let (serde, schemars) = (quote!(#sdk::__serde), quote!(#sdk::__schemars));
    let rule = quote!(#sdk::operation::Rule);
    Ok(quote! {
        #item

        impl #serde::Serialize for #ident {
            fn serialize<S: #serde::Serializer>(&self, to: S) -> ::core::result::Result<S::Ok, S::Error> {
                to.serialize_i64(match self { #(#ident::#names => #numbers),* })
            }
        }

        impl<'de> #serde::Deserialize<'de> for #ident {
            fn deserialize<D: #serde::Deserializer<'de>>(from: D) -> ::core::result::Result<Self, D::Error> {
                let number = <i64 as #serde::Deserialize>::deserialize(from)?;
                #(if number == #numbers { return ::core::result::Result::Ok(#ident::#names); })*
                ::core::result::Result::Err(#serde::de::Error::custom(concat!("no ", #title)))
            }
        }

        impl #schemars::JsonSchema for #ident {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                #title.into()
            }

            fn inline_schema() -> bool {
                #inline
            }

            fn json_schema(_: &mut #schemars::SchemaGenerator) -> #schemars::Schema {
                #sdk::operation::schema(&#rule::Object(&[
                    ("type", #rule::Text("integer")),
                    ("enum", #rule::List(&[#(#rule::Integer(#numbers)),*]))
                    #description
                ]))
            }
        }
    })
}

/// Takes `#[schemars(inline)]`, the one thing that may be said of its schema.
fn take_inline(item: &mut ItemEnum) -> Result<bool> {
    let is_other = |attribute: &syn::Attribute| {
        ["serde", "schemars"]
            .iter()
            .any(|name| attribute.path().is_ident(name))
    };
    let (said, attributes): (Vec<_>, Vec<_>) = item.attrs.drain(..).partition(is_other);
    item.attrs = attributes;
    for attribute in &said {
        let word = attribute.parse_args::<syn::Ident>();
        if attribute.path().is_ident("serde") || word.is_ok_and(|word| word != "inline") {
            let message = "an enum of numbers takes `#[schemars(inline)]` only";
            return Err(Error::new_spanned(attribute, message));
        }
    }
    Ok(!said.is_empty())
}
