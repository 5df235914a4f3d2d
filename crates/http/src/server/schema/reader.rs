//! The reading itself: a deserializer that knows no values and answers whatever it is asked for.

use std::cell::RefCell;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Visitor};
use serde_json::{Map, Value, json};

use super::{Reading, Refusal, TEXTS};

/// Deepest nesting that is followed; a type that holds itself ends here.
const DEPTH_MAX: usize = 12;

/// Hands a type made-up values and writes down what it asked for.
pub(super) struct Reader<'a> {
    pub(super) run: &'a RefCell<Reading>,
    pub(super) out: &'a RefCell<Value>,
    pub(super) path: String,
    pub(super) depth: usize,
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
