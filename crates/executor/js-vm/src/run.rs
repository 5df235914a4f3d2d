//! One request from its beginning to its ending.

use std::cell::RefCell;

use edgecoder_types::{Ending, RunRequest, RunStatus, TestPlan};
use rquickjs::function::Func;
use rquickjs::{Context, Ctx, Function, Object, Persistent, Promise, Result, Runtime, Value, qjs};

use crate::memory::Metered;
use crate::output::{self, Stream};
use crate::state::{self, End};
use crate::{clock, decide, fuel, modules, natives, program};

/// Stack of the program's own calls: about ten thousand deep. The worker's thread has far more.
const STACK_BYTES: usize = 8 << 20;
/// Units that the engine's own polls cost: it polls after ten thousand jumps, calls or steps of a regular expression.
const POLL_UNITS: u64 = 1_000;

const PRELUDE: [&str; 5] = [
    include_str!("../prelude/charge.js"),
    include_str!("../prelude/harden.js"),
    include_str!("../prelude/inspect.js"),
    include_str!("../prelude/assert.js"),
    include_str!("../prelude/harness.js"),
];

/// Declares the hooks where every script and module sees them and no object holds them, and gives the function that
/// sets them.
const HOOKS: &str = "let __ec_t, __ec_s, __ec_a, __ec_b, __ec_x, __ec_c, __ec_k, __ec_e, __ec_o, __ec_m, __ec_r, __ec_w, __ec_h, __ec_g, __ec_q,
__ec_j, __ec_n;
(tick, h) => { __ec_t = tick; __ec_s = h.spread; __ec_a = h.add; __ec_b = h.big; __ec_x = h.text; __ec_c = h.compare;
__ec_k = h.case; __ec_e = h.expose; __ec_o = h.borrow; __ec_m = h.module; __ec_r = h.require; __ec_w = h.worst;
__ec_h = h.handled; __ec_g = h.handler; __ec_q = h.say; __ec_j = h.ask; __ec_n = h.made; }";

/// An engine that has run the prelude, and what the prelude gave. What is named first is dropped first.
pub(crate) struct Engine {
    api: Persistent<Object<'static>>,
    natives: Persistent<Object<'static>>,
    context: Context,
    _runtime: Runtime,
}

impl Engine {
    /// Builds it. Nothing in it depends on a request, and it reads no clock and no numbers: whether it was built ahead of a
    /// run or for it makes no difference to the run.
    pub(crate) fn boot() -> std::result::Result<Self, String> {
        let runtime = Runtime::new_with_alloc(Metered).map_err(|error| error.to_string())?;
        runtime.set_max_stack_size(STACK_BYTES);
        runtime.set_loader(modules::Names, modules::Texts);
        runtime.set_interrupt_handler(Some(Box::new(|| {
            fuel::charge(POLL_UNITS);
            false
        })));
        runtime.set_host_promise_rejection_tracker(Some(Box::new(track)));
        let context = Context::full(&runtime).map_err(|error| error.to_string())?;
        let made = context.with(|ctx| {
            let natives = natives::object(&ctx)?;
            let api = prelude(&ctx, &natives)?;
            Ok::<_, rquickjs::Error>((Persistent::save(&ctx, api), Persistent::save(&ctx, natives)))
        });
        match made {
            Ok((api, natives)) => Ok(Self { api, natives, context, _runtime: runtime }),
            Err(error) => Err(context.with(|ctx| format!("{error}: {:?}", ctx.catch()))),
        }
    }
}

/// Runs the request and delivers its ending.
pub(crate) fn run(engine: Option<Engine>, request: RunRequest, deliver: fn(Ending) -> !) -> ! {
    let (limit, seed) = (request.limits.fuel, request.seed);
    let units = program::prepare(&request);
    state::begin(request, deliver);
    clock::begin(seed);
    match units {
        Ok(units) => state::with(|run| run.units = units),
        Err(violations) => state::finish(End::rejected(violations)),
    };
    let engine = match engine.map_or_else(Engine::boot, Ok) {
        Ok(engine) => engine,
        Err(why) => boot_failed(&why),
    };
    let context = &engine.context;
    let ended = context.with(|ctx| {
        let (api, natives) = (engine.api.clone().restore(&ctx)?, engine.natives.clone().restore(&ctx)?);
        let tracker: Function<'_> = api.get("track")?;
        TRACK.with(|cell| *cell.borrow_mut() = Some(Persistent::save(&ctx, tracker)));
        let arguments = natives::begin(&natives)?;
        api.get::<_, Function<'_>>("begin")?.call::<_, ()>((arguments,))?;
        fuel::begin(limit);
        measure_stack_from_here(&ctx);
        start(&ctx, &api)
    });
    match ended {
        Ok(()) => decide::decide(),
        Err(error) => boot_failed(&context.with(|ctx| format!("{error}: {:?}", ctx.catch()))),
    }
}

/// Recursion is bounded from where the run begins, wherever the engine was built.
#[expect(unsafe_code, reason = "the engine's binding does this for threads only")]
fn measure_stack_from_here(ctx: &Ctx<'_>) {
    // SAFETY: both pointers are the live engine's own, and the call only notes the present address of the stack.
    unsafe { qjs::JS_UpdateStackTop(qjs::JS_GetRuntime(ctx.as_raw().as_ptr())) }
}

