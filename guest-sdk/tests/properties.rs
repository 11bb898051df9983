//! Types and their schemas agree: whatever the host lets through, the argument's type takes.

#![allow(clippy::unwrap_used, clippy::type_complexity, reason = "tests")]

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use switchback_sdk::TestClient;
use switchback_sdk::prelude::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Order {
    Newest,
    OldestFirst,
}

impl Parameter for Order {}

/// What one request sent in each place.
type Told<T> = (T, Option<T>, Option<T>, Option<T>, Option<Vec<T>>);

macro_rules! tell {
    ($($name:ident: $type:ty, $path:literal;)*) => {
        $(
            #[get($path)]
            fn $name(
                one: $type,
                #[query] two: Option<$type>,
                #[header] three: Option<$type>,
                #[cookie] four: Option<$type>,
                #[query] many: Option<Vec<$type>>,
            ) -> Told<$type> {
                (one, two, three, four, many)
            }
        )*

        plugin! { routes: [$($name),*] }

        /// Every type, with one text.
        fn each_takes_what_is_let_through(client: &TestClient, text: &str) {
            $(
                let response = send(client, stringify!($name), text);
                assert!(
                    [200, 404, 422].contains(&response.status),
                    "{}: {text:?}: {}", stringify!($type), response.text()
                );
                if response.status == 200 {
                    response.json::<Told<$type>>();
                }
            )*
        }
    };
}

tell! {
    texts: String, "/texts/{one}";
    bools: bool, "/bools/{one}";
    u8s: u8, "/u8s/{one}";
    u16s: u16, "/u16s/{one}";
    u32s: u32, "/u32s/{one}";
    u64s: u64, "/u64s/{one}";
    u128s: u128, "/u128s/{one}";
    i8s: i8, "/i8s/{one}";
    i16s: i16, "/i16s/{one}";
    i32s: i32, "/i32s/{one}";
    i64s: i64, "/i64s/{one}";
    i128s: i128, "/i128s/{one}";
    f32s: f32, "/f32s/{one}";
    f64s: f64, "/f64s/{one}";
    orders: Order, "/orders/{one}";
}

/// Sends a text in each place that can have it.
fn send(client: &TestClient, route: &str, text: &str) -> switchback_sdk::TestResponse {
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let mut request = client
        .get(&format!("/{route}/{encoded}"))
        .query("two", text)
        .query("many", text)
        .query("many", text);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        request = request.header("three", text).cookie("four", text);
    }
    request.send()
}

fn comes_back<T>(client: &TestClient, route: &str, value: &T, text: &str)
where
    T: DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let response = send(client, route, text);
    assert_eq!(
        response.status,
        200,
        "{route} {text:?}: {}",
        response.text()
    );
    let (one, two, three, four, many) = response.json::<Told<T>>();
    assert_eq!(&one, value);
    assert_eq!(two.as_ref(), Some(value));
    for sent in [three, four].iter().flatten() {
        assert_eq!(sent, value);
    }
    assert!(many.unwrap().iter().all(|one| one == value));
}

/// What clients send: numbers of many spellings around the bounds, words, anything.
fn sent() -> impl Strategy<Value = String> {
    let near = prop::sample::select(vec![
        0_i128,
        127,
        128,
        255,
        256,
        -128,
        -129,
        32_767,
        65_535,
        65_536,
        -32_769,
        2_147_483_647,
        -2_147_483_649,
        4_294_967_295,
        9_007_199_254_740_993,
        9_223_372_036_854_775_807,
        -9_223_372_036_854_775_808,
        18_446_744_073_709_551_615,
        i128::MAX - 2,
        i128::MIN + 2,
    ]);
    let words = prop::sample::select(vec![
        "true",
        "FALSE",
        "on",
        "0",
        "1",
        "-0",
        "1e3",
        "1E400",
        "-1e-400",
        "NaN",
        "inf",
        "-Infinity",
        "0x10",
        "1_000",
        "+5",
        "007",
        "5.0",
        "5.",
        ".5",
        "newest",
        "oldest-first",
        "Newest",
        "null",
        "1e38",
        "3.5e38",
        "",
    ]);
    prop_oneof![
        (near, -2_i128..3).prop_map(|(near, step)| (near + step).to_string()),
        words.prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "[-+]?[0-9]{0,41}(\\.[0-9]{0,4})?([eE][-+]?[0-9]{1,3})?",
        "\\PC{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_let_through_the_type_takes(texts in prop::collection::vec(sent(), 8)) {
        let client = TestClient::new(plugin());
        for text in texts {
            each_takes_what_is_let_through(&client, &text);
        }
    }

    #[test]
    fn whatever_the_type_holds_is_let_through(
        byte in any::<u8>(), short in any::<i16>(), word in any::<u32>(), long in any::<i64>(),
        size in any::<u64>(), huge in any::<i128>(), yes in any::<bool>(), number in prop::num::f64::NORMAL,
        small in prop::num::f32::NORMAL, text in "[^/\\x00]{1,12}",
    ) {
        let client = TestClient::new(plugin());
        comes_back(&client, "u8s", &byte, &byte.to_string());
        comes_back(&client, "i16s", &short, &short.to_string());
        comes_back(&client, "u32s", &word, &word.to_string());
        comes_back(&client, "i64s", &long, &long.to_string());
        comes_back(&client, "u64s", &size, &size.to_string());
        comes_back(&client, "i128s", &huge, &huge.to_string());
        let huge = huge.unsigned_abs();
        comes_back(&client, "u128s", &huge, &huge.to_string());
        comes_back(&client, "bools", &yes, &yes.to_string());
        comes_back(&client, "f64s", &number, &number.to_string());
        comes_back(&client, "f32s", &small, &small.to_string());
        comes_back(&client, "texts", &text, &text);
        comes_back(&client, "orders", &Order::OldestFirst, "oldest-first");
    }
}
