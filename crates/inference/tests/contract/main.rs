//! One contract for all models, and what servers can do wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod faults;
mod hub;
mod probes;
mod requests;
mod support;

use edgecoder_inference::{LocalModel, LocalOptions};
use edgecoder_testkit::{Behaviour, Fault, ModelServer, model_contract};

use support::{KINDS, STORY, model};

#[test]
fn the_local_model_keeps_the_contract() {
    let path = std::env::var_os("EDGECODER_TEST_MODEL")
        .expect("set EDGECODER_TEST_MODEL to the default model's GGUF file (`make test` fetches it and does so)");
    let model = LocalModel::load(path.as_ref(), LocalOptions::default()).unwrap();
    model_contract::check(&model);
}

#[test]
fn providers_keep_the_contract() {
    for kind in KINDS {
        let server = ModelServer::start(kind, Behaviour::saying(&STORY.repeat(9))).unwrap();
        model_contract::check(&model(&server));
    }
}

#[test]
fn providers_keep_the_contract_when_bytes_come_alone() {
    for kind in KINDS {
        let behaviour = Behaviour::saying(&STORY.repeat(9)).failing(|_| Some(Fault::Crumbs));
        let server = ModelServer::start(kind, behaviour).unwrap();
        model_contract::check(&model(&server));
    }
}
