//! Where a value of JSON ends, in a text that the host has written and that is not looked at twice.

/// Where the value ends that begins at `at`; there, if none does.
#[inline]
pub(crate) fn end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'"') => after_text(bytes, at + 1),
        Some(b'[' | b'{') => after_brackets(bytes, at + 1),
        _ => {
            let ends = |byte: &u8| {
                matches!(
                    byte,
                    b']' | b'}' | b',' | b':' | b' ' | b'\t' | b'\n' | b'\r'
                )
            };
            let mut end = at;
            while bytes.get(end).is_some_and(|byte| !ends(byte)) {
                end += 1;
            }
            end
        }
    }
}

/// Where the array or object ends whose inside begins at `at`, the bracket included.
fn after_brackets(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 1;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = after_text(bytes, at),
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth == 1 => return at,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    bytes.len()
}

/// Where the text ends whose first character is at `at`, the quote included.
#[inline]
fn after_text(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = special(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(_) => at += 2,
            None => return bytes.len(),
        }
    }
}

/// Where the next quote or backslash is from `at` on. Eight bytes at once: each turn of a loop costs a guest a look
/// at the clock.
#[inline]
pub(crate) fn special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    // The highest bit of each byte that is zero. (Of those behind the first it may be wrong.)
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let same = |word: u64, byte: u8| zeros(word ^ (ONES * u64::from(byte)));
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        let found = same(word, b'"') | same(word, b'\\');
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while !matches!(bytes.get(at), None | Some(b'"' | b'\\')) {
        at += 1;
    }
    at
}
