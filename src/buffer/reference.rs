//! Memory of others in a buffer: the program's, and another buffer's.
use super::BufferRef;
use super::chain::{ChainRef, Removed};
use crate::abi::buffer::evbuffer_ref_cleanup_cb;
use crate::{Error, Result};
use std::ffi::c_void;

impl BufferRef {
    /// `evbuffer_add_reference`. If it fails, `cleanup` is not called.
    ///
    /// # Safety
    /// `data` is readable for `len` bytes until `cleanup` is called (without one: until the bytes are gone).
    pub unsafe fn add_reference(
        self,
        data: *const u8,
        len: usize,
        cleanup: evbuffer_ref_cleanup_cb,
        extra: *mut c_void,
    ) -> Result<()> {
        let call = self.enter();
        if call.frozen_back() {
            return Err(Error::Invalid);
        }
        call.check_growth(len)?;
        let c = ChainRef::reference(data, len, cleanup, extra)?;
        call.dispose(call.append(c));
        call.changed(len, 0);
        Ok(())
    }
    /// `evbuffer_add_buffer_reference`: shows the data of `from` at the end of this buffer, too, without copying.
    pub fn add_buffer_reference(self, from: BufferRef) -> Result<()> {
        if self == from {
            return if self.is_empty() { Ok(()) } else { Err(Error::Invalid) };
        }
        let (src, dst) = BufferRef::enter_both(from, self);
        let n = src.total.get();
        if n == 0 {
            return Ok(());
        }
        if dst.frozen_back() {
            return Err(Error::Invalid);
        }
        dst.check_growth(n)?;
        // Blocks of files and of third buffers cannot be shown again.
        let mut allowed = true;
        src.each(|c| {
            allowed = !c.is_segment() && !c.is_multicast();
            allowed
        });
        if !allowed {
            return Err(Error::Invalid);
        }
        // All are made before any is linked: it works as a whole or not at all.
        let (mut first, mut last, mut failed) = (None::<ChainRef>, None::<ChainRef>, None);
        src.each(|c| {
            if c.is_empty() {
                return true;
            }
            match c.multicast() {
                Ok(m) => {
                    match last {
                        None => first = Some(m),
                        Some(l) => l.set_next(Some(m)),
                    }
                    last = Some(m);
                    true
                }
                Err(e) => {
                    failed = Some(e);
                    false
                }
            }
        });
        if let Some(e) = failed {
            drop(Removed::list(first));
            return Err(e);
        }
        let mut at = first;
        while let Some(c) = at {
            at = c.next();
            c.set_next(None);
            let spare = dst.append(c);
            if spare.calls_out() {
                src.keep();
            }
            dst.dispose(spare);
        }
        dst.changed(n, 0);
        Ok(())
    }
}
