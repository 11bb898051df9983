use switchback_sdk::prelude::*;

#[get("/app")]
fn read_main() -> Value {
    json!({ "message": "Hello World", "root_path": incoming::prefix() })
}

plugin! {
    title: "FastAPI",
    servers: {
        "https://stag.example.com": "Staging environment",
        "https://prod.example.com": "Production environment",
    },
    routes: [read_main],
}
