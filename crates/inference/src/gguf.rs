//! The header of a GGUF file, checked before the model library sees it: the library trusts some numbers enough to end the
//! process over them, or to take any amount of memory.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::contract::InferenceError;
use crate::local::tensor_block;

const MAGIC: [u8; 4] = *b"GGUF";
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=3;
/// Most metadata entries; real models have below a hundred.
const ENTRIES_MAX: u64 = 4096;
/// Most tensors; the largest real models have a few thousand.
const TENSORS_MAX: u64 = 1 << 16;
/// Longest key or tensor name.
const NAME_BYTES_MAX: u64 = 1 << 12;
/// Longest single text (chat templates are the longest).
const TEXT_BYTES_MAX: u64 = 1 << 24;
/// Most elements of an array (vocabularies and merges are the longest).
const ARRAY_MAX: u64 = 1 << 24;
/// The format's number for texts.
const KIND_TEXT: u32 = 8;
const DIMENSIONS_MAX: u32 = 4;
const ALIGNMENT_DEFAULT: u64 = 32;

/// What the header says about the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The model's own name, where it has one.
    pub name: Option<String>,
    /// Model family, e.g. `llama`.
    pub architecture: String,
    /// Number of tensors.
    pub tensors: u64,
    /// Where the last tensor ends, in bytes from the file's start.
    pub data_end: u64,
}

/// A metadata value, as far as it is looked at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    /// Element type, number of elements, smallest and largest where they are integers, and whether texts differ.
    Array {
        kind: u32,
        count: u64,
        range: Option<(i64, i64)>,
        distinct: bool,
    },
}

/// The error for a file that cannot be used.
pub(crate) fn corrupt(path: &Path, why: &str) -> InferenceError {
    InferenceError::Corrupt(format!(
        "{} is not a usable GGUF model: {why}. Fetch it again (`edgecoder model pull` for the default model) or give another \
         file",
        path.display()
    ))
}

/// Checks a file's header, and that the file is long enough for every tensor that it announces.
pub fn check_file(path: &Path) -> Result<Header, InferenceError> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => InferenceError::NotFound(format!(
            "there is no model file {}: give another path, or fetch the default model with `edgecoder model pull`",
            path.display()
        )),
        _ => InferenceError::Unavailable(format!("cannot read the model file {}: {error}", path.display())),
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(corrupt(path, "it is not a regular file"));
    }
    check(BufReader::with_capacity(1 << 16, file), metadata.len()).map_err(|why| corrupt(path, &why))
}

/// Checks a header from a reader at the file's start; `length` is the file's length in bytes.
pub(crate) fn check(reader: impl Read, length: u64) -> Result<Header, String> {
    let mut cursor = Cursor { reader, position: 0, length };
    if cursor.bytes::<4>()? != MAGIC {
        return Err("it does not begin with the mark of a GGUF file".to_owned());
    }
    let version = cursor.u32()?;
    if !VERSIONS.contains(&version) {
        return Err(format!("it is of version {version}, and only 2 and 3 are known"));
    }
    let tensors = cursor.u64()?;
    let entries = cursor.u64()?;
    if tensors == 0 || tensors > TENSORS_MAX {
        return Err(format!("it announces {tensors} tensors"));
    }
    if entries > ENTRIES_MAX {
        return Err(format!("it announces {entries} metadata entries"));
    }
    let mut metadata = BTreeMap::new();
    for _ in 0..entries {
        let key = cursor.text(NAME_BYTES_MAX)?;
        let kind = cursor.u32()?;
        let value = cursor.value(kind).map_err(|why| format!("metadata `{}`: {why}", printable(&key)))?;
        if key.is_empty() || metadata.insert(key.clone(), value).is_some() {
            return Err(format!("metadata `{}` is named twice or not at all", printable(&key)));
        }
    }
    let architecture = crate::gguf_rules::check(&metadata)?;
    let alignment = match metadata.get("general.alignment") {
        None => ALIGNMENT_DEFAULT,
        Some(Value::Unsigned(alignment)) if alignment.is_power_of_two() && (8..=1 << 16).contains(alignment) => {
            *alignment
        }
        Some(other) => return Err(format!("its alignment is {other:?}")),
    };
    let data_end = check_tensors(&mut cursor, tensors, alignment)?;
    let name = match metadata.get("general.name") {
        Some(Value::Text(name)) if !name.trim().is_empty() => Some(printable(name)),
        _ => None,
    };
    Ok(Header { name, architecture, tensors, data_end })
}

/// Reads the tensor list and answers where the last tensor's bytes end.
fn check_tensors(cursor: &mut Cursor<impl Read>, tensors: u64, alignment: u64) -> Result<u64, String> {
    let mut ends = Vec::new();
    let mut names = BTreeSet::new();
    for _ in 0..tensors {
        let name = cursor.text(NAME_BYTES_MAX)?;
        let (offset, bytes) = cursor.tensor().map_err(|why| format!("tensor `{}`: {why}", printable(&name)))?;
        if !offset.is_multiple_of(alignment) {
            return Err(format!("tensor `{}` is not aligned", printable(&name)));
        }
        ends.push(offset.checked_add(bytes).ok_or("a tensor's place is out of range")?);
        if !names.insert(name) {
            return Err("a tensor is listed twice".to_owned());
        }
    }
    let data_start = cursor.position.next_multiple_of(alignment);
    let last = ends.into_iter().max().unwrap_or(0);
    let data_end = data_start.checked_add(last).ok_or("the tensors' place is out of range")?;
    if data_end > cursor.length {
        return Err(format!("it ends early: {} of {data_end} bytes are there", cursor.length));
    }
    Ok(data_end)
}

