//! `edgecoder run` with the default model: wrong input, endings, and what is left behind.

use crate::home::{Ended, Home, model};

const REPO: [(&str, &str); 2] = [
    ("m.py", "def is_even(n):\n    raise NotImplementedError\n"),
    (
        "test_m.py",
        "from m import is_even\n\ndef test_a():\n    assert is_even(4)\n\ndef test_wrong():\n    assert is_even(3)\n",
    ),
];

fn home(files: &[(&str, &str)]) -> Home {
    let home = Home::new();
    for (name, text) in files {
        home.write(name, text);
    }
    home
}

fn run(home: &Home, args: &[&str]) -> Ended {
    home.run(&[&["run"], args, &["--model", &model()]].concat())
}

/// The last line of `--json`.
fn report(ended: &Ended) -> serde_json::Value {
    serde_json::from_str(ended.stdout.lines().last().unwrap()).unwrap()
}

#[test]
fn wrong_input_is_status_2_and_leaves_no_run() {
    let home = home(&REPO);
    home.write("t.txt", "x");
    for (args, code, text) in [
        (vec!["x", "--repo", "nowhere"], "usage", "no folder nowhere"),
        (vec!["x", "--repo", "m.py"], "usage", "m.py is no folder"),
        (vec!["x", "--file", "../m.py"], "path_outside_repository", "../m.py"),
        (vec!["x", "--samples", "0"], "usage", "--samples"),
        (vec!["x", "--budget", "1.5h"], "usage", "--budget"),
        (vec!["x", "--test", "no-such-program --all"], "test_command_not_found", "no-such-program"),
        (vec!["x", "--test", "pytest test_absent.py"], "usage", "test_absent.py"),
        (vec!["x", "--test", "pytest -n 4"], "test_option_unknown", "-n"),
        (vec!["x", "--test", "pytest -k 'a and'"], "test_option_unknown", "a name is missing"),
        (vec!["x", "--test", "pytest -k nothing"], "no_tests_selected", "test_m.py::test_a"),
        (vec!["x", "--test", "pytest | cat"], "usage", "needs a shell"),
    ] {
        let ended = run(&home, &args);
        assert_eq!(ended.status, Some(2), "{args:?}: {ended:?}");
        assert!(
            ended.stderr.contains(&format!("error[{code}]")) && ended.stderr.contains(text),
            "{args:?}: {}",
            ended.stderr
        );
        assert_eq!(home.run(&["runs", "--json"]).stdout, "[]\n", "{args:?}");
    }
    for (args, code) in [
        (vec!["run", "x", "--model", "nowhere"], "model_not_found"),
        (vec!["resume", "zzzz"], "run_not_found"),
        (vec!["show", "last"], "run_not_found"),
        (vec!["apply", "last"], "run_not_found"),
        (vec!["model", "use", "nowhere"], "model_not_found"),
        (vec!["exec", "m.py", "--tests", "t.txt"], "wrong_file_type"),
        (vec!["receipt", "show", "t.txt"], "receipt_malformed"),
    ] {
        let ended = home.run(&args);
        assert_eq!(ended.status, Some(2), "{args:?}: {ended:?}");
        assert!(ended.stderr.contains(&format!("error[{code}]")), "{args:?}: {}", ended.stderr);
    }
}

#[test]
fn a_damaged_identity_is_said_as_such_before_any_work() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = home(&REPO);
    let data = home.home().join(".local/share/edgecoder");
    std::fs::create_dir_all(&data).unwrap();
    let file = data.join("node.json");
    for (mode, code) in [(0o600, "identity_malformed"), (0o644, "identity_exposed")] {
        std::fs::write(&file, "{}").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let ended = run(&home, &["write is_even", "--test", "pytest -k test_a"]);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.contains(&format!("error[{code}]")), "{}", ended.stderr);
        assert_eq!(home.run(&["runs", "--json"]).stdout, "[]\n");
    }
}

#[test]
fn a_source_file_that_is_no_python_is_not_blamed_on_the_tests() {
    let home = home(&REPO);
    home.write("broken.py", "x = 1\ndef f(:\n");
    home.write("m.py", format!("import broken\n{}", REPO[0].1));
    let ended = run(&home, &["write is_even", "--json"]);
    let report = &report(&ended)["report"];
    assert_eq!((ended.status, &report["reason"]), (Some(2), &"source_malformed".into()), "{ended:?}");
    assert!(report["message"].as_str().unwrap().starts_with("broken.py:2:"), "{report}");
}

