//! JSON schemas of the types that cross the wire, found by asking their own `Deserialize`: what it wants to read is what the
//! schema says, so the two cannot differ. Nothing has to be declared twice.
//!
//! A type is read again and again from made-up values: once whole, once for each variant of an enum, once without each field
//! to see whether it is required. What reads itself from anything, such as an internally tagged enum, has the schema of
//! anything.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Visitor};
use serde_json::{Map, Value, json};

/// Most readings of one type.
const READINGS_MAX: usize = 2_000;
/// Deepest nesting that is followed; a type that holds itself ends here.
const DEPTH_MAX: usize = 12;
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

/// Hands a type made-up values and writes down what it asked for.
struct Reader<'a> {
    run: &'a RefCell<Reading>,
    out: &'a RefCell<Value>,
    path: String,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn child(&self, name: &str, out: &'a RefCell<Value>) -> Self {
        Self { run: self.run, out, path: format!("{}/{name}", self.path), depth: self.depth + 1 }
    }

    fn integer<'de, V: Visitor<'de>>(self, visitor: V, is_signed: bool) -> Result<V::Value, Refusal> {
        let schema = if is_signed { json!({"type": "integer"}) } else { json!({"type": "integer", "minimum": 0}) };
        self.out.replace(schema);
        // What has a lower bound may take this one.
        let again = self.run.borrow().texts.get(&self.path).copied().unwrap_or(0);
        visitor.visit_u8(u8::from(again > 0))
    }
}

/// Reads a part and notes where it first failed.
fn part<'de, S: DeserializeSeed<'de>>(
    run: &RefCell<Reading>,
    reader: Reader<'_>,
    seed: S,
) -> Result<S::Value, Refusal> {
    let path = reader.path.clone();
    let end = seed.deserialize(reader);
    if end.is_err() {
        run.borrow_mut().failed.get_or_insert(path);
    }
    end
}

/// The fields of an object, one after the other.
struct Fields<'a> {
    reader: Reader<'a>,
    names: std::slice::Iter<'static, &'static str>,
    current: &'static str,
    properties: Map<String, Value>,
    is_extended: bool,
}

impl<'de> de::MapAccess<'de> for Fields<'_> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        loop {
            let name = match self.names.next() {
                Some(name) => name,
                None if self.is_extended => {
                    self.is_extended = false;
                    "no name of anything"
                }
                None => return Ok(None),
            };
            self.current = name;
            let path = format!("{}/{name}", self.reader.path);
            if self.reader.run.borrow().omitted.as_ref() != Some(&path) {
                return seed.deserialize(StrDeserializer::new(name)).map(Some);
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let out = RefCell::new(json!({}));
        let reader = Reader {
            run: self.reader.run,
            out: &out,
            path: format!("{}/{}", self.reader.path, self.current),
            depth: self.reader.depth + 1,
        };
        self.reader.run.borrow_mut().fields.push(reader.path.clone());
        let value = part(self.reader.run, reader, seed)?;
        self.properties.insert(self.current.to_owned(), out.into_inner());
        let object = json!({"type": "object", "properties": self.properties, "$path": self.reader.path});
        self.reader.out.replace(object);
        Ok(value)
    }
}

/// A number of elements, each of its own type.
struct Elements<'a> {
    reader: Reader<'a>,
    left: usize,
    is_tuple: bool,
    items: Vec<Value>,
}

impl<'de> de::SeqAccess<'de> for Elements<'_> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let out = RefCell::new(json!({}));
        let path = format!("{}/{}", self.reader.path, self.items.len());
        let reader = Reader { run: self.reader.run, out: &out, path, depth: self.reader.depth + 1 };
        let value = part(self.reader.run, reader, seed)?;
        self.items.push(out.into_inner());
        let schema = if self.is_tuple {
            json!({"type": "array", "prefixItems": self.items, "minItems": self.items.len()})
        } else {
            json!({"type": "array", "items": self.items.first()})
        };
        self.reader.out.replace(schema);
        Ok(Some(value))
    }
}

/// One entry with any key.
struct Entry<'a> {
    reader: Reader<'a>,
    is_done: bool,
}

