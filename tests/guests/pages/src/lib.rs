//! A plugin with a page of its own for what the host answers in its place.

use switchback_sdk::prelude::*;

/// Count to
#[get("/count")]
fn count(#[query(le = 10)] to: u32) -> Vec<u32> {
    (1..=to).collect()
}

/// What is shown for what goes wrong
#[on_problem]
fn page(problem: Json<ProblemDetails>) -> Html {
    let ProblemDetails {
        status,
        title,
        errors,
        ..
    } = problem.0;
    let mut html = format!("<h1>{status} {title}</h1>");
    for broken in errors {
        html.push_str(&format!("<p>{}: {}</p>", broken.place(), broken.msg));
    }
    Html(html)
}

plugin! { title: "Pages", routes: [count, page] }
