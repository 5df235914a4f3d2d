//! Dependencies point down, and what is dangerous or heavy is named in one place only.

use crate::{Package, Problem, SourceText, Tree};

/// The layer of each crate. A crate that is not here is a problem: decide where it belongs.
const LAYERS: &[(&str, u8)] = &[
    ("edgecoder-types", 0),
    ("edgecoder-http", 1),
    ("edgecoder-security", 1),
    ("edgecoder-subset", 1),
    ("edgecoder-subset-js", 1),
    ("edgecoder-executor", 2),
    ("edgecoder-inference", 2),
    ("edgecoder-js-vm", 2),
    ("edgecoder-python-vm", 2),
    ("edgecoder-agent", 3),
    ("edgecoder-cli", 5),
    ("edgecoder-bench", 9),
    ("edgecoder-loopback", 9),
    ("edgecoder-fuzz", 9),
    ("edgecoder-testkit", 9),
    ("xtask", 9),
];

/// From here on crates are for development; no product crate depends on one.
const DEVELOPMENT: u8 = 9;

/// Edges inside one layer.
const SIDEWAYS: &[(&str, &str)] = &[
    ("edgecoder-executor", "edgecoder-js-vm"),
    ("edgecoder-executor", "edgecoder-python-vm"),
    ("edgecoder-http", "edgecoder-security"),
    ("edgecoder-bench", "edgecoder-testkit"),
    ("edgecoder-testkit", "edgecoder-loopback"),
    ("edgecoder-fuzz", "edgecoder-testkit"),
];

/// Crates that only these may name.
const RESERVED: &[(&str, &[&str])] = &[
    ("axum", &["edgecoder-http"]),
    ("edgecoder-js-vm", &["edgecoder-executor"]),
    ("edgecoder-python-vm", &["edgecoder-executor"]),
    ("edgecoder-subset", &["edgecoder-executor", "edgecoder-python-vm"]),
    ("edgecoder-subset-js", &["edgecoder-executor", "edgecoder-js-vm"]),
    ("hyper", &["edgecoder-http"]),
    ("hyper-util", &["edgecoder-http"]),
    ("landlock", &["edgecoder-executor"]),
    ("llama-cpp-2", &["edgecoder-inference"]),
    ("llama-cpp-sys-2", &["edgecoder-inference"]),
    ("nix", &["edgecoder-executor"]),
    ("rquickjs", &["edgecoder-js-vm"]),
    ("rustpython-vm", &["edgecoder-python-vm"]),
    ("rustls", &["edgecoder-http"]),
    ("seccompiler", &["edgecoder-executor"]),
    ("tokio", &["edgecoder-http"]),
    ("tokio-rustls", &["edgecoder-http"]),
    ("tokio-util", &["edgecoder-http"]),
];

/// All that the lowest layer may use.
const FOUNDATION: &[&str] = &["serde", "thiserror"];

/// What pure crates never touch in code that is not a test.
const IMPURE: &[&str] =
    &["std::fs", "std::net", "std::process", "std::env", "SystemTime::now", "Instant::now", "std::thread"];

fn layer(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

/// Problems: edges that point up or sideways, names out of their place, crates without a layer.
pub fn check(packages: &[Package]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in packages {
        let Some(own) = layer(&package.name) else {
            problems.push(Problem::whole(&package.manifest, "has no layer; give it one in xtask's layer table"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.is_dev) {
            problems.extend(wrong_edge(package, own, &dependency.name));
        }
    }
    problems
}

fn wrong_edge(package: &Package, own: u8, name: &str) -> Option<Problem> {
    let problem = |text: String| Some(Problem::whole(&package.manifest, text));
    if own == 0 && !FOUNDATION.contains(&name) {
        return problem(format!("the lowest layer uses {} only, not {name}", FOUNDATION.join(" and ")));
    }
    if let Some((_, allowed)) = RESERVED.iter().find(|(reserved, _)| *reserved == name)
        && own < DEVELOPMENT
        && !allowed.contains(&package.name.as_str())
    {
        return problem(format!("only {} may depend on {name}", allowed.join(" and ")));
    }
    let below = layer(name)?;
    let sideways = SIDEWAYS.contains(&(package.name.as_str(), name));
    (below >= own && !sideways)
        .then(|| Problem::whole(&package.manifest, format!("layer {own} depends on {name} of layer {below}")))
}

/// Problems: I/O, clocks or threads in the two lowest layers.
pub fn check_pure(tree: &Tree) -> Vec<Problem> {
    let folders =
        ["crates/types/src/", "crates/security/src/", "crates/executor/subset/src/", "crates/executor/subset-js/src/"];
    let pure = |file: &&SourceText| folders.iter().any(|folder| file.path.starts_with(folder)) && !file.is_test();
    let mut problems = Vec::new();
    for file in tree.rust().filter(pure) {
        let product = file.lines().take_while(|(_, line)| line.trim() != "#[cfg(test)]");
        for (number, line) in product.filter(|(_, line)| !line.trim_start().starts_with("//")) {
            let found = IMPURE.iter().find(|word| line.contains(**word));
            problems.extend(found.map(|word| Problem::at(&file.path, number, format!("{word} in a pure crate"))));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(packages: &[Package]) -> Vec<String> {
        check(packages).into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn downward_edges_pass() {
        let packages = [
            Package::of("edgecoder-types", &["serde", "thiserror", "dev:proptest"]),
            Package::of("edgecoder-executor", &["edgecoder-types", "edgecoder-python-vm", "nix"]),
            Package::of("edgecoder-cli", &["edgecoder-agent", "edgecoder-executor", "dev:edgecoder-testkit"]),
        ];
        assert_eq!(messages(&packages), [] as [String; 0]);
    }

    #[test]
    fn upward_edges_fail() {
        let packages = [Package::of("edgecoder-executor", &["edgecoder-agent"])];
        assert_eq!(messages(&packages), ["layer 2 depends on edgecoder-agent of layer 3"]);
    }

    #[test]
    fn sideways_edges_fail() {
        assert_eq!(messages(&[Package::of("edgecoder-inference", &["edgecoder-executor"])]).len(), 1);
        assert_eq!(messages(&[Package::of("edgecoder-agent", &["edgecoder-testkit"])]).len(), 1);
    }

    #[test]
    fn reserved_names_fail_elsewhere() {
        let packages = [Package::of("edgecoder-agent", &["llama-cpp-2"])];
        assert_eq!(messages(&packages), ["only edgecoder-inference may depend on llama-cpp-2"]);
    }

    #[test]
    fn the_foundation_stays_small() {
        assert_eq!(messages(&[Package::of("edgecoder-types", &["serde_json"])]).len(), 1);
    }

    #[test]
    fn a_crate_without_a_layer_fails() {
        assert_eq!(messages(&[Package::of("edgecoder-utils", &[])]).len(), 1);
    }

    #[test]
    fn io_in_a_pure_crate_fails_outside_of_its_tests() {
        let text = "use std::fs;\n// std::net\n#[cfg(test)]\nuse std::process;\n";
        let tree = Tree::of(&[("crates/security/src/a.rs", text), ("crates/agent/src/a.rs", text)]);
        let problems = check_pure(&tree);
        assert_eq!(problems, [Problem::at("crates/security/src/a.rs", 1, "std::fs in a pure crate")]);
    }
}