fn boot_failed(detail: &str) -> ! {
    state::finish(End::new(RunStatus::Crashed, "boot_failed", detail))
}

/// Closes the engine's ways out and gives the functions of the prelude.
fn prelude<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<Object<'js>> {
    let set_hooks: Function<'js> = natives::evaluate(ctx, HOOKS.to_owned(), "prelude")?.get()?;
    let text = format!("(function (N) {{ 'use strict';\n{}\n}})", PRELUDE.join("\n"));
    let boot: Function<'js> = natives::evaluate(ctx, text, "prelude")?.get()?;
    let api: Object<'js> = boot.call((natives.clone(),))?;
    let hooks: Object<'js> = api.get("hooks")?;
    set_hooks.call::<_, ()>((Func::from(|| fuel::charge(1)), hooks))?;
    Ok(api)
}

thread_local! {
    static TRACK: RefCell<Option<Persistent<Function<'static>>>> = const { RefCell::new(None) };
}

/// Tells the prelude of promises that are rejected, and of those that are then handled.
fn track<'js>(ctx: Ctx<'js>, promise: Value<'js>, reason: Value<'js>, is_handled: bool) {
    let tracker = TRACK.with(|cell| cell.borrow().clone());
    if let Some(Ok(tracker)) = tracker.map(|tracker| tracker.restore(&ctx)) {
        tracker.call::<_, ()>((promise, reason, is_handled)).unwrap_or_default();
    }
}

fn start<'js>(ctx: &Ctx<'js>, api: &Object<'js>) -> Result<()> {
    let (plan, entry, runs_entry) =
        state::with(|run| (run.request.tests.clone(), run.request.entry.clone(), program::runs_entry(&run.request)))
            .unwrap_or((TestPlan::None, None, false));
    match plan {
        TestPlan::None => run_program(ctx, api, entry),
        TestPlan::Files(files) | TestPlan::Selected(files) | TestPlan::Collect(files) => {
            if let Some(entry) = entry.filter(|_| runs_entry) {
                let started: Result<Value<'js>> = api.get::<_, Function<'js>>("runEntry")?.call((entry,));
                let started = started.unwrap_or_else(|_| uncaught(api, ctx.catch()));
                pump(ctx, api, started.as_promise());
            }
            let run: Function<'js> = api.get("runFiles")?;
            let done: Promise<'js> = run.call((files,))?;
            pump(ctx, api, Some(&done));
            Ok(())
        }
        TestPlan::Command(_) => state::finish(End::new(
            RunStatus::Refused,
            "command_needs_os_layer",
            "a test command runs in the OS layer only",
        )),
    }
}

/// Runs the entry as a program.
fn run_program<'js>(ctx: &Ctx<'js>, api: &Object<'js>, entry: Option<String>) -> ! {
    let Some(entry) = entry else {
        state::finish(End::new(RunStatus::Refused, "entry_missing", "the request names neither an entry nor tests"))
    };
    let started: Result<Value<'js>> =
        api.get::<_, Function<'js>>("runEntry").and_then(|run_entry| run_entry.call((entry,)));
    if started.is_err() {
        uncaught(api, ctx.catch());
    }
    pump(ctx, api, None);
    let code = api.get::<_, Function<'js>>("exitCode").and_then(|code| code.call::<_, f64>(())).unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates, NaN is 0")]
    natives::ended((code as i64).rem_euclid(256) as i32)
}

/// Ends the run by an error that nobody caught.
fn uncaught<'js>(api: &Object<'js>, error: Value<'js>) -> ! {
    let described = api.get::<_, Function<'js>>("describeUncaught").and_then(|f| f.call::<_, Vec<String>>((error,)));
    let described = described.unwrap_or_default();
    let line = described.first().cloned().unwrap_or_default();
    output::write(Stream::Err, described.get(1).cloned().unwrap_or_default().as_bytes());
    state::finish(End::new(RunStatus::Error, "uncaught_exception", line).exit(1))
}

/// Runs microtasks and timers until `done` is settled, or until nothing is left to do.
fn pump<'js>(ctx: &Ctx<'js>, api: &Object<'js>, done: Option<&Promise<'js>>) {
    let call = |name: &str| -> Result<Value<'js>> { api.get::<_, Function<'js>>(name)?.call(()) };
    loop {
        while ctx.execute_pending_job() {
            fuel::charge(1);
        }
        if let Ok(Some(reason)) = call("firstUnhandled").map(Value::into_array) {
            uncaught(api, reason.get(0).unwrap_or_else(|_| Value::new_undefined(ctx.clone())));
        }
        if done.is_some_and(|done| done.state() != rquickjs::promise::PromiseState::Pending) {
            return;
        }
        match call("fireNext") {
            Ok(fired) if fired.as_bool() == Some(true) => {}
            Ok(_) => {
                let freed = done.is_some() && call("stalled").is_ok_and(|freed| freed.as_bool() == Some(true));
                if !freed {
                    return;
                }
            }
            Err(_) => uncaught(api, ctx.catch()),
        }
    }
}
