//! `#[derive(Responses)]`: an enum whose variants are answers.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Error, Field, Fields, Ident, LitInt, Meta, Result, Type, Variant,
};

use crate::argument::{content_of, documentation};

/// Expands the derive.
pub(crate) fn derive(input: TokenStream) -> TokenStream {
    match syn::parse2(input).and_then(|input| implementation(&input)) {
        Ok(implementation) => implementation,
        Err(error) => error.to_compile_error(),
    }
}

fn implementation(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        let message = "`Responses` is derived for an enum: each variant is an answer with its own `#[status(…)]`";
        return Err(Error::new(input.ident.span(), message));
    };
    if !input.generics.params.is_empty() {
        let message = "answers are not generic: their types are what is documented";
        return Err(Error::new(input.generics.span(), message));
    }
    let ident = &input.ident;
    let mut beside = TokenStream::new();
    let mut describe = TokenStream::new();
    let mut respond = TokenStream::new();
    for variant in &data.variants {
        let read = read(ident, variant)?;
        beside.extend(read.beside);
        describe.extend(read.describe);
        respond.extend(read.respond);
    }
    Ok(quote! {
        const _: () = {
            #beside

            impl ::switchback_sdk::Responses for #ident {
                fn describe(answers: &mut ::switchback_sdk::Answers<'_>) {
                    #describe
                }

                fn respond(self) -> ::switchback_sdk::Response {
                    match self {
                        #respond
                    }
                }
            }

            impl ::switchback_sdk::Answer for #ident {
                fn describe(_: u16, _: &str, answers: &mut ::switchback_sdk::Answers<'_>) {
                    <Self as ::switchback_sdk::Responses>::describe(answers);
                }

                fn answer(self, _: u16) -> ::switchback_sdk::Response {
                    ::switchback_sdk::Responses::respond(self)
                }
            }
        };
    })
}

/// A variant as pieces of the implementation.
#[derive(Default)]
struct Expanded {
    /// Items: a type for named fields, a conversion.
    beside: TokenStream,
    /// Statements of `describe`.
    describe: TokenStream,
    /// Arms of the `match`.
    respond: TokenStream,
}

fn read(of: &Ident, variant: &Variant) -> Result<Expanded> {
    let ident = &variant.ident;
    let from = find(&variant.attrs, "from");
    match (find(&variant.attrs, "status"), from) {
        (Some(_), Some(from)) => Err(Error::new(
            from.span(),
            "`#[from]` takes the status of what it holds: leave one of the two away",
        )),
        (None, Some(from)) => match only_field(&variant.fields) {
            Some(field) => Ok(held(of, ident, &field.ty)),
            None => Err(Error::new(
                from.span(),
                format!("`#[from]` holds one thing that answers for itself: `{ident}(Problem)`"),
            )),
        },
        (Some(status), None) => {
            let status = status_of(status)?;
            let described = match documentation(&variant.attrs) {
                text if text.is_empty() => in_words(&ident.to_string()),
                text => text,
            };
            answer(of, variant, status, &described)
        }
        (None, None) => {
            let message = format!(
                "`{ident}` needs its status, as in `#[status(404)]`; or `#[from]`, where it holds a `Problem`"
            );
            Err(Error::new(ident.span(), message))
        }
    }
}

