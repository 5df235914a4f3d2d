//! Changes of inputs: bytes, words, lines, numbers, JSON, parts of other inputs.

use edgecoder_testkit::programs::SplitMix;
use serde_json::Value;

use crate::draw::{SEPARATOR, below};

/// Numbers at whose places things go wrong.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "2",
    "7",
    "255",
    "65536",
    "4294967295",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "1e999",
    "0.1",
    "1e-7",
    "00",
    "0x10",
];
/// Bytes and characters at whose places things go wrong.
const ODD: &[&str] = &[
    "\0", "\n", "\r", "\r\n", "\t", "\u{c}", "\u{b}", " ", "\\", "\\\n", "\"", "'", "`", "\u{feff}", "\u{85}",
    "\u{2028}", "\u{a0}", "é", "€", "𝒳", "🦀", "ı", "ﬁ", "\u{202e}", "\u{301}", "../", "/", "//", "%00", "{", "}", "[",
    "]", "(", ")", ":", ";", ",", "#", "/*", "*/", "\"\"\"", "'''", "${", "\u{1}",
];

/// What an input is changed with.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Words of the target's language.
    pub words: &'a [&'a str],
    /// Other inputs.
    pub others: &'a [Vec<u8>],
}

/// The input with one to several changes, at most `bytes_max` long.
pub fn mutate(input: &[u8], sources: Sources<'_>, random: &mut SplitMix, bytes_max: usize) -> Vec<u8> {
    let mut data = input.to_vec();
    let changes = 1 + below(random, 4) * below(random, 2) + below(random, 2);
    for _ in 0..changes {
        change(&mut data, sources, random);
        data.truncate(bytes_max);
    }
    data
}

fn change(data: &mut Vec<u8>, sources: Sources<'_>, random: &mut SplitMix) {
    match below(random, 16) {
        0 => flip(data, random),
        1 => insert(data, &[random_byte(random)], random),
        2 => remove(data, random),
        3 | 4 => insert(data, word(sources.words, random).as_bytes(), random),
        5 => replace_token(data, word(sources.words, random).as_bytes(), random),
        6 => insert(data, pick(ODD, random).as_bytes(), random),
        7 => replace_number(data, random),
        8 => copy_within(data, random),
        9 | 10 => lines(data, random),
        11 => splice(data, sources.others, random),
        12 => repeat(data, random),
        13 => replace_by_own_token(data, random),
        14 => {
            if !json(data, random) {
                lines(data, random);
            }
        }
        _ => {
            if !json(data, random) {
                flip(data, random);
            }
        }
    }
    if below(random, 400) == 0 {
        insert(data, SEPARATOR.as_bytes(), random);
    }
}

fn random_byte(random: &mut SplitMix) -> u8 {
    random.next_u64().to_le_bytes()[0]
}

