//! A file as an answer.

use std::time::SystemTime;

use crate::answer::encoded;
use crate::{Answer, Answers, Response};

/// A file: bytes of a media type, which the host gives whole, in ranges, or not again to a client that has them, as
/// FastAPI's `FileResponse`. The contract documents no content.
///
/// ```
/// use switchback_sdk::prelude::*;
///
/// /// The report
/// #[get("/report")]
/// fn report() -> File {
///     File::new("text/csv", "month,sum\n1,2\n").name("report.csv")
/// }
///
/// plugin! { title: "Reports", routes: [report] }
/// let answer = switchback_sdk::TestClient::new(plugin()).get("/report").send();
/// assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"report.csv\""));
/// ```
///
/// `accept-ranges: bytes` and an `etag` are what tells the host that an answer is one; with status 200 to GET or HEAD it then
/// answers `range`, `if-range`, `if-none-match` and `if-modified-since` itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    media_type: String,
    content: Vec<u8>,
    name: Option<String>,
    is_shown: bool,
    etag: Option<String>,
    modified: Option<SystemTime>,
}

impl File {
    /// This content.
    pub fn new(media_type: &str, content: impl Into<Vec<u8>>) -> Self {
        File {
            media_type: media_type.into(),
            content: content.into(),
            name: None,
            is_shown: false,
            etag: None,
            modified: None,
        }
    }

    /// Under which name a browser saves it.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A browser shows it, and uses its name only for who saves it.
    pub fn shown(mut self) -> Self {
        self.is_shown = true;
        self
    }

    /// What tells this state of it from all others, without quotes (`v7`); unless said, it is a number made of its bytes.
    pub fn etag(mut self, etag: &str) -> Self {
        self.etag = Some(etag.into());
        self
    }

    /// When it last changed.
    pub fn modified(mut self, modified: SystemTime) -> Self {
        self.modified = Some(modified);
        self
    }
}

impl Answer for File {
    fn describe(status: u16, description: &str, answers: &mut Answers<'_>) {
        answers.empty(status, description);
    }

    fn answer(self, status: u16) -> Response {
        let etag = self.etag.unwrap_or_else(|| digest(&self.content));
        let mut response = Response::new(status)
            .header("content-type", &self.media_type)
            .header("accept-ranges", "bytes")
            .header("etag", &format!("\"{etag}\""));
        if let Some(modified) = self.modified {
            response = response.header("last-modified", &date(modified));
        }
        if let Some(name) = self.name {
            let how = if self.is_shown {
                "inline"
            } else {
                "attachment"
            };
            let written = encoded(&name, b"/_.-~");
            let disposition = match written == name {
                true => format!("{how}; filename=\"{name}\""),
                false => format!("{how}; filename*=utf-8''{written}"),
            };
            response = response.header("content-disposition", &disposition);
        }
        response.body(self.content)
    }
}

/// Eight bytes at a time (FNV-1a); what it is for is no secret, and nobody gains by another file of the same number.
fn digest(content: &[u8]) -> String {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64 ^ content.len() as u64;
    for piece in content.chunks(8) {
        let mut eight = [0; 8];
        eight[..piece.len()].copy_from_slice(piece);
        digest = (digest ^ u64::from_le_bytes(eight)).wrapping_mul(0x0000_0100_0000_01b3);
        digest ^= digest >> 32;
    }
    format!("{digest:016x}")
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`; what is before 1970 is told as its first second.
fn date(time: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = seconds.map_or(0, |since| since.as_secs());
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March, so that the day that some have more is their last.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let of_era_year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_era_year + of_era_year / 4 - of_era_year / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    let year = era * 400 + of_era_year + u64::from(month < 2);
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        DAYS[(days % 7) as usize],
        MONTHS[month as usize],
        of_day / 3_600,
        of_day / 60 % 60,
        of_day % 60,
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_date_is_written_as_http_wants_it() {
        for (seconds, written) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(date(time), written);
        }
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(date(before), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn other_content_has_another_tag() {
        let contents: [&[u8]; 6] = [b"", b"\0", b"\0\0", b"12345678", b"123456789", b"12345679"];
        let mut tags: Vec<String> = contents.iter().map(|content| digest(content)).collect();
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), contents.len());
    }
}