/// A variant that holds another set of answers.
fn held(of: &Ident, ident: &Ident, ty: &Type) -> Expanded {
    Expanded {
        beside: quote! {
            impl ::core::convert::From<#ty> for #of {
                fn from(held: #ty) -> Self {
                    #of::#ident(held)
                }
            }
        },
        describe: quote_spanned!(ty.span() => <#ty as ::switchback_sdk::Responses>::describe(answers);),
        respond: quote!(#of::#ident(held) => ::switchback_sdk::Responses::respond(held),),
    }
}

fn answer(of: &Ident, variant: &Variant, status: u16, described: &str) -> Result<Expanded> {
    let ident = &variant.ident;
    let is_error = status >= 400;
    let mut expanded = Expanded::default();
    match &variant.fields {
        Fields::Unit if is_error => {
            expanded.describe = quote!(answers.said(#status, #described););
            expanded.respond =
                quote!(#of::#ident => ::switchback_sdk::__said(#status, #described),);
        }
        Fields::Unit => {
            expanded.describe = quote!(answers.empty(#status, #described););
            expanded.respond = quote!(#of::#ident => ::switchback_sdk::Response::new(#status),);
        }
        Fields::Unnamed(fields) => {
            let Some(field) = only_field(&variant.fields) else {
                let message = format!(
                    "`{ident}` carries one body: name its fields, as in `{ident} {{ name: String }}`, or give it one type"
                );
                return Err(Error::new(fields.span(), message));
            };
            let ty = &field.ty;
            let whole = !is_error || answers_whole(ty);
            expanded.describe = describe(ty, status, described, whole);
            let response = respond(status, &quote!(content), whole);
            expanded.respond = quote!(#of::#ident(content) => #response,);
        }
        Fields::Named(fields) => {
            let body = format_ident!("{of}{ident}");
            let names: Vec<_> = fields.named.iter().map(|field| &field.ident).collect();
            let declared = &fields.named;
            expanded.beside = quote! {
                #[derive(::switchback_sdk::__serde::Serialize, ::switchback_sdk::__schemars::JsonSchema)]
                #[serde(crate = "::switchback_sdk::__serde")]
                #[schemars(crate = "::switchback_sdk::__schemars")]
                struct #body { #declared }
            };
            expanded.describe = describe(&syn::parse_quote!(#body), status, described, !is_error);
            let response = respond(status, &quote!(#body { #(#names),* }), !is_error);
            expanded.respond = quote!(#of::#ident { #(#names),* } => #response,);
        }
    }
    Ok(expanded)
}

fn describe(ty: &Type, status: u16, described: &str, whole: bool) -> TokenStream {
    if whole {
        quote_spanned! { ty.span() =>
            <#ty as ::switchback_sdk::Answer>::describe(#status, #described, answers);
        }
    } else {
        quote_spanned!(ty.span() => answers.detail::<#ty>(#status, #described);)
    }
}

fn respond(status: u16, content: &TokenStream, whole: bool) -> TokenStream {
    if whole {
        quote!(::switchback_sdk::Answer::answer(#content, #status))
    } else {
        quote!(::switchback_sdk::__detailed(#status, #content))
    }
}

/// What an error's variant may hold that is not put under `detail`.
fn answers_whole(ty: &Type) -> bool {
    if ["Json", "With"]
        .iter()
        .any(|name| content_of(ty, name).is_some())
    {
        return true;
    }
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Html" || last.ident == "Text"),
        _ => false,
    }
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.path().is_ident(name))
}

fn only_field(fields: &Fields) -> Option<&Field> {
    match fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields.unnamed.first(),
        _ => None,
    }
}

fn status_of(attribute: &Attribute) -> Result<u16> {
    let wrong = |span| {
        Error::new(
            span,
            "a status is a number from 200 to 599: `#[status(404)]`",
        )
    };
    let Meta::List(list) = &attribute.meta else {
        return Err(wrong(attribute.span()));
    };
    let number: LitInt = list.parse_args().map_err(|_| wrong(list.tokens.span()))?;
    match number.base10_parse() {
        Ok(status @ 200..=599) => Ok(status),
        _ => Err(wrong(number.span())),
    }
}

/// `NotFound` → `Not found`.
fn in_words(name: &str) -> String {
    let mut words = String::new();
    for (at, char) in name.char_indices() {
        if char.is_uppercase() && at > 0 {
            words.push(' ');
            words.extend(char.to_lowercase());
        } else {
            words.push(char);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the compiler would say; nothing if the enum is fine.
    fn error(input: &str) -> String {
        let expanded = derive(input.parse().unwrap()).to_string();
        match expanded.split_once("compile_error !") {
            Some((_, said)) => said.replace("\\\"", "\""),
            None => String::new(),
        }
    }

    #[test]
    fn what_is_right_compiles() {
        let right = "enum E { #[status(404)] A, #[status(409)] B { b: u8 }, #[status(201)] C(T), #[from] D(Problem) }";
        assert_eq!(error(right), "");
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence_that_helps() {
        let cases = [
            ("struct S;", "`Responses` is derived for an enum"),
            (
                "enum E<T> { #[status(404)] A(T) }",
                "answers are not generic",
            ),
            (
                "enum E { A }",
                "`A` needs its status, as in `#[status(404)]`",
            ),
            (
                "enum E { #[status] A }",
                "a status is a number from 200 to 599",
            ),
            (
                "enum E { #[status(600)] A }",
                "a status is a number from 200 to 599",
            ),
            (
                "enum E { #[status(NOT_FOUND)] A }",
                "a status is a number from 200 to 599",
            ),
            (
                "enum E { #[status(404)] A(u8, u8) }",
                "`A` carries one body: name its fields",
            ),
            (
                "enum E { #[status(404)] #[from] A(Problem) }",
                "leave one of the two away",
            ),
            (
                "enum E { #[from] A }",
                "holds one thing that answers for itself: `A(Problem)`",
            ),
        ];
        for (input, expected) in cases {
            let said = error(input);
            assert!(said.contains(expected), "{input}: {said}");
        }
    }

    #[test]
    fn a_variant_without_documentation_is_described_by_its_name() {
        assert_eq!(in_words("NoSuchItem"), "No such item");
    }
}
