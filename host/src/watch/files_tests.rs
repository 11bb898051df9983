use super::*;

const LIMIT: u64 = 1_000;

/// A folder and a clock that stand where a test puts them.
struct Folder {
    files: Files,
    now: Instant,
    listing: BTreeMap<String, Entry>,
    /// By file or folder: what stands for the content of each part.
    contents: BTreeMap<String, [u8; PARTS.len()]>,
    stamp: i64,
}

impl Folder {
    fn new() -> Folder {
        Folder {
            files: Files::default(),
            now: Instant::now(),
            listing: BTreeMap::new(),
            contents: BTreeMap::new(),
            stamp: 0,
        }
    }

    /// A folder whose plugins are served already.
    fn serving(names: &[&str]) -> Folder {
        let mut folder = Folder::new();
        for (content, name) in names.iter().enumerate() {
            folder.write(&format!("{name}.wasm"), content as u8);
        }
        let offer = folder.look_done();
        assert_eq!(offer.deploy, names);
        folder
    }

    fn stat(&mut self) -> Stat {
        self.stamp += 1;
        Stat {
            inode: 1,
            bytes: 10,
            changed: (self.stamp, 0),
        }
    }

    fn write(&mut self, file: &str, content: u8) {
        let stat = self.stat();
        self.listing.insert(file.into(), Entry::File(stat));
        self.contents.insert(file.into(), [content, 0, 0, 0, 0]);
    }

    /// Writes one of the files of a plugin's folder; 0 deletes it.
    fn write_in(&mut self, folder: &str, part: usize, content: u8) {
        let stat = Some(self.stat()).filter(|_| content > 0);
        let entry = self.listing.entry(folder.into());
        let Entry::Folder(stats) = entry.or_insert(Entry::Folder([None; PARTS.len()])) else {
            panic!("{folder} is no folder")
        };
        stats[part] = stat;
        self.contents.entry(folder.into()).or_default()[part] = content;
    }

    fn delete(&mut self, file: &str) {
        self.listing.remove(file);
    }

    fn wait(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }

    fn plan(&mut self, done: bool) -> Plan {
        self.files.look(
            self.now,
            &Ok(self.listing.clone()),
            |_, _| done,
            |_| [LIMIT; PARTS.len()],
        )
    }

    /// Carries a plan out as a host would that accepts everything.
    fn carry_out(&mut self, plan: Plan) -> Offer {
        let mut read = BTreeMap::new();
        for name in plan.read {
            let (place, stats) = self.files.place(&name).expect("it is known");
            let mut hash = [0; 32];
            hash[..PARTS.len()].copy_from_slice(&self.contents[place.trim_end_matches('/')]);
            read.insert(name, (stats, hash));
        }
        let offer = self.files.offer(&read, plan.remove);
        for name in &offer.deploy {
            self.files.answered(name, true, false);
        }
        offer
    }

    /// Looks when every writer has said that it is done.
    fn look_done(&mut self) -> Offer {
        let plan = self.plan(true);
        self.carry_out(plan)
    }

    fn look(&mut self) -> Offer {
        let plan = self.plan(false);
        self.carry_out(plan)
    }

    fn notices(&mut self) -> Vec<String> {
        let plan = self.plan(true);
        plan.notices
            .iter()
            .map(|(Notice::Warning(text) | Notice::Error(text))| text.clone())
            .collect()
    }
}

fn deploys(names: &[&str]) -> Offer {
    Offer {
        deploy: names.iter().map(|name| name.to_string()).collect(),
        remove: Vec::new(),
    }
}

fn removes(names: &[&str]) -> Offer {
    Offer {
        deploy: Vec::new(),
        remove: names.iter().map(|name| name.to_string()).collect(),
    }
}

#[test]
fn a_file_that_was_moved_in_is_offered_at_once() {
    let mut folder = Folder::new();
    folder.write("items.wasm", 1);
    assert_eq!(folder.look_done(), deploys(&["items"]));
}

#[test]
fn a_file_whose_writer_says_nothing_is_offered_once_it_rests() {
    let mut folder = Folder::new();
    folder.write("items.wasm", 1);
    assert_eq!(folder.plan(false).again, Some(folder.now + WRITE_REST));
    folder.wait(150);
    folder.write("items.wasm", 2);
    folder.wait(150);
    assert_eq!(
        folder.look(),
        deploys(&[]),
        "it was written to 150 ms ago, as far as anyone saw now"
    );
    folder.wait(200);
    assert_eq!(folder.look(), deploys(&["items"]));
}

