//! The house's own rules, read off its sources.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn each_large_dependency_is_named_in_one_room() {
    let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src");
    let mut found = Vec::new();
    sources(&host, &mut found);
    assert!(found.len() > 30, "the sources were not found");
    let rooms = [
        ("wasmtime", "runtime/"),
        ("hyper", "server/"),
        ("rustls", "server/"),
        ("jsonschema", "schema/"),
        ("clap", "bin/"),
    ];
    let mut broken = Vec::new();
    for path in found {
        let room = path
            .strip_prefix(&host)
            .expect("it is under it")
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&path).expect("a source");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for (name, home) in rooms {
                // `lib.rs` re-exports wasmtime for embedders.
                let used =
                    code.contains(&format!("{name}::")) || code.contains(&format!("use {name}"));
                // The program's own client of the operator's API is the one other place for hyper.
                let elsewhere =
                    room == "lib.rs" || room == "bin/switchback/remote.rs" && name == "hyper";
                if used && !room.starts_with(home) && !elsewhere {
                    broken.push(format!("{room}:{}: {line}", number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
