//! What MPI is in the middle of sending or receiving, with the memory that it reads from or writes to. All
//! unsafe code of the transport is here.

#![allow(unsafe_code)]

use crate::block::Block;
use crate::transport::TransportError;
use mpi::datatype::Equivalence;
use mpi::ffi;
use mpi::raw::AsRaw;
use mpi::topology::SimpleCommunicator;
use std::mem::{self, MaybeUninit};
use std::sync::Arc;

/// A part of a block that MPI sends, or receives into. It has the block until it is complete.
pub(super) struct Transfer {
    request: ffi::MPI_Request,
    /// Of a receive: nobody else's. Of a send: nobody changes it, since no other owner is the only one.
    block: Option<Arc<Block>>,
    is_receive: bool,
    is_complete: bool,
}

/// What has come.
pub(super) struct Received(ffi::MPI_Status);

impl Transfer {
    /// Begins to receive into a part of `block`.
    ///
    /// # Panics
    ///
    /// If somebody else has the block.
    pub(super) fn receive(
        communicator: &SimpleCommunicator,
        mut block: Arc<Block>,
        start: usize,
        length: usize,
        from: Option<usize>,
        tag: i32,
    ) -> Result<Self, TransportError> {
        let memory = Arc::get_mut(&mut block).expect("blocks of the pool are nobody else's");
        let memory = &mut memory.bytes_mut()[start..start + length];
        let count = int(memory.len())?;
        let source = match from {
            Some(rank) => int(rank)?,
            None => any_source(),
        };
        let mut request = MaybeUninit::uninit();
        // SAFETY: the memory is `length` bytes of a block that nobody else has, and that the transfer keeps
        // and hands to nobody until the request is complete or cancelled. The communicator is a live one.
        let code = unsafe {
            ffi::MPI_Irecv(
                memory.as_mut_ptr().cast(),
                count,
                u8::equivalent_datatype().as_raw(),
                source,
                tag,
                communicator.as_raw(),
                request.as_mut_ptr(),
            )
        };
        check("MPI_Irecv", code)?;
        // SAFETY: the call has succeeded, and written it.
        let request = unsafe { request.assume_init() };
        Ok(Self { request, block: Some(block), is_receive: true, is_complete: false })
    }

    /// Begins to send a part of `block`.
    pub(super) fn send(
        communicator: &SimpleCommunicator,
        block: Arc<Block>,
        start: usize,
        length: usize,
        to: usize,
        tag: i32,
    ) -> Result<Self, TransportError> {
        let memory = &block.bytes()[start..start + length];
        let (count, to) = (int(memory.len())?, int(to)?);
        let mut request = MaybeUninit::uninit();
        // SAFETY: the memory is `length` bytes of a block that nobody changes until the request is complete,
        // since the transfer keeps an `Arc` of it, so nobody else has the only one. The communicator is a
        // live one.
        let code = unsafe {
            ffi::MPI_Isend(
                memory.as_ptr().cast(),
                count,
                u8::equivalent_datatype().as_raw(),
                to,
                tag,
                communicator.as_raw(),
                request.as_mut_ptr(),
            )
        };
        check("MPI_Isend", code)?;
        // SAFETY: the call has succeeded, and written it.
        let request = unsafe { request.assume_init() };
        Ok(Self { request, block: Some(block), is_receive: false, is_complete: false })
    }

    /// What has come, if it is complete; of a send, that says nothing.
    pub(super) fn test(&mut self) -> Result<Option<Received>, TransportError> {
        let (mut done, mut status) = (0, MaybeUninit::<ffi::MPI_Status>::zeroed());
        // SAFETY: the request is one that a call has made, or, when it is complete, the null one.
        let code = unsafe { ffi::MPI_Test(&raw mut self.request, &raw mut done, status.as_mut_ptr()) };
        check("MPI_Test", code)?;
        // SAFETY: zeros are a status, and if it is complete, it was written.
        let status = unsafe { status.assume_init() };
        self.is_complete |= done != 0;
        Ok((done != 0).then_some(Received(status)))
    }

    /// The memory of a transfer that is complete.
    ///
    /// # Panics
    ///
    /// If it isn't.
    pub(super) fn into_block(mut self) -> Arc<Block> {
        assert!(self.is_complete, "MPI still has the memory");
        self.block.take().expect("it is taken once")
    }

    /// Gives up a receive, unless something is being received, and waits for its end.
    fn cancel(&mut self) -> Result<(), TransportError> {
        // SAFETY: the request is one that a call has made and that isn't complete.
        check("MPI_Cancel", unsafe { ffi::MPI_Cancel(&raw mut self.request) })?;
        let mut status = MaybeUninit::<ffi::MPI_Status>::zeroed();
        // SAFETY: as above; it is complete when it was cancelled, or when what is being received is there.
        check("MPI_Wait", unsafe { ffi::MPI_Wait(&raw mut self.request, status.as_mut_ptr()) })
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        // What MPI still reads from must stay, and so must what it still writes to.
        if !self.is_complete && (!self.is_receive || self.cancel().is_err()) {
            mem::forget(self.block.take());
        }
    }
}

impl Received {
    /// The rank that has sent it.
    pub(super) fn from(&self) -> usize {
        usize::try_from(self.0.MPI_SOURCE).unwrap_or(usize::MAX)
    }

    pub(super) fn bytes(&self) -> Result<usize, TransportError> {
        let mut count = 0;
        // SAFETY: the status is one that a call has written.
        let code = unsafe { ffi::MPI_Get_count(&self.0, u8::equivalent_datatype().as_raw(), &raw mut count) };
        check("MPI_Get_count", code)?;
        Ok(usize::try_from(count).unwrap_or(0))
    }
}

fn check(call: &'static str, code: i32) -> Result<(), TransportError> {
    if code == 0 { Ok(()) } else { Err(TransportError::Mpi { call, code }) }
}

/// A number as MPI counts.
pub(super) fn int(number: usize) -> Result<i32, TransportError> {
    i32::try_from(number).map_err(|_| TransportError::TooLong { bytes: number })
}

fn any_source() -> i32 {
    // SAFETY: a constant of the library.
    unsafe { ffi::RSMPI_ANY_SOURCE }
}
