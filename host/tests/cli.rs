//! The program from outside: what it says about settings, files and ports, and how it stops.

// Its helpers are tests as well, though clippy cannot tell.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Far longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of the test's own, in which the program runs; gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Folder {
        let path =
            std::env::temp_dir().join(format!("switchback-cli-{}-{test}", std::process::id()));
        std::fs::create_dir_all(path.join("plugins")).unwrap();
        Folder(path)
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.join(file), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchback"));
        command.args(arguments).current_dir(&self.0).env_clear();
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What is said on stderr when it fails.
    fn fail(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn config(&self, arguments: &[&str]) -> String {
        let output = self.run(&[&["config"], arguments].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn serve(&self, arguments: &[&str]) -> Served {
        let command = self.command(&["serve", "--listen", "127.0.0.1:0", "--no-cache"]);
        Folder::serve_by(command, arguments)
    }

    /// The same, by a shell that has set a limit before.
    fn serve_under(&self, limit: &str, arguments: &[&str]) -> Served {
        let program = env!("CARGO_BIN_EXE_switchback");
        let mut shell = Command::new("/bin/sh");
        let script = format!("{limit} && exec \"$0\" serve --listen 127.0.0.1:0 --no-cache \"$@\"");
        shell
            .args(["-c", &script, program])
            .current_dir(&self.0)
            .env_clear();
        Folder::serve_by(shell, arguments)
    }

    fn serve_by(mut command: Command, arguments: &[&str]) -> Served {
        let mut child = command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .unwrap_or_else(|| panic!("{line}"))
            .into();
        Served { child, address }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn get(&self, path: &str) -> String {
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n"
        ))
    }

    /// Writes all, then reads all.
    fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The exit status after a signal.
    fn stop(&mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not stop");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The line of `config` about a setting.
fn line<'a>(config: &'a str, key: &str) -> &'a str {
    config
        .lines()
        .find(|line| line.starts_with(key))
        .unwrap_or_else(|| panic!("no {key} in {config}"))
}

#[test]
fn a_setting_comes_from_the_last_that_sets_it_and_says_where() {
    let folder = Folder::new("layers");
    folder.write(
        "switchback.toml",
        "[limits]\ncpu_ms = 1\ntime_ms = 1\nqueue_ms = 1\n",
    );
    let mut command = folder.command(&["config", "--set", "limits.time_ms=3"]);
    command
        .env("SWITCHBACK_LIMITS_TIME_MS", "2")
        .env("SWITCHBACK_LIMITS_QUEUE_MS", "2");
    let config = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let said = |key| {
        line(&config, key)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(said("limits.drain_ms"), "limits.drain_ms = 30000 # default");
    assert_eq!(
        said("limits.cpu_ms"),
        "limits.cpu_ms = 1 # switchback.toml:2"
    );
    assert_eq!(
        said("limits.queue_ms"),
        "limits.queue_ms = 2 # environment SWITCHBACK_LIMITS_QUEUE_MS"
    );
    assert_eq!(
        said("limits.time_ms"),
        "limits.time_ms = 3 # --set limits.time_ms=3"
    );
}

#[test]
fn what_config_prints_is_a_configuration_file() {
    let folder = Folder::new("round");
    folder.write(
        "switchback.toml",
        "[plugins.items]\nprefix = \"/shop\"\n[plugins.items.limits]\ncpu_ms = 7\n",
    );
    let printed = folder.config(&[]);
    folder.write("again.toml", &printed);
    let values = |config: &str| -> Vec<String> {
        config
            .lines()
            .map(|line| line.split("  #").next().unwrap_or_default().trim().into())
            .collect()
    };
    assert_eq!(
        values(&folder.config(&["--config", "again.toml"])),
        values(&printed)
    );
}

#[test]
fn a_table_with_names_of_its_own_is_one_setting() {
    let folder = Folder::new("whole");
    let table = "{ docExpansion = \"none\", requestSnippets = { expanded = true } }";
    folder.write(
        "switchback.toml",
        &format!("[host]\nswagger_ui = {table}\n"),
    );
    let config = folder.config(&[]);
    assert!(
        line(&config, "host.swagger_ui").contains("docExpansion = \"none\""),
        "{config}"
    );
    folder.write(
        "switchback.toml",
        "[host.swagger_ui]\ndocExpansion = \"none\"\n[plugins.shop]\nbreaking_changes = \"refuse\"\n",
    );
    let config = folder.config(&["--set", "host.swagger_ui={ filter = true }"]);
    assert!(line(&config, "host.swagger_ui").contains("filter = true"));
    assert!(line(&config, "plugins.shop.breaking_changes").contains("refuse"));
}

#[test]
fn what_may_serve_is_set_for_a_plugin_in_the_file() {
    let folder = Folder::new("policies");
    let set = [
        "plugins.shop.breaking_changes = \"refuse\"",
        "plugins.shop.unknown_changes = \"allow\"",
        "plugins.shop.smoke_test = \"safe\"",
        "faults.kept = 7",
    ];
    folder.write("switchback.toml", &set.join("\n"));
    let printed = folder.config(&[]);
    for line in set {
        assert!(printed.contains(line), "{printed}");
    }
}

#[test]
fn lists_and_sections_of_plugins_are_settings_like_others() {
    let folder = Folder::new("kinds");
    folder.write(
        "switchback.toml",
        "[cors]\nallow_origins = [\"https://shop.example\"]\nmax_age = 5\n\
         [host.headers]\nx-frame-options = \"DENY\"\n\
         [plugins.items.cors]\nallow_methods = [\"*\"]\n\
         [plugins.items.probation]\nanswers = 7\n",
    );
    let mut command = folder.command(&["config", "--set", "cors.allow_headers=X-A, X-B"]);
    command.env("SWITCHBACK_COMPRESSION_CODINGS", "zstd,gzip");
    let output = command.output().unwrap();
    let config = String::from_utf8(output.stdout).unwrap();
    for expected in [
        "cors.allow_origins = [\"https://shop.example\"]",
        "cors.allow_headers = [\"X-A\", \"X-B\"]",
        "compression.codings = [\"zstd\", \"gzip\"]",
        "host.headers = { x-frame-options = \"DENY\" }",
        "plugins.items.cors.allow_methods = [\"*\"]",
        "plugins.items.probation.answers = 7",
    ] {
        line(&config, expected);
    }

    folder.write(
        "switchback.toml",
        "[cors]\nallow_origins = \"*\"\n[host.headers]\nx-a = 1\n",
    );
    let errors = folder.fail(&["config"]);
    for expected in [
        "switchback.toml:2: `cors.allow_origins` is \"*\", and must be a list in brackets\n",
        "switchback.toml:3: `host.headers` is { x-a = 1 }: invalid type: integer `1`, expected a string",
    ] {
        assert!(errors.contains(expected), "{expected} is not in {errors}");
    }
    folder.write(
        "switchback.toml",
        "[cors]\nmax_age = 1\n[plugins.items.cors]\nallow_origin_regex = \"a)(b\"\n",
    );
    let errors = folder.fail(&["config"]);
    let expected = "switchback.toml:4: `plugins.items.cors.allow_origin_regex` is `a)(b`";
    assert!(errors.contains(expected), "{errors}");
}

#[test]
fn addresses_to_listen_on_may_be_one_or_several_in_either_spelling() {
    let folder = Folder::new("addresses");
    for (typed, shown) in [
        ("[::1]:8000", "serve.listen = \"[::1]:8000\""),
        ("a:1,b:2", "serve.listen = \"a:1,b:2\""),
        ("[\"a:1\", \"b:2\"]", "serve.listen = [\"a:1\", \"b:2\"]"),
    ] {
        let config = folder.config(&["--set", &format!("serve.listen={typed}")]);
        assert!(line(&config, "serve.listen").starts_with(shown), "{config}");
    }
}

#[test]
fn the_section_serve_has_short_names_in_the_environment() {
    let folder = Folder::new("short");
    let mut command = folder.command(&["config"]);
    let output = command
        .env("SWITCHBACK_LISTEN", "0.0.0.0:1")
        .env("SWITCHBACK_PLUGINS", "elsewhere")
        .output()
        .unwrap();
    let config = String::from_utf8(output.stdout).unwrap();
    assert!(
        line(&config, "serve.listen").contains("\"0.0.0.0:1\""),
        "{config}"
    );
    assert!(
        line(&config, "serve.plugins").contains("\"elsewhere\""),
        "{config}"
    );
}

#[test]
fn everything_wrong_in_a_file_is_told_at_once_by_name_and_line() {
    let folder = Folder::new("wrong");
    folder.write("switchback.toml", "[limits]\ncpu_mss = 5\ntime_ms = \"5\"\nviolations = -1\nisolation = \"none\"\n[foo]\na = 1\n");
    let errors = folder.fail(&["config"]);
    for expected in [
        "error: switchback.toml:2: there is no setting `limits.cpu_mss`; did you mean `cpu_ms`?\n  2 | cpu_mss = 5\n",
        "error: switchback.toml:3: `limits.time_ms` is \"5\", and must be a whole number\n",
        "error: switchback.toml:4: `limits.violations` is -1, and cannot be negative\n",
        "error: switchback.toml:5: `limits.isolation` is \"none\"",
        "error: switchback.toml:6: there is no section `foo`\n",
    ] {
        assert!(errors.contains(expected), "{expected} is not in {errors}");
    }
}

#[test]
fn a_file_that_is_no_toml_is_refused_by_line() {
    let folder = Folder::new("syntax");
    folder.write("switchback.toml", "[limits]\ncpu_ms =\n");
    assert!(
        folder
            .fail(&["config"])
            .starts_with("error: switchback.toml:2: ")
    );
}

#[test]
fn a_configuration_file_that_was_named_must_be_there() {
    let folder = Folder::new("absent");
    assert!(
        folder
            .fail(&["config", "--config", "other.toml"])
            .starts_with("error: other.toml: the configuration file cannot be read")
    );
}

#[test]
fn a_limit_that_cannot_be_enforced_is_refused_where_it_is_set() {
    let folder = Folder::new("limit");
    folder.write("switchback.toml", "[limits]\nconcurrency = 0\n");
    let expected = "error: switchback.toml:2: `limits.concurrency` is 0; it must be at least 1\n  2 | concurrency = 0\n";
    assert_eq!(folder.fail(&["serve"]), expected);
    folder.write("switchback.toml", "[plugins.items.limits]\ncpu_ms = 0\n");
    assert!(
        folder
            .fail(&["serve"])
            .starts_with("error: switchback.toml:2: `plugins.items.limits.cpu_ms` is 0")
    );
    folder.write("switchback.toml", "[serve]\nthreads = 5000\n");
    assert_eq!(
        folder.fail(&["serve"]),
        "error: switchback.toml:2: `serve.threads` is 5000, and can be 1024 at most\n  2 | threads = 5000\n"
    );
}

#[test]
fn a_wrong_value_in_the_environment_is_told_with_its_variable() {
    let folder = Folder::new("variable");
    let output = folder
        .command(&["config"])
        .env("SWITCHBACK_LIMITS_CPU_MS", "1s")
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        errors,
        "error: environment SWITCHBACK_LIMITS_CPU_MS: `limits.cpu_ms` is \"1s\", and must be a whole number\n"
    );
}

#[test]
fn a_plugins_folder_that_is_not_there_is_an_error() {
    let folder = Folder::new("folder");
    let said = folder.fail(&["serve", "--listen", "127.0.0.1:0", "--plugins", "none"]);
    assert_eq!(
        said,
        "error: the plugins folder `none` does not exist: make it, or name another\n"
    );
}

#[test]
fn a_port_that_is_taken_gets_one_clear_line() {
    let folder = Folder::new("port");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = folder.fail(&["serve", "--listen", &address]);
    assert!(
        said.starts_with(&format!("error: {address} is taken by another program")),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1);
}

#[test]
fn strict_exits_if_a_file_cannot_be_served() {
    let folder = Folder::new("strict");
    folder.write("plugins/items.wasm", "no component");
    folder.write("plugins/My_Items.wasm", "no component");
    let said = folder.fail(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--no-cache",
        "--strict",
        "--log",
        "off",
    ]);
    assert!(
        said.contains("error: `items.wasm` is not served: "),
        "{said}"
    );
    assert!(
        said.contains("error: `My_Items.wasm` is not served"),
        "{said}"
    );
}

