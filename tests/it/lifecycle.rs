//! `on-start` and `on-stop`: instances that are told that they begin and end.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use switchback::wasmtime::component::Linker;
use switchback::wasmtime::{Result, StoreContextMut};
use switchback::{
    Change, Config, ErrorKind, Event, GuestState, Host, HostConfig, Isolation, Limits,
    PluginConfig, Rollout,
};
use switchback_tests::Harness;
use switchback_tests::guests::{Describe, blank, living};
use switchback_tests::harness::{cache, event, until};

use crate::contracts;

/// What instances are told, and what they have told. An import is a plain function, so that it is one for all tests of a
/// process: each holds its turn.
static SCRIPT: Mutex<Script> = Mutex::new(Script {
    orders: BTreeMap::new(),
    told: Vec::new(),
    instances: 0,
});
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

struct Script {
    /// By the step, or by step and name (`stop 2`).
    orders: BTreeMap<String, String>,
    /// `start 1`, `handle 1`, `stop 1`.
    told: Vec<String>,
    instances: u32,
}

fn script() -> MutexGuard<'static, Script> {
    SCRIPT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn order(step: &str, what: &str) {
    script().orders.insert(step.into(), what.into());
}

/// All that was told so far.
fn told() -> Vec<String> {
    script().told.clone()
}

async fn until_told(what: &str) {
    until(what, async || {
        told().iter().any(|told| told == what).then_some(())
    })
    .await;
}

fn imports(linker: &mut Linker<GuestState>) -> Result<()> {
    let ask = |_: StoreContextMut<'_, GuestState>, (step, name): (String, String)| {
        let mut script = script();
        let (name, otherwise) = match step.as_str() {
            "start" => {
                script.instances += 1;
                let name = script.instances.to_string();
                (name.clone(), format!("name {name}"))
            }
            _ => (name, String::new()),
        };
        let step_of_one = format!("{step} {name}");
        script.told.push(step_of_one.clone());
        let orders = &script.orders;
        let order = orders.get(&step_of_one).or_else(|| orders.get(&step));
        Ok((order.cloned().unwrap_or(otherwise),))
    };
    linker
        .instance("test:living/script@1.0.0")?
        .func_wrap("ask", ask)
}

/// A host whose guests ask the script, and the turn of the test.
async fn host(config: Config) -> (Harness, tokio::sync::MutexGuard<'static, ()>) {
    let turn = TURN.lock().await;
    *script() = Script {
        orders: BTreeMap::new(),
        told: Vec::new(),
        instances: 0,
    };
    let host = HostConfig {
        cache_dir: Some(cache()),
        ..config.host
    };
    let host = Host::builder(Config { host, ..config }).imports(imports);
    (Harness::of(host.build().unwrap()).await, turn)
}

fn limits(limits: Limits) -> Config {
    Config {
        limits,
        ..Config::default()
    }
}

