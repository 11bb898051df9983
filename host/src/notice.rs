//! What clients are told of a plugin that will go: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594) on each of its answers.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::{PluginConfig, midnight};

static DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
static SUNSET: HeaderName = HeaderName::from_static("sunset");

/// The headers of a plugin that has such dates.
#[derive(PartialEq, Eq)]
pub(crate) struct Notice {
    deprecation: Option<HeaderValue>,
    sunset: Option<HeaderValue>,
}

impl Notice {
    /// None for a plugin without dates, which is most. What is no date was refused with the configuration.
    pub(crate) fn of(plugin: &PluginConfig) -> Option<Box<Notice>> {
        let seconds = |date: &str| midnight(date).filter(|_| !date.is_empty());
        let deprecation = seconds(&plugin.deprecation).map(|at| format!("@{at}"));
        let sunset = seconds(&plugin.sunset)
            .map(|at| httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(at)));
        let header = |text: Option<String>| text.and_then(|text| text.try_into().ok());
        let notice = Notice {
            deprecation: header(deprecation),
            sunset: header(sunset),
        };
        let any = notice.deprecation.is_some() || notice.sunset.is_some();
        any.then(|| Box::new(notice))
    }

    /// Puts them on an answer, unless the plugin has set its own.
    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        for (name, value) in [(&DEPRECATION, &self.deprecation), (&SUNSET, &self.sunset)] {
            if let Some(value) = value
                && !headers.contains_key(name)
            {
                headers.insert(name.clone(), value.clone());
            }
        }
    }
}
