//! What serves after a restart, where files came and went meanwhile, or nothing could be written down.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;
use std::process::Command;

use switchback::{Change, Component, Event, Rollout};
use switchback_tests::guests::{Describe, blank};
use switchback_tests::harness::{Harness, event};
use switchback_tests::process::rename_in;
use switchback_tests::tools;

use crate::contracts;
use crate::history::{answers, ended, is, kept_in, started, version};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deployed_by_other_means_serves_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (plugins, state) = (folder.path().join("plugins"), folder.path().join("state"));
    std::fs::create_dir(&plugins).unwrap();
    rename_in(&plugins, "shop", &version("1"));
    let (harness, _files) = started(kept_in(&state), &plugins).await;
    let uploaded = Component::new(version("2")).settings("prefix = \"/up\"");
    harness.host.deploy("extra", uploaded).await.unwrap();
    harness.deploy("shop", version("3")).await.unwrap();
    ended(harness).await;

    let (harness, _files) = started(kept_in(&state), &plugins).await;
    assert_eq!(answers(&harness).await, is("3", "shop@2"));
    assert_eq!(harness.client().get("/up/one").await.json()["version"], "2");
}

/// Lets a candidate serve alone.
async fn promoted(harness: &Harness, candidate: Vec<u8>) {
    let name = || "shop".to_owned();
    let try_it = Change::Try {
        name: name(),
        component: candidate.into(),
        rollout: Rollout::default(),
    };
    for change in [try_it, Change::Promote { name: name() }] {
        let applied = harness.host.apply(vec![change]).await;
        applied.outcomes[0].1.as_ref().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_lets_serve_outlives_a_restart_and_the_file_that_it_took_the_place_of() {
    for promotes in [false, true] {
        let (plugins, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let config = kept_in(state.path());
        rename_in(plugins.path(), "shop", &version("1"));
        // Another, so that the folder is not empty.
        let other = blank(&contracts::of(&["version"]), "1", Describe::Contract);
        rename_in(plugins.path(), "other", &other);
        let (harness, _) = started(config.clone(), plugins.path()).await;
        match promotes {
            true => promoted(&harness, version("2")).await,
            false => drop(harness.deploy("shop", version("2")).await.unwrap()),
        }
        assert_eq!(answers(&harness).await, is("2", "shop@2"));
        ended(harness).await;

        let (harness, _) = started(config.clone(), plugins.path()).await;
        assert_eq!(answers(&harness).await, is("2", "shop@2"));
        ended(harness).await;
        // The file goes while the host is down.
        std::fs::remove_file(plugins.path().join("shop.wasm")).unwrap();
        let (harness, _) = started(config.clone(), plugins.path()).await;
        assert_eq!(answers(&harness).await, is("2", "shop@2"));
        ended(harness).await;

        // It comes back, and goes while the host is up.
        rename_in(plugins.path(), "shop", &version("3"));
        let (harness, folder) = started(config.clone(), plugins.path()).await;
        assert_eq!(answers(&harness).await, is("3", "shop@3"));
        harness.deploy("shop", version("4")).await.unwrap();
        let watched = harness.host.clone();
        let mut events = harness.host.events();
        let watch =
            tokio::spawn(async move { folder.watch(&watched, std::future::pending()).await });
        std::fs::remove_file(plugins.path().join("shop.wasm")).unwrap();
        std::fs::remove_file(plugins.path().join("other.wasm")).unwrap();
        rename_in(plugins.path(), "third", &without_routes());
        event(
            &mut events,
            |event| matches!(event, Event::Removed { plugin, .. } if &**plugin == "other"),
        )
        .await;
        assert_eq!(answers(&harness).await, is("4", "shop@4"));
        // The same file put there anew is meant.
        rename_in(plugins.path(), "shop", &version("3"));
        event(&mut events, |event| {
            matches!(event, Event::Deployed { revision: 5, .. })
        })
        .await;
        assert_eq!(answers(&harness).await, is("3", "shop@5"));
        watch.abort();
    }
}

/// Serves what nobody asks for.
fn without_routes() -> Vec<u8> {
    blank(&contracts::of(&["empty"]), "1", Describe::Contract)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_stays_away_over_a_restart_until_its_file_changes() {
    let (plugins, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = kept_in(state.path());
    rename_in(plugins.path(), "shop", &version("1"));
    for uploads in [false, true] {
        let (harness, _) = started(config.clone(), plugins.path()).await;
        if uploads {
            harness.deploy("shop", version("9")).await.unwrap();
        }
        assert_eq!(answers(&harness).await.0, if uploads { "9" } else { "1" });
        harness.host.remove("shop").await.unwrap();
        ended(harness).await;
        let (harness, _) = started(config.clone(), plugins.path()).await;
        assert!(harness.host.plugins().is_empty());
        ended(harness).await;
        rename_in(
            plugins.path(),
            "shop",
            &version(if uploads { "3" } else { "2" }),
        );
    }
    let (harness, _) = started(config, plugins.path()).await;
    assert_eq!(answers(&harness).await.0, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_refused_at_the_start_leaves_the_last_good_state_serving() {
    let folder = tempfile::tempdir().unwrap();
    let (plugins, state) = (folder.path().join("plugins"), folder.path().join("state"));
    std::fs::create_dir(&plugins).unwrap();
    rename_in(&plugins, "shop", &version("1"));
    rename_in(
        &plugins,
        "gone",
        &blank(&contracts::of(&["two"]), "1", Describe::Contract),
    );
    let (harness, _files) = started(kept_in(&state), &plugins).await;
    ended(harness).await;

    rename_in(&plugins, "shop", b"half a component");
    std::fs::remove_file(plugins.join("gone.wasm")).unwrap();
    let (harness, _files) = started(kept_in(&state), &plugins).await;
    assert_eq!(answers(&harness).await, is("1", "shop@1"));
    assert_eq!(
        harness.client().get("/two").await.status,
        404,
        "its file has gone meanwhile"
    );
}

/// A small file system of its own, gone with this.
struct Disk(tempfile::TempDir);

impl Disk {
    /// None where none can be had.
    fn of_megabytes(count: u32) -> Option<Disk> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={count}m"), "tmpfs"]);
        let mounted = mount.arg(folder.path()).status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Disk(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.path().join("filler")).unwrap();
        for piece in [64 << 10, 1] {
            while file.write_all(&vec![0; piece]).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_changes_are_made_and_said_to_hold_until_the_next_start() {
    let Some(disk) = Disk::of_megabytes(4) else {
        return tools::skip("no file system can be mounted here: run it as root");
    };
    let (plugins, state) = (tempfile::tempdir().unwrap(), disk.path().join("state"));
    let (harness, _) = started(kept_in(&state), plugins.path()).await;
    harness.deploy("shop", version("1")).await.unwrap();
    disk.fill();
    let deployed = harness.deploy("shop", version("2")).await.unwrap();
    let told = deployed.warnings.join("\n");
    assert!(told.contains("it could not be written down"), "{told}");
    assert!(told.contains("holds until the next start"), "{told}");
    assert_eq!(answers(&harness).await, is("2", "shop@2"));
    // Going back is possible as ever.
    harness.host.roll_back("shop", None).await.unwrap();
    harness.host.roll_back("shop", Some(2)).await.unwrap();
    assert_eq!(answers(&harness).await, is("2", "shop@4"));
    ended(harness).await;

    // What was written down last is whole.
    let (harness, _) = started(kept_in(&state), plugins.path()).await;
    assert_eq!(answers(&harness).await, is("1", "shop@1"));
    disk.free();
    let deployed = harness.deploy("shop", version("3")).await.unwrap();
    assert_eq!(deployed.warnings, Vec::<String>::new());
    ended(harness).await;
    let (harness, _) = started(kept_in(&state), plugins.path()).await;
    assert_eq!(answers(&harness).await.0, "3");
}
