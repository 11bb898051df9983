//! From operations to a component: `plugin!`, and the way between the generated types and ours.

use crate::bindings::exports::switchback::plugin::handler;
use crate::bindings::switchback::plugin::types;
use crate::{Body, Plugin, Response, Upload};

/// Makes the plugin: lists its routes, and exports the component.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// Say hello
/// #[get("/hello/{name}")]
/// fn hello(name: String) -> String {
///     format!("Hello {name}")
/// }
///
/// plugin! { title: "Hello", version: "1.2.0", description: "Greets.", routes: [hello] }
/// ```
///
/// `title`, `version` and `description` may be left out: they are then the crate's name, version and description. The
/// macro also makes `fn plugin() -> Plugin`, for tests.
#[macro_export]
macro_rules! plugin {
    (
        $(title: $title:expr,)?
        $(version: $version:expr,)?
        $(description: $description:expr,)?
        routes: [$($route:path),* $(,)?] $(,)?
    ) => {
        /// The plugin that this crate is.
        pub fn plugin() -> $crate::Plugin {
            const PLUGIN: $crate::Plugin = $crate::Plugin::new(
                $crate::__or!($($title)?, env!("CARGO_PKG_NAME")),
                $crate::__or!($($version)?, env!("CARGO_PKG_VERSION")),
                $crate::__or!($($description)?, env!("CARGO_PKG_DESCRIPTION")),
                &[$(<$route as $crate::Route>::OPERATION),*],
            );
            PLUGIN
        }

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exports;

            impl $crate::bindings::exports::switchback::plugin::contract::Guest for Exports {
                fn openapi() -> ::std::string::String {
                    plugin().openapi()
                }
            }

            impl $crate::bindings::exports::switchback::plugin::handler::Guest for Exports {
                fn handle(
                    request: $crate::bindings::exports::switchback::plugin::handler::Request,
                ) -> $crate::bindings::exports::switchback::plugin::handler::Answer {
                    $crate::__handle(&plugin(), request)
                }
            }

            $crate::bindings::export!(Exports with_types_in $crate::bindings);
        };
    };
}

/// The first of two expressions that is there.
#[doc(hidden)]
#[macro_export]
macro_rules! __or {
    (, $default:expr) => {
        $default
    };
    ($given:expr, $default:expr) => {
        $given
    };
}

/// Answers the host. What every call runs is `#[inline]`, from here on: it is then compiled with the plugin, for speed,
/// where the rest of the SDK is compiled for size.
#[doc(hidden)]
#[inline]
pub fn handle(plugin: &Plugin, request: handler::Request) -> handler::Answer {
    let body = match request.body {
        types::Body::Empty => Body::Empty,
        types::Body::Text(text) => Body::Text(text.data),
        types::Body::Bytes(bytes) => Body::Bytes(bytes.data),
        types::Body::Form(form) => Body::Form {
            fields: form.fields,
            files: uploads(form.files),
        },
        // No operation made by this SDK declares one yet.
        types::Body::Stream(_) => Body::Empty,
    };
    let Response {
        status,
        headers,
        body,
    } = plugin.handle(&request.operation, &request.params, &body);
    let body = if body.is_empty() {
        types::Payload::Empty
    } else {
        types::Payload::Bytes(body)
    };
    handler::Answer::Full(types::Response {
        status,
        headers,
        body,
    })
}

fn uploads(files: Vec<types::File>) -> Vec<Upload> {
    let told = files.into_iter().enumerate();
    told.map(|(index, file)| Upload::told(index, file))
        .collect()
}
