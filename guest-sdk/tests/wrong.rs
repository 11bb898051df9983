//! Programs that authors get wrong: each is refused at the author's own token, in a sentence that helps.

#![allow(clippy::unwrap_used, reason = "tests")]

/// The expected words are beside each program. After a change: `TRYBUILD=overwrite cargo test -p switchback-sdk --test
/// wrong`, and read what changed.
#[test]
fn a_mistake_is_told_where_it_was_made_in_a_sentence_that_helps() {
    trybuild::TestCases::new().compile_fail("tests/wrong/*.rs");
}

#[test]
fn a_mistake_is_told_once() {
    let told = std::fs::read_dir("tests/wrong")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "stderr"));
    let mut count = 0;
    for path in told {
        let said = std::fs::read_to_string(&path).unwrap();
        let errors = said.lines().filter(|line| line.starts_with("error"));
        assert_eq!(errors.count(), 1, "{path:?}");
        assert!(!said.contains("warning"), "{path:?}");
        count += 1;
    }
    assert!(count >= 25);
}
