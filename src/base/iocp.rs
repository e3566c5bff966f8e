//! The completion port of a base.
use super::BaseRef;
use crate::iocp::Port;
use crate::thread::locks_enabled;
use crate::{Error, Result, warnx};
use std::ffi::c_int;

impl BaseRef {
    /// `event_base_start_iocp_`, and EVENT_BASE_FLAG_STARTUP_IOCP: from now on new socket bufferevents and listeners of
    /// the base use a completion port, with two worker threads for each of `cpus` processors (0 or less: of two). Needs
    /// locks.
    pub fn start_iocp(self, cpus: c_int) -> Result<()> {
        // SAFETY: the handle's base is alive; whether it has a lock never changes.
        if !locks_enabled() || unsafe { (*self.raw()).lock.is_none() } {
            warnx!("event_base_start_iocp: a completion port has threads of its own: set up locking first");
            return Err(Error::Invalid);
        }
        if self.iocp().is_some() {
            return Ok(());
        }
        let port =
            Port::launch(cpus).inspect_err(|_| warnx!("event_base_start_iocp: Couldn't launch IOCP"))?;
        let mut g = self.lock();
        if g.iocp.is_none() {
            g.iocp = Some(port);
        } else {
            // Another thread has been quicker.
            drop(g);
            port.shutdown(None);
        }
        Ok(())
    }
    /// `event_base_stop_iocp_`: cancels all that is under way and waits for it, and for the threads.
    pub fn stop_iocp(self) {
        // Taken out first: what completes meanwhile asks the base, not the port.
        let port = self.lock().iocp.take();
        if let Some(port) = port {
            port.shutdown(None);
        }
    }
    /// The port, if it has been started.
    pub fn iocp(self) -> Option<Port> {
        self.lock().iocp.clone()
    }
}
