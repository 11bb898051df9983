//! `plugin! { … }` and `router! { … }`: lists of options, the routes among them.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Ident, Lit, Result};

use crate::answer;
use crate::options::{Key, Listing, Value};
use crate::path;

/// What may stand in `plugin!`.
const PLUGIN: [&str; 20] = [
    "title",
    "version",
    "summary",
    "description",
    "terms_of_service",
    "contact",
    "license",
    "servers",
    "external_docs",
    "openapi_tags",
    "tags",
    "responses",
    "instances",
    "strict_content_type",
    "redirect_slashes",
    "separate_input_output_schemas",
    "on_start",
    "on_stop",
    "webhooks",
    "routes",
];

/// What may stand in `router!`.
const ROUTER: [&str; 5] = ["prefix", "tags", "responses", "deprecated", "routes"];

/// Expands `plugin!`.
pub(crate) fn plugin(input: TokenStream) -> TokenStream {
    match syn::parse2::<Listing>(input).and_then(|listing| of_plugin(&listing)) {
        Ok(expanded) => expanded,
        Err(error) => {
            let error = error.to_compile_error();
            quote! {
                #error

                /// The plugin that this crate is.
                pub fn plugin() -> ::switchback_sdk::Plugin {
                    ::switchback_sdk::Plugin::new(&[], &[], &[])
                }
            }
        }
    }
}

/// Expands `router!`.
pub(crate) fn router(input: TokenStream) -> TokenStream {
    match syn::parse2::<Listing>(input).and_then(|listing| of_router(&listing)) {
        Ok(expanded) => expanded,
        Err(error) => {
            let error = error.to_compile_error();
            let empty = Shared::default().router(&quote!(&[]));
            quote! {
                #error

                /// The routes of this module.
                pub const fn router() -> ::switchback_sdk::Router {
                    #empty
                }
            }
        }
    }
}

