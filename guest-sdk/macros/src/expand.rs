//! A function with an attribute → the function, and the operation beside it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, ItemFn, Result, ReturnType};

use crate::answer;
use crate::argument::{self, Argument, Place};
use crate::operation::Options;
use crate::path;
use crate::quoted;

/// What an operation is for.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// It is served, by this method.
    Route(&'static str),
    /// It describes what the service sends: a webhook or a callback.
    Sent,
    /// It answers what the host would answer in the plugin's place.
    Page,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Route(method) => method,
            Kind::Sent => "webhook",
            Kind::Page => "on_problem",
        }
    }

    fn method(self) -> &'static str {
        match self {
            Kind::Route(method) => method,
            Kind::Sent | Kind::Page => "post",
        }
    }
}

/// Expands one attribute. What is wrong becomes a compile error beside the function itself, so that one mistake does
/// not show as many.
pub(crate) fn operation(kind: Kind, options: TokenStream, function: &TokenStream) -> TokenStream {
    let mut function: ItemFn = match syn::parse2(function.clone()) {
        Ok(function) => function,
        Err(_) => {
            let error = Error::new(
                function.span(),
                format!("`#[{}]` belongs on a function", kind.name()),
            )
            .to_compile_error();
            return quote!(#error #function);
        }
    };
    match route(kind, options, &mut function) {
        // Arguments are owned, whether the function needs that or not.
        Ok(route) => {
            // What is sent has arguments only to be described.
            let unused = match kind {
                Kind::Sent => quote!(#[allow(unused_variables)]),
                Kind::Route(_) | Kind::Page => quote!(),
            };
            quote!(#[allow(clippy::needless_pass_by_value)] #unused #function #route)
        }
        Err(error) => {
            let error = error.to_compile_error();
            let stand_in = stand_in(&function);
            let function = without_faults(function);
            quote!(#error #function #stand_in)
        }
    }
}

fn route(kind: Kind, options: TokenStream, function: &mut ItemFn) -> Result<TokenStream> {
    let method = kind.method();
    let options: Options = match kind {
        Kind::Page if !options.is_empty() => {
            let message = "a page takes no options: `#[on_problem]`";
            return Err(Error::new(options.span(), message));
        }
        // Nothing is routed there; the path is where the contract has it.
        Kind::Page => syn::parse_quote!("/on-problem"),
        Kind::Route(_) | Kind::Sent => syn::parse2(options)?,
    };
    refuse_unfit(function)?;
    let template = match kind {
        Kind::Route(_) | Kind::Page => path::read(&options.path)?,
        Kind::Sent => path::whole(&options.path),
    };
    let mut arguments = Vec::new();
    for argument in &mut function.sig.inputs {
        arguments.push(argument::read(argument, &template)?);
    }
    refuse_clashes(method, &options, &arguments, &template.names)?;
    Ok(implementation(
        kind, &options, &template, function, &arguments,
    ))
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
    let ReturnType::Type(_, ty) = &signature.output else {
        return Ok(());
    };
    let better = match &**ty {
        syn::Type::Reference(_) => "an answer is owned: return `String` rather than `&str`",
        syn::Type::ImplTrait(_) => {
            "an answer needs a type by name, which is documented: an iterator is sent by `JsonLines<T>`, \
             `EventStream<T>` or `Stream`"
        }
        _ => return Ok(()),
    };
    Err(Error::new(ty.span(), better))
}

fn refuse_clashes(
    method: &str,
    options: &Options,
    arguments: &[Argument],
    in_path: &[String],
) -> Result<()> {
    let mut names: Vec<(Place, String)> = Vec::new();
    let mut body: Option<&Argument> = None;
    let mut models: Vec<Place> = Vec::new();
    for argument in arguments {
        let argument::Kind::Model(place) = argument.kind else {
            continue;
        };
        if models.contains(&place) {
            let name = argument::shown_name(&argument.ty);
            return Err(Error::new(
                argument.ty.span(),
                format!("one `{name}<_>` takes all of its place: put both into one type"),
            ));
        }
        models.push(place);
    }
    for argument in arguments {
        if let argument::Kind::Part(part) = &argument.kind {
            let key = match part.place {
                Place::Header => (Place::Header, part.name.to_ascii_lowercase()),
                place => (place, part.name.clone()),
            };
            if names.contains(&key) {
                return Err(Error::new(
                    argument.ident.span(),
                    format!("another argument is called `{}` already", part.name),
                ));
            }
            names.push(key);
        }
        let field = argument.in_form();
        let value = argument.is_value();
        if !field && !value && !matches!(argument.kind, argument::Kind::Body(_)) {
            continue;
        }
        if ["get", "head", "trace"].contains(&method) {
            let message = format!(
                "a {} has no body: use `#[post]`, or query parameters",
                method.to_uppercase()
            );
            return Err(Error::new(argument.ty.span(), message));
        }
        let Some(first) = body else {
            body = Some(argument);
            continue;
        };
        match (first.in_form(), field) {
            (true, true) => {}
            (false, false) => {
                // Several of JSON stand in one body by their names.
                let other = [first, argument]
                    .into_iter()
                    .find(|one| !one.may_be_embedded());
                if let Some(other) = other {
                    return Err(Error::new(
                        other.ty.span(),
                        "a request has one body: several stand in one only as `Json<_>`, or as values with `#[body]`",
                    ));
                }
            }
            _ => {
                return Err(Error::new(
                    argument.ty.span(),
                    "a request has one body, a form or another: take all of it as fields of the form",
                ));
            }
        }
    }
    let taken = |name: &&String| names.contains(&(Place::Path, (*name).clone()));
    match in_path.iter().find(|name| !taken(name)) {
        Some(name) => {
            let message =
                format!("the path names `{{{name}}}`, but no argument takes it: add `{name}: …`");
            Err(Error::new(options.path.span(), message))
        }
        None => Ok(()),
    }
}

/// The functions that say what the contract has of types of parameters.
fn models(arguments: &[Argument]) -> impl Iterator<Item = TokenStream> {
    arguments.iter().filter_map(|argument| match argument.kind {
        argument::Kind::Model(_) => {
            let ty = &argument.ty;
            Some(quote_spanned!(ty.span()=> <#ty as ::switchback_sdk::FromParameters>::describe))
        }
        _ => None,
    })
}

/// Whether the body is an object of arguments by their names: of several, of a plain value, or as the author says.
fn embeds(arguments: &[Argument]) -> bool {
    let bodies = arguments
        .iter()
        .filter(|one| matches!(one.kind, argument::Kind::Body(_)));
    bodies.count() > 1 || arguments.iter().any(|one| one.is_value() || one.embed)
}

/// The function that says what the contract has of the body.
fn body(id: &TokenStream, arguments: &[Argument]) -> TokenStream {
    if embeds(arguments) {
        let fields = arguments.iter().filter_map(Argument::embedded);
        return quote! {
            ::core::option::Option::Some(|generator| {
                ::switchback_sdk::operation::embedded(#id, &[#(#fields),*], generator)
            })
        };
    }
    for Argument {
        ty,
        kind,
        examples,
        rules,
        ..
    } in arguments
    {
        let argument::Kind::Body(media_type) = kind else {
            continue;
        };
        let examples = examples.as_ref().map(|examples| {
            let examples = examples.rule();
            quote!(::switchback_sdk::operation::add_examples(&mut described, &#examples);)
        });
        let rules = (!rules.is_empty()).then(|| {
            let rules = quoted::entries(rules);
            quote!(::switchback_sdk::operation::add_rules(&mut described, #rules);)
        });
        let mutable = (examples.is_some() || rules.is_some()).then(|| quote!(mut));
        let media_type = match media_type {
            Some(said) => quote!(#said),
            None => quote_spanned!(ty.span()=> <#ty as ::switchback_sdk::FromBody>::MEDIA_TYPE),
        };
        return quote_spanned! {ty.span()=>
            ::core::option::Option::Some(|generator| {
                let #mutable described =
                    <#ty as ::switchback_sdk::FromBody>::described(#media_type, generator);
                #rules
                #examples
                described
            })
        };
    }
    let fields: Vec<_> = arguments
        .iter()
        .filter(|argument| argument.in_form())
        .filter_map(Argument::declared)
        .collect();
    if fields.is_empty() {
        return quote!(::core::option::Option::None);
    }
    let media_type = match arguments.iter().any(Argument::is_file) {
        true => "multipart/form-data",
        false => "application/x-www-form-urlencoded",
    };
    quote! {
        ::core::option::Option::Some(|generator| {
            ::switchback_sdk::operation::form(#media_type, &[#(#fields),*], generator)
        })
    }
}

fn implementation(
    kind: Kind,
    options: &Options,
    template: &path::Template,
    function: &ItemFn,
    arguments: &[Argument],
) -> TokenStream {
    let Options {
        path: _,
        tags,
        status,
        operation_id,
        deprecated,
        audience,
        callbacks,
        responses,
        extra,
    } = options;
    let path::Template { path, shape, .. } = template;
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
        title(&ident.unraw().to_string())
    } else {
        summary.to_owned()
    };

    let mut about = vec![
        (
            "operationId",
            quote!(::switchback_sdk::operation::Rule::Text(#id)),
        ),
        ("summary", quoted::text(&summary)),
        ("description", quoted::text(description.trim())),
    ];
    if matches!(kind, Kind::Page) {
        about.push((
            "x-switchback-on-problem",
            quote!(::switchback_sdk::operation::Rule::Bool(true)),
        ));
    }
    if *deprecated {
        about.push((
            "deprecated",
            quote!(::switchback_sdk::operation::Rule::Bool(true)),
        ));
    }
    if let Some(audience) = audience {
        about.push((
            "x-switchback-audience",
            quote!(::switchback_sdk::operation::Rule::List(
                &[#(::switchback_sdk::operation::Rule::Text(#audience)),*]
            )),
        ));
    }
    let about = quoted::entries(&about);
    let declared = arguments
        .iter()
        .filter(|argument| !argument.in_form() && !argument.is_value())
        .filter_map(Argument::declared);
    let outer = arguments.iter().filter_map(Argument::outer);
    let body = body(&id, arguments);
    let models = models(arguments);
    let read = arguments.iter().map(match embeds(arguments) {
        true => Argument::read_embedded,
        false => Argument::read,
    });
    let called = quote!(#ident(#(#read),*));
    let method = kind.method();
    let answer::Answered { describe, call } = answer::of(&function.sig.output, *status, &called);
    let declared_answers = responses.iter().map(answer::declared);
    let extra = match extra {
        Some(extra) => {
            let extra = extra.rule();
            quote!(::core::option::Option::Some(#extra))
        }
        None => quote!(::core::option::Option::None),
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
                shape: #shape,
                about: #about,
                tags: &[#(#tags),*],
                arguments: &[#(#declared),*],
                outer: &[#(#outer),*],
                models: &[#(#models),*],
                body: #body,
                callbacks: &[#(&<#callbacks as ::switchback_sdk::Route>::OPERATION),*],
                answers: |answers| { #describe #(#declared_answers)* },
                extra: #extra,
                call: |request| { #call },
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

/// What the compiler would complain about too is taken away.
fn without_faults(mut function: ItemFn) -> Option<TokenStream> {
    for argument in &mut function.sig.inputs {
        match argument {
            syn::FnArg::Typed(typed) => typed.attrs.clear(),
            syn::FnArg::Receiver(_) => return None,
        }
    }
    Some(quote!(#[allow(dead_code, unused_variables)] #function))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What the compiler would say; nothing if the function is fine.
    fn error(method: &'static str, options: &str, function: &str) -> String {
        let expanded = operation(
            Kind::Route(method),
            options.parse().unwrap(),
            &function.parse().unwrap(),
        )
        .to_string();
        match expanded.split_once("compile_error !") {
            Some((_, said)) => said.replace("\\\"", "\""),
            None => String::new(),
        }
    }

    #[test]
    fn what_is_right_compiles() {
        let function = "fn f(id: i64, #[query(max_length = 5)] q: Option<String>, b: Json<T>) -> Json<T> { b }";
        assert_eq!(
            error(
                "post",
                r#""/a/{id}", tags = ["x"], status = 201, deprecated"#,
                function
            ),
            ""
        );
    }

    #[test]
    fn a_function_without_documentation_is_titled_by_its_name() {
        assert_eq!(title("create_item"), "Create Item");
    }
}
