use switchback_sdk::prelude::*;

plugin! { title: "FastAPI", routes: [] }
