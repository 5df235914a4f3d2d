//! What the prelude asks of the native side. Programs cannot reach it: the object is a parameter of the prelude.

use edgecoder_subset_js::Kind;
use edgecoder_types::{FileRole, RunStatus, TestPlan, Verdict, Violation};
use rquickjs::function::Func;
use rquickjs::promise::PromiseState;
use rquickjs::{Array, Ctx, Error, Function, Module, Object, Promise, Result, Value};

use crate::output::{self, Stream};
use crate::state::{self, End};
use crate::{clock, decide, fuel, modules, program};

fn write(stream: i32, text: rquickjs::Coerced<String>) {
    output::write(if stream == 2 { Stream::Err } else { Stream::Out }, text.0.as_bytes());
}

fn record(id: String, verdict: String, message: String) {
    let verdict = match verdict.as_str() {
        "passed" => Verdict::Passed,
        "failed" => Verdict::Failed,
        "skipped" => Verdict::Skipped,
        "collected" => Verdict::Collected,
        _ => Verdict::Error,
    };
    state::record(&id, verdict, &message);
}

fn open(id: String) {
    state::with(|run| run.open = id);
}

fn exit(code: Option<f64>) {
    let code = code.unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates, NaN is 0")]
    let code = (code as i64).rem_euclid(256) as i32;
    let (is_program, open) =
        state::with(|run| (matches!(run.request.tests, TestPlan::None), run.open.clone())).unwrap_or_default();
    if is_program {
        ended(code);
    }
    let id = if open.is_empty() { "process.exit" } else { &open };
    state::record(id, Verdict::Error, "process.exit was called while tests ran");
    decide::decide()
}

/// Ends a program by its exit status.
pub(crate) fn ended(code: i32) -> ! {
    if code == 0 {
        state::finish(End::new(RunStatus::Completed, "completed", "the program ended").exit(0));
    }
    let detail = format!("the program ended with exit status {code}");
    state::finish(End::new(RunStatus::Error, "nonzero_exit", detail).exit(code))
}

fn forged(reason: String, detail: String) {
    let reason = if reason == "forged_answer" { "forged_answer" } else { "forged_comparison" };
    state::finish(End::new(RunStatus::Forged, reason, detail));
}

fn resolve(ctx: Ctx<'_>, from: String, specifier: String) -> Result<Array<'_>> {
    let found = Array::new(ctx.clone())?;
    if let Some(name) = edgecoder_subset_js::is_stand_in(&specifier) {
        found.set(0, "stand-in")?;
        found.set(1, name)?;
        return Ok(found);
    }
    let path = state::with(|run| program::resolve_in(&run.request, &from, &specifier)).flatten();
    let Some(path) = path else {
        return Err(rquickjs::Exception::throw_message(&ctx, &format!("Cannot find module '{specifier}'")));
    };
    found.set(0, "file")?;
    found.set(1, path)?;
    Ok(found)
}

fn compile(ctx: Ctx<'_>, path: String) -> Result<Value<'_>> {
    let text = state::with(|run| run.units.get(&path).map(|unit| unit.text.clone())).flatten();
    let Some(text) = text else { return Err(Error::new_loading(&path)) };
    evaluate(&ctx, text, &format!("{}{path}", modules::ROOT)).inspect_err(|_| modules::refuse(&ctx, &path))
}

/// Evaluates a script under a name.
pub(crate) fn evaluate<'js>(ctx: &Ctx<'js>, text: String, name: &str) -> Result<Value<'js>> {
    let mut options = rquickjs::context::EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    ctx.eval_with_options(text, options)
}

fn import_module(ctx: Ctx<'_>, path: String) -> Result<Promise<'_>> {
    Module::import(&ctx, format!("{}{path}", modules::ROOT))
}

fn promise<'js>(ctx: Ctx<'js>, value: Value<'js>) -> Result<Option<Array<'js>>> {
    let Some(promise) = value.as_promise().cloned() else { return Ok(None) };
    let found = Array::new(ctx.clone())?;
    match promise.state() {
        PromiseState::Pending => found.set(0, "pending")?,
        PromiseState::Resolved => {
            found.set(0, "resolved")?;
            if let Some(Ok(value)) = promise.result::<Value<'js>>() {
                found.set(1, value)?;
            }
        }
        PromiseState::Rejected => {
            found.set(0, "rejected")?;
            if let Some(Err(_)) = promise.result::<Value<'js>>() {
                found.set(1, ctx.catch())?;
            }
        }
    }
    Ok(Some(found))
}

fn is_kind(path: &str, kind: Kind) -> bool {
    state::with(|run| run.units.get(path).is_some_and(|unit| unit.kind == kind)).unwrap_or(false)
}

fn has_role(path: &str, role: FileRole) -> bool {
    state::with(|run| run.request.files.iter().any(|file| file.path == path && file.role == role)).unwrap_or(false)
}

/// A test asks for what has no stand-in: only another layer can tell.
fn refuse(what: String) {
    let path = state::with(|run| program::test_files(&run.request).first().cloned()).flatten().unwrap_or_default();
    state::finish(End::rejected(vec![Violation {
        path,
        line: 1,
        column: 1,
        code: "import_denied".to_owned(),
        message: format!("{what} has no stand-in"),
        hint: "it runs in the OS layer with Node".to_owned(),
    }]));
}

/// Tells the prelude what it learns when a run begins, and gives the program's arguments.
pub(crate) fn begin(natives: &Object<'_>) -> Result<Vec<String>> {
    let (argv, main) = state::with(|run| {
        let entry = run.request.entry.clone().unwrap_or_default();
        let name = format!("{}{entry}", modules::ROOT);
        (std::iter::once(name).chain(run.request.args.iter().cloned()).collect::<Vec<_>>(), entry)
    })
    .unwrap_or_default();
    natives.set("main", main)?;
    natives.set("collecting", decide::collecting())?;
    Ok(argv)
}

/// The object that the prelude gets.
pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    natives.set("charge", Func::from(fuel::charge_size))?;
    natives.set("write", Func::from(write))?;
    natives.set("record", Func::from(record))?;
    natives.set("open", Func::from(open))?;
    natives.set("exit", Func::from(exit))?;
    natives.set("forged", Func::from(forged))?;
    natives.set("random", Func::from(clock::random))?;
    natives.set("now", Func::from(clock::now_ms))?;
    natives.set("elapsed", Func::from(clock::elapsed_ms))?;
    natives.set("advance", Func::from(clock::advance_ms))?;
    natives.set("resolve", Function::new(ctx.clone(), resolve)?)?;
    natives.set("compile", Function::new(ctx.clone(), compile)?)?;
    natives.set("importModule", Function::new(ctx.clone(), import_module)?)?;
    natives.set("promise", Function::new(ctx.clone(), promise)?)?;
    natives.set("isError", Func::from(|value: Value<'_>| value.is_error()))?;
    natives.set("isModule", Func::from(|path: String| is_kind(&path, Kind::Module)))?;
    natives.set("isTestFile", Func::from(|path: String| modules::is_test_file(&path)))?;
    natives.set("isCandidate", Func::from(|path: String| has_role(&path, FileRole::Candidate)))?;
    natives.set("isOracle", Func::from(|path: String| has_role(&path, FileRole::Oracle)))?;
    natives.set("refuse", Func::from(refuse))?;
    Ok(natives)
}
