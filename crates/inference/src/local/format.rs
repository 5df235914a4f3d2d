//! Formats as grammars: JSON, and what of JSON schema is simple enough to be held to exactly. Anything else is refused: a
//! text that only nearly has its form is worth nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::contract::OutputFormat;

/// Longest grammar, in bytes, of the caller or made from a schema.
const GRAMMAR_BYTES_MAX: usize = 64 << 10;
/// Most brackets that a caller's grammar opens within one another: the library reads them by recursion.
const BRACKETS_MAX: usize = 64;
/// How deep free JSON nests, and how deep a schema may.
const DEPTH_MAX: usize = 12;
/// Most entries of an array whose schema has no bound.
const ITEMS_MAX: u64 = 32;

/// Words that change nothing about which values are right.
const REMARKS: [&str; 5] = ["$schema", "title", "description", "default", "examples"];

/// Strings without lone surrogates and numbers that any reader can hold.
const BASICS: &str = r#"string ::= "\"" char* "\""
char ::= [^"\\\x00-\x1F\x7F] | "\\" ( ["\\/bfnrt] | "u" code )
code ::= [0-9a-cA-CeEfF] hex hex hex | [dD] [0-7] hex hex
hex ::= [0-9a-fA-F]
integer ::= "-"? ( "0" | [1-9] [0-9]{0,14} )
number ::= integer ( "." [0-9]{1,15} )? ( [eE] [-+]? [0-9]{1,2} )?
boolean ::= "true" | "false"
null ::= "null"
"#;

/// The grammar of a format.
pub(super) fn to_grammar(format: &OutputFormat) -> Result<String, String> {
    let text = match format {
        OutputFormat::Grammar(text) => {
            check_brackets(text)?;
            text.clone()
        }
        OutputFormat::Json => format!("root ::= object0\n{}{BASICS}", free_json()),
        OutputFormat::JsonSchema(schema) => {
            let mut rules = Rules::default();
            let root = rules.value(schema, 0)?;
            let free = if rules.uses_free { free_json() } else { String::new() };
            let made: String = rules.made.iter().map(|(name, rule)| format!("{name} ::= {rule}\n")).collect();
            format!("root ::= {root}\n{made}{free}{BASICS}")
        }
    };
    if text.len() > GRAMMAR_BYTES_MAX {
        return Err(format!("the grammar has {} bytes, but at most {GRAMMAR_BYTES_MAX} are read", text.len()));
    }
    Ok(text)
}

/// Any JSON, nested as deep as allowed.
fn free_json() -> String {
    let level = |depth: usize| {
        let inner = format!("value{}", depth + 1);
        let pair = format!("string \":\" \" \"? {inner}");
        [
            format!("object{depth} ::= \"{{\" ( {pair} ( \",\" \" \"? {pair} )* )? \"}}\"\n"),
            format!("array{depth} ::= \"[\" ( {inner} ( \",\" \" \"? {inner} )* )? \"]\"\n"),
            format!("value{depth} ::= object{depth} | array{depth} | string | number | boolean | null\n"),
        ]
        .concat()
    };
    let levels: String = (0..DEPTH_MAX).map(level).collect();
    format!("{levels}value{DEPTH_MAX} ::= string | number | boolean | null\n")
}

