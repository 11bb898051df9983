//! `switchback serve` as a process of its own, over a folder of the test's own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

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
    /// What it prints and logs, line by line.
    lines: mpsc::UnboundedReceiver<String>,
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

    /// The same by a command that becomes the program.
    pub async fn by(program: Command, plugins: &[(&str, &[u8])], arguments: &[&str]) -> Served {
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
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let (tell, lines) = mpsc::unbounded_channel();
        tokio::spawn(pass_on(
            child.stdout.take().expect("it was piped"),
            tell.clone(),
        ));
        tokio::spawn(pass_on(child.stderr.take().expect("it was piped"), tell));
        let mut served = Served {
            plugins: path,
            address: ([0, 0, 0, 0], 0).into(),
            child,
            folder,
            arguments,
            lines,
        };
        let line = served.says("listening on http").await;
        let (_, address) = line.split_once("://").expect("an address");
        served.address = address.parse().expect("an address");
        served
    }

    /// Waits until it prints or logs a line with this in it, and hands the line out.
    pub async fn says(&mut self, text: &str) -> String {
        let line = async {
            loop {
                match self.lines.recv().await {
                    Some(line) if line.contains(text) => return line,
                    Some(_) => {}
                    None => panic!("the program ended, and never said {text:?}"),
                }
            }
        };
        let line = tokio::time::timeout(PATIENCE, line).await;
        line.unwrap_or_else(|_| panic!("it never said {text:?}"))
    }

    /// Sends a signal: `TERM`, `HUP`, `USR2`.
    pub async fn signal(&self, name: &str) {
        let process = self.child.id().expect("it runs").to_string();
        let mut kill = Command::new("kill");
        let sent = kill.args(["-s", name, &process]).status().await;
        assert!(sent.expect("it can be sent").success());
    }

    /// Waits until it has ended; with which status.
    pub async fn ended(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.expect("it ends in time").expect("it is ours").code()
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

/// Hands on each line, and shows it to who reads the test's own output.
async fn pass_on(from: impl AsyncRead + Unpin, to: mpsc::UnboundedSender<String>) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("{line}");
        let _ = to.send(line);
    }
}

/// Writes a component beside the folder and renames it in.
pub fn rename_in(plugins: &Path, name: &str, bytes: &[u8]) {
    let beside = plugins.with_extension("new");
    std::fs::write(&beside, bytes).expect("it is written");
    std::fs::rename(&beside, plugins.join(format!("{name}.wasm"))).expect("it is renamed");
}