#[test]
fn touching_a_file_changes_nothing() {
    let mut folder = Folder::serving(&["items"]);
    folder.write("items.wasm", 0);
    assert_eq!(folder.look_done(), deploys(&[]));
}

#[test]
fn a_file_that_has_not_changed_is_not_read_again() {
    let mut folder = Folder::serving(&["items"]);
    assert_eq!(folder.plan(true), Plan::default());
}

#[test]
fn a_refused_content_is_offered_once() {
    let mut folder = Folder::new();
    folder.write("items.wasm", 1);
    assert_eq!(folder.look_done(), deploys(&["items"]));
    folder.files.answered("items", false, false);
    folder.wait(2_000);
    assert_eq!(folder.look_done(), deploys(&[]));
}

#[test]
fn a_removed_file_removes_its_plugin_after_a_rest() {
    let mut folder = Folder::serving(&["hello", "items"]);
    folder.delete("items.wasm");
    assert_eq!(folder.plan(false).again, Some(folder.now + REMOVAL_REST));
    folder.wait(499);
    assert_eq!(folder.look(), removes(&[]));
    folder.wait(1);
    assert_eq!(folder.look(), removes(&["items"]));
    folder.wait(2_000);
    assert_eq!(folder.look(), removes(&[]));
}

#[test]
fn a_file_that_is_deleted_and_created_anew_stays_served() {
    let mut folder = Folder::serving(&["hello", "items"]);
    folder.delete("items.wasm");
    folder.look();
    folder.wait(400);
    folder.write("items.wasm", 1);
    folder.look();
    folder.wait(2_000);
    assert_eq!(folder.look(), deploys(&[]));
}

#[test]
fn a_renamed_file_is_one_change() {
    let mut folder = Folder::serving(&["hello", "items"]);
    folder.delete("items.wasm");
    folder.write("shop.wasm", 1);
    let offer = folder.look_done();
    assert_eq!(
        offer,
        Offer {
            deploy: vec!["shop".into()],
            remove: vec!["items".into()]
        }
    );
}

#[test]
fn an_emptied_folder_keeps_what_is_served_and_says_so_once() {
    let mut folder = Folder::serving(&["hello", "items"]);
    folder
        .listing
        .insert("old.wasm".into(), Entry::Folder([None; PARTS.len()]));
    folder.plan(true);
    folder.delete("hello.wasm");
    folder.delete("items.wasm");
    assert!(folder.notices()[0].contains("empty"));
    folder.wait(10_000);
    let plan = folder.plan(true);
    assert_eq!(plan, Plan::default());
}

#[test]
fn a_folder_that_is_gone_keeps_what_is_served_and_says_so_once() {
    let mut folder = Folder::serving(&["items"]);
    for told in [1, 0] {
        folder.wait(10_000);
        let plan = folder.files.look(
            folder.now,
            &Err("no such folder".into()),
            |_, _| true,
            |_| [LIMIT; PARTS.len()],
        );
        assert_eq!((plan.notices.len(), plan.remove.len()), (told, 0));
    }
}

#[test]
fn what_is_missing_from_a_folder_that_came_back_is_removed_after_a_rest() {
    let mut folder = Folder::serving(&["hello", "items"]);
    let _ = folder.files.look(
        folder.now,
        &Err("no such folder".into()),
        |_, _| true,
        |_| [LIMIT; PARTS.len()],
    );
    folder.wait(10_000);
    folder.delete("items.wasm");
    assert_eq!(folder.look(), removes(&[]));
    folder.wait(500);
    assert_eq!(folder.look(), removes(&["items"]));
}

#[test]
fn a_file_with_a_name_that_no_plugin_may_have_is_refused_once() {
    let mut folder = Folder::new();
    folder.write("My_Items.wasm", 1);
    let notices = folder.notices();
    assert!(
        notices[0].starts_with("`My_Items.wasm` is not served"),
        "{notices:?}"
    );
    assert_eq!(folder.plan(true), Plan::default());
}

#[test]
fn hidden_and_other_files_are_ignored() {
    let mut folder = Folder::new();
    for file in [
        ".items.wasm",
        ".items.wasm.swp",
        "items.wasm~",
        "items.wasm.part",
        "README.md",
        "items.WASM",
    ] {
        folder.write(file, 1);
    }
    folder
        .listing
        .insert(".git".into(), Entry::Folder([None; PARTS.len()]));
    assert_eq!(folder.plan(true), Plan::default());
}

