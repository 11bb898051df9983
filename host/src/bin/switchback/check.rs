//! `switchback check` and `switchback openapi`: components as the host sees them, without serving.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use switchback::{Change, Component, Config, Host, PluginStatus};

use crate::say;
use crate::settings::Wrong;

/// Loads each plugin by itself and prints what would be served.
pub(crate) async fn check(
    config: Config,
    files: &[PathBuf],
    allowed: &[String],
) -> Result<ExitCode, Wrong> {
    let host = Host::new(config)?;
    let mut wrong = Vec::new();
    for file in files {
        let checked = match read(file) {
            Ok((name, component)) => host
                .check(&name, component, allowed)
                .await
                .map_err(|error| error.to_string()),
            Err(why) => Err(why),
        };
        match checked {
            Ok(status) => say(&mut io::stdout(), &describe(file, &status)),
            Err(why) => wrong.push(format!("{}: {why}", file.display())),
        }
    }
    if wrong.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(Wrong(wrong))
    }
}

/// Prints the merged document of all files, or why there is none.
pub(crate) async fn openapi(config: Config, files: &[PathBuf]) -> Result<ExitCode, Wrong> {
    let host = Host::new(config)?;
    let wrong = deploy(&host, files).await;
    if !wrong.is_empty() {
        return Err(Wrong(wrong));
    }
    let mut stdout = io::stdout();
    // That the reader has gone is its own affair.
    let _ = stdout
        .write_all(&host.openapi())
        .and_then(|()| stdout.write_all(b"\n"));
    Ok(ExitCode::SUCCESS)
}

/// Deploys all files together; what is wrong with which.
pub(crate) async fn deploy(host: &Host, files: &[PathBuf]) -> Vec<String> {
    let mut changes = Vec::new();
    let mut wrong = Vec::new();
    for file in files {
        match read(file) {
            Ok((name, component)) => changes.push(Change::Deploy { name, component }),
            Err(why) => wrong.push(format!("{}: {why}", file.display())),
        }
    }
    let applied = host.apply(changes).await;
    let refused = applied
        .outcomes
        .iter()
        .filter_map(|(name, outcome)| Some(format!("{name}: {}", outcome.as_ref().err()?)));
    wrong.extend(refused);
    wrong
}

/// A plugin's file or folder, and the name that it gives the plugin.
pub(crate) fn read(path: &Path) -> Result<(String, Component), String> {
    Component::read(path).map_err(|why| why.to_string())
}

pub(crate) fn describe(file: &Path, status: &PluginStatus) -> String {
    let operations = match status.operations.as_slice() {
        [(method, ..)] if method == "*" => "every path".into(),
        [_] => "1 operation".into(),
        many => format!("{} operations", many.len()),
    };
    let mut text = format!("{}: plugin `{}`, {operations}", file.display(), status.name);
    if status.interface.starts_with("wasi:http") || status.concurrent {
        let engine = match status.concurrent {
            true => "on the engine for components with tasks of their own",
            false => "on the quick engine",
        };
        text.push_str(&format!(", by {} {engine}", status.interface));
    }
    let width = status
        .operations
        .iter()
        .map(|(_, path, _)| path.len())
        .max()
        .unwrap_or(0);
    for (method, path, operation) in &status.operations {
        let method = method.as_str();
        text.push_str(&format!("\n  {method:<7} {path:<width$}  {operation}"));
    }
    if let Some((path, count)) = &status.files {
        let files = if *count == 1 { "file" } else { "files" };
        text.push_str(&format!("\n  {count} static {files} at {path}"));
    }
    for warning in &status.warnings {
        text.push_str(&format!("\n  warning: {warning}"));
    }
    text
}
