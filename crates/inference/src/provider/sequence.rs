//! One candidate's stream: bytes in, text out, until its server says why it ended.

use edgecoder_http::client::Head;

use super::ProviderKind;
use super::dialect::{BadPiece, Delta, Finish};
use super::lines::{BadLine, Events, Lines};
use super::{ollama, openai};
use crate::contract::{FinishReason, Generated};
use crate::text_stream::TextStream;

/// A candidate as far as it has come.
#[derive(Debug)]
pub(super) struct Candidate<'stop> {
    kind: ProviderKind,
    lines: Lines,
    events: Events,
    text: TextStream<'stop>,
    /// Pieces that were tokens.
    pieces: u64,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    finish: Option<FinishReason>,
    /// Nothing more is wanted.
    is_done: bool,
    pub(super) is_announced: bool,
}

impl<'stop> Candidate<'stop> {
    pub(super) fn new(kind: ProviderKind, stop: &'stop [String]) -> Self {
        Self {
            kind,
            lines: Lines::default(),
            events: Events::default(),
            text: TextStream::new(stop),
            pieces: 0,
            prompt_tokens: None,
            completion_tokens: None,
            finish: None,
            is_done: false,
            is_announced: false,
        }
    }

    /// Whether the answer is of the kind that was asked for.
    pub(super) fn check_head(&self, head: &Head) -> Result<(), BadPiece> {
        let given = head.get("content-type").unwrap_or("nothing");
        let media = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let (wanted, also) = match self.kind {
            ProviderKind::Ollama => ("application/x-ndjson", "application/json"),
            ProviderKind::OpenAi => ("text/event-stream", "text/event-stream"),
        };
        if media == wanted || media == also {
            return Ok(());
        }
        Err(BadPiece::Malformed(format!("it answers with {given:?} where a stream of {wanted} is wanted")))
    }

