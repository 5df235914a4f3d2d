//! The shell around the state machine and the search: starts, continues and ends runs.

mod agreement;
mod baseline;
mod edits;
mod finish;
mod invent;
mod judge;
mod plan;
mod session;
mod solve;

use edgecoder_executor::{Cancel, Runner};
use edgecoder_inference::Model;
use edgecoder_types::ids::RunId;
use edgecoder_types::{Clock, Entropy};

use crate::error::AgentError;
use crate::event::AgentEvent;
use crate::journal::{Journal, Record};
use crate::options::RunOptions;
use crate::oracle::task_text;
use crate::report::RunReport;
use crate::state::State;
use crate::store::{MANIFEST_VERSION, Manifest, RunFolder, RunStore, load_if_there};
use crate::workspace::{Tree, scan};

use session::Session;

/// The interactive agent. It reads the repository once, works on its own copy, and never writes to the user's files;
/// [`RunStore::apply`] does that when the user asks.
pub struct Agent<'a> {
    /// Who writes candidates.
    pub model: &'a dyn Model,
    /// Who runs them.
    pub runner: &'a dyn Runner,
    /// Where runs are kept.
    pub store: RunStore,
    /// Wall clock, for budgets and record times.
    pub clock: &'a dyn Clock,
    /// Random bytes for run ids.
    pub entropy: &'a mut dyn Entropy,
}

impl std::fmt::Debug for Agent<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Agent<'_> {
    /// Works on a task until it is verified, the budget is spent, or `cancel`. `on_event` sees every step as it
    /// happens; the last event carries the report that is returned.
    ///
    /// # Errors
    /// Usage (task, paths, `--test`), I/O of the run's folder, or a failing model or executor. A task that is not solved is a report.
    pub fn run(
        &mut self,
        options: RunOptions,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(&AgentEvent),
    ) -> Result<RunReport, AgentError> {
        if options.task.trim().is_empty() && options.test.is_none() && options.repo.is_none() {
            return Err(AgentError::Usage("the task is empty; say in words what is to be written".to_owned()));
        }
        let (root, stands_alone) = place(&options)?;
        let scanned = if stands_alone { scan::Scan::default() } else { scan::scan(&root)? };
        if let Some(file) = &options.file {
            crate::workspace::tree::check_path(file)?;
            if let Some(link) = plan::linked(&root, file) {
                return Err(AgentError::Usage(format!(
                    "--file {file} is left out of the work: {link} is a symbolic link"
                )));
            }
            let start = format!("{}: ", root.join(file).display());
            if let Some(why) = scanned.skipped.iter().find_map(|line| line.strip_prefix(&start)) {
                return Err(AgentError::Usage(format!("--file {file} is left out of the work: {why}")));
            }
        }
        let at = self.clock.now();
        let id = RunId::mint(at, self.entropy);
        let manifest = Manifest {
            v: MANIFEST_VERSION,
            id,
            created_at_ms: at,
            options,
            root,
            stands_alone,
            model: self.model.info(),
        };
        let folder = self.store.create(&manifest, &scanned.tree)?;
        on_event(&AgentEvent::Started {
            run: id,
            files: scanned.tree.len(),
            skipped: scanned.skipped,
            seed: manifest.options.seed,
            resumed: false,
        });
        let ended = self.drive(&folder, manifest, &scanned.tree, cancel, on_event);
        if let Err(error) = &ended
            && error.is_wrong_input()
        {
            // Nothing was begun that could be continued.
            folder.discard()?;
        }
        ended
    }

    /// Continues a run that was killed or cancelled, from what its journal holds. A run that has ended gives its
    /// report again.
    ///
    /// # Errors
    /// As [`Agent::run`]; also when another process works on the run or the model has changed since.
    pub fn resume(
        &mut self,
        id: RunId,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(&AgentEvent),
    ) -> Result<RunReport, AgentError> {
        let (folder, manifest, tree) = self.store.open(id)?;
        let (mut journal, recorded) = Journal::open(&folder.path.join("journal.ndjson"))?;
        let state = recorded.last_state();
        if state == State::Cancelled {
            journal.append(self.clock.now(), Record::Resumed)?;
        } else if state.is_terminal()
            && let Some(report) = load_if_there::<RunReport>(&folder.path.join("result.json"))?
        {
            on_event(&AgentEvent::Finished { report: Box::new(report.clone()) });
            return Ok(report);
        }
        let now = self.model.info();
        if now.digest != manifest.model.digest
            || now.name != manifest.model.name
            || now.batch_max != manifest.model.batch_max
        {
            let why = format!("it was started with the model {}, not {}", manifest.model.name, now.name);
            return Err(AgentError::Journal(why));
        }
        on_event(&AgentEvent::Started {
            run: id,
            files: tree.len(),
            skipped: Vec::new(),
            seed: manifest.options.seed,
            resumed: true,
        });
        drop(journal);
        self.drive(&folder, manifest, &tree, cancel, on_event)
    }

    fn drive(
        &self,
        folder: &RunFolder,
        manifest: Manifest,
        tree: &Tree,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(&AgentEvent),
    ) -> Result<RunReport, AgentError> {
        let (journal, recorded) = Journal::open(&folder.path.join("journal.ndjson"))?;
        let mut session =
            Session::new(self.model, self.runner, self.clock, cancel, on_event, manifest, journal, recorded);
        let ending = session.work(tree)?;
        session.finish(folder, tree, ending)
    }
}

/// The root of the work, and whether the task stands alone there.
fn place(options: &RunOptions) -> Result<(std::path::PathBuf, bool), AgentError> {
    let given = options.repo.is_some() || options.test.is_some() || options.file.is_some();
    let stands_alone = !given && !task_text::extract(&options.task).names.is_empty();
    let root = scan::root(options.repo.as_deref().unwrap_or(&options.current_dir))?;
    Ok((root, stands_alone))
}