#[test]
fn a_folder_without_a_plugin_is_left_alone_with_one_warning_whatever_its_name() {
    let mut folder = Folder::serving(&["items"]);
    folder
        .listing
        .insert("x.wasm".into(), Entry::Folder([None; PARTS.len()]));
    assert!(
        matches!(&folder.plan(true).notices[..], [Notice::Warning(text)] if text.contains("`x.wasm/`"))
    );
    assert_eq!(folder.plan(true), Plan::default());
}

#[test]
fn a_file_above_the_limit_is_refused_unread_and_what_was_served_stays() {
    let mut folder = Folder::serving(&["items"]);
    let large = Stat {
        inode: 1,
        bytes: LIMIT + 1,
        changed: (99, 0),
    };
    folder
        .listing
        .insert("items.wasm".into(), Entry::File(large));
    let plan = folder.plan(true);
    assert!(
        matches!(&plan.notices[..], [Notice::Error(text)] if text.contains("`limits.component_bytes` allows 1000"))
    );
    assert_eq!((plan.read, plan.remove), (vec![], vec![]));
}

#[test]
fn an_unreadable_file_is_told_once_and_tried_again() {
    let mut folder = Folder::new();
    folder.write("items.wasm", 1);
    assert_eq!(folder.plan(true).read, ["items"]);
    assert!(
        folder
            .files
            .unreadable("items", "permission denied")
            .is_some()
    );
    assert_eq!(folder.plan(true).read, ["items"]);
    assert!(
        folder
            .files
            .unreadable("items", "permission denied")
            .is_none()
    );
}

#[test]
fn a_file_that_changed_while_it_was_read_has_to_rest() {
    let mut folder = Folder::new();
    folder.write("items.wasm", 1);
    assert_eq!(folder.plan(true).read, ["items"]);
    folder.files.unsettled(folder.now, "items");
    assert_eq!(folder.look(), deploys(&[]));
    folder.wait(200);
    assert_eq!(folder.look(), deploys(&["items"]));
}

#[test]
fn a_plugin_that_clashed_is_offered_again_with_the_removal_of_what_stood_in_its_way() {
    let mut folder = Folder::serving(&["hello", "items"]);
    folder.write("shop.wasm", 9);
    assert_eq!(folder.look_done(), deploys(&["shop"]));
    folder.files.answered("shop", false, true);
    folder.wait(2_000);
    assert_eq!(folder.look(), deploys(&[]), "nothing changed");
    folder.delete("items.wasm");
    folder.look();
    folder.wait(500);
    assert_eq!(
        folder.look(),
        Offer {
            deploy: vec!["shop".into()],
            remove: vec!["items".into()]
        }
    );
}

#[test]
fn a_file_that_goes_while_its_plugin_loads_is_removed_once_that_is_done() {
    let mut folder = Folder::serving(&["hello"]);
    folder.write("slow.wasm", 1);
    let plan = folder.plan(true);
    let Some(Entry::File(stat)) = folder.listing.get("slow.wasm").cloned() else {
        panic!("it was written")
    };
    let read = BTreeMap::from([(
        "slow".to_owned(),
        ([Some(stat), None, None, None, None], [1; 32]),
    )]);
    assert_eq!(folder.files.offer(&read, plan.remove), deploys(&["slow"]));

    folder.delete("slow.wasm");
    folder.look();
    folder.wait(1_000);
    assert_eq!(folder.look(), Offer::default());
    folder.files.answered("slow", true, false);
    assert_eq!(folder.look().remove, ["slow"]);
}

#[test]
fn a_folder_is_offered_once_it_rests_and_again_when_any_of_its_files_changes() {
    let mut folder = Folder::serving(&["hello"]);
    folder.write_in("wiki", 0, 1);
    folder.look();
    folder.wait(150);
    folder.write_in("wiki", 1, 1);
    assert_eq!(folder.look(), deploys(&[]), "it is still being written");
    folder.wait(200);
    assert_eq!(folder.look(), deploys(&["wiki"]));
    for part in [1, 2, 0] {
        folder.write_in("wiki", part, 2);
        folder.look();
        folder.wait(200);
        assert_eq!(folder.look(), deploys(&["wiki"]), "part {part}");
    }
    folder.write_in("wiki", 1, 2);
    folder.look();
    folder.wait(200);
    assert_eq!(folder.look(), deploys(&[]), "it was only touched");
}

#[test]
fn a_folder_that_was_moved_in_is_offered_at_once() {
    let mut folder = Folder::serving(&["hello"]);
    folder.write_in("wiki", 1, 1);
    folder.write_in("wiki", 0, 1);
    assert_eq!(folder.look_done(), deploys(&["wiki"]));
}

