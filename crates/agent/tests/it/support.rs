//! A repository in a temporary folder, and an agent on it.

use std::path::{Path, PathBuf};

use edgecoder_agent::{Agent, AgentError, AgentEvent, Budget, RunOptions, RunReport, RunStore};
use edgecoder_executor::{Cancel, Runner};
use edgecoder_inference::Model;
use edgecoder_testkit::{CountingEntropy, CpythonRunner, TestClock};
use edgecoder_types::UnixMs;
use edgecoder_types::ids::RunId;

pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) events: Vec<AgentEvent>,
    pub(crate) cancel: Cancel,
    pub(crate) step_ms: i64,
}

impl Bench {
    /// A repository with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("repo")).unwrap();
        let bench = Self { folder, events: Vec::new(), cancel: Cancel::default(), step_ms: 1 };
        for (path, text) in files {
            bench.write(path, text);
        }
        bench
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub(crate) fn store(&self) -> RunStore {
        RunStore::new(self.folder.path().join("runs"))
    }

    pub(crate) fn run_folder(&self, id: RunId) -> PathBuf {
        self.folder.path().join("runs").join(id.to_string())
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.repo().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.repo().join(path)).unwrap()
    }

    pub(crate) fn options(&self, task: &str) -> RunOptions {
        RunOptions {
            task: task.to_owned(),
            repo: Some(self.repo()),
            current_dir: self.repo(),
            file: None,
            test: None,
            budget: Budget { samples: Some(24), ..Budget::default() },
            seed: 7,
            temperature: None,
            model_label: "fake".to_owned(),
            model_flag: false,
        }
    }

    pub(crate) fn run(&mut self, model: &dyn Model, options: RunOptions) -> Result<RunReport, AgentError> {
        let runner = CpythonRunner::default();
        self.run_with(model, &runner, options)
    }

    pub(crate) fn run_with(
        &mut self,
        model: &dyn Model,
        runner: &dyn Runner,
        options: RunOptions,
    ) -> Result<RunReport, AgentError> {
        let store = self.store();
        let events = &mut self.events;
        let mut agent = Agent {
            model,
            runner,
            store,
            clock: &TestClock::new(UnixMs(1_700_000_000_000), self.step_ms),
            entropy: &mut CountingEntropy::default(),
        };
        agent.run(options, &self.cancel, &mut |event| events.push(event.clone()))
    }

    pub(crate) fn resume(&mut self, model: &dyn Model, id: RunId) -> Result<RunReport, AgentError> {
        self.resume_with(model, &CpythonRunner::default(), id)
    }

    pub(crate) fn resume_with(
        &mut self,
        model: &dyn Model,
        runner: &dyn Runner,
        id: RunId,
    ) -> Result<RunReport, AgentError> {
        let store = self.store();
        let events = &mut self.events;
        let mut agent = Agent {
            model,
            runner,
            store,
            clock: &TestClock::new(UnixMs(1_700_000_100_000), self.step_ms),
            entropy: &mut CountingEntropy::default(),
        };
        agent.resume(id, &Cancel::default(), &mut |event| events.push(event.clone()))
    }

    /// Every file of the repository with its bytes.
    pub(crate) fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        collect(&self.repo(), &mut found);
        found.sort();
        found
    }
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
}
