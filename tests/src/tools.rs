//! Tools that a machine may not have: a test that needs one says so and is counted, or fails where nothing may be
//! skipped. `tests/tools.sh` gets what can be had; `make test` prints what was skipped all the same.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::harness::target;

/// The program of that name in `PATH`.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A file of the repository, by its path from the root.
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Ends a test that cannot be run here: says why, and is counted by `make test`.
///
/// ```no_run
/// # use switchback_tests::tools;
/// # fn a_page_loads() {
/// let Some(node) = tools::find("node") else {
///     return tools::skip("Node is not installed: run tests/tools.sh");
/// };
/// # }
/// ```
///
/// # Panics
/// With `CI=true`: there nothing is skipped.
#[track_caller]
pub fn skip(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    assert!(
        std::env::var_os("CI").is_none_or(|value| value != "true"),
        "{test} cannot be skipped with CI=true: {why}"
    );
    let line = format!("{test}: {why}\n");
    eprint!("SKIPPED {line}");
    // One short write to a file opened for appending: lines of tests that run at once do not mix.
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(target().join("skipped-tests"));
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("the build's own folder can be written");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_the_path_or_not_at_all() {
        assert!(find("sh").is_some_and(|sh| sh.is_absolute()));
        assert_eq!(find("no-such-program-anywhere"), None);
    }
}