/// Python 2, a template, a fixture: what nobody imports neither stops a run nor changes its layer.
#[test]
fn files_that_are_no_python_and_that_nothing_needs_are_left_out() {
    let home = home(&[
        REPO[0],
        ("test_m.py", "from m import is_even\n\ndef test_a():\n    assert is_even(4)\n"),
        ("old.py", "print 'python 2'\n"),
        ("templates/view.py", "class {{ name }}:\n    pass\n"),
        ("tests/fixtures/broken.py", "def f(:\n"),
    ]);
    let ended = run(&home, &["write is_even", "--json"]);
    let line = report(&ended);
    assert_eq!((ended.status, &line["report"]["receipt"]["layer"]), (Some(0), &"embedded".into()), "{ended:?}");
    for path in ["old.py", "templates/view.py", "tests/fixtures/broken.py"] {
        let note = format!("\"code\":\"source_left_out\",\"message\":\"{path} is no Python (line 1, ");
        assert!(ended.stdout.contains(&note), "{path}: {}", ended.stdout);
    }
    let file = line["receipt_file"].as_str().unwrap();
    assert_eq!(home.run(&["receipt", "verify", file]).status, Some(0));
    assert_eq!(run(&home, &["write is_even in old.py"]).status, Some(2), "the task names it");
}

#[test]
fn tests_that_read_a_broken_file_as_data_get_it() {
    let test = "import os\nfrom m import is_even\n\ndef test_a():\n    text = open('tests/fixtures/broken.py').read()\n    \
                assert is_even(len(text))\n";
    let home = home(&[REPO[0], ("test_m.py", test), ("tests/fixtures/broken.py", "def f(:\n")]);
    let ended = run(&home, &["write is_even", "--json"]);
    assert_eq!((ended.status, &report(&ended)["report"]["receipt"]["layer"]), (Some(0), &"os".into()), "{ended:?}");
    assert!(ended.stdout.contains("\"code\":\"source_left_out\""), "{}", ended.stdout);
}

/// Root may write everywhere, so what stands in the way is an edit of the user's.
#[test]
fn what_was_done_is_shown_even_when_it_cannot_be_applied() {
    let test = "from m import is_even\n\ndef test_a():\n    assert is_even(4)\n";
    for json in [false, true] {
        let home = home(&[REPO[0], ("test_m.py", test)]);
        let flags: &[&str] = if json { &["--apply", "--json"] } else { &["--apply"] };
        let mut command = home.command(&[&["run", "write is_even", "--model", &model()], flags].concat());
        let out = home.home().join("out");
        let errors = home.home().join("errors");
        command.stdout(std::fs::File::create(&out).unwrap()).stderr(std::fs::File::create(&errors).unwrap());
        let mut child = command.spawn().unwrap();
        let snapshot = || {
            let runs = std::fs::read_dir(home.home().join(".local/share/edgecoder/runs"));
            runs.is_ok_and(|mut runs| runs.any(|run| run.unwrap().path().join("run.json").exists()))
        };
        while !snapshot() {
            assert_eq!(child.try_wait().unwrap(), None);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        home.write("m.py", "def is_even(n):\n    return 'mine'\n");
        assert_eq!(child.wait().unwrap().code(), Some(1));
        let (out, errors) = (std::fs::read_to_string(out).unwrap(), std::fs::read_to_string(errors).unwrap());
        assert!(errors.contains("error[patch_conflict]"), "{errors}");
        assert_eq!(std::fs::read_to_string(home.here().join("m.py")).unwrap(), "def is_even(n):\n    return 'mine'\n");
        if json {
            let last: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
            assert_eq!((&last["event"], &last["applied"]), (&"finished".into(), &false.into()), "{out}");
            assert_eq!(last["apply_error"]["code"], "patch_conflict", "{out}");
        } else {
            assert!(out.contains("verified") && out.contains("edgecoder apply run_"), "{out}");
        }
    }
}

#[test]
fn a_run_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    // Nothing passes both tests, whatever is written or edited.
    let home = home(&[REPO[0], ("test_m.py", &REPO[1].1.replace("assert is_even(3)", "assert not is_even(4)"))]);
    assert_eq!(run(&home, &["write is_even", "--samples", "1", "--json"]).status, Some(1));
    let mut open = vec![home.home().join(".local/share/edgecoder/runs")];
    let mut seen = 0;
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode & 0o077, 0, "{}: {mode:o}", entry.path().display());
            seen += 1;
            if entry.path().is_dir() {
                open.push(entry.path());
            }
        }
    }
    assert!(seen > 8, "{seen}");
}

