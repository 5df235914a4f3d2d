//! From a file's bytes to a code object: parse, check, instrument, compile, always the same tree.

use edgecoder_subset::{Origin, Parsed};
use edgecoder_types::{FileRole, RunRequest, SourceFile, Violation};
use rustpython_codegen::compile::{CompileOpts, compile_program, compile_program_single};
use rustpython_compiler_core::bytecode::{CodeFlags, CodeObject};
use rustpython_vm::VirtualMachine;

use crate::state::Unit;

/// Whether a file is Python source.
pub(crate) fn is_python(file: &SourceFile) -> bool {
    std::path::Path::new(&file.path).extension().is_some_and(|extension| extension == "py")
}

/// Dotted names under which the request's files can be imported, packages included.
pub(crate) fn local_modules(request: &RunRequest) -> Vec<String> {
    let mut names = Vec::new();
    for file in request.files.iter().filter(|file| is_python(file)) {
        let stem = file.path.strip_suffix(".py").unwrap_or(&file.path);
        let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
        let parts: Vec<&str> = stem.split('/').collect();
        for end in 1..=parts.len() {
            for start in 0..end {
                names.push(parts.get(start..end).unwrap_or_default().join("."));
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

/// All violations of all the request's Python files, in order of path and place.
pub(crate) fn violations(request: &RunRequest) -> Vec<Violation> {
    let modules = local_modules(request);
    let mut found = Vec::new();
    for file in request.files.iter().filter(|file| is_python(file)) {
        match edgecoder_subset::parse(&file.path, &file.content) {
            Err(violations) => found.extend(violations),
            Ok(parsed) => found.extend(edgecoder_subset::check(&parsed, file.role, &modules)),
        }
    }
    found
}

/// Compiles one file that the checker accepted, else says why it did not.
pub(crate) fn compile(file: &SourceFile, modules: &[String], vm: &VirtualMachine) -> Result<Unit, Vec<Violation>> {
    let mut parsed = edgecoder_subset::parse(&file.path, &file.content)?;
    let violations = edgecoder_subset::check(&parsed, file.role, modules);
    if !violations.is_empty() {
        return Err(violations);
    }
    let definitions = crate::intact::definitions(&parsed.module);
    let _plan = edgecoder_subset::instrument(&mut parsed.module, &parsed.source, Origin::Program(file.role));
    let code = generate(&parsed, false).map_err(|(line, message)| {
        vec![Violation {
            path: file.path.clone(),
            line,
            column: 1,
            code: "syntax_error".to_owned(),
            message,
            hint: "correct the syntax".to_owned(),
        }]
    })?;
    Ok(Unit { code: crate::generic::new_code(code, Some(file.role), vm), role: file.role, definitions })
}

/// How everything is compiled.
pub(crate) fn options() -> CompileOpts {
    CompileOpts { optimize: 0, debug_ranges: false }
}

/// Code of an instrumented tree; `single` prints expression statements as an interactive prompt does.
pub(crate) fn generate(parsed: &Parsed, single: bool) -> Result<CodeObject, (u32, String)> {
    let options = options();
    let compile = if single { compile_program_single } else { compile_program };
    let mut code = compile(&parsed.module, parsed.source.clone(), options).map_err(|error| {
        let line = error.location.map_or(1, |location| u32::try_from(location.line.get()).unwrap_or(u32::MAX));
        (line, error.error.to_string())
    })?;
    // The code of a file runs as a function whose locals are its module's globals.
    code.flags.remove(CodeFlags::NEWLOCALS);
    Ok(code)
}

/// Where a module name leads among the request's files: the file's path and whether it is a package.
/// `__init__`-less directories are packages without a file.
pub(crate) enum Found {
    /// A file.
    File { path: String, package: bool },
    /// A directory without `__init__.py`.
    Namespace,
}

/// Looks a dotted module name up under the roots, in order.
pub(crate) fn find(request: &RunRequest, name: &str) -> Option<Found> {
    let relative = name.replace('.', "/");
    for root in roots(request) {
        let base = if root.is_empty() { relative.clone() } else { format!("{root}/{relative}") };
        for (path, package) in [(format!("{base}/__init__.py"), true), (format!("{base}.py"), false)] {
            if request.files.iter().any(|file| file.path == path) {
                return Some(Found::File { path, package });
            }
        }
        let prefix = format!("{base}/");
        if request.files.iter().any(|file| file.path.starts_with(&prefix) && is_python(file)) {
            return Some(Found::Namespace);
        }
    }
    None
}

/// Directories that modules are imported from: the root, `src`, and those of entry and test files.
fn roots(request: &RunRequest) -> Vec<String> {
    let mut roots = vec![String::new(), "src".to_owned()];
    let mut add = |path: &str| {
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory).to_owned();
        if !roots.contains(&directory) {
            roots.push(directory);
        }
    };
    if let Some(entry) = &request.entry {
        add(entry);
    }
    if let edgecoder_types::TestPlan::Files(files) | edgecoder_types::TestPlan::Collect(files) = &request.tests {
        for file in files {
            add(file);
        }
    }
    roots
}

/// The dotted name of a file, seen from the root that makes it shortest.
pub(crate) fn module_name(request: &RunRequest, path: &str) -> String {
    let stem = path.strip_suffix(".py").unwrap_or(path);
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    let name = roots(request)
        .iter()
        .filter(|root| !root.is_empty())
        .filter_map(|root| stem.strip_prefix(&format!("{root}/")))
        .min_by_key(|rest| rest.len())
        .unwrap_or(stem);
    name.replace('/', ".")
}

/// The role of a path, candidates being the untrusted default.
pub(crate) fn role(request: &RunRequest, path: &str) -> FileRole {
    request.files.iter().find(|file| file.path == path).map_or(FileRole::Candidate, |file| file.role)
}