fn pick<'a>(choices: &'a [&'a str], random: &mut SplitMix) -> &'a str {
    choices.get(below(random, choices.len())).copied().unwrap_or_default()
}

fn word<'a>(words: &'a [&'a str], random: &mut SplitMix) -> &'a str {
    if words.is_empty() { pick(ODD, random) } else { pick(words, random) }
}

fn flip(data: &mut [u8], random: &mut SplitMix) {
    let (at, bit) = (below(random, data.len()), below(random, 9));
    if let Some(byte) = data.get_mut(at) {
        *byte = if bit == 8 { random_byte(random) } else { *byte ^ 1 << bit };
    }
}

fn insert(data: &mut Vec<u8>, bytes: &[u8], random: &mut SplitMix) {
    let at = below(random, data.len() + 1);
    data.splice(at..at, bytes.iter().copied());
}

/// A range of some length, shorter ones more often.
fn range(length: usize, random: &mut SplitMix) -> std::ops::Range<usize> {
    let start = below(random, length);
    let most = 1 << below(random, 10);
    start..(start + 1 + below(random, most)).min(length)
}

fn remove(data: &mut Vec<u8>, random: &mut SplitMix) {
    if !data.is_empty() {
        let range = range(data.len(), random);
        data.drain(range);
    }
}

fn copy_within(data: &mut Vec<u8>, random: &mut SplitMix) {
    if !data.is_empty() {
        let piece = data.get(range(data.len(), random)).unwrap_or_default().to_vec();
        insert(data, &piece, random);
    }
}

/// Many times the same: depth and length.
fn repeat(data: &mut Vec<u8>, random: &mut SplitMix) {
    if !data.is_empty() {
        let start = below(random, data.len());
        let end = (start + 1 + below(random, 24)).min(data.len());
        let piece = data.get(start..end).unwrap_or_default().to_vec();
        let times = 1 << below(random, 11);
        data.splice(start..start, piece.repeat(times));
    }
}

/// A piece of another input in place of a piece of this one.
fn splice(data: &mut Vec<u8>, others: &[Vec<u8>], random: &mut SplitMix) {
    let Some(other) = others.get(below(random, others.len())).filter(|other| !other.is_empty()) else { return };
    let piece = other.get(range(other.len(), random)).unwrap_or_default();
    let place = if data.is_empty() { 0..0 } else { range(data.len(), random) };
    data.splice(place, piece.iter().copied());
}

fn lines(data: &mut Vec<u8>, random: &mut SplitMix) {
    let mut lines: Vec<Vec<u8>> = data.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let (one, other) = (below(random, lines.len()), below(random, lines.len()));
    if lines.is_empty() {
        return;
    }
    match below(random, 6) {
        0 => lines.swap(one, other),
        1 => drop(lines.remove(one)),
        2 => lines.insert(other, lines.get(one).cloned().unwrap_or_default()),
        3 => {
            // Deeper by one step, it and what follows.
            let end = (one + 1 + below(random, 4)).min(lines.len());
            lines.iter_mut().take(end).skip(one).for_each(|line| drop(line.splice(0..0, *b"    ")));
        }
        4 => {
            if let Some(line) = lines.get_mut(one) {
                let blanks = line.iter().take_while(|byte| **byte == b' ').count();
                line.drain(..blanks.min(1 + below(random, 4)));
            }
        }
        _ => {
            if let Some(line) = lines.get_mut(one)
                && line.last() == Some(&b'\n')
            {
                line.pop();
            }
        }
    }
    *data = lines.concat();
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The places of words and numbers.
fn tokens(data: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, byte) in data.iter().enumerate() {
        match found.last_mut() {
            _ if !is_token(*byte) => {}
            Some(last) if last.end == at => last.end = at + 1,
            _ => found.push(at..at + 1),
        }
    }
    found
}

fn replace_token(data: &mut Vec<u8>, by: &[u8], random: &mut SplitMix) {
    let places = tokens(data);
    if let Some(place) = places.get(below(random, places.len())) {
        data.splice(place.clone(), by.iter().copied());
    }
}

fn replace_by_own_token(data: &mut Vec<u8>, random: &mut SplitMix) {
    let places = tokens(data);
    let Some(place) = places.get(below(random, places.len())) else { return };
    let token = data.get(place.clone()).unwrap_or_default().to_vec();
    replace_token(data, &token, random);
}

fn replace_number(data: &mut Vec<u8>, random: &mut SplitMix) {
    let mut places = tokens(data);
    places.retain(|place| data.get(place.start).is_some_and(u8::is_ascii_digit));
    match places.get(below(random, places.len())) {
        Some(place) => drop(data.splice(place.clone(), pick(NUMBERS, random).bytes())),
        None => insert(data, pick(NUMBERS, random).as_bytes(), random),
    }
}

/// Changes a JSON object that stands somewhere in the input. False when there is none.
fn json(data: &mut Vec<u8>, random: &mut SplitMix) -> bool {
    let starts: Vec<usize> = data.iter().enumerate().filter(|(_, byte)| **byte == b'{').map(|(at, _)| at).collect();
    // The first is often the whole.
    let choice = if below(random, 2) == 0 { 0 } else { below(random, starts.len()) };
    let Some(start) = starts.get(choice).copied() else { return false };
    let mut values = serde_json::Deserializer::from_slice(data.get(start..).unwrap_or_default()).into_iter::<Value>();
    let Some(Ok(mut value)) = values.next() else { return false };
    let end = start + values.byte_offset();
    let nodes = count(&value);
    let mut at = below(random, nodes);
    let other = nth(&value, &mut below(random, nodes)).cloned().unwrap_or_default();
    if let Some(node) = nth_mut(&mut value, &mut at) {
        change_value(node, other, random);
    }
    data.splice(start..end, value.to_string().into_bytes());
    true
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn count(value: &Value) -> usize {
    1 + children(value).into_iter().map(count).sum::<usize>()
}

fn nth<'v>(value: &'v Value, at: &mut usize) -> Option<&'v Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    children(value).into_iter().find_map(|child| nth(child, at))
}

fn nth_mut<'v>(value: &'v mut Value, at: &mut usize) -> Option<&'v mut Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    let children: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(members) => members.values_mut().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    children.into_iter().find_map(|child| nth_mut(child, at))
}

fn change_value(value: &mut Value, other: Value, random: &mut SplitMix) {
    if below(random, 3) == 0 {
        *value = match below(random, 6) {
            0 => Value::Null,
            1 => Value::Bool(random.next_u64().is_multiple_of(2)),
            2 => serde_json::from_str(pick(NUMBERS, random)).unwrap_or_default(),
            3 => Value::String(pick(ODD, random).repeat(1 + below(random, 3))),
            4 => Value::Array(vec![other; below(random, 3)]),
            _ => other,
        };
        return;
    }
    match value {
        Value::Object(members) => {
            let names: Vec<String> = members.keys().cloned().collect();
            let Some(name) = names.get(below(random, names.len())).cloned() else { return };
            match below(random, 3) {
                0 => drop(members.remove(&name)),
                1 => drop(members.insert(format!("{name}{}", pick(ODD, random)), other)),
                _ => drop(members.insert(name, other)),
            }
        }
        Value::Array(items) => match below(random, 3) {
            0 => drop((!items.is_empty()).then(|| items.remove(below(random, items.len())))),
            1 => items.push(other),
            _ => {
                let (one, two) = (below(random, items.len()), below(random, items.len()));
                if !items.is_empty() {
                    items.swap(one, two);
                }
            }
        },
        Value::String(text) => {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let at = places.get(below(random, places.len())).copied().unwrap_or(0);
            match below(random, 3) {
                0 => text.truncate(at),
                1 => text.insert_str(at, pick(ODD, random)),
                _ => {
                    if let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
                        let odd = if first == '0' { "1" } else { "0" };
                        text.replace_range(at..at + first.len_utf8(), odd);
                    }
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            *value = serde_json::from_str(pick(NUMBERS, random)).unwrap_or_default();
        }
    }
}
