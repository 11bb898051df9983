//! Clients that others' tools generate from the merged document.

use std::path::Path;

use switchback::Config;
use switchback_tests::guests::{hello, items};
use switchback_tests::harness::target;
use switchback_tests::{Harness, tools};
use tokio::process::Command;

async fn examples() -> Harness {
    let harness = Harness::with(Config::default()).await;
    harness.deploy("hello", hello()).await.expect("served");
    harness.deploy("items", items()).await.expect("served");
    harness
}

/// Runs a program to its end.
///
/// # Panics
/// If it fails: with what it wrote.
async fn run(program: &Path, folder: &Path, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .kill_on_drop(true)
        .output()
        .await
        .expect("the program can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success(),
        "{program:?} {arguments:?}: {}\n{out}{err}",
        output.status
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_typescript_generated_from_the_document_compiles_and_calls_the_host() {
    let source = tools::in_repository("tests/clients/typescript");
    let packages = source.join("node_modules");
    let (Some(node), true) = (tools::find("node"), packages.exists()) else {
        return tools::skip(
            "it needs node and the packages of tests/clients/typescript: run tests/tools.sh",
        );
    };
    let harness = examples().await;
    let address = format!("http://{}", harness.address);
    let folder = tempfile::tempdir().expect("a scratch folder");
    for file in ["client.ts", "tsconfig.json", "package.json"] {
        std::fs::copy(source.join(file), folder.path().join(file)).expect("copied");
    }
    let packages = packages.canonicalize().expect("they are there");
    std::os::unix::fs::symlink(packages, folder.path().join("node_modules")).expect("linked");
    let node = async |arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        run(&node, folder.path(), &arguments).await;
    };
    // What has a default may be left out of a request.
    node(&format!(
        "node_modules/openapi-typescript/bin/cli.js {address}/openapi.json -o schema.ts --default-non-nullable=false"
    ))
    .await;
    node("node_modules/typescript/bin/tsc -p .").await;
    node(&format!("client.js {address}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_in_python_generated_from_the_document_calls_the_host() {
    let bin = target().join("clients-python").join("bin");
    let bin = bin.canonicalize().unwrap_or(bin);
    if !bin.join("openapi-python-client").exists() {
        return tools::skip(
            "it needs Python 3 and openapi-python-client from PyPI: run tests/tools.sh",
        );
    }
    let harness = examples().await;
    let address = format!("http://{}", harness.address);
    let folder = tempfile::tempdir().expect("a scratch folder");
    let made = folder.path().join("made");
    let path = |path: &Path| path.to_str().expect("a path of text").to_owned();
    let document = format!("{address}/openapi.json");
    let config = path(&tools::in_repository("tests/clients/python/config.yaml"));
    let arguments = [
        "generate",
        "--config",
        &config,
        "--url",
        &document,
        "--output-path",
        &path(&made),
        "--meta",
        "none",
        "--fail-on-warning",
    ];
    run(
        &bin.join("openapi-python-client"),
        folder.path(),
        &arguments,
    )
    .await;
    let script = path(&tools::in_repository("tests/clients/python/call.py"));
    let arguments = [&*script, &path(folder.path()), &address];
    run(&bin.join("python"), folder.path(), &arguments).await;
}
