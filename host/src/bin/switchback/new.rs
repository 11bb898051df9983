//! `switchback new`: a folder with a plugin that compiles at once.

use std::io;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::carried::{dependency, text, write, write_scripted_sdk, write_sdk};
use crate::say;
use crate::settings::Wrong;

/// What a new plugin begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Template {
    /// Rust: two functions, with a path parameter, a query parameter and a body
    Hello,
    /// Rust: notes kept in memory, to create, list, read, replace, change and delete
    Crud,
    /// Python: the same, and more, with dataclasses
    Python,
    /// JavaScript: the same, and more, with schemas built by functions
    Javascript,
}

/// Names that cargo or rustc keep for themselves, or that a dependency has.
const TAKEN: [&str; 57] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "schemars",
    "self",
    "serde",
    "serde-json",
    "static",
    "std",
    "struct",
    "super",
    "switchback",
    "switchback-sdk",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "unsafe",
    "use",
    "where",
    "while",
];

/// Makes the folder; says what to do with it.
pub(crate) fn new(folder: &Path, template: Template) -> Result<ExitCode, Wrong> {
    let name = name(folder)?;
    if let Err(why) = std::fs::create_dir(folder) {
        let what = match why.kind() {
            io::ErrorKind::AlreadyExists => "it is there already; choose another name".into(),
            io::ErrorKind::NotFound => "the folder that it is to be in does not exist".into(),
            _ => format!("it cannot be made: {why}"),
        };
        return Err(Wrong(vec![format!("{}: {what}", folder.display())]));
    }
    if let Err(why) = fill(folder, name, template) {
        // Half a plugin would only be in the way of the next try.
        let _ = std::fs::remove_dir_all(folder);
        return Err(Wrong(vec![format!(
            "{}: it cannot be written: {why}",
            folder.display()
        )]));
    }
    let shown = folder.display();
    let edit = match template {
        Template::Hello | Template::Crud => "src/lib.rs",
        Template::Python => "main.py",
        Template::Javascript => "app.js",
    };
    say(
        &mut io::stdout(),
        &format!(
            "made {shown}, a plugin with the template `{}`\n\n    switchback dev {shown}      # serves it; then edit \
             {shown}/{edit} and save\n    switchback build {shown}    # makes {name}.wasm",
            template.name()
        ),
    );
    if matches!(template, Template::Hello | Template::Crud)
        && let Some(hint) = crates_missing(folder)
    {
        say(&mut io::stdout(), &format!("\n{hint}"));
    }
    Ok(ExitCode::SUCCESS)
}

impl Template {
    fn name(self) -> &'static str {
        match self {
            Template::Hello => "hello",
            Template::Crud => "crud",
            Template::Python => "python",
            Template::Javascript => "javascript",
        }
    }
}

/// The plugin's name is the folder's; cargo must take it, too.
fn name(folder: &Path) -> Result<&str, Wrong> {
    let name = folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let shaped = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 64
        && name
            .chars()
            .all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '-'));
    let what = if !shaped {
        "is no name for a plugin: take small letters, digits and `-`, a letter first, at most 64 of them"
    } else if TAKEN.contains(&name) {
        "is a word of Rust's or the name of a crate that a plugin uses: choose another"
    } else {
        return Ok(name);
    };
    Err(Wrong(vec![format!("`{}` {what}", folder.display())]))
}

fn fill(folder: &Path, name: &str, template: Template) -> io::Result<()> {
    let named = |path: &str| text(path).replace("NAME", name);
    match template {
        Template::Hello => {
            write(folder, "src/lib.rs", &named("templates/hello/lib.rs"))?;
            let tests = text("templates/hello/tests.rs").replace("CRATE", &name.replace('-', "_"));
            write(folder, "tests/routes.rs", &tests)?;
            fill_rust(folder, name)?;
        }
        Template::Crud => {
            write(folder, "src/lib.rs", text("templates/crud/lib.rs"))?;
            let own = format!("{}::plugin()", name.replace('-', "_"));
            let tests = text("templates/crud/tests.rs").replace("notes::plugin()", &own);
            write(folder, "tests/notes.rs", &tests)?;
            fill_rust(folder, name)?;
        }
        Template::Python => {
            write(folder, "main.py", text("templates/python/main.py"))?;
            write(folder, "README.md", &named("templates/python/README.md"))?;
            write_scripted_sdk(&folder.join(".switchback"), "python")?;
        }
        Template::Javascript => {
            for file in ["app.js", "package.json", "README.md"] {
                write(
                    folder,
                    file,
                    &named(&format!("templates/javascript/{file}")),
                )?;
            }
            write_scripted_sdk(&folder.join(".switchback"), "javascript")?;
        }
    }
    write(folder, ".gitignore", text("templates/gitignore"))
}

/// What every plugin in Rust has.
fn fill_rust(folder: &Path, name: &str) -> io::Result<()> {
    let mut manifest = text("templates/rust.toml").replace("NAME", name);
    for (place, crate_) in [
        ("SCHEMARS", "schemars"),
        ("SERDE_JSON", "serde_json"),
        ("SERDE", "serde"),
    ] {
        manifest = manifest.replace(&format!("\"{place}\""), &dependency(crate_));
    }
    write(folder, "Cargo.toml", &manifest)?;
    write(folder, "Cargo.lock", text("lock.toml"))?;
    write(folder, ".cargo/config.toml", text("cargo-config.toml"))?;
    let readme = text("templates/rust-README.md").replace("NAME", name);
    write(folder, "README.md", &readme)?;
    write_sdk(&folder.join(".switchback"))
}

/// Has cargo cut the lockfile to what the plugin needs, and asks it whether all of that is on this machine.
fn crates_missing(folder: &Path) -> Option<String> {
    let asked = Command::new("cargo")
        .args(["tree", "--offline", "--quiet", "--edges", "no-dev"])
        .args(["--target", "wasm32-wasip2"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match asked {
        Ok(status) if status.success() => None,
        Ok(_) => Some(
            "Some of its crates are not in cargo's cache: the first build downloads them, so it needs a network."
                .into(),
        ),
        Err(_) => Some("There is no cargo on this machine: install Rust from https://rustup.rs to build it.".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cargo_or_the_host_would_refuse_is_refused_at_once() {
        for good in ["shop", "my-shop-2", "a", "deep/down/shop"] {
            assert!(name(Path::new(good)).is_ok(), "{good}");
        }
        let long = "a".repeat(65);
        for bad in [
            "", "..", "2shop", "Shop", "my_shop", "größe", "fn", "serde", "test", &long,
        ] {
            assert!(name(Path::new(bad)).is_err(), "{bad}");
        }
    }
}
