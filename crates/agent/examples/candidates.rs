//! Has a form of the prompt written with the temperatures of a batch, and grades every candidate by itself:
//! `candidates MODEL FILE.jsonl FROM TO OUT.jsonl SEED TOKENS FORM…`. What is written is enough to try schedules without a model.
#![allow(clippy::print_stdout, reason = "a measuring tool prints")]

#[path = "measuring/executor.rs"]
mod executor;
#[path = "measuring/problems.rs"]
mod problems;

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use edgecoder_agent::PromptKind;
use edgecoder_agent::eval::Eval;
use edgecoder_executor::Cancel;
use edgecoder_executor::identity::{SystemClock, SystemEntropy};
use edgecoder_inference::local::{LocalModel, LocalOptions};
use edgecoder_inference::{
    Cancel as ModelCancel, GenerateEvent, GenerateRequest, Generated, InferenceError, Model, ModelInfo, Prompt, Usage,
};

const SAMPLES: u32 = 8;
const TEMPERATURES: [f32; SAMPLES as usize] = [0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0];

/// A model whose texts are kept, with their temperatures.
struct Recorder<'m> {
    inner: &'m LocalModel,
    tokens_max: u32,
    written: Mutex<Vec<(f32, Generated)>>,
}

impl Model for Recorder<'_> {
    fn info(&self) -> ModelInfo {
        self.inner.info()
    }

    fn count_tokens(&self, prompt: &Prompt) -> Result<u32, InferenceError> {
        self.inner.count_tokens(prompt)
    }

    fn generate(
        &self,
        request: &GenerateRequest,
        cancel: &ModelCancel,
        on_event: &mut dyn FnMut(GenerateEvent),
    ) -> Result<(Vec<Generated>, Usage), InferenceError> {
        let mut request = GenerateRequest { tokens_max: self.tokens_max, ..request.clone() };
        for (sequence, temperature) in request.sequences.iter_mut().zip(TEMPERATURES) {
            sequence.sampling.temperature = temperature;
        }
        let (texts, usage) = self.inner.generate(&request, cancel, on_event)?;
        let temperatures = request.sequences.iter().map(|one| one.sampling.temperature);
        self.written.lock().unwrap_or_else(PoisonError::into_inner).extend(temperatures.zip(texts.iter().cloned()));
        Ok((texts, usage))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    edgecoder_executor::helper_main();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, file, from, to, out, seed, tokens_max, forms @ ..] = &arguments[..] else {
        return Err("candidates MODEL FILE.jsonl FROM TO OUT.jsonl SEED TOKENS FORM…".into());
    };
    let (from, to, seed): (u64, u64, u64) = (from.parse()?, to.parse()?, seed.parse()?);
    let problems = problems::read(file, from, to)?;
    let state = tempfile::tempdir()?;
    let executor = executor::start(state.path())?;
    let inner = LocalModel::load(model.as_ref(), LocalOptions::default())?;
    let mut out = std::fs::OpenOptions::new().create(true).append(true).open(out)?;
    for form in forms {
        let kind: PromptKind = serde_json::from_value(serde_json::Value::String(form.clone()))?;
        let model = Recorder { inner: &inner, tokens_max: tokens_max.parse()?, written: Mutex::default() };
        let mut entropy = SystemEntropy::open()?;
        let mut eval = Eval {
            model: &model,
            runner: &executor,
            clock: &SystemClock,
            entropy: &mut entropy,
            scratch: state.path().to_path_buf(),
            on_problem: &mut |_, _| {},
            cancel: &Cancel::default(),
        };
        let mut solved = 0;
        for problem in &problems {
            eval.sampling_with(kind, std::slice::from_ref(problem), SAMPLES, seed)?;
            let written = std::mem::take(&mut *model.written.lock().unwrap_or_else(PoisonError::into_inner));
            let mut any = false;
            for (temperature, one) in written {
                let grade = eval.grade(problem, &one.text)?;
                any |= grade.hidden;
                let line = serde_json::json!({
                    "id": problem.id, "form": form, "temperature": temperature, "text": one.text,
                    "tokens": one.tokens, "finish": one.finish, "grade": grade,
                });
                writeln!(out, "{line}")?;
            }
            solved += u32::from(any);
        }
        println!("{form}: {solved} of {}", problems.len());
    }
    Ok(())
}
