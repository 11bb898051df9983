use switchback_sdk::prelude::*;

#[post("/files/")]
fn create_file(file: Upload) -> Value {
    json!({ "file_size": file.size })
}

#[post("/uploadfile/")]
fn create_upload_file(file: Upload) -> Value {
    json!({ "filename": file.file_name })
}

plugin! { title: "FastAPI", routes: [create_file, create_upload_file] }
