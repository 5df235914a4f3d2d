//! What the instrumentation makes of a text: every line stays where it was, and no hook is missing.

use edgecoder_subset_js::{Kind, Options, instrument};

fn woven(source: &str, options: &Options) -> String {
    let (_, text) = instrument("main.mjs", source.as_bytes(), &["main.mjs".to_owned()], options).expect("it is inside");
    assert_eq!(text.matches('\n').count(), source.matches('\n').count(), "{text}");
    text
}

#[test]
fn loops_and_functions_charge_first() {
    let plain = Options::default();
    for (source, expected) in [
        ("while (a()) b();\nfunction a() {}", "while (a()) {__ec_t();b();}\nfunction a() {__ec_t();}"),
        ("for (;;) { break; }", "for (;;) {__ec_t(); break; }"),
        ("const f = (x) => x;", "const f = (x) => (__ec_t(),x);"),
        ("const f = () => ({ a: 1 });", "const f = () => (__ec_t(),({ a: 1 }));"),
        ("function f() { 'use strict'; return 1; }", "function f() { 'use strict';;__ec_t(); return 1; }"),
        ("let s = 'a'; s += 'b'; s = s + s;", "let s = 'a'; s += 'b'; s = s + s;"),
        ("for (const k in o()) k;", "for (const k in __ec_s(o())) {__ec_t();k;}"),
        ("let s = [...'a'];", "let s = [...__ec_s('a')];"),
        ("let n = 1; n = n * 2 - n++;", "let n = 1; n = n * 2 - n++;"),
        ("let s = 1 /* + */ + 'x'; // __ec_t", "let s = 1         + 'x';         "),
    ] {
        let expected = expected.trim_end();
        assert_eq!(woven(source, &plain).trim_end(), expected, "{source}");
    }
}

#[test]
fn large_integers_and_oracles_have_hooks_of_their_own() {
    let big = Options { has_big_integers: true, ..Options::default() };
    for (source, expected) in [
        ("let x = 2n; x *= x ** 3n;", "let x = 2n; x = __ec_b(\"*\",x,__ec_b(\"**\",x , 3n));"),
        ("let s = 1n /* + */ + x; // __ec_t", "let s = __ec_a(1n         , x);"),
        ("let s = 'a'; s += 1n; s = `${s}`;", "let s = 'a'; s = __ec_a(s,1n); s = `${__ec_x(s)}`;"),
        (
            "o.x *= 2n; o[k] **= y; f().x %= 3n;",
            "o.x = __ec_b(\"*\",o.x,2n); o[__ec_x(k)] = __ec_b(\"**\",o[k],y); f().x %= __ec_w(\"%\",3n);",
        ),
        ("let t = 1n == x;", "let t = __ec_b(\"==\",1n , x);"),
    ] {
        assert_eq!(woven(source, &big).trim_end(), expected, "{source}");
    }
    let oracle = Options { is_oracle: true, has_cases: true, ..Options::default() };
    let text = woven("import assert from 'assert';\nassert(1 == 2, 'm');", &oracle);
    assert_eq!(text, "import assert from 'assert';\n__ec_k(2,()=>(assert(__ec_c(\"==\",1 , 2), 'm')));");
}

#[test]
fn nested_operators_keep_their_order() {
    let big = Options { has_big_integers: true, ..Options::default() };
    let text = woven("let a = 'x', b = a + (a + a) + a;", &big);
    assert_eq!(text, "let a = 'x', b = __ec_a(__ec_a(a , (__ec_a(a , a))) , a);");
}

#[test]
fn tests_keep_their_lines_and_handle_their_own_errors() {
    let oracle = Options { is_oracle: true, has_cases: true, ..Options::default() };
    for (source, expected) in [
        ("try { f(); } catch (e) { g(e); }", "try { f(); } catch (e) {__ec_h(e); g(e); }"),
        ("try { f(); } catch { g(); }", "try { f(); } catch (__ec_0) {__ec_h(__ec_0); g(); }"),
        ("try { f(); } catch ({ a }) { g(a); }", "try { f(); } catch ({ a }) {__ec_h(); g(a); }"),
        ("p.then(a, b).catch(c);", "p.then(a, __ec_g(b)).catch(__ec_g(c));"),
        ("x = f()\n  .includes('a');", "let x; x = __ec_j(\"includes\",f(),\n'a');"),
        ("a?.b.has(1); a.has();", "a?.b.has(1); __ec_j(\"has\",a);"),
        ("new A(new B()).some(f); new new C()();", "__ec_j(\"some\",__ec_n(new A(__ec_n(new B()))),f); new new C()();"),
        ("console.assert(a, 'b');", "__ec_k(1,()=>(__ec_q(a, 'b')));"),
        (
            "import { equal as e } from 'assert'; e(1, 1); await e(await f(async () => 1));",
            "import { equal as e } from 'assert'; __ec_k(1,()=>(e(1, 1))); await __ec_k(1,async ()=>(await e(await f(async () => (__ec_t(),1)))));",
        ),
    ] {
        let declared = if source.starts_with("x =") { format!("let x; {source}") } else { source.to_owned() };
        assert_eq!(woven(&declared, &oracle), expected, "{source}");
    }
}

#[test]
fn common_files_are_wrapped_and_leave_the_wrapper_never() {
    let run = |source: &str| instrument("a.cjs", source.as_bytes(), &[], &Options::default());
    let (kind, text) = run("module.exports = 1; return;").expect("it is inside");
    assert_eq!(kind, Kind::CommonJs);
    assert!(
        text.starts_with("(function (exports, require, module, __filename, __dirname) { \"use strict\";;__ec_t(); "),
        "{text}"
    );
    assert!(run("}); (function () {").is_err());
    assert!(run("1 }) /* ").is_err());
}
