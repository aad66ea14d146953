//! Memory for closures and results: one piece, in which things lie one behind the other.
//!
//! It grows by moving everything: until a graph is built, all that lies there are values that nobody points
//! to. So a place is a number that stays right, in half the space of a pointer.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// Places are multiples of this many bytes.
const UNIT: usize = 4;
/// As far as a `u32` can tell places apart.
const LARGEST: usize = (u32::MAX as usize).saturating_mul(UNIT);
const FIRST: usize = 1 << 10;

/// A bump allocator. It frees the memory, but drops nothing of what lies there: that is for whoever put it
/// there.
pub(crate) struct Arena {
    base: NonNull<u8>,
    /// Of the memory behind `base`; of no bytes before there is any.
    layout: Layout,
    used: usize,
}

/// Where a `T` lies in an arena.
pub struct Place<T> {
    units: u32,
    of: PhantomData<fn() -> T>,
}

/// Where an arena lies, as long as nothing is added to it.
#[derive(Clone, Copy)]
pub(crate) struct Base(NonNull<u8>);

// SAFETY: an arena owns its memory, and doesn't touch what others have put there.
unsafe impl Send for Arena {}
// SAFETY: a shared reference to an arena gives access to nothing.
unsafe impl Sync for Arena {}
// SAFETY: an address; what lies there is used by contract only.
unsafe impl Send for Base {}
// SAFETY: as above.
unsafe impl Sync for Base {}

impl Arena {
    pub(crate) const fn new() -> Self {
        let base = NonNull::<u128>::dangling().cast();
        Self { base, layout: Layout::new::<[u128; 0]>(), used: 0 }
    }

    /// Whether there is space for one more of these.
    pub(crate) fn has_room(&self, of: Layout) -> bool {
        self.next(of).is_some()
    }

    /// Where the next one of these would begin and end.
    fn next(&self, of: Layout) -> Option<(usize, usize)> {
        let start = self.used.checked_next_multiple_of(of.align().max(UNIT))?;
        let end = start.checked_add(of.size())?;
        let fits = start < LARGEST && end <= LARGEST && self.layout_of(end, of.align()).is_some();
        fits.then_some((start, end))
    }

    /// So many bytes, for what is there and something with this alignment. `None` if the address space has
    /// fewer.
    fn layout_of(&self, size: usize, align: usize) -> Option<Layout> {
        Layout::from_size_align(size, align.max(self.layout.align())).ok()
    }

    /// Memory for something: aligned, valid for as long as the arena, and nobody else's. (Not generic: there
    /// is one copy of this, and not one for each type of closure.)
    ///
    /// # Panics
    ///
    /// If there is no [room](Self::has_room).
    pub(crate) fn reserve(&mut self, of: Layout) -> Place<u8> {
        let (start, end) = self.next(of).expect("the builder asks for room");
        if end > self.layout.size() || of.align() > self.layout.align() {
            self.grow(end, of.align());
        }
        self.used = end;
        Place::new(u32::try_from(start / UNIT).expect("below the largest place"))
    }

    /// Memory as from [`reserve`](Self::reserve), and where it lies until the next one is asked for.
    pub(crate) fn space(&mut self, of: Layout) -> (Place<u8>, NonNull<u8>) {
        let place = self.reserve(of);
        // SAFETY: `reserve` has just given the place.
        (place, unsafe { self.base().at(place) })
    }

    /// `value`, at its place.
    pub(crate) fn place<T>(&mut self, value: T) -> Place<T> {
        let (place, pointer) = self.space(Layout::new::<T>());
        // SAFETY: it is for a `T`, and nobody else's.
        unsafe { pointer.cast().write(value) };
        place.typed()
    }

    /// Memory like this, for the same places. Nothing lies there.
    pub(crate) fn alike(&self) -> Self {
        let mut new = Self::new();
        if self.layout.size() > 0 {
            new.resize(self.layout);
        }
        new.used = self.used;
        new
    }

    pub(crate) fn base(&self) -> Base {
        Base(self.base)
    }

    /// Gives back what isn't used.
    pub(crate) fn shrink(&mut self) {
        if self.used > 0 {
            self.resize(self.layout_of(self.used, 1).expect("less than there is"));
        }
    }

    fn grow(&mut self, needed: usize, align: usize) {
        let ample = self.layout_of(needed.max(2 * self.layout.size()).max(FIRST), align);
        self.resize(ample.or_else(|| self.layout_of(needed, align)).expect("`next` has looked"));
    }

