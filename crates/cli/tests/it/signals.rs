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
