//! Dates of HTTP (RFC 9110, 5.6.7), in the one form that is to be generated.

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Days from the first of March of the year 0, counted from 1, to the Unix epoch.
const EPOCH_DAY: i64 = 719_469;
const DAY_S: i64 = 86_400;

/// Seconds since the Unix epoch.
pub(crate) fn parse_http_date(date: &str) -> Option<i64> {
    let mut parts = date.trim().split_once(", ")?.1.split_whitespace();
    let day: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = i64::try_from(MONTHS.iter().position(|month| *month == name)?).ok()? + 1;
    let year: i64 = parts.next()?.parse().ok().filter(|year| (1970..10_000).contains(year))?;
    let mut clock = parts.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    // Days by the civil calendar, with the year beginning in March.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    Some((days - EPOCH_DAY) * DAY_S + hour * 3_600 + minute * 60 + second)
}

/// The date of so many seconds after the Unix epoch; what lies before it is shown as it.
pub(crate) fn http_date(unix_s: i64) -> String {
    let unix_s = unix_s.clamp(0, 253_402_300_799);
    let (days, second) = (unix_s / DAY_S, unix_s % DAY_S);
    // Days since the first of March of the year 0, in cycles of 400 years.
    let shifted = days + EPOCH_DAY - 1;
    let (cycle, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 2 } else { march_month - 10 };
    let year = year + cycle * 400 + i64::from(month < 2);
    let name = |names: &[&'static str], index: i64| usize::try_from(index).ok().and_then(|i| names.get(i).copied());
    format!(
        "{}, {day_of_month:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        name(&DAYS, days % 7).unwrap_or_default(),
        name(&MONTHS, month).unwrap_or_default(),
        second / 3_600,
        second / 60 % 60,
        second % 60,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip() {
        let rows = [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_800_000_000, "Fri, 15 Jan 2027 08:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ];
        for (unix_s, date) in rows {
            assert_eq!(http_date(unix_s), date);
            assert_eq!(parse_http_date(date), Some(unix_s));
        }
        for day in 0..60_000 {
            let unix_s = day * DAY_S + day % DAY_S;
            assert_eq!(parse_http_date(&http_date(unix_s)), Some(unix_s));
        }
        assert_eq!(http_date(-5), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
