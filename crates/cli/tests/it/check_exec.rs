//! `check`, `exec` and `receipt` on good and bad input.

use crate::home::Home;

const PROGRAM: &str = "def add(a, b):\n    return a + b\n";

#[test]
fn a_violation_has_place_code_and_hint() {
    let home = Home::new();
    home.write("a.py", "x = 1\nimport os\nimport socket\n");
    let text = home.run(&["check", "a.py"]);
    assert_eq!(text.status, Some(1));
    assert!(text.stdout.contains("a.py:2:"), "{text:?}");
    assert!(text.stdout.contains("import os\n") && text.stdout.contains("hint: "), "{text:?}");
    let list = home.run(&["check", "a.py", "--json"]).json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 2, "all violations, not only the first");
    for violation in list {
        assert!(violation["line"].is_u64() && violation["column"].is_u64());
        for key in ["code", "message", "hint"] {
            assert!(!violation[key].as_str().unwrap().is_empty(), "{key}");
        }
    }
}

#[test]
fn a_program_inside_the_subset_passes_from_a_file_and_from_standard_input() {
    let home = Home::new();
    home.write("a.py", PROGRAM);
    assert_eq!(home.run(&["check", "a.py"]).status, Some(0));
    let piped = home.run_with_input(&["check", "-", "--lang", "python", "--json"], PROGRAM.as_bytes());
    assert_eq!((piped.status, piped.stdout.trim()), (Some(0), "[]"));
}

#[test]
fn source_that_is_no_program_is_a_violation() {
    let home = Home::new();
    let nested = format!("x = {}1{}\n", "(".repeat(5_000), ")".repeat(5_000));
    for (name, content) in [
        ("syntax.py", b"def (:\n".to_vec()),
        ("nul.py", b"x = '\0'\n".to_vec()),
        ("binary.py", vec![0xff, 0xfe, 0x80]),
        ("deep.py", nested.into_bytes()),
    ] {
        home.write(name, content);
        let ended = home.run(&["check", name, "--json"]);
        assert_eq!(ended.status, Some(1), "{name}: {ended:?}");
        assert!(!ended.json().as_array().unwrap().is_empty(), "{name}");
        let ended = home.run(&["exec", name, "--json"]);
        assert_eq!(ended.status, Some(1), "{name}: {ended:?}");
        assert_eq!(ended.json()["status"], "rejected", "{name}");
    }
}