/// A name for a message: no control characters, not endless.
fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(80).collect()
}

struct Cursor<R> {
    reader: R,
    position: u64,
    length: u64,
}

impl<R: Read> Cursor<R> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0_u8; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        self.has(bytes.len() as u64)?;
        self.reader.read_exact(bytes).map_err(|error| format!("it cannot be read: {error}"))?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// Whether that many bytes are left.
    fn has(&self, count: u64) -> Result<(), String> {
        let left = self.length.saturating_sub(self.position);
        if count > left { Err("it ends within its header".to_owned()) } else { Ok(()) }
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, String> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// Texts are bytes to the format; what is not UTF-8 is kept readable.
    fn text(&mut self, bytes_max: u64) -> Result<String, String> {
        self.text_bytes(bytes_max).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn text_bytes(&mut self, bytes_max: u64) -> Result<Vec<u8>, String> {
        let count = self.u64()?;
        if count > bytes_max {
            return Err(format!("a text of {count} bytes in its header"));
        }
        self.has(count)?;
        let mut bytes = vec![0_u8; usize::try_from(count).map_err(|_| "a text too long for this machine")?];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn value(&mut self, kind: u32) -> Result<Value, String> {
        Ok(match kind {
            0 => Value::Unsigned(u64::from(u8::from_le_bytes(self.bytes()?))),
            1 => Value::Signed(i64::from(i8::from_le_bytes(self.bytes()?))),
            2 => Value::Unsigned(u64::from(u16::from_le_bytes(self.bytes()?))),
            3 => Value::Signed(i64::from(i16::from_le_bytes(self.bytes()?))),
            4 => Value::Unsigned(u64::from(self.u32()?)),
            5 => Value::Signed(i64::from(i32::from_le_bytes(self.bytes()?))),
            6 => Value::Float(f64::from(f32::from_le_bytes(self.bytes()?))),
            7 => Value::Bool(self.bytes::<1>()? != [0]),
            8 => Value::Text(self.text(TEXT_BYTES_MAX)?),
            9 => self.array()?,
            10 => Value::Unsigned(self.u64()?),
            11 => Value::Signed(i64::from_le_bytes(self.bytes()?)),
            12 => Value::Float(f64::from_le_bytes(self.bytes()?)),
            kind => return Err(format!("value of unknown type {kind}")),
        })
    }

    fn array(&mut self) -> Result<Value, String> {
        let kind = self.u32()?;
        let count = self.u64()?;
        let smallest: u64 = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            kind => return Err(format!("array of unknown type {kind}")),
        };
        if count > ARRAY_MAX {
            return Err(format!("array of {count} elements"));
        }
        self.has(count * smallest)?;
        let mut range: Option<(i64, i64)> = None;
        let mut texts = HashSet::new();
        let mut distinct = true;
        for _ in 0..count {
            if kind == KIND_TEXT {
                let text = self.text_bytes(TEXT_BYTES_MAX)?;
                // The library gives empty texts names of their own.
                distinct &= text.is_empty() || texts.insert(text);
                continue;
            }
            let number = match self.value(kind)? {
                Value::Unsigned(number) => i64::try_from(number).unwrap_or(i64::MAX),
                Value::Signed(number) => number,
                _ => continue,
            };
            let (low, high) = range.unwrap_or((number, number));
            range = Some((low.min(number), high.max(number)));
        }
        Ok(Value::Array { kind, count, range, distinct })
    }

    /// A tensor's offset within the data and its length, both in bytes.
    fn tensor(&mut self) -> Result<(u64, u64), String> {
        let dimensions = self.u32()?;
        if dimensions == 0 || dimensions > DIMENSIONS_MAX {
            return Err(format!("{dimensions} dimensions"));
        }
        let mut elements = 1_u64;
        let mut row = 0_u64;
        for index in 0..dimensions {
            let size = self.u64()?;
            if index == 0 {
                row = size;
            }
            let total = elements.checked_mul(size).filter(|total| (1..=1 << 48).contains(total));
            elements = total.ok_or_else(|| format!("a dimension of {size}"))?;
        }
        let kind = self.u32()?;
        let offset = self.u64()?;
        let (block_elements, block_bytes) = tensor_block(kind).ok_or_else(|| format!("unknown type {kind}"))?;
        if !row.is_multiple_of(block_elements) {
            return Err(format!("rows of {row} elements in blocks of {block_elements}"));
        }
        let bytes = (elements / block_elements).checked_mul(block_bytes).ok_or("a size out of range")?;
        Ok((offset, bytes))
    }
}
