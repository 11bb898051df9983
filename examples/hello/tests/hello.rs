//! On this machine, without a server: `cargo test -p hello`.

use switchback_sdk::TestClient;

#[test]
fn it_greets_by_name() {
    let client = TestClient::new(hello::plugin());
    let response = client.get("/hello/World").send();
    assert_eq!(
        (response.status, response.text()),
        (200, r#"{"message":"Hello World"}"#.into())
    );
}
