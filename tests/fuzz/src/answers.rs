//! The answers on a connection, read strictly, and what may be said of them whatever was asked.

use http::StatusCode;
use serde_json::Value;

/// The most header fields that an answer of the host's has.
const FIELDS: usize = 64;
/// What the host and the plugins of the target may answer. Of 5xx only 501, which says what of HTTP the host has not (CONNECT,
/// codings of a body): none of these plugins fails by itself.
const STATUSES: [u16; 23] = [
    100, 200, 201, 204, 206, 304, 307, 400, 404, 405, 406, 408, 409, 411, 412, 413, 414, 415, 416,
    417, 422, 431, 501,
];

/// All that came back on one connection.
#[derive(Debug, Default)]
pub struct Answers {
    /// In their order; the last may stop in the middle of its body.
    pub all: Vec<Answer>,
    /// What follows is the beginning of a head.
    half_a_head: bool,
}

/// One of them.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// What stands in it, without its framing.
    pub body: Vec<u8>,
    /// Whether the host gave it, rather than the reading of a head that is none.
    pub of_host: bool,
    media_type: String,
    /// Whether its length was not known when it began.
    streamed: bool,
    /// Whether its body is there to its end.
    whole: bool,
}

impl Answers {
    /// Reads what came back for `sent`.
    ///
    /// # Panics
    /// If these are no answers.
    pub fn read(got: &[u8], sent: &[u8]) -> Answers {
        let mut answers = Answers::default();
        let mut rest = got;
        while !rest.is_empty() && !answers.is_cut() {
            rest = answers.next(rest, sent);
        }
        answers
    }

    /// How many requests are answered.
    pub fn finals(&self) -> usize {
        let finals = self.all.iter().filter(|one| !one.status.is_informational());
        finals.filter(|one| one.whole).count()
    }

    /// Whether the last answer is made while it goes out, and not at its end.
    pub fn is_streaming(&self) -> bool {
        self.all
            .last()
            .is_some_and(|one| one.streamed && !one.whole)
    }

    fn is_cut(&self) -> bool {
        self.half_a_head || self.all.last().is_some_and(|one| !one.whole)
    }

    fn next<'g>(&mut self, got: &'g [u8], sent: &[u8]) -> &'g [u8] {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut head = httparse::Response::new(&mut fields);
        let parsed = head.parse(got);
        let parsed = parsed.unwrap_or_else(|error| panic!("{error}: {}", got.escape_ascii()));
        let httparse::Status::Complete(length) = parsed else {
            self.half_a_head = true;
            return &[];
        };
        let rest = &got[length..];
        let field = |name: &str| {
            let mut found = head
                .headers
                .iter()
                .filter(|field| field.name.eq_ignore_ascii_case(name));
            let value = found.next().map(|field| field.value);
            assert!(
                found.next().is_none(),
                "two of {name}: {}",
                got.escape_ascii()
            );
            value.map(|value| str::from_utf8(value).expect("a text"))
        };
        let status = StatusCode::from_u16(head.code.expect("it is complete")).expect("a status");
        assert!(STATUSES.contains(&status.as_u16()), "answered {status}");
        let said = field("content-length").map(|said| said.parse().expect("a length"));
        let chunked = field("transfer-encoding").map(|coding| assert_eq!(coding, "chunked"));
        assert!(
            said.is_none() || chunked.is_none(),
            "two lengths: {}",
            got.escape_ascii()
        );
        let streamed = said.is_none();
        // What follows on the head of an answer to HEAD is another answer or nothing.
        let bare = status.is_informational()
            || matches!(status.as_u16(), 204 | 304)
            || rest.starts_with(b"HTTP/1.")
            || (rest.is_empty() && contains(sent, b"HEAD "));
        let (body, left) = match (bare, said, chunked) {
            (true, ..) => (Some(Vec::new()), rest),
            (_, Some(said), _) => match rest.split_at_checked(said) {
                Some((body, left)) => (Some(body.to_vec()), left),
                None => (None, rest),
            },
            (_, _, Some(())) => unchunk(rest),
            // Until the connection ends, so it may be all.
            (..) => (Some(rest.to_vec()), &rest[rest.len()..]),
        };
        self.all.push(Answer {
            status,
            whole: body.is_some(),
            body: body.unwrap_or_default(),
            of_host: field("x-request-id").is_some(),
            media_type: field("content-type").unwrap_or_default().to_owned(),
            streamed,
        });
        left
    }

    /// Checks what holds for every connection, once it has ended.
    ///
    /// # Panics
    /// If it does not hold.
    pub fn check(&self, sent: &[u8]) {
        let asked = sent.windows(5).filter(|five| five == b"HTTP/").count();
        let finals = self.all.iter().filter(|one| !one.status.is_informational());
        // One more for what is no head.
        assert!(
            finals.count() <= asked + 1,
            "more answers than requests: {self:?}"
        );
        assert!(!self.half_a_head, "cut in its head: {self:?}");
        for (place, answer) in self.all.iter().enumerate() {
            let last = place + 1 == self.all.len();
            if !answer.whole {
                assert!(answer.streamed, "cut in the middle: {answer:?}");
                continue;
            }
            if answer.status.is_informational() {
                continue;
            }
            // `OPTIONS *` asks the server, and nothing is wrong with it.
            let of_server = answer.status == StatusCode::NO_CONTENT;
            assert!(
                answer.of_host || of_server || last,
                "it went on after {answer:?}"
            );
            if answer.media_type == "application/json" && !answer.body.is_empty() {
                let body: Result<Value, _> = serde_json::from_slice(&answer.body);
                let body = body.unwrap_or_else(|error| panic!("{error}: {answer:?}"));
                let refused = answer.status.is_client_error();
                assert!(
                    !refused
                        || answer.status == StatusCode::CONFLICT
                        || body["detail"] != Value::Null,
                    "{answer:?}"
                );
            }
        }
    }
}

/// What stands in chunks, and what is left behind them; nothing if they do not end.
fn unchunk(mut rest: &[u8]) -> (Option<Vec<u8>>, &[u8]) {
    let mut body = Vec::new();
    loop {
        match httparse::parse_chunk_size(rest).expect("chunks have a size") {
            httparse::Status::Partial => return (None, rest),
            httparse::Status::Complete((at, size)) => {
                let size = usize::try_from(size).expect("a size");
                let Some(chunk) = rest.get(at..at + size + 2) else {
                    return (None, rest);
                };
                let (chunk, end) = chunk.split_at(size);
                assert_eq!(end, b"\r\n", "a chunk without its end");
                body.extend_from_slice(chunk);
                rest = &rest[at + size + 2..];
                if size == 0 {
                    return (Some(body), rest);
                }
            }
        }
    }
}

/// How many requests `sent` begins with of which nobody can doubt where they end: each is answered at once, or the
/// connection is closed.
pub fn plain_requests(mut sent: &[u8]) -> usize {
    let mut count = 0;
    loop {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut head = httparse::Request::new(&mut fields);
        let Ok(httparse::Status::Complete(length)) = head.parse(sent) else {
            return count;
        };
        let framed = |field: &httparse::Header<'_>| {
            ["content-length", "transfer-encoding", "upgrade"]
                .iter()
                .any(|name| field.name.eq_ignore_ascii_case(name))
        };
        if head.headers.iter().any(framed) || head.method == Some("CONNECT") {
            return count;
        }
        count += 1;
        sent = &sent[length..];
    }
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|here| here == part)
}
