//! A program of your own with a route of its own, beside routes that its users' plugins bring, and an import of its own
//! for them: a game that lets plugins ask about its world.
//!
//!     cargo run --release --example embed -- examples/dist/hello.wasm
//!     curl 127.0.0.1:8000/score            # the program's own
//!     curl 127.0.0.1:8000/mods/hello/World # a plugin's
//!
//! What it offers is, in WIT: `package game:world@1.0.0; interface query { players: func() -> list<string>; }`

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use switchback::wasmtime::component::Linker;
use switchback::wasmtime::{Result, StoreContextMut};
use switchback::{Config, GuestState, Host, HostConfig, Identity};

/// The program's own state. Requests carry it to the guests' imports.
#[derive(Clone, Default)]
struct World(Arc<Mutex<Vec<String>>>);

/// What plugins may import besides what every guest may.
fn imports(linker: &mut Linker<GuestState>) -> Result<()> {
    let mut query = linker.instance("game:world/query@1.0.0")?;
    query.func_wrap(
        "players",
        |store: StoreContextMut<'_, GuestState>, (): ()| {
            // Outside of a request (a plugin is asked for its contract) there is no world.
            let world = store
                .data()
                .extensions()
                .and_then(|extensions| extensions.get::<World>());
            let players = world.map(|world| world.0.lock().expect("never poisoned").clone());
            Ok((players.unwrap_or_default(),))
        },
    )
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let world = World::default();
    world.0.lock().expect("never poisoned").push("Ada".into());

    // Plugins live under `/mods`: their documents and redirects have to know.
    let host = HostConfig {
        base_path: "/mods".into(),
        ..HostConfig::default()
    };
    let config = Config {
        host,
        ..Config::default()
    };
    let host = Host::builder(config).imports(imports).build()?;
    for file in std::env::args().skip(1) {
        let path = std::path::Path::new(&file);
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let deployed = host.deploy(name, std::fs::read(path)?).await?;
        println!("{name}: revision {}", deployed.revision);
    }

    // Each request brings the world and who is asking; a guest reads the latter by `incoming.identity`.
    let seen = world.clone();
    let plugins = tower::service_fn(move |mut request: axum::extract::Request| {
        request.extensions_mut().insert(seen.clone());
        request
            .extensions_mut()
            .insert(Identity(r#"{"player":"Ada"}"#.into()));
        let host = host.clone();
        async move { Ok::<_, std::convert::Infallible>(host.dispatch(request).await) }
    });
    let app = Router::new()
        .route(
            "/score",
            get(move || async move { world.0.lock().expect("never poisoned").len().to_string() }),
        )
        .nest_service("/mods", plugins);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
