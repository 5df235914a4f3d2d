//! `eval`: the methods see the same problems, hidden tests grade, and the loop pays for what it writes.

use edgecoder_agent::AgentError;
use edgecoder_agent::eval::{Eval, Method, Problem, Score, read_problems};
use edgecoder_executor::Cancel;
use edgecoder_inference::{Model, Prompt};
use edgecoder_testkit::{CountingEntropy, CpythonRunner, FakeModel, TestClock};
use edgecoder_types::UnixMs;

const ROWS: &str = concat!(
    r#"{"task_id": 1, "text": "Double x.", "code": "def double(x):\n    return 2 * x", "test_list": ["assert double(2) == 4", "assert double(0) == 0", "assert double(5) == 10"]}"#,
    "\n",
    r#"{"task_id": 2, "text": "Halve x.", "code": "def halve(x):\n    return x // 2", "test_list": ["assert halve(2) == 1", "assert halve(4) == 2", "assert halve(9) == 4"]}"#,
    "\n"
);

fn with<R>(model: &dyn Model, work: impl FnOnce(&mut Eval<'_>, &[Problem]) -> R) -> R {
    let scratch = tempfile::tempdir().unwrap();
    let mut eval = Eval {
        model,
        runner: &CpythonRunner::default(),
        clock: &TestClock::new(UnixMs(1_700_000_000_000), 1),
        entropy: &mut CountingEntropy::default(),
        scratch: scratch.path().to_owned(),
        on_problem: &mut |_, _| {},
        cancel: &Cancel::default(),
    };
    work(&mut eval, &read_problems(ROWS).unwrap())
}

fn sampled(model: &FakeModel, samples: u32) -> Score {
    with(model, |eval, problems| eval.sampling(problems, samples, 3)).unwrap()
}

#[test]
fn hidden_tests_grade_and_any_sample_counts() {
    // The third of four samples is right for one problem, and for the other one it only repeats what is shown.
    let model = FakeModel::new(|request, _, sequence| {
        let Prompt::Text(text) = &request.prompt else { panic!("plain text") };
        match (text.contains("double"), sequence) {
            (true, 2) => "    return 2 * x\n".to_owned(),
            (false, 2) => "    return {2: 1, 4: 2}[x]\n".to_owned(),
            _ => "    return 7\n".to_owned(),
        }
    });
    let score = sampled(&model, 4);
    assert_eq!((score.method, score.problems, score.solved.as_slice()), (Method::Sampling, 2, &["1".to_owned()][..]));
    assert!(score.completion_tokens > 0 && score.tokens.iter().sum::<u64>() == score.completion_tokens);
    let prompts: Vec<String> = model.requests().iter().map(|one| format!("{:?}", one.prompt)).collect();
    assert!(prompts[0].contains("double(0)") && !prompts.concat().contains("double(5)"), "{prompts:?}");
}

#[test]
#[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself is not general enough")]
fn greedy_is_one_text_at_temperature_zero() {
    let model = FakeModel::saying(&["    return 2 * x\n", "    return x // 2\n"]);
    let score = with(&model, |eval, problems| eval.greedy(problems)).unwrap();
    assert_eq!(score.solved, ["1", "2"]);
    assert!(
        model.requests().iter().all(|one| one.sequences.len() == 1 && one.sequences[0].sampling.temperature == 0.0)
    );
}

#[test]
fn the_loop_has_the_tokens_of_its_peer_and_chooses_by_what_it_sees() -> Result<(), AgentError> {
    let wrong = FakeModel::saying(&["    return 7\n"]);
    let peer = sampled(&wrong, 4);
    let model = FakeModel::new(|request, _, _| {
        let double = format!("{:?}", request.prompt).contains("double");
        if double { "    return x + x\n".to_owned() } else { "    return {2: 1, 4: 2}[x]\n".to_owned() }
    });
    let score = with(&model, |eval, problems| eval.search(problems, &peer))?;
    assert_eq!(score.solved, ["1"], "what only repeats the shown results is not solved");
    let bounds: Vec<Option<u64>> = model.requests().iter().map(|one| one.tokens_all_max).collect();
    assert_eq!(bounds[0], Some(peer.tokens[0]));
    assert!(bounds.iter().all(|bound| bound.is_some_and(|most| most <= peer.completion_tokens)), "{bounds:?}");
    Ok(())
}