#[test]
fn a_selection_is_verified_in_either_layer() {
    let home = home(&REPO);
    for test in ["pytest -k test_a -x", "python3 -m unittest -v test_m.test_a"] {
        let ended = run(&home, &["write is_even", "--test", test, "--json"]);
        let line = report(&ended);
        assert_eq!((ended.status, &line["report"]["tests_total"]), (Some(0), &1.into()), "{test}: {ended:?}");
        let file = line["receipt_file"].as_str().unwrap();
        assert_eq!(home.run(&["receipt", "verify", file]).status, Some(0));
    }
    home.write("test_m.py", format!("import os\n{}", REPO[1].1));
    let ended = run(&home, &["write is_even", "--test", "pytest test_m.py::test_a", "--json"]);
    let line = report(&ended);
    assert_eq!((ended.status, &line["report"]["receipt"]["layer"]), (Some(0), &"os".into()), "{ended:?}");
}

#[test]
fn without_any_test_the_model_writes_some_and_that_is_said() {
    let task = "write a function add(a, b) that returns the sum";
    let runs: Vec<(serde_json::Value, Ended)> = (0..2)
        .map(|_| {
            let home = Home::new();
            let mut line = report(&run(&home, &[task, "--json"]));
            let report = line["report"].as_object_mut().unwrap();
            for key in ["id", "next_steps"] {
                report.remove(key);
            }
            report["usage"].as_object_mut().unwrap().remove("wall_ms");
            (line, home.run(&["show", "last"]))
        })
        .collect();
    let (line, shown) = &runs[0];
    assert_eq!(line, &runs[1].0, "the same seed gives the same tests and the same code");
    assert_eq!(line["report"]["outcome"], "self_tested", "{line}");
    assert!(line["receipt_digest"].is_null() && line["report"]["exit_code"] == 1);
    let tests = line["report"]["self_tests"].as_array().unwrap();
    assert!(!tests.is_empty());
    for text in ["passes only tests that the model wrote itself", "not verified", "--test", "--- /dev/null"] {
        assert!(shown.stdout.contains(text), "{text}: {}", shown.stdout);
    }
    assert!(tests.iter().all(|test| shown.stdout.contains(test.as_str().unwrap())), "{}", shown.stdout);
}

/// What is printed to go on with is run as it stands.
#[test]
fn an_unsolved_task_says_what_came_closest_and_commands_that_work() {
    let home = home(&[
        ("m.py", "def is_even(n):\n    raise NotImplementedError\n"),
        (
            "test_m.py",
            "from m import is_even\n\ndef test_a():\n    assert is_even(4)\n\ndef test_odd():\n    assert is_even(4) == 'no'\n",
        ),
    ]);
    let ended = run(&home, &["write is_even", "--samples", "8"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    for text in [
        "not verified  1 of 2 tests",
        "the samples are spent",
        "(samples_spent)",
        "test_m.py::test_odd",
        "m.py: is_even",
        "+    return",
    ] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
    let commands: Vec<&str> = ended
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with("  next"))
        .map(|line| line.trim_start_matches("  next").trim())
        .collect();
    assert!(commands.iter().any(|command| command.contains("--samples 64")), "{commands:?}");
    assert!(commands.iter().any(|command| command.contains("model use")), "{commands:?}");
    std::os::unix::fs::symlink(model(), home.here().join("larger.gguf")).unwrap();
    for command in commands {
        let command = command.replace("--samples 64", "--samples 4");
        let command = if command.contains("edgecoder run ") && !command.contains("--samples") {
            command.replace("  #", " --samples 4  #")
        } else {
            command
        };
        let ended: Ended = home.shell(&command).output().unwrap().into();
        assert!(matches!(ended.status, Some(0 | 1)) && !ended.stderr.contains("error["), "{command}: {ended:?}");
    }
}
