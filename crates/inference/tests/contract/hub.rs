//! Downloads from a hub that breaks off, lies and changes its mind.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use edgecoder_inference::{
    Cancel, Catalogue, InferenceError, ModelStore, Pin, Presence, PullOutcome, PullProgress, WheelFetcher,
};
use edgecoder_testkit::http_server::{Act, HttpServer, Received, answer, head};
use sha2::{Digest as _, Sha256};

use crate::support::client;

const ETAG: &str = "\"first\"";

fn content() -> Vec<u8> {
    let numbers = (0..100_000_u32).flat_map(|number| (number.wrapping_mul(7919)).to_le_bytes());
    b"GGUF".iter().copied().chain(numbers).collect()
}

fn hex(bytes: &[u8]) -> String {
    edgecoder_types::Digest(Sha256::digest(bytes).into()).to_string()
}

struct NoWheels;

impl WheelFetcher for NoWheels {
    fn fetch(&mut self, requirement: &str, _: &Path) -> Result<(), String> {
        Err(format!("{requirement} is no hub's"))
    }
}

/// A store whose one model is at the server; `pin` is what stands in the catalogue about it.
fn store(folder: &Path, server: &HttpServer, pin: &str) -> ModelStore {
    let text = format!(
        "[[model]]\nname = \"big\"\nsummary = \"a test\"\nlicence = \"MIT\"\nurl = \"{}/big.gguf\"\n{pin}",
        server.url()
    );
    ModelStore::with_catalogue(folder, Catalogue::parse(&text).unwrap()).with_client(client())
}

fn pull(store: &ModelStore) -> Result<PullOutcome, InferenceError> {
    store.pull("big", &mut NoWheels, &Cancel::default(), &mut |_| {})
}

/// The whole file, or from where it is asked for; `most` bytes of it at a time.
fn serve(request: &Received, body: &[u8], etag: &str, most: usize) -> Vec<Act> {
    let start = request.header("range").and_then(|range| {
        let start = range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok()?;
        (request.header("if-range").as_deref() == Some(etag)).then_some(start)
    });
    let rest = &body[start.unwrap_or(0).min(body.len())..];
    let length = rest.len().to_string();
    let range = format!("bytes {}-{}/{}", start.unwrap_or(0), body.len() - 1, body.len());
    let mut headers = vec![("etag", etag), ("content-length", length.as_str())];
    if start.is_some() {
        headers.push(("content-range", &range));
    }
    let status = if start.is_some() { 206 } else { 200 };
    vec![Act::Send(head(status, &headers)), Act::Send(rest[..most.min(rest.len())].to_vec())]
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.join("models/big"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_fetched_pinned_and_shown_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let server = HttpServer::start(|request, _| serve(request, &content(), ETAG, usize::MAX)).unwrap();
    let store = store(folder.path(), &server, "");
    let before = store.info("big", false).unwrap();
    assert_eq!((before.presence, before.model.pin), (Presence::Missing, Pin::None));
    let mut last = None;
    let outcome = store.pull("big", &mut NoWheels, &Cancel::default(), &mut |step| last = Some(step)).unwrap();
    let total = content().len() as u64;
    assert_eq!(last, Some(PullProgress::Downloading { done: total, total: Some(total) }));
    let PullOutcome::Fetched(path) = outcome else { panic!("{outcome:?}") };
    assert_eq!(fs::read(&path).unwrap(), content());
    let after = store.info("big", true).unwrap();
    assert_eq!((after.presence, after.model.pin), (Presence::Present(path.clone()), Pin::FirstUse));
    assert_eq!(after.model.sha256.unwrap().to_string(), hex(&content()));
    assert_eq!(pull(&store).unwrap(), PullOutcome::AlreadyThere(path.clone()));
    assert_eq!(store.resolve(Some("big")).unwrap().path, path);
    assert_eq!(names(folder.path()), ["big.gguf", "big.verified.json"]);
    // The pin outlives the file: another one of that name is refused from now on.
    assert!(store.remove("big").unwrap());
    let mut other = content();
    other[50] ^= 1;
    let liar = HttpServer::start(move |request, _| serve(request, &other, ETAG, usize::MAX)).unwrap();
    let pins = folder.path().join("models/pins.json");
    let text = fs::read_to_string(&pins).unwrap().replace(&server.url(), &liar.url());
    fs::write(&pins, text).unwrap();
    let error = pull(&self::store(folder.path(), &liar, "")).unwrap_err();
    assert_eq!(error.code(), "model_corrupt", "{error}");
    assert!(error.to_string().contains(&hex(&content())), "{error}");
    assert_eq!(names(folder.path()), [] as [&str; 0], "what is wrong is deleted");
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let server = HttpServer::start(|request, _| serve(request, &content(), ETAG, 150_000)).unwrap();
    let pin = format!("bytes = {}\nsha256 = \"{}\"\n", content().len(), hex(&content()));
    let PullOutcome::Fetched(path) = pull(&store(folder.path(), &server, &pin)).unwrap() else { panic!() };
    assert_eq!(fs::read(path).unwrap(), content());
    let ranges: Vec<Option<String>> = server.received().iter().map(|request| request.header("range")).collect();
    assert_eq!(ranges, [None, Some("bytes=150000-".to_owned()), Some("bytes=300000-".to_owned())]);
    assert_eq!(server.received()[1].header("if-range").as_deref(), Some(ETAG));
}

#[test]
fn a_later_pull_goes_on_and_a_changed_file_starts_anew() {
    for changes in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&calls);
        let server = HttpServer::start(move |request, _| match seen.fetch_add(1, Ordering::SeqCst) {
            0 => serve(request, &content(), ETAG, 150_000),
            1 => vec![],
            _ if changes => {
                let mut other = content();
                other.extend_from_slice(b"more");
                serve(request, &other, "\"second\"", usize::MAX)
            }
            _ => serve(request, &content(), ETAG, usize::MAX),
        })
        .unwrap();
        let store = store(folder.path(), &server, "");
        let cancel = Cancel::default();
        let error = store
            .pull("big", &mut NoWheels, &cancel, &mut |step| {
                if matches!(step, PullProgress::Downloading { .. }) {
                    cancel.cancel();
                }
            })
            .unwrap_err();
        assert!(error.to_string().contains("goes on there"), "{error}");
        assert_eq!(names(folder.path()), ["big.gguf.part", "big.gguf.part.json"]);
        calls.store(2, Ordering::SeqCst);
        let PullOutcome::Fetched(path) = pull(&store).unwrap() else { panic!() };
        let bytes = fs::read(path).unwrap();
        assert_eq!(bytes.len() == content().len(), !changes);
        assert!(bytes.starts_with(&content()));
        let last = server.received().pop().unwrap();
        assert!(last.header("range").is_some(), "the second pull asks for the rest");
        assert_eq!(names(folder.path()), ["big.gguf", "big.verified.json"]);
    }
}

