//! The loop as a state machine.
//!
//! ```text
//! Planning ──Planned──▶ Coding ──Generated──▶ Testing ──NotSolved──▶ Repairing ──Generated──▶ Testing …
//!    │                    ▲                      │ TargetSolved: the next missing piece
//!    │                    └──────────────────────┘
//!    └─▶ AlreadyPassing            Testing ──▶ Verified | SelfTested
//! any of the four ──▶ Exhausted (budget) | Escalated (a person or a larger model has to look) | Cancelled
//! ```
//!
//! `AlreadyPassing` is an ending of its own: the oracle did not fail before the first candidate,
//! so nothing that the agent writes could be proven by it.

use serde::{Deserialize, Serialize};

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Finds the oracle, sees it fail, finds what is to be written.
    Planning,
    /// First candidates for a target are being written; each is run as soon as it ends.
    Coding,
    /// A batch is written and run: it is decided how to go on.
    Testing,
    /// Further candidates are being written and run, some of them from the error of the best one.
    Repairing,
    /// The executor's receipt for the exact final code says that every expected test passed.
    Verified,
    /// Only tests that the model wrote itself pass.
    SelfTested,
    /// The oracle passes without any change.
    AlreadyPassing,
    /// The budget is spent.
    Exhausted,
    /// Somebody else has to go on; the reason is in the report.
    Escalated,
    /// The user stopped it. `resume` continues.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Planning,
        Self::Coding,
        Self::Testing,
        Self::Repairing,
        Self::Verified,
        Self::SelfTested,
        Self::AlreadyPassing,
        Self::Exhausted,
        Self::Escalated,
        Self::Cancelled,
    ];

    /// Whether nothing can follow, except that `resume` reopens `Cancelled`.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Planning | Self::Coding | Self::Testing | Self::Repairing => false,
            Self::Verified
            | Self::SelfTested
            | Self::AlreadyPassing
            | Self::Exhausted
            | Self::Escalated
            | Self::Cancelled => true,
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateEvent {
    /// Oracle and first target are known, and the oracle fails.
    Planned,
    /// The oracle passes already.
    AlreadyPasses,
    /// A batch of candidates was written.
    Generated,
    /// None of the batch solves the target.
    NotSolved,
    /// The target is solved (or left at its best); another one follows.
    TargetSolved,
    /// Every expected test passed on the exact final tree, with a receipt.
    AllPassed,
    /// Every test of the model's own passed.
    SelfTestsPassed,
    /// The budget is spent.
    BudgetSpent,
    /// The agent cannot go on by itself.
    Escalate,
    /// The user asked to stop.
    Cancel,
}

impl StateEvent {
    /// Every event.
    pub const ALL: [Self; 10] = [
        Self::Planned,
        Self::AlreadyPasses,
        Self::Generated,
        Self::NotSolved,
        Self::TargetSolved,
        Self::AllPassed,
        Self::SelfTestsPassed,
        Self::BudgetSpent,
        Self::Escalate,
        Self::Cancel,
    ];
}

/// A step that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// Before.
    pub from: State,
    /// Why.
    pub event: StateEvent,
    /// After.
    pub to: State,
}

/// A step that the machine does not have: a fault of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} cannot happen in state {from:?}")]
pub struct InvalidTransition {
    /// The state.
    pub from: State,
    /// The event.
    pub event: StateEvent,
}

/// The machine. Pure; the shell journals what it returns.
///
/// # Errors
/// [`InvalidTransition`] for every pair that the diagram does not show.
pub fn apply(state: State, event: StateEvent) -> Result<Transition, InvalidTransition> {
    use State as S;
    use StateEvent as E;
    let to = match (state, event) {
        (S::Planning, E::Planned) | (S::Testing, E::TargetSolved) => S::Coding,
        (S::Planning, E::AlreadyPasses) => S::AlreadyPassing,
        (S::Coding | S::Repairing, E::Generated) => S::Testing,
        (S::Testing, E::NotSolved) => S::Repairing,
        (S::Testing, E::AllPassed) => S::Verified,
        (S::Testing, E::SelfTestsPassed) => S::SelfTested,
        (S::Coding | S::Testing | S::Repairing, E::BudgetSpent) => S::Exhausted,
        (S::Planning | S::Coding | S::Testing | S::Repairing, E::Escalate) => S::Escalated,
        (S::Planning | S::Coding | S::Testing | S::Repairing, E::Cancel) => S::Cancelled,
        (
            S::Planning,
            E::Generated | E::NotSolved | E::TargetSolved | E::AllPassed | E::SelfTestsPassed | E::BudgetSpent,
        )
        | (
            S::Coding | S::Repairing,
            E::Planned | E::AlreadyPasses | E::NotSolved | E::TargetSolved | E::AllPassed | E::SelfTestsPassed,
        )
        | (S::Testing, E::Planned | E::AlreadyPasses | E::Generated)
        | (S::Verified | S::SelfTested | S::AlreadyPassing | S::Exhausted | S::Escalated | S::Cancelled, _) => {
            return Err(InvalidTransition { from: state, event });
        }
    };
    Ok(Transition { from: state, event, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state × every event against the table; what the table does not list is refused.
    #[test]
    fn table_of_all_pairs() {
        use State as S;
        use StateEvent as E;
        let allowed = [
            (S::Planning, E::Planned, S::Coding),
            (S::Planning, E::AlreadyPasses, S::AlreadyPassing),
            (S::Planning, E::Escalate, S::Escalated),
            (S::Planning, E::Cancel, S::Cancelled),
            (S::Coding, E::Generated, S::Testing),
            (S::Coding, E::BudgetSpent, S::Exhausted),
            (S::Coding, E::Escalate, S::Escalated),
            (S::Coding, E::Cancel, S::Cancelled),
            (S::Testing, E::NotSolved, S::Repairing),
            (S::Testing, E::TargetSolved, S::Coding),
            (S::Testing, E::AllPassed, S::Verified),
            (S::Testing, E::SelfTestsPassed, S::SelfTested),
            (S::Testing, E::BudgetSpent, S::Exhausted),
            (S::Testing, E::Escalate, S::Escalated),
            (S::Testing, E::Cancel, S::Cancelled),
            (S::Repairing, E::Generated, S::Testing),
            (S::Repairing, E::BudgetSpent, S::Exhausted),
            (S::Repairing, E::Escalate, S::Escalated),
            (S::Repairing, E::Cancel, S::Cancelled),
        ];
        for from in State::ALL {
            for event in StateEvent::ALL {
                let wanted = allowed.iter().find(|row| row.0 == from && row.1 == event).map(|row| row.2);
                assert_eq!(apply(from, event).ok().map(|step| step.to), wanted, "{from:?} × {event:?}");
            }
            assert_eq!(from.is_terminal(), !allowed.iter().any(|row| row.0 == from), "{from:?}");
        }
    }
}
