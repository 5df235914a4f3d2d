//! Models of servers from the command line: what is sent, what is shown, what is refused, and where keys never stand.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use edgecoder_inference::provider::ProviderKind;
use edgecoder_testkit::{Behaviour, Fault, ModelServer};
use serde_json::Value;

use crate::home::{Ended, Home};

const KEY: &str = "sk-never-shown-1234";
const REPO: [(&str, &str); 2] = [
    ("mathx.py", "def double(x):\n    \"\"\"Twice x.\"\"\"\n    raise NotImplementedError\n"),
    ("test_mathx.py", "from mathx import double\n\ndef test_small():\n    assert double(2) == 4\n"),
];
const ANSWER: &str = "Sure:\n```python\ndef double(x):\n    return x * 2\n```\n";

fn home() -> Home {
    let home = Home::new();
    for (name, text) in REPO {
        home.write(name, text);
    }
    home
}

/// The variables that lead to a server.
fn variables(kind: ProviderKind, base: &str) -> Vec<(&'static str, String)> {
    match kind {
        ProviderKind::Ollama => vec![("EDGECODER_MODEL_OLLAMA_BASE_URL", base.to_owned())],
        ProviderKind::OpenAi => {
            vec![("EDGECODER_MODEL_OPENAI_BASE_URL", base.to_owned()), ("EDGECODER_MODEL_OPENAI_KEY", KEY.to_owned())]
        }
    }
}

fn run(home: &Home, kind: ProviderKind, base: &str, args: &[&str]) -> Ended {
    home.command(args).envs(variables(kind, base)).output().unwrap().into()
}

fn start(kind: ProviderKind, behaviour: Behaviour) -> (ModelServer, String) {
    let server = ModelServer::start(kind, behaviour).unwrap();
    let base = server.base();
    (server, base)
}

