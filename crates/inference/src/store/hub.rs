//! Fetching a model from a hub: into a file beside the model's place that survives an interruption, with what it takes to go
//! on there; checked as a whole, then renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use edgecoder_http::HttpError;
use edgecoder_http::client::{Client, Flow, Head, Request, Step, Url};
use edgecoder_types::Digest;
use serde::{Deserialize, Serialize};

use super::pull::PullProgress;
use super::{files, pull};
use crate::catalogue::CatalogueModel;
use crate::contract::{Cancel, InferenceError};

/// How often a broken connection is taken up again within one pull, as long as each brings something.
const RESUMES_MAX: u32 = 8;
/// Largest file that is fetched, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 40;

/// What a partial file is a part of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Partial {
    url: String,
    /// The server's name for the content; without one a download starts anew.
    etag: Option<String>,
    /// Bytes of the whole file, where the server said so.
    total: Option<u64>,
}

/// A download under way.
struct Download<'a> {
    model: &'a CatalogueModel,
    url: &'a str,
    part: PathBuf,
    note: PathBuf,
    cancel: &'a Cancel,
    progress: &'a mut dyn FnMut(PullProgress),
    /// What the file at `part` belongs to, and how much of it is there.
    known: Option<Partial>,
    done: u64,
}

/// What came of one request.
enum Came {
    Whole,
    /// The connection broke: what is there stays.
    Broke(HttpError),
}

/// A fetched file: its place, its size, its digest.
pub(super) struct Fetched {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) sha256: Digest,
}

/// Fetches into `folder`, which the caller has locked.
pub(super) fn fetch(
    model: &CatalogueModel,
    url: &str,
    folder: &Path,
    client: &Client,
    cancel: &Cancel,
    progress: &mut dyn FnMut(PullProgress),
) -> Result<Fetched, InferenceError> {
    let path = folder.join(model.file_name());
    let part = folder.join(format!("{}.part", model.file_name()));
    let note = folder.join(format!("{}.part.json", model.file_name()));
    let mut download = Download { model, url, part, note, cancel, progress, known: None, done: 0 };
    download.look()?;
    let address = Url::parse(url)?;
    let mut resumes = 0;
    loop {
        let before = download.done;
        match download.ask(client, &address)? {
            Came::Whole => break,
            Came::Broke(error) => {
                resumes += 1;
                let can_go_on = download.known.as_ref().is_some_and(|known| known.etag.is_some());
                if !error.is_retryable() || resumes > RESUMES_MAX || download.done <= before || !can_go_on {
                    return Err(download.broke(&error));
                }
            }
        }
    }
    let sha256 = download.check()?;
    let bytes = download.done;
    fs::rename(&download.part, &path).map_err(|error| files::failed("write", &path, &error))?;
    files::remove_if_there(&download.note)?;
    Ok(Fetched { path, bytes, sha256 })
}