    fn resize(&mut self, new: Layout) {
        let old = self.layout;
        let moved = if old.size() > 0 && old.align() == new.align() {
            // SAFETY: allocated here with this layout. The size is not zero, and a layout's.
            unsafe { realloc(self.base.as_ptr(), old, new.size()) }
        } else {
            // SAFETY: the size is not zero.
            unsafe { alloc(new) }
        };
        let Some(moved) = NonNull::new(moved) else { handle_alloc_error(new) };
        if old.size() > 0 && old.align() != new.align() {
            // SAFETY: so much of the old memory is in use, and fits into the new.
            unsafe { moved.copy_from_nonoverlapping(self.base, self.used) };
            // SAFETY: allocated here with this layout, and left now.
            unsafe { dealloc(self.base.as_ptr(), old) };
        }
        (self.base, self.layout) = (moved, new);
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        if self.layout.size() > 0 {
            // SAFETY: allocated in `resize` with this layout.
            unsafe { dealloc(self.base.as_ptr(), self.layout) };
        }
    }
}

impl Base {
    /// # Safety
    ///
    /// The place was given by the arena that lies here, which is alive.
    #[inline]
    pub(crate) unsafe fn at<T>(self, place: Place<T>) -> NonNull<T> {
        // SAFETY: by contract, it lies within the arena's memory.
        unsafe { self.0.byte_add(place.units as usize * UNIT) }.cast()
    }
}

impl<T> Place<T> {
    pub(crate) const fn new(units: u32) -> Self {
        Self { units, of: PhantomData }
    }

    /// A place that means nothing.
    pub(crate) const fn nowhere() -> Self {
        Self::new(0)
    }

    pub(crate) const fn units(self) -> u32 {
        self.units
    }

    /// The place without the type of what lies there.
    pub(crate) const fn untyped(self) -> Place<u8> {
        Place::new(self.units)
    }

    /// The place with its type, for callers that know what lies there.
    pub(crate) const fn typed<U>(self) -> Place<U> {
        Place::new(self.units)
    }

    /// How many bytes it is from here to `other`.
    pub(crate) fn bytes_to(self, other: Self) -> isize {
        (other.units as isize - self.units as isize) * UNIT as isize
    }
}

impl<T> Clone for Place<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Place<T> {}

impl<T> std::fmt::Debug for Place<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Place({})", self.units)
    }
}

#[cfg(test)]
mod tests {
    use super::{Arena, LARGEST, Layout, Place};

    #[repr(align(512))]
    #[derive(Clone, Copy)]
    struct Page(u8);

    /// What lies there.
    fn read<T: Copy>(arena: &Arena, place: Place<T>) -> T {
        // SAFETY: places of these tests are the arena's.
        let pointer = unsafe { arena.base().at(place) };
        assert!(pointer.is_aligned());
        // SAFETY: the arena is alive, and a `T` was placed there.
        unsafe { pointer.read() }
    }

    #[test]
    fn places_are_aligned_and_apart() {
        let mut arena = Arena::new();
        let nothing = arena.place([0_u128; 0]);
        assert!(read(&arena, nothing).is_empty());
        let mut placed = Vec::new();
        for round in 0..400_u16 {
            let small = arena.place(u8::try_from(round % 256).expect("a byte"));
            // From the middle on, when much is there already, a larger alignment.
            let page = (round > 200).then(|| arena.place(Page(u8::try_from(round % 7).expect("a byte"))));
            let number = arena.place(u64::from(round));
            let nothing = arena.place(());
            read(&arena, nothing);
            placed.push((small, page, number));
        }
        arena.shrink();
        for (round, (small, page, number)) in (0..).zip(placed) {
            assert_eq!(u16::from(read(&arena, small)), round % 256);
            assert!(page.is_none_or(|page| u16::from(read(&arena, page).0) == round % 7));
            assert_eq!(read(&arena, number), u64::from(round));
        }
    }

    #[test]
    fn things_of_one_type_lie_side_by_side() {
        let mut arena = Arena::new();
        let places: Vec<_> = (0..100_u64).map(|number| arena.place([number; 3])).collect();
        assert!(places.windows(2).all(|pair| pair[0].bytes_to(pair[1]) == 24));
    }

    #[test]
    fn too_much_is_refused() {
        const ALL: usize = isize::MAX.unsigned_abs();
        let mut arena = Arena::new();
        arena.place(1_u8);
        assert!(arena.has_room(Layout::new::<[u8; 1 << 30]>()));
        assert!(!arena.has_room(Layout::new::<[u8; if LARGEST > ALL { ALL } else { LARGEST }]>()));
    }
}
