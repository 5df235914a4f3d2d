//! Regular expressions. The engine steps through a text by an interface that anyone can provide: a first pass over a text
//! that charges for every character looked at finds out what a match costs, before the interpreter's own pass does it.

use std::cell::RefCell;
use std::collections::HashMap;

use rustpython_sre_engine::{Request, SearchIter, State, StrDrive, StringCursor};
use rustpython_vm::builtins::{PyByteArray, PyBytes, PyStr};
use rustpython_vm::function::{FuncArgs, PyMethodDef, PyNativeFn};
use rustpython_vm::{AsObject as _, PyObjectRef, PyResult, VirtualMachine};

use super::size;
use crate::fuel::charge_parts;

/// Parts of a unit that looking at a character costs, both passes together.
const LOOK: u64 = 16;

/// Parts that a match costs beside: its object, its groups.
const MATCH: u64 = 128;

thread_local! {
    static CODES: RefCell<HashMap<usize, Vec<u32>>> = RefCell::new(HashMap::new());
}

/// A text that charges for every character.
#[derive(Clone, Copy)]
struct Counted<S>(S);

impl<S: StrDrive> StrDrive for Counted<S> {
    fn count(&self) -> usize {
        self.0.count()
    }

    fn create_cursor(&self, n: usize) -> StringCursor {
        charge_parts(n as u64);
        self.0.create_cursor(n)
    }

    fn adjust_cursor(&self, cursor: &mut StringCursor, n: usize) {
        charge_parts(LOOK.saturating_add(n.abs_diff(cursor.position) as u64));
        self.0.adjust_cursor(cursor, n);
    }

    fn advance(cursor: &mut StringCursor) -> u32 {
        charge_parts(LOOK);
        S::advance(cursor)
    }

    fn peek(cursor: &StringCursor) -> u32 {
        charge_parts(LOOK);
        S::peek(cursor)
    }

    fn skip(cursor: &mut StringCursor, n: usize) {
        charge_parts(LOOK.saturating_add(n as u64));
        S::skip(cursor, n);
    }

    fn back_advance(cursor: &mut StringCursor) -> u32 {
        charge_parts(LOOK);
        S::back_advance(cursor)
    }

    fn back_peek(cursor: &StringCursor) -> u32 {
        charge_parts(LOOK);
        S::back_peek(cursor)
    }

    fn back_skip(cursor: &mut StringCursor, n: usize) {
        charge_parts(LOOK.saturating_add(n as u64));
        S::back_skip(cursor, n);
    }
}

/// What a method does with a text.
#[derive(Clone, Copy)]
enum Pass {
    Match,
    FullMatch,
    Search,
    /// Every match, up to so many; 0 for all.
    Every(usize),
}

fn pass<S: StrDrive>(code: &[u32], text: S, bounds: (usize, usize), pass: Pass) {
    let mut request = Request::new(Counted(text), bounds.0, bounds.1, code, matches!(pass, Pass::FullMatch));
    let mut state = State::default();
    match pass {
        Pass::Match | Pass::FullMatch => {
            state.py_match(&request);
        }
        Pass::Search => {
            state.search(request);
        }
        Pass::Every(most) => {
            request.match_all = false;
            let mut found = SearchIter { req: request, state };
            let mut count = 0;
            while (most == 0 || count < most) && found.next().is_some() {
                // Cutting the match out of the text walks through the text to its end.
                charge_parts(MATCH + found.state.cursor.position as u64);
                count += 1;
            }
        }
    }
}

fn argument(arguments: &FuncArgs, at: usize, name: &str) -> Option<PyObjectRef> {
    arguments.args.get(at).or_else(|| arguments.kwargs.get(name)).cloned()
}

fn number(arguments: &FuncArgs, at: usize, name: &str) -> Option<usize> {
    argument(arguments, at, name).map(|value| usize::try_from(size::count(&value)).unwrap_or(usize::MAX))
}

fn first_pass(method: &str, arguments: &FuncArgs) {
    let Some(pattern) = arguments.args.first() else { return };
    let Some(code) = CODES.with_borrow(|codes| codes.get(&pattern.get_id()).cloned()) else { return };
    let is_sub = matches!(method, "sub" | "subn");
    let Some(text) = argument(arguments, if is_sub { 2 } else { 1 }, "string") else { return };
    let whole = (0, usize::MAX);
    let bounds = (number(arguments, 2, "pos").unwrap_or(0), number(arguments, 3, "endpos").unwrap_or(usize::MAX));
    let (what, bounds) = match method {
        "match" => (Pass::Match, bounds),
        "fullmatch" => (Pass::FullMatch, bounds),
        "search" => (Pass::Search, bounds),
        "findall" | "finditer" | "scanner" => (Pass::Every(0), bounds),
        "split" => (Pass::Every(number(arguments, 2, "maxsplit").unwrap_or(0)), whole),
        "sub" | "subn" => (Pass::Every(number(arguments, 3, "count").unwrap_or(0)), whole),
        _ => return,
    };
    if let Some(text) = text.downcast_ref::<PyStr>() {
        pass(&code, text.as_wtf8(), bounds, what);
    } else if let Some(bytes) = text.downcast_ref::<PyBytes>() {
        pass(&code, bytes.as_bytes(), bounds, what);
    } else if let Some(bytes) = text.downcast_ref::<PyByteArray>() {
        let bytes = bytes.borrow_buf().to_vec();
        pass(&code, bytes.as_slice(), bounds, what);
    }
}

/// A method of compiled patterns that makes a charging pass first.
pub(crate) fn charging(method: &'static PyMethodDef) -> &'static dyn PyNativeFn {
    Box::leak(Box::new(move |vm: &VirtualMachine, arguments: FuncArgs| {
        first_pass(method.name, &arguments);
        (method.func)(vm, arguments)
    }))
}

/// `_sre.compile`, which keeps the code of the pattern for first passes. A pattern without repetition looks at every
/// place a fixed number of times: its methods charge by the length of the text, as those of text do.
pub(crate) fn compile(original: &PyObjectRef, arguments: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let code = arguments.args.get(2).map(|code| code.try_to_value::<Vec<u32>>(vm)).transpose()?;
    let pattern = original.call(arguments, vm)?;
    if let Some(code) = code.filter(|code| code.iter().any(|word| REPETITIONS.contains(word))) {
        CODES.with_borrow_mut(|codes| codes.insert(pattern.get_id(), code));
        // An object that stays alive shares its address with no other one.
        crate::state::keep(pattern.clone());
    }
    Ok(pattern)
}

/// The engine's instructions that repeat; a number that happens to be equal costs a pass too many.
const REPETITIONS: &[u32] = &[23, 24, 26, 28, 29];
