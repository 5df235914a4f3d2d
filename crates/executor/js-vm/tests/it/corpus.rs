//! Small programs whose output agrees with Node's: those of `corpus.txt`, and as many from a seeded grammar.

use std::process::{Command, Stdio};

use edgecoder_types::RunStatus;

use crate::support;

/// One program a line; a line that does not begin a statement continues the one before.
const WRITTEN: &str = include_str!("../corpus.txt");
/// Programs that the grammar makes.
const GENERATED: u64 = 140;

/// A small generator of numbers, the same everywhere.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % count as u64).unwrap_or(0)
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["1", "2", "7", "-3", "0.5", "100", "n", "n", "xs.length"]).to_owned();
        }
        let (left, right) = (self.number(depth - 1), self.number(depth - 1));
        match self.below(9) {
            0 => format!("({left} + {right})"),
            1 => format!("({left} - {right})"),
            2 => format!("({left} * {right})"),
            3 => format!("({left} % {right})"),
            4 => format!("Math.max({left}, {right})"),
            5 => format!("Math.trunc({left} / 3)"),
            6 => format!("({left} > {right} ? {left} : {right})"),
            7 => format!("({left} | {right})"),
            _ => format!("xs.reduce((s, x) => s + x * {left}, {right})"),
        }
    }

    fn list(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .pick(&["xs", "ws", "[n, n + 1]", "[...xs, 'z']", "Array.from({ length: 4 }, (_, i) => i * n)"])
                .to_owned();
        }
        let inner = self.list(depth - 1);
        match self.below(10) {
            0 => format!("{inner}.map((x) => x + x)"),
            1 => format!("{inner}.filter((x) => String(x).length > 1)"),
            2 => format!("{inner}.toSorted()"),
            3 => format!("{inner}.slice(1)"),
            4 => format!("{inner}.flatMap((x) => [x, [x]])"),
            5 => format!("{inner}.concat({})", self.number(1)),
            6 => format!("Object.entries({inner})"),
            7 => format!("[...new Set({inner})]"),
            8 => format!("{inner}.map((x, i) => ({{ i, x }}))"),
            _ => format!("[{inner}, {}]", self.text(1)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.pick(&["'abc'", "'Hello World'", "ws.join(' ')", "`${n}-${xs}`", "''"]).to_owned();
        }
        let inner = self.text(depth - 1);
        match self.below(9) {
            0 => format!("{inner}.toUpperCase()"),
            1 => format!("{inner}.split('').reverse().join('')"),
            2 => format!("{inner}.replace(/[aeiou]/g, (v) => `<${{v}}>`)"),
            3 => format!("{inner}.padStart(12, '.')"),
            4 => format!("({inner} + {})", self.number(1)),
            5 => format!("JSON.stringify({})", self.list(1)),
            6 => format!("{inner}.slice(1, -1)"),
            7 => format!("`${{{inner}}}|${{{}}}`", self.number(1)),
            _ => format!("[...{inner}].map((c) => c.charCodeAt(0).toString(16)).join('')"),
        }
    }

    fn program(&mut self) -> String {
        let n = self.below(20);
        let xs: Vec<String> = (0..self.below(9)).map(|_| self.below(50).to_string()).collect();
        let mut lines = vec![
            format!("const n = {n};"),
            format!("const xs = [{}];", xs.join(", ")),
            "const ws = ['red', 'green', 'blue'];".to_owned(),
        ];
        for at in 0..3 + self.below(4) {
            let value = match self.below(4) {
                0 => self.number(3),
                1 => self.list(3),
                2 => self.text(3),
                _ => format!("{{ a: {}, b: {}, c: {} }}", self.number(2), self.list(2), self.text(2)),
            };
            lines.push(format!("const v{at} = {value};"));
            lines.push(format!("console.log(v{at}, typeof v{at});"));
        }
        let number = self.number(2);
        lines.push(format!(
            "let total = 0; for (let i = 0; i < {}; i++) {{ if (i % 3 === 1) continue; total += i * {number}; }}",
            5 + self.below(20)
        ));
        lines.push("console.log(total, String(total).length);".to_owned());
        lines.join("\n")
    }
}

fn written() -> Vec<String> {
    let mut programs: Vec<String> = Vec::new();
    for line in WRITTEN.lines() {
        match programs.last_mut() {
            Some(last) if line.starts_with("line`") => {
                last.push('\n');
                last.push_str(line);
            }
            _ => programs.push(line.to_owned()),
        }
    }
    programs
}

/// What Node prints. A machine without Node fails here: nothing would be compared.
fn of_node(source: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("main.js");
    std::fs::write(&path, source).expect("the program can be written");
    let ran =
        Command::new("node").arg(&path).env("TZ", "UTC").stdin(Stdio::null()).output().expect("Node is installed");
    assert!(ran.status.success(), "Node refuses {source}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("the output is text")
}

#[test]
fn output_agrees_with_node() {
    let mut programs = written();
    programs.extend((0..GENERATED).map(|seed| Seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1).program()));
    assert!(programs.len() >= 200, "{} programs", programs.len());
    support::all(&programs, |source| {
        let ending = support::run(&support::program(source)).ending();
        let (ours, theirs) = (String::from_utf8_lossy(&ending.stdout).into_owned(), of_node(source));
        if ending.status == RunStatus::Completed && ours == theirs {
            return Ok(());
        }
        Err(format!("{source}\n  ours ({:?} {}):\n{ours}\n  Node:\n{theirs}", ending.status, ending.detail))
    });
}

#[test]
fn equal_requests_give_equal_endings_in_two_processes() {
    let programs: Vec<String> = (500..540).map(|seed| Seeded(seed).program()).collect();
    support::all(&programs, |source| {
        let request = support::program(source);
        let ending = || serde_json::to_string(&support::run(&request).ending()).map_err(|error| error.to_string());
        let (first, second) = (ending()?, ending()?);
        (first == second).then_some(()).ok_or_else(|| format!("{first}\n{second}"))
    });
}
