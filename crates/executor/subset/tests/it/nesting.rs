//! No source overflows the stack: deep ones are refused before the parser recurses, and the deepest
//! allowed ones go through everything on half of the promised stack.

use edgecoder_subset::{STACK_BYTES_MIN, check, parse};
use edgecoder_types::FileRole;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore as _, SeedableRng as _};

use crate::support::{ORIGINS, compile, instrumented, on_main_stack, violations};

fn repeat(open: &str, middle: &str, close: &str, n: usize) -> String {
    format!("{}{middle}{}\n", open.repeat(n), close.repeat(n))
}

fn blocks(head: &str, last: &str, n: usize) -> String {
    let mut text = String::new();
    for level in 0..n {
        for line in head.split('\n') {
            text.push_str(&" ".repeat(level));
            text.push_str(line);
            text.push('\n');
        }
    }
    format!("{text}{}{last}\n", " ".repeat(n))
}

type Shape = (&'static str, fn(usize) -> String);

/// One source of depth `n` for each way of nesting.
const SHAPES: &[Shape] = &[
    ("parentheses", |n| repeat("(", "1", ")", n)),
    ("unclosed parentheses", |n| "(".repeat(n)),
    ("lists", |n| repeat("[", "1", "]", n)),
    ("unclosed lists", |n| "[".repeat(n)),
    ("sets", |n| repeat("{", "1", "}", n)),
    ("dicts", |n| repeat("{1:", "1", "}", n)),
    ("tuples", |n| repeat("(1,", "1", ")", n)),
    ("calls", |n| repeat("f(", "1", ")", n)),
    ("keyword calls", |n| repeat("f(a=", "1", ")", n)),
    ("starred", |n| repeat("f(*", "1", ")", n)),
    ("subscripts", |n| repeat("x[", "1", "]", n)),
    ("slices", |n| repeat("x[1:", "1", "]", n)),
    ("minus", |n| repeat("-", "1", "", n)),
    ("not", |n| repeat("not ", "1", "", n)),
    ("inversions", |n| repeat("~", "1", "", n)),
    ("lambdas", |n| repeat("lambda:", "1", "", n)),
    ("lambdas with parameters", |n| repeat("lambda a,b:", "1", "", n)),
    ("lambdas in defaults", |n| repeat("lambda a=", "1", ":1", n)),
    ("attributes", |n| repeat("a", "", ".b", n)),
    ("attribute chain", |n| format!("a{}\n", ".b".repeat(n))),
    ("call chain", |n| format!("f{}\n", "()".repeat(n))),
    ("call chain with arguments", |n| format!("f{}\n", "(1,2)".repeat(n))),
    ("subscript chain", |n| format!("x{}\n", "[0]".repeat(n))),
    ("target chain", |n| format!("x{} = 1\n", "[0]".repeat(n))),
    ("sums", |n| format!("x{}\n", "+x".repeat(n))),
    ("powers", |n| format!("x{}\n", "**x".repeat(n))),
    ("conditionals", |n| format!("{}1\n", "1 if x else ".repeat(n))),
    ("nested conditionals", |n| repeat("(1 if ", "1", " else 1)", n)),
    ("walrus", |n| repeat("(a:=", "1", ")", n)),
    ("comprehensions", |n| repeat("[a for a in ", "b", "]", n)),
    ("generators", |n| repeat("(a for a in ", "b", ")", n)),
    ("element comprehensions", |n| repeat("[", "1", " for a in b]", n)),
    ("dict comprehensions", |n| repeat("{a: a for a in ", "b", "}", n)),
    ("clauses", |n| format!("[a{}]\n", " for a in b".repeat(n))),
    ("conditions", |n| format!("[a for a in b{}]\n", " if a".repeat(n))),
    ("f-strings", |n| repeat("f'{", "1", "}'", n)),
    ("format specs", |n| format!("f'{}1{}'\n", "{x:".repeat(n), "}".repeat(n))),
    ("comparison in parentheses", |n| repeat("(1 < ", "1", ")", n)),
    ("booleans in parentheses", |n| repeat("(1 and x or ", "1", ")", n)),
    ("ifs", |n| blocks("if x:", "pass", n)),
    ("else ifs", |n| blocks("if x: pass\nelse:", "pass", n)),
    ("elifs", |n| format!("if x: pass\n{}", "elif x: pass\n".repeat(n))),
    ("elifs with more statements", |n| format!("if x: pass\n{}", "elif x: y; z\n".repeat(n))),
    ("elif blocks", |n| format!("if x:\n y\n{}", "elif x:\n y\n z\n".repeat(n))),
    ("whiles", |n| blocks("while x:", "pass", n)),
    ("fors", |n| blocks("for a in x:", "pass", n)),
    ("tries", |n| blocks("try: pass\nfinally:", "pass", n)),
    ("handlers", |n| blocks("try: pass\nexcept E as e:", "pass", n)),
    ("withs", |n| blocks("with x as y:", "pass", n)),
    ("with items", |n| format!("with a{}: pass\n", ", a as b".repeat(n))),
    ("parenthesized with items", |n| format!("with (a{}): pass\n", ", a as b".repeat(n))),
    ("functions", |n| blocks("def f():", "pass", n)),
    ("classes", |n| blocks("class A:", "pass", n)),
    ("matches", |n| blocks("match x:\n case 1:", "pass", n)),
    ("patterns", |n| format!("match x:\n case {}1{}: pass\n", "[".repeat(n), "]".repeat(n))),
    ("class patterns", |n| format!("match x:\n case {}1{}: pass\n", "A(".repeat(n), ")".repeat(n))),
    ("nested targets", |n| format!("{}a{} = x\n", "[".repeat(n), "]".repeat(n))),
    ("annotations", |n| format!("a: {}int{}\n", "list[".repeat(n), "]".repeat(n))),
    ("awaits", |n| format!("async def f():\n {}x\n", "await ".repeat(n))),
    ("yields", |n| format!("def f():\n {}1{}\n", "(yield ".repeat(n), ")".repeat(n))),
    ("decorators", |n| format!("@{}a{}\ndef f(): pass\n", "f(".repeat(n), ")".repeat(n))),
    ("bases", |n| format!("class A({}b{}): pass\n", "f(".repeat(n), ")".repeat(n))),
    ("type aliases", |n| format!("type A = {}b{}\n", "f[".repeat(n), "]".repeat(n))),
    ("bounds", |n| format!("def f[T: {}b{}](): pass\n", "f[".repeat(n), "]".repeat(n))),
];

/// What does not nest, however long it is.
const FLAT: &[Shape] = &[
    ("and", |n| format!("x = x{}\n", " and x".repeat(n))),
    ("or and", |n| format!("x = x{}\n", " and x or y".repeat(n))),
    ("comparisons", |n| format!("x = 1{}\n", " < x".repeat(n))),
    ("targets", |n| format!("{}1\n", "x = ".repeat(n))),
    ("strings", |n| format!("x = {}\n", "'a' ".repeat(n))),
    ("elements", |n| format!("x = [{}]\n", "a.b(1) + 1, ".repeat(n))),
    ("lambda elements", |n| format!("x = [{}]\n", "lambda a, b: a + b, ".repeat(n))),
    ("entries", |n| format!("x = {{{}}}\n", "'a': lambda a, b: a + b, ".repeat(n))),
    ("arguments", |n| format!("f({})\n", "-1, ".repeat(n))),
    ("statements", |n| "x = a.b + (1 * 2)\n".repeat(n)),
    ("semicolons", |n| format!("{}x\n", "x = a.b + 1; ".repeat(n))),
    ("ifs in sequence", |n| "if x: y\nelif x: y\nelse: y\n".repeat(n)),
    ("functions in sequence", |n| "def f(a, b=1):\n    return a\n".repeat(n)),
    ("interpolations", |n| format!("x = f'{}'\n", "{a.b}".repeat(n))),
    ("imports", |n| format!("from math import ({})\n", "pi, ".repeat(n))),
    ("names", |n| format!("def f():\n    global {}x\n", "x, ".repeat(n))),
];

fn is_too_deep(source: &str) -> bool {
    violations(source).iter().any(|violation| violation.code == "nesting_too_deep")
}

/// The greatest depth that is not refused as too deep.
fn deepest(shape: fn(usize) -> String) -> usize {
    let (mut fits, mut exceeds) = (1, 2_000);
    while fits + 1 < exceeds {
        let middle = usize::midpoint(fits, exceeds);
        if is_too_deep(&shape(middle)) { exceeds = middle } else { fits = middle }
    }
    fits
}

fn everything(name: &str, source: &str) {
    let Ok(parsed) = parse("p.py", source.as_bytes()) else { return };
    check(&parsed, FileRole::Candidate, &[]);
    for origin in ORIGINS {
        let (copy, _) = instrumented(&parsed, origin);
        let plain = compile(&parsed);
        let rewritten = compile(&copy);
        assert_eq!(plain.is_ok(), rewritten.is_ok(), "{name} {origin:?}: {plain:?} {rewritten:?}");
    }
}

#[test]
fn the_deepest_allowed_goes_through_everything_on_half_the_stack() {
    for (name, shape) in SHAPES {
        println!("{name}");
        let shape = *shape;
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES_MIN / 2).spawn(move || {
            let depth = deepest(shape);
            everything(name, &shape(depth));
            depth
        });
        let depth = thread.unwrap().join().unwrap();
        assert!((4..2_000).contains(&depth), "{name}: {depth}");
    }
}

