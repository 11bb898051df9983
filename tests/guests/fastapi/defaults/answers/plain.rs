//! Values without a model, and statuses.

use switchback_sdk::prelude::*;

#[get("/plain/none")]
fn plain_none() -> Value {
    Value::Null
}

#[get("/plain/text")]
fn plain_text() -> Value {
    "t".into()
}

#[get("/plain/zero")]
fn plain_zero() -> Value {
    0.into()
}

#[get("/plain/float")]
fn plain_float() -> Value {
    json!(1.0)
}

#[get("/plain/list")]
fn plain_list() -> Value {
    json!([])
}

#[get("/plain/tuple")]
fn plain_tuple() -> Value {
    json!([1, 2])
}

#[get("/plain/nan")]
fn plain_nan() -> Value {
    json!(f64::NAN)
}

#[get("/plain/bytes")]
fn plain_bytes() -> Value {
    json!(String::from_utf8_lossy(b"ab"))
}

#[get("/plain/bad-bytes")]
fn plain_bad_bytes() -> Value {
    json!(String::from_utf8(vec![0xff]).expect("a text"))
}

#[get("/plain/big")]
fn plain_big() -> u128 {
    1 << 70
}

#[get("/plain/unicode")]
fn plain_unicode() -> Value {
    "\u{e9}\u{1f600}\"\n".into()
}

#[get("/plain/mixed-keys")]
fn plain_mixed_keys() -> Value {
    json!({ "1": 2, "null": 3, "k": 4 })
}

#[get("/plain/object")]
fn plain_object() -> Value {
    panic!("that is nothing that JSON can say")
}

#[post("/status/201", status = 201)]
fn status_201() -> Value {
    json!({ "code": 201 })
}

#[post("/status/202", status = 202)]
fn status_202() -> Value {
    json!({ "code": 202 })
}

#[post("/status/204", status = 204)]
fn status_204() {}

#[post("/status/205", status = 205)]
fn status_205() -> Value {
    json!({ "code": 205 })
}

#[get("/status/304", status = 304)]
fn status_304() {}

#[delete("/status/204-with-value", status = 204)]
fn status_204_with_value() -> Value {
    json!({ "a": 1 })
}

#[delete("/status/204-response", status = 204)]
fn status_204_response() -> Response {
    Response::new(204)
}

router! {
    routes: [
        plain_none, plain_text, plain_zero, plain_float, plain_list, plain_tuple, plain_nan, plain_bytes, plain_big,
        plain_unicode, plain_mixed_keys, plain_bad_bytes, plain_object, status_201, status_202, status_204, status_205,
        status_304, status_204_with_value, status_204_response,
    ],
}
