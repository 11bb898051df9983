//! A folder in which somebody writes a plugin.

use std::io;
use std::path::{Path, PathBuf};

use toml::Table;

/// The folder, the plugin's name and the language.
pub(crate) struct Project {
    /// As it was typed.
    pub(crate) shown: String,
    /// Absolute.
    pub(crate) folder: PathBuf,
    pub(crate) name: String,
    pub(crate) language: Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    Python,
    JavaScript,
}

impl Project {
    /// Looks at what is in the folder. A Rust plugin is called as its package is, any other as its folder.
    pub(crate) fn open(folder: &Path) -> Result<Project, String> {
        let shown = folder.display().to_string();
        let folder = folder.canonicalize().map_err(|why| match why.kind() {
            io::ErrorKind::NotFound => {
                format!("{shown}: there is no such folder; `switchback new {shown}` makes one")
            }
            _ => format!("{shown}: it cannot be read: {why}"),
        })?;
        let has = |file: &str| folder.join(file).is_file();
        let language = if has("Cargo.toml") {
            Language::Rust
        } else if has("main.py") || has("app.py") {
            Language::Python
        } else if has("package.json") || has("app.js") {
            Language::JavaScript
        } else {
            return Err(format!(
                "{shown}: this is no plugin's folder: it has neither a Cargo.toml nor a main.py nor a package.json; \
                 `switchback new` makes one that has"
            ));
        };
        let name = match language {
            Language::Rust => package_name(&folder.join("Cargo.toml"))
                .map_err(|why| format!("{shown}/Cargo.toml: {why}"))?,
            Language::Python | Language::JavaScript => folder
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
        };
        Ok(Project {
            shown,
            folder,
            name,
            language,
        })
    }

    /// A folder of the SDK that the project carries.
    pub(crate) fn sdk(&self, name: &str) -> Result<PathBuf, String> {
        let sdk = self.folder.join(".switchback").join(name);
        if sdk.is_dir() {
            Ok(sdk)
        } else {
            Err(format!(
                "{}: it has no .switchback/{name}; make a new plugin by `switchback new --template {name}`, and move \
                 its .switchback here",
                self.shown
            ))
        }
    }
}

fn package_name(manifest: &Path) -> Result<String, String> {
    let text =
        std::fs::read_to_string(manifest).map_err(|why| format!("it cannot be read: {why}"))?;
    let table: Table = text
        .parse()
        .map_err(|why: toml::de::Error| format!("it is no TOML: {}", why.message()))?;
    let name = table
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(|name| name.as_str())
        .ok_or("it names no package; name the folder of the plugin itself, not of its workspace")?;
    Ok(name.replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_plugin_is_told_what_it_lacks() {
        let folder = std::env::temp_dir();
        let refused = Project::open(&folder.join("there-is-no-such-folder")).err();
        assert!(refused.is_some_and(|why| why.contains("there is no such folder")));
    }
}