fn of_plugin(listing: &Listing) -> Result<TokenStream> {
    let mut info = vec![
        ("title", quote!(env!("CARGO_PKG_NAME"))),
        ("version", quote!(env!("CARGO_PKG_VERSION"))),
        ("description", quote!(env!("CARGO_PKG_DESCRIPTION"))),
    ];
    let mut objects = Vec::new();
    let mut root = Vec::new();
    let mut webhooks: &[Expr] = &[];
    let mut shared = Shared::default();
    let (mut start, mut stop) = (None, None);
    for (key, value) in &listing.0 {
        let name = key.to_string();
        match name.as_str() {
            "title" | "version" | "description" => {
                let one = value.one(key)?;
                for (known, default) in &mut info {
                    if *known == name {
                        *default = quote!(#one);
                    }
                }
            }
            "summary" => {
                let one = value.one(key)?;
                info.push(("summary", quote!(#one)));
            }
            "terms_of_service" => {
                let one = value.one(key)?;
                info.push(("termsOfService", quote!(#one)));
            }
            "contact" => {
                let example = "contact: { name: \"…\", url: \"…\", email: \"…\" }";
                objects.push(("contact", named(value, &["name", "url", "email"], example)?));
            }
            "license" => objects.push(("license", license(value)?)),
            "servers" => root.push(("servers", servers(value)?)),
            "external_docs" => {
                let example = "external_docs: { url: \"…\", description: \"…\" }";
                let docs = named(value, &["url", "description"], example)?;
                root.push(("externalDocs", docs));
            }
            "openapi_tags" => root.push(("tags", openapi_tags(value)?)),
            "webhooks" => webhooks = value.list("webhooks: [new_subscription]")?,
            "on_start" => start = Some(value.one(key)?),
            "on_stop" => stop = Some(value.one(key)?),
            "instances" => root.push(("x-switchback-instances", instances(value)?)),
            "strict_content_type" => {
                let one = value.one(key)?;
                root.push(("x-switchback-strict-content-type", quote!(Rule::Bool(#one))));
            }
            "redirect_slashes" => {
                let one = value.one(key)?;
                root.push(("x-switchback-redirect-slashes", quote!(Rule::Bool(#one))));
            }
            "separate_input_output_schemas" => {
                let one = value.one(key)?;
                root.push(("separate_input_output_schemas", quote!(Rule::Bool(#one))));
            }
            "prefix" => {
                return Err(Error::new(
                    key.span(),
                    "a plugin has no prefix of its own: the host mounts it, or a `router!` has one",
                ));
            }
            _ => shared.read(key, value, "plugin", &PLUGIN)?,
        }
    }
    let routes = shared.routes("plugin")?;
    let (info_keys, info_values) = unzip(&info);
    let (object_keys, object_values) = unzip(&objects);
    let (root_keys, root_values) = unzip(&root);
    let router = shared.router(&quote!(&[#(#routes),*]));
    let checks = checks(&shared.routes);
    let Living { living, export } = living(start, stop);
    let whole = shared.routes.iter().enumerate().map(|(index, route)| {
        quote_spanned!(route.span()=> const _: () = ::switchback_sdk::routers::refuse_unfit(&LISTED, #index);)
    });
    Ok(quote! {
        /// The plugin that this crate is.
        pub fn plugin() -> ::switchback_sdk::Plugin {
            use ::switchback_sdk::operation::Rule;
            const ROUTER: &::switchback_sdk::Router = &#router;
            #checks
            #(#whole)*
            ::switchback_sdk::Plugin::new(
                &[
                    ("openapi", Rule::Text("3.1.0")),
                    ("info", Rule::Object(&[
                        #((#info_keys, Rule::Text(#info_values)),)*
                        #((#object_keys, #object_values),)*
                    ])),
                    #((#root_keys, #root_values),)*
                ],
                &LISTED,
                &[#(&<#webhooks as ::switchback_sdk::Route>::OPERATION),*],
            )
            #living
        }

        ::switchback_sdk::__export!(plugin);
        #export
    })
}

/// What is added for a plugin that is told when an instance begins and ends.
#[derive(Default)]
struct Living {
    /// To the plugin.
    living: TokenStream,
    /// To its exports.
    export: TokenStream,
}

fn living(start: Option<&Expr>, stop: Option<&Expr>) -> Living {
    if start.is_none() && stop.is_none() {
        return Living::default();
    }
    // Errors in what is generated from a function are told at it.
    let start = start.map_or_else(
        || quote!(::core::result::Result::Ok(())),
        |start| quote_spanned!(start.span()=> ::switchback_sdk::OnStart::outcome((#start)())),
    );
    let stop = stop.map_or_else(
        || quote!(()),
        |stop| quote_spanned!(stop.span()=> { let (): () = (#stop)(); }),
    );
    Living {
        living: quote! {
            .living({
                const LIFECYCLE: &::switchback_sdk::__Lifecycle = &::switchback_sdk::__Lifecycle {
                    start: || #start,
                    stop: || #stop,
                };
                LIFECYCLE
            })
        },
        export: quote!(::switchback_sdk::__export_lifecycle!(plugin);),
    }
}

fn unzip<'a>(
    entries: &'a [(&'static str, TokenStream)],
) -> (Vec<&'static str>, Vec<&'a TokenStream>) {
    entries.iter().map(|(key, value)| (*key, value)).unzip()
}

fn of_router(listing: &Listing) -> Result<TokenStream> {
    let mut shared = Shared::default();
    for (key, value) in &listing.0 {
        match key.to_string().as_str() {
            "prefix" => {
                let one = value.one(key)?;
                check_prefix(one)?;
                shared.prefix = Some(one.clone());
            }
            "deprecated" => {
                let one = value.one(key)?;
                shared.deprecated = Some(one.clone());
            }
            _ => shared.read(key, value, "router", &ROUTER)?,
        }
    }
    let routes = shared.routes("router")?;
    let router = shared.router(&quote!(ROUTES));
    let checks = checks(&shared.routes);
    Ok(quote! {
        /// The routes of this module.
        pub const fn router() -> ::switchback_sdk::Router {
            const ROUTES: &[::switchback_sdk::routers::Entry] = &[#(#routes),*];
            #router
        }

        const _: () = {
            const ROUTER: &::switchback_sdk::Router = &router();
            #checks
        };
    })
}

fn check_prefix(prefix: &Expr) -> Result<()> {
    let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = prefix
    else {
        return Ok(());
    };
    let wrong = |message: &str| Err(Error::new(text.span(), message));
    let prefix = text.value();
    if !prefix.starts_with('/') {
        return wrong("a prefix starts with `/`");
    }
    if prefix.ends_with('/') {
        return wrong("a prefix does not end with `/`: each route's path begins with one");
    }
    let template = path::read(text)?;
    if template.takes_rest || !template.kinds.is_empty() {
        return wrong("a parameter of a prefix is written `{name}`, its type is the argument's");
    }
    Ok(())
}

/// What a plugin and a router have both.
#[derive(Default)]
struct Shared {
    prefix: Option<Expr>,
    tags: Vec<Expr>,
    /// Statements that say what else may be answered.
    responses: Vec<TokenStream>,
    deprecated: Option<Expr>,
    routes: Vec<Expr>,
    listed: bool,
}

impl Shared {
    fn read(&mut self, key: &Ident, value: &Value, whose: &str, known: &[&str]) -> Result<()> {
        match key.to_string().as_str() {
            "tags" => self.tags = value.list("tags: [\"items\"]")?.to_vec(),
            "responses" => {
                if let Value::Responses(responses, _) = value {
                    self.responses = responses.iter().map(answer::declared).collect();
                }
            }
            "routes" => {
                self.routes = value.list("routes: [hello, admin::router()]")?.to_vec();
                self.listed = true;
            }
            _ => {
                let known: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
                let message = format!(
                    "no option `{key}` of a {whose}: there are {}",
                    known.join(", ")
                );
                return Err(Error::new(key.span(), message));
            }
        }
        Ok(())
    }

    /// The routes as entries of a router.
    fn routes(&self, whose: &str) -> Result<Vec<TokenStream>> {
        if !self.listed {
            return Err(Error::new(
                Span::call_site(),
                format!("a {whose} lists its routes: `routes: [hello, admin::router()]`"),
            ));
        }
        self.routes.iter().map(entry).collect()
    }

    fn router(&self, routes: &TokenStream) -> TokenStream {
        let Shared {
            tags, responses, ..
        } = self;
        let prefix = or(self.prefix.as_ref(), &quote!(""));
        let deprecated = or(self.deprecated.as_ref(), &quote!(false));
        quote! {
            ::switchback_sdk::Router {
                prefix: #prefix,
                tags: &[#(#tags),*],
                responses: |answers| { let _ = &answers; #(#responses)* },
                deprecated: #deprecated,
                routes: #routes,
            }
        }
    }
}

fn or(given: Option<&Expr>, default: &TokenStream) -> TokenStream {
    given.map_or_else(|| default.clone(), |given| quote!(#given))
}

fn entry(route: &Expr) -> Result<TokenStream> {
    let span = route.span();
    match route {
        Expr::Path(path) => Ok(quote_spanned! {span=>
            ::switchback_sdk::routers::Entry::Operation(<#path as ::switchback_sdk::Route>::OPERATION)
        }),
        Expr::Call(call) if call.args.is_empty() => Ok(quote_spanned! {span=>
            ::switchback_sdk::routers::Entry::Router(#call)
        }),
        other => Err(Error::new(
            other.span(),
            "a route is a function's name, or a router: `routes: [hello, admin::router()]`",
        )),
    }
}

/// Refuses what two entries of `ROUTER` both claim, at the later of the two.
fn checks(routes: &[Expr]) -> TokenStream {
    let each = routes.iter().enumerate().map(|(index, route)| {
        quote_spanned!(route.span()=> const _: () = ::switchback_sdk::routers::refuse(&CLASH, #index);)
    });
    quote! {
        const LISTED: [::switchback_sdk::routers::Listed; ROUTER.count()] = ROUTER.list();
        const CLASH: ::core::option::Option<::switchback_sdk::routers::Clash> =
            ::switchback_sdk::routers::clash(&LISTED);
        #(#each)*
    }
}

/// `{ name: "…" }` with the names that there are, as an object.
fn named(value: &Value, known: &[&str], example: &str) -> Result<TokenStream> {
    let mut entries = Vec::new();
    for (key, value) in value.map(example)? {
        let name = match key {
            Key::Name(name) if known.iter().any(|known| name == known) => name.to_string(),
            other => return Err(Error::new(other.span(), format!("write `{example}`"))),
        };
        entries.push(quote!((#name, Rule::Text(#value))));
    }
    Ok(quote!(Rule::Object(&[#(#entries),*])))
}

fn license(value: &Value) -> Result<TokenStream> {
    match value {
        Value::One(name) => Ok(quote!(
            Rule::Object(&[("name", Rule::Text(#name)), ("identifier", Rule::Text(#name))])
        )),
        other => named(
            other,
            &["name", "identifier", "url"],
            "license: \"MIT\" or license: { name: \"…\", url: \"…\" }",
        ),
    }
}

fn servers(value: &Value) -> Result<TokenStream> {
    let example = "servers: [\"https://…\"] or servers: { \"https://…\": \"what it is\" }";
    match value {
        Value::List(urls, _) => Ok(quote!(
            Rule::List(&[#(Rule::Object(&[("url", Rule::Text(#urls))])),*])
        )),
        // One without words has no description.
        other => pairs(other.map(example)?, "url", "description", example),
    }
}

/// `{ "items": "What is sold." }`, or with the address of more, and what that is: `{ "items": ("What is sold.",
/// "https://…", "The catalogue") }`.
fn openapi_tags(value: &Value) -> Result<TokenStream> {
    let example = "openapi_tags: { \"items\": \"What is sold.\" }";
    let mut tags = Vec::new();
    for (key, value) in value.map(example)? {
        let Key::Text(name) = key else {
            return Err(Error::new(key.span(), format!("write `{example}`")));
        };
        let (description, more) = match value {
            Expr::Tuple(more) if (2..=3).contains(&more.elems.len()) => {
                let (url, said) = (&more.elems[1], more.elems.get(2));
                let said = said.map(|said| quote!(("description", Rule::Text(#said)),));
                let docs = quote!(Rule::Object(&[#said ("url", Rule::Text(#url))]));
                (&more.elems[0], Some(quote!(, ("externalDocs", #docs))))
            }
            description => (description, None),
        };
        tags.push(quote!(
            Rule::Object(&[("name", Rule::Text(#name)), ("description", Rule::Text(#description)) #more])
        ));
    }
    Ok(quote!(Rule::List(&[#(#tags),*])))
}

/// `{ "one": "other" }` as a list of objects.
fn pairs(map: &[(Key, Expr)], one: &str, other: &str, example: &str) -> Result<TokenStream> {
    let mut objects = Vec::new();
    for (key, value) in map {
        let Key::Text(key) = key else {
            return Err(Error::new(key.span(), format!("write `{example}`")));
        };
        objects.push(quote!(
            Rule::Object(&[(#one, Rule::Text(#key)), (#other, Rule::Text(#value))])
        ));
    }
    Ok(quote!(Rule::List(&[#(#objects),*])))
}

fn instances(value: &Value) -> Result<TokenStream> {
    if let Value::One(Expr::Lit(ExprLit {
        lit: Lit::Int(number),
        ..
    })) = value
        && number.base10_digits() == "1"
    {
        return Ok(quote!(Rule::Integer(#number)));
    }
    Err(Error::new(
        value.span(),
        "a plugin may ask for one instance, to keep state in memory: `instances: 1`",
    ))
}
