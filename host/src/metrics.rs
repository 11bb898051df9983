//! What a host counts, as Prometheus reads it: its text format 0.0.4, with names by its conventions
//! (<https://prometheus.io/docs/practices/naming/>). Series of a revision go when it does.

use std::fmt::{Display, Write};
use std::sync::Arc;

use crate::counts::Tally;
use crate::host::Host;
use crate::revision::Revision;

/// Metrics as text, family by family.
#[derive(Default)]
pub(crate) struct Text(String);

/// What a family's values are.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Only grows; its name ends in `_total`.
    Counter,
    Gauge,
    Histogram,
}

/// A family that was begun: its samples come now.
pub(crate) struct Family<'t> {
    text: &'t mut String,
    name: &'static str,
}

impl Text {
    pub(crate) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let text = &mut self.0;
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { text, name }
    }

    /// A family of one sample without labels.
    pub(crate) fn one(&mut self, name: &'static str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help).sample(&[], value);
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

impl Family<'_> {
    pub(crate) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.part("", labels, value);
    }

    fn part(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let text = &mut *self.text;
        let _ = write!(text, "{}{suffix}", self.name);
        for (at, (label, value)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let value = value.replace('\\', "\\\\").replace('\n', "\\n");
            let value = value.replace('"', "\\\"");
            let _ = write!(text, "{before}{label}=\"{value}\"");
        }
        let after = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(text, "{after} {value}");
    }

    /// A histogram's series: how many took no longer than each bound, their sum in seconds, and how many there are.
    fn histogram(&mut self, labels: &[(&str, &str)], tally: &Tally) {
        let answers = tally.answers();
        let bounds = tally.octaves();
        let bounds = bounds.map(|(bound, count)| (bound.to_string(), count));
        for (bound, count) in bounds.chain([("+Inf".to_owned(), answers)]) {
            let labels = [labels, &[("le", &bound)]].concat();
            self.part("_bucket", &labels, count);
        }
        self.part("_sum", labels, tally.total_ms / 1e3);
        self.part("_count", labels, answers);
    }
}

/// What stands for an operation where a plugin's static files are meant.
pub(crate) const FILES: &str = "(files)";

/// An operation that was called, of a revision that lives.
struct Called {
    plugin: Arc<str>,
    revision: String,
    operation: String,
    tally: Tally,
}

impl Called {
    fn all(revisions: &[Arc<Revision>]) -> Vec<Called> {
        let mut called = Vec::new();
        for revision in revisions {
            let operations = revision.code.contract.operations.iter().enumerate();
            called.extend(operations.filter_map(|(at, operation)| {
                Some(Called {
                    plugin: revision.name.clone(),
                    revision: revision.number.to_string(),
                    operation: operation.id.clone(),
                    tally: revision.counts.tally(at)?,
                })
            }));
            called.extend(revision.files_counts.tally(0).map(|tally| Called {
                plugin: revision.name.clone(),
                revision: revision.number.to_string(),
                operation: FILES.to_owned(),
                tally,
            }));
        }
        called
    }

    fn labels(&self) -> [(&str, &str); 3] {
        [
            ("plugin", &self.plugin),
            ("operation", &self.operation),
            ("revision", &self.revision),
        ]
    }
}

/// A family of one sample for each of some things: its name, its help, and what the sample is.
type Single<T, V> = (&'static str, &'static str, fn(&T) -> V);

const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

impl Host {
    /// What was counted, in the text format of Prometheus (0.0.4, `text/plain; version=0.0.4`): requests, their times,
    /// calls in flight and in the queue, instances, limits hit, swaps. A program with metrics of its own may append it
    /// to them: all names begin with `switchback_`.
    ///
    /// ```
    /// let host = switchback::Host::new(switchback::Config::default()).unwrap();
    /// assert!(host.metrics().contains("switchback_ready 0"));
    /// ```
    pub fn metrics(&self) -> String {
        let mut text = Text::default();
        self.tell_requests(&mut text);
        self.tell_plugins(&mut text);
        self.tell_host(&mut text);
        text.finish()
    }