impl<'de> de::MapAccess<'de> for Entry<'_> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        if std::mem::replace(&mut self.is_done, true) {
            return Ok(None);
        }
        let out = RefCell::new(json!({}));
        part(self.reader.run, self.reader.child("key", &out), seed).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let out = RefCell::new(json!({}));
        let value = part(self.reader.run, self.reader.child("value", &out), seed)?;
        self.reader.out.replace(json!({"type": "object", "additionalProperties": out.into_inner()}));
        Ok(value)
    }
}

/// One variant of an enum.
struct Variant<'a> {
    reader: Reader<'a>,
    name: &'static str,
    index: usize,
}

impl Variant<'_> {
    fn write(&self, variant: Value) {
        self.reader.out.replace(json!({"$enum": self.reader.path, "$variant": variant}));
    }

    /// Reads what the variant holds.
    fn inner<T>(self, read: impl FnOnce(Reader<'_>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        let out = RefCell::new(json!({}));
        let path = format!("{}|{}", self.reader.path, self.index);
        let value = read(Reader { run: self.reader.run, out: &out, path, depth: self.reader.depth + 1 })?;
        let properties = Map::from_iter([(self.name.to_owned(), out.into_inner())]);
        self.write(
            json!({"type": "object", "properties": properties, "required": [self.name], "additionalProperties": false}),
        );
        Ok(value)
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'_> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refusal> {
        let value = seed.deserialize(StrDeserializer::<Refusal>::new(self.name))?;
        Ok((value, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_> {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        self.write(json!({"const": self.name}));
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refusal> {
        let run = self.reader.run;
        self.inner(|reader| part(run, reader, seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Refusal> {
        self.inner(|reader| de::Deserializer::deserialize_tuple(reader, len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Refusal> {
        self.inner(|reader| de::Deserializer::deserialize_struct(reader, "", fields, visitor))
    }
}

macro_rules! integers {
    ($($method:ident $is_signed:literal),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            self.integer(visitor, $is_signed)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Reader<'_> {
    type Error = Refusal;

    integers!(
        deserialize_i8 true, deserialize_i16 true, deserialize_i32 true, deserialize_i64 true, deserialize_i128 true,
        deserialize_u8 false, deserialize_u16 false, deserialize_u32 false, deserialize_u64 false,
        deserialize_u128 false
    );

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.out.replace(json!({}));
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.out.replace(json!({"type": "boolean"}));
        visitor.visit_bool(false)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.out.replace(json!({"type": "number"}));
        visitor.visit_f64(0.0)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.out.replace(json!({"type": "string", "minLength": 1, "maxLength": 1}));
        visitor.visit_char('a')
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let index = self.run.borrow().texts.get(&self.path).copied().unwrap_or(0);
        let (text, pattern) = TEXTS.get(index).copied().unwrap_or_default();
        self.out.replace(if index == 0 {
            json!({"type": "string"})
        } else {
            json!({"type": "string", "pattern": pattern})
        });
        visitor.visit_str(text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if self.depth >= DEPTH_MAX {
            return visitor.visit_none();
        }
        let out = self.out;
        let value = visitor.visit_some(self)?;
        let inner = out.take();
        out.replace(json!({"anyOf": [inner, {"type": "null"}]}));
        Ok(value)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.out.replace(json!({"type": "null"}));
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.out.replace(json!({"type": "array"}));
        let left = usize::from(self.depth < DEPTH_MAX);
        visitor.visit_seq(Elements { reader: self, left, is_tuple: false, items: Vec::new() })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_seq(Elements { reader: self, left: len, is_tuple: true, items: Vec::new() })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.out.replace(json!({"type": "object"}));
        let is_done = self.depth >= DEPTH_MAX;
        visitor.visit_map(Entry { reader: self, is_done })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let is_extended = {
            let mut run = self.run.borrow_mut();
            run.objects.push(self.path.clone());
            run.extended.as_ref() == Some(&self.path)
        };
        self.out.replace(json!({"type": "object", "properties": {}, "$path": self.path}));
        let names = fields.iter();
        visitor.visit_map(Fields { reader: self, names, current: "", properties: Map::new(), is_extended })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let index = {
            let mut run = self.run.borrow_mut();
            run.enums.insert(self.path.clone(), variants);
            run.choices.get(&self.path).copied().unwrap_or(0)
        };
        let name = variants.get(index).copied().ok_or_else(|| Refusal("an enum without variants".to_owned()))?;
        visitor.visit_enum(Variant { reader: self, name, index })
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_str(visitor)
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
