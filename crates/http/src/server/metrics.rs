//! Numbers for Prometheus, in its text format 0.0.4.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Most series of one name. What is more is counted in `edgecoder_series_dropped_total`.
pub const SERIES_MAX: usize = 1_000;
/// Upper bounds of a histogram's buckets, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0];

type Labels = Vec<(&'static str, String)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Debug)]
struct Family {
    help: &'static str,
    kind: Kind,
    series: BTreeMap<Labels, Series>,
}

#[derive(Debug, Default)]
struct Series {
    value: i64,
    counts: [u64; BUCKETS.len()],
    seconds: f64,
}

/// A small registry: counters, gauges, histograms of seconds.
#[derive(Debug, Default)]
pub struct Metrics {
    families: Mutex<BTreeMap<&'static str, Family>>,
    dropped: Mutex<u64>,
}

impl Metrics {
    /// Adds to a counter.
    pub fn count(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)], more: u64) {
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        self.change(name, help, Kind::Counter, labels, |series| series.value = series.value.saturating_add(more));
    }

    /// Sets a gauge.
    pub fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)], value: i64) {
        self.change(name, help, Kind::Gauge, labels, |series| series.value = value);
    }

    /// Adds to a gauge, or takes from it.
    pub fn gauge_add(&self, name: &'static str, help: &'static str, labels: &[(&'static str, &str)], more: i64) {
        self.change(name, help, Kind::Gauge, labels, |series| series.value = series.value.saturating_add(more));
    }

    /// Counts how long something took.
    pub fn took(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
        time: std::time::Duration,
    ) {
        let seconds = time.as_secs_f64();
        self.change(name, help, Kind::Histogram, labels, |series| {
            series.value = series.value.saturating_add(1);
            series.seconds += seconds;
            if let Some(count) =
                BUCKETS.iter().position(|bound| seconds <= *bound).and_then(|at| series.counts.get_mut(at))
            {
                *count += 1;
            }
        });
    }

    fn change(
        &self,
        name: &'static str,
        help: &'static str,
        kind: Kind,
        labels: &[(&'static str, &str)],
        change: impl FnOnce(&mut Series),
    ) {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let family = families.entry(name).or_insert_with(|| Family { help, kind, series: BTreeMap::new() });
        debug_assert_eq!(family.kind, kind, "{name} is of two kinds");
        let labels: Labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        if family.series.len() >= SERIES_MAX && !family.series.contains_key(&labels) {
            *self.dropped.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            return;
        }
        change(family.series.entry(labels).or_default());
    }

    /// The text that Prometheus reads.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, family) in &*self.families.lock().unwrap_or_else(PoisonError::into_inner) {
            family.write(name, &mut text);
        }
        let dropped = *self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str("# HELP edgecoder_series_dropped_total Values that had no series any more.\n");
        text.push_str("# TYPE edgecoder_series_dropped_total counter\n");
        line(&mut text, "edgecoder_series_dropped_total", &[], None, dropped);
        text
    }
}

impl Family {
    fn write(&self, name: &str, text: &mut String) {
        let kind = match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        text.extend(["# HELP ", name, " ", self.help, "\n# TYPE ", name, " ", kind, "\n"]);
        for (labels, series) in &self.series {
            if self.kind != Kind::Histogram {
                line(text, name, labels, None, series.value);
                continue;
            }
            let mut sum = 0;
            for (bound, count) in BUCKETS.iter().zip(series.counts) {
                sum += count;
                line(text, &format!("{name}_bucket"), labels, Some(&bound.to_string()), sum);
            }
            line(text, &format!("{name}_bucket"), labels, Some("+Inf"), series.value);
            line(text, &format!("{name}_sum"), labels, None, series.seconds);
            line(text, &format!("{name}_count"), labels, None, series.value);
        }
    }
}

fn line(
    text: &mut String,
    name: &str,
    labels: &[(&'static str, String)],
    bound: Option<&str>,
    value: impl std::fmt::Display,
) {
    text.push_str(name);
    let own = labels.iter().map(|(name, value)| (*name, value.as_str()));
    let all: Vec<(&str, &str)> = own.chain(bound.map(|bound| ("le", bound))).collect();
    for (index, (name, value)) in all.iter().enumerate() {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        text.push(if index == 0 { '{' } else { ',' });
        text.extend([name, "=\"", &value, "\""]);
    }
    if !all.is_empty() {
        text.push('}');
    }
    text.extend([" ", &value.to_string(), "\n"]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let metrics = Metrics::default();
        metrics.count("a_total", "As.", &[("route", "/v1/\"x\"")], 2);
        metrics.count("a_total", "As.", &[("route", "/v1/\"x\"")], 3);
        metrics.gauge("b", "Bs.", &[], 7);
        metrics.gauge_add("b", "Bs.", &[], -2);
        metrics.took("c_seconds", "Cs.", &[("r", "x")], Duration::from_millis(2));
        metrics.took("c_seconds", "Cs.", &[("r", "x")], Duration::from_secs(90));
        let text = metrics.text();
        for expected in [
            "# HELP a_total As.\n# TYPE a_total counter\na_total{route=\"/v1/\\\"x\\\"\"} 5\n",
            "# TYPE b gauge\nb 5\n",
            "c_seconds_bucket{r=\"x\",le=\"0.001\"} 0\nc_seconds_bucket{r=\"x\",le=\"0.003\"} 1\n",
            "c_seconds_bucket{r=\"x\",le=\"60\"} 1\nc_seconds_bucket{r=\"x\",le=\"+Inf\"} 2\n",
            "c_seconds_sum{r=\"x\"} 90.002\nc_seconds_count{r=\"x\"} 2\n",
            "edgecoder_series_dropped_total 0\n",
        ] {
            assert!(text.contains(expected), "{expected}\n---\n{text}");
        }
    }

    #[test]
    fn series_are_bounded() {
        let metrics = Metrics::default();
        for number in 0..SERIES_MAX + 5 {
            metrics.count("a_total", "As.", &[("n", &number.to_string())], 1);
        }
        metrics.count("a_total", "As.", &[("n", "0")], 1);
        let text = metrics.text();
        assert_eq!(text.matches("a_total{").count(), SERIES_MAX);
        assert!(text.contains("edgecoder_series_dropped_total 5\n"), "{text}");
        assert!(text.contains("a_total{n=\"0\"} 2\n"));
    }
}
