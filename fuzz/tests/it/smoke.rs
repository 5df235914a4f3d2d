//! Goal: what the targets promise holds for the same inputs on every machine. Method: bounded by cases, seeded.

use edgecoder_fuzz::engine::{self, Bound};
use edgecoder_fuzz::material;
use edgecoder_fuzz::target::{self, TARGETS};

/// What is wrong, with the input.
fn smoke(name: &str) -> Result<(), String> {
    let target = target::find(name).ok_or("no such target")?;
    let report = engine::run(target, 1, Bound::Cases(target.smoke_cases), Box::new(|_| {}));
    let report = report.map_err(|error| format!("{error:#}"))?;
    if let Some(failure) = report.failure {
        let text = String::from_utf8_lossy(&failure.input);
        return Err(format!("{}\ninput: {text:?}\nbytes: {:02x?}", failure.why, failure.input));
    }
    if report.cases >= target.smoke_cases { Ok(()) } else { Err(format!("only {} cases", report.cases)) }
}

macro_rules! smoke {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                if let Err(why) = smoke(stringify!($name)) {
                    panic!("{why}");
                }
            }
        )+
        const SMOKED: &[&str] = &[$(stringify!($name)),+];
    };
}

smoke!(answer, apply, catalogue, dataset, gguf, http, javascript, patch, python, receipt, settings, stream,);

#[test]
fn every_target_is_smoked_and_has_seeds() {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, SMOKED);
    for name in names {
        let seeds = material::load(&material::folder("seeds", name)).unwrap();
        assert!(seeds.len() >= 2, "{name} has {} seeds", seeds.len());
    }
}
