//! When a request is sent again, and after how long.

use std::time::Duration;

use crate::HttpError;
use crate::date::parse_http_date;

/// Bounds of repeating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, at least 1.
    pub attempts_max: u32,
    /// The first wait is between half of it and all of it; each further one may be twice as long.
    pub first_wait: Duration,
    /// Longest wait of our own.
    pub wait_max: Duration,
    /// Longest wait that a server may ask for; when it asks for more, the request fails at once.
    pub asked_wait_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 4,
            first_wait: Duration::from_millis(400),
            wait_max: Duration::from_secs(8),
            asked_wait_max: Duration::from_mins(1),
        }
    }
}

impl RetryPolicy {
    /// How long to wait after attempt `number` (from 1) failed, or `None` when the error stands. `random` spreads clients.
    pub(super) fn wait(&self, number: u32, error: &HttpError, random: u64) -> Option<Duration> {
        if number >= self.attempts_max || !error.is_retryable() || is_hopeless(error) {
            return None;
        }
        if let HttpError::Status { retry_after: Some(asked), .. } = error {
            return (*asked <= self.asked_wait_max).then_some(*asked);
        }
        Some(self.backoff(number, random))
    }

    /// How long to wait after attempt `number` (from 1) when nobody said.
    pub(super) fn backoff(&self, number: u32, random: u64) -> Duration {
        let doubled = self.first_wait.saturating_mul(1 << (number - 1).min(16)).min(self.wait_max);
        let half = u64::try_from(doubled.as_millis()).unwrap_or(u64::MAX) / 2;
        Duration::from_millis(half + mix(random) % (half + 1))
    }
}

/// What a second attempt moments later does not change, or what must not be repeated because an answer had begun.
fn is_hopeless(error: &HttpError) -> bool {
    match error {
        HttpError::Unreachable { .. } | HttpError::TimedOut { .. } => true,
        HttpError::Cut { bytes, .. } => *bytes > 0,
        _ => false,
    }
}

/// The finaliser of `SplitMix64`.
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `Retry-After`: seconds, or a date, which is compared with the answer's own `Date` and never with this machine's clock.
pub(super) fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let (until, now) = (parse_http_date(value)?, parse_http_date(date?)?);
    Some(Duration::from_secs(u64::try_from(until - now).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, retry_after: Option<u64>) -> HttpError {
        let retry_after = retry_after.map(Duration::from_secs);
        HttpError::Status { to: "a:1".to_owned(), status, detail: String::new(), retry_after }
    }

    #[test]
    fn waits_double_within_bounds_and_servers_are_heard() {
        let policy = RetryPolicy::default();
        for random in 0..200 {
            let wait = |number| policy.wait(number, &status(503, None), random).unwrap().as_millis();
            assert!(
                (200..=400).contains(&wait(1)) && (400..=800).contains(&wait(2)) && (800..=1600).contains(&wait(3))
            );
        }
        assert_eq!(policy.wait(4, &status(503, None), 1), None);
        assert_eq!(policy.wait(1, &status(400, None), 1), None);
        assert_eq!(policy.wait(1, &status(429, Some(7)), 1), Some(Duration::from_secs(7)));
        assert_eq!(policy.wait(1, &status(429, Some(61)), 1), None);
        let cut = |bytes| HttpError::Cut { to: String::new(), bytes };
        assert!(policy.wait(1, &cut(0), 1).is_some() && policy.wait(1, &cut(1), 1).is_none());
        let refused = HttpError::Unreachable { to: String::new(), why: String::new() };
        assert_eq!(policy.wait(1, &refused, 1), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after(" 12 ", None), Some(Duration::from_secs(12)));
        let date = "Fri, 31 Dec 1999 23:59:59 GMT";
        assert_eq!(retry_after("Sat, 01 Jan 2000 00:01:00 GMT", Some(date)), Some(Duration::from_secs(61)));
        assert_eq!(
            retry_after("Tue, 29 Feb 2000 00:00:00 GMT", Some("Mon, 28 Feb 2000 00:00:00 GMT")),
            Some(Duration::from_hours(24))
        );
        assert_eq!(retry_after(date, Some("Sat, 01 Jan 2000 00:01:00 GMT")), Some(Duration::ZERO));
        for wrong in ["", "-1", "soon", "Fri, 31 Foo 1999 23:59:59 GMT", "Fri, 31 Dec 1999"] {
            assert_eq!(retry_after(wrong, Some(date)), None, "{wrong}");
        }
        assert_eq!(retry_after(date, None), None);
    }
}
