//! The crates of the workspace and what they depend on.

use std::path::Path;

use anyhow::{Context as _, Result};
use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand};

/// One dependency of a crate, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Package name.
    pub name: String,
    /// Only for tests.
    pub is_dev: bool,
}

/// A crate of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Package name.
    pub name: String,
    /// Its manifest, from the root.
    pub manifest: String,
    /// What it names.
    pub dependencies: Vec<Dependency>,
}

impl Package {
    /// A package made of names; `dev:NAME` is only for tests.
    pub fn of(name: &str, dependencies: &[&str]) -> Self {
        let dependencies = dependencies
            .iter()
            .map(|text| match text.strip_prefix("dev:") {
                Some(name) => Dependency { name: name.to_owned(), is_dev: true },
                None => Dependency { name: (*text).to_owned(), is_dev: false },
            })
            .collect();
        Self { name: name.to_owned(), manifest: format!("crates/{name}/Cargo.toml"), dependencies }
    }
}

/// The workspace's crates. Asks cargo without resolving, so it needs no registry.
///
/// # Errors
/// When cargo can't read the manifests.
pub fn load(root: &Path) -> Result<Vec<Package>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .no_deps()
        .exec()
        .context("cargo metadata")?;
    let packages = metadata.packages.iter().map(|package| Package {
        name: package.name.to_string(),
        manifest: package
            .manifest_path
            .strip_prefix(&metadata.workspace_root)
            .map_or_else(|_| package.manifest_path.to_string(), ToString::to_string),
        dependencies: package
            .dependencies
            .iter()
            .map(|dependency| Dependency {
                name: dependency.name.clone(),
                is_dev: dependency.kind == DependencyKind::Development,
            })
            .collect(),
    });
    Ok(packages.collect())
}
