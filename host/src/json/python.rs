//! What CPython's parser says of a broken JSON text.

/// The first thing wrong with a JSON text, in the words and at the place (in bytes) of CPython's parser.
pub(super) fn diagnose(text: &str) -> Option<Wrong> {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        at: 0,
    };
    scanner.document().err()
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

type Wrong = (usize, &'static str);

impl Scanner<'_> {
    /// Without recursion: `open` holds the closing brackets still due.
    fn document(&mut self) -> Result<(), Wrong> {
        let mut open: Vec<u8> = Vec::new();
        self.blanks();
        loop {
            // Here a value is due.
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    self.blanks();
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                    } else {
                        open.push(b'}');
                        self.name()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    self.blanks();
                    if self.peek() == Some(b']') {
                        self.at += 1;
                    } else {
                        open.push(b']');
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            // Here a value has ended, and with it perhaps others.
            loop {
                self.blanks();
                match (open.last(), self.peek()) {
                    (None, None) => return Ok(()),
                    (None, Some(_)) => return Err((self.at, "Extra data")),
                    (Some(close), Some(byte)) if byte == *close => {
                        self.at += 1;
                        open.pop();
                    }
                    (Some(close), Some(b',')) => {
                        self.at += 1;
                        self.blanks();
                        if *close == b'}' {
                            self.name()?;
                        }
                        break;
                    }
                    (Some(_), _) => return Err((self.at, "Expecting ',' delimiter")),
                }
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// A property's name, the colon and the blanks after it.
    fn name(&mut self) -> Result<(), Wrong> {
        if self.peek() != Some(b'"') {
            return Err((self.at, "Expecting property name enclosed in double quotes"));
        }
        self.string()?;
        self.blanks();
        if self.peek() != Some(b':') {
            return Err((self.at, "Expecting ':' delimiter"));
        }
        self.at += 1;
        self.blanks();
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), Wrong> {
        if self.peek() == Some(b'"') {
            return self.string();
        }
        for word in ["null", "true", "false"] {
            if self.bytes[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(());
            }
        }
        self.number()
    }

    fn number(&mut self) -> Result<(), Wrong> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err((start, "Expecting value")),
        }
        let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        if self.peek() == Some(b'.') && digit(self.bytes.get(self.at + 1)) {
            self.at += 1;
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            let sign = matches!(self.bytes.get(self.at + 1), Some(b'+' | b'-'));
            let first = self.at + 1 + usize::from(sign);
            if digit(self.bytes.get(first)) {
                self.at = first;
                self.digits();
            }
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Result<(), Wrong> {
        let begin = self.at;
        let unterminated = (begin, "Unterminated string starting at");
        self.at += 1;
        loop {
            match self.peek().ok_or(unterminated)? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => {
                    let escape = self.at;
                    match self.bytes.get(escape + 1).ok_or(unterminated)? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
                        b'u' => {
                            let digits = self.bytes.get(escape + 2..escape + 6);
                            // CPython wants one more character behind the four digits.
                            let fine = digits
                                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
                                && self.bytes.len() > escape + 6;
                            if !fine {
                                return Err((escape + 1, "Invalid \\uXXXX escape"));
                            }
                            self.at += 6;
                        }
                        _ => return Err((escape, "Invalid \\escape")),
                    }
                }
                0..=0x1f => return Err((self.at, "Invalid control character at")),
                _ => self.at += 1,
            }
        }
    }
}
