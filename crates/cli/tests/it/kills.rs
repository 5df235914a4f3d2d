//! `kill -9` anywhere, then `resume`: the same end, no process left, no half-written file.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::home::{Ended, Home, descendants, is_running, model};

const TASK: &str = "write is_even(n) that tells whether n is even\nassert is_even(4)\nassert not is_even(3)";
const KILLS: u32 = 10;

fn start(home: &Home) -> Child {
    let mut command = home.command(&["run", TASK, "--json", "--model", &model()]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// What must not depend on a kill.
fn essence(ended: &Ended) -> (serde_json::Value, serde_json::Value, serde_json::Value) {
    let line: serde_json::Value = serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap();
    let report = &line["report"];
    (report["diff"].clone(), report["outcome"].clone(), line["receipt_digest"].clone())
}

fn no_temporary_file(home: &Home) {
    let data = home.home().join(".local/share/edgecoder");
    let mut folders = vec![data];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "json") {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{} is half-written", path.display());
            }
        }
    }
}

#[test]
fn ten_kills_anywhere_lead_to_the_same_end() {
    let home = Home::new();
    let began = Instant::now();
    let whole = home.run(&["run", TASK, "--json", "--model", &model()]);
    let length = began.elapsed();
    assert_eq!(whole.status, Some(0), "{whole:?}");
    let mut continued = 0;
    for number in 0..KILLS {
        let home = Home::new();
        let mut child = start(&home);
        // Spread over the whole run, and off the marks of an even spread.
        std::thread::sleep(length * (number * 10 + number * 7 % 10) / (KILLS * 10) + Duration::from_millis(20));
        let below = descendants(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        let killed = Instant::now();
        while below.iter().any(is_running) {
            assert!(killed.elapsed() < Duration::from_secs(5), "kill {number} left {below:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        no_temporary_file(&home);
        let resumed = home.run(&["resume", "last", "--json"]);
        if resumed.status == Some(2) {
            // It was killed before there was a run: then there is none, and nothing in its way.
            assert!(resumed.stderr.contains("error[run_not_found]"), "kill {number}: {resumed:?}");
            let again = home.run(&["run", TASK, "--json", "--model", &model()]);
            assert_eq!(essence(&again), essence(&whole), "after kill {number}");
            continue;
        }
        continued += 1;
        assert_eq!(essence(&resumed), essence(&whole), "kill {number}: {resumed:?}");
    }
    assert!(continued >= 5, "only {continued} kills hit a run");
}
