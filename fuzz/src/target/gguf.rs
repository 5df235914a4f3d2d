//! Headers of model files: what is accepted lies within the file, and reading one takes no more memory than the file has.

use anyhow::{Result, ensure};
use edgecoder_inference::gguf::check_file;

use super::{Check, Target};
use crate::material;

pub(super) const TARGET: Target = Target {
    name: "gguf",
    about: "headers of model files: every tensor lies within the file, names can be printed",
    words: WORDS,
    grammar: None,
    smoke_cases: 8_000,
    open,
};

fn open() -> Result<Check> {
    let scratch = material::scratch()?;
    Ok(Box::new(move |data| {
        let path = scratch.path().join("model.gguf");
        std::fs::write(&path, data)?;
        match check_file(&path) {
            Err(error) => ensure!(error.code() == "model_corrupt", "another error: {error}"),
            Ok(header) => {
                ensure!(header.data_end <= data.len() as u64, "a tensor ends at {}", header.data_end);
                ensure!(header.tensors > 0, "no tensors");
                let names = header.name.iter().chain([&header.architecture]);
                ensure!(names.into_iter().all(|name| !name.contains(['\0', '\u{1b}'])), "{header:?}");
            }
        }
        Ok(())
    }))
}

const WORDS: &[&str] = &[
    "GGUF",
    "\u{3}\0\0\0",
    "\u{8}\0\0\0",
    "\u{9}\0\0\0",
    "\u{4}\0\0\0",
    "\0\0\0\0\0\0\0\0",
    "\u{1}\0\0\0\0\0\0\0",
    "\u{7f}\0\0\0\0\0\0\0",
    "general.architecture",
    "general.alignment",
    "general.name",
    "llama",
    "tokenizer.ggml.tokens",
    "tokenizer.ggml.model",
    "llama.context_length",
    "llama.attention.head_count",
    "split.count",
    "\u{1b}[2J",
];
