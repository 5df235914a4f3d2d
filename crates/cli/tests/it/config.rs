//! Settings: layers, origins, mistakes.

use crate::home::Home;

#[test]
fn every_layer_wins_over_the_one_below() {
    let home = Home::new();
    let folder = home.home().join(".config").join("edgecoder");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("edgecoder.toml"), "[exec]\nfuel = 11\ntimeout_s = 3\n").unwrap();
    let shown = home.command(&["config", "show", "--origin", "--json"]).env("EDGECODER_EXEC_FUEL", "12").output();
    let json: serde_json::Value = serde_json::from_slice(&shown.unwrap().stdout).unwrap();
    assert_eq!(json["exec.fuel"]["value"], "12");
    assert_eq!(json["exec.fuel"]["origin"], "EDGECODER_EXEC_FUEL");
    assert!(json["exec.timeout_s"]["origin"].as_str().unwrap().ends_with("edgecoder.toml"));
    assert_eq!(json["exec.layer"]["origin"], "default");
}

#[test]
fn a_file_in_the_working_directory_is_not_read() {
    let home = Home::new();
    home.write("edgecoder.toml", "[exec]\nfuel = 1\n");
    assert_eq!(home.run(&["config", "show", "--json"]).json()["exec.fuel"]["origin"], "default");
    assert_eq!(home.run(&["config", "show", "--json", "--config", "edgecoder.toml"]).json()["exec.fuel"]["value"], "1");
}

#[test]
fn unknown_keys_are_errors_with_a_suggestion() {
    let home = Home::new();
    home.write("mine.toml", "[exec]\nfual = 1\n");
    let ended = home.run(&["config", "show", "--config", "mine.toml"]);
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.contains("error[config_invalid]: mine.toml: there is no setting exec.fual"));
    assert!(ended.stderr.contains("did you mean exec.fuel?"), "{}", ended.stderr);
    let ended: crate::home::Ended =
        home.command(&["version", "--json"]).env("EDGECODER_UI_COLOUR", "x").output().unwrap().into();
    assert_eq!(ended.status, Some(2));
    assert_eq!(ended.json()["error"]["code"], "config_invalid");
}

#[test]
fn the_table_names_every_setting() {
    let home = Home::new();
    let docs = home.run(&["config", "docs"]).stdout;
    let shown = home.run(&["config", "show", "--json"]).json();
    for name in shown.as_object().unwrap().keys() {
        assert!(docs.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_user_guide_has_the_same_table() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/user-guide.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    for line in Home::new().run(&["config", "docs"]).stdout.lines() {
        assert!(guide.contains(line), "docs/user-guide.md lacks: {line}");
    }
}

#[test]
fn without_a_home_the_error_says_what_to_set() {
    let home = Home::new();
    home.write("a.py", "x = 1\n");
    let ended: crate::home::Ended = home.command(&["exec", "a.py"]).env_remove("HOME").output().unwrap().into();
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("error[no_data_dir]") && ended.stderr.contains("EDGECODER_STORAGE_DATA_DIR"));
}
