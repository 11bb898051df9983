//! What may be typed.

mod operate;
mod typed;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use toml::Value;

use self::operate::OPERATING;
pub(crate) use self::operate::{
    DeployArgs, DrainArgs, FaultsArgs, MountArgs, PluginArgs, RemoteArgs, ReplayArgs, RollbackArgs,
    RolloutArgs, TryArgs, WeighArgs,
};
use crate::new::Template;
use crate::settings::{Key, LogFormat};

/// Serve HTTP APIs from WebAssembly components: routed, checked, documented and swapped while running.
#[derive(Parser)]
#[command(
    name = "switchback",
    version,
    max_term_width = 100,
    after_help = "\
Settings come from ./switchback.toml, then from the environment (SWITCHBACK_LISTEN, SWITCHBACK_LIMITS_CPU_MS), \
then from flags. `switchback config` shows what is in force, and why."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a folder with a plugin that compiles at once
    #[command(after_help = "\
Examples:
  switchback new shop
  switchback new plugins/shop --template hello

The folder carries the SDK's sources and a lockfile: building it needs no network once its crates are in cargo's cache.")]
    New(NewArgs),

    /// Build a plugin, serve it, and keep up with every save
    #[command(after_help = "\
Examples:
  switchback dev shop
  switchback dev shop admin --listen 127.0.0.1:9000 --open

A save is built and live without a lost request. What cannot be built is told once, and the version before serves on. \
Hidden files, target/ and node_modules/ are not watched.")]
    Dev(DevArgs),

    /// Build a plugin's folder into a component, and check it as `switchback check` does
    #[command(after_help = "\
Examples:
  switchback build shop
  switchback build shop --out plugins/shop.wasm

The toolchain that is needed is found, or installed after saying so: Rust's target wasm32-wasip2 (by rustup), \
componentize-py or componentize-qjs.")]
    Build(BuildArgs),

    /// Serve the plugins of a folder, and keep up with it
    #[command(after_help = "\
Examples:
  switchback serve
  switchback serve --plugins dist --listen 0.0.0.0:8080 --log-format json
  switchback serve --set limits.cpu_ms=200 --set host.title=\"My API\"")]
    Serve(ServeArgs),

    /// Load components as the host would: their routes, warnings and errors; exits with 1 if one cannot be served
    #[command(after_help = "\
