//! `switchback routes`: what some components serve together, as a table.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};
use switchback::{Config, Host, Limits};

use crate::check::deploy;
use crate::say;
use crate::settings::Wrong;

/// One line of the table.
struct Route {
    method: String,
    path: String,
    operation: String,
    plugin: String,
    limits: Limits,
}

/// Prints the routes of all these plugins, or of those in the folders among them, as they would be served together.
pub(crate) async fn routes(
    config: Config,
    places: &[PathBuf],
    as_json: bool,
) -> Result<ExitCode, Wrong> {
    let host = Host::new(config)?;
    let mut wrong = Vec::new();
    let mut files = Vec::new();
    for place in places {
        match components(place) {
            Err(why) => wrong.push(why),
            Ok(found) => files.extend(found),
        }
    }
    wrong.extend(deploy(&host, &files).await);
    let routes: Vec<Route> = host
        .plugins()
        .into_iter()
        .flat_map(|plugin| {
            let limits = plugin.limits;
            plugin
                .operations
                .into_iter()
                .map(move |(method, path, operation)| Route {
                    method: method.to_string(),
                    path,
                    operation,
                    plugin: plugin.name.clone(),
                    limits: limits.clone(),
                })
        })
        .collect();
    let text = if as_json {
        format!(
            "{:#}",
            Value::Array(routes.iter().map(Route::json).collect())
        )
    } else {
        table(&routes, io::stdout().is_terminal())
    };
    // What can be served is told also beside what cannot.
    if !text.is_empty() {
        say(&mut io::stdout(), &text);
    }
    if wrong.is_empty() {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(Wrong(wrong))
    }
}

impl Route {
    fn json(&self) -> Value {
        json!({
            "method": self.method,
            "path": self.path,
            "operation": self.operation,
            "plugin": self.plugin,
            "limits": {
                "cpu_ms": self.limits.cpu_ms,
                "time_ms": self.limits.time_ms,
                "memory_bytes": self.limits.memory_bytes,
                "concurrency": self.limits.concurrency,
            },
        })
    }
}

/// The plugin itself, or all plugins of a folder.
fn components(place: &Path) -> Result<Vec<PathBuf>, String> {
    let is_plugin = |path: &Path| path.join("plugin.wasm").is_file();
    if !place.is_dir() || is_plugin(place) {
        return Ok(vec![place.into()]);
    }
    let cannot = |why: io::Error| format!("{}: it cannot be read: {why}", place.display());
    let mut plugins = Vec::new();
    for entry in std::fs::read_dir(place).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let is_file = path.extension().is_some_and(|suffix| suffix == "wasm") && path.is_file();
        // Where there are both, the host takes the file.
        if is_file || is_plugin(&path) && !path.with_extension("wasm").exists() {
            plugins.push(path);
        }
    }
    plugins.sort();
    if plugins.is_empty() {
        return Err(format!(
            "{}: there is no NAME.wasm in this folder, and no NAME/plugin.wasm; `switchback build` makes one",
            place.display()
        ));
    }
    Ok(plugins)
}

fn table(routes: &[Route], on_terminal: bool) -> String {
    if routes.is_empty() {
        return String::new();
    }
    let heads = [
        "METHOD",
        "PATH",
        "OPERATION",
        "PLUGIN",
        "CPU",
        "TIME",
        "MEMORY",
        "AT ONCE",
    ];
    let rows: Vec<[String; 8]> = routes
        .iter()
        .map(|route| {
            let limits = &route.limits;
            [
                route.method.clone(),
                route.path.clone(),
                route.operation.clone(),
                route.plugin.clone(),
                time(limits.cpu_ms),
                time(limits.time_ms),
                memory(limits.memory_bytes),
                limits.concurrency.to_string(),
            ]
        })
        .collect();
    aligned(heads, &rows, on_terminal)
}

/// Columns as wide as their widest cell, under bold heads where somebody looks.
pub(crate) fn aligned<const N: usize>(
    heads: [&str; N],
    rows: &[[String; N]],
    on_terminal: bool,
) -> String {
    let widths: Vec<usize> = (0..N)
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([heads[column].len()]).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: [&str; N]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        line.trim_end().to_owned()
    };
    let head = line(heads);
    let mut lines = vec![if on_terminal {
        format!("\x1b[1m{head}\x1b[0m")
    } else {
        head
    }];
    lines.extend(
        rows.iter()
            .map(|row| line(row.each_ref().map(String::as_str))),
    );
    lines.join("\n")
}

pub(crate) fn time(ms: u64) -> String {
    match ms {
        1_000.. if ms.is_multiple_of(1_000) => format!("{} s", ms / 1_000),
        _ => format!("{ms} ms"),
    }
}

pub(crate) fn memory(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    UNITS
        .iter()
        .find(|(size, _)| bytes >= *size && bytes.is_multiple_of(*size))
        .map_or(format!("{bytes} B"), |(size, unit)| {
            format!("{} {unit}", bytes / size)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_in_the_largest_unit_that_says_them_whole() {
        assert_eq!(
            [time(50), time(1_500), time(30_000)],
            ["50 ms", "1500 ms", "30 s"]
        );
        assert_eq!(
            [
                memory(100),
                memory(64 << 20),
                memory(1 << 30),
                memory(1_500 << 10)
            ],
            ["100 B", "64 MiB", "1 GiB", "1500 KiB"]
        );
    }

    #[test]
    fn the_columns_of_a_table_are_as_wide_as_their_widest_cell() {
        let route = |path: &str| Route {
            method: "GET".into(),
            path: path.into(),
            operation: "hello".into(),
            plugin: "shop".into(),
            limits: Limits {
                cpu_ms: 50,
                ..Limits::default()
            },
        };
        let table = table(&[route("/"), route("/größe/{name}")], false);
        let starts: Vec<Option<usize>> = table
            .lines()
            .skip(1)
            .map(|line| {
                line.split("hello")
                    .next()
                    .map(|before| before.chars().count())
            })
            .collect();
        assert_eq!(starts[0], starts[1], "{table}");
        assert!(!table.contains('\x1b'));
    }
}
