//! `edgecoder eval` on wrong input.

use crate::home::Home;

#[test]
fn a_file_of_no_problems_is_wrong_usage() {
    let home = Home::new();
    home.write("bad.jsonl", "{\"task_id\": 1}\n").write("binary.jsonl", vec![0xff, 0xfe]);
    home.write(
        "one.jsonl",
        "{\"task_id\": 11, \"text\": \"t\", \"code\": \"def f(x):\\n    return x\", \"test_list\": [\"assert f(1) == 1\"]}\n",
    );
    for (args, told) in [
        (&["eval", "bad.jsonl"][..], "line 1"),
        (&["eval", "binary.jsonl"], "UTF-8"),
        (&["eval", "missing.jsonl"], "missing.jsonl"),
        (&["eval", "one.jsonl", "--from", "12"], "from 12"),
        (&["eval", "one.jsonl", "--samples", "0"], "--samples"),
    ] {
        let ended = home.run(args);
        assert_eq!(ended.status, Some(2), "{args:?}: {ended:?}");
        assert!(ended.stderr.contains(told), "{args:?}: {ended:?}");
    }
}
