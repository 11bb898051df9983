//! The attributes of `switchback-sdk`: use them from there.
//!
//! `#[get("/hello/{name}")] fn hello(name: String) -> Greeting` leaves the function as it is and puts a type `hello`
//! beside it (functions and types have separate names) that implements `switchback_sdk::Route`: the operation's names,
//! and two short functions that call the SDK for each argument. All that can be wrong in the attribute or in the
//! signature is said here, at the author's own token.

mod answer;
mod argument;
mod body;
mod expand;
mod json;
mod listing;
mod model;
mod numbers;
mod operation;
mod options;
mod path;
mod quoted;
mod responses;
mod rule;

use proc_macro::TokenStream;

macro_rules! methods {
    ($($method:ident)*) => {$(
        #[doc = concat!("Makes a function the operation `", stringify!($method), "` of a path.")]
        ///
        /// ```text
        #[doc = concat!("#[", stringify!($method), "(\"/items/{id}\", tags = [\"items\"], status = 201)]")]
        /// ```
        ///
        /// After the path may stand, in any order: `tags = ["…"]`, `status = 201` (of the answer; 200 unless said),
        /// `operation_id = "…"` (the function's name unless said), `deprecated`, `callbacks = […]` (see `#[callback]`),
        /// `include_in_schema = false` (served, but not documented) or `audience = ["…"]` (documented for these readers
        /// only), `responses = { 404: "Not there", 409: (Failure, "Taken"), 201: { "headers": { … } } }` (more answers, or more
        /// of the answer) and `openapi_extra = { … }` (JSON that is merged into the operation).
        ///
        /// The first line of the function's documentation is the summary, the rest the description.
        ///
        /// On arguments: `#[query]`, `#[path]`, `#[header]`, `#[cookie]` and `#[form]` say where a value stands, and take
        /// in brackets `name = "…"` (where it is no name in Rust), `default = …`, FastAPI's rules
        /// `gt ge lt le multiple_of min_length max_length pattern min_items max_items unique_items format max_digits
        /// decimal_places past future aware naive strict` (a limit of a date, a time or a duration is a text, `ge = "2024-01-01"`), and `title description examples deprecated openapi_examples = { … } json_schema_extra = { … }`
        /// for the documentation; `dependency = 1` tells of it before the rest, as FastAPI does of what belongs to a dependency. An argument's own documentation is the
        /// parameter's description.
        #[proc_macro_attribute]
        pub fn $method(options: TokenStream, function: TokenStream) -> TokenStream {
            let kind = expand::Kind::Route(stringify!($method));
            expand::operation(kind, options.into(), &function.into()).into()
        }
    )*};
}

methods! { get post put patch delete head options trace }

/// Describes a request that this service sends to whoever has subscribed to it: `webhooks: [new_subscription]` of
/// [`plugin!`] puts it into the document. The function's arguments say what is sent (by POST), its result what is
/// expected; it is never called.
///
/// ```text
/// /// Somebody has subscribed
/// #[webhook("new-subscription")]
/// fn new_subscription(body: Json<Subscription>) {}
/// ```
#[proc_macro_attribute]
pub fn webhook(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::operation(expand::Kind::Sent, options.into(), &function.into()).into()
}

/// Describes a request that this service sends because of another: `callbacks = [done]` of an operation puts it into
/// the document. Its address is an expression of OpenAPI (`{$request.body#/url}`). The function is never called.
///
/// ```text
/// /// The order is on its way
/// #[callback("{$request.query.callback_url}/done")]
/// fn done(body: Json<Event>) {}
///
/// #[post("/orders", callbacks = [done])]
/// fn order(callback_url: Option<String>) {}
/// ```
#[proc_macro_attribute]
pub fn callback(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::operation(expand::Kind::Sent, options.into(), &function.into()).into()
}

/// Makes a function the plugin's own answer to what the host answers in its place: a path that is not there (404), a
/// request that does not fit the contract (422), a call that failed (500). It is listed among the routes, takes
/// `Json<ProblemDetails>`, and answers what any route may; the status stays the problem's unless the answer has another
/// than 200. If it fails, the host's own words go out.
///
/// ```text
/// #[on_problem]
/// fn page(problem: Json<ProblemDetails>) -> Html {
///     Html(format!("<h1>{} {}</h1>", problem.0.status, problem.0.title))
/// }
/// ```
#[proc_macro_attribute]
pub fn on_problem(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::operation(expand::Kind::Page, options.into(), &function.into()).into()
}

