//! When a component does not fit, why: which interface or version, what this host offers instead, what to rebuild with.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use super::bindings::{CONTRACT, HANDLER, LIFECYCLE};
use super::code::{Entry, Exports, Lifecycle};
use super::engine::{Calls, Machines};
use super::state::GuestState;
use crate::config::Isolation;
use crate::error::{Error, ErrorKind};

const PACKAGE: &str = "switchback:plugin";
const SERVED: &str = "0.1";
const OFFER: &str = "this host offers switchback:plugin@0.1 (incoming, outgoing, log) and WASI 0.2 and 0.3 without files, sockets or outbound HTTP";

/// Compiles a component on the engine that it needs, or says what the bytes are instead of one.
pub(super) fn compile(
    machines: &Machines,
    isolation: Isolation,
    bytes: &[u8],
) -> Result<(Component, Calls), Error> {
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
    let compile = |calls| {
        let machine = machines.get(calls, isolation)?;
        Ok::<_, Error>(Component::from_binary(&machine.engine, bytes))
    };
    let mut calls = Calls::Plain;
    let mut compiled = compile(calls)?;
    let needs_tasks = match &compiled {
        // So says validation, before anything is compiled.
        Err(error) => format!("{error:#}").contains("component model async"),
        // Not all functions of WASI 0.3 are async, but all are linked where its others are.
        Ok(component) => {
            let ty = component.component_type();
            let mut imports = ty.imports(component.engine());
            imports.any(|(name, _)| name.starts_with("wasi:") && name.contains("@0.3."))
        }
    };
    if needs_tasks {
        calls = Calls::Concurrent;
        compiled = compile(calls)?;
    }
    match compiled {
        Ok(component) => Ok((component, calls)),
        Err(error) => {
            let text = one_line(&format!("{error:#}"));
            let message = format!(
                "the component cannot be compiled ({text}): the file is damaged or was made by a tool that this host \
                 does not know; build it again"
            );
            Err(Error::with_source(ErrorKind::Component, message, error))
        }
    }
}

/// wasmtime's words in one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Links a component and looks at what it exports, or says what does not fit; of one with a contract also the function
/// that tells it.
pub(super) fn link(
    linker: &Linker<GuestState>,
    component: &Component,
    allowed: &[String],
) -> Result<(Entry, Option<ComponentExportIndex>), Error> {
    let pre = link_imports(linker, component, allowed)?;
    let exports = |interface: &str| component.get_export_index(None, interface).is_some();
    let wrong = |error: wasmtime::Error| {
        let text = one_line(&format!("{error:#}"));
        let message = format!(
            "its `wasi:http` export is not as the standard has it ({text}): build it again"
        );
        Error::with_source(ErrorKind::Interface, message, error)
    };
    if exports(HTTP_03) && !exports(HANDLER) {
        return Ok((Entry::Http03(ServicePre::new(pre).map_err(wrong)?), None));
    }
    if exports(HTTP_02) && !exports(HANDLER) {
        return Ok((Entry::Http02(ProxyPre::new(pre).map_err(wrong)?), None));
    }
    let lifecycle = match exports(LIFECYCLE) {
        true => Some(Lifecycle {
            on_start: export(component, LIFECYCLE, "on-start")?,
            on_stop: export(component, LIFECYCLE, "on-stop")?,
        }),
        false => None,
    };
    let plugin = Exports {
        handle: export(component, HANDLER, "handle")?,
        lifecycle,
    };
    let openapi = export(component, CONTRACT, "openapi")?;
    Ok((Entry::Plugin(pre, plugin), Some(openapi)))
}

/// What standard components export, of either version; later ones of the same are found by it too.
const HTTP_02: &str = "wasi:http/incoming-handler@0.2.0";
const HTTP_03: &str = "wasi:http/handler@0.3.0";

/// Imports in `allowed` are taken as there: they trap.
fn link_imports(
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
        || (interface.starts_with("wasi:")
            && offered(interface)
            && ["0.2.", "0.3."].iter().any(|of| version.starts_with(of)))
    {
        let cause = one_line(&error.root_cause().to_string());
        format!(
            "component imports `{name}` with something that this host's does not have ({cause}): rebuild it against the interface in `wit/`"
        )
    } else if interface.starts_with("wasi:") {
        format!(
            "component imports `{name}`, which this host does not offer: {OFFER}; build for one of these"
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
        "wasi:http/",
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
fn export(
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
            None if let Some(name) = names.iter().find(|name| name.starts_with("wasi:http/")) => format!(
                "component exports `{name}`: of standard components this host serves `wasi:http/incoming-handler@0.2.x` and `wasi:http/handler@0.3.x`; build it for one of those"
            ),
            None => format!(
                "component exports no `{interface}` and no handler of `wasi:http` (it exports {}): list the plugin's routes with `plugin!` of switchback-sdk {SERVED}",
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
