//! All goes well; and the proof that what is watched for would be seen.

use crate::lab::{say, text};
use crate::volume::{Volume, is_possible};

/// In order, and by force, as the example's page shows it.
#[test]
fn the_volume_moves_in_order_and_by_force() {
    if !is_possible() {
        return;
    }
    let volume = Volume::unused();
    let seen = volume.lab.follow_page();
    say(&seen.0);
    assert_eq!(seen.number("acknowledged and lost"), 0, "{}", seen.0);
    assert!(seen.0.contains("st1 then st2 then st1 then st2 then st1"), "{}", seen.0);
    assert_eq!((seen.number("mounted twice"), seen.number("address held twice")), (0, 0), "{}", seen.0);
    assert!(seen.number("looks") > 100, "{}", seen.0);
    assert_eq!((volume.serving(), volume.repeated()), (Some("st1"), 0));
    assert_eq!(text(&volume.lab.at("st1", "cat /srv/data/moves")).lines().count(), 4);

    volume.lab.completes("end", &[]);
    assert!(volume.is_clean());
}

/// What must not happen, done by hand: it is seen, and it does the harm that it is said to do.
#[test]
fn two_mounts_would_be_seen_and_do_harm() {
    if !is_possible() {
        return;
    }
    let mut volume = Volume::in_use();
    for by_hand in ["array array export orders st2", "st2 disk attach orders && mount -t ext4 /run/orders /srv/data"] {
        volume.lab.does(&format!("lab/control ssh {by_hand}"));
    }
    let write = |node: &str| {
        let script =
            format!("for i in $(seq 60); do echo text >/srv/data/{node}.$i && sync -f /srv/data && echo written; done");
        String::from_utf8_lossy(&volume.lab.at(node, &script).stdout).lines().count()
    };
    let told = write("st1") + write("st2");

    let watched = volume.watched();
    assert!(watched.number("mounted twice") > 0, "{}", watched.0);
    volume.lab.does("lab/power off st1");
    volume.lab.does("lab/power off st2");
    let repaired = volume.lab.at("array", "e2fsck -p /srv/orders").status.code();
    let there = text(&volume.lab.at("array", "debugfs -R 'ls -p /' /srv/orders 2>/dev/null | grep -c '/st[12][.]'"));
    say(&format!("two mounts: {told} of 120 written, {} left; e2fsck -p: {repaired:?}", there.trim()));
    assert!(told < 120 || there.trim() != "120" || repaired > Some(1), "both nodes had their way");
}

/// Why `unmount` of the standard library also looks at what the kernel has open.
#[test]
fn an_unmount_that_hangs_has_left_the_list_of_mounts() {
    if !is_possible() {
        return;
    }
    let volume = Volume::in_use();
    let at = |script: &str| volume.lab.at("st1", script).status.success();
    assert!(at("pkill -f '[l]edger /srv/data'; echo text >/srv/data/text"));
    volume.lab.does("lab/cut st1 san");
    assert!(at("umount /srv/data >/dev/null 2>&1 & sleep 1"));
    let is_listed = at("mountpoint -q /srv/data");
    let is_open = at("ls -d /sys/fs/ext4/$(basename $(readlink -f /run/orders))");
    volume.lab.does("lab/join st1 san");
    assert_eq!((is_listed, is_open), (false, true));
    assert!(at(
        "timeout 60 sh -c 'while ls -d /sys/fs/ext4/$(basename $(readlink -f /run/orders)); do sleep 0.1; done'"
    ));
}
