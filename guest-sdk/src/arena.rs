//! The memory of a plugin: a small arena in front of the target's own allocator.
//!
//! A call allocates a few dozen short-lived pieces: parameters, body, answer. They come from one block by moving a
//! mark, and once the last of them is given back, after the answer was passed on, the mark returns to the start: the
//! next call finds the same memory warm. What does not fit, or what comes while something long-lived still lies in the
//! block, is the other allocator's. A crate that wants an allocator of its own turns the feature `arena` off.

#![allow(
    unsafe_code,
    reason = "an allocator hands out memory; the module is small so that this can be checked"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};

/// What a call with a few kilobytes of JSON needs, and small beside a guest's stack and data.
const SIZE: usize = 64 << 10;

#[repr(align(16))]
struct Block(UnsafeCell<[u8; SIZE]>);

/// The arena. At most one per component.
pub(crate) struct Arena {
    block: Block,
    /// Where free memory begins.
    mark: Cell<usize>,
    /// How many pieces are in use.
    pieces: Cell<usize>,
}

// SAFETY: a component has one thread, and this type is used nowhere else (see `lib.rs`).
unsafe impl Sync for Arena {}

impl Arena {
    pub(crate) const fn new() -> Self {
        Arena {
            block: Block(UnsafeCell::new([0; SIZE])),
            mark: Cell::new(0),
            pieces: Cell::new(0),
        }
    }

    fn start(&self) -> *mut u8 {
        self.block.0.get().cast()
    }

    /// How far into the block `piece` lies, if it does.
    fn offset(&self, piece: *mut u8) -> Option<usize> {
        let offset = piece.addr().wrapping_sub(self.start().addr());
        (offset < SIZE).then_some(offset)
    }
}

// SAFETY: a piece of the block lies between the mark before and the mark after it was made, aligned as asked; the mark
// goes back below it only when no piece is in use, or when it is itself the last and shrinks. `offset` tells the
// pieces of the block from those of the system, because the system's never overlap a static.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // As `next_multiple_of`, without its division: an alignment is a power of two.
        let most = layout.align() - 1;
        let at = (self.mark.get() + most) & !most;
        // Not `at + size`, which could wrap around.
        if layout.align() > align_of::<Block>() || at > SIZE || layout.size() > SIZE - at {
            // SAFETY: the caller keeps the same promises to us.
            return unsafe { System.alloc(layout) };
        }
        self.mark.set(at + layout.size());
        self.pieces.set(self.pieces.get() + 1);
        // SAFETY: `at` is within the block.
        unsafe { self.start().add(at) }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        if self.offset(piece).is_none() {
            // SAFETY: it is not ours, so the system made it, by the same layout.
            return unsafe { System.dealloc(piece, layout) };
        }
        self.pieces.set(self.pieces.get() - 1);
        if self.pieces.get() == 0 {
            self.mark.set(0);
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(offset) = self.offset(piece) else {
            // SAFETY: as in `dealloc`.
            return unsafe { System.realloc(piece, layout, size) };
        };
        // The last piece grows and shrinks where it is: the usual case, a text being written.
        if offset + layout.size() == self.mark.get() && size <= SIZE - offset {
            self.mark.set(offset + size);
            return piece;
        }
        // SAFETY: the caller promises that `size` is a valid size for this alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: `wanted` is not empty, the caller promises.
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            // SAFETY: both are at least that long, and a new piece overlaps no old one.
            unsafe { moved.copy_from_nonoverlapping(piece, layout.size().min(size)) };
            // SAFETY: `piece` was made by `layout`.
            unsafe { self.dealloc(piece, layout) };
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    fn is_ours(arena: &Arena, piece: *mut u8) -> bool {
        arena.offset(piece).is_some()
    }

    #[test]
    fn memory_starts_anew_once_everything_is_given_back() {
        let arena = Arena::new();
        // SAFETY: each piece is freed once, by its layout.
        unsafe {
            let first = arena.alloc(layout(100));
            let second = arena.alloc(layout(100));
            assert_ne!(first, second);
            arena.dealloc(first, layout(100));
            let third = arena.alloc(layout(100));
            assert!(third > second);
            arena.dealloc(third, layout(100));
            arena.dealloc(second, layout(100));
            let fourth = arena.alloc(layout(100));
            assert_eq!(fourth, first);
            arena.dealloc(fourth, layout(100));
        }
    }

    #[test]
    fn what_does_not_fit_comes_from_the_system() {
        let arena = Arena::new();
        // SAFETY: as above.
        unsafe {
            let large = arena.alloc(layout(SIZE + 1));
            let whole = arena.alloc(layout(SIZE));
            let more = arena.alloc(layout(1));
            assert!(!is_ours(&arena, large) && is_ours(&arena, whole) && !is_ours(&arena, more));
            arena.dealloc(large, layout(SIZE + 1));
            arena.dealloc(whole, layout(SIZE));
            arena.dealloc(more, layout(1));
        }
    }

    #[test]
    fn the_last_piece_grows_in_place_and_keeps_its_content_when_it_moves() {
        let arena = Arena::new();
        // SAFETY: as above.
        unsafe {
            let piece = arena.alloc(layout(8));
            piece.write_bytes(7, 8);
            assert_eq!(arena.realloc(piece, layout(8), 64), piece);
            let other = arena.alloc(layout(8));
            let moved = arena.realloc(piece, layout(64), 128);
            assert!(moved > other && std::slice::from_raw_parts(moved, 8) == [7; 8]);
            let out = arena.realloc(moved, layout(128), SIZE);
            assert!(!is_ours(&arena, out) && std::slice::from_raw_parts(out, 8) == [7; 8]);
            arena.dealloc(out, layout(SIZE));
            arena.dealloc(other, layout(8));
            assert_eq!(arena.mark.get(), 0);
        }
    }
}