/// Makes an enum a set of answers, each variant with its `#[status(…)]`: see `switchback_sdk::Responses`.
#[proc_macro_derive(Responses, attributes(status, from, serde, schemars))]
pub fn responses(input: TokenStream) -> TokenStream {
    responses::derive(input.into()).into()
}

/// Makes a struct or an enum a type of JSON: derives `Serialize`, `Deserialize` and `JsonSchema`, and takes rules of
/// fields by the names that arguments have.
///
/// ```text
/// /// An item in the shop.
/// #[model]
/// struct Item {
///     #[field(min_length = 1, max_length = 50)]
///     name: String,
///     #[field(gt = 0)]
///     price: f64,
///     #[field(default = true)]
///     in_stock: bool,
/// }
/// ```
///
/// `#[field(…)]` takes what `#[query(…)]` does: `name`, `default`, `title`, `description`, `examples`, `deprecated`,
/// `json_schema_extra`, and the rules. A default is JSON that the type reads: `default = "1.50"` of a `Decimal`,
/// `default = "red"` of an enum. Attributes of serde and schemars may stand beside it. A crate that uses only `#[model]`
/// needs neither of them among its dependencies.
///
/// An enum of texts is one of JSON (`#[serde(rename_all = "lowercase")]`), one of numbers too: `enum Level { Low = 1, High = 2 }`.
/// With `#[serde(tag = "kind")]` it is one of several objects, told apart by that field.
#[proc_macro_attribute]
pub fn model(options: TokenStream, item: TokenStream) -> TokenStream {
    model::expand(&options.into(), &item.into()).into()
}

/// Makes the plugin: lists its routes, and exports the component.
///
/// ```text
/// plugin! {
///     title: "Shop",                                  // all but `routes` may be left out
///     version: "1.2.0",
///     summary: "Sells things",
///     description: include_str!("../README.md"),      // Markdown
///     terms_of_service: "https://shop.example/terms",
///     contact: { name: "Ann", url: "https://shop.example", email: "ann@shop.example" },
///     license: "MIT",                                 // or { name: "…", url: "…" }
///     servers: ["https://shop.example"],
///     external_docs: { url: "https://shop.example/docs", description: "More" },
///     openapi_tags: { "items": "What is sold." },     // what the tags mean; or ("What is sold.", "https://…")
///     separate_input_output_schemas: false,           // one schema of a type, as it is sent, in the document
///     tags: ["shop"],                                 // on each route
///     responses: { 503: "closed at night" },          // of each route
///     instances: 1,                                   // one instance, to keep state in memory
///     redirect_slashes: false,                        // `/items/` is another path than `/items`
///     strict_content_type: false,                     // a body without a media type is JSON
///     on_start: connect,                              // on each new instance, before its first call: `fn()`, or
///                                                     // `fn() -> Result<(), E>`; if it fails, it does not serve
///     on_stop: say_goodbye,                           // on an instance that serves no more: `fn()`
///     webhooks: [new_subscription],                   // see `#[webhook]`
///     routes: [create_item, admin::router()],
/// }
/// ```
///
/// `title`, `version` and `description` are the crate's name, version and description unless said. The macro makes
/// `fn plugin() -> Plugin`, for tests too. Two routes of one method and path, and two of one operation id, do not
/// compile.
#[proc_macro]
pub fn plugin(input: TokenStream) -> TokenStream {
    listing::plugin(input.into()).into()
}

/// Makes a router of a module: routes under one prefix, with what they share.
///
/// ```text
/// router! {
///     prefix: "/admin",                               // all but `routes` may be left out; its `{shop}` is an argument
///                                                     // of each route, `#[path] shop: u32`
///     tags: ["admin"],                                // added to those of each route
///     responses: { 403: "for admins only", 409: Failure },  // of each route, beside its own: as of an attribute
///     deprecated: true,
///     routes: [stats, users::router()],
/// }
/// ```
///
/// The macro makes `pub const fn router() -> Router`, to be listed as `admin::router()` by [`plugin!`] or by another
/// router. Routers nest: prefixes join, tags and answers add up.
#[proc_macro]
pub fn router(input: TokenStream) -> TokenStream {
    listing::router(input.into()).into()
}
