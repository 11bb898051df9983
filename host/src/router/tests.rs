//! Which of several routes is found, and what is said where none is.

use std::time::Instant;

use super::*;

fn template(path: &str) -> PathTemplate {
    PathTemplate::parse(path, |name| name == "rest").unwrap()
}

/// A router over `METHOD /path` lines, each its own target.
fn router(lines: &[&'static str]) -> Router<&'static str> {
    let parsed: Vec<_> = lines
        .iter()
        .map(|line| (*line, line.split_once(' ').unwrap()))
        .collect();
    let templates: Vec<_> = parsed.iter().map(|(_, (_, path))| template(path)).collect();
    Router::new(
        parsed
            .iter()
            .zip(&templates)
            .map(|((line, (method, path)), template)| Route {
                plugin: "p",
                prefix: "",
                method: method.parse().unwrap(),
                path,
                template,
                target: *line,
            }),
    )
    .unwrap()
}

fn find(
    router: &Router<&'static str>,
    method: &Method,
    path: &str,
) -> Result<(&'static str, Vec<String>), NoRoute> {
    let path = RequestPath::new(path);
    let found = router.find(method, &path)?;
    Ok((
        *found.target,
        found.segments.iter().map(ToString::to_string).collect(),
    ))
}

#[track_caller]
fn finds(router: &Router<&'static str>, path: &str, target: &str, segments: &[&str]) {
    let (found, values) = find(router, &Method::GET, path).unwrap();
    assert_eq!(
        (found, values.as_slice()),
        (
            target,
            segments
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .as_slice()
        )
    );
}

#[test]
fn fixed_text_comes_before_a_parameter_and_that_before_the_rest() {
    let router = router(&["GET /{rest}", "GET /u/{id}", "GET /u/me", "GET /u/{id}/x"]);
    finds(&router, "/u/me", "GET /u/me", &[]);
    finds(&router, "/u/men", "GET /u/{id}", &["men"]);
    finds(&router, "/u/me/x", "GET /u/{id}/x", &["me"]);
    finds(&router, "/u/me/y", "GET /{rest}", &["u/me/y"]);
}

/// A router over `GET` routes of a plugin, in which parameters are written as Starlette writes them.
fn of_kinds(paths: &[&'static str]) -> Result<Router<&'static str>, RouteClash> {
    let plain = |path: &str| {
        let path = path.replace(":path}", "}");
        [":int}", ":float}", ":uuid}"]
            .iter()
            .fold(path, |path, kind| path.replace(kind, "}"))
    };
    let read = |path: &&'static str| {
        let kind = |name: &str| {
            let (_, after) = path.split_once(&format!("{{{name}:"))?;
            Kind::named(after.split_once('}')?.0)
        };
        let takes_rest = |name: &str| path.contains(&format!("{{{name}:path}}"));
        PathTemplate::parse(&plain(path), takes_rest)
            .unwrap()
            .of_kinds(kind)
    };
    let templates: Vec<PathTemplate> = paths.iter().map(read).collect();
    let plain: Vec<String> = paths.iter().map(|path| plain(path)).collect();
    let routes = paths.iter().zip(&templates).zip(&plain);
    Router::new(routes.map(|((target, template), path)| Route {
        plugin: "p",
        prefix: "",
        method: Method::GET,
        path,
        template,
        target: *target,
    }))
}

#[test]
fn of_routes_that_differ_by_the_kinds_of_their_parameters_the_narrowest_that_fits_is_found() {
    const UUID: &str = "0d1c2e3f-4a5b-4c6d-8e7f-0123456789ab";
    let router = of_kinds(&[
        "/i/{s}",
        "/i/{u:uuid}",
        "/i/{f:float}",
        "/i/{n:int}",
        "/i/{r:path}",
        "/i/me",
        "/{a}/{n:int}",
        "/{n:int}/{a}",
    ])
    .unwrap();
    finds(&router, "/i/7", "/i/{n:int}", &["7"]);
    finds(&router, "/i/7.5", "/i/{f:float}", &["7.5"]);
    finds(&router, &format!("/i/{UUID}"), "/i/{u:uuid}", &[UUID]);
    finds(&router, "/i/x", "/i/{s}", &["x"]);
    finds(&router, "/i/me", "/i/me", &[]);
    finds(&router, "/i/x/y", "/i/{r:path}", &["x/y"]);
    finds(&router, "/1/2", "/{n:int}/{a}", &["1", "2"]);
    finds(&router, "/x/2", "/{a}/{n:int}", &["x", "2"]);
    let unknown = find(&router, &Method::GET, "/x/y");
    assert_eq!(unknown, Err(NoRoute::Unknown));
}

#[test]
fn where_no_route_of_a_shape_takes_a_path_one_of_another_shape_does() {
    const UUID: &str = "0d1c2e3f4a5b4c6d8e7f0123456789ab";
    let router = of_kinds(&[
        "/i/{n:int}",
        "/i/{r:path}",
        "/a/{n:int}/x",
        "/a/{u:uuid}/{y}",
        "/a/{z}/{y}/w",
    ])
    .unwrap();
    finds(&router, "/i/7", "/i/{n:int}", &["7"]);
    finds(&router, "/i/x", "/i/{r:path}", &["x"]);
    finds(
        &router,
        &format!("/a/{UUID}/x"),
        "/a/{u:uuid}/{y}",
        &[UUID, "x"],
    );
    assert_eq!(find(&router, &Method::GET, "/a/q/x"), Err(NoRoute::Unknown));
}

#[test]
fn the_same_kinds_or_the_same_words_clash() {
    for (one, other) in [
        ("/i/{n:int}", "/i/{m:int}"),
        ("/i/{n}", "/i/{m}"),
        ("/i/{id:int}", "/i/{id}"),
    ] {
        let clash = of_kinds(&[one, other]).err().unwrap();
        let told = clash.to_string();
        assert!(told.contains("clashes with `GET /i/"), "{told}");
    }
}

#[test]
fn the_method_is_looked_at_before_the_path() {
    let router = router(&["GET /users/me", "DELETE /users/{id}"]);
    assert_eq!(
        find(&router, &Method::DELETE, "/users/me").unwrap().0,
        "DELETE /users/{id}"
    );
}

#[test]
fn nobody_is_led_to_a_path_that_is_meant_exactly() {
    let template = |path, exact| {
        let template = PathTemplate::parse(path, |_| false).unwrap();
        template.exactly(exact)
    };
    let templates =
        [("/a/", true), ("/b/", false)].map(|(path, exact)| (path, template(path, exact)));
    let routes = templates.iter().map(|(path, template)| Route {
        plugin: "p",
        prefix: "",
        method: Method::GET,
        path,
        template,
        target: *path,
    });
    let router = Router::new(routes).unwrap();
    assert_eq!(find(&router, &Method::GET, "/a"), Err(NoRoute::Unknown));
    finds(&router, "/a/", "/a/", &[]);
    let led = Err(NoRoute::Slash("/b/".into()));
    assert_eq!(find(&router, &Method::GET, "/b"), led);
}

#[test]
fn one_segment_may_hold_several_parameters() {
    let router = router(&["GET /{y}-{m}-{d}", "GET /{id}.json", "GET /{id}"]);
    finds(
        &router,
        "/2024-05-06",
        "GET /{y}-{m}-{d}",
        &["2024", "05", "06"],
    );
    finds(&router, "/7.json", "GET /{id}.json", &["7"]);
    finds(&router, "/7.xml", "GET /{id}", &["7.xml"]);
}

#[test]
fn a_parameter_is_one_segment_and_never_empty() {
    let router = router(&["GET /i/{id}"]);
    assert_eq!(find(&router, &Method::GET, "/i/a/b"), Err(NoRoute::Unknown));
    assert_eq!(find(&router, &Method::GET, "/i/"), Err(NoRoute::Unknown));
    finds(&router, "/i/a%2Fb", "GET /i/{id}", &["a%2Fb"]);
}

#[test]
fn the_rest_of_a_path_may_be_empty_unless_that_path_is_declared() {
    let alone = router(&["GET /files/{rest}"]);
    finds(&alone, "/files/", "GET /files/{rest}", &[""]);
    finds(&alone, "/files/a/b/", "GET /files/{rest}", &["a/b/"]);
    assert_eq!(
        find(&alone, &Method::GET, "/files"),
        Err(NoRoute::Slash("/files/".into()))
    );
    finds(
        &router(&["GET /files/{rest}", "GET /files/"]),
        "/files/",
        "GET /files/",
        &[],
    );
}

#[test]
fn paths_may_have_many_parameters() {
    let router = router(&["GET /{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{rest}"]);
    let all = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "x/y"];
    let target = "GET /{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{rest}";
    finds(&router, "/1/2/3/4/5/6/7/8/9/x/y", target, &all);
    finds(
        &router,
        "/1/2/3/4/5/6/7/8/9/",
        target,
        &["1", "2", "3", "4", "5", "6", "7", "8", "9", ""],
    );
}

#[test]
fn a_path_is_found_in_every_spelling() {
    let router = router(&["GET /café/{x}"]);
    for path in [
        "/café/1",
        "/caf%C3%A9/1",
        "/caf%c3%a9/1",
        "/c%61f%C3%A9/%31",
    ] {
        finds(&router, path, "GET /café/{x}", &["1"]);
    }
}

#[test]
fn text_behind_a_parameter_is_never_found_inside_of_an_escape() {
    let router = router(&["GET /{x}A9", "GET /{x}9/{y}"]);
    finds(&router, "/%C3%A9A9", "GET /{x}A9", &["%C3%A9"]);
    assert_eq!(
        find(&router, &Method::GET, "/%C3%A9").unwrap_err(),
        NoRoute::Unknown
    );
    assert_eq!(
        find(&router, &Method::GET, "/%C3%A9/a").unwrap_err(),
        NoRoute::Unknown
    );
}

#[test]
fn a_wrong_method_is_told_all_that_fit_in_order() {
    let router = router(&["PUT /a/{x}", "DELETE /a/b", "GET /a/{x}", "POST /c"]);
    let told = find(&router, &Method::POST, "/a/b");
    assert_eq!(
        told,
        Err(NoRoute::Method(vec![
            Method::DELETE,
            Method::GET,
            Method::PUT
        ]))
    );
    let unknown = Method::from_bytes(b"FOO").unwrap();
    assert_eq!(
        find(&router, &unknown, "/c"),
        Err(NoRoute::Method(vec![Method::POST]))
    );
}

#[test]
fn a_slash_too_many_or_too_few_is_redirected_whatever_the_method() {
    let router = router(&["GET /a", "PUT /b/", "GET /n/{id}"]);
    let slash = |path: &str| Err(NoRoute::Slash(path.into()));
    assert_eq!(find(&router, &Method::GET, "/a/"), slash("/a"));
    assert_eq!(find(&router, &Method::POST, "/a///"), slash("/a"));
    assert_eq!(find(&router, &Method::GET, "/b"), slash("/b/"));
    assert_eq!(find(&router, &Method::GET, "/n/5/"), slash("/n/5"));
    assert_eq!(
        find(&router, &Method::GET, "/b/"),
        Err(NoRoute::Method(vec![Method::PUT]))
    );
    assert_eq!(find(&router, &Method::GET, "/b//"), Err(NoRoute::Unknown));
}

#[test]
fn a_redirect_never_leaves_the_host() {
    let router = router(&["GET //{host}", "GET //{host}/{x}/", "GET /", "GET /x/{y}"]);
    for path in [
        "//evil.example/",
        "//evil.example/x",
        "//",
        "///",
        "/\\evil.example/",
    ] {
        match find(&router, &Method::GET, path) {
            Err(NoRoute::Slash(to)) => panic!("{path} goes to {to}"),
            Err(NoRoute::Unknown) => {}
            other => panic!("{path} finds {other:?}"),
        }
    }
    assert_eq!(
        find(&router, &Method::GET, "/x/\\evil.example/"),
        Err(NoRoute::Slash("/x/%5Cevil.example".into()))
    );
}

#[test]
fn a_clash_names_both_plugins_and_paths() {
    let (one, two) = (template("/i/{id}"), template("/{shop}/{key}"));
    let route = |plugin, prefix, path, template| Route {
        plugin,
        prefix,
        method: Method::GET,
        path,
        template,
        target: (),
    };
    let clash = Router::new([
        route("a", "/x", "/i/{id}", &one),
        route("b", "/x", "/i/{id}", &one),
    ])
    .err()
    .unwrap();
    let message = clash.to_string();
    assert!(
        message.starts_with(
            "`GET /x/i/{id}` of plugin `b` clashes with `GET /x/i/{id}` of plugin `a`"
        ),
        "{message}"
    );
    assert!(
        Router::new([
            route("a", "", "/i/{id}", &one),
            route("b", "", "/{shop}/{key}", &two)
        ])
        .is_ok()
    );
}

#[test]
fn parameters_that_differ_only_in_name_clash() {
    let (one, two) = (template("/i/{id}"), template("/i/{key}"));
    let route = |plugin, path, template| Route {
        plugin,
        prefix: "",
        method: Method::GET,
        path,
        template,
        target: (),
    };
    assert!(Router::new([route("a", "/i/{id}", &one), route("b", "/i/{key}", &two)]).is_err());
}

#[test]
fn names_of_parameters_may_differ_between_plugins() {
    let (one, two) = (template("/i/{id}/a"), template("/i/{key}/b"));
    let route = |plugin, path, template| Route {
        plugin,
        prefix: "",
        method: Method::GET,
        path,
        template,
        target: plugin,
    };
    let router = Router::new([
        route("a", "/i/{id}/a", &one),
        route("b", "/i/{key}/b", &two),
    ])
    .unwrap();
    finds(&router, "/i/7/b", "b", &["7"]);
}

#[test]
fn paths_that_nest_as_deep_as_they_can_exhaust_no_stack() {
    let paths: Vec<String> = (1..500)
        .map(|n| format!("/{}{{x}}", "a".repeat(n)))
        .collect();
    let templates: Vec<_> = paths.iter().map(|path| template(path)).collect();
    let routes = paths.iter().zip(&templates).map(|(path, template)| Route {
        plugin: "deep",
        prefix: "",
        method: Method::GET,
        path,
        template,
        target: (),
    });
    let router = Router::new(routes).unwrap();
    let long = format!("/{}", "a".repeat(5_000));
    assert!(router.find(&Method::GET, &RequestPath::new(&long)).is_ok());
    assert!(
        router
            .find(&Method::GET, &RequestPath::new(&format!("{long}/")))
            .is_err()
    );
}

#[test]
fn ten_thousand_routes_are_built_and_all_found() {
    let paths: Vec<(String, String)> = (0..200)
        .flat_map(|plugin| {
            (0..50).map(move |n| {
                (
                    format!("/p{plugin}"),
                    format!("/things{n}/{{id}}/parts/{{part}}"),
                )
            })
        })
        .collect();
    let templates: Vec<_> = paths.iter().map(|(_, path)| template(path)).collect();
    let start = Instant::now();
    let router = Router::new(paths.iter().zip(&templates).enumerate().map(
        |(target, ((prefix, path), template))| Route {
            plugin: prefix,
            prefix,
            method: Method::GET,
            path,
            template,
            target,
        },
    ))
    .unwrap();
    let built = start.elapsed();
    let requests: Vec<String> = paths
        .iter()
        .map(|(prefix, path)| {
            format!(
                "{prefix}{}",
                path.replace("{id}", "7").replace("{part}", "x")
            )
        })
        .collect();
    let start = Instant::now();
    for (target, request) in requests.iter().enumerate() {
        let path = RequestPath::new(request);
        assert_eq!(*router.find(&Method::GET, &path).unwrap().target, target);
    }
    println!(
        "built in {built:?}, found each in {:?}",
        start.elapsed() / 10_000
    );
}
