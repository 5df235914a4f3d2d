//! "Did you mean": the nearest of some names, when one is near enough.

use std::path::Path;

/// Most directory entries looked at for a suggestion.
const ENTRIES_MAX: usize = 2_000;

/// The candidate nearest to `wrong`, unless all differ too much.
pub(crate) fn nearest<I: IntoIterator<Item = String>>(wrong: &str, candidates: I) -> Option<String> {
    candidates
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wrong.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(score, _)| *score > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1)))
        .map(|(_, name)| name)
}

/// A file beside `path` with a similar name.
pub(crate) fn nearest_file(path: &Path) -> Option<String> {
    let wrong = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or_else(|| Path::new("."))).ok()?;
    let names = entries.take(ENTRIES_MAX).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let name = nearest(wrong, names)?;
    Some(folder.map_or(name.clone(), |folder| folder.join(&name).display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = || ["slugify.py", "wrap.py", "README.md"].map(str::to_owned);
        assert_eq!(nearest("slugfy.py", names()).as_deref(), Some("slugify.py"));
        assert_eq!(nearest("readme.md", names()).as_deref(), Some("README.md"));
        assert_eq!(nearest("zzz", names()), None);
    }

    #[test]
    fn a_file_in_a_folder_keeps_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("main.py"), "").unwrap();
        let near = nearest_file(&folder.path().join("mian.py")).unwrap();
        assert_eq!(Path::new(&near), folder.path().join("main.py"));
        assert_eq!(nearest_file(&folder.path().join("none").join("x.py")), None);
    }
}