/// Who answers.
async fn name(harness: &Harness) -> String {
    let reply = harness.client().get("/name").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_begins_before_it_serves_and_ends_after_its_last_call() {
    let (harness, _turn) = host(Config::default()).await;
    harness.deploy("living", living()).await.unwrap();
    assert_eq!(told(), ["start 1"]);
    assert_eq!(name(&harness).await, "1");
    assert_eq!(name(&harness).await, "1");
    harness.host.remove("living").await.unwrap();
    until_told("stop 1").await;
    assert_eq!(told(), ["start 1", "handle 1", "handle 1", "stop 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_whose_first_instance_refuses_never_serves_and_its_words_are_told() {
    let (harness, _turn) = host(Config::default()).await;
    harness.deploy("living", living()).await.unwrap();
    for (what, words) in [
        (
            "refuse no ink\nleft",
            "its `on-start` failed: no ink\\nleft",
        ),
        ("trap", "no instance of it can be made (the guest trapped"),
    ] {
        order("start", what);
        let refused = harness.deploy("living", living()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Start);
        assert!(refused.to_string().contains(words), "{refused}");
        assert_eq!(harness.host.plugins()[0].revision, 1);
        assert_eq!(name(&harness).await, "1");
    }
    assert!(!told().iter().any(|told| told.starts_with("stop")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_has_the_limits_of_a_call() {
    let of_cpu = Limits {
        cpu_ms: 50,
        time_ms: 60_000,
        ..Limits::default()
    };
    let of_time = Limits {
        time_ms: 200,
        ..Limits::default()
    };
    for (what, own, limit) in [("spin", of_cpu, "cpu_ms"), ("wait", of_time, "time_ms")] {
        let (harness, _turn) = host(limits(own)).await;
        order("start", what);
        let refused = harness.deploy("living", living()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Start);
        assert!(refused.to_string().contains(limit), "{refused}");
        assert!(harness.host.plugins().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_instance_that_refuses_or_traps_is_a_fault_and_the_next_call_tries_anew() {
    let (harness, _turn) = host(Config::default()).await;
    harness.deploy("living", living()).await.unwrap();
    // The one that there is gets lost.
    order("handle 1", "trap");
    assert_eq!(harness.client().get("/name").await.status, 500);
    for (what, kind) in [("refuse no ink", "not-started"), ("trap", "trap")] {
        let mut events = harness.host.events();
        order("start", what);
        assert_eq!(harness.client().get("/name").await.status, 500);
        let failed = event(&mut events, |event| matches!(event, Event::Failed { .. })).await;
        let Event::Failed { reason, .. } = failed else {
            unreachable!()
        };
        assert!(reason.contains("no ink") || what == "trap", "{reason}");
        let faults = harness.host.faults();
        let fault = serde_json::to_value(&faults[0].kind).unwrap();
        assert_eq!(fault, kind, "{faults:?}");
    }
    script().orders.clear();
    assert_eq!(name(&harness).await, "4");
    assert!(!told().iter().any(|told| told.starts_with("stop")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_instance_a_call_begins_and_ends_with_it() {
    let (harness, _turn) = host(limits(Limits {
        isolation: Isolation::Request,
        ..Limits::default()
    }))
    .await;
    harness.deploy("living", living()).await.unwrap();
    // What was made beforehand to see whether it begins serves the first call.
    assert_eq!(name(&harness).await, "1");
    assert_eq!(name(&harness).await, "2");
    until_told("stop 2").await;
    until_told("stop 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_rests_for_long_is_told_too() {
    let (harness, _turn) = host(limits(Limits {
        instance_idle_ms: 1,
        ..Limits::default()
    }))
    .await;
    harness.deploy("living", living()).await.unwrap();
    assert_eq!(name(&harness).await, "1");
    until_told("stop 1").await;
    assert_eq!(name(&harness).await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_takes_too_long_is_cut_and_told_and_keeps_nobody_waiting() {
    for (what, words) in [
        ("wait", "limits.stop_ms = 100"),
        ("spin", "limits.stop_ms = 100"),
        ("trap", "the guest trapped"),
    ] {
        let (harness, _turn) = host(limits(Limits {
            stop_ms: 100,
            cpu_ms: 10_000,
            ..Limits::default()
        }))
        .await;
        harness.deploy("living", living()).await.unwrap();
        let other = contracts::of(&["version"]);
        let other = blank(&other, "1", Describe::Contract);
        harness.deploy("other", other).await.unwrap();
        order("stop", what);
        let mut events = harness.host.events();
        harness.deploy("living", living()).await.unwrap();
        until_told("stop 1").await;
        assert_eq!(harness.client().get("/version").await.status, 200);
        assert_eq!(name(&harness).await, "2");
        let failed = event(&mut events, |event| {
            matches!(event, Event::StopFailed { .. })
        })
        .await;
        let Event::StopFailed {
            plugin,
            revision,
            reason,
        } = failed
        else {
            unreachable!()
        };
        assert_eq!((&*plugin, revision), ("living", 1));
        assert!(reason.contains(words), "{what}: {reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_host_waits_for_the_ends_of_instances_but_not_for_ever() {
    let (harness, _turn) = host(limits(Limits {
        stop_ms: 200,
        ..Limits::default()
    }))
    .await;
    let prefix = |prefix: &str| PluginConfig {
        prefix: prefix.into(),
        ..PluginConfig::default()
    };
    let plugins = BTreeMap::from([
        ("one".into(), prefix("/one")),
        ("two".into(), prefix("/two")),
    ]);
    let config = Config {
        plugins,
        limits: Limits {
            stop_ms: 200,
            ..Limits::default()
        },
        ..Config::default()
    };
    harness.host.reconfigure(config).await.unwrap();
    harness.deploy("one", living()).await.unwrap();
    harness.deploy("two", living()).await.unwrap();
    order("stop 1", "wait");
    harness.host.shutdown().await;
    let mut told = told();
    told.sort();
    assert_eq!(told, ["start 1", "start 2", "stop 1", "stop 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_flight_ends_before_its_instance_does() {
    let (harness, _turn) = host(Config::default()).await;
    harness.deploy("living", living()).await.unwrap();
    order("handle 1", "wait");
    let mut client = harness.client();
    let call = tokio::spawn(async move { client.get("/name").await });
    until_told("handle 1").await;
    harness.deploy("living", living()).await.unwrap();
    assert_eq!(name(&harness).await, "2");
    assert!(!told().contains(&"stop 1".into()));
    call.abort();
    // It was cancelled, and so it is not told: the one that serves is, at its own end.
    harness.host.shutdown().await;
    assert_eq!(told().last().unwrap(), "stop 2");
    assert!(!told().contains(&"stop 1".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_to_serve_begins_first_a_rollback_and_a_candidate_too() {
    let (harness, _turn) = host(Config::default()).await;
    harness.deploy("living", living()).await.unwrap();
    // Another content, so that there is something to go back to.
    let mut other = living();
    other.extend([0, 6, 5, b'o', b't', b'h', b'e', b'r']);
    harness.deploy("living", other.clone()).await.unwrap();
    order("start", "refuse no ink");
    let tried = Change::Try {
        name: "living".into(),
        component: other.into(),
        rollout: Rollout::default(),
    };
    for change in [
        Change::RollBack {
            name: "living".into(),
            revision: None,
        },
        tried.clone(),
    ] {
        let applied = harness.host.apply(vec![change]).await;
        let refused = applied.outcomes[0].1.as_ref().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Start, "{refused}");
        assert_eq!(name(&harness).await, "2");
    }
    script().orders.clear();
    let rolled_back = harness.host.roll_back("living", None).await.unwrap();
    assert_eq!(rolled_back.revision, 3);
    assert_eq!(name(&harness).await, "5");
    until_told("stop 2").await;
    let applied = harness.host.apply(vec![tried]).await;
    applied.outcomes[0].1.as_ref().unwrap();
    assert_eq!(told().last().unwrap(), "start 6");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_after_its_instance_has_begun_ends_it() {
    let (harness, _turn) = host(Config::default()).await;
    harness.deploy("living", living()).await.unwrap();
    // It wants the same path.
    let refused = harness.deploy("other", living()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Clash);
    until_told("stop 2").await;
    assert_eq!(told(), ["start 1", "start 2", "stop 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn state_that_is_kept_begins_once_and_serves_on() {
    let kept = PluginConfig {
        instances: Some(1),
        ..PluginConfig::default()
    };
    let (harness, _turn) = host(Config {
        plugins: BTreeMap::from([("living".into(), kept)]),
        limits: Limits {
            instance_idle_ms: 1,
            max_requests_per_instance: 1,
            ..Limits::default()
        },
        ..Config::default()
    })
    .await;
    harness.deploy("living", living()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(name(&harness).await, "1");
    }
    assert_eq!(told(), ["start 1", "handle 1", "handle 1", "handle 1"]);
}
