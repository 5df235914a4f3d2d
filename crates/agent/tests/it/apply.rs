//! `apply` and `undo` on the user's files.

use edgecoder_agent::RunReport;
use edgecoder_testkit::FakeModel;

use crate::support::Bench;

const SOURCE: &str = "import math\n\n\ndef area(r):\n    return math.pi * r * r\n\n\ndef double(x):\n    \"\"\"Twice x.\"\"\"\n    raise NotImplementedError\n\n\ndef last():\n    return 1\n\n\n# the end\n# of it\n# all\n";
const TEST: &str = "from mathx import double\n\ndef test_small():\n    assert double(2) == 4\n";

fn solved(source: &str) -> (Bench, RunReport) {
    let mut bench = Bench::new(&[("mathx.py", source), ("test_mathx.py", TEST)]);
    let report = bench.run(&FakeModel::saying(&["    return x * 2\n"]), bench.options("write double")).unwrap();
    assert_eq!(report.exit_code, 0);
    (bench, report)
}

fn written(source: &str) -> String {
    source.replace("raise NotImplementedError", "return x * 2")
}

#[test]
fn apply_then_undo_is_the_identity() {
    for source in [SOURCE.to_owned(), SOURCE.replace('\n', "\r\n"), SOURCE.trim_end().to_owned()] {
        let (bench, report) = solved(&source);
        let before = bench.snapshot();
        assert_eq!(bench.store().apply(report.id).unwrap().files, ["mathx.py"]);
        assert_eq!(bench.read("mathx.py"), written(&source));
        assert!(bench.store().show(report.id).unwrap().applied);
        assert_eq!(bench.store().apply(report.id).unwrap_err().code(), "nothing_to_do");
        bench.store().undo(report.id).unwrap();
        assert_eq!(bench.snapshot(), before);
        assert_eq!(bench.store().undo(report.id).unwrap_err().code(), "nothing_to_do");
    }
}

#[test]
fn the_users_edits_elsewhere_survive_both_ways() {
    let (bench, report) = solved(SOURCE);
    let edited = SOURCE.replace("import math\n", "import math\nimport sys\n");
    bench.write("mathx.py", &edited);
    bench.store().apply(report.id).unwrap();
    assert_eq!(bench.read("mathx.py"), written(&edited));
    let edited = edited.replace("# all\n", "# all of it\n");
    bench.write("mathx.py", &written(&edited));
    bench.store().undo(report.id).unwrap();
    assert_eq!(bench.read("mathx.py"), edited);
}

#[test]
fn a_conflict_names_the_hunk_and_changes_nothing() {
    let (bench, report) = solved(SOURCE);
    bench.write("mathx.py", &SOURCE.replace("Twice x.", "Two times x."));
    let before = bench.snapshot();
    let error = bench.store().apply(report.id).unwrap_err();
    assert_eq!(error.code(), "patch_conflict");
    assert!(error.to_string().contains("hunk 1 of 1 (@@ -7,7 +7,7 @@)"), "{error}");
    assert!(error.to_string().contains("Two times x."), "{error}");
    assert_eq!(bench.snapshot(), before);
}

#[test]
fn files_that_went_away_or_became_links_are_refused() {
    let (bench, report) = solved(SOURCE);
    let path = bench.repo().join("mathx.py");
    std::fs::remove_file(&path).unwrap();
    let error = bench.store().apply(report.id).unwrap_err();
    assert_eq!(error.code(), "patch_conflict");
    assert_eq!(error.to_string(), "mathx.py: the file has been removed since the checkpoint; nothing was changed");
    let outside = bench.folder.path().join("outside.py");
    std::fs::write(&outside, SOURCE).unwrap();
    std::os::unix::fs::symlink(&outside, &path).unwrap();
    assert_eq!(bench.store().apply(report.id).unwrap_err().code(), "path_outside_repository");
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), SOURCE);
}

#[test]
fn modes_are_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let (bench, report) = solved(SOURCE);
    let path = bench.repo().join("mathx.py");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o750)).unwrap();
    bench.store().apply(report.id).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o750);
}

