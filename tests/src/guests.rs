//! Components for tests. `make guests test-guests` builds what is read here.

use std::path::{Path, PathBuf};

/// How a [`blank`] guest's `openapi()` behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Describe {
    /// Returns the contract.
    #[default]
    Contract,
    /// Traps.
    Trap,
    /// Computes for ever.
    Spin,
    /// It waits for ever.
    Wait,
    /// Takes memory until there is none left.
    Exhaust,
    /// Returns so many spaces.
    Bytes(usize),
    /// Returns a valid contract of so many operations.
    Operations(usize),
}

/// The most bytes that the contract of a [`blank`] guest may have.
pub const CONTRACT_BYTES: usize = 65_536;

/// A guest with any contract, made in microseconds by writing into the built component.
///
/// What an operation does, its `operationId` says: `tests/guests/blank/src/behaviour.rs` lists them (`trap`, `spin`,
/// `sleep`, …); an id it does not know is answered with `{"operation", "params", "body", "version"}`. An empty
/// `contract` leaves the built-in one: `GET /NAME?n=` for each behaviour. Different texts make different content, so
/// that the host sees another component.
///
/// ```no_run
/// use switchback_tests::guests::{Describe, blank, contract};
///
/// let first = blank(&contract(&[("get", "/version", "version")]), "1", Describe::Contract);
/// let liar = blank("not JSON", "1", Describe::Contract);
/// let silent = blank("", "1", Describe::Trap);
/// ```
///
/// # Panics
/// If the guest is not built, or a text does not fit its slot: `contract` 65,536 bytes, `version` 64.
pub fn blank(contract: &str, version: &str, describe: Describe) -> Vec<u8> {
    let mut component = built("target/test-guests/blank.wasm");
    fill(
        &mut component,
        b"\x01slot: contract:",
        CONTRACT_BYTES,
        contract,
    );
    fill(&mut component, b"\x01slot: version: ", 64, version);
    let describe = match describe {
        Describe::Contract => String::new(),
        Describe::Trap => "trap".into(),
        Describe::Spin => "spin".into(),
        Describe::Wait => "wait".into(),
        Describe::Exhaust => "exhaust".into(),
        Describe::Bytes(count) => format!("bytes {count}"),
        Describe::Operations(count) => format!("operations {count}"),
    };
    fill(&mut component, b"\x01slot: describe:", 64, &describe);
    component
}

/// What a [`hoard`] is made of beyond the least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hoard {
    /// Memories that nothing uses: each takes a place in the pool.
    pub memories: usize,
    /// Core instances that nothing uses.
    pub instances: usize,
    /// Pages of a further memory; none: no further memory.
    pub pages: usize,
}

/// A guest that keeps a secret wherever an instance can keep one, and says where it found any: the operations
/// `secrets`, `segments`, `stack` and `tables` of `tests/guests/hoard.wat`.
///
/// # Panics
/// If the contract has more than 90,000 bytes.
pub fn hoard(contract: &str, more: Hoard) -> Vec<u8> {
    assert!(contract.len() <= 90_000, "the contract is too long");
    let escaped = |bytes: &[u8]| {
        let mut text = String::new();
        for byte in bytes {
            text.push_str(&format!("\\{byte:02x}"));
        }
        text
    };
    let text = include_str!("../guests/hoard.wat")
        .replace(
            "{contract-length}",
            &escaped(&(contract.len() as u32).to_le_bytes()),
        )
        .replace("{contract}", &escaped(contract.as_bytes()))
        .replace("{memories}", &{
            let unused = "(memory 1) ".repeat(more.memories);
            match more.pages {
                0 => unused,
                pages => format!("{unused}(memory {pages})"),
            }
        })
        .replace(
            "{instances}",
            &"(core instance (instantiate $hoard)) ".repeat(more.instances),
        );
    wat::parse_str(&text).expect("the guest is written well")
}

/// A contract of operations without parameters and bodies: method (lower case), path, `operationId`.
pub fn contract(operations: &[(&str, &str, &str)]) -> String {
    let mut paths = serde_json::Map::new();
    for (method, path, id) in operations {
        let methods = paths.entry(*path).or_insert_with(|| serde_json::json!({}));
        methods[method] = serde_json::json!({
            "operationId": id,
            "responses": {"200": {"description": "ok"}},
        });
    }
    let info = serde_json::json!({"title": "Test", "version": "1"});
    serde_json::json!({"openapi": "3.1.0", "info": info, "paths": paths}).to_string()
}

/// A [`blank`] guest built for `switchback:plugin@0.2.0`.
pub fn of_another_version() -> Vec<u8> {
    let mut component = blank("", "1", Describe::Contract);
    for interface in [
        "types", "contract", "handler", "incoming", "outgoing", "log",
    ] {
        let name = format!("switchback:plugin/{interface}@0.1.0");
        let other = format!("switchback:plugin/{interface}@0.2.0");
        rename(&mut component, &name, &other);
    }
    component
}

/// A [`blank`] guest with the import `acme:database/queries@1.0.0`, which no host offers.
pub fn with_an_unknown_import() -> Vec<u8> {
    let mut component = blank("", "1", Describe::Contract);
    rename(
        &mut component,
        "switchback:plugin/log@0.1.0",
        "acme:database/queries@1.0.0",
    );
    component
}

