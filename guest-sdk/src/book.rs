//! How plugins are written, in eight short chapters. Each example is compiled and run with the tests.
//!
//! 1. [A first function](chapter_1_first_function)
//! 2. [Arguments](chapter_2_arguments): path, query, headers, cookies, and their rules
//! 3. [Bodies](chapter_3_bodies): JSON, forms, files, bytes
//! 4. [Answers](chapter_4_answers): results, errors, statuses
//! 5. [Routers](chapter_5_routers): a plugin of many modules
//! 6. [What a call can reach](chapter_6_reach): the request, the log, state
//! 7. [Tests](chapter_7_tests), natively
//! 8. [Streams](chapter_8_streams): JSON lines, server-sent events, bodies read while they arrive

#[doc = include_str!("book/1-first-function.md")]
pub mod chapter_1_first_function {}

#[doc = include_str!("book/2-arguments.md")]
pub mod chapter_2_arguments {}

#[doc = include_str!("book/3-bodies.md")]
pub mod chapter_3_bodies {}

#[doc = include_str!("book/4-answers.md")]
pub mod chapter_4_answers {}

#[doc = include_str!("book/5-routers.md")]
pub mod chapter_5_routers {}

#[doc = include_str!("book/6-reach.md")]
pub mod chapter_6_reach {}

#[doc = include_str!("book/7-tests.md")]
pub mod chapter_7_tests {}

#[doc = include_str!("book/8-streams.md")]
pub mod chapter_8_streams {}