#[test]
fn a_folder_without_its_component_keeps_what_was_served_and_without_itself_does_not() {
    let mut folder = Folder::serving(&["hello"]);
    folder.write_in("wiki", 0, 1);
    folder.write_in("wiki", 1, 1);
    folder.look_done();
    folder.write_in("wiki", 0, 0);
    let notices = folder.notices();
    assert!(
        notices[0].contains("no `plugin.wasm` in it; what was served before still is"),
        "{notices:?}"
    );
    folder.wait(10_000);
    assert_eq!(folder.plan(true), Plan::default());
    folder.delete("wiki");
    folder.look();
    folder.wait(500);
    assert_eq!(folder.look(), removes(&["wiki"]));
}

#[test]
fn a_document_that_is_deleted_and_created_anew_is_never_missed() {
    let mut folder = Folder::serving(&["hello"]);
    folder.write_in("wiki", 0, 1);
    folder.write_in("wiki", 1, 1);
    folder.look_done();
    folder.write_in("wiki", 1, 0);
    folder.look();
    folder.wait(400);
    assert_eq!(folder.look(), deploys(&[]));
    folder.write_in("wiki", 1, 1);
    folder.look();
    folder.wait(2_000);
    assert_eq!(folder.look(), deploys(&[]));
    folder.write_in("wiki", 1, 0);
    folder.look();
    folder.wait(500);
    assert_eq!(folder.look(), deploys(&["wiki"]), "it was removed indeed");
}

#[test]
fn of_a_file_and_a_folder_of_one_name_the_file_counts_and_then_the_folder() {
    let mut folder = Folder::serving(&["hello", "wiki"]);
    folder.write_in("wiki", 0, 7);
    let notices = folder.notices();
    assert!(
        notices[0].starts_with("`wiki/` is not served: `wiki.wasm` is there too, and comes first"),
        "{notices:?}"
    );
    folder.wait(2_000);
    assert_eq!(folder.look(), deploys(&[]));
    folder.delete("wiki.wasm");
    folder.look();
    folder.wait(200);
    assert_eq!(folder.look(), deploys(&["wiki"]));
    folder.wait(2_000);
    assert_eq!(folder.look(), deploys(&[]));
}

#[test]
fn a_folder_of_sources_does_not_keep_its_plugin_when_the_component_goes() {
    let mut folder = Folder::serving(&["hello", "wiki"]);
    folder
        .listing
        .insert("wiki".into(), Entry::Folder([None; PARTS.len()]));
    folder.look();
    folder.delete("wiki.wasm");
    folder.look();
    folder.wait(500);
    assert_eq!(folder.look(), removes(&["wiki"]));
}

#[test]
fn a_folder_that_is_moved_to_another_name_is_one_change() {
    let mut folder = Folder::serving(&["hello"]);
    folder.write_in("wiki", 0, 1);
    folder.write_in("wiki", 1, 1);
    folder.look_done();
    folder.delete("wiki");
    folder.write_in("pages", 0, 1);
    folder.write_in("pages", 1, 1);
    let offer = folder.look_done();
    assert_eq!(
        (offer.deploy, offer.remove),
        (vec!["pages".to_owned()], vec!["wiki".to_owned()])
    );
}

#[test]
fn what_cannot_be_read_in_place_of_a_served_folder_is_told_and_removes_nothing() {
    let mut folder = Folder::serving(&["hello"]);
    folder.write_in("wiki", 0, 1);
    folder.look_done();
    folder.listing.insert(
        "wiki".into(),
        Entry::Other("a link to something that is not there".into()),
    );
    let notices = folder.notices();
    assert!(
        notices[0].starts_with("`wiki` is not served: it is a link to something"),
        "{notices:?}"
    );
    folder.wait(10_000);
    assert_eq!(folder.plan(true), Plan::default());
}

#[test]
fn a_document_above_the_limit_is_refused_unread_and_named() {
    let mut folder = Folder::serving(&["hello"]);
    folder.write_in("wiki", 0, 1);
    let large = Stat {
        inode: 1,
        bytes: LIMIT + 1,
        changed: (99, 0),
    };
    let Some(Entry::Folder(stats)) = folder.listing.get_mut("wiki") else {
        panic!("it was written")
    };
    stats[1] = Some(large);
    let plan = folder.plan(true);
    assert!(
        matches!(&plan.notices[..], [Notice::Error(text)] if text.contains("`wiki/openapi.json`") && text.contains("`limits.contract_bytes` allows 1000")),
        "{plan:?}"
    );
    assert_eq!(plan.read, Vec::<String>::new());
}
