//! What is sent to a host to be served: a component, or a plugin's folder.

use std::path::Path;

use anyhow::Context;

use super::Sent;

/// A component as it is, or a plugin's folder as a form.
pub(crate) fn read(path: &Path) -> anyhow::Result<Sent> {
    let in_words = || format!("{} cannot be read", path.display());
    let mut beside = path.as_os_str().to_owned();
    beside.push(".minisig");
    let parts = match path.is_dir() {
        false if !Path::new(&beside).exists() => {
            let bytes = std::fs::read(path).with_context(in_words)?;
            return Ok((bytes.into(), "application/wasm"));
        }
        false => vec![(path.to_owned(), "component"), (beside.into(), "signature")],
        true => [
            ("plugin.wasm", "component"),
            ("openapi.json", "document"),
            ("plugin.toml", "settings"),
            ("plugin.wasm.minisig", "signature"),
        ]
        .map(|(file, field)| (path.join(file), field))
        .into(),
    };
    const BOUNDARY: &str = "switchback-boundary-5f1c9d0e7a";
    let mut form = Vec::new();
    for (file, field) in parts {
        let content = match std::fs::read(&file) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound && field != "component" => {
                continue;
            }
            read => read.with_context(|| format!("{} cannot be read", file.display()))?,
        };
        let head = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{field}\"\r\n\r\n"
        );
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(&content);
        form.extend_from_slice(b"\r\n");
    }
    for (name, content) in files(&path.join("static"))? {
        let head = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n"
        );
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(&content);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    Ok((
        form.into(),
        "multipart/form-data; boundary=switchback-boundary-5f1c9d0e7a",
    ))
}

/// The static files of a plugin's folder, by their paths in it; none where it has none.
fn files(folder: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, before)) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound && before.is_empty() => break,
            read => read.with_context(|| format!("{} cannot be read", folder.display()))?,
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.filter(|name| !name.contains(['"', '\\', '\r', '\n']));
            let name = name.with_context(|| {
                format!(
                    "{} has a name that cannot be sent; rename it",
                    path.display()
                )
            })?;
            let place = format!("{before}{name}");
            if name.starts_with('.') {
                continue;
            } else if path.symlink_metadata()?.is_symlink() {
                anyhow::bail!("{} is a link; links are not followed there", path.display());
            } else if path.is_dir() {
                folders.push((path, format!("{place}/")));
            } else {
                let content = std::fs::read(&path);
                let content =
                    content.with_context(|| format!("{} cannot be read", path.display()))?;
                files.push((place, content));
            }
        }
    }
    Ok(files)
}
