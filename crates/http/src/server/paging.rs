//! Lists by pages: a bounded number of items, and a cursor for what follows.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::extract::Query;
use super::fault::RequestFault;

/// Most items of a page.
pub const PAGE_MAX: usize = 200;
/// Items of a page when nobody says how many.
pub const PAGE_DEFAULT: usize = 50;
/// Longest place, in bytes.
const PLACE_BYTES_MAX: usize = 256;

/// A place in a list: the sort key of the last item seen. Callers hand it back as they got it; it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("1:{}", self.0)))
    }
}

impl FromStr for Cursor {
    type Err = RequestFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || RequestFault::Parameter("this cursor is none of ours".to_owned());
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        let place = text.strip_prefix("1:").filter(|place| place.len() <= PLACE_BYTES_MAX).ok_or_else(wrong)?;
        Ok(Self(place.to_owned()))
    }
}

/// Which page is wanted: `limit` and `cursor` of the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items, 1 to [`PAGE_MAX`].
    pub limit: usize,
    /// Behind which place.
    pub after: Option<Cursor>,
}

impl PageRequest {
    /// Reads it.
    ///
    /// # Errors
    /// [`RequestFault::Parameter`]
    pub fn of(query: &Query) -> Result<Self, RequestFault> {
        let limit = query.parsed::<usize>("limit")?.unwrap_or(PAGE_DEFAULT);
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(RequestFault::Parameter(format!("limit is 1 to {PAGE_MAX}")));
        }
        let after = query.text("cursor").map(Cursor::from_str).transpose()?;
        Ok(Self { limit, after })
    }
}

/// A page as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items in their order.
    pub items: Vec<T>,
    /// For the next page, if there is more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of up to `limit + 1` items: the one too many says that there is more.
    pub fn of(mut items: Vec<T>, limit: usize, place: impl Fn(&T) -> String) -> Self {
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| has_more).map(|item| Cursor(place(item)).to_string());
        Self { items, next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let all: Vec<u32> = (0..7).collect();
        let (mut seen, mut query) = (Vec::new(), "limit=3".to_owned());
        loop {
            let request = PageRequest::of(&Query::parse(&query).unwrap()).unwrap();
            let from = request.after.map_or(0, |cursor| cursor.0.parse::<u32>().unwrap() + 1);
            let items = all.iter().copied().filter(|item| *item >= from).take(request.limit + 1).collect();
            let page = Page::of(items, request.limit, u32::to_string);
            seen.extend(page.items);
            let Some(cursor) = page.next_cursor else { break };
            query = format!("limit=3&cursor={cursor}");
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn what_is_no_page_is_refused() {
        let of = |text: &str| PageRequest::of(&Query::parse(text).unwrap());
        assert_eq!(of("").unwrap().limit, PAGE_DEFAULT);
        let long = Cursor("x".repeat(PLACE_BYTES_MAX + 1)).to_string();
        for wrong in ["limit=0", "limit=201", "limit=x", "cursor=%21", "cursor=MjpB", &format!("cursor={long}")] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
