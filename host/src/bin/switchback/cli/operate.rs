//! What the commands take that talk to a host that serves.

use std::path::PathBuf;

use clap::Args;

/// What there is to say of each of them.
pub(super) const OPERATING: &str = "\
The host is the one that serves the plugins folder, found by its socket there (PLUGINS/.switchback/admin.sock), or the one \
that --admin names. A token is taken from SWITCHBACK_ADMIN_TOKEN.

Examples:
  switchback plugins
  switchback rollback shop
  switchback rollback shop 3 --plugins /srv/plugins
  switchback deploy shop dist/shop.wasm --admin 127.0.0.1:8001";

#[derive(Args)]
pub(crate) struct RemoteArgs {
    /// The plugins folder of the host
    #[arg(
        long,
        value_name = "DIR",
        env = "SWITCHBACK_PLUGINS",
        default_value = "./plugins"
    )]
    pub(crate) plugins: PathBuf,

    /// Where the host's operator API is, instead: an address, or the path of a socket
    #[arg(long, value_name = "ADDR|PATH")]
    pub(crate) admin: Option<String>,

    /// Print JSON, for scripts
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct PluginArgs {
    /// The plugin
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Args)]
pub(crate) struct RollbackArgs {
    /// The plugin
    pub(crate) name: String,

    /// Which revision [default: the newest before the one that serves, of those that differ from it]
    pub(crate) revision: Option<u64>,

    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Args)]
pub(crate) struct DrainArgs {
    /// Say that it is ready again
    #[arg(long)]
    pub(crate) undo: bool,

    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Args)]
pub(crate) struct MountArgs {
    /// The plugin, and which revision of it, as in items@3 [default: the one that serves]
    #[arg(value_name = "PLUGIN[@REVISION]")]
    pub(crate) of: String,

    /// The name that it is served under
    pub(crate) name: String,

    /// Where its paths begin [default: as is set for the name]
    #[arg(long, value_name = "PATH")]
    pub(crate) prefix: Option<String>,

    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Args)]
pub(crate) struct DeployArgs {
    /// The plugin
    pub(crate) name: String,

    /// A component, or a folder with a plugin.wasm
    #[arg(value_name = "FILE|DIR")]
    pub(crate) file: PathBuf,

    /// Serve it although its contract breaks clients of the one that serves, and without running its examples
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Args)]
pub(crate) struct FaultsArgs {
    /// Only those of this plugin; or a fault, by its number, to show all that is kept of it
    #[arg(value_name = "NAME|ID")]
    pub(crate) which: Option<String>,

    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Args)]
pub(crate) struct ReplayArgs {
    /// The fault, as `switchback faults` numbers it
    pub(crate) id: u64,

    /// Send it through this build, a component or a folder with a plugin.wasm [default: through what serves]
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) against: Option<PathBuf>,

    /// Send it through what this revision was
    #[arg(long, conflicts_with = "against")]
    pub(crate) revision: Option<u64>,

    /// Send it although it may change something (other than GET, HEAD and OPTIONS)
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

#[derive(Args)]
pub(crate) struct TryArgs {
    #[command(flatten)]
    pub(crate) deploy: DeployArgs,

    #[command(flatten)]
    pub(crate) rollout: RolloutArgs,
}

#[derive(Args)]
pub(crate) struct WeighArgs {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,

    #[command(flatten)]
    pub(crate) rollout: RolloutArgs,
}

#[derive(Args)]
pub(crate) struct RolloutArgs {
    /// The part of requests that it gets; with --shadow, the part that is copied to it
    #[arg(long, value_name = "0-100", default_value_t = 10.0)]
    pub(crate) percent: f64,

    /// By what a client is known, so that it stays with one of the two: header:NAME, cookie:NAME or peer
    #[arg(long, value_name = "KEY")]
    pub(crate) sticky: Option<String>,

    /// Requests with this header get the candidate, as in `x-try: yes`
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Option<String>,

    /// Answer nobody by it: copy safe requests to it, and compare what it answers
    #[arg(long)]
    pub(crate) shadow: bool,

    /// In shadow, a place in JSON answers that may differ, such as /items/*/at; may be given several times
    #[arg(long, value_name = "POINTER")]
    pub(crate) ignore: Vec<String>,

    /// Do not let it serve alone by itself once its time is over
    #[arg(long)]
    pub(crate) no_promote: bool,
}
