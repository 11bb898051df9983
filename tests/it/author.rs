//! The author's commands: a plugin from nothing, built, served, and live at every save.

// Its helpers are tests as well, though clippy cannot tell.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use switchback_tests::harness::{cache, target, until};
use switchback_tests::process::program;
use switchback_tests::{Client, Harness, Served, tools};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A first build compiles everything that a plugin uses, perhaps beside all other tests.
const PATIENCE: Duration = Duration::from_secs(600);

/// A folder with a new plugin. Each test has one of another name: cargo would put what it builds into one place.
struct Shop {
    name: &'static str,
    folder: tempfile::TempDir,
}

impl Shop {
    async fn new(name: &'static str) -> Shop {
        Shop::of(name, &[]).await
    }

    async fn of(name: &'static str, arguments: &[&str]) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let shop = Shop { name, folder };
        let output = shop
            .command(&[&["new", name], arguments].concat())
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        shop
    }

    fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(self.name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            // What plugins use is compiled once for all tests.
            .env("CARGO_TARGET_DIR", target().join("author-tests"))
            .kill_on_drop(true);
        command
    }

    /// Saves the source with another text in it.
    fn edit(&self, from: &str, to: &str) {
        self.edit_in("src/lib.rs", from, to);
    }

    fn edit_in(&self, file: &str, from: &str, to: &str) {
        let file = self.path().join(file);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        fs::write(&file, text.replace(from, to)).unwrap();
    }

    async fn dev(&self) -> Dev {
        let said = self.folder.path().join("stderr");
        let cache = cache().to_string_lossy().into_owned();
        let mut child = self
            .command(&[
                "dev",
                self.name,
                "--listen",
                "127.0.0.1:0",
                "--cache-dir",
                &cache,
            ])
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&said).unwrap())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut dev = Dev {
            child,
            lines,
            said,
            address: String::new(),
        };
        let line = dev.line("listening on http://").await;
        let address = line.trim_start_matches("listening on http://");
        dev.address = address.split(',').next().unwrap().into();
        dev
    }
}

/// `switchback dev`, running.
struct Dev {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it and cargo have said on stderr.
    said: PathBuf,
    address: String,
}

impl Dev {
    /// Waits for a line with this in it.
    async fn line(&mut self, part: &str) -> String {
        let found = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if line.contains(part) {
                    return line;
                }
                assert!(!line.contains("refused"), "{line}");
            }
            panic!("it ended before it said `{part}`: {}", self.said());
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(line) => line,
            Err(_) => panic!("waited in vain for `{part}`"),
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap()
    }

    fn client(&self) -> Client {
        Client::new(self.address.parse().unwrap())
    }

    async fn interrupt(&mut self) -> Option<i32> {
        let pid = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().await;
        assert!(sent.unwrap().success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.expect("it ends").unwrap().code()
    }
}