Examples:
  switchback check items.wasm plugins/wiki
  switchback check dist/*.wasm --allow-import game:world/query
  switchback check --budget items.wasm

With --budget, each operation is called with the examples of its contract, again and again, in a host made for it. \
What changes something (POST, PUT, DELETE) is called as well: nothing is kept but what the plugin itself keeps elsewhere, \
by imports. A streamed answer is read for a second at most, and its CPU time is that until its head.")]
    Check(CheckArgs),

    /// Print the OpenAPI document that would be served for some components
    #[command(after_help = "\
Example:
  switchback openapi dist/*.wasm > openapi.json")]
    Openapi(FilesArgs),

    /// Print what components serve together as a table: method, path, operation, plugin, limits
    #[command(after_help = "\
Examples:
  switchback routes shop.wasm
  switchback routes plugins --json | jq -r '.[].path'")]
    Routes(RoutesArgs),

    /// Print what a new component changes of an old one's contract; exits with 1 if clients of the old one break
    #[command(after_help = "\
Examples:
  switchback diff shop-1.wasm shop-2.wasm
  switchback diff recorded.json shop.wasm --fail-on unknown --json

Each is a component, a plugin's folder, or an OpenAPI document (.json).")]
    Diff(DiffArgs),

    /// Print every setting in force, and where it came from
    Config(ServeArgs),

    /// List what a running host serves
    #[command(after_help = OPERATING)]
    Plugins(RemoteArgs),

    /// List the revisions of a plugin that a running host keeps
    #[command(after_help = OPERATING)]
    History(PluginArgs),

    /// Make a running host serve again what an earlier revision of a plugin was
    #[command(after_help = OPERATING)]
    Rollback(RollbackArgs),

    /// Make a running host serve a component, whatever its plugins folder holds
    #[command(after_help = OPERATING)]
    Deploy(DeployArgs),

    /// Make a running host try a component beside what serves: it gets a part of the requests
    #[command(after_help = OPERATING)]
    Try(TryArgs),

    /// Make a running host serve under another name, at a prefix of its own, what a plugin is or was
    #[command(after_help = OPERATING)]
    Mount(MountArgs),

    /// Make a running host give a candidate another part of the requests
    #[command(after_help = OPERATING)]
    Weigh(WeighArgs),

    /// Make a running host let a candidate serve alone
    #[command(after_help = OPERATING)]
    Promote(PluginArgs),

    /// Make a running host serve a candidate no more
    #[command(after_help = OPERATING)]
    Withdraw(PluginArgs),

    /// Make a running host serve a plugin no more until it is enabled
    #[command(after_help = OPERATING)]
    Disable(PluginArgs),

    /// Make a running host serve a disabled plugin again
    #[command(after_help = OPERATING)]
    Enable(PluginArgs),

    /// Make a running host say that it is not ready, so that balancers send requests elsewhere; it serves on
    #[command(after_help = OPERATING)]
    Drain(DrainArgs),

    /// List the last calls that went wrong in a running host, or show one of them
    #[command(after_help = OPERATING)]
    Faults(FaultsArgs),

    /// Send the request of a fault once more; exits with 0 if nothing goes wrong with it any more, else with 1
    #[command(after_help = "\
Examples:
  switchback replay 12
  switchback replay 12 --against shop.wasm
  switchback replay 12 --revision 3 --force

It is sent in the host that recorded it, to an instance of its own under the plugin's limits, through what serves unless \
told otherwise; nothing that serves is changed, and nothing is counted. What is secret was not kept: `**********` is sent for it, and that is told.")]
    Replay(ReplayArgs),

    /// Print what happens in a running host, a JSON object a line
    #[command(after_help = OPERATING)]
    Events(RemoteArgs),
}

#[derive(Args)]
pub(crate) struct NewArgs {
    /// The folder to make; its last name is the plugin's
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,

    /// What the plugin begins as
    #[arg(long, value_name = "NAME", default_value = "hello")]
    pub(crate) template: Template,
}

#[derive(Args)]
pub(crate) struct DevArgs {
    /// Folders of plugins
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folders: Vec<PathBuf>,

    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,

    /// Open the documentation in a browser once it is served
    #[arg(long)]
    pub(crate) open: bool,

    /// Speak TLS, with a certificate for this machine that is made for it
    #[arg(long)]
    pub(crate) tls: bool,

    /// What to log: error, warn, info, debug, trace, or directives such as `warn,switchback=debug` [default: info]
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,

    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

#[derive(Args)]
pub(crate) struct BuildArgs {
    /// The plugin's folder
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// Where the component goes [default: NAME.wasm here]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// An interface that the program around the host will offer, such as `game:world/query`
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_import: Vec<String>,

    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

#[derive(Args)]
pub(crate) struct ServeArgs {
    /// The folder of plugins; NAME.wasm is the plugin NAME, and so is a folder NAME with a plugin.wasm [default: ./plugins]
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,

    /// Where to listen: HOST:PORT (port 0 takes a free one) or unix:PATH, with proxy: before it for the PROXY protocol; may
    /// be given several times [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR")]
    listen: Vec<String>,

    /// Where the operator's API and page are, beside the socket in the plugins folder; port 0 takes a free one [default: nowhere]
    #[arg(long, value_name = "ADDR")]
    admin: Option<String>,

    /// Exit at once if a plugin cannot be served
    #[arg(long)]
    strict: bool,

    /// How to log [default: human]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<LogFormat>,

    /// What to log: error, warn, info, debug, trace, or directives such as `warn,switchback=debug` [default: info]
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,

    /// Log no line per request
    #[arg(long)]
    no_access_log: bool,

    /// Threads that serve [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<u32>,

    /// Speak TLS with this certificate, a PEM file with its chain; may be given several times, for several names
    #[arg(long, value_name = "FILE")]
    tls_certificate: Vec<String>,

    /// The key of the certificate, where that is another file; as often and in the same order
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Vec<String>,

    /// Say in each answer which revision of which plugin it is from: `x-switchback-revision: items@3`
    #[arg(long)]
    revision_header: bool,

    /// Serve no pages: neither /docs nor /redoc nor the index at /
    #[arg(long)]
    no_pages: bool,

    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) files: FilesArgs,

    /// Run the examples of the contract, and print CPU time, memory and answer of each operation beside the limits;
    /// exits with 1 if a call fails, an example does not fit its contract or a limit is exceeded
    #[arg(long)]
    pub(crate) budget: bool,

    /// How often each example is run, after three times that do not count
    #[arg(long, value_name = "COUNT", default_value_t = 20, requires = "budget",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) runs: u32,

    /// Print a JSON array, for scripts
    #[arg(long, requires = "budget")]
    pub(crate) json: bool,

    /// An interface that the program around the host will offer, such as `game:world/query`
    #[arg(long, value_name = "NAME", conflicts_with = "budget")]
    pub(crate) allow_import: Vec<String>,
}

#[derive(Args)]
pub(crate) struct DiffArgs {
    /// What clients go by
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,

    /// What is to replace it
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,

    /// Print a JSON array, for scripts
    #[arg(long)]
    pub(crate) json: bool,

    /// On which changes to exit with 1
    #[arg(long, value_name = "VERDICT", value_enum, default_value = "breaking")]
    pub(crate) fail_on: FailOn,

    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum FailOn {
    /// Those that break clients
    Breaking,
    /// Those, and those of which nobody can tell
    Unknown,
    /// None
    Never,
}

#[derive(Args)]
pub(crate) struct FilesArgs {
    /// Components; NAME.wasm is the plugin NAME, and so is a folder NAME with a plugin.wasm
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

#[derive(Args)]
pub(crate) struct RoutesArgs {
    /// Plugins, or folders of them; NAME.wasm is the plugin NAME, and so is a folder NAME with a plugin.wasm
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) places: Vec<PathBuf>,

    /// Print a JSON array, for scripts
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

#[derive(Args)]
pub(crate) struct CommonArgs {
    /// The configuration file [default: ./switchback.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where compiled components are kept between starts [default: switchback in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,

    /// Compile each component anew
    #[arg(long, conflicts_with = "cache_dir")]
    no_cache: bool,

    /// Any setting by its name in the configuration file
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Settings that were typed, each with its flag.
pub(crate) type Typed = Vec<(Key, Value, String)>;
