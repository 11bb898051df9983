//! Arguments from every place of a request, by the SDK: what its contract says, the host has to read the same way.

use switchback_sdk::prelude::*;

/// Tell what was sent
#[get("/told")]
fn told(
    #[header] x_token: u32,
    #[header(name = "X-Many")] many: Vec<String>,
    #[cookie] session: Option<String>,
    #[cookie(default = "dark")] theme: String,
) -> String {
    format!("{x_token} {many:?} {session:?} {theme}")
}

/// Sign in
#[post("/login")]
fn login(#[form(min_length = 2)] user: String, #[form(default = 3, le = 9)] tries: u8) -> String {
    format!("{user} {tries}")
}

/// Who signs in.
#[derive(Deserialize, JsonSchema)]
struct Who {
    user: String,
    #[serde(default)]
    remember: bool,
    tags: Vec<String>,
}

/// Sign in, as a struct
#[post("/login-struct")]
fn login_struct(who: Form<Who>) -> String {
    format!("{} {} {:?}", who.0.user, who.0.remember, who.0.tags)
}

/// Take files
#[post("/files")]
fn files(
    file: Upload,
    more: Vec<Upload>,
    maybe: Option<Upload>,
    #[form] note: Option<String>,
) -> Result<String, Problem> {
    let text = String::from_utf8_lossy(&file.read_all()?).into_owned();
    let names: Vec<_> = more.into_iter().filter_map(|file| file.file_name).collect();
    Ok(format!("{text} {names:?} {} {note:?}", maybe.is_some()))
}

/// Count bytes
#[put("/blob")]
fn blob(content: Bytes) -> usize {
    content.0.len()
}

plugin! { title: "Inputs", routes: [told, login, login_struct, files, blob] }
