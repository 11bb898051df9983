//! The README's commands do what they show.

use std::path::Path;

use switchback_tests::Served;
use switchback_tests::guests::{hello, items};

/// What the console blocks of a document show, under a heading or anywhere: commands and their output.
pub(crate) fn shown(document: &str, heading: Option<&str>) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join(document)).expect("the document");
    let mut found: Vec<(String, String)> = Vec::new();
    let (mut here, mut inside) = (heading.is_none(), false);
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if line.starts_with('#') && !inside && heading.is_some() {
            here = heading == Some(line);
        } else if !here || !inside {
        } else if let Some(typed) = line.strip_prefix("$ ") {
            found.push((typed.into(), String::new()));
        } else if let Some((_, output)) = found.last_mut() {
            if !output.is_empty() {
                output.push('\n');
            }
            output.push_str(line);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn each_curl_of_the_readme_prints_what_it_shows() {
    let served = Served::new(&[("hello", &hello()), ("items", &items())], &[]).await;
    let mut curls = shown("README.md", None);
    curls.retain(|(typed, _)| typed.starts_with("curl "));
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
