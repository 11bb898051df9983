//! When a component does not fit, why: which interface or version, what this host offers instead, what to rebuild with.

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use super::state::GuestState;
use crate::error::{Error, ErrorKind};

const PACKAGE: &str = "switchback:plugin";
const SERVED: &str = "0.1";
const OFFER: &str = "this host offers switchback:plugin@0.1 (incoming, outgoing, log) and WASI 0.2 without files or sockets";

/// Compiles a component, or says what the bytes are instead of one.
pub(super) fn compile(engine: &Engine, bytes: &[u8]) -> Result<Component, Error> {
    let refuse = |why: String| Err(Error::new(ErrorKind::Component, why));
    match bytes {
        [] => return refuse("the file is empty: build the plugin again".into()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            return refuse(
                "this is a core WebAssembly module, not a component: build it for the target wasm32-wasip2".into(),
            );
        }
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => {}
        [0, b'a', b's', b'm', ..] => {
            return refuse(
                "this is WebAssembly of a version that this host does not know: build it for the target wasm32-wasip2"
                    .into(),
            );
        }
        _ => {
            return refuse(
                "this is no WebAssembly component: its first bytes are not `\\0asm`; build it for the target \
                 wasm32-wasip2"
                    .into(),
            );
        }
    }
    Component::from_binary(engine, bytes).map_err(|error| {
        let text = format!("{error:#}");
        let hint = if text.contains("async") {
            "it needs WASI 0.3's async support, which this host does not serve yet: build it without (componentize-qjs \
             has `--sync`)"
        } else {
            "the file is damaged or was made by a tool that this host does not know; build it again"
        };
        Error::with_source(ErrorKind::Component, format!("the component cannot be compiled ({}): {hint}", one_line(&text)), error)
    })
}

/// wasmtime's words in one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Links a component, or says which import nobody offers. Imports in `allowed` are taken as there: they trap.
pub(super) fn link(
    linker: &Linker<GuestState>,
    component: &Component,
    allowed: &[String],
) -> Result<InstancePre<GuestState>, Error> {
    let mut linker = linker.clone();
    let engine = component.engine();
    let imports: Vec<_> = component
        .component_type()
        .imports(engine)
        .map(|(name, item)| (name.to_owned(), item.ty))
        .collect();
    for (name, item) in &imports {
        let wanted = allowed.iter().any(|allow| {
            name == allow
                || name
                    .strip_prefix(allow.as_str())
                    .is_some_and(|rest| rest.starts_with('@'))
        });
        if let (true, ComponentItem::ComponentInstance(interface)) = (wanted, item) {
            linker.allow_shadowing(true);
            let mut stub = linker
                .instance(name)
                .map_err(|error| refuse_import(name, &error))?;
            for (function, item) in interface.exports(engine) {
                if matches!(item.ty, ComponentItem::ComponentFunc(_)) {
                    stub.func_new(function, |_, _, _, _| {
                        Err(wasmtime::format_err!("this import is only taken as there"))
                    })
                    .map_err(|error| refuse_import(name, &error))?;
                }
            }
        }
    }
    linker.instantiate_pre(component).map_err(|error| {
        let text = format!("{error:#}");
        // wasmtime names the import between backticks.
        let named = imports
            .iter()
            .map(|(name, _)| name)
            .find(|name| text.contains(&format!("`{name}`")));
        match named {
            Some(name) => refuse_import(name, &error),
            None => Error::new(
                ErrorKind::Interface,
                format!(
                    "the component cannot be linked ({}): {OFFER}",
                    one_line(&text)
                ),
            ),
        }
    })
}

fn refuse_import(name: &str, error: &wasmtime::Error) -> Error {
    let (interface, version) = name.rsplit_once('@').unwrap_or((name, ""));
    let message = if interface.starts_with(&format!("{PACKAGE}/")) && !fits(version) {
        built_for(version)
    } else if interface.starts_with(&format!("{PACKAGE}/"))
        || (interface.starts_with("wasi:") && offered(interface) && version.starts_with("0.2."))
    {
        let cause = one_line(&error.root_cause().to_string());
        format!(
            "component imports `{name}` with something that this host's does not have ({cause}): rebuild it against the interface in `wit/`"
        )
    } else if interface.starts_with("wasi:http/") {
        format!("component imports `{name}`: outbound HTTP is not granted to plugins; {OFFER}")
    } else if interface.starts_with("wasi:") {
        format!(
            "component imports `{name}`, which this host does not offer: {OFFER}; build for WASI 0.2"
        )
    } else {
        format!(
            "component imports `{name}`, which nobody offers here: {OFFER}; if a program around the host is to offer it, check with `--allow-import {interface}`"
        )
    };
    Error::new(ErrorKind::Interface, message)
}

fn offered(interface: &str) -> bool {
    [
        "wasi:cli/",
        "wasi:clocks/",
        "wasi:filesystem/",
        "wasi:io/",
        "wasi:random/",
        "wasi:sockets/",
    ]
    .iter()
    .any(|package| interface.starts_with(package))
}

fn fits(version: &str) -> bool {
    version
        .strip_prefix(SERVED)
        .is_some_and(|rest| rest.starts_with('.'))
}

fn built_for(version: &str) -> String {
    format!(
        "component was built for {PACKAGE}@{version}; this host serves {SERVED}.x: rebuild it with switchback-sdk {SERVED}"
    )
}

/// The function that a plugin has to export, or what is there instead.
pub(super) fn export(
    component: &Component,
    interface: &str,
    function: &str,
) -> Result<ComponentExportIndex, Error> {
    let found = component
        .get_export_index(None, interface)
        .and_then(|instance| component.get_export_index(Some(&instance), function));
    found.ok_or_else(|| {
        let wanted = interface.split('@').next().unwrap_or(interface);
        let ty = component.component_type();
        let names: Vec<&str> = ty.exports(component.engine()).map(|(name, _)| name).collect();
        let other = names.iter().find_map(|name| name.strip_prefix(wanted)?.strip_prefix('@'));
        let message = match other {
            Some(version) if !fits(version) => built_for(version),
            Some(_) => format!("component exports `{wanted}` without its function `{function}`: rebuild it with switchback-sdk {SERVED}"),
            None if names.iter().any(|name| name.starts_with("wasi:http/")) => format!(
                "component exports no `{interface}` but `wasi:http`: such components are not served yet; build it with switchback-sdk {SERVED}"
            ),
            None => format!(
                "component exports no `{interface}` (it exports {}): list the plugin's routes with `plugin!` of switchback-sdk {SERVED}",
                if names.is_empty() { "nothing".into() } else { shorten(&names) }
            ),
        };
        Error::new(ErrorKind::Interface, message)
    })
}

fn shorten(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(4)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > 4 {
        format!(" and {} more", names.len() - 4)
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}
