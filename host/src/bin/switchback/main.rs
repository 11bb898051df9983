//! The program `switchback`: the first embedder of the library, by nothing but its public API.

mod budget;
mod build;
mod carried;
mod certificate;
mod check;
mod cli;
mod dev;
mod diff;
mod doors;
mod faults;
mod file;
mod group;
mod life;
mod logging;
mod new;
mod project;
mod remote;
mod routes;
mod serve;
mod settings;
mod sources;
mod toolchain;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use switchback::Config;

use cli::{Cli, Command, CommonArgs, Typed};
use life::End;
use settings::{Serve, Settings, Wrong};

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(Wrong(lines)) => {
            for line in lines {
                say(&mut std::io::stderr(), &format!("error: {line}"));
            }
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Wrong> {
    match command {
        Command::New(args) => new::new(&args.folder, args.template),
        Command::Dev(args) => {
            let settings = load(&args.common, args.typed()?)?.enforcing_answers();
            let (config, serve) = settings.resolve()?;
            block_on(dev::dev(config, serve, &args))
        }
        Command::Build(args) => {
            let config = config(&args.common)?;
            block_on(build::build(
                config,
                &args.folder,
                args.out,
                &args.allow_import,
            ))
        }
        Command::Serve(args) => {
            let again = move || load(args.common(), args.typed()?);
            match block_on(serve::serve(again()?, again))? {
                End::Exit(code) => Ok(code),
                End::Again(doors) => {
                    let why = life::restart(&doors);
                    Err(Wrong(vec![format!(
                        "the program cannot be started anew: {why}"
                    )]))
                }
            }
        }
        Command::Check(args) => {
            let common = &args.files.common;
            let settings = load(common, common.typed()?)?.enforcing_answers();
            let (config, _) = settings.resolve()?;
            let files = &args.files.files;
            match args.budget {
                true => block_on(budget::budget(config, files, args.runs, args.json)),
                false => block_on(check::check(config, files, &args.allow_import)),
            }
        }
        Command::Openapi(args) => {
            let config = config(&args.common)?;
            block_on(check::openapi(config, &args.files))
        }
        Command::Routes(args) => {
            let config = config(&args.common)?;
            block_on(routes::routes(config, &args.places, args.json))
        }
        Command::Diff(args) => block_on(diff::diff(config(&args.common)?, &args)),
        Command::Plugins(args) => block_on(remote::plugins(args)),
        Command::History(args) => block_on(remote::history(args)),
        Command::Rollback(args) => block_on(remote::rollback(args)),
        Command::Mount(args) => block_on(remote::mount(args)),
        Command::Deploy(args) => block_on(remote::deploy(args)),
        Command::Try(args) => block_on(remote::try_out(args)),
        Command::Weigh(args) => block_on(remote::weigh(args)),
        Command::Promote(args) => block_on(remote::promote(args)),
        Command::Withdraw(args) => block_on(remote::withdraw(args)),
        Command::Disable(args) => block_on(remote::switch(args, "disable")),
        Command::Enable(args) => block_on(remote::switch(args, "enable")),
        Command::Drain(args) => block_on(remote::drain(args)),
        Command::Faults(args) => block_on(faults::faults(args)),
        Command::Replay(args) => block_on(faults::replay(args)),
        Command::Events(args) => block_on(remote::events(args)),
        Command::Config(args) => {
            let settings = load(args.common(), args.typed()?)?;
            let _: (Config, Serve) = settings.resolve()?;
            say(&mut std::io::stdout(), settings.to_string().trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn config(common: &CommonArgs) -> Result<Config, Wrong> {
    Ok(load(common, common.typed()?)?.resolve()?.0)
}

fn load(common: &CommonArgs, typed: Typed) -> Result<Settings, Wrong> {
    // A variable that is no text cannot be one of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Settings::load(common.file(), environment, typed)
}

fn block_on<T>(work: impl std::future::Future<Output = Result<T, Wrong>>) -> Result<T, Wrong> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime =
        runtime.map_err(|why| Wrong(vec![format!("no threads can be started: {why}")]))?;
    let done = runtime.block_on(work);
    // A component that is still being compiled need not be waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    done
}

/// Writes a line. That nobody reads it is no error of ours.
fn say(to: &mut impl Write, line: &str) {
    let _ = writeln!(to, "{line}").and_then(|()| to.flush());
}
