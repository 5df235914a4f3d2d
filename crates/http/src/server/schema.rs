//! JSON schemas of the types that cross the wire, found by asking their own `Deserialize`: what it wants to read is what the
//! schema says, so the two cannot differ. Nothing has to be declared twice.
//!
//! A type is read again and again from made-up values: once whole, once for each variant of an enum, once without each field
//! to see whether it is required. What reads itself from anything, such as an internally tagged enum, has the schema of
//! anything.

mod reader;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeOwned};
use serde_json::{Map, Value, json};

use reader::Reader;

/// Most readings of one type.
const READINGS_MAX: usize = 2_000;
/// What a text may have to look like, and how the schema then says so.
const TEXTS: [(&str, &str); 11] = [
    ("", ""),
    ("acct_00000000000000000000000000", "^acct_[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
    ("job_00000000000000000000000000", "^job_[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
    ("lease_00000000000000000000000000", "^lease_[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
    ("node_00000000000000000000000000", "^node_[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
    ("report_00000000000000000000000000", "^report_[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
    ("run_00000000000000000000000000", "^run_[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
    ("task_00000000000000000000000000", "^task_[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
    ("token_00000000000000000000000000", "^token_[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
    ("0000000000000000000000000000000000000000000000000000000000000000", "^[0-9a-f]{64}$"),
    ("a", "."),
];

/// A JSON schema, of the dialect that `OpenAPI` 3.1 uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema(pub Value);

/// The schema of a type; that of anything where the type does not say what it reads.
pub fn schema_of<T: DeserializeOwned>() -> Schema {
    Schema(read_schema::<T>().unwrap_or_else(|_| json!({})))
}

/// What one reading is to do, and what it found.
#[derive(Default)]
struct Reading {
    /// Which text of [`TEXTS`] stands at a path.
    texts: BTreeMap<String, usize>,
    /// Which variant is read at a path.
    choices: BTreeMap<String, usize>,
    /// A field that is left out.
    omitted: Option<String>,
    /// An object that is given a field that it can't know.
    extended: Option<String>,
    /// Where reading failed.
    failed: Option<String>,
    /// Fields and objects that were met.
    fields: Vec<String>,
    objects: Vec<String>,
    /// Enums that were met, and their variants.
    enums: BTreeMap<String, &'static [&'static str]>,
}

#[derive(Debug)]
struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string())
    }
}

fn read_schema<T: DeserializeOwned>() -> Result<Value, Refusal> {
    let mut reading = Reading::default();
    let mut readings = 0;
    let mut tree = whole::<T>(&mut reading, &mut readings)?;
    let mut variants: BTreeMap<String, BTreeMap<usize, Value>> = BTreeMap::new();
    let mut waiting: Vec<(String, usize)> = Vec::new();
    let mut seen: BTreeMap<String, &'static [&'static str]> = BTreeMap::new();
    loop {
        for (path, names) in std::mem::take(&mut reading.enums) {
            if seen.insert(path.clone(), names).is_none() {
                waiting.extend((0..names.len()).map(|index| (path.clone(), index)));
            }
        }
        let Some((path, index)) = waiting.pop() else { break };
        reading.choices.insert(path.clone(), index);
        let one = whole::<T>(&mut reading, &mut readings)?;
        if let Some(found) = at_enum(&one, &path) {
            variants.entry(path).or_default().insert(index, found);
        }
    }
    let required = required_fields::<T>(&mut reading, &mut readings, &variants);
    assemble(&mut tree, &variants, &required);
    Ok(tree)
}

/// Reads until every text is one that is taken.
fn whole<T: DeserializeOwned>(reading: &mut Reading, readings: &mut usize) -> Result<Value, Refusal> {
    loop {
        let (end, tree) = once::<T>(reading, readings)?;
        let Err(refusal) = end else { return Ok(tree) };
        let text = reading.texts.entry(reading.failed.clone().unwrap_or_default()).or_insert(0);
        *text += 1;
        if *text >= TEXTS.len() {
            return Err(refusal);
        }
    }
}

fn once<T: DeserializeOwned>(
    reading: &mut Reading,
    readings: &mut usize,
) -> Result<(Result<(), Refusal>, Value), Refusal> {
    *readings += 1;
    if *readings > READINGS_MAX {
        return Err(Refusal("too many variants".to_owned()));
    }
    (reading.failed, reading.fields, reading.objects) = (None, Vec::new(), Vec::new());
    let (run, out) = (RefCell::new(std::mem::take(reading)), RefCell::new(Value::Null));
    let end = T::deserialize(Reader { run: &run, out: &out, path: String::new(), depth: 0 }).map(|_| ());
    *reading = run.into_inner();
    Ok((end, out.into_inner()))
}

/// Which fields can't be left out, and which objects take no others. Each is tried by itself, within the variant that it is of.
fn required_fields<T: DeserializeOwned>(
    reading: &mut Reading,
    readings: &mut usize,
    variants: &BTreeMap<String, BTreeMap<usize, Value>>,
) -> BTreeMap<String, bool> {
    let mut required = BTreeMap::new();
    let mut choices = vec![BTreeMap::new()];
    for (path, of_path) in variants {
        choices.extend(of_path.keys().map(|index| BTreeMap::from([(path.clone(), *index)])));
    }
    for choice in choices {
        // A variant inside a variant is reached by the choices that its path holds.
        let mut choice = choice;
        for (path, names) in variants.keys().map(|path| (path, variants.get(path))) {
            let inside = choice.keys().next().filter(|inner| inner.starts_with(&format!("{path}|"))).cloned();
            if let (Some(inner), Some(names)) = (inside, names) {
                let rest = inner.get(path.len() + 1..).unwrap_or_default();
                let index = names.keys().find(|index| rest.split('/').next() == Some(&index.to_string()));
                choice.extend(index.map(|index| (path.clone(), *index)));
            }
        }
        reading.choices = choice;
        let Ok((Ok(()), _)) = once::<T>(reading, readings) else { continue };
        let (fields, objects) = (std::mem::take(&mut reading.fields), std::mem::take(&mut reading.objects));
        for field in fields.into_iter().filter(|field| !required.contains_key(field)).collect::<Vec<_>>() {
            reading.omitted = Some(field.clone());
            let is_required = !matches!(once::<T>(reading, readings), Ok((Ok(()), _)));
            reading.omitted = None;
            required.insert(field, is_required);
        }
        for object in objects {
            let name = format!("{object}{{}}");
            reading.extended = Some(object);
            let is_closed = !matches!(once::<T>(reading, readings), Ok((Ok(()), _)));
            reading.extended = None;
            required.entry(name).or_insert(is_closed);
        }
    }
    required
}

/// What was found at an enum's place.
fn at_enum(tree: &Value, path: &str) -> Option<Value> {
    match tree {
        Value::Object(map) if map.get("$enum").and_then(Value::as_str) == Some(path) => map.get("$variant").cloned(),
        Value::Object(map) => map.values().find_map(|value| at_enum(value, path)),
        Value::Array(items) => items.iter().find_map(|value| at_enum(value, path)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Puts the variants in their places, and says what is required.
fn assemble(tree: &mut Value, variants: &BTreeMap<String, BTreeMap<usize, Value>>, required: &BTreeMap<String, bool>) {
    let Value::Object(map) = tree else { return };
    if let Some(path) = map.get("$enum").and_then(Value::as_str) {
        let mut of_path: Vec<Value> = variants.get(path).map(|all| all.values().cloned().collect()).unwrap_or_default();
        let names: Option<Vec<Value>> = of_path.iter().map(|variant| variant.get("const").cloned()).collect();
        if let Some(names) = names {
            *tree = json!({"type": "string", "enum": names});
            return;
        }
        for variant in &mut of_path {
            assemble(variant, variants, required);
        }
        *tree = json!({"oneOf": of_path});
        return;
    }
    if let Some(Value::String(path)) = map.remove("$path") {
        let is_required = |name: &String| required.get(&format!("{path}/{name}")).copied().unwrap_or(true);
        let names = map.get("properties").and_then(Value::as_object);
        let names: Vec<String> =
            names.into_iter().flat_map(Map::keys).filter(|name| is_required(name)).cloned().collect();
        if !names.is_empty() {
            map.insert("required".to_owned(), names.into());
        }
        if required.get(&format!("{path}{{}}")) == Some(&true) {
            map.insert("additionalProperties".to_owned(), false.into());
        }
    }
    for value in map.values_mut() {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| assemble(item, variants, required)),
            other => assemble(other, variants, required),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgecoder_types::ids::NodeId;
    use edgecoder_types::{Digest, UnixMs};
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape counts")]
    struct Report {
        node: NodeId,
        outputs: Vec<Digest>,
        at: UnixMs,
        slots: u32,
        #[serde(default)]
        note: String,
        parent: Option<Box<Report>>,
        end: End,
        kind: Kind,
        labels: BTreeMap<String, i64>,
        extra: Value,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Generate,
        Verify,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its shape counts")]
    enum End {
        Passed,
        Failed { code: String, place: Option<u64> },
        Other(Kind),
    }

    #[test]
    fn a_schema_says_what_the_type_reads() {
        let Schema(schema) = schema_of::<Report>();
        let properties = &schema["properties"];
        assert_eq!(properties["node"]["pattern"], "^node_[0-7][0-9A-HJKMNP-TV-Z]{25}$");
        assert_eq!(
            properties["outputs"],
            json!({"type": "array", "items": {"type": "string", "pattern": "^[0-9a-f]{64}$"}})
        );
        assert_eq!(properties["at"], json!({"type": "integer"}));
        assert_eq!(properties["slots"], json!({"type": "integer", "minimum": 0}));
        assert_eq!(properties["kind"], json!({"type": "string", "enum": ["generate", "verify"]}));
        assert_eq!(properties["labels"], json!({"type": "object", "additionalProperties": {"type": "integer"}}));
        assert_eq!(properties["extra"], json!({}));
        let end = &properties["end"]["oneOf"];
        assert_eq!(end[0], json!({"const": "passed"}));
        let failed = &end[1]["properties"]["failed"];
        assert_eq!(failed["properties"]["code"], json!({"type": "string"}));
        assert_eq!(failed["required"], json!(["code"]));
        assert_eq!(end[2]["properties"]["other"], json!({"type": "string", "enum": ["generate", "verify"]}));
        assert_eq!(schema["required"], json!(["at", "end", "extra", "kind", "labels", "node", "outputs", "slots"]));
        assert_eq!(schema["additionalProperties"], json!(false));
    }

    #[test]
    fn what_reads_anything_has_the_schema_of_anything() {
        #[derive(Deserialize)]
        #[serde(tag = "kind")]
        #[expect(dead_code, reason = "only its shape counts")]
        enum Tagged {
            A { x: u8 },
        }
        assert_eq!(schema_of::<Tagged>(), Schema(json!({})));
        assert_eq!(schema_of::<Value>(), Schema(json!({})));
        assert_eq!(schema_of::<(u8, String)>().0["minItems"], 2);
    }
}