#[test]
fn a_task_that_stands_alone_creates_its_file() {
    let mut bench = Bench::new(&[]);
    let mut options = bench.options("Write triple(x).\nassert triple(2) == 6\nassert triple(-1) == -3");
    options.repo = None;
    let report = bench.run(&FakeModel::saying(&[" return x * 3"]), options).unwrap();
    assert_eq!((report.exit_code, report.tests_total), (0, 2), "{report:?}");
    bench.store().apply(report.id).unwrap();
    assert_eq!(bench.read("solution.py"), "def triple(x):\n    \"\"\"Write triple(x).\"\"\"\n    return x * 3\n");
    bench.write("solution.py", "changed\n");
    assert_eq!(bench.store().undo(report.id).unwrap_err().code(), "patch_conflict");
    bench.write("solution.py", "def triple(x):\n    \"\"\"Write triple(x).\"\"\"\n    return x * 3\n");
    bench.store().undo(report.id).unwrap();
    assert!(bench.snapshot().is_empty());
}

/// A kill between any two steps of applying leaves the old files or ends with the new ones, never a mixture:
/// the intent and the temporary file are put back as a killed process leaves them.
#[test]
fn a_kill_while_applying_is_repaired() {
    let (bench, report) = solved(SOURCE);
    bench.store().apply(report.id).unwrap();
    let run = bench.run_folder(report.id);
    let applied: serde_json::Value = serde_json::from_slice(&std::fs::read(run.join("applied.json")).unwrap()).unwrap();
    let id = report.id.to_string();
    let temporary = bench.repo().join(format!(".mathx.py.edgecoder-{}", id.trim_start_matches("run_")));
    let intent = |stage: &str| {
        serde_json::json!({"v": 1, "direction": "apply", "stage": stage, "changes": applied["changes"], "folders": []})
            .to_string()
    };
    std::fs::remove_file(run.join("applied.json")).unwrap();

    // Killed while the temporary file was being written.
    bench.write("mathx.py", SOURCE);
    std::fs::write(&temporary, "half").unwrap();
    std::fs::write(run.join("intent.json"), intent("staging")).unwrap();
    bench.store().apply(report.id).unwrap();
    assert_eq!(bench.read("mathx.py"), written(SOURCE));
    assert!(!temporary.exists() && !run.join("intent.json").exists());

    // Killed before and after the rename.
    for renamed in [false, true] {
        std::fs::remove_file(run.join("applied.json")).unwrap();
        bench.write("mathx.py", if renamed { &*written(SOURCE).leak() } else { SOURCE });
        if !renamed {
            std::fs::write(&temporary, written(SOURCE)).unwrap();
        }
        std::fs::write(run.join("intent.json"), intent("ready")).unwrap();
        assert_eq!(bench.store().apply(report.id).unwrap_err().code(), "nothing_to_do", "recovery has applied it");
        assert_eq!(bench.read("mathx.py"), written(SOURCE));
        assert!(!temporary.exists() && !run.join("intent.json").exists());
    }
}

/// Applying makes the folders of a new file; undoing removes them again, but not what the user has put there.
#[test]
fn folders_of_new_files_go_with_them() {
    let (bench, report) = solved(SOURCE);
    let run = bench.run_folder(report.id);
    let digest = edgecoder_security::sha256(b"new\n").to_string();
    std::fs::write(run.join("blobs").join(&digest), "new\n").unwrap();
    let file = |path: &str| {
        serde_json::json!({
            "path": path, "kind": "create", "before": null, "after": digest,
            "hunks": [{"old_start": 0, "new_start": 0, "lines": [["+", "new\n"]]}],
        })
    };
    let patch = serde_json::json!({"files": [file("new/deep/a.py"), file("new/kept/b.py")]});
    std::fs::write(run.join("patch.json"), patch.to_string()).unwrap();
    let store = bench.store();
    store.apply(report.id).unwrap();
    assert_eq!(bench.read("new/deep/a.py"), "new\n");
    store.undo(report.id).unwrap();
    assert!(!bench.repo().join("new").exists());

    store.apply(report.id).unwrap();
    bench.write("new/kept/mine.txt", "mine\n");
    store.undo(report.id).unwrap();
    assert!(!bench.repo().join("new/deep").exists());
    assert_eq!(bench.read("new/kept/mine.txt"), "mine\n");
}
