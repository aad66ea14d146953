//! Memory for closures and results: a few large pieces, in which things lie one behind the other and never move.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

const FIRST_CHUNK: usize = 1 << 10;
const LARGEST_CHUNK: usize = 16 << 20;

/// A bump allocator over chunks that double in size. It frees the memory, but drops nothing of what lies there: that
/// is for whoever put it there.
pub(super) struct Arena {
    chunks: Vec<(NonNull<u8>, Layout)>,
    /// The rest of the newest chunk.
    free: NonNull<u8>,
    left: usize,
}

// SAFETY: an arena owns its memory, and doesn't touch what others have put there.
unsafe impl Send for Arena {}
// SAFETY: a shared reference to an arena gives access to nothing.
unsafe impl Sync for Arena {}

impl Arena {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new(), free: NonNull::dangling(), left: 0 }
    }

    /// Memory for a `T`: aligned, valid for as long as the arena, and nobody else's.
    pub(super) fn reserve<T>(&mut self) -> NonNull<T> {
        self.reserve_array(1)
    }

    /// `value`, at its place.
    pub(super) fn place<T>(&mut self, value: T) -> NonNull<T> {
        let place = self.reserve::<T>();
        // SAFETY: `reserve` gives memory for a `T` that is nobody else's.
        unsafe { place.write(value) };
        place
    }

    /// Memory for `length` of `T`, one behind the other, as [`reserve`](Self::reserve).
    pub(super) fn reserve_array<T>(&mut self, length: usize) -> NonNull<T> {
        let layout = Layout::array::<T>(length).expect("less than the address space");
        if layout.size() == 0 {
            return NonNull::dangling();
        }
        self.bump(layout).cast()
    }

    /// `values`, copied to a place of their own.
    pub(super) fn place_all<T: Copy>(&mut self, values: &[T]) -> NonNull<[T]> {
        let place = self.reserve_array::<T>(values.len());
        for (at, &value) in values.iter().enumerate() {
            // SAFETY: `at` lies within the memory reserved.
            let entry = unsafe { place.add(at) };
            // SAFETY: as above; `reserve_array` gives memory that is nobody else's.
            unsafe { entry.write(value) };
        }
        NonNull::slice_from_raw_parts(place, values.len())
    }

    fn bump(&mut self, layout: Layout) -> NonNull<u8> {
        let mut padding = self.free.as_ptr().align_offset(layout.align());
        if padding.saturating_add(layout.size()) > self.left {
            self.grow(layout);
            padding = 0; // a chunk is aligned for what it was made for
        }
        // SAFETY: `padding + size` bytes are left behind `free` (checked above, or `grow` has seen to it).
        let place = unsafe { self.free.add(padding) };
        // SAFETY: as above.
        self.free = unsafe { place.add(layout.size()) };
        self.left -= padding + layout.size();
        place
    }

    /// Begins a chunk with room for `layout`, at a place that is aligned for it.
    fn grow(&mut self, layout: Layout) {
        let last = self.chunks.last().map_or(FIRST_CHUNK / 2, |(_, chunk)| chunk.size());
        let size = (2 * last).min(LARGEST_CHUNK).max(layout.size());
        let align = layout.align().max(align_of::<MaybeUninit<u128>>());
        let chunk = Layout::from_size_align(size, align).expect("less than the address space");
        // SAFETY: the size is not zero: at least `FIRST_CHUNK`, or that of a chunk before.
        let memory = unsafe { alloc(chunk) };
        let Some(memory) = NonNull::new(memory) else { handle_alloc_error(chunk) };
        self.chunks.push((memory, chunk));
        (self.free, self.left) = (memory, size);
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for &(memory, layout) in &self.chunks {
            // SAFETY: allocated in `grow` with this layout, and freed only here.
            unsafe { dealloc(memory.as_ptr(), layout) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Arena;

    #[repr(align(512))]
    #[derive(Clone, Copy)]
    struct Page(u8);

    #[test]
    fn places_are_aligned_and_apart() {
        let mut arena = Arena::new();
        let mut placed = Vec::new();
        for round in 0..400_u16 {
            let small = arena.place(u8::try_from(round % 256).expect("a byte"));
            let page = arena.place(Page(u8::try_from(round % 7).expect("a byte")));
            let number = arena.place(u64::from(round));
            let nothing = arena.place(());
            assert!(page.is_aligned() && number.is_aligned() && nothing.is_aligned());
            let row = arena.place_all(&[round; 5]);
            placed.push((small, page, number, row));
        }
        for (round, (small, page, number, row)) in (0..).zip(placed) {
            // SAFETY: the arena is alive, and nothing has been written there since.
            assert_eq!(u16::from(unsafe { small.read() }), round % 256);
            // SAFETY: as above.
            assert_eq!(u16::from(unsafe { page.read() }.0), round % 7);
            // SAFETY: as above.
            assert_eq!(unsafe { number.read() }, u64::from(round));
            // SAFETY: as above.
            assert_eq!(unsafe { row.as_ref() }, &[round; 5]);
        }
    }

    #[test]
    fn more_than_a_chunk() {
        let mut arena = Arena::new();
        let row = arena.place_all(&[7_u64; 5_000]);
        let _ = arena.place_all::<u64>(&[]);
        // SAFETY: the arena is alive, and nothing has been written there since.
        assert!(unsafe { row.as_ref() }.iter().all(|&number| number == 7));
    }
}
