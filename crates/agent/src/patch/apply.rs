//! Fits hunks into a text that may have changed since: exact lines, moved as a whole, never fuzzy.

use super::{FilePatch, Hunk, lines};

/// Why a hunk does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// Number of the hunk, from 1.
    pub(crate) hunk: usize,
    /// Its `@@` line.
    pub(crate) header: String,
    /// What differs.
    pub(crate) why: String,
}

/// The text with all hunks of the file carried out.
///
/// # Errors
/// [`Misfit`] with the first hunk whose old lines are not there, or are there twice away from their place.
pub(crate) fn carry_out(text: &str, hunks: &[Hunk]) -> Result<String, Misfit> {
    let current = lines(text);
    let mut out: Vec<&str> = Vec::with_capacity(current.len());
    let (mut used, mut shift) = (0_usize, 0_isize);
    for (number, hunk) in hunks.iter().enumerate() {
        let misfit = |why: String| Misfit { hunk: number + 1, header: hunk.header(), why };
        let old = hunk.old();
        let start = isize::try_from(hunk.old_start).unwrap_or(isize::MAX);
        let expected = usize::try_from(start.saturating_add(shift)).unwrap_or(0);
        let place = find(&current, &old, used, expected).map_err(misfit)?;
        out.extend(current.get(used..place).unwrap_or_default());
        out.extend(hunk.new_lines());
        used = place + old.len();
        shift = isize::try_from(place).unwrap_or(0) - start;
    }
    out.extend(current.get(used..).unwrap_or_default());
    Ok(out.concat())
}

/// Where the old lines stand: at their place, or at the one other place where they do.
fn find(current: &[&str], old: &[&str], from: usize, expected: usize) -> Result<usize, String> {
    let stands_at = |at: usize| current.get(at..at + old.len()) == Some(old);
    if expected >= from && stands_at(expected) {
        return Ok(expected);
    }
    let places: Vec<usize> = (from..=current.len().saturating_sub(old.len())).filter(|at| stands_at(*at)).collect();
    match places.as_slice() {
        [only] if !old.is_empty() => Ok(*only),
        [] | [_] => Err(difference(current, old, expected)),
        several => Err(format!("its lines stand at {} places, none of them line {}", several.len(), expected + 1)),
    }
}

/// The first line at the expected place that is not the hunk's.
fn difference(current: &[&str], old: &[&str], expected: usize) -> String {
    let show = |line: &str| line.trim_end().chars().take(80).collect::<String>();
    for (offset, wanted) in old.iter().enumerate() {
        match current.get(expected + offset) {
            Some(line) if line == wanted => {}
            Some(line) => {
                return format!("line {} is {:?}, not {:?}", expected + offset + 1, show(line), show(wanted));
            }
            None => return format!("line {} is missing, which was {:?}", expected + offset + 1, show(wanted)),
        }
    }
    "the file has other lines now".to_owned()
}

/// The text with the file's hunks taken back.
pub(crate) fn take_back(text: &str, file: &FilePatch) -> Result<String, Misfit> {
    let reversed: Vec<Hunk> = file.hunks.iter().map(Hunk::reversed).collect();
    carry_out(text, &reversed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::{LineKind, Patch};
    use crate::workspace::Tree;
    use proptest::prelude::*;

    fn file(before: &str, after: &str) -> FilePatch {
        let tree = |text: &str| Tree::default().with_text("f", text);
        Patch::between(&tree(before), &tree(after)).files.remove(0)
    }

    #[test]
    fn hunks_move_with_their_surroundings_and_refuse_to_guess() {
        let before = "a\nb\nc\nd\ne\nf\ng\n";
        let patch = file(before, "a\nb\nc\nD\ne\nf\ng\n");
        assert_eq!(carry_out("x\ny\na\nb\nc\nd\ne\nf\ng\n", &patch.hunks).unwrap(), "x\ny\na\nb\nc\nD\ne\nf\ng\n");
        let misfit = carry_out("a\nb\nc\nchanged\ne\nf\ng\n", &patch.hunks).unwrap_err();
        assert_eq!((misfit.hunk, misfit.header.as_str()), (1, "@@ -1,7 +1,7 @@"));
        assert_eq!(misfit.why, "line 4 is \"changed\", not \"d\"");
        let twice = format!("x\n{before}{before}");
        assert!(carry_out(&twice, &patch.hunks).unwrap_err().why.contains("2 places"));
        assert!(carry_out("", &patch.hunks).unwrap_err().why.contains("missing"));
    }

    /// The differ says of the first change that it stands one line further down in the new text than it does.
    #[test]
    fn every_change_of_equal_lines_is_taken_back_where_it_was() {
        let (before, after) = (format!("\n{}\n", "a\n".repeat(7)), "a\n".repeat(8));
        let patch = file(&before, &after);
        assert_eq!(carry_out(&before, &patch.hunks).unwrap(), after);
        assert_eq!(take_back(&after, &patch).unwrap(), before);
    }

    #[test]
    fn places_that_no_file_has_are_misfits_or_found_elsewhere() {
        let hunk = |old_start: usize, kind: LineKind| Hunk {
            old_start,
            new_start: usize::MAX,
            lines: vec![(LineKind::Context, "a\n".to_owned()), (kind, "b\n".to_owned())],
        };
        let far = [hunk(usize::MAX, LineKind::Add), hunk(0, LineKind::Add), hunk(usize::MAX, LineKind::Remove)];
        assert_eq!(carry_out("a\n", &far[..1]).unwrap(), "a\nb\n");
        let misfit = carry_out("a\na\na\nb\n", &far).unwrap_err();
        assert_eq!((misfit.hunk, misfit.header), (1, format!("@@ -{0} +{0},2 @@", usize::MAX)));
    }

    proptest! {
        /// Applying gives the result; taking back gives the original, whatever the line ends.
        #[test]
        fn apply_and_undo_are_inverse(
            before in proptest::collection::vec("[ab]{0,2}(\n|\r\n)", 0..30),
            after in proptest::collection::vec("[ab]{0,2}(\n|\r\n)", 0..30),
            open_before in "[ab]{0,2}", open_after in "[ab]{0,2}",
        ) {
            let before = format!("{}{open_before}", before.concat());
            let after = format!("{}{open_after}", after.concat());
            prop_assume!(before != after);
            let patch = file(&before, &after);
            prop_assert_eq!(carry_out(&before, &patch.hunks).unwrap(), after.as_str());
            prop_assert_eq!(take_back(&after, &patch).unwrap(), before);
        }

        /// Lines that the user adds elsewhere survive both ways.
        #[test]
        fn edits_elsewhere_survive(head in 0_usize..5, tail in 0_usize..5, middle in 3_usize..8) {
            let line = |name: &str, count: usize| (0..count).map(|n| format!("{name}{n}\n")).collect::<String>();
            let (top, bottom) = (line("top", middle), line("bottom", middle));
            let patch = file(&format!("{top}old\n{bottom}"), &format!("{top}new1\nnew2\n{bottom}"));
            let (above, below) = (line("user_above", head), line("user_below", tail));
            let edited = format!("{above}{top}old\n{bottom}{below}");
            let applied = carry_out(&edited, &patch.hunks).unwrap();
            prop_assert_eq!(&applied, &format!("{above}{top}new1\nnew2\n{bottom}{below}"));
            prop_assert_eq!(take_back(&applied, &patch).unwrap(), edited);
        }
    }
}
