//! The README's commands do what they show.

use std::path::Path;

use switchback_tests::Served;
use switchback_tests::guests::{hello, items};

/// What a console block of the README shows: commands and their output.
fn shown(command: &str) -> Vec<(String, String)> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(readme).expect("the README");
    let mut found: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(typed) = line.strip_prefix("$ ").filter(|_| inside) {
            found.push((typed.into(), String::new()));
        } else if inside && let Some((_, output)) = found.last_mut() {
            output.push_str(line);
        }
    }
    found.retain(|(typed, _)| typed.starts_with(command));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn each_curl_of_the_readme_prints_what_it_shows() {
    let served = Served::new(&[("hello", &hello()), ("items", &items())], &[]).await;
    let curls = shown("curl ");
    assert_eq!(curls.len(), 3);
    for (typed, output) in curls {
        let here = typed.replace("127.0.0.1:8000", &served.address.to_string());
        let silent = here.replacen("curl", "curl --silent", 1);
        let run = tokio::process::Command::new("sh")
            .arg("-c")
            .arg(silent)
            .output()
            .await
            .expect("a shell");
        assert!(run.status.success(), "{typed}: is curl installed?");
        assert_eq!(String::from_utf8_lossy(&run.stdout), output, "{typed}");
    }
}