#[test]
fn it_is_ready_when_it_says_that_it_listens_and_ends_well_when_told() {
    let folder = Folder::new("ends");
    folder.write("plugins/broken.wasm", "no component");
    for signal in ["-TERM", "-INT"] {
        let mut served = folder.serve(&[]);
        assert!(served.get("/-/live").starts_with("HTTP/1.1 200 "));
        assert!(served.get("/-/ready").starts_with("HTTP/1.1 200 "));
        assert_eq!(served.stop(signal), Some(0));
    }
}

#[test]
fn a_connection_at_rest_does_not_keep_it_from_ending() {
    let folder = Folder::new("rest");
    let mut served = folder.serve(&[]);
    let mut kept = TcpStream::connect(&served.address).unwrap();
    kept.write_all(b"GET /-/live HTTP/1.1\r\nhost: test\r\n\r\n")
        .unwrap();
    assert!(kept.read(&mut [0; 16]).unwrap() > 0);
    let silent = TcpStream::connect(&served.address).unwrap();
    let start = Instant::now();
    assert_eq!(served.stop("-TERM"), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "it waited for a client that has nothing to say"
    );
    drop(silent);
}

#[test]
fn a_soft_limit_on_open_files_is_no_limit_on_connections() {
    let folder = Folder::new("files");
    let served = folder.serve_under("ulimit -Sn 64", &[]);
    let open: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(&served.address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
                .write_all(b"GET /-/live HTTP/1.1\r\nhost: test\r\n\r\n")
                .unwrap();
            stream.read_exact(&mut [0; 12]).unwrap();
            stream
        })
        .collect();
    assert_eq!(open.len(), 200);
}

