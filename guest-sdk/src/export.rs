//! From a plugin to a component: its exports, and the way between the generated types and ours.

use crate::bindings::exports::switchback::plugin::handler;
use crate::bindings::switchback::plugin::types;
use crate::{Body, Plugin, Response, Upload};

/// Exports `plugin()` as a component.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($plugin:ident) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exports;

            impl $crate::bindings::exports::switchback::plugin::contract::Guest for Exports {
                fn openapi() -> ::std::string::String {
                    $plugin().openapi()
                }
            }

            impl $crate::bindings::exports::switchback::plugin::handler::Guest for Exports {
                fn handle(
                    request: $crate::bindings::exports::switchback::plugin::handler::Request,
                ) -> $crate::bindings::exports::switchback::plugin::handler::Answer {
                    $crate::__handle(&$plugin(), request)
                }
            }

    $crate::bindings::export!(Exports with_types_in $crate::bindings);
        };
    };
}

/// Answers the host. What every call runs is `#[inline]`, from here on: it is then compiled with the plugin.
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
        types::Body::Stream(media_type) => Body::Stream(media_type),
    };
    let answer = plugin.handle(&request.operation, &request.params, &body);
    let Some(Response {
        status,
        headers,
        body,
        ..
    }) = answer.sent()
    else {
        return handler::Answer::Streamed;
    };
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
