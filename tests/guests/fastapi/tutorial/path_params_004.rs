use switchback_sdk::prelude::*;

#[get("/files/{file_path:path}")]
fn read_file(file_path: String) -> Value {
    json!({ "file_path": file_path })
}

plugin! { title: "FastAPI", routes: [read_file] }
