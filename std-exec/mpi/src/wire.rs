//! How values travel: by serde, or as the bytes that they are.

use crate::block::{Block, HEAD, Pool};
use crate::message::Body;
use bytemuck::Pod;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A value that a node can give: it can travel to other ranks.
///
/// Whatever serde can write and read is one, and travels in postcard's format. [`Plain`] and [`PlainVec`]
/// travel as the bytes that they are.
///
/// # Examples
///
/// ```
/// use dgraph_mpi::{Plain, PlainVec, Wire};
/// fn travels<T: Wire>() {}
/// travels::<String>();
/// travels::<(u32, Vec<Option<f64>>)>();
/// travels::<Plain<[f64; 256]>>();
/// travels::<PlainVec<f64>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't travel between ranks",
    note = "it has to be `Serialize` and `DeserializeOwned`, or wrapped in `Plain` or `PlainVec`"
)]
pub trait Wire: Sized + Send + Sync + 'static {
    /// Writes it into a block of at least so many bytes as `take` is asked for; that gives one that nobody
    /// else has.
    #[doc(hidden)]
    fn pack(&self, take: &mut dyn FnMut(usize) -> Arc<Block>) -> Result<Body, WireError>;

    #[doc(hidden)]
    fn unpack(body: Option<Body>) -> Result<Self, WireError>;
}

/// A value can't be written, or what has come is no such value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// serde's format refuses it.
    Format(postcard::Error),
    /// Bytes of another number than the type has.
    Length {
        /// How many have come.
        bytes: usize,
        /// The size of the type.
        size: usize,
    },
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(_) => f.write_str("a value can't be written or read"),
            Self::Length { bytes, size } => write!(f, "{bytes} bytes for a type of {size}"),
        }
    }
}

impl Error for WireError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Format(error) => Some(error),
            Self::Length { .. } => None,
        }
    }
}

/// How much room a block has at first.
const ROOM: usize = 96;

/// Where a value is written to.
#[derive(Debug)]
struct Packer {
    /// Where the memory belongs. Without it for now: to look whether it is nobody else's costs something, for
    /// each byte.
    home: Arc<Block>,
    memory: Block,
    length: usize,
}

impl Packer {
    fn new(take: &mut dyn FnMut(usize) -> Arc<Block>) -> Self {
        let mut home = take(HEAD + ROOM);
        let memory = mem::replace(Self::own(&mut home), Block::new(0));
        Self { home, memory, length: 0 }
    }

    fn own(block: &mut Arc<Block>) -> &mut Block {
        Arc::get_mut(block).expect("a packer's block is nobody else's")
    }

    fn put(&mut self, bytes: &[u8]) {
        let start = HEAD + self.length;
        let end = start + bytes.len();
        if end > self.memory.capacity() {
            self.memory.grow(end);
        }
        self.memory.bytes_mut()[start..end].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    fn finish(mut self) -> Body {
        *Self::own(&mut self.home) = self.memory;
        Body::new(self.home, self.length)
    }
}

impl postcard::ser_flavors::Flavor for Packer {
    type Output = Body;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.put(&[byte]);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.put(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Body> {
        Ok(self.finish())
    }
}

/// Writes a value in postcard's format. If that fails, a block has been taken for nothing.
pub(crate) fn to_body<T: Serialize>(
    value: &T,
    take: &mut dyn FnMut(usize) -> Arc<Block>,
) -> Result<Body, WireError> {
    postcard::serialize_with_flavor(value, Packer::new(take)).map_err(WireError::Format)
}

/// Reads a value in postcard's format.
pub(crate) fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    postcard::from_bytes(bytes).map_err(WireError::Format)
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Wire for T {
    fn pack(&self, take: &mut dyn FnMut(usize) -> Arc<Block>) -> Result<Body, WireError> {
        to_body(self, take)
    }

    fn unpack(body: Option<Body>) -> Result<Self, WireError> {
        from_bytes(body.as_ref().map_or(&[], Body::bytes))
    }
}

/// A value without pointers or padding, which travels as the bytes that it is.
///
/// # Examples
///
/// ```
/// use dgraph_mpi::Plain;
/// let corner = Plain([1.0_f32, 2.0]);
/// assert_eq!(corner[1], 2.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Plain<T>(pub T);

impl<T> Deref for Plain<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Plain<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Pod + Send + Sync> Wire for Plain<T> {
    fn pack(&self, take: &mut dyn FnMut(usize) -> Arc<Block>) -> Result<Body, WireError> {
        let mut packer = Packer::new(take);
        packer.put(bytemuck::bytes_of(&self.0));
        Ok(packer.finish())
    }

    fn unpack(body: Option<Body>) -> Result<Self, WireError> {
        let bytes = body.as_ref().map_or(&[][..], Body::bytes);
        let wrong = |_| WireError::Length { bytes: bytes.len(), size: size_of::<T>() };
        bytemuck::try_pod_read_unaligned(bytes).map(Plain).map_err(wrong)
    }
}

/// A list of plain values that travels without being copied: the memory that it lies in is sent from, and
/// received into.
///
/// A clone is another handle to the same memory. See [`PlainPool`] for how memory is used again.
///
/// # Examples
///
/// ```
/// use dgraph_mpi::PlainVec;
/// let row = PlainVec::from(&[1.5_f64, 2.5][..]);
/// assert_eq!(row.iter().sum::<f64>(), 4.0);
/// ```
pub struct PlainVec<T> {
    body: Body,
    values: PhantomData<T>,
}

impl<T: Pod> PlainVec<T> {
    const FITS: () = assert!(
        size_of::<T>() > 0 && align_of::<T>() <= align_of::<u128>(),
        "types of no size, or of larger alignment than a u128, can't be plain lists"
    );

