//! Goal: a failure is found and made small, a panic is one, and the same seed gives the same inputs. Method: targets with
//! planted faults.

use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use edgecoder_fuzz::engine::{self, Bound};
use edgecoder_fuzz::grammar::{Grammar, sentence};
use edgecoder_fuzz::target::Target;
use edgecoder_testkit::programs::SplitMix;

fn never_both(data: &[u8]) -> Result<()> {
    let has = |word: &[u8]| data.windows(word.len()).any(|window| window == word);
    ensure!(!(has(b"return") && has(b"yield")), "return and yield after {} bytes", data.len());
    Ok(())
}

const RULES: Grammar = &[("file", &["x", "<file> <file>", "(<file>)"]), ("block", &["a\nb\n"])];
static PLANTED: Target = Target {
    name: "planted",
    about: "",
    words: &["return", "yield", "x"],
    grammar: Some((RULES, "file")),
    smoke_cases: 0,
    open: || Ok(Box::new(never_both)),
};
static PANICKING: Target = Target {
    name: "panicking",
    open: || {
        Ok(Box::new(|data| {
            assert!(!data.contains(&0), "a NUL byte");
            Ok(())
        }))
    },
    ..CALM
};
static CALM_ONE: Target = CALM;
const CALM: Target = Target {
    name: "calm",
    about: "",
    words: &[],
    grammar: Some((RULES, "file")),
    smoke_cases: 0,
    open: || Ok(Box::new(|_| Ok(()))),
};

#[test]
fn a_planted_fault_is_found_and_made_small() {
    let report = engine::run(&PLANTED, 7, Bound::Cases(20_000), Box::new(|_| {})).unwrap();
    let failure = report.failure.expect("the fault");
    assert_eq!(failure.input.len(), "returnyield".len(), "{:?}", String::from_utf8_lossy(&failure.input));
    assert_eq!(failure.why, "return and yield after 11 bytes");
    assert!(report.cases < 20_000);
}

#[test]
fn a_panic_is_a_failure_of_its_input() {
    let report = engine::run(&PANICKING, 7, Bound::Cases(20_000), Box::new(|_| {})).unwrap();
    let failure = report.failure.expect("the panic");
    assert_eq!((failure.input.as_slice(), failure.why.as_str()), (&[0_u8][..], "panic: a NUL byte"));
}

#[test]
fn the_same_seed_gives_the_same_inputs() {
    let inputs = |seed: u64| {
        let told: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let list = Arc::clone(&told);
        engine::run(
            &CALM_ONE,
            seed,
            Bound::Cases(300),
            Box::new(move |input| list.lock().unwrap().push(input.to_vec())),
        )
        .unwrap();
        std::mem::take(&mut *told.lock().unwrap())
    };
    assert_eq!(inputs(3), inputs(3));
    assert_eq!(inputs(3).len(), 300);
    assert_ne!(inputs(3), inputs(4));
}

#[test]
fn blocks_are_indented_and_sentences_end() {
    assert_eq!(sentence(RULES, "block", &mut SplitMix(1)), "    a\n    b\n");
    for seed in 0..2_000 {
        assert!(sentence(RULES, "file", &mut SplitMix(seed)).len() < 100_000);
    }
}
