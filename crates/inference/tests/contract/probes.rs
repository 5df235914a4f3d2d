//! A probe tells what a model can do from what it can't.

use edgecoder_inference::probe::{Finding, Overflow, Probe, probe};
use edgecoder_inference::provider::ProviderKind;
use edgecoder_inference::{Cancel, GenerateEvent};
use edgecoder_testkit::{Behaviour, Fault, ModelServer, TestClock};
use edgecoder_types::UnixMs;

use crate::support::{KINDS, STORY, model};

fn measured(kind: ProviderKind, behaviour: Behaviour) -> Probe {
    let server = ModelServer::start(kind, behaviour).unwrap();
    let clock = TestClock::new(UnixMs(1_700_000_000_000), 100);
    probe(&model(&server), &clock, &Cancel::default(), &mut |_| {}).unwrap()
}

#[test]
fn an_able_server_is_seen_as_one() {
    for kind in KINDS {
        let behaviour = Behaviour { is_able: true, real: Some((8_192, Overflow::Refused)), ..Behaviour::saying(STORY) };
        let found = measured(kind, behaviour);
        assert_eq!(found.name, format!("{}:tiny", kind.prefix()));
        assert!(found.tools.works && found.json.works && found.schema.works, "{found:?}");
        // Ollama takes schemas and no grammars.
        assert_eq!(found.grammar.works, kind == ProviderKind::OpenAi, "{found:?}");
        assert_eq!((found.window.stated_tokens, found.window.overflow), (8_192, Overflow::Refused));
        assert!(found.window.read_tokens.is_some_and(|tokens| (7_300..=7_400).contains(&tokens)), "{found:?}");
        // Between the first text and the end the clock was looked at once: 50 characters in 100 ms.
        assert_eq!((found.speed.tokens_per_10s, found.speed.together), (5_000, 4), "{found:?}");
        assert_eq!(found.speed.together_per_10s, 20_000);
    }
}

#[test]
fn what_is_not_heeded_is_seen() {
    for kind in KINDS {
        for (window, overflow) in [(3_000, Overflow::Cut), (1 << 20, Overflow::Read)] {
            let found = measured(kind, Behaviour { real: Some((window, overflow)), ..Behaviour::saying(STORY) });
            for finding in [&found.tools, &found.json, &found.schema, &found.grammar] {
                assert!(!finding.works && !finding.detail.is_empty(), "{found:?}");
            }
            assert_eq!(found.window.overflow, overflow, "{found:?}");
            assert_eq!(found.window.detail.contains("not read whole"), overflow == Overflow::Cut, "{found:?}");
        }
        let found = measured(kind, Behaviour::saying(STORY).failing(|_| Some(Fault::NoUsage)));
        assert_eq!((found.window.overflow, found.window.read_tokens), (Overflow::Unknown, None));
    }
}

/// The server of llama-cpp-python answers so to a schema.
#[test]
fn a_failure_over_a_form_is_a_finding() {
    for kind in KINDS {
        // Two texts, four at once, one in JSON; then the schema, four times because such a failure may pass.
        let fault =
            |number| (7..11).contains(&number).then(|| Fault::Status(500, Vec::new(), "json_schema?".to_owned()));
        let behaviour = Behaviour { is_able: true, ..Behaviour::saying(STORY) };
        let found = measured(kind, behaviour.failing(fault));
        assert!(found.json.works && found.tools.works, "{found:?}");
        assert!(!found.schema.works && found.schema.detail.contains("json_schema?"), "{found:?}");
    }
}

#[test]
fn a_probe_can_be_kept_and_stopped() {
    let kind = ProviderKind::Ollama;
    let found = measured(kind, Behaviour::saying(STORY));
    let kept: Probe = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    assert_eq!(kept, found);
    assert_eq!(kept.tools, Finding { works: false, detail: "it answered without calling the tool".to_owned() });
    let server = ModelServer::start(kind, Behaviour::saying(STORY)).unwrap();
    let clock = TestClock::new(UnixMs(0), 1);
    let cancel = Cancel::default();
    let error = probe(&model(&server), &clock, &cancel, &mut |event| {
        if matches!(event, GenerateEvent::Text { .. }) {
            cancel.cancel();
        }
    })
    .unwrap_err();
    assert!(error.to_string().contains("cancelled"), "{error}");
}