    /// So many zeros, to be [written](Self::get_mut).
    #[must_use]
    pub fn zeroed(length: usize) -> Self {
        Self::within(Arc::new(Block::new(HEAD + length * size_of::<T>())), length)
    }

    fn within(block: Arc<Block>, length: usize) -> Self {
        let () = Self::FITS;
        Self { body: Body::new(block, length * size_of::<T>()), values: PhantomData }
    }

    /// The values to be changed, `None` if others have handles to them.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_mpi::PlainVec;
    /// let mut row = PlainVec::<u16>::zeroed(3);
    /// row.get_mut().unwrap()[1] = 7;
    /// let other = row.clone();
    /// assert!(row.get_mut().is_none());
    /// assert_eq!(other[..], [0, 7, 0]);
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut [T]> {
        self.body.get_mut().map(bytemuck::cast_slice_mut)
    }
}

impl<T: Pod> Deref for PlainVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(self.body.bytes())
    }
}

impl<T: Pod> From<&[T]> for PlainVec<T> {
    fn from(values: &[T]) -> Self {
        let mut list = Self::zeroed(values.len());
        list.get_mut().expect("it is new").copy_from_slice(values);
        list
    }
}

impl<T: Pod> From<Vec<T>> for PlainVec<T> {
    fn from(values: Vec<T>) -> Self {
        Self::from(&values[..])
    }
}

impl<T> Clone for PlainVec<T> {
    fn clone(&self) -> Self {
        Self { body: self.body.clone(), values: PhantomData }
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for PlainVec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Pod + PartialEq> PartialEq for PlainVec<T> {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl<T: Pod + Send + Sync> Wire for PlainVec<T> {
    fn pack(&self, _: &mut dyn FnMut(usize) -> Arc<Block>) -> Result<Body, WireError> {
        Ok(self.body.clone())
    }

    fn unpack(body: Option<Body>) -> Result<Self, WireError> {
        let () = Self::FITS;
        let Some(body) = body else { return Ok(Self::zeroed(0)) };
        let wrong = WireError::Length { bytes: body.bytes().len(), size: size_of::<T>() };
        // Wherever it has come from: a cast that fails later would be a panic.
        let fits = bytemuck::try_cast_slice::<u8, T>(body.bytes()).is_ok();
        if fits { Ok(Self { body, values: PhantomData }) } else { Err(wrong) }
    }
}

/// Memory for the lists that a node makes, run after run: what nobody uses any more is used again.
///
/// # Examples
///
/// ```
/// use dgraph_mpi::{PlainPool, PlainVec};
/// let mut pool = PlainPool::new();
/// let mut node = move |step: u32| -> PlainVec<u32> { pool.fill(3, |values| values.fill(step)) };
/// assert_eq!(node(1)[..], [1, 1, 1]);
/// assert_eq!(node(2)[..], [2, 2, 2]); // in the same memory
/// ```
#[derive(Debug, Default)]
pub struct PlainPool {
    pool: Pool,
}

impl PlainPool {
    /// No memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A list of so many values, which `fill` writes. They are anything before that.
    pub fn fill<T: Pod>(&mut self, length: usize, fill: impl FnOnce(&mut [T])) -> PlainVec<T> {
        let block = self.pool.take(HEAD + length * size_of::<T>());
        let mut list = PlainVec::within(block, length);
        fill(list.get_mut().expect("nobody else has it"));
        self.pool.keep(list.body.block());
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back<T: Wire + Clone>(value: &T) -> T {
        let body = value.pack(&mut |bytes| Arc::new(Block::new(bytes))).unwrap();
        T::unpack(Some(body)).unwrap()
    }

    #[test]
    fn values_come_back_as_they_were() {
        let text = String::from("a text that is longer than the block at first, by far: it has to grow");
        assert_eq!(there_and_back(&text), text);
        assert_eq!(there_and_back(&(7_u64, Some(-1_i8))), (7, Some(-1)));
        assert_eq!(there_and_back(&Plain([1.5_f64; 40])), Plain([1.5; 40]));
        let list = PlainVec::from(vec![3_u16, 4, 5]);
        let back = there_and_back(&list);
        assert_eq!(back, list);
        assert!(Arc::ptr_eq(back.body.block(), list.body.block()));
        there_and_back(&());
    }

    #[test]
    fn bytes_that_are_no_such_value_are_refused() {
        let body = || Some(Body::from_bytes(&[0xFF; 7]));
        assert!(matches!(String::unpack(body()), Err(WireError::Format(_))));
        assert_eq!(Plain::<u64>::unpack(body()), Err(WireError::Length { bytes: 7, size: 8 }));
        assert_eq!(PlainVec::<u16>::unpack(body()), Err(WireError::Length { bytes: 7, size: 2 }));
        assert_eq!(PlainVec::<u16>::unpack(None).unwrap().len(), 0);
    }
}