#[test]
fn a_client_that_is_still_sending_learns_why_it_was_refused() {
    let folder = Folder::new("refused");
    let served = folder.serve(&[]);
    let much = 8 << 20;
    let head = format!("GET /{} HTTP/1.1\r\n", "a".repeat(much));
    let answer = served.send(&head);
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    let body = "a".repeat(much);
    let answer = served.send(&format!(
        "POST /nothing HTTP/1.1\r\nhost: test\r\ncontent-length: {much}\r\n\r\n{body}"
    ));
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[test]
fn check_tells_what_is_wrong_with_each_file_and_exits_with_1() {
    let folder = Folder::new("check");
    folder.write("items.wasm", "no component");
    let said = folder.fail(&["check", "--no-cache", "items.wasm", "absent.wasm"]);
    assert!(said.contains("error: items.wasm: "), "{said}");
    assert!(
        said.contains("error: absent.wasm: it cannot be read"),
        "{said}"
    );
}

#[test]
fn a_mistake_in_typing_exits_with_2() {
    let folder = Folder::new("usage");
    for arguments in [&["chekc"][..], &["check"], &["serve", "--lisen", "x"], &[]] {
        assert_eq!(
            folder.run(arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn the_merged_document_of_no_usable_component_is_none() {
    let folder = Folder::new("openapi");
    folder.write("items.wasm", "no component");
    assert!(
        folder
            .fail(&["openapi", "--no-cache", "items.wasm"])
            .starts_with("error: items: ")
    );
}

#[test]
fn routes_tells_what_is_wrong_with_each_file_and_exits_with_1() {
    let folder = Folder::new("routes");
    folder.write("items.wasm", "no component");
    let said = folder.fail(&[
        "routes",
        "--no-cache",
        "items.wasm",
        "absent.wasm",
        "plugins",
    ]);
    for expected in [
        "error: items: ",
        "error: absent.wasm: it cannot be read",
        "error: plugins: there is no NAME.wasm in this folder",
    ] {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn new_makes_a_folder_and_says_what_to_do_with_it() {
    let folder = Folder::new("new");
    let output = folder.run(&["new", "plugins/shop"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("switchback dev plugins/shop"), "{said}");
    let made = folder.0.join("plugins/shop");
    for file in [
        "Cargo.toml",
        "Cargo.lock",
        ".cargo/config.toml",
        ".gitignore",
        "README.md",
        "src/lib.rs",
        ".switchback/guest-sdk/wit/plugin.wit",
    ] {
        assert!(made.join(file).is_file(), "{file} is missing");
    }
    let manifest = std::fs::read_to_string(made.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"shop\""), "{manifest}");
}

#[test]
fn new_never_touches_what_is_there() {
    let folder = Folder::new("new-there");
    let said = folder.fail(&["new", "plugins"]);
    assert_eq!(
        said,
        "error: plugins: it is there already; choose another name\n"
    );
    assert!(
        folder
            .fail(&["new", "Shop"])
            .starts_with("error: `Shop` is no name")
    );
    assert!(!folder.0.join("Shop").exists());
}