    /// Takes bytes. True when nothing more is wanted.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<bool, BadPiece> {
        // What was on its way when the answer ended is of no interest.
        if self.is_done {
            return Ok(true);
        }
        for line in self.lines.push(bytes) {
            self.line(&line.map_err(malformed)?)?;
            if self.is_done {
                break;
            }
        }
        self.says_why()?;
        Ok(self.is_done)
    }

    /// The stream has ended. False when it ended before its answer did.
    pub(super) fn end(&mut self) -> Result<bool, BadPiece> {
        if !self.is_done {
            if let Some(line) = self.lines.finish().map_err(malformed)? {
                self.line(&line)?;
            }
            if let Some(data) = self.events.finish() {
                self.delta(openai::read(&data)?);
            }
        }
        self.says_why()?;
        Ok(self.finish.is_some())
    }

    /// A last word without a reason is what a server sends that another request has interrupted: its text is no whole answer.
    fn says_why(&self) -> Result<(), BadPiece> {
        if self.is_done && self.finish.is_none() {
            let why =
                "it ended an answer without saying why; if it serves one request at a time, set model.parallel to 1";
            return Err(BadPiece::Failed(why.to_owned()));
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<(), BadPiece> {
        match self.kind {
            ProviderKind::OpenAi => {
                if let Some(data) = self.events.push(line) {
                    self.delta(openai::read(&data)?);
                }
            }
            ProviderKind::Ollama if line.trim().is_empty() => {}
            ProviderKind::Ollama => self.delta(ollama::read(line)?),
        }
        Ok(())
    }

    fn delta(&mut self, delta: Delta) {
        self.pieces += u64::from(delta.is_token);
        if let Some((prompt, completion)) = delta.usage {
            self.prompt_tokens = prompt.or(self.prompt_tokens);
            self.completion_tokens = completion.or(self.completion_tokens);
        }
        if !delta.text.is_empty() && self.finish.is_none() && self.text.push(delta.text.as_bytes()) {
            // A stop text of ours: the server need not go on.
            self.finish = Some(FinishReason::Stop);
            self.is_done = true;
            return;
        }
        if let Some(finish) = delta.finish {
            self.finish = self.finish.or(Some(match finish {
                Finish::Stop => FinishReason::Stop,
                Finish::Length => FinishReason::Length,
            }));
        }
        self.is_done |= delta.is_last;
    }

    /// Text that can be shown now.
    pub(super) fn release(&mut self) -> Option<String> {
        self.text.release()
    }

    /// The rest of the text, when it has ended.
    pub(super) fn finish_text(&mut self) -> Option<String> {
        self.text.finish()
    }

    /// Why it ended; without a word of its server it was cancelled.
    pub(super) fn reason(&self) -> FinishReason {
        self.finish.unwrap_or(FinishReason::Cancelled)
    }

    /// Tokens of the prompt, as far as the server told.
    pub(super) fn prompt_tokens(&self) -> Option<u64> {
        self.prompt_tokens
    }

    /// Tokens that it wrote, and whether its server counted them.
    pub(super) fn tokens(&self) -> (u64, bool) {
        self.completion_tokens.map_or((self.pieces, false), |tokens| (tokens, true))
    }

    pub(super) fn into_generated(self) -> Generated {
        let tokens = u32::try_from(self.tokens().0).unwrap_or(u32::MAX);
        let finish = self.reason();
        Generated { text: self.text.into_text(), tokens, finish }
    }
}

fn malformed(BadLine(why): BadLine) -> BadPiece {
    BadPiece::Malformed(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OPENAI: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"de\"}}]}\n\n: ping\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"f €\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\ndata: [DONE]\n\n";
    const OLLAMA: &str = "{\"message\":{\"content\":\"de\"},\"done\":false}\n{\"message\":{\"content\":\"f €\"},\"done\":false}\n{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":7,\"eval_count\":3}\n";

    fn read(kind: ProviderKind, pieces: &[&[u8]]) -> Result<(Option<u64>, Generated), BadPiece> {
        let mut candidate = Candidate::new(kind, &[]);
        for piece in pieces {
            candidate.push(piece)?;
        }
        candidate.end()?;
        candidate.finish_text();
        Ok((candidate.prompt_tokens(), candidate.into_generated()))
    }

    #[test]
    fn streams_read_the_same_however_they_are_cut() {
        for (kind, text) in [(ProviderKind::OpenAi, OPENAI), (ProviderKind::Ollama, OLLAMA)] {
            for cut in 0..=text.len() {
                let (left, right) = text.as_bytes().split_at(cut);
                let (prompt, generated) = read(kind, &[left, right]).unwrap();
                assert_eq!((prompt, generated.text.as_str(), generated.tokens), (Some(7), "def €", 3), "{cut}");
                assert_eq!(generated.finish, FinishReason::Stop);
            }
        }
    }

    #[test]
    fn a_stop_text_ends_a_stream_and_missing_usage_is_counted() {
        let stop = ["f".to_owned()];
        let mut candidate = Candidate::new(ProviderKind::Ollama, &stop);
        assert!(candidate.push(OLLAMA.as_bytes()).unwrap());
        assert!(candidate.push(b"{ nonsense\n").unwrap(), "what follows the end does not count");
        candidate.finish_text();
        assert_eq!(candidate.tokens(), (2, false));
        assert_eq!(candidate.into_generated().text, "de");
    }

    #[test]
    fn what_follows_the_end_does_not_count_in_the_same_piece_either() {
        for (kind, text) in [(ProviderKind::OpenAi, OPENAI), (ProviderKind::Ollama, OLLAMA)] {
            let (_, generated) = read(kind, &[text.as_bytes(), b"\xff\n"]).unwrap();
            assert_eq!(read(kind, &[&[text.as_bytes(), b"\xff\n"].concat()]).unwrap().1, generated);
        }
    }

    #[test]
    fn a_stream_that_ends_early_says_so() {
        let first = OPENAI.split_inclusive("\n\n").next().unwrap();
        let mut candidate = Candidate::new(ProviderKind::OpenAi, &[]);
        assert!(!candidate.push(first.as_bytes()).unwrap());
        assert_eq!(candidate.end(), Ok(false));
        // A server that forgets its last line but said why it ended.
        let mut candidate = Candidate::new(ProviderKind::OpenAi, &[]);
        candidate.push(OPENAI.trim_end().strip_suffix("data: [DONE]").unwrap().as_bytes()).unwrap();
        assert_eq!(candidate.end(), Ok(true));
    }

    #[test]
    fn an_answer_that_ends_without_a_reason_is_none() {
        let first = OPENAI.split_inclusive("\n\n").next().unwrap();
        for text in [format!("{first}data: [DONE]\n\n"), "data: [DONE]\n\n".to_owned(), format!("{first}data: [DONE]")]
        {
            let mut candidate = Candidate::new(ProviderKind::OpenAi, &[]);
            let ended = candidate.push(text.as_bytes()).and_then(|_| candidate.end());
            assert!(matches!(&ended, Err(BadPiece::Failed(why)) if why.contains("without saying why")), "{ended:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_a_stream(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0_usize..300) {
            for (kind, text) in [(ProviderKind::OpenAi, OPENAI), (ProviderKind::Ollama, OLLAMA)] {
                let (left, right) = text.as_bytes().split_at(at.min(text.len()));
                // Any outcome but a panic; what is read is the text of the server at most.
                if let Ok((_, generated)) = read(kind, &[left, &bytes, right]) {
                    prop_assert!(generated.text.len() <= bytes.len() + text.len());
                }
            }
        }
    }
}
