//! Follows a run: a live display on a terminal, lines elsewhere, one JSON object a line for `--json`.

use std::time::Instant;

use edgecoder_agent::AgentEvent;
use edgecoder_executor::Cancel;

use super::board::{Board, Progress};
use super::events;
use super::live::Live;
use crate::app::App;
use crate::error::CliError;
use crate::output::Output;

/// How a run is shown.
#[derive(Debug)]
pub(crate) struct Follower {
    view: View,
    output: Output,
    cancel: Cancel,
    /// When the batch under way began to write.
    since: Option<Instant>,
    lost: Option<CliError>,
}

#[derive(Debug)]
enum View {
    Live(Live),
    Lines,
    Json,
    Nothing,
}

impl Follower {
    /// Chooses the way. `cancel` ends the run when nobody reads any more.
    pub(crate) fn new(app: &App, json: bool, cancel: &Cancel) -> Result<Self, CliError> {
        let view = if json {
            View::Json
        } else if app.output.quiet {
            View::Nothing
        } else if app.output.live {
            View::Live(Live::start(app.output.palette, &app.interrupt)?)
        } else {
            View::Lines
        };
        Ok(Self { view, output: app.output, cancel: cancel.clone(), since: None, lost: None })
    }

    /// Shows an event. The last one, `finished`, is left to the caller.
    pub(crate) fn on_event(&mut self, event: &AgentEvent) {
        if matches!(event, AgentEvent::Finished { .. }) || self.lost.is_some() {
            return;
        }
        let shown = match &self.view {
            View::Live(live) => {
                for line in events::lines(event) {
                    live.print(line);
                }
                let since = &mut self.since;
                live.update(|board| change(board, event, since));
                Ok(())
            }
            View::Lines => {
                let palette = self.output.palette;
                let columns = 400;
                events::plain_lines(event).iter().try_for_each(|line| self.output.line(line.render(palette, columns)))
            }
            View::Json => self.output.json(event),
            View::Nothing => Ok(()),
        };
        if let Err(error) = shown {
            self.cancel.cancel();
            self.lost = Some(error);
        }
    }

    /// Ends the display; an error when the reader went away.
    pub(crate) fn finish(self) -> Result<(), CliError> {
        drop(self.view);
        self.lost.map_or(Ok(()), Err)
    }
}

/// Brings the display up to date with an event.
fn change(board: &mut Board, event: &AgentEvent, since: &mut Option<Instant>) {
    match event {
        AgentEvent::Started { .. } => "planning".clone_into(&mut board.phase),
        AgentEvent::BatchStarted { target, .. } => {
            "writing".clone_into(&mut board.phase);
            board.target.clone_from(target);
            board.lanes.clear();
            *since = None;
        }
        AgentEvent::WritingTests { function, .. } => {
            "writing tests of".clone_into(&mut board.phase);
            board.target.clone_from(function);
            board.lanes.clear();
            *since = None;
        }
        AgentEvent::SelfTests { .. } => board.lanes.clear(),
        AgentEvent::Token { sample, text } => {
            let now = Instant::now();
            if let Some(last) = since.replace(now) {
                board.writing += now - last;
            }
            board.tokens += 1;
            board.lane(u64::from(*sample)).push(text);
            board.samples.0 = board.samples.0.max(u64::from(*sample));
        }
        AgentEvent::Checking { sample } => board.lane(u64::from(*sample)).progress = Progress::Running,
        AgentEvent::Candidate { sample, passed, total, reason, error, status, .. } => {
            let note = error.clone().unwrap_or_else(|| reason.clone());
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            board.samples.0 = board.samples.0.max(u64::from(*sample));
            board.lane(u64::from(*sample)).progress = if status.is_some() {
                let note = if passed == total { String::new() } else { note };
                Progress::Checked { passed: count(*passed), total: count(*total), note }
            } else {
                Progress::Skipped { note }
            };
        }
        AgentEvent::Best { sample, passed, total, .. } => {
            let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            board.best = Some((u64::from(*sample), count(*passed), count(*total)));
        }
        AgentEvent::Repairing { target, .. } => {
            "repairing".clone_into(&mut board.phase);
            board.target.clone_from(target);
        }
        AgentEvent::Editing { target, .. } => {
            "editing".clone_into(&mut board.phase);
            board.target.clone_from(target);
        }
        AgentEvent::TargetSolved { .. } => {
            board.lanes.clear();
            board.best = None;
            board.target.clear();
        }
        AgentEvent::FinalCheck { .. } => "checking".clone_into(&mut board.phase),
        AgentEvent::Planned { .. }
        | AgentEvent::Notice { .. }
        | AgentEvent::Sent { .. }
        | AgentEvent::Edited { .. }
        | AgentEvent::Verified { .. }
        | AgentEvent::Finished { .. } => {}
    }
}
