//! `switchback dev`: folders are built, served and watched; a save is live without a lost request.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use switchback::{Component, Config, Host, Server};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::build::{Build, Unbuilt, component, seconds};
use crate::cli::DevArgs;
use crate::doors;
use crate::life::Signals;
use crate::project::Project;
use crate::settings::{Serve, Wrong};
use crate::sources::Sources;
use crate::toolchain::{self, Toolchain};
use crate::{certificate, logging, say};

/// Who develops does not want to wait for requests under way when ending it.
const DRAIN: Duration = Duration::from_secs(2);

/// Serves what is being written, until told to stop.
pub(crate) async fn dev(
    config: Config,
    mut settings: Serve,
    args: &DevArgs,
) -> Result<ExitCode, Wrong> {
    // What becomes of each save is told here, with times.
    settings.log.push_str(",switchback::swap=off");
    logging::start(&settings)?;
    let stop = CancellationToken::new();
    tokio::spawn(Signals::listen()?.obey(stop.clone()));

    let projects: Vec<Result<Project, String>> = args
        .folders
        .iter()
        .map(|folder| Project::open(folder))
        .collect();
    let wrong: Vec<String> = projects
        .iter()
        .filter_map(|project| project.as_ref().err().cloned())
        .collect();
    if !wrong.is_empty() {
        return Err(Wrong(wrong));
    }
    let tls = match args.tls {
        true => Some(certificate::own(&config)?),
        false => None,
    };
    let doors = doors::open(&settings).await?;
    let equipped = doors::equip(doors, tls.as_ref())?;
    let (listeners, addresses): (Vec<_>, Vec<_>) = equipped.into_iter().unzip();
    let address = &addresses[0];
    let host = Host::new(config)?;
    let mut authors = Vec::new();
    for project in projects.into_iter().flatten() {
        let toolchain = tokio::select! {
            found = toolchain::find(&project) => found.map_err(|why| Wrong(vec![why]))?,
            () = stop.cancelled() => return Ok(ExitCode::SUCCESS),
        };
        authors.push(Author {
            host: host.clone(),
            project,
            toolchain,
            serves: false,
            page: None,
        });
    }
    if args.open
        && let Some(first) = authors.first_mut()
    {
        first.page = Some(format!("{address}/docs"));
    }

    let server = Server::new(listeners).drain(DRAIN);
    let server = tokio::spawn(server.run(host.clone(), stop.clone().cancelled_owned()));
    host.set_ready(true);
    say(
        &mut io::stdout(),
        &format!("listening on {address}, documentation at {address}/docs; Ctrl-C ends it"),
    );
    let mut tasks = JoinSet::new();
    for author in authors {
        let stop = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = author.follow() => {}
                // What was started ends with the future that started it.
                () = stop.cancelled() => {}
            }
        });
    }
    let followed = loop {
        match tasks.join_next().await {
            Some(Ok(())) => {}
            Some(Err(why)) => break Err(why),
            None => break Ok(()),
        }
    };
    stop.cancel();
    host.set_ready(false);
    let ended = server.await;
    host.shutdown().await;
    match followed.and(ended) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(why) => Err(Wrong(vec![format!("it ended by a defect: {why}")])),
    }
}

/// One folder, and what is served of it.
struct Author {
    host: Host,
    project: Project,
    toolchain: Toolchain,
    /// Whether a version of it is live.
    serves: bool,
    /// What is opened once it is live.
    page: Option<String>,
}

impl Author {
    /// Builds and serves the sources as they are, whenever they are not as they were. A build that a save has overtaken
    /// is ended: only the newest state is of interest.
    async fn follow(mut self) {
        let mut sources = Sources::new(&self.project.folder);
        let mut saved = Instant::now();
        self.tell(&format!("building with {}", self.toolchain.is));
        loop {
            let seen = sources.look();
            let build = Build::Quick { quiet: self.serves };
            let start = Instant::now();
            let built = tokio::select! {
                built = component(&self.project, &self.toolchain, build) => built,
                noticed = sources.changed(&seen) => {
                    saved = noticed;
                    continue;
                }
            };
            match built {
                Ok(file) => self.serve(file, saved, start.elapsed()).await,
                Err(Unbuilt::Source) => {
                    self.tell(&format!("not built, see above; {}", self.what_serves()));
                }
                Err(Unbuilt::Other(why)) => {
                    self.tell(&format!("not built: {why}; {}", self.what_serves()));
                }
            }
            saved = sources.changed(&seen).await;
        }
    }

    /// What was built, with the settings and the static files that lie beside the sources.
    fn read(&self, file: &Path) -> Result<Component, String> {
        let read = |file: &Path| {
            std::fs::read(file)
                .map_err(|why| format!("{}: it cannot be read: {why}", file.display()))
        };
        let mut component = Component::new(read(file)?);
        let beside = |name| Some(self.project.folder.join(name)).filter(|path| path.exists());
        if let Some(settings) = beside("plugin.toml") {
            component = component.settings(read(&settings)?);
        }
        match beside("static") {
            Some(folder) => component
                .static_folder(&folder)
                .map_err(|why| why.to_string()),
            None => Ok(component),
        }
    }

    async fn serve(&mut self, file: PathBuf, saved: Instant, build: Duration) {
        let start = Instant::now();
        let deployed = match self.read(&file) {
            Ok(component) => self
                .host
                .deploy(&self.project.name, component)
                .await
                .map_err(|why| why.to_string()),
            Err(why) => Err(why),
        };
        match deployed {
            Ok(deployed) => {
                self.serves = true;
                self.tell(&format!(
                    "live after {} (build {}, host {} ms)",
                    seconds(saved.elapsed()),
                    seconds(build),
                    start.elapsed().as_millis()
                ));
                for warning in deployed.warnings {
                    self.tell(&format!("warning: {warning}"));
                }
                if let Some(page) = self.page.take()
                    && let Err(why) = open::that_detached(&page)
                {
                    self.tell(&format!("{page} cannot be opened in a browser: {why}"));
                }
            }
            Err(why) => self.tell(&format!("refused: {why}; {}", self.what_serves())),
        }
    }

    fn what_serves(&self) -> &'static str {
        if self.serves {
            "the version before serves on"
        } else {
            "nothing of it is served yet"
        }
    }

    fn tell(&self, what: &str) {
        say(&mut io::stdout(), &format!("{}: {what}", self.project.name));
    }
}
