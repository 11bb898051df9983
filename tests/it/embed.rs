//! A host inside another program.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use switchback::wasmtime::component::Linker;
use switchback::wasmtime::{Result, StoreContextMut};
use switchback::{Body, Config, ErrorKind, GuestState, Host, HostConfig, Identity};
use switchback_tests::Client;
use switchback_tests::guests::{Describe, blank, hello, with_an_import_of_its_embedder};
use switchback_tests::harness::cache;

use crate::contracts;

#[derive(Clone)]
struct World(Arc<Mutex<Vec<String>>>);

fn imports(linker: &mut Linker<GuestState>) -> Result<()> {
    linker.instance("game:world/query@1.0.0")?.func_wrap(
        "players",
        |store: StoreContextMut<'_, GuestState>, (): ()| {
            let world = store.data().extensions().and_then(|all| all.get::<World>());
            Ok((world
                .map(|world| world.0.lock().expect("no panic").clone())
                .unwrap_or_default(),))
        },
    )
}

fn config() -> Config {
    let host = HostConfig {
        base_path: "/mods".into(),
        cache_dir: Some(cache()),
        ..HostConfig::default()
    };
    Config {
        host,
        ..Config::default()
    }
}

/// A program with a route of its own, and the host under `/mods`.
async fn program(host: Host, world: World) -> std::net::SocketAddr {
    let plugins = tower::service_fn(move |mut request: axum::extract::Request| {
        request.extensions_mut().insert(world.clone());
        let host = host.clone();
        async move { Ok::<_, std::convert::Infallible>(host.dispatch(request).await) }
    });
    let app = Router::new()
        .route("/own", get(async || "own"))
        .nest_service("/mods", plugins);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_nests_under_a_path_of_another_program() {
    let host = Host::new(config()).expect("a host");
    host.deploy("hello", hello()).await.expect("served");
    let mut client = Client::new(program(host, World(Arc::default())).await);
    assert_eq!(client.get("/own").await.text(), "own");
    assert_eq!(
        client.get("/mods/hello/World").await.text(),
        r#"{"message":"Hello World"}"#
    );
    let redirected = client.get("/mods/hello/World/").await;
    assert_eq!(
        (redirected.status.as_u16(), redirected.header("location")),
        (307, "/mods/hello/World")
    );
    // "Try it out" calls what the document's `servers` say.
    let document = client.get("/mods/openapi.json").await.json();
    assert_eq!(document["servers"][0]["url"], "/mods");
    assert!(document["paths"].get("/hello/{name}").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_a_service_that_a_router_falls_back_to() {
    let host = Host::new(config()).expect("a host");
    host.deploy("hello", hello()).await.expect("served");
    let app = Router::new()
        .route("/own", get(async || "own"))
        .fallback_service(host);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let mut client = Client::new(listener.local_addr().expect("its address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    assert_eq!(client.get("/own").await.text(), "own");
    assert_eq!(
        client.get("/hello/World").await.text(),
        r#"{"message":"Hello World"}"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_reads_who_is_asking_as_the_embedder_established_it() {
    let host = Host::new(config()).expect("a host");
    let guest = blank(&contracts::of(&["incoming"]), "1", Describe::Contract);
    host.deploy("blank", guest).await.expect("served");
    let mut request = http::Request::get("/incoming")
        .body(Body::default())
        .expect("a request");
    request
        .extensions_mut()
        .insert(Identity(r#"{"user":7}"#.into()));
    let body = http_body_util::BodyExt::collect(host.dispatch(request).await.into_body()).await;
    let told: serde_json::Value =
        serde_json::from_slice(&body.expect("a body").to_bytes()).expect("JSON");
    assert_eq!(
        (&told["identity"], &told["peer"]),
        (
            &serde_json::json!(r#"{"user":7}"#),
            &serde_json::Value::Null
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedder_gives_its_guests_an_import_of_its_own() {
    let host = Host::builder(config())
        .imports(imports)
        .build()
        .expect("a host");
    host.deploy("game", with_an_import_of_its_embedder())
        .await
        .expect("served");
    let world = World(Arc::new(Mutex::new(vec!["Ada".into()])));
    let mut client = Client::new(program(host, world.clone()).await);
    assert_eq!(
        client.get("/mods/players").await.json(),
        serde_json::json!(["Ada"])
    );
    world.0.lock().expect("no panic").push("Bob".into());
    assert_eq!(
        client.get("/mods/players").await.json(),
        serde_json::json!(["Ada", "Bob"])
    );

    let without = Host::new(config()).expect("a host");
    let refused = without
        .deploy("game", with_an_import_of_its_embedder())
        .await
        .expect_err("nobody offers it");
    assert_eq!(refused.kind(), ErrorKind::Interface);
    assert!(
        refused.to_string().contains("game:world/query@1.0.0"),
        "{refused}"
    );
    let allowed = ["game:world/query".to_owned()];
    without
        .check("game", with_an_import_of_its_embedder(), &allowed)
        .await
        .expect("it is taken as there");
}
