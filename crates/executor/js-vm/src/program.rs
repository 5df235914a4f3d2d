//! From a request's files to texts that may run: those that its entry and its tests can reach.

use std::collections::{BTreeMap, BTreeSet};

use edgecoder_subset_js::{Facts, Kind, Options, facts, instrument, is_stand_in, resolve};
use edgecoder_types::{FileRole, RunRequest, SourceFile, TestPlan, Violation};

/// One program file, instrumented.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// How it is loaded.
    pub(crate) kind: Kind,
    /// The text that runs.
    pub(crate) text: String,
    /// Names that a `CommonJS` file visibly exports.
    pub(crate) exported: BTreeSet<String>,
}

/// The test files of a request.
pub(crate) fn test_files(request: &RunRequest) -> &[String] {
    match &request.tests {
        TestPlan::Files(files) | TestPlan::Selected(files) | TestPlan::Collect(files) => files,
        TestPlan::None | TestPlan::Command(_) => &[],
    }
}

fn paths(request: &RunRequest) -> Vec<String> {
    request.files.iter().map(|file| file.path.clone()).collect()
}

fn find<'r>(request: &'r RunRequest, path: &str) -> Option<&'r SourceFile> {
    request.files.iter().find(|file| file.path == path)
}

/// The file that a specifier means.
pub(crate) fn resolve_in(request: &RunRequest, from: &str, specifier: &str) -> Option<String> {
    resolve(from, specifier, |path| find(request, path).is_some())
}

/// Files that can be loaded, with what is known of them; unparsable ones with their violations.
fn reachable(request: &RunRequest) -> BTreeMap<String, Result<Facts, Vec<Violation>>> {
    let mut found = BTreeMap::new();
    let mut waiting: Vec<String> = request.entry.iter().chain(test_files(request)).cloned().collect();
    while let Some(path) = waiting.pop() {
        if found.contains_key(&path) {
            continue;
        }
        let Some(file) = find(request, &path) else { continue };
        let known = facts(&path, &file.content);
        if let Ok(known) = &known {
            let imports = known.imports.iter().filter(|specifier| is_stand_in(specifier).is_none());
            waiting.extend(imports.filter_map(|specifier| resolve_in(request, &path, specifier)));
        }
        found.insert(path, known);
    }
    found
}

/// All violations of all files that can be loaded, in order of path and place.
pub(crate) fn violations(request: &RunRequest) -> Vec<Violation> {
    let files = paths(request);
    let known = reachable(request);
    let mut found = Vec::new();
    for (path, facts) in &known {
        match facts {
            Err(violations) => found.extend(violations.clone()),
            Ok(facts) => {
                let content = find(request, path).map(|file| file.content.as_slice()).unwrap_or_default();
                found.extend(edgecoder_subset_js::check(path, content, &files));
                found.extend(required_modules(request, path, facts, &known));
            }
        }
    }
    found
}

/// A `CommonJS` file that requires a module: the order of loading would be another one.
fn required_modules(
    request: &RunRequest,
    path: &str,
    facts: &Facts,
    known: &BTreeMap<String, Result<Facts, Vec<Violation>>>,
) -> Vec<Violation> {
    if facts.kind == Kind::Module {
        return Vec::new();
    }
    let is_module = |target: &String| matches!(known.get(target), Some(Ok(facts)) if facts.kind == Kind::Module);
    let targets = facts.imports.iter().filter_map(|specifier| resolve_in(request, path, specifier));
    let refuse = |target: String| Violation {
        path: path.to_owned(),
        line: 1,
        column: 1,
        code: "import_denied".to_owned(),
        message: format!("require of {target}, which is an ES module"),
        hint: "use import statements in both files".to_owned(),
    };
    targets.filter(|target| is_module(target)).map(refuse).collect()
}

/// Names of the entry that a test file uses without importing anything of the program.
fn borrowed(request: &RunRequest, path: &str, facts: &Facts, entry: Option<&Facts>) -> Vec<String> {
    let imports_own = facts.imports.iter().any(|specifier| resolve_in(request, path, specifier).is_some());
    match entry {
        Some(entry) if !imports_own => facts.free.intersection(&entry.declared).cloned().collect(),
        _ => Vec::new(),
    }
}

/// Every reachable file, instrumented.
pub(crate) fn prepare(request: &RunRequest) -> Result<BTreeMap<String, Unit>, Vec<Violation>> {
    let found = violations(request);
    if !found.is_empty() {
        return Err(found);
    }
    let known: BTreeMap<String, Facts> =
        reachable(request).into_iter().filter_map(|(path, facts)| Some((path, facts.ok()?))).collect();
    let files = paths(request);
    let has_big_integers = known.values().any(|facts| facts.has_big_integers);
    let entry = request.entry.as_ref().filter(|entry| !test_files(request).contains(entry));
    let entry_facts = entry.and_then(|entry| known.get(entry));
    let mut exposed = BTreeSet::new();
    for path in test_files(request) {
        if let Some(facts) = known.get(path) {
            exposed.extend(borrowed(request, path, facts, entry_facts));
        }
    }
    let mut units = BTreeMap::new();
    for (path, facts) in &known {
        let Some(file) = find(request, path) else { continue };
        let is_test = test_files(request).contains(path);
        let names = if is_test { borrowed(request, path, facts, entry_facts) } else { Vec::new() };
        let options = Options {
            is_oracle: file.role == FileRole::Oracle,
            has_cases: is_test,
            has_big_integers,
            exposed: if entry == Some(path) { exposed.iter().cloned().collect() } else { Vec::new() },
            borrowed: entry.map(|entry| (entry.clone(), names)),
        };
        let (kind, text) = instrument(path, &file.content, &files, &options)?;
        units.insert(path.clone(), Unit { kind, text, exported: facts.exported.clone() });
    }
    Ok(units)
}

/// Whether a test file borrows names, so that the entry has to run before it.
pub(crate) fn runs_entry(request: &RunRequest) -> bool {
    let known = reachable(request);
    let entry = request.entry.as_ref().and_then(|entry| known.get(entry)).and_then(|facts| facts.as_ref().ok());
    test_files(request)
        .iter()
        .any(|path| matches!(known.get(path), Some(Ok(facts)) if !borrowed(request, path, facts, entry).is_empty()))
}