impl Download<'_> {
    /// Takes up what an earlier pull left, if it is of the same address.
    fn look(&mut self) -> Result<(), InferenceError> {
        let known = fs::read(&self.note).ok().and_then(|text| serde_json::from_slice::<Partial>(&text).ok());
        let there = fs::metadata(&self.part).map_or(0, |metadata| metadata.len());
        match known.filter(|known| known.url == self.url && known.etag.is_some() && there > 0) {
            Some(known) => (self.known, self.done) = (Some(known), there),
            None => self.start_anew()?,
        }
        Ok(())
    }

    fn start_anew(&mut self) -> Result<(), InferenceError> {
        (self.known, self.done) = (None, 0);
        files::remove_if_there(&self.note)?;
        // What stands in its place may be written to, so it is only emptied.
        match OpenOptions::new().write(true).truncate(true).open(&self.part) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(files::failed("write", &self.part, &error)),
        }
    }

    fn delete(&self) -> Result<(), InferenceError> {
        files::remove_if_there(&self.note)?;
        files::remove_if_there(&self.part)
    }

    /// One request, from where the file ends.
    fn ask(&mut self, client: &Client, address: &Url) -> Result<Came, InferenceError> {
        let mut request = Request::get(address.clone()).header("accept", "application/octet-stream");
        let etag = self.known.as_ref().and_then(|known| known.etag.clone());
        if let Some(etag) = etag.filter(|_| self.done > 0) {
            request = request.header("range", format!("bytes={}-", self.done)).header("if-range", etag);
        }
        let mut file: Option<File> = None;
        let mut failure: Option<InferenceError> = None;
        let most = self.model.bytes.unwrap_or(FILE_BYTES_MAX);
        let ends = client.exchange(std::slice::from_ref(&request), most, &mut |_, step| {
            let outcome = match step {
                Step::Head(head) => self.begin(head).map(|opened| file = Some(opened)),
                Step::Bytes(bytes) => self.write(file.as_mut(), bytes),
                Step::Attempt(_) | Step::End(_) | Step::Tick => Ok(()),
            };
            match outcome {
                Err(error) => {
                    failure = Some(error);
                    Flow::Stop
                }
                Ok(()) if self.cancel.is_cancelled() => Flow::Stop,
                Ok(()) => Flow::Continue,
            }
        })?;
        if let Some(error) = failure {
            return Err(error);
        }
        if let Some(file) = &file {
            file.sync_all().map_err(|error| files::failed("write", &self.part, &error))?;
        }
        match ends.into_iter().next() {
            Some(Ok(())) | None => Ok(Came::Whole),
            // There is nothing behind the end of the file: it is whole, or another one.
            Some(Err(HttpError::Status { status: 416, .. })) if self.done > 0 => {
                self.start_anew()?;
                self.ask(client, address)
            }
            Some(Err(HttpError::TooLarge { .. })) => {
                self.delete()?;
                Err(self.wrong(&format!("it has more than {most} bytes")))
            }
            Some(Err(error)) => Ok(Came::Broke(error)),
        }
    }

    /// The answer begins: whole, or from where the file ends.
    fn begin(&mut self, head: &Head) -> Result<File, InferenceError> {
        let length = head.get("content-length").and_then(|text| text.parse::<u64>().ok());
        if head.status == 206 {
            let range = head.get("content-range").and_then(read_range);
            let total = self.known.as_ref().and_then(|known| known.total);
            match range {
                Some((start, all)) if start == self.done && total.is_none_or(|total| Some(total) == all) => {}
                _ => {
                    self.delete()?;
                    return Err(self.wrong("its server goes on with another file or at another place"));
                }
            }
        } else {
            self.start_anew()?;
            let etag = head.get("etag").filter(|etag| !etag.starts_with("W/")).map(str::to_owned);
            let known = Partial { url: self.url.to_owned(), etag, total: length };
            let text = serde_json::to_vec(&known).map_err(|error| InferenceError::Internal(error.to_string()))?;
            files::write_whole(&self.note, &text)?;
            self.known = Some(known);
        }
        if let (Some(bytes), Some(total)) = (self.model.bytes, self.known.as_ref().and_then(|known| known.total))
            && bytes != total
        {
            self.delete()?;
            return Err(self.wrong(&format!("it has {total} bytes instead of {bytes}")));
        }
        if let Some(folder) = self.part.parent() {
            pull::check_space(folder, length.unwrap_or(0))?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&self.part);
        file.map_err(|error| files::failed("write", &self.part, &error))
    }

    fn write(&mut self, file: Option<&mut File>, bytes: &[u8]) -> Result<(), InferenceError> {
        let Some(file) = file else { return Ok(()) };
        file.write_all(bytes).map_err(|error| files::failed("write", &self.part, &error))?;
        self.done += bytes.len() as u64;
        let total = self.known.as_ref().and_then(|known| known.total);
        (self.progress)(PullProgress::Downloading { done: self.done, total });
        Ok(())
    }

    /// The whole file against what it must be. What is wrong is deleted.
    fn check(&self) -> Result<Digest, InferenceError> {
        let outcome = self.examine();
        if outcome.is_err() {
            self.delete()?;
        }
        outcome
    }

    fn examine(&self) -> Result<Digest, InferenceError> {
        let total = self.known.as_ref().and_then(|known| known.total).or(self.model.bytes);
        if let Some(total) = total.filter(|total| *total != self.done) {
            return Err(self.wrong(&format!("it has {} bytes instead of {total}", self.done)));
        }
        let mut magic = [0_u8; 4];
        let read = File::open(&self.part).and_then(|mut file| file.read_exact(&mut magic));
        if read.is_err() || &magic != b"GGUF" {
            return Err(self.wrong("it is no GGUF file"));
        }
        let sha256 = files::digest(&self.part)?;
        match self.model.sha256.filter(|wanted| *wanted != sha256) {
            Some(wanted) => Err(self.wrong(&format!("its SHA-256 is {sha256} instead of {wanted}"))),
            None => Ok(sha256),
        }
    }

    fn wrong(&self, why: &str) -> InferenceError {
        pull::wrong_content(self.model, why)
    }

    fn broke(&self, error: &HttpError) -> InferenceError {
        let all = self.known.as_ref().and_then(|known| known.total);
        let all = all.map_or_else(String::new, |total| format!(" of {total}"));
        let kept = if self.done > 0 {
            format!("; {}{all} bytes are here, and `edgecoder model pull {}` goes on there", self.done, self.model.name)
        } else {
            String::new()
        };
        InferenceError::Unavailable(format!("cannot fetch {}: {error}{kept}", self.url))
    }
}

/// `bytes 5-9/10`: where it starts and how much there is in all.
fn read_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, all) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, all.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(read_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(read_range("bytes 5-9/*"), Some((5, None)));
        for wrong in ["", "bytes */10", "items 1-2/3", "bytes x-2/3"] {
            assert_eq!(read_range(wrong), None, "{wrong}");
        }
    }
}
