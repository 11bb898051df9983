//! Static files, of plugins and of folders of the configuration.

mod outside;
mod rules;
mod starlette;
mod swaps;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use switchback::{Config, FilesConfig, PluginConfig};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::{Client, Reply};

use crate::contracts;

fn guest(version: &str) -> Vec<u8> {
    blank(&contracts::of(&["version"]), version, Describe::Contract)
}

/// What a request for `target` gets.
async fn get(client: &mut Client, target: &str, headers: &[(&str, &str)]) -> Reply {
    client.send("GET", target, headers, "").await
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let place = folder.join(path);
        fs::create_dir_all(place.parent().expect("it is in a folder")).expect("a folder");
        fs::write(place, text).expect("it is written");
    }
}

/// `plugins.NAME.files`.
fn with_files(name: &str, files: FilesConfig) -> Config {
    let section = PluginConfig {
        files: Some(files),
        ..PluginConfig::default()
    };
    Config {
        plugins: BTreeMap::from([(name.to_owned(), section)]),
        ..Config::default()
    }
}

fn at(path: &str) -> FilesConfig {
    FilesConfig {
        path: path.into(),
        ..FilesConfig::default()
    }
}

/// A single-page app at the root.
fn page_app() -> FilesConfig {
    FilesConfig {
        path: "/".into(),
        html: true,
        fallback: "index.html".into(),
        cache_control: "no-cache".into(),
        immutable: vec!["assets/".into()],
    }
}