#[test]
fn a_hundred_thousand_levels_are_refused() {
    on_main_stack(|| {
        for (name, shape) in SHAPES {
            // A block of depth n takes n²/2 bytes of indentation.
            let n = if shape(40).len() > 600 { 1_800 } else { 100_000 };
            let source = shape(n);
            let found = violations(&source);
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].code, "nesting_too_deep", "{name}: {}", found[0].message);
        }
    });
}

#[test]
fn what_is_flat_may_be_long() {
    on_main_stack(|| {
        for (name, shape) in FLAT {
            let source = shape(20_000);
            assert!(parse("p.py", source.as_bytes()).is_ok(), "{name}: {:?}", violations(&source));
            everything(name, &shape(2_000));
        }
    });
}

#[test]
fn the_place_is_the_first_token_too_deep() {
    let source = format!("x = 1\ny = {}\n", "(".repeat(1_000));
    let found = violations(&source);
    assert_eq!((found[0].line, found[0].column), (2, 4 + 401), "{found:?}");
    let source = format!("x = 'é' {}\n", "+ 'é'".repeat(401));
    let found = violations(&source);
    assert_eq!((found[0].line, found[0].column), (1, 9 + 5 * 400), "{found:?}");
}

/// Spellings of tokens, alone and in ways that end a logical line.
const TOKENS: &[&str] = &[
    "a",
    "1",
    "'s'",
    "f'",
    "'",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    ";",
    ".",
    "=",
    ":=",
    "+",
    "-",
    "~",
    "*",
    "**",
    "@",
    "<",
    "==",
    "|",
    "->",
    "...",
    "!",
    "$",
    "?",
    "\\\n",
    "\n",
    "\n ",
    "\n  ",
    "not ",
    "lambda ",
    "lambda a,b:",
    "if ",
    "else ",
    "elif ",
    "for a in ",
    "in ",
    "is ",
    "and ",
    "await ",
    "async ",
    "yield ",
    "with ",
    "def f(",
    "class A",
    "try:",
    "except:",
    "finally:",
    "match ",
    "case ",
    "type ",
    "import ",
    "from ",
    "return ",
    "del ",
    "global ",
    "while ",
    "f'''{",
    "t'",
    "r'",
];

