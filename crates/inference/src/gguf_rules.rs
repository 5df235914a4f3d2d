//! What a model's metadata must say to be safe to load: the numbers that the library divides by, allocates by, or asserts.

use std::collections::BTreeMap;

use crate::gguf::Value;

/// Bounds of the architecture's numbers: key after the architecture's name, lowest, highest.
const NUMBERS: &[(&str, u64, u64)] = &[
    ("block_count", 1, 512),
    ("context_length", 1, 1 << 26),
    ("embedding_length", 1, 1 << 18),
    ("feed_forward_length", 1, 1 << 22),
    ("attention.head_count", 1, 1 << 12),
    ("attention.head_count_kv", 1, 1 << 12),
    ("attention.key_length", 1, 1 << 14),
    ("attention.value_length", 1, 1 << 14),
    ("rope.dimension_count", 1, 1 << 14),
    ("vocab_size", 1, 1 << 24),
    ("expert_count", 0, 1 << 12),
    ("expert_used_count", 0, 1 << 12),
];

/// Tokens that the vocabulary names by number.
const TOKEN_IDS: &[&str] = &["bos", "eos", "eot", "unknown", "unk", "padding", "separator", "seperator", "mask", "cls"];

type Metadata = BTreeMap<String, Value>;

/// Checks and answers the architecture.
pub(crate) fn check(metadata: &Metadata) -> Result<String, String> {
    let Some(Value::Text(architecture)) = metadata.get("general.architecture") else {
        return Err("it does not say its architecture".to_owned());
    };
    if let Some(Value::Unsigned(parts)) = metadata.get("split.count")
        && *parts > 1
    {
        return Err(format!("it is one of {parts} parts of a split model: join them into one file first"));
    }
    for (key, low, high) in NUMBERS {
        let key = format!("{architecture}.{key}");
        match metadata.get(&key) {
            None => {}
            Some(Value::Unsigned(number)) if (low..=high).contains(&number) => {}
            Some(Value::Array { range: Some((least, most)), .. }) if *least >= 0 && most.unsigned_abs() <= *high => {}
            Some(other) => return Err(format!("`{key}` is {other:?}, outside of {low} to {high}")),
        }
    }
    check_heads(metadata, architecture)?;
    check_vocabulary(metadata)?;
    Ok(architecture.clone())
}

fn number(metadata: &Metadata, key: &str) -> Option<u64> {
    match metadata.get(key) {
        Some(Value::Unsigned(number)) => Some(*number),
        _ => None,
    }
}

fn check_heads(metadata: &Metadata, architecture: &str) -> Result<(), String> {
    let number = |key: &str| number(metadata, &format!("{architecture}.{key}"));
    if let (Some(heads), Some(shared)) = (number("attention.head_count"), number("attention.head_count_kv"))
        && (shared > heads || !heads.is_multiple_of(shared))
    {
        return Err(format!("{heads} attention heads over {shared}"));
    }
    if let (Some(width), Some(heads)) = (number("embedding_length"), number("attention.head_count"))
        && number("attention.key_length").is_none()
        && !width.is_multiple_of(heads)
    {
        return Err(format!("an embedding of {width} over {heads} heads"));
    }
    if let (Some(experts), Some(used)) = (number("expert_count"), number("expert_used_count"))
        && (used > experts || (experts > 0) != (used > 0))
    {
        return Err(format!("{used} of {experts} experts"));
    }
    Ok(())
}

fn check_vocabulary(metadata: &Metadata) -> Result<(), String> {
    let tokens = match metadata.get("tokenizer.ggml.tokens") {
        Some(Value::Array { kind: 8, count, distinct: true, .. }) if *count > 0 => *count,
        Some(Value::Array { kind: 8, distinct: false, .. }) => {
            return Err("its vocabulary has a token twice".to_owned());
        }
        _ => return Err("it has no vocabulary".to_owned()),
    };
    for (key, kinds) in [("scores", &[6_u32][..]), ("token_type", &[4, 5])] {
        match metadata.get(&format!("tokenizer.ggml.{key}")) {
            None => {}
            Some(Value::Array { kind, count, .. }) if kinds.contains(kind) && *count == tokens => {}
            Some(_) => return Err(format!("its vocabulary's `{key}` do not match its {tokens} tokens")),
        }
    }
    match metadata.get("tokenizer.ggml.merges") {
        None | Some(Value::Array { kind: 8, .. }) => {}
        Some(_) => return Err("its vocabulary's `merges` are not texts".to_owned()),
    }
    for name in TOKEN_IDS {
        let key = format!("tokenizer.ggml.{name}_token_id");
        match metadata.get(&key) {
            None => {}
            Some(Value::Unsigned(id)) if *id < tokens => {}
            // Minus one, written without a sign, stands for none.
            Some(Value::Unsigned(id)) if *id == u64::from(u32::MAX) => {}
            Some(other) => return Err(format!("`{key}` is {other:?}, but there are {tokens} tokens")),
        }
    }
    Ok(())
}