    fn tell_requests(&self, text: &mut Text) {
        let called = Called::all(&self.0.commons.living());
        let mut answers = text.family(
            "switchback_requests_total",
            Kind::Counter,
            "Answered requests, by the first digit of the status.",
        );
        for one in &called {
            let [plugin, operation, revision] = one.labels();
            for (status, count) in STATUSES.into_iter().zip(one.tally.statuses) {
                if count > 0 {
                    answers.sample(&[plugin, operation, revision, ("status", status)], count);
                }
            }
        }
        let mut times = text.family(
            "switchback_request_duration_seconds",
            Kind::Histogram,
            "Time from a request's head to its answer's head.",
        );
        for one in &called {
            times.histogram(&one.labels(), &one.tally);
        }
        let single: [Single<Tally, u64>; 3] = [
            (
                "switchback_request_failures_total",
                "Of the 5xx, those that are the plugin's own.",
                |tally| tally.failed,
            ),
            (
                "switchback_requests_abandoned_total",
                "Requests whose client went away before the answer.",
                |tally| tally.left,
            ),
            (
                "switchback_answers_off_contract_total",
                "Answers that broke their contract, of those that were looked at.",
                |tally| tally.off_contract,
            ),
        ];
        for (name, help, of) in single {
            let mut family = text.family(name, Kind::Counter, help);
            for one in &called {
                family.sample(&one.labels(), of(&one.tally));
            }
        }
        let mut others = text.family(
            "switchback_other_requests_total",
            Kind::Counter,
            "Requests that went to no plugin: the host's own pages, and paths that nobody serves.",
        );
        for (status, count) in STATUSES.into_iter().zip(self.0.commons.others()) {
            others.sample(&[("status", status)], count);
        }
        text.one(
            "switchback_connections",
            Kind::Gauge,
            "Connections that are open.",
            self.0.commons.connections(),
        );
    }

    fn tell_plugins(&self, text: &mut Text) {
        let living = self.0.commons.living();
        let numbers: Vec<String> = living.iter().map(|it| it.number.to_string()).collect();
        let single: [Single<Revision, usize>; 3] = [
            (
                "switchback_requests_in_flight",
                "Calls that hold a place, those of revisions that drain among them.",
                Revision::calls,
            ),
            (
                "switchback_requests_queued",
                "Calls that wait for their turn.",
                Revision::queued,
            ),
            (
                "switchback_instances",
                "Instances that live, idle or not.",
                |revision| revision.pool.instances(),
            ),
        ];
        for (name, help, of) in single {
            let mut family = text.family(name, Kind::Gauge, help);
            for (revision, number) in living.iter().zip(&numbers) {
                let labels = [("plugin", &*revision.name), ("revision", number)];
                family.sample(&labels, of(revision));
            }
        }
        let served = self.0.api.load().set();
        let mut serving = text.family(
            "switchback_plugin_revision",
            Kind::Gauge,
            "The number of the revision that serves.",
        );
        for (name, served) in &served {
            serving.sample(&[("plugin", name)], served.stable.number);
        }
        let mut hits = text.family(
            "switchback_limit_hits_total",
            Kind::Counter,
            "Calls that ran into a limit of their plugin, over all of its revisions.",
        );
        for (name, served) in &served {
            for (limit, count) in served.stable.hits.all() {
                if count > 0 {
                    hits.sample(&[("plugin", name), ("limit", limit.name())], count);
                }
            }
        }
    }

    fn tell_host(&self, text: &mut Text) {
        let host = &*self.0;
        let mut events = text.family(
            "switchback_events_total",
            Kind::Counter,
            "What happened: swaps, refusals, rollbacks, failures, by the kinds of the operator's events.",
        );
        for (kind, count) in host.commons.told() {
            events.sample(&[("event", kind)], count);
        }
        let (cached, compiled) = host.loader.loaded();
        let mut loads = text.family(
            "switchback_component_loads_total",
            Kind::Counter,
            "Components that were loaded, by whether their code came from the cache.",
        );
        loads.sample(&[("from", "cache")], cached);
        loads.sample(&[("from", "compiler")], compiled);
        let (memory, disk) = host.commons.bodies.taken();
        let mut bodies = text.family(
            "switchback_request_bodies_bytes",
            Kind::Gauge,
            "What the bodies of all requests take now.",
        );
        bodies.sample(&[("held", "memory")], memory);
        bodies.sample(&[("held", "disk")], disk);
        let api = host.api.load();
        text.one(
            "switchback_generation",
            Kind::Gauge,
            "The set of plugins that is served, counted.",
            api.generation,
        );
        text.one(
            "switchback_plugins",
            Kind::Gauge,
            "Plugins that are served.",
            api.set().len(),
        );
        let ready = host.ready.load(std::sync::atomic::Ordering::Relaxed);
        text.one(
            "switchback_ready",
            Kind::Gauge,
            "1 once the first set is served, 0 before and while the host stops.",
            u8::from(ready),
        );
        text.family("switchback_build_info", Kind::Gauge, "Always 1.")
            .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_may_hold_anything_and_a_family_says_what_it_is() {
        let mut text = Text::default();
        let mut family = text.family("some_total", Kind::Counter, "Some.");
        family.sample(&[("a", "quo\"te\\back\nline"), ("b", "")], 7);
        text.one("other", Kind::Gauge, "Other.", 1.5);
        let lines = [
            "# HELP some_total Some.",
            "# TYPE some_total counter",
            r#"some_total{a="quo\"te\\back\nline",b=""} 7"#,
            "# HELP other Other.",
            "# TYPE other gauge",
            "other 1.5",
            "",
        ];
        assert_eq!(text.finish(), lines.join("\n"));
    }
}