#[test]
fn no_repeated_pair_of_tokens_overflows() {
    on_main_stack(|| {
        for first in TOKENS {
            for second in TOKENS {
                let source = format!("{first}{second}").repeat(4_000);
                assert!(parse("p.py", source.as_bytes()).is_err() || source.len() < 400_000, "{first:?} {second:?}");
            }
        }
    });
}

/// Cases of each of the tests below; the seed is the case's number.
const CASES: u64 = 400;

fn random(case: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(case)
}

fn below(random: &mut ChaCha8Rng, bound: usize) -> usize {
    random.next_u32() as usize % bound
}

/// Between `least` and `most` tokens, in a row.
fn tokens(random: &mut ChaCha8Rng, least: usize, most: usize) -> String {
    let count = least + below(random, most - least);
    (0..count).map(|_| TOKENS[below(random, TOKENS.len())]).collect()
}

#[test]
fn no_repeated_phrase_overflows() {
    on_main_stack(|| {
        for case in 0..CASES {
            let random = &mut random(case);
            let prefix = tokens(random, 0, 6);
            everything("phrase", &format!("{prefix}{}", tokens(random, 1, 8).repeat(3_000)));
        }
    });
}

#[test]
fn random_bytes_never_panic() {
    on_main_stack(|| {
        for case in 0..CASES {
            let random = &mut random(case);
            let mut bytes = vec![0; below(random, 400)];
            random.fill_bytes(&mut bytes);
            everything_bytes(&bytes);
        }
    });
}

#[test]
fn random_tokens_never_panic() {
    on_main_stack(|| {
        for case in 0..CASES {
            everything("tokens", &tokens(&mut random(case), 0, 60));
        }
    });
}

#[test]
fn random_text_never_panics() {
    on_main_stack(|| {
        for case in 0..CASES {
            let random = &mut random(case);
            // Half of it ASCII, where the grammar is; the rest from all planes.
            let any = |random: &mut ChaCha8Rng| {
                let bound = if random.next_u32().is_multiple_of(2) { 0x80 } else { 0x11_0000 };
                char::from_u32(random.next_u32() % bound).unwrap_or(' ')
            };
            let count = below(random, 200);
            let text: String = (0..count).map(|_| any(random)).collect();
            everything_bytes(text.as_bytes());
        }
    });
}

fn everything_bytes(bytes: &[u8]) {
    if let Err(found) = parse("p.py", bytes) {
        assert_eq!(found.len(), 1);
        assert!(found[0].line >= 1 && found[0].column >= 1);
        assert!(!found[0].message.is_empty() && !found[0].hint.is_empty());
    } else {
        everything("bytes", &String::from_utf8_lossy(bytes));
    }
}
