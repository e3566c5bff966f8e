//! Watermarks: reading rests while the input is at or above its high one.
use super::BevRef;
use super::private::Suspend;
use crate::abi::buffer::{evbuffer, evbuffer_cb_info};
use crate::abi::bufferevent::event_watermark;
use crate::abi::event::Ev;
use crate::{Error, Result};
use std::ffi::c_void;
use std::ptr::NonNull;

impl BevRef {
    /// `bufferevent_setwatermark`
    pub fn set_watermark(self, what: Ev, low: usize, high: usize) {
        let _busy = self.busy();
        if what.contains(Ev::WRITE) {
            self.set_wm_write(event_watermark { low, high });
        }
        if what.contains(Ev::READ) {
            self.set_wm_read(event_watermark { low, high });
            self.watch_input(high);
            #[cfg(has_iocp)]
            super::iocp::watermark_set(self);
        }
    }
    /// `bufferevent_getwatermark`: (low, high) of reading or of writing, not of both.
    pub fn watermark(self, what: Ev) -> Result<(usize, usize)> {
        let _held = self.hold();
        let w = match what {
            Ev::READ => self.wm_read(),
            Ev::WRITE => self.wm_write(),
            _ => return Err(Error::Invalid),
        };
        Ok((w.low, w.high))
    }
    fn watch_input(self, high: usize) {
        let own = self.own();
        let entry = NonNull::new(own.watermark_cb.get());
        if high == 0 {
            if let Some(entry) = entry {
                let _ = self.input().cb_set_enabled(entry, false);
            }
            return self.unsuspend_read(Suspend::WATERMARK);
        }
        match entry {
            Some(entry) => {
                let _ = self.input().cb_set_enabled(entry, true);
            }
            // It must run at once even where the input's callbacks are deferred. Without memory for it, the read
            // function still stops at the watermark, and a drained input is noticed when reading is enabled again.
            None => {
                if let Ok(entry) = self.input().add_cb(Some(input_changed), self.as_ptr().cast(), true) {
                    own.watermark_cb.set(entry.as_ptr());
                }
            }
        }
        self.check_high(high);
    }
    fn check_high(self, high: usize) {
        if self.input().len() >= high {
            self.suspend_read(Suspend::WATERMARK);
        } else {
            self.unsuspend_read(Suspend::WATERMARK);
        }
    }
    /// The input's callback goes before the input does.
    pub(super) fn unwatch_input(self) {
        if !self.own().watermark_cb.get().is_null() {
            let _ = self.input().remove_cb(Some(input_changed), self.as_ptr().cast());
        }
    }
}

/// # Safety
/// `arg` is a live bufferevent: its finalizer removes this callback.
unsafe extern "C" fn input_changed(_: *mut evbuffer, _: *const evbuffer_cb_info, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(bev) = (unsafe { BevRef::from_raw(arg.cast()) }) else { return };
    let Some(_busy) = bev.enter() else { return };
    // Read anew: the program may have written the field.
    bev.check_high(bev.wm_read().high);
}
