//! What the program carries so that a plugin can be written with nothing but it: the SDK's sources, those of the host
//! that a plugin's native tests need, the lockfile that both were tested with, and the templates.
//!
//! The folder `carried` holds links into the repository, so there is one copy of everything; manifests have other names
//! there, since `cargo package` leaves out folders that hold a `Cargo.toml`.

use std::io;
use std::path::Path;

use include_dir::{Dir, include_dir};
use toml::{Table, Value};

static CARRIED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/carried");

/// Folders of the host's sources that are not needed where it does not run: the feature `runtime` guards them.
const NOT_IN_TESTS: [&str; 5] = ["bin", "docs", "runtime", "server", "watch"];

/// A carried file as text.
pub(crate) fn text(path: &str) -> &'static str {
    CARRIED
        .get_file(path)
        .and_then(|file| file.contents_utf8())
        .expect("only files that are carried are asked for")
}

/// The version of a dependency, and its features, as the workspace has it: what stands behind `serde =`.
pub(crate) fn dependency(name: &str) -> String {
    workspace()["workspace"]["dependencies"][name].to_string()
}

/// Writes the SDK for Python, or that for JavaScript.
pub(crate) fn write_scripted_sdk(to: &Path, language: &str) -> io::Result<()> {
    // Where the repository was worked in, there are what its own tests have left.
    write_folder(to, language, &["__pycache__", "node_modules"])
}

/// Writes the SDK for Rust as a workspace of its own.
pub(crate) fn write_sdk(to: &Path) -> io::Result<()> {
    let mut root = workspace();
    let inner = section(&mut root, "workspace");
    let members = ["guest-sdk", "guest-sdk/macros", "host"];
    inner.insert("members".into(), members.map(Value::from).to_vec().into());
    inner.remove("default-members");
    inner.remove("exclude");
    root.remove("profile");
    write(to, "Cargo.toml", &root.to_string())?;

    write(to, "guest-sdk/Cargo.toml", text("guest-sdk/manifest.toml"))?;
    write(
        to,
        "guest-sdk/macros/Cargo.toml",
        text("guest-sdk/macros/manifest.toml"),
    )?;
    for folder in ["guest-sdk/src", "guest-sdk/wit", "guest-sdk/macros/src"] {
        write_folder(to, folder, &[])?;
    }

    let mut host = parse("host/manifest.toml");
    // Its program and its tests are not here.
    for targets in ["bin", "test", "example", "bench"] {
        host.remove(targets);
    }
    write(to, "host/Cargo.toml", &host.to_string())?;
    write_folder(to, "host/src", &NOT_IN_TESTS)
}

/// Writes one file, with the folders that it is in.
pub(crate) fn write(to: &Path, file: &str, text: &str) -> io::Result<()> {
    let file = to.join(file);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, text)
}

fn write_folder(to: &Path, folder: &str, without: &[&str]) -> io::Result<()> {
    let folder = CARRIED
        .get_dir(folder)
        .expect("only folders that are carried are asked for");
    write_all(to, folder, without)
}

fn write_all(to: &Path, folder: &Dir<'_>, without: &[&str]) -> io::Result<()> {
    std::fs::create_dir_all(to.join(folder.path()))?;
    for file in folder.files() {
        std::fs::write(to.join(file.path()), file.contents())?;
    }
    for inner in folder.dirs() {
        let named = |name: &&str| inner.path().ends_with(name);
        if !without.iter().any(named) {
            write_all(to, inner, without)?;
        }
    }
    Ok(())
}

fn workspace() -> Table {
    parse("workspace.toml")
}

fn parse(path: &str) -> Table {
    text(path)
        .parse()
        .expect("cargo has read these manifests to build this program")
}

fn section<'a>(table: &'a mut Table, name: &str) -> &'a mut Table {
    table
        .get_mut(name)
        .and_then(Value::as_table_mut)
        .expect("the workspace has this section")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_of_ones_own_is_optimised_as_the_examples_are() {
        let mut guest = workspace()["profile"]["guest"].clone();
        guest.as_table_mut().unwrap().remove("inherits");
        assert_eq!(parse("templates/rust.toml")["profile"]["release"], guest);
    }
}
