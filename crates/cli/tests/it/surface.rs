//! Help, mistakes, completions, man pages, colour.

use std::process::Stdio;

use crate::home::Home;

#[test]
fn help_goes_to_stdout_and_nothing_at_all_is_wrong_usage() {
    let home = Home::new();
    let help = home.run(&["--help"]);
    assert_eq!((help.status, help.stderr.as_str()), (Some(0), ""));
    assert!(help.stdout.contains("Usage: edgecoder"));
    let nothing = home.run(&[]);
    assert_eq!((nothing.status, nothing.stdout.as_str()), (Some(2), ""));
    assert!(nothing.stderr.contains("Usage: edgecoder"));
}

#[test]
fn mistyped_commands_and_values_are_corrected() {
    let home = Home::new();
    let wrong = home.run(&["chek", "a.py"]);
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.starts_with("error[usage]: unrecognized subcommand 'chek'"), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("hint:") && wrong.stderr.contains("'check'"), "{}", wrong.stderr);
    let wrong = home.run(&["exec", "a.py", "--layer", "host"]);
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.contains("auto, embedded, os"), "{}", wrong.stderr);
}

#[test]
fn completions_and_man_pages_cover_every_command() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(&["completions", shell]);
        assert_eq!(script.status, Some(0));
        assert!(script.stdout.contains("receipt") && script.stdout.contains("layer"), "{shell}");
    }
    let man = home.run(&["man", "pages"]);
    assert_eq!(man.status, Some(0), "{}", man.stderr);
    for page in ["edgecoder.1", "edgecoder-exec.1", "edgecoder-receipt-verify.1"] {
        let text = std::fs::read_to_string(home.here().join("pages").join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
}

#[test]
fn version_has_a_json_form() {
    let home = Home::new();
    assert!(home.run(&["version"]).stdout.starts_with("edgecoder 0."));
    let json = home.run(&["version", "--json"]).json();
    assert_eq!(json["os"], "linux");
    assert!(json["version"].is_string() && json["features"].is_string());
}

#[test]
fn no_colour_reaches_a_pipe_and_terminals_can_refuse_it() {
    let home = Home::new();
    assert!(!home.run(&["chek"]).stderr.contains('\u{1b}'));
    assert!(home.run(&["chek", "--color", "always"]).stderr.starts_with("error"), "the flag was not understood");
    let coloured = home.run_on_terminal("check none.py", &[]);
    assert!(coloured.stdout.contains("\u{1b}[31merror[file_not_found]"), "{:?}", coloured.stdout);
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = home.run_on_terminal("check none.py", &[variable]);
        assert!(plain.stdout.contains("error[file_not_found]"), "{plain:?}");
        assert!(!plain.stdout.contains('\u{1b}'), "{variable:?}: {:?}", plain.stdout);
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let home = Home::new();
    // A shut socket is shut for everybody; a closed pipe may live on in a process that another test is just starting.
    let (reader, output) = std::os::unix::net::UnixStream::pair().unwrap();
    reader.shutdown(std::net::Shutdown::Both).unwrap();
    let output = Stdio::from(std::os::fd::OwnedFd::from(output));
    let ended: crate::home::Ended =
        home.command(&["completions", "bash"]).stdout(output).stderr(Stdio::piped()).output().unwrap().into();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(141), ""));
}

#[test]
fn a_full_disk_is_said() {
    let home = Home::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended: crate::home::Ended =
        home.command(&["completions", "bash"]).stdout(full).stderr(Stdio::piped()).output().unwrap().into();
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("error[output_failed]"), "{}", ended.stderr);
}
