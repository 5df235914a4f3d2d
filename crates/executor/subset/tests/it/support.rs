//! What the topics share.

use edgecoder_subset::{Instrumented, Origin, Parsed, check, instrument, parse};
use edgecoder_types::{FileRole, Violation};
use rustpython_codegen::CompileOpts;
use rustpython_codegen::compile::compile_program;

/// Runs on the stack that the crate asks for, whatever the test harness gives.
pub(crate) fn on_main_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(edgecoder_subset::STACK_BYTES_MIN).spawn(work).unwrap();
    thread.join().unwrap()
}

/// All violations of a source, whether it parses or not.
pub(crate) fn violations(source: &str) -> Vec<Violation> {
    violations_with(source, &[])
}

pub(crate) fn violations_with(source: &str, local: &[&str]) -> Vec<Violation> {
    let local: Vec<String> = local.iter().map(ToString::to_string).collect();
    match parse("program.py", source.as_bytes()) {
        Ok(parsed) => check(&parsed, FileRole::Candidate, &local),
        Err(violations) => violations,
    }
}

/// Compiles a tree as the virtual machine does; the error's text if it refuses.
pub(crate) fn compile(parsed: &Parsed) -> Result<(), String> {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        compile_program(&parsed.module, parsed.source.clone(), CompileOpts::default())
    }));
    match outcome {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("{error} at {:?}", error.location)),
        Err(_) => Err("the compiler panicked".to_owned()),
    }
}

pub(crate) fn instrumented(parsed: &Parsed, origin: Origin) -> (Parsed, Instrumented) {
    let mut copy = parsed.clone();
    let report = instrument(&mut copy.module, &copy.source, origin);
    (copy, report)
}

pub(crate) const ORIGINS: [Origin; 3] =
    [Origin::Library, Origin::Program(FileRole::Candidate), Origin::Program(FileRole::Oracle)];
