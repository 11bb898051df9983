//! `switchback serve` as a process of its own, over a folder of the test's own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Client;
use crate::harness::{PATIENCE, cache};

/// The program, serving. Dropping it kills it.
#[derive(Debug)]
pub struct Served {
    /// Its plugins folder.
    pub plugins: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// The process.
    pub child: Child,
    folder: tempfile::TempDir,
    arguments: Vec<String>,
}

/// The program as `make test` built it.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows itself");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("tests are built into target/PROFILE/deps");
    let program = profile.join("switchback");
    assert!(
        program.exists(),
        "{} is not built: run `make test`",
        program.display()
    );
    program
}

impl Served {
    /// Serves these components, by name, with these further arguments.
    pub async fn new(plugins: &[(&str, &[u8])], arguments: &[&str]) -> Served {
        Served::by(Command::new(program()), plugins, arguments).await
    }

    /// The same in a process that may map no more than so many KiB.
    pub async fn within(kib: u64, plugins: &[(&str, &[u8])], arguments: &[&str]) -> Served {
        let mut shell = Command::new("sh");
        let limited = format!("ulimit -v {kib} && exec \"$0\" \"$@\"");
        shell.arg("-c").arg(limited).arg(program());
        Served::by(shell, plugins, arguments).await
    }

    async fn by(program: Command, plugins: &[(&str, &[u8])], arguments: &[&str]) -> Served {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("plugins");
        std::fs::create_dir(&path).expect("a folder for plugins");
        for (name, bytes) in plugins {
            std::fs::write(path.join(format!("{name}.wasm")), bytes).expect("a plugin is written");
        }
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        Served::start(program, folder, arguments).await
    }

    /// Kills it at once, as `kill -9` does, and starts the program anew over the same folder.
    pub async fn killed(mut self) -> Served {
        self.child.kill().await.expect("it is killed");
        Served::start(Command::new(program()), self.folder, self.arguments).await
    }

    async fn start(
        mut program: Command,
        folder: tempfile::TempDir,
        arguments: Vec<String>,
    ) -> Served {
        let path = folder.path().join("plugins");
        let mut child = program
            .args(["serve", "--listen", "127.0.0.1:0", "--plugins"])
            .arg(&path)
            .arg("--cache-dir")
            .arg(cache())
            .args(&arguments)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("it was piped");
        let mut lines = BufReader::new(stdout).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.expect("it speaks UTF-8") {
                if let Some(address) = line.strip_prefix("listening on http://") {
                    return address.trim_end_matches('/').parse().expect("an address");
                }
            }
            panic!("the program ended before it listened");
        };
        let address = tokio::time::timeout(PATIENCE, listening)
            .await
            .expect("it listens in time");
        // What it prints later must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Served {
            plugins: path,
            address,
            child,
            folder,
            arguments,
        }
    }

    /// A connection of its own.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Moves a component in, as deploying tools do: written beside, then renamed.
    pub fn rename_in(&self, name: &str, bytes: &[u8]) {
        rename_in(&self.plugins, name, bytes);
    }
}

/// Writes a component beside the folder and renames it in.
pub fn rename_in(plugins: &Path, name: &str, bytes: &[u8]) {
    let beside = plugins.with_extension("new");
    std::fs::write(&beside, bytes).expect("it is written");
    std::fs::rename(&beside, plugins.join(format!("{name}.wasm"))).expect("it is renamed");
}
