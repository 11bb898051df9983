//! The interface in `wit/` as Rust types: generated, and the only place that names wit-bindgen.
//!
//! Authors never need it: `plugin!` exports through it, and every other module has plain types of its own.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "wit",
    world: "plugin",
    pub_export_macro: true,
    default_bindings_module: "switchback_sdk::bindings",
});

/// What only plugins with `on_start` or `on_stop` export, so that others do not.
pub mod lifecycle {
    wit_bindgen::generate!({
        path: "wit",
        inline: "package switchback:sdk; world lifecycle { export switchback:plugin/lifecycle@0.1.0; }",
        world: "switchback:sdk/lifecycle",
        pub_export_macro: true,
        default_bindings_module: "switchback_sdk::bindings::lifecycle",
    });
}
