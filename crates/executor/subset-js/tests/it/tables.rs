//! Every example of every reason, the reader's page, and the places that violations name.

use edgecoder_subset_js::tables::{globals, members, modules, reasons};
use edgecoder_subset_js::{check, reference_markdown};
use edgecoder_types::Violation;
use edgecoder_types::limits::SOURCE_BYTES_MAX;

/// Checks a source beside `other.js`, as a module where it has `import` or `export`.
fn found(source: &str) -> Vec<Violation> {
    check("main.js", source.as_bytes(), &["main.js".to_owned(), "other.js".to_owned()])
}

fn codes(source: &str) -> Vec<String> {
    found(source).into_iter().map(|violation| violation.code).collect()
}

#[test]
fn denied_examples_earn_their_reason_and_allowed_ones_none() {
    let mut count = 0;
    for reason in reasons::REASONS {
        for source in reason.denied {
            let codes = codes(source);
            assert!(!codes.is_empty() && codes.iter().all(|code| code == reason.code), "{source}: {codes:?}");
            count += 1;
        }
        for source in reason.allowed {
            assert_eq!(found(source), [], "{source}");
            count += 1;
        }
    }
    assert!(count > 50, "{count} examples");
}

#[test]
fn every_denied_name_and_member_is_refused() {
    for name in globals::DENIED.iter().flat_map(|group| group.names) {
        assert_eq!(codes(&format!("f({name}); function f() {{}}")).len(), 1, "{name}");
    }
    for name in globals::ALLOWED {
        assert_eq!(found(&format!("f({name}); function f() {{}}")), [], "{name}");
    }
    for member in members::DENIED {
        assert_eq!(codes(&format!("let x = 1; x.{};", member.name)), ["member_denied"], "{}", member.name);
    }
    for specifier in modules::MODULES.iter().flat_map(|module| module.specifiers) {
        assert_eq!(found(&format!("require('{specifier}')")), [], "{specifier}");
    }
}

#[test]
fn all_violations_are_reported_with_their_places() {
    let places: Vec<(u32, u32, String)> = found("let a = 'ü'; eval(a);\nrequire('fs');\n  globalThis.x;\n")
        .into_iter()
        .map(|v| (v.line, v.column, v.code))
        .collect();
    let expected = [(1, 14, "dynamic_code"), (2, 1, "import_denied"), (3, 3, "global_denied")];
    assert_eq!(places, expected.map(|(line, column, code)| (line, column, code.to_owned())));
}

/// Their places are found in one go: one by one, this would take minutes.
#[test]
fn very_many_violations_are_all_reported() {
    for (text, last) in [("eval;", (1, 399_996)), ("eval\n", (80_000, 1)), ("'é';eval;", (1, 719_996))] {
        let found = check("a.js", text.repeat(80_000).as_bytes(), &[]);
        assert_eq!(found.len(), 80_000);
        assert_eq!(found.last().map(|last| (last.line, last.column)), Some(last), "{text:?}");
    }
}

#[test]
fn what_is_no_source_is_refused() {
    let one = |content: &[u8]| check("a.js", content, &[]).into_iter().map(|v| v.code).collect::<Vec<_>>();
    assert_eq!(one(b"a\0"), ["source_nul"]);
    assert_eq!(one(b"'\xff'"), ["source_not_utf8"]);
    assert_eq!(one(&vec![b' '; SOURCE_BYTES_MAX + 1]), ["source_too_large"]);
    assert_eq!(one("(".repeat(100_000).as_bytes()), ["nesting_too_deep"]);
    assert_eq!(one("!".repeat(100_000).as_bytes()), ["nesting_too_deep"]);
    assert_eq!(one(b"#!/usr/bin/env node\nconst x = 1;\n"), [] as [&str; 0]);
    assert_eq!(one("\u{feff}const x = 1;".as_bytes()), [] as [&str; 0]);
}

#[test]
fn the_page_is_printed_from_the_tables() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/subset-javascript.md");
    let text = std::fs::read_to_string(page).expect("the page is there");
    assert!(
        text == reference_markdown(),
        "print it again: cargo run --example javascript_reference -p edgecoder-subset-js"
    );
}
