//! `#[model]`: a type that is JSON, its fields' rules by the names that arguments have.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Field, Fields, Ident, Item, ItemStruct, Meta, Result};

use crate::numbers;
use crate::rule::{Rules, Shape};

/// Expands the attribute.
pub(crate) fn expand(options: &TokenStream, item: &TokenStream) -> TokenStream {
    let expanded = match syn::parse2::<Item>(item.clone()) {
        _ if !options.is_empty() => Err(Error::new(
            options.span(),
            "`#[model]` takes nothing: rules stand at the fields, `#[field(gt = 0)]`",
        )),
        Ok(Item::Struct(item)) => of_struct(item),
        Ok(Item::Enum(item)) if numbers::are(&item) => numbers::expand(item),
        Ok(Item::Enum(item)) => Ok(derived(&item)),
        Ok(other) => Err(Error::new(
            other.span(),
            "`#[model]` belongs on a struct or an enum",
        )),
        Err(error) => Err(error),
    };
    expanded.unwrap_or_else(|error| error.to_compile_error())
}

/// The derives, by the SDK's own copies of their crates, so that a plugin need not name these.
fn derived(item: &impl ToTokens) -> TokenStream {
    quote! {
        #[derive(
            ::switchback_sdk::__serde::Serialize,
            ::switchback_sdk::__serde::Deserialize,
            ::switchback_sdk::__schemars::JsonSchema,
        )]
        #[serde(crate = "::switchback_sdk::__serde")]
        #[schemars(crate = "::switchback_sdk::__schemars")]
        #item
    }
}

fn of_struct(mut item: ItemStruct) -> Result<TokenStream> {
    let mut defaults = Vec::new();
    let (ident, generic) = (item.ident.clone(), !item.generics.params.is_empty());
    if let Fields::Named(fields) = &mut item.fields {
        for field in &mut fields.named {
            let Some(rules) = taken(field)? else { continue };
            let (attributes, default) = read(field, &ident, &rules)?;
            if let Some(default) = default {
                if generic {
                    let message = "a generic struct's defaults are `#[serde(default = \"…\")]`";
                    return Err(Error::new(field.span(), message));
                }
                defaults.push(default);
            }
            field.attrs.extend(attributes);
        }
    }
    let item = derived(&item);
    if defaults.is_empty() {
        return Ok(item);
    }
    Ok(quote! {
        #item

        impl #ident {
            #(#defaults)*
        }
    })
}

/// What `#[field(…)]` says, which the compiler would not know.
fn taken(field: &mut Field) -> Result<Option<Rules>> {
    let Some(at) = field
        .attrs
        .iter()
        .position(|attribute| attribute.path().is_ident("field"))
    else {
        return Ok(None);
    };
    match field.attrs.remove(at).meta {
        Meta::List(list) => list.parse_args().map(Some),
        other => Err(Error::new(
            other.span(),
            "rules stand in brackets: `#[field(gt = 0)]`",
        )),
    }
}

/// The attributes of serde and schemars that say the same, and the function that makes the default.
fn read(field: &Field, of: &Ident, rules: &Rules) -> Result<(Vec<Attribute>, Option<TokenStream>)> {
    let shape = Shape::of(&field.ty);
    let mut attributes: Vec<Attribute> = Vec::new();
    let mut default = None;
    if let Some(name) = &rules.name {
        attributes.push(syn::parse_quote!(#[serde(rename = #name)]));
    }
    if let Some(text) = &rules.description {
        attributes.push(syn::parse_quote!(#[schemars(description = #text)]));
    }
    if rules.examples.is_some() || rules.dependency.is_some() || rules.hidden {
        let message = "`openapi_examples`, `dependency` and `include_in_schema` are for arguments: a field has `examples`";
        return Err(Error::new(field.span(), message));
    }
    for (name, json) in &rules.extra {
        let json = quote!(::switchback_sdk::operation::json(&#json));
        attributes.push(syn::parse_quote!(#[schemars(extend(#name = #json))]));
    }
    if rules.deprecated {
        attributes.push(syn::parse_quote!(#[schemars(extend("deprecated" = true))]));
    }
    for keyword in &rules.keywords {
        keyword.check(&shape)?;
        let literal = keyword.literal();
        if keyword.default_span().is_some() {
            let name = field.ident.as_ref().expect("the struct has named fields");
            let function = format_ident!("__default_of_{}", name.unraw());
            let path = format!("{of}::{function}");
            attributes.push(syn::parse_quote!(#[serde(default = #path)]));
            let (ty, value) = (&field.ty, shape.whole(literal)?);
            default = Some(quote!(#[doc(hidden)] fn #function() -> #ty { #value }));
            continue;
        }
        let (name, of_each) = keyword.target(&shape);
        if of_each {
            let message = "this holds for each value of the list: make the value a `#[model]` of its own, or use \
                           `#[schemars(inner(…))]`";
            return Err(Error::new(literal.span(), message));
        }
        attributes.push(syn::parse_quote!(#[schemars(extend(#name = #literal))]));
    }
    Ok((attributes, default))
}
