//! The attributed sample of MBPP is inside the subset and compiles instrumented.

use edgecoder_subset::{check, parse};
use edgecoder_types::FileRole;
use serde::Deserialize;

use crate::support::{ORIGINS, compile, instrumented, on_main_stack};

#[derive(Deserialize)]
struct Problem {
    task_id: u32,
    code: String,
    test_setup_code: String,
    test_list: Vec<String>,
    challenge_test_list: Vec<String>,
}

#[test]
fn the_sample_is_inside_and_compiles() {
    let text = include_str!("../data/mbpp-sample.jsonl");
    let problems: Vec<Problem> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(problems.len(), 50);
    on_main_stack(move || {
        for problem in problems {
            let tests = [problem.test_list, problem.challenge_test_list].concat();
            let oracle = format!("{}\n{}\n", problem.test_setup_code, tests.join("\n"));
            for source in [&problem.code, &oracle] {
                let parsed = parse("p.py", source.as_bytes()).unwrap();
                assert_eq!(check(&parsed, FileRole::Candidate, &[]), [], "{}", problem.task_id);
                for origin in ORIGINS {
                    assert_eq!(compile(&instrumented(&parsed, origin).0), Ok(()), "{}", problem.task_id);
                }
            }
            let parsed = parse("p.py", oracle.as_bytes()).unwrap();
            let (_, report) = instrumented(&parsed, ORIGINS[2]);
            assert_eq!(report.cases.len(), tests.len(), "{}", problem.task_id);
            assert_eq!(report.unguarded_comparisons, []);
        }
    });
}
