//! Programs that authors get wrong: each is refused at the author's own token, with a sentence that helps.

/// The expected words are beside each program. After a change: `TRYBUILD=overwrite cargo test -p switchback-sdk --test
/// wrong`, and read what changed.
#[test]
fn a_mistake_is_told_where_it_was_made_in_a_sentence_that_helps() {
    trybuild::TestCases::new().compile_fail("tests/wrong/*.rs");
}
