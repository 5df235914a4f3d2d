//! Streams of model servers: however their bytes fall, they say the same.

use anyhow::{Result, ensure};
use edgecoder_inference::provider::ProviderKind;
use edgecoder_inference::provider::fuzzing::{Read, read};

use super::Target;
use crate::draw::{cut, decisions, pieces};

pub(super) const TARGET: Target = Target {
    name: "stream",
    about: "server-sent events and lines of JSON: the same text and end however the bytes are cut",
    words: WORDS,
    grammar: None,
    smoke_cases: 12_000,
    open: || Ok(Box::new(one)),
};

/// Most stop texts.
const STOPS_MAX: usize = 6;
/// Longest stop text, in bytes.
const STOP_BYTES_MAX: usize = 24;

/// A line `openai` or `ollama` with stop texts behind bars, then the stream.
fn one(data: &[u8]) -> Result<()> {
    let (head, stream) = match pieces(data).as_slice() {
        [head, stream, ..] => (String::from_utf8_lossy(head).into_owned(), stream.to_vec()),
        _ => ("openai".to_owned(), data.to_vec()),
    };
    let mut words = head.split('|').map(str::to_owned);
    let kind =
        if words.next().is_some_and(|kind| kind == "ollama") { ProviderKind::Ollama } else { ProviderKind::OpenAi };
    // Stop texts are our own: few and short.
    let stops: Vec<String> = words.filter(|stop| (1..=STOP_BYTES_MAX).contains(&stop.len())).take(STOPS_MAX).collect();
    let whole = read(kind, &stops, &[&stream]);
    if let Ok(read) = &whole {
        holds(read, &stops, stream.len())?;
    }
    let mut random = decisions(data);
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    let (few, many) = (cut(&mut random, &stream, 3), cut(&mut random, &stream, 40));
    for pieces in [bytes, few, many] {
        let other = read(kind, &stops, &pieces);
        match (&whole, &other) {
            (Ok(one), Ok(other)) => {
                ensure!(one.generated == other.generated, "cut otherwise: {one:?}, {other:?}");
                ensure!(one.shown.concat() == other.shown.concat(), "shown otherwise: {one:?}, {other:?}");
                ensure!(
                    (one.prompt_tokens, one.is_whole) == (other.prompt_tokens, other.is_whole),
                    "{one:?}, {other:?}"
                );
                holds(other, &stops, stream.len())?;
            }
            (Err(one), Err(other)) => ensure!(one == other, "another error: {one}, {other}"),
            (one, other) => ensure!(false, "an error in one cut only: {one:?}, {other:?}"),
        }
    }
    Ok(())
}

/// What is shown is the text, no stop is in it, and it is not longer than what came.
fn holds(read: &Read, stops: &[String], came: usize) -> Result<()> {
    let text = &read.generated.text;
    ensure!(read.shown.concat() == *text, "shown is {:?}, but the text {text:?}", read.shown);
    ensure!(stops.iter().all(|stop| !text.contains(stop.as_str())), "a stop in {text:?}");
    // A byte that is no character becomes one of three bytes.
    ensure!(text.len() <= 3 * came, "{} bytes of text from {came}", text.len());
    Ok(())
}

const WORDS: &[&str] = &[
    "data: ",
    "data:",
    "\n\n",
    "\r\n",
    "[DONE]",
    "event: x\n",
    ": ping\n",
    "id: 1\n",
    "retry: 1\n",
    "openai|",
    "ollama|",
    "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
    "\"finish_reason\":\"stop\"",
    "\"finish_reason\":\"length\"",
    "\"text\":\"x\"",
    "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}",
    "{\"error\":{\"message\":\"no\"}}",
    "\"reasoning_content\":\"hm\"",
    "{\"message\":{\"content\":\"a\"},\"done\":false}",
    "\"done\":true",
    "\"done_reason\":\"length\"",
    "\"eval_count\":3",
    "\\u20ac",
    "\\ud83d",
    "\\ude00",
    "€",
    "def ",
    "\\n",
    "null",
    "\n====\n",
];
