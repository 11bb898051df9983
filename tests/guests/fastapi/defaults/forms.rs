//! Forms and files.

mod echo;
mod kinds;
mod python;

use switchback_sdk::prelude::*;

use echo::echo;
use kinds::Letter;
use python::Day;

#[post("/field/int")]
fn field_int(#[form] v: i64) -> Value {
    echo(v)
}

#[post("/field/bool")]
fn field_bool(#[form] v: bool) -> Value {
    echo(v)
}

#[post("/field/str")]
fn field_str(#[form] v: String) -> Value {
    echo(v)
}

#[post("/field/short")]
fn field_short(#[form(min_length = 2)] v: String) -> Value {
    echo(v)
}

#[post("/field/ints")]
fn field_ints(#[form] v: Vec<i64>) -> Value {
    echo(v)
}

#[post("/field/date")]
fn field_date(#[form] v: Day) -> Value {
    echo(v)
}

#[post("/field/letter")]
fn field_letter(#[form] v: Letter) -> Value {
    echo(v)
}

// What may be null and has no default has to be sent, and a text is never null.
#[post("/field/optional")]
fn field_optional(#[form] v: i64) -> Value {
    echo(v)
}

#[post("/default")]
fn default_form(#[form] v: i64) -> Value {
    echo(v)
}

#[model]
#[serde(deny_unknown_fields)]
struct Login {
    #[field(min_length = 2)]
    user: String,
    age: Option<i64>,
    #[serde(default)]
    tags: Vec<String>,
}

#[post("/model")]
fn login(data: Form<Login>) -> Value {
    json!(data.0)
}

#[post("/defaults")]
fn form_defaults(
    #[form(default = 5)] n: i64,
    #[form(default = "d")] s: String,
    #[form] z: Option<String>,
) -> Value {
    json!({ "n": n, "s": s, "z": z })
}

#[post("/bytes")]
fn file_bytes(f: Upload) -> Value {
    json!({ "length": f.size })
}

#[post("/upload")]
fn upload(f: Upload) -> Result<Value, Problem> {
    let text = String::from_utf8_lossy(&f.read_all()?).into_owned();
    // As Python has headers: a character for each byte.
    let text_of = |value: Vec<u8>| value.into_iter().map(char::from).collect::<String>();
    let headers = f.headers().into_iter();
    let headers: Vec<_> = headers
        .map(|(name, value)| (name, text_of(value)))
        .collect();
    Ok(json!({
        "name": f.file_name, "type": f.media_type, "size": f.size, "text": text, "headers": headers,
    }))
}

#[post("/uploads")]
fn uploads(f: Vec<Upload>) -> Value {
    let files = f.into_iter().map(|file| json!([file.file_name, file.size]));
    files.collect()
}

#[post("/mixed")]
fn mixed(
    #[form] title: String,
    f: Upload,
    cover: Option<Upload>,
    #[form(default = 1)] count: i64,
) -> Value {
    let cover = cover.map(|cover| cover.size);
    json!({ "title": title, "f": f.file_name, "cover": cover, "count": count })
}

plugin! {
    title: "forms",
    routes: [
        field_int, field_bool, field_str, field_short, field_ints, field_date, field_letter, field_optional,
        default_form, login, form_defaults, file_bytes, upload, uploads, mixed,
    ],
}