/// A guest with the import `game:world/query@1.0.0`, as the game of `host/examples/embed.rs` offers it:
/// `GET /players` answers the list that `players` gives.
pub fn with_an_import_of_its_embedder() -> Vec<u8> {
    built("target/test-guests/world.wasm")
}

/// A guest that does as its test says when it begins and ends, by the import `test:living/script@1.0.0`: see
/// `tests/guests/living`. `GET /name` answers the name that the test gave it.
pub fn living() -> Vec<u8> {
    built("target/test-guests/living.wasm")
}

/// A guest written with the SDK that takes arguments from headers, cookies, forms, files and raw bytes.
pub fn inputs() -> Vec<u8> {
    built("target/test-guests/inputs.wasm")
}

/// A guest written with the SDK that has a page of its own for what the host answers in its place.
pub fn pages() -> Vec<u8> {
    built("target/test-guests/pages.wasm")
}

/// An app of `tests/guests/fastapi`, by the name of its example.
pub fn fastapi(app: &str) -> Vec<u8> {
    built(&format!("target/test-guests/fastapi/{app}.wasm"))
}

/// A standard component (`wasi:http` 0.2): what it does, the last segment of the path says; see
/// `tests/guests/standard/src/lib.rs`.
pub fn standard() -> Vec<u8> {
    built("target/test-guests/standard.wasm")
}

/// The same for `wasi:http` 0.3: see `tests/guests/service/src/lib.rs`.
pub fn service() -> Vec<u8> {
    built("target/test-guests/service.wasm")
}

/// A standard component made by a tool of others, where that can be had: see `tests/guests/others`.
pub fn standard_by(tool: &str) -> Option<Vec<u8>> {
    let path = format!("../target/test-guests/{tool}.wasm");
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// A component written as text.
///
/// # Panics
/// If it is written wrongly.
pub fn of_text(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the component is written well")
}

/// A component that is valid and has neither imports nor exports.
pub fn without_exports() -> Vec<u8> {
    b"\0asm\x0d\0\x01\0".to_vec()
}

/// A core module: WebAssembly, but no component.
pub fn core_module() -> Vec<u8> {
    b"\0asm\x01\0\0\0".to_vec()
}

/// The example `hello`: `GET /hello/{name}`.
pub fn hello() -> Vec<u8> {
    built("examples/dist/hello.wasm")
}

/// The example `items`: `POST /items/{id}`.
pub fn items() -> Vec<u8> {
    built("examples/dist/items.wasm")
}

/// The example `notes`: notes under `/notes`, kept in memory by its one instance.
pub fn notes() -> Vec<u8> {
    built("examples/dist/notes.wasm")
}

/// The example `streams`: `GET /clock` and `/primes`, answered piece by piece, `POST /count` and `/progress`, so read.
pub fn streams() -> Vec<u8> {
    built("examples/dist/streams.wasm")
}

/// An example's component, where `make guests` could build it: those in other languages need tools of their own.
pub fn built_if_there(example: &str) -> Option<Vec<u8>> {
    let path = format!("../examples/dist/{example}.wasm");
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

fn built(path: &str) -> Vec<u8> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}: run `make guests test-guests` first",
            path.display()
        )
    })
}

/// Writes into the slot that begins with `mark`: `tests/guests/blank/src/slot.rs` says how it is laid out.
fn fill(component: &mut [u8], mark: &[u8; 16], size: usize, text: &str) {
    assert!(
        text.len() <= size,
        "{} bytes do not fit a slot of {size}",
        text.len()
    );
    let found: Vec<_> = places(component, mark);
    let [at] = found[..] else {
        panic!(
            "{} slots {:?} instead of one",
            found.len(),
            String::from_utf8_lossy(mark)
        );
    };
    let (length, slot) = component[at + mark.len()..][..4 + size].split_at_mut(4);
    length.copy_from_slice(&(text.len() as u32).to_le_bytes());
    slot.fill(b' ');
    slot[..text.len()].copy_from_slice(text.as_bytes());
}

/// Renames wherever `name` stands; a component's names carry their lengths, so both must be as long.
fn rename(component: &mut [u8], name: &str, other: &str) {
    assert_eq!(
        name.len(),
        other.len(),
        "{name} and {other} differ in length"
    );
    for at in places(component, name.as_bytes()) {
        component[at..at + other.len()].copy_from_slice(other.as_bytes());
    }
}

fn places(component: &[u8], wanted: &[u8]) -> Vec<usize> {
    (0..component.len().saturating_sub(wanted.len()))
        .filter(|at| component[*at..].starts_with(wanted))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_takes_text_of_any_length_up_to_its_size() {
        let (short, long) = (
            blank("{}", "1", Describe::Contract),
            "x".repeat(CONTRACT_BYTES),
        );
        let full = blank(&long, "1", Describe::Contract);
        assert_eq!(short.len(), full.len());
        assert_eq!(places(&full, long.as_bytes()).len(), 1);
    }

    #[test]
    fn a_renamed_interface_is_nowhere_called_by_its_old_name() {
        assert!(places(&of_another_version(), b"switchback:plugin/handler@0.1.0").is_empty());
        assert!(places(&with_an_unknown_import(), b"switchback:plugin/log@0.1.0").is_empty());
    }
}
