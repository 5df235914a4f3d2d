//! Signals: a clean end with 130, no process left, no half-written file.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::home::{Home, descendants, is_running};

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn wait(mut child: Child, most: Duration) -> Option<i32> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if started.elapsed() > most {
            child.kill().unwrap();
            panic!("still running after {most:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn wait_for(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(20), "never came");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_signal_while_waiting_for_input_ends_at_once() {
    let home = Home::new();
    let child = home.command(&["check", "-"]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // The handler is there once the signal thread is.
    wait_for(|| std::fs::read_dir(format!("/proc/{}/task", child.id())).is_ok_and(|tasks| tasks.count() >= 2));
    interrupt(&child);
    assert_eq!(wait(child, Duration::from_secs(5)), Some(130));
}

#[test]
fn a_signal_during_a_run_leaves_no_process() {
    let home = Home::new();
    home.write("loop.py", "while True:\n    pass\n");
    let mut command = home.command(&["exec", "loop.py", "--fuel", "18446744073709551615", "--timeout", "60"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pid = child.id();
    wait_for(|| !descendants(pid).is_empty());
    std::thread::sleep(Duration::from_millis(500));
    let below = descendants(pid);
    assert!(!below.is_empty(), "the program runs in a process of its own");
    interrupt(&child);
    assert_eq!(wait(child, Duration::from_secs(10)), Some(130));
    let started = Instant::now();
    while below.iter().any(is_running) {
        assert!(started.elapsed() < Duration::from_secs(5), "left behind: {below:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ctrl-C reaches the terminal's whole process group: the program is stopped by us and does not seem to crash.
#[test]
fn a_signal_to_the_whole_group_is_a_cancel_and_no_crash() {
    use std::os::unix::process::CommandExt as _;
    let home = Home::new();
    home.write("loop.py", "while True:\n    pass\n");
    let mut command = home.command(&["exec", "loop.py", "--fuel", "18446744073709551615", "--timeout", "60"]);
    let child = command.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    wait_for(|| descendants(pid).len() >= 2);
    std::thread::sleep(Duration::from_millis(500));
    let group = |(process, _): &(u32, String)| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        stat.rsplit_once(')').unwrap().1.split_whitespace().nth(2).unwrap().to_owned()
    };
    assert!(descendants(pid).iter().all(|process| group(process) != pid.to_string()));
    let sent = Command::new("kill").args(["-INT", "--", &format!("-{pid}")]).status().unwrap();
    assert!(sent.success());
    let ended = crate::home::Ended::from(child.wait_with_output().unwrap());
    assert_eq!(ended.status, Some(130), "{ended:?}");
    assert!(ended.stderr.starts_with("cancelled"), "{ended:?}");
}

/// Starts a run, interrupts it once its output holds `sign` and `pause` has passed; it has to end with 130, leave no process
/// and be known as cancelled.
fn interrupted_run(home: &Home, args: &[&str], sign: &str, pause: Duration) {
    let model = crate::home::model();
    let args = [&["run"], args, &["--json", "--model", &model]].concat();
    let out = home.here().join("events.ndjson");
    let mut command = home.command(&args);
    command.stdout(std::fs::File::create(&out).unwrap()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    wait_for(|| std::fs::read_to_string(&out).is_ok_and(|text| text.contains(sign)));
    std::thread::sleep(pause);
    let below = descendants(child.id());
    interrupt(&child);
    assert_eq!(wait(child, Duration::from_secs(10)), Some(130), "{args:?}");
    let started = Instant::now();
    while below.iter().any(is_running) {
        assert!(started.elapsed() < Duration::from_secs(5), "{args:?} left behind: {below:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let runs = home.run(&["runs", "--json"]).json();
    assert_eq!(runs[0]["state"], "cancelled", "{args:?}: {runs}");
}

const STUB: &str = "def is_even(n):\n    raise NotImplementedError\n";

#[test]
fn a_signal_while_planning_ends_the_test_in_either_layer() {
    let endless = "from m import is_even\n\ndef test_a():\n    while True:\n        pass\n";
    let sleeping = "import time, os\nfrom m import is_even\n\ndef test_a():\n    os.getcwd()\n    time.sleep(100)\n";
    for test in [endless, sleeping] {
        let home = Home::new();
        home.write("m.py", STUB).write("test_m.py", test);
        interrupted_run(&home, &["write is_even"], "\"started\"", Duration::from_millis(300));
    }
}

#[test]
fn a_signal_while_writing_and_repairing_is_continued_by_resume() {
    let test = "from m import is_even\n\ndef test_a():\n    assert is_even(4) == 'no'\n";
    for (sign, pause) in [("\"batch_started\"", 0), ("\"token\"", 100), ("\"repairing\"", 50)] {
        let home = Home::new();
        home.write("m.py", STUB).write("test_m.py", test);
        interrupted_run(&home, &["write is_even", "--samples", "48"], sign, Duration::from_millis(pause));
        let resumed = home.run(&["resume", "last", "--json"]);
        assert_eq!(resumed.status, Some(1), "{resumed:?}");
        let last: serde_json::Value = serde_json::from_str(resumed.stdout.lines().last().unwrap()).unwrap();
        assert_eq!(
            (&last["report"]["reason"], &last["report"]["usage"]["samples"]),
            (&"samples_spent".into(), &48.into())
        );
    }
}

#[test]
fn a_signal_while_a_candidate_runs_ends_it() {
    // The function is fine until a test calls it with a number that keeps the test busy.
    let test = "import time\nfrom m import is_even\n\ndef test_a():\n    if is_even(4) in (True, False):\n        time.sleep(100)\n";
    let home = Home::new();
    home.write("m.py", STUB).write("test_m.py", format!("import os\n{test}    os.getcwd()\n"));
    interrupted_run(&home, &["write is_even"], "\"checking\"", Duration::from_millis(1_500));
}

/// Whatever the moment, the file is the old one or the new one, and the next command goes on from there.
#[test]
fn a_signal_while_applying_leaves_the_old_file_or_the_new_one() {
    let home = Home::new();
    home.write("m.py", STUB).write("test_m.py", "from m import is_even\n\ndef test_a():\n    assert is_even(4)\n");
    let model = crate::home::model();
    let ended = home.run(&["run", "write is_even", "--model", &model]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let read = || std::fs::read_to_string(home.here().join("m.py")).unwrap();
    assert_eq!(home.run(&["apply", "last"]).status, Some(0));
    let applied = read();
    assert_ne!(applied, STUB);
    assert_eq!(home.run(&["undo", "last"]).status, Some(0));
    for delay in 0..12 {
        let mut command = home.command(&["apply", "last"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        interrupt(&child);
        let status = wait(child, Duration::from_secs(5));
        // Without an exit status the signal came before there was a handler.
        assert!(matches!(status, None | Some(0 | 130)), "{status:?} after {delay} ms");
        assert!([STUB, applied.as_str()].contains(&read().as_str()), "after {delay} ms: {}", read());
        let again = home.run(&["apply", "last"]);
        let already = again.stderr.contains("error[nothing_to_do]");
        assert!(again.status == Some(0) || already, "after {delay} ms: {again:?}");
        assert_eq!(read(), applied, "after {delay} ms");
        assert_eq!(home.run(&["undo", "last"]).status, Some(0), "after {delay} ms");
        assert_eq!(read(), STUB);
    }
}
