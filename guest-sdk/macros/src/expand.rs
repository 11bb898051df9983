//! A function with an attribute → the function, and the operation beside it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, ItemFn, Result, ReturnType};

use crate::argument::{self, Argument, Kind, content_of};
use crate::operation::Options;
use crate::path;

/// Expands one attribute. What is wrong becomes a compile error beside the function itself, so that one mistake does
/// not show as many.
pub(crate) fn operation(method: &str, options: TokenStream, function: &TokenStream) -> TokenStream {
    let mut function: ItemFn = match syn::parse2(function.clone()) {
        Ok(function) => function,
        Err(_) => {
            let error = Error::new(
                function.span(),
                format!("`#[{method}]` belongs on a function"),
            )
            .to_compile_error();
            return quote!(#error #function);
        }
    };
    let route = match route(method, options, &mut function) {
        Ok(route) => route,
        Err(error) => {
            strip(&mut function);
            let error = error.to_compile_error();
            let stand_in = stand_in(&function);
            quote!(#error #stand_in)
        }
    };
    quote!(#function #route)
}

fn route(method: &str, options: TokenStream, function: &mut ItemFn) -> Result<TokenStream> {
    let options: Options = syn::parse2(options)?;
    refuse_unfit(function)?;
    let in_path = path::parameters(&options.path)?;
    let mut arguments = Vec::new();
    for argument in &mut function.sig.inputs {
        arguments.push(argument::read(argument, &in_path)?);
    }
    refuse_clashes(method, &options, &arguments, &in_path)?;
    Ok(implementation(method, &options, function, &arguments))
}

fn refuse_unfit(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(word) = &signature.asyncness {
        return Err(Error::new(
            word.span(),
            "a route is not `async`: a call that waits holds no thread of the host",
        ));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new(
            signature.generics.span(),
            "a route is not generic: its types are what is documented",
        ));
    }
    if let Some(dots) = &signature.variadic {
        return Err(Error::new(
            dots.span(),
            "a route has arguments with names and types",
        ));
    }
    if let ReturnType::Type(_, ty) = &signature.output {
        if content_of(ty, "Option").is_some() {
            let message = "return `Result<_, Problem>` with a 404 for what is not there, or `Json<Option<_>>` for an \
                           answer that may be `null`";
            return Err(Error::new(ty.span(), message));
        }
        if let syn::Type::Reference(_) = &**ty {
            return Err(Error::new(
                ty.span(),
                "an answer is owned: return `String` rather than `&str`",
            ));
        }
    }
    Ok(())
}

fn refuse_clashes(
    method: &str,
    options: &Options,
    arguments: &[Argument],
    in_path: &[String],
) -> Result<()> {
    let mut names = Vec::new();
    let mut body = false;
    for argument in arguments {
        match &argument.kind {
            Kind::Body { .. } if method == "get" => {
                return Err(Error::new(
                    argument.ty.span(),
                    "a GET has no body: use `#[post]`, or query parameters",
                ));
            }
            Kind::Body { .. } if body => {
                return Err(Error::new(
                    argument.ty.span(),
                    "a request has one body: put both into one type",
                ));
            }
            Kind::Body { .. } => body = true,
            Kind::Parameter { name, .. } if names.contains(&name) => {
                return Err(Error::new(
                    argument.ident.span(),
                    format!("another argument is called `{name}` already"),
                ));
            }
            Kind::Parameter { name, .. } => names.push(name),
        }
    }
    match in_path.iter().find(|name| !names.contains(name)) {
        Some(name) => {
            let message =
                format!("the path names `{{{name}}}`, but no argument takes it: add `{name}: …`");
            Err(Error::new(options.path.span(), message))
        }
        None => Ok(()),
    }
}

fn implementation(
    method: &str,
    options: &Options,
    function: &ItemFn,
    arguments: &[Argument],
) -> TokenStream {
    let Options {
        path,
        tags,
        status,
        operation_id,
        deprecated,
    } = options;
    let (ident, visibility) = (&function.sig.ident, &function.vis);
    let id = match operation_id {
        Some(id) => quote!(#id),
        None => quote!(stringify!(#ident)),
    };
    let documentation = argument::documentation(&function.attrs);
    let (summary, description) = documentation
        .split_once('\n')
        .unwrap_or((&documentation, ""));
    let summary = if summary.is_empty() {
        title(&ident.to_string())
    } else {
        summary.to_owned()
    };

    let description = description.trim();
    let declared = arguments.iter().filter_map(Argument::declared);
    let body = arguments.iter().find_map(|argument| match &argument.kind {
        Kind::Body { content } => Some(content),
        Kind::Parameter { .. } => None,
    });
    let body = match body {
        Some(content) => {
            quote!(::core::option::Option::Some(|generator| generator.subschema_for::<#content>()))
        }
        None => quote!(::core::option::Option::None),
    };
    let read = arguments.iter().map(Argument::read);
    let called = quote!(#ident(#(#read),*));
    let (answer, answered) = match &function.sig.output {
        ReturnType::Default => (quote!(()), called),
        ReturnType::Type(_, ty) => match content_of(ty, "Result") {
            Some(good) => (quote!(#good), quote!(#called?)),
            None => (quote!(#ty), called),
        },
    };
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility struct #ident {}

        impl ::switchback_sdk::Route for #ident {
            const OPERATION: ::switchback_sdk::Operation = ::switchback_sdk::Operation {
                id: #id,
                method: #method,
                path: #path,
                summary: #summary,
                description: #description,
                tags: &[#(#tags),*],
                deprecated: #deprecated,
                arguments: &[#(#declared),*],
                body: #body,
                status: #status,
                answer: <#answer as ::switchback_sdk::Answer>::schema,
                call: |request| {
                    ::core::result::Result::Ok(::switchback_sdk::Answer::answer(#answered, #status))
                },
            };
        }
    }
}

/// `create_item` → `Create Item`, as FastAPI does where nothing is written.
fn title(name: &str) -> String {
    let mut words = Vec::new();
    for word in name.split('_').filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        words.push(first.to_uppercase() + rest);
    }
    words.join(" ")
}

/// Takes away what the compiler does not allow on arguments.
fn strip(function: &mut ItemFn) {
    for argument in &mut function.sig.inputs {
        match argument {
            syn::FnArg::Typed(typed) => typed.attrs.clear(),
            syn::FnArg::Receiver(receiver) => receiver.attrs.clear(),
        }
    }
}

/// A route that keeps `routes: […]` from complaining too.
fn stand_in(function: &ItemFn) -> TokenStream {
    let (ident, visibility) = (&function.sig.ident, &function.vis);
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility struct #ident {}

        impl ::switchback_sdk::Route for #ident {
            const OPERATION: ::switchback_sdk::Operation =
                ::switchback_sdk::operation::broken(stringify!(#ident));
        }
    }
}