#[test]
fn input_that_cannot_be_read_says_why() {
    let home = Home::new();
    home.write("main.py", PROGRAM).write("notes.txt", "x").write("big.py", vec![b'#'; 5 << 20]);
    let large = std::fs::File::create(home.here().join("huge.py")).unwrap();
    large.set_len(100 << 20).unwrap();
    for (args, code, text) in [
        (vec!["exec", "mian.py"], "file_not_found", "did you mean main.py?"),
        (vec!["check", "mian.py"], "file_not_found", "did you mean main.py?"),
        (vec!["exec", "."], "wrong_file_type", "a directory"),
        (vec!["exec", "notes.txt"], "unknown_language", "--lang python"),
        (vec!["exec", "big.py"], "source_too_large", "5242880 bytes"),
        (vec!["check", "huge.py"], "source_too_large", "104857600 bytes"),
        (vec!["exec", "main.py", "--tests", "none.py"], "file_not_found", "none.py"),
        (vec!["exec", "main.py", "--fuel", "0"], "usage", "--fuel"),
        (vec!["receipt", "show", "none.json"], "file_not_found", "none.json"),
    ] {
        let ended = home.run(&args);
        assert_eq!(ended.status, Some(2), "{args:?}: {ended:?}");
        assert!(ended.stderr.contains(&format!("error[{code}]")), "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(text), "{args:?}: {}", ended.stderr);
    }
}

#[test]
fn tests_decide_and_the_json_has_every_field() {
    let home = Home::new();
    home.write("a.py", PROGRAM)
        .write("good.py", "assert add(1, 2) == 3\nassert add(0, 0) == 0\n")
        .write("bad.py", "assert add(1, 2) == 3\nassert add(0, 0) == 1\n")
        .write("none.py", "x = 1\n");
    let good = home.run(&["exec", "a.py", "--tests", "good.py", "--json"]);
    assert_eq!(good.status, Some(0), "{good:?}");
    let json = good.json();
    for key in ["status", "reason", "layer", "stdout", "stderr", "exit_code", "tests", "fuel", "receipt"] {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert_eq!((&json["status"], &json["layer"]), (&"passed".into(), &"embedded".into()));
    assert_eq!(json["counts"]["passed"], 2);
    assert_eq!(json["receipt_digest"].as_str().unwrap().len(), 64);
    let bad = home.run(&["exec", "a.py", "--tests", "bad.py", "--json"]);
    assert_eq!((bad.status, &bad.json()["status"]), (Some(1), &"failed".into()));
    let none = home.run(&["exec", "a.py", "--tests", "none.py", "--json"]);
    assert_eq!((none.status, &none.json()["status"]), (Some(1), &"no_tests".into()));
}

#[test]
fn output_and_endings_come_through() {
    let home = Home::new();
    home.write("out.py", "import sys\nprint('hello')\nprint(sys.argv[1:])\n")
        .write("loop.py", "while True:\n    pass\n");
    let ended = home.run(&["exec", "out.py", "--", "one", "--two"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "hello\n['one', '--two']\n"), "{ended:?}");
    assert!(ended.stderr.contains("completed"), "{ended:?}");
    assert_eq!(home.run(&["exec", "out.py", "-q"]).stderr, "");
    let ended = home.run(&["exec", "loop.py", "--fuel", "10000", "--json"]);
    assert_eq!((ended.status, &ended.json()["status"]), (Some(1), &"out_of_fuel".into()));
}

#[test]
fn a_receipt_holds_until_something_is_changed() {
    let home = Home::new();
    home.write("a.py", PROGRAM).write("t.py", "assert add(1, 2) == 3\n");
    let json = home.run(&["exec", "a.py", "--tests", "t.py", "--json"]).json();
    let file = json["receipt_file"].as_str().unwrap().to_owned();
    let shown = home.run(&["receipt", "show", &file]).stdout;
    let body = &json["receipt"];
    for part in
        [json["receipt_digest"].as_str().unwrap(), "deterministic", "embedded", "all tests of t.py", "t.py::assert:1"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for (path, role) in [("a.py", "under test"), ("t.py", "decides")] {
        let digest = body["files"][path]["digest"].as_str().unwrap();
        assert!(
            shown.lines().any(|line| line.contains(digest) && line.contains(role) && line.ends_with(path)),
            "{shown}"
        );
    }
    assert!(shown.contains("node_") && shown.contains("this machine's key") && shown.contains("signed at"), "{shown}");
    let signer = &home.run(&["receipt", "show", &file, "--json"]).json()["signer"];
    assert_eq!(signer["key"], "this_machine");
    assert!(signer["node"].as_str().unwrap().starts_with("node_") && signer["at"].as_str().unwrap().ends_with('Z'));
    let held = home.run(&["receipt", "verify", &file, "--json"]);
    assert_eq!((held.status, &held.json()["holds"]), (Some(0), &true.into()), "{held:?}");
    let all = serde_json::json!({"body_digest": true, "signature": true, "inputs": true, "re_run": true});
    assert_eq!((&held.json()["checks"], &held.json()["signer"]["key"]), (&all, &"this_machine".into()));

    let other = Home::new();
    let bundle = other.here().join("bundle.json");
    let bundle = bundle.to_str().unwrap();
    assert_eq!(home.run(&["receipt", "export", &file, "--output", bundle]).status, Some(0));
    let elsewhere = other.run(&["receipt", "verify", bundle]);
    assert_eq!(elsewhere.status, Some(0), "a bundle verifies elsewhere");
    for line in [
        "✓ body digest",
        "✓ signature    it fits, by a key that this machine does not know",
        "✓ inputs       3",
        "✓ re run",
    ] {
        assert!(elsewhere.stdout.contains(line), "{line}: {}", elsewhere.stdout);
    }
    assert_eq!(other.run(&["receipt", "verify", bundle, "--json"]).json()["signer"]["key"], "unknown");
    let bare = Home::new();
    std::fs::copy(&file, bare.here().join("alone.json")).unwrap();
    let alone = bare.run(&["receipt", "verify", "alone.json"]);
    assert_eq!(alone.status, Some(1));
    assert!(alone.stdout.contains("✓ signature") && alone.stdout.contains("✗ inputs"), "{}", alone.stdout);
    assert!(alone.stderr.contains("error[receipt_input_missing]"), "{}", alone.stderr);

    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"passed\"", "\"failed\"")).unwrap();
    let broken = home.run(&["receipt", "verify", &file]);
    assert_eq!(broken.status, Some(1));
    assert!(broken.stderr.contains("error[receipt_digest_mismatch]"), "{}", broken.stderr);
    assert!(broken.stdout.contains("✗ body digest") && !broken.stdout.contains("✓"), "{}", broken.stdout);
    let stated: serde_json::Value = serde_json::from_str(&text).unwrap();
    let signature = stated["attestation"]["signature"].as_str().unwrap();
    let other_signature = format!("{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
    std::fs::write(&file, text.replace(signature, &other_signature)).unwrap();
    let broken = home.run(&["receipt", "verify", &file]);
    assert_eq!(broken.status, Some(1));
    assert!(broken.stderr.contains("error[signature_invalid]"), "{}", broken.stderr);
    assert!(broken.stdout.contains("✓ body digest") && broken.stdout.contains("✗ signature"), "{}", broken.stdout);
}

#[test]
fn a_read_only_home_still_runs_and_says_what_was_not_kept() {
    let home = Home::new();
    home.write("a.py", "print(1)\n");
    let ended = home
        .command(&["exec", "a.py"])
        .env("EDGECODER_STORAGE_DATA_DIR", "/proc/nowhere")
        .output()
        .map(crate::home::Ended::from)
        .unwrap();
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "1\n"), "{ended:?}");
    assert!(ended.stderr.contains("the receipt was not kept"), "{}", ended.stderr);
}
