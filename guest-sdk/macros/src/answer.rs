//! What a function returns: a plain answer, one that may be absent, one that may fail.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ReturnType, Type};

use crate::argument::content_of;
use crate::operation::{Said, called};

/// Statements and an expression of the operation's two functions.
pub(crate) struct Answered {
    /// Uses `answers`.
    pub(crate) describe: TokenStream,
    /// Of type `Result<Response, Problem>`.
    pub(crate) call: TokenStream,
}

/// `called` is the call of the function.
pub(crate) fn of(output: &ReturnType, status: u16, called: &TokenStream) -> Answered {
    let unit = syn::parse_quote!(());
    let ty = match output {
        ReturnType::Default => &unit,
        ReturnType::Type(_, ty) => &**ty,
    };
    let fails = content_of(ty, "Result");
    let good = fails.as_ref().unwrap_or(ty);
    let (answer, value) = answer_of(good);
    // Errors in what is generated from the type are told at the type.
    let mut describe = quote_spanned! { good.span() =>
        <#answer as ::switchback_sdk::Answer>::describe(#status, "Successful Response", answers);
    };
    let answered = quote_spanned!(good.span() => ::switchback_sdk::Answer::answer(#value, #status));
    let call = if fails.is_some() {
        let bad = bad_of(ty);
        describe.extend(quote_spanned! { bad.span() =>
            <#bad as ::switchback_sdk::Responses>::describe(answers);
        });
        let failed = quote_spanned!(bad.span() => ::switchback_sdk::Responses::respond(bad));
        quote! {
            ::core::result::Result::Ok(match #called {
                ::core::result::Result::Ok(good) => #answered,
                ::core::result::Result::Err(bad) => #failed,
            })
        }
    } else {
        quote! {
            let good = #called;
            ::core::result::Result::Ok(#answered)
        }
    };
    Answered { describe, call }
}

/// The statement that adds an answer which the attribute declares.
pub(crate) fn declared((status, said): &(String, Said)) -> TokenStream {
    let called = called(status);
    match said {
        Said::Description(text) => quote!(answers.declared(#status, #text);),
        Said::Model(ty, text) => {
            let text = text
                .as_ref()
                .map_or_else(|| quote!(#called), |text| quote!(#text));
            quote_spanned!(ty.span() => answers.declared_json::<#ty>(#status, #text);)
        }
        Said::Whole(whole) => {
            let whole = whole.rule();
            quote!(answers.declared_whole(#status, #called, &#whole);)
        }
    }
}

/// The type that answers, and `good` as a value of it.
fn answer_of(good: &Type) -> (TokenStream, TokenStream) {
    match content_of(good, "Option") {
        Some(content) => (
            quote_spanned!(good.span() => ::switchback_sdk::__Found::<#content>),
            quote_spanned!(good.span() => ::switchback_sdk::__Found(good)),
        ),
        None => (quote!(#good), quote_spanned!(good.span() => good)),
    }
}

/// The `E` of `Result<T, E>`, also where an alias of that name says it.
fn bad_of(result: &Type) -> TokenStream {
    if let Type::Path(path) = result
        && let Some(last) = path.path.segments.last()
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(bad)) = arguments.args.iter().nth(1)
    {
        return quote!(#bad);
    }
    quote_spanned!(result.span() => <#result as ::switchback_sdk::__Outcome>::Bad)
}
