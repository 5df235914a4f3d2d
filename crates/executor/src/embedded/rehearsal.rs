//! Which memory a run touches, found out by running one before the first child is forked.
//!
//! A forked process shares its parent's memory until it writes to it, and maps the program's file only where it looks:
//! each first touch of a page stops a run for about a microsecond. A waiting child takes the pages that the rehearsal
//! touched while nobody waits for it.

use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;

use edgecoder_python_vm::{Ending, Vm};
use edgecoder_types::{FileRole, Language, LayerChoice, Limits, RunRequest, SourceFile, TestPlan};
use nix::sys::wait::waitpid;

use super::zygote;
use crate::alloc;

const PAGE_BYTES: u64 = 4096;
/// Ranges are not taken beyond this many: a list that long would cost more than it saves.
const RANGES_MAX: usize = 4096;
/// Entries of `/proc/self/pagemap` read at a time.
const ENTRIES: usize = 512;

// Bits of an entry, from the kernel's Documentation/admin-guide/mm/pagemap.rst.
const PRESENT: u64 = 1 << 63;
const OF_A_FILE: u64 = 1 << 61;
const MAPPED_ONCE: u64 = 1 << 56;

/// What nearly every run does, and no more: a page that is taken and not needed costs as much as one that is missed.
const PROGRAM: &str = "\
def words(text):
    found = {}
    for word in text.lower().split():
        found[word.strip('.,')] = found.get(word, 0) + 1
    return sorted(found.items())


def total(numbers):
    return sum(number * number for number in numbers if number % 2 == 0)
";
const TESTS: &str = "\
assert words('A b, a.') == [('a', 1), ('b', 1)]
assert total(range(20)) == 1140
";

/// Pages that a run is going to touch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    /// Start and length in bytes of what it writes to.
    written: Vec<(u64, u64)>,
    /// The same of the program's files.
    read: Vec<(u64, u64)>,
}

impl Pages {
    /// Makes this process's own copies of what will be written, and maps what will be read. What fails is left to the
    /// run, which touches it itself.
    pub(crate) fn take(&self) {
        for (ranges, advice) in [(&self.read, libc::MADV_POPULATE_READ), (&self.written, libc::MADV_POPULATE_WRITE)] {
            for (start, length) in ranges {
                populate(*start, *length, advice);
            }
        }
    }

    fn add(&mut self, word: &str, start: u64, length: u64) {
        let ranges = if word == "written" { &mut self.written } else { &mut self.read };
        if ranges.len() < RANGES_MAX {
            ranges.push((start, length));
        }
    }
}

#[expect(unsafe_code, reason = "madvise takes any address")]
fn populate(start: u64, length: u64, advice: libc::c_int) {
    let (Ok(start), Ok(length)) = (usize::try_from(start), usize::try_from(length)) else { return };
    // SAFETY: both kinds of advice change no content: they do early what a read or write of these addresses would do,
    // and fail where nothing is mapped.
    unsafe {
        libc::madvise(std::ptr::with_exposed_provenance_mut(start), length, advice);
    }
}

/// Rehearses a run in a child. No pages where that isn't possible: a run works without.
pub(crate) fn pages(vm: &mut Option<Vm>) -> Pages {
    rehearse(vm).unwrap_or_default()
}

/// The rehearsal's way to its parent.
static REPORT: OnceLock<UnixStream> = OnceLock::new();

fn rehearse(vm: &mut Option<Vm>) -> io::Result<Pages> {
    let (ours, theirs) = UnixStream::pair()?;
    let Some(child) = zygote::fork()? else {
        drop(ours);
        if REPORT.set(theirs).is_ok()
            && let Some(vm) = vm.take()
        {
            vm.run(request(), report);
        }
        alloc::exit(1);
    };
    drop(theirs);
    let found = read_report(BufReader::new(ours));
    waitpid(child, None)?;
    found
}

fn request() -> RunRequest {
    let file = |path: &str, text: &str, role| SourceFile { path: path.to_owned(), content: text.into(), role };
    RunRequest {
        language: Language::Python,
        entry: Some("main.py".to_owned()),
        files: vec![file("main.py", PROGRAM, FileRole::Candidate), file("test_main.py", TESTS, FileRole::Oracle)],
        tests: TestPlan::Files(vec!["test_main.py".to_owned()]),
        expected_tests: Vec::new(),
        stdin: Vec::new(),
        args: Vec::new(),
        limits: Limits::default(),
        layer: LayerChoice::Embedded,
        seed: 0,
    }
}

/// Called at the end of the rehearsal, as a run's ending is.
fn report(_ending: Ending) -> ! {
    let written = REPORT.get().map(write_report);
    alloc::exit(i32::from(!matches!(written, Some(Ok(())))));
}