fn check_brackets(text: &str) -> Result<(), String> {
    let mut open = 0_usize;
    for c in text.chars() {
        match c {
            '(' => open += 1,
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > BRACKETS_MAX {
            return Err(format!("the grammar opens more than {BRACKETS_MAX} brackets within one another"));
        }
    }
    Ok(())
}

/// Rules that are made from a schema.
#[derive(Debug, Default)]
struct Rules {
    made: BTreeMap<String, String>,
    uses_free: bool,
}

impl Rules {
    /// Keeps a rule, gives its name.
    fn keep(&mut self, rule: String) -> String {
        let name = format!("made{}", self.made.len());
        self.made.insert(name.clone(), rule);
        name
    }

    /// What derives the values that a schema allows.
    fn value(&mut self, schema: &Value, depth: usize) -> Result<String, String> {
        if depth > DEPTH_MAX {
            return Err(format!("the schema nests deeper than {DEPTH_MAX}"));
        }
        let schema = match schema {
            Value::Bool(true) => return Ok(self.anything()),
            Value::Object(schema) => schema,
            other => return Err(format!("a schema is an object, not {other}")),
        };
        if let Some(value) = schema.get("const") {
            only(schema, &["const", "type"])?;
            return Ok(literal(value));
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array).filter(|values| !values.is_empty()) {
            only(schema, &["enum", "type"])?;
            let all: Vec<String> = values.iter().map(literal).collect();
            return Ok(self.keep(all.join(" | ")));
        }
        if let Some(some) = schema.get("anyOf").and_then(Value::as_array).filter(|some| !some.is_empty()) {
            only(schema, &["anyOf"])?;
            let all = some.iter().map(|one| self.value(one, depth + 1)).collect::<Result<Vec<_>, _>>()?;
            return Ok(self.keep(all.join(" | ")));
        }
        match schema.get("type") {
            Some(Value::String(kind)) => self.kind(kind, schema, depth),
            None if schema.keys().all(|key| REMARKS.contains(&key.as_str())) => Ok(self.anything()),
            _ => Err("a schema needs one type, or const, enum or anyOf".to_owned()),
        }
    }

    fn anything(&mut self) -> String {
        self.uses_free = true;
        "value0".to_owned()
    }

    fn kind(&mut self, kind: &str, schema: &Map<String, Value>, depth: usize) -> Result<String, String> {
        match kind {
            "string" | "integer" | "number" | "boolean" | "null" => {
                only(schema, &["type"])?;
                Ok(kind.to_owned())
            }
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            other => Err(format!("the type {other:?} is none of JSON")),
        }
    }

    /// All properties that the schema names, in their order: that satisfies whichever of them are required.
    fn object(&mut self, schema: &Map<String, Value>, depth: usize) -> Result<String, String> {
        only(schema, &["type", "properties", "required", "additionalProperties"])?;
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        if let Some(unknown) = required.filter_map(Value::as_str).find(|name| !properties.contains_key(*name)) {
            return Err(format!("the required property {unknown:?} has no schema"));
        }
        let mut parts = Vec::new();
        for (name, property) in properties {
            let value = self.value(property, depth + 1)?;
            let name = literal(&Value::String(name.clone()));
            parts.push(format!("{name} \":\" \" \"? {value}"));
        }
        let rule = format!("\"{{\" {} \"}}\"", parts.join(" \",\" \" \"? "));
        Ok(self.keep(rule))
    }

    fn array(&mut self, schema: &Map<String, Value>, depth: usize) -> Result<String, String> {
        only(schema, &["type", "items", "minItems", "maxItems"])?;
        let count = |name: &str| schema.get(name).and_then(Value::as_u64);
        let least = count("minItems").unwrap_or(0);
        let most = count("maxItems").unwrap_or(ITEMS_MAX.max(least));
        if most < least || most > 1_000 {
            return Err(format!("an array of {least} to {most} entries"));
        }
        let item = match schema.get("items") {
            Some(items) => self.value(items, depth + 1)?,
            None => self.anything(),
        };
        let rule = match (least, most) {
            (_, 0) => "\"[\" \"]\"".to_owned(),
            (0, _) => format!("\"[\" ( {item} ( \",\" \" \"? {item} ){{0,{}}} )? \"]\"", most - 1),
            (least, _) => format!("\"[\" {item} ( \",\" \" \"? {item} ){{{},{}}} \"]\"", least - 1, most - 1),
        };
        Ok(self.keep(rule))
    }
}

/// Refuses what would be left out of account.
fn only(schema: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    let other = schema.keys().find(|key| !known.contains(&key.as_str()) && !REMARKS.contains(&key.as_str()));
    other.map_or(Ok(()), |key| Err(format!("the schema has {key:?}, which this model cannot be held to")))
}

/// One value as it is written.
fn literal(value: &Value) -> String {
    let text = value.to_string().replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_become_rules() {
        let schema = json!({"type": "object", "required": ["a"], "additionalProperties": false, "properties": {
            "a": {"type": "integer", "description": "x"}, "b": {"type": "array", "items": {"enum": ["x\"y", 1]}}}});
        let text = to_grammar(&OutputFormat::JsonSchema(schema)).unwrap();
        assert!(text.starts_with("root ::= made2\n"), "{text}");
        assert!(text.contains(r#"made0 ::= "\"x\\\"y\"" | "1""#), "{text}");
        assert!(
            text.contains(r#"made2 ::= "{" "\"a\"" ":" " "? integer "," " "? "\"b\"" ":" " "? made1 "}""#),
            "{text}"
        );
        assert!(!text.contains("value0"));
        assert!(to_grammar(&OutputFormat::JsonSchema(json!({}))).unwrap().contains("root ::= value0"));
    }

    #[test]
    fn what_cannot_be_held_to_is_refused() {
        for schema in [
            json!(3),
            json!({"type": "string", "pattern": "a+"}),
            json!({"type": "integer", "minimum": 3}),
            json!({"$ref": "#/x"}),
            json!({"type": ["string", "null"]}),
            json!({"type": "object", "required": ["a"]}),
            json!({"type": "array", "minItems": 3, "maxItems": 2}),
            json!({"type": "list"}),
        ] {
            assert!(to_grammar(&OutputFormat::JsonSchema(schema.clone())).is_err(), "{schema}");
        }
        let deep = (0..20).fold(json!({"type": "null"}), |inner, _| json!({"type": "array", "items": inner}));
        assert!(to_grammar(&OutputFormat::JsonSchema(deep)).is_err());
        assert!(to_grammar(&OutputFormat::Grammar("(".repeat(100))).is_err());
        assert!(to_grammar(&OutputFormat::Grammar("x".repeat(GRAMMAR_BYTES_MAX + 1))).is_err());
    }
}
