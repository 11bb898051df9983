//! Text in the data of the component that can be written over. The harness looks for the mark.

use std::hint::black_box;

/// Its layout is what the harness relies on: mark, length in four bytes (little-endian), text.
#[repr(C)]
pub(crate) struct Slot<const N: usize> {
    mark: [u8; 16],
    length: [u8; 4],
    text: [u8; N],
}

/// The contract; empty: the built-in one.
pub(crate) static CONTRACT: Slot<65536> = Slot::new(*b"\x01slot: contract:");
/// What `version` is answered with.
pub(crate) static VERSION: Slot<64> = Slot::new(*b"\x01slot: version: ");
/// What `openapi()` does: see `describe`.
pub(crate) static DESCRIBE: Slot<64> = Slot::new(*b"\x01slot: describe:");

impl<const N: usize> Slot<N> {
    // Spaces rather than zeroes, which a linker may leave out of the file.
    const fn new(mark: [u8; 16]) -> Self {
        Slot {
            mark,
            length: [0; 4],
            text: [b' '; N],
        }
    }

    pub(crate) fn text(&'static self) -> String {
        // What is known at compile time is not what will be there.
        let slot = black_box(self);
        black_box(slot.mark);
        let length = u32::from_le_bytes(slot.length) as usize;
        String::from_utf8_lossy(&slot.text[..length]).into_owned()
    }
}