#[test]
fn what_is_not_the_file_is_refused_and_deleted() {
    let pin = format!("bytes = {}\nsha256 = \"{}\"\n", content().len(), hex(&content()));
    let mut changed = content();
    changed[77] ^= 1;
    let longer = [content(), vec![0]].concat();
    let page = vec![b'<'; content().len()];
    let rows: Vec<(&str, Vec<u8>, &str)> = vec![
        (&pin, changed, "SHA-256"),
        (&pin, longer, "bytes instead of"),
        (&pin, content()[..content().len() - 5].to_vec(), "bytes instead of"),
        ("", page, "no GGUF"),
        ("", Vec::new(), "no GGUF"),
    ];
    for (pin, body, why) in rows {
        let folder = tempfile::tempdir().unwrap();
        let server = HttpServer::start(move |_, _| answer(200, &[("etag", ETAG)], &body)).unwrap();
        let error = pull(&store(folder.path(), &server, pin)).unwrap_err();
        assert_eq!(error.code(), "model_corrupt", "{error}");
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(names(folder.path()), [] as [&str; 0]);
        assert!(!folder.path().join("models/pins.json").exists(), "nothing wrong is pinned");
    }
    // A server that goes on elsewhere than it was asked to.
    let folder = tempfile::tempdir().unwrap();
    let server = HttpServer::start(|request, _| {
        if request.header("range").is_none() {
            return serve(request, &content(), ETAG, 150_000);
        }
        let range = format!("bytes 7-{}/{}", content().len() - 1, content().len());
        vec![Act::Send(head(206, &[("content-range", &range)])), Act::Send(content()[7..].to_vec())]
    })
    .unwrap();
    let error = pull(&store(folder.path(), &server, "")).unwrap_err();
    assert_eq!(error.code(), "model_corrupt", "{error}");
    assert_eq!(names(folder.path()), [] as [&str; 0]);
}

#[test]
fn servers_that_fail_are_told_and_leave_what_can_be_used() {
    let rows: Vec<(Vec<Act>, &str)> = vec![
        (answer(404, &[], b"no such file"), "404"),
        (answer(302, &[("location", "http://192.0.2.1/big.gguf")], b""), "redirects"),
        (vec![Act::Wait(Duration::from_hours(1))], "within"),
        (vec![], "broke off"),
    ];
    for (acts, why) in rows {
        let folder = tempfile::tempdir().unwrap();
        let server = HttpServer::start(move |_, _| acts.clone()).unwrap();
        let error = pull(&store(folder.path(), &server, "")).unwrap_err();
        assert_eq!(error.code(), "model_unavailable", "{error}");
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(names(folder.path()), [] as [&str; 0]);
    }
}

#[test]
fn a_full_disk_is_said_before_and_while_writing() {
    let folder = tempfile::tempdir().unwrap();
    let huge = (1_u64 << 60).to_string();
    let server = HttpServer::start(move |_, _| vec![Act::Send(head(200, &[("content-length", &huge)]))]).unwrap();
    let error = pull(&store(folder.path(), &server, "")).unwrap_err();
    assert_eq!(error.code(), "model_unavailable");
    assert!(error.to_string().contains("no space"), "{error}");
    // A disk that fills up while the file is written.
    let folder = tempfile::tempdir().unwrap();
    let place: PathBuf = folder.path().join("models/big");
    fs::create_dir_all(&place).unwrap();
    std::os::unix::fs::symlink("/dev/full", place.join("big.gguf.part")).unwrap();
    let server = HttpServer::start(|request, _| serve(request, &content(), ETAG, usize::MAX)).unwrap();
    let error = pull(&store(folder.path(), &server, "")).unwrap_err();
    assert_eq!(error.code(), "model_unavailable");
    assert!(error.to_string().contains("no space is left"), "{error}");
    assert!(!place.join("big.gguf").exists());
}