/// Every byte below a folder.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(bytes_below(&path));
        } else if path.is_file() {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_task_is_solved_and_all_that_is_sent_is_written_down() {
    for (kind, name) in [(ProviderKind::Ollama, "ollama:tiny"), (ProviderKind::OpenAi, "openai:tiny")] {
        let home = home();
        let wrong_first = Behaviour {
            text: std::sync::Arc::new(|body: &Value, _| {
                let repairs = body["messages"][0]["content"].as_str().unwrap().contains("This version is wrong");
                if repairs { ANSWER.to_owned() } else { ANSWER.replace("* 2", "* 3") }
            }),
            ..Behaviour::saying("")
        };
        let (server, base) = start(kind, wrong_first);
        let ended = run(&home, kind, &base, &["run", "write double", "--model", name, "--json"]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let events: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.last().unwrap()["report"]["outcome"], "verified");
        let sent: Vec<&Value> = events.iter().filter(|event| event["event"] == "sent").collect();
        let received = server.http.received();
        // Candidates that were stopped may have been told and not have left.
        let mut told: Vec<u64> = sent.iter().map(|one| one["bytes"].as_u64().unwrap()).collect();
        for one in &received {
            let at = told.iter().position(|bytes| *bytes == one.body.len() as u64);
            told.remove(at.unwrap_or_else(|| panic!("{} was not told", one.path)));
        }
        assert!(sent.iter().all(|one| one["leaves"] == false && one["to"] == server.http.place()));
        let shown = home.run(&["show", "last", "--json"]).json();
        assert_eq!(shown["sent"].as_array().unwrap().len(), sent.len(), "the journal has them all");
        let text = home.run(&["show", "last"]).stdout;
        assert!(text.contains(&format!("sent {} requests", sent.len())) && text.contains("this machine"), "{text}");
        let prompt = server.prompts().remove(0).json();
        let question = prompt["messages"][0]["content"].as_str().unwrap();
        assert!(question.contains("def double(x):") && question.contains("assert double(2) == 4"), "{question}");
        for place in [bytes_below(&home.home()), ended.stdout.into_bytes(), ended.stderr.into_bytes()] {
            assert!(!holds(&place, KEY), "the key stands in {}", String::from_utf8_lossy(&place));
        }
    }
}

#[test]
fn a_preview_shows_the_bytes_of_the_run_and_sends_none() {
    for (kind, name) in [(ProviderKind::Ollama, "ollama:tiny"), (ProviderKind::OpenAi, "openai:tiny")] {
        let home = home();
        // No candidate passes, nor a small edit of one, so that all of the first batch are sent, and nothing after it.
        let (server, base) = start(kind, Behaviour::saying(&ANSWER.replace("x * 2", "None")));
        let args = ["run", "write double", "--model", name, "--samples", "4"];
        let preview = run(&home, kind, &base, &[&args[..], &["--preview", "--json"]].concat());
        assert_eq!(preview.status, Some(0), "{preview:?}");
        let plain = run(&home, kind, &base, &[&args[..], &["--preview"]].concat());
        assert_eq!(server.http.received().len(), 0, "nothing was sent");
        assert!(plain.stdout.contains(&server.http.place()) && plain.stdout.contains("Twice x."), "{}", plain.stdout);
        assert_eq!(home.run(&["runs", "--json"]).stdout, "[]\n", "a preview leaves no run");
        assert!(!preview.stdout.contains(KEY) && !plain.stdout.contains(KEY));
        assert_eq!(run(&home, kind, &base, &args).status, Some(1));
        let mut wire: Vec<String> =
            server.http.received().iter().map(|one| String::from_utf8(one.raw.clone()).unwrap()).collect();
        let mut shown: Vec<String> = preview.json()["preview"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["head"].as_str().unwrap().to_owned() + one["body"].as_str().unwrap())
            .map(|text| text.replace("[redacted]", &format!("Bearer {KEY}")))
            .collect();
        wire.sort();
        shown.sort();
        assert_eq!(wire, shown);
    }
}

#[test]
fn other_machines_are_asked_for_and_else_refused() {
    let home = home();
    // An address of documentation (RFC 5737): nobody is there.
    let kind = ProviderKind::OpenAi;
    let base = "https://192.0.2.1/v1";
    let args = ["run", "write double", "--model", "openai:tiny"];
    let ended = run(&home, kind, base, &args);
    assert_eq!(ended.status, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("error[egress_refused]: 192.0.2.1:443"), "{}", ended.stderr);
    assert!(ended.stderr.contains("--preview") && ended.stderr.contains("--allow-egress"), "{}", ended.stderr);
    assert_eq!(home.run(&["runs", "--json"]).stdout, "[]\n");
    let preview = run(&home, kind, base, &[&args[..], &["--preview", "--json"]].concat());
    assert_eq!(preview.status, Some(0), "{preview:?}");
    assert!(preview.json()["preview"].as_array().unwrap().iter().all(|one| one["leaves"] == true));
    let variables = [("EDGECODER_MODEL_OPENAI_BASE_URL", base)];
    let asked = home.run_on_terminal("run 'write double' --model openai:tiny </dev/tty", &variables);
    assert!(asked.stdout.contains("192.0.2.1:443") && asked.stdout.contains("[y/N]"), "{asked:?}");
    assert_eq!(asked.status, Some(3), "{asked:?}");
    // A key over an unencrypted line is refused whatever is allowed.
    let clear = run(&home, kind, "http://192.0.2.1/v1", &[&args[..], &["--allow-egress"]].concat());
    assert_eq!(clear.status, Some(3), "{clear:?}");
    assert!(clear.stderr.contains("error[key_unprotected]") && !clear.stderr.contains(KEY), "{}", clear.stderr);
}

#[test]
fn a_key_file_is_for_its_owner_alone() {
    let home = home();
    home.write("key", format!("{KEY}\n"));
    let (server, base) = start(ProviderKind::OpenAi, Behaviour::saying(ANSWER));
    let list = |mode: u32| -> Ended {
        let path = home.here().join("key");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let mut command = home.command(&["model", "list", "--json"]);
        command.env("EDGECODER_MODEL_OPENAI_BASE_URL", &base).env("EDGECODER_MODEL_OPENAI_KEY_FILE", &path);
        command.output().unwrap().into()
    };
    for mode in [0o644, 0o640, 0o604, 0o660] {
        let ended = list(mode);
        assert_eq!(ended.status, Some(3), "{mode:o} {ended:?}");
        assert_eq!(ended.json()["error"]["code"], "key_unprotected");
    }
    assert_eq!(server.http.received().len(), 0);
    for mode in [0o600, 0o400] {
        let ended = list(mode);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(ended.json().as_array().unwrap().iter().any(|one| one["name"] == "openai:tiny"));
    }
    assert_eq!(server.http.received()[0].header("authorization").as_deref(), Some("Bearer sk-never-shown-1234"));
    home.write("key", "");
    assert_eq!(list(0o600).json()["error"]["code"], "config_invalid");
}

#[test]
fn settings_never_show_the_key() {
    let home = Home::new();
    for args in [&["config", "show"][..], &["config", "show", "--origin"], &["config", "show", "--json"]] {
        let ended = run(&home, ProviderKind::OpenAi, "http://127.0.0.1:1/v1", args);
        assert_eq!(ended.status, Some(0));
        assert!(ended.stdout.contains("[redacted]") && !ended.stdout.contains(KEY), "{}", ended.stdout);
    }
    let user = run(&home, ProviderKind::OpenAi, "https://me:hunter2@example.com/v1", &["model", "list"]);
    assert_eq!(user.status, Some(2));
    assert!(user.stderr.contains("error[config_invalid]") && !user.stderr.contains("hunter2"), "{}", user.stderr);
}

#[test]
fn offers_are_listed_chosen_and_looked_at() {
    let home = home();
    let kind = ProviderKind::Ollama;
    let (server, base) = start(kind, Behaviour::saying(ANSWER));
    let listed = run(&home, kind, &base, &["model", "list"]);
    assert!(listed.stdout.contains("ollama:tiny") && listed.stdout.contains("smollm2-135m-instruct"), "{listed:?}");
    let absent = run(&home, kind, &base, &["model", "use", "ollama:absent"]);
    assert_eq!(absent.status, Some(2), "{absent:?}");
    assert!(absent.stderr.contains("error[model_not_found]") && absent.stderr.contains("ollama:tiny"), "{absent:?}");
    assert_eq!(run(&home, kind, &base, &["model", "use", "ollama:tiny"]).status, Some(0));
    let all = run(&home, kind, &base, &["model", "list", "--json"]).json();
    let chosen: Vec<&Value> = all.as_array().unwrap().iter().filter(|one| one["selected"] == true).collect();
    assert_eq!(chosen.len(), 1);
    assert_eq!(chosen[0]["name"], "ollama:tiny");
    let doctor = run(&home, kind, &base, &["doctor", "--json"]).json();
    assert_eq!(doctor["model"]["works"], true, "{doctor}");
    assert_eq!(doctor["servers"][0][1]["works"], true, "{doctor}");
    assert_eq!(run(&home, kind, &base, &["run", "write double"]).status, Some(0));
    drop(server);
    let doctor = run(&home, kind, &base, &["doctor", "--json"]);
    assert_eq!((doctor.status, doctor.json()["model"]["works"].clone()), (Some(1), Value::Bool(false)));
    let ended = run(&home, kind, &base, &["run", "write double"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("error[server_unreachable]") && ended.stderr.contains("hint:"), "{}", ended.stderr);
}

#[test]
fn a_run_whose_server_broke_off_goes_on_later() {
    let home = home();
    let kind = ProviderKind::OpenAi;
    let behaviour = Behaviour::saying(ANSWER).failing(|number| (number < 4).then_some(Fault::Cut));
    let (_server, base) = start(kind, behaviour);
    let ended = run(&home, kind, &base, &["run", "write double", "--model", "openai:tiny"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("error[answer_cut]") && ended.stderr.contains("resume last"), "{}", ended.stderr);
    let ended = run(&home, kind, &base, &["resume", "last"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

#[test]
fn a_probe_is_shown_and_kept() {
    let home = home();
    let kind = ProviderKind::OpenAi;
    let (_server, base) = start(kind, Behaviour { is_able: true, ..Behaviour::saying("A story of a robot.") });
    let ended = run(&home, kind, &base, &["model", "probe", "openai:tiny", "--json"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let found = ended.json();
    assert_eq!((&found["tools"]["works"], &found["grammar"]["works"]), (&Value::Bool(true), &Value::Bool(true)));
    assert_eq!(found["window"]["overflow"], "unknown", "{found}");
    let info = run(&home, kind, &base, &["model", "info", "openai:tiny"]);
    assert!(info.stdout.contains("probed") && info.stdout.contains("tokens/s"), "{info:?}");
    let refused = run(&home, kind, "https://192.0.2.1/v1", &["model", "probe", "openai:tiny", "--json"]);
    assert_eq!((refused.status, refused.json()["error"]["code"].clone()), (Some(3), "egress_refused".into()));
}

#[test]
fn the_local_model_is_probed_alike() {
    let home = Home::new();
    let ended = home.run(&["model", "probe", &crate::home::model(), "--json"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let found = ended.json();
    assert_eq!(found["window"]["overflow"], "refused", "{found}");
    for form in ["schema", "grammar"] {
        assert_eq!(found[form]["works"], true, "{found}");
    }
    assert!(found["window"]["detail"].as_str().unwrap().contains(" were read whole"), "{found}");
    assert!(found["speed"]["tokens_per_10s"].as_u64().unwrap() > 0, "{found}");
}