/// Processes that work in this folder.
fn working_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|process| process.path())
        .filter(|process| {
            fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_plugin_is_built_and_served() {
    let shop = Shop::new("built").await;
    let output = shop.command(&["build", "built"]).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("GET     /hello/{name}  hello"), "{said}");

    let component = fs::read(shop.folder.path().join("built.wasm")).unwrap();
    let served = Served::new(&[("built", &component)], &[]).await;
    let mut client = served.client();
    let reply = client.get("/hello/World?times=2").await;
    assert_eq!(reply.text(), r#"{"message":"Hello World World"}"#);
    assert_eq!(client.get("/hello/World?times=6").await.status, 422);
    let reply = client.post("/cards", r#"{"from":"Ada"}"#).await;
    assert_eq!(reply.text(), r#"{"message":"Hello there, says Ada"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_new_plugin_carries_is_all_that_its_own_tests_need() {
    let shop = Shop::of("tested", &["--template", "crud"]).await;
    let output = Command::new("cargo")
        .args(["check", "--quiet", "--tests"])
        .current_dir(shop.path())
        .env("CARGO_TARGET_DIR", target().join("author-tests"))
        .output();
    let output = output.await.unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_plugin_in_python_is_built_and_served() {
    if !tools::in_repository("examples/dist/hello-py.wasm").exists() {
        return tools::skip("componentize-py is not there: `make guests` says what it lacks");
    }
    let shop = Shop::of("snake", &["--template", "python"]).await;
    // It is told when an instance begins.
    shop.edit_in("main.py", "app = App(title", LIFESPAN);
    shop.edit_in("main.py", "\"Hello {name}\"", "\"{greeting} {name}\"");
    let output = shop.command(&["build", "snake"]).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let component = fs::read(shop.folder.path().join("snake.wasm")).unwrap();
    // Python's own interpreter is in it, which takes a while to compile: longer than a process is waited for.
    let harness = Harness::new().await;
    harness.deploy("snake", component).await.unwrap();
    let reply = harness.client().get("/hello/World").await;
    assert_eq!(reply.json()["message"], "Welcome World");
}

const LIFESPAN: &str = r#"
import contextlib

greeting = "Nobody said that it begins,"


@contextlib.contextmanager
def lifespan(app):
    global greeting
    greeting = "Welcome"
    yield


app = App(lifespan=lifespan, title"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_in_javascript_is_told_when_an_instance_begins_and_may_refuse() {
    if !tools::in_repository("examples/dist/hello-js.wasm").exists() {
        return tools::skip("componentize-qjs is not there: `make guests` says what it lacks");
    }
    let shop = Shop::of("coffee", &["--template", "javascript"]).await;
    let harness = Harness::new().await;
    let hello = "message: `Hello ${path.name}`";
    shop.edit_in("app.js", hello, "message: `${greeting} ${path.name}`");
    let begins = "let greeting = 'none';\napp.onStart(() => { greeting = 'Welcome'; });";
    shop.edit_in(
        "app.js",
        "/** What is answered",
        &format!("{begins}\n/** What is answered"),
    );
    for refuses in [false, true] {
        if refuses {
            shop.edit_in(
                "app.js",
                "greeting = 'Welcome'",
                "throw new Error('no ink')",
            );
        }
        let output = shop.command(&["build", "coffee"]).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        let component = fs::read(shop.folder.path().join("coffee.wasm")).unwrap();
        let deployed = harness.deploy("coffee", component).await;
        if refuses {
            let refused = deployed.unwrap_err().to_string();
            assert_eq!(refused, "its `on-start` failed: Error: no ink");
        }
        let reply = harness.client().get("/hello/World").await;
        assert_eq!(reply.json()["message"], "Welcome World");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_goes_live_and_no_request_is_lost() {
    let shop = Shop::new("saved").await;
    let mut dev = shop.dev().await;
    dev.line("saved: live after").await;

    let over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let hammers: Vec<_> = (0..4)
        .map(|_| {
            let (mut client, over, answered) = (dev.client(), over.clone(), answered.clone());
            tokio::spawn(async move {
                while !over.load(Relaxed) {
                    let reply = client.get("/hello/World").await;
                    let known = ["Hello World", "Hallo World"]
                        .map(|message| format!(r#"{{"message":"{message}"}}"#));
                    assert!(known.iter().any(|known| reply.text() == known), "{reply:?}");
                    answered.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    shop.edit("Hello {}", "Hallo {}");
    dev.line("saved: live after").await;
    let reply = dev.client().get("/hello/World").await;
    assert_eq!(reply.text(), r#"{"message":"Hallo World"}"#);
    over.store(true, Relaxed);
    for hammer in hammers {
        hammer.await.unwrap();
    }
    assert!(answered.load(Relaxed) > 0);
    assert_eq!(dev.interrupt().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_compile_is_told_once_and_the_version_before_serves_on() {
    let shop = Shop::new("broken").await;
    let mut dev = shop.dev().await;
    dev.line("broken: live after").await;

    let broken = "compile_error!(\"broken by the test\");\nplugin! {";
    shop.edit("plugin! {", broken);
    dev.line("broken: not built, see above; the version before serves on")
        .await;
    let told = dev.said().matches("error: broken by the test").count();
    assert_eq!(told, 1, "{}", dev.said());
    let reply = dev.client().get("/hello/World").await;
    assert_eq!(reply.text(), r#"{"message":"Hello World"}"#);

    shop.edit(broken, "plugin! {");
    dev.line("broken: live after").await;
    assert_eq!(dev.interrupt().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_it_ends_the_build_as_well() {
    let shop = Shop::new("ended").await;
    let mut dev = shop.dev().await;
    dev.line("ended: building with").await;
    until("cargo at work", async || {
        (!working_in(&shop.path()).is_empty()).then_some(())
    })
    .await;
    assert_eq!(dev.interrupt().await, Some(0));
    until("the end of all processes", async || {
        working_in(&shop.path()).is_empty().then_some(())
    })
    .await;
}