/// One line a range: `written` or `read`, start, length.
fn write_report(mut to: &UnixStream) -> io::Result<()> {
    let mut entries = std::fs::File::open("/proc/self/pagemap")?;
    for line in BufReader::new(std::fs::File::open("/proc/self/maps")?).lines() {
        let line = line?;
        let Some((start, end, writable)) = mapping(&line) else { continue };
        entries.seek(SeekFrom::Start(start / PAGE_BYTES * 8))?;
        let mut ranges = Ranges { writable, open: None };
        let mut at = start;
        while at < end {
            let mut bytes = [0_u8; ENTRIES * 8];
            let wanted = usize::try_from((end - at) / PAGE_BYTES).map_or(ENTRIES, |pages| pages.min(ENTRIES));
            let Some(part) = bytes.get_mut(..wanted * 8) else { break };
            entries.read_exact(part)?;
            for entry in part.as_chunks::<8>().0 {
                ranges.page(at, u64::from_le_bytes(*entry), &mut to)?;
                at += PAGE_BYTES;
            }
        }
        ranges.close(&mut to)?;
    }
    Ok(())
}

/// Start, end and whether it can be written to, of a line of `/proc/self/maps` whose pages can be taken.
fn mapping(line: &str) -> Option<(u64, u64, bool)> {
    let mut words = line.split_ascii_whitespace();
    let (range, rights) = (words.next()?, words.next()?);
    let name = words.nth(3).unwrap_or_default();
    if !rights.starts_with('r') || !rights.ends_with('p') || name.starts_with("[v") {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    Some((number(start)?, number(end)?, rights.contains('w')))
}

/// Joins neighbouring pages of one mapping.
struct Ranges {
    writable: bool,
    open: Option<(&'static str, u64, u64)>,
}

impl Ranges {
    fn page(&mut self, at: u64, entry: u64, to: &mut impl io::Write) -> io::Result<()> {
        let word = if entry & PRESENT == 0 {
            None
        } else if entry & OF_A_FILE != 0 {
            Some("read")
        } else {
            // A page that was not written to since the fork is the parent's too.
            (self.writable && entry & MAPPED_ONCE != 0).then_some("written")
        };
        if let (Some((open, _, length)), Some(word)) = (&mut self.open, word)
            && *open == word
        {
            *length += PAGE_BYTES;
            return Ok(());
        }
        self.close(to)?;
        self.open = word.map(|word| (word, at, PAGE_BYTES));
        Ok(())
    }

    fn close(&mut self, to: &mut impl io::Write) -> io::Result<()> {
        match self.open.take() {
            Some((word, start, length)) => writeln!(to, "{word} {start} {length}"),
            None => Ok(()),
        }
    }
}

fn read_report(from: impl io::BufRead) -> io::Result<Pages> {
    let mut pages = Pages::default();
    for line in from.lines() {
        let line = line?;
        let mut words = line.split(' ');
        if let (Some(word), Some(Ok(start)), Some(Ok(length))) =
            (words.next(), words.next().map(str::parse), words.next().map(str::parse))
        {
            pages.add(word, start, length);
        }
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_that_can_be_taken() {
        let text = "55d0c0000000-55d0c0002000 r-xp 00001000 fe:00 123  /usr/bin/x";
        assert_eq!(mapping(text), Some((0x55d0_c000_0000, 0x55d0_c000_2000, false)));
        assert_eq!(mapping("7f00-8000 rw-p 00000000 00:00 0"), Some((0x7f00, 0x8000, true)));
        assert_eq!(mapping("7f00-8000 ---p 00000000 00:00 0"), None);
        assert_eq!(mapping("7f00-8000 rw-s 00000000 00:05 9 /dev/shm/x"), None);
        assert_eq!(mapping("7f00-8000 r-xp 00000000 00:00 0 [vdso]"), None);
    }

    #[test]
    fn neighbours_are_one_range() {
        let (own, shared, file) = (PRESENT | MAPPED_ONCE, PRESENT, PRESENT | OF_A_FILE);
        let mut text = Vec::new();
        let mut ranges = Ranges { writable: true, open: None };
        for (at, entry) in [own, own, shared, file, file, 0, own].into_iter().enumerate() {
            ranges.page(at as u64 * PAGE_BYTES, entry, &mut text).unwrap();
        }
        ranges.close(&mut text).unwrap();
        let pages = read_report(text.as_slice()).unwrap();
        assert_eq!(pages.written, [(0, 8192), (6 * 4096, 4096)]);
        assert_eq!(pages.read, [(3 * 4096, 8192)]);
    }

    #[test]
    fn taken_memory_keeps_its_content() {
        let memory = vec![7_u8; 1 << 16];
        let start = memory.as_ptr().expose_provenance() as u64 / PAGE_BYTES * PAGE_BYTES + PAGE_BYTES;
        let pages = Pages { written: vec![(start, 8 * PAGE_BYTES), (PAGE_BYTES, PAGE_BYTES)], read: Vec::new() };
        pages.take();
        assert!(memory.iter().all(|byte| *byte == 7));
    }
}
