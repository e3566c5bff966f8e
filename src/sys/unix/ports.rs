//! Event ports of Solaris and illumos.
use super::{cvt, fd};
#[cfg(target_os = "linux")]
use crate::sys::miniature::ports as system;
use crate::{Error, Result};
#[cfg(not(target_os = "linux"))]
use libc as system;
use libc::{POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, c_int, c_short, c_uint, c_void, timespec};
use std::ptr::null_mut;
pub use system::port_event;

// The layout and the numbers of <sys/port.h> and <sys/poll.h>.
const _: () = {
    use std::mem::offset_of;
    let word = size_of::<usize>();
    assert!(size_of::<port_event>() == 8 + 2 * word && align_of::<port_event>() == word);
    assert!(offset_of!(port_event, portev_events) == 0 && offset_of!(port_event, portev_source) == 4);
    assert!(offset_of!(port_event, portev_object) == 8 && offset_of!(port_event, portev_user) == 8 + word);
    assert!(system::PORT_SOURCE_USER == 3 && system::PORT_SOURCE_FD == 4 && system::PORT_SOURCE_ALERT == 5);
    assert!(system::PORT_ALERT_SET == 1);
    assert!(POLLIN == 1 && POLLOUT == 4 && POLLERR == 8 && POLLHUP == 0x10 && POLLNVAL == 0x20);
};

/// An entry of a list before anything has been retrieved into it.
pub const NOTHING: port_event = port_event {
    portev_events: 0,
    portev_source: 0,
    portev_pad: 0,
    portev_object: 0,
    portev_user: null_mut(),
};

/// What an event tells.
pub enum Told {
    /// The association of that descriptor has ended with these flags of poll; and the number it was made with.
    Descriptor(c_int, c_short, usize),
    /// Somebody called [`send`].
    Sent,
    /// The port is in alert mode: see [`alert`].
    Alert,
    Other,
}
pub fn told(e: &port_event) -> Told {
    match c_int::from(e.portev_source) {
        system::PORT_SOURCE_FD => {
            Told::Descriptor(e.portev_object as c_int, e.portev_events as c_short, e.portev_user as usize)
        }
        system::PORT_SOURCE_USER => Told::Sent,
        system::PORT_SOURCE_ALERT => Told::Alert,
        _ => Told::Other,
    }
}

/// A new port, closed on exec.
pub fn create() -> Result<c_int> {
    // SAFETY: no pointers.
    #[allow(unused_unsafe, reason = "the miniature's is a safe function")]
    let port = cvt(unsafe { system::port_create() })?;
    fd::set_cloexec(port).inspect_err(|_| close(port))?;
    Ok(port)
}

/// Asks for one event of `fd` when any of `events` (of poll) is there; it replaces an earlier wish. The event brings
/// `number` back.
pub fn associate(port: c_int, fd: c_int, events: c_short, number: usize) -> Result<()> {
    // SAFETY: the kernel does not look at what the pointer points at.
    #[allow(unused_unsafe, reason = "the miniature's is a safe function")]
    cvt(unsafe {
        let (object, user) = (fd as libc::uintptr_t, number as *mut c_void);
        system::port_associate(port, system::PORT_SOURCE_FD, object, c_int::from(events), user)
    })
    .map(drop)
}

/// Ends an association. ENOENT: there is none.
pub fn dissociate(port: c_int, fd: c_int) -> Result<()> {
    // SAFETY: no pointers.
    #[allow(unused_unsafe, reason = "the miniature's is a safe function")]
    cvt(unsafe { system::port_dissociate(port, system::PORT_SOURCE_FD, fd as libc::uintptr_t) }).map(drop)
}

/// Sends an event that [`told`] calls `Sent`.
pub fn send(port: c_int) -> Result<()> {
    // SAFETY: the kernel does not look at what the pointer points at.
    #[allow(unused_unsafe, reason = "the miniature's is a safe function")]
    cvt(unsafe { system::port_send(port, 1, null_mut()) }).map(drop)
}

/// Alert mode: every wait ends at once with nothing but the alert, until it is ended again.
pub fn alert(port: c_int, on: bool) -> Result<()> {
    // SAFETY: the kernel does not look at what the pointer points at.
    #[allow(unused_unsafe, reason = "the miniature's is a safe function")]
    cvt(unsafe { system::port_alert(port, system::PORT_ALERT_SET, c_int::from(on), null_mut()) }).map(drop)
}

/// Waits for at least one event and fills `list` from its start; None waits without end. How many there are.
///
/// A call that fails with EINTR or ETIME may have retrieved events all the same, and may have left the count at what
/// was asked for. So the first entry is cleared before: a source of 0 is no event.
pub fn get(port: c_int, list: &mut [port_event], usec: Option<u64>) -> Result<usize> {
    let max = list.len().min(c_uint::MAX as usize) as c_uint;
    let Some(first) = list.first_mut() else { return Err(Error::Invalid) };
    *first = NOTHING;
    let mut span = usec.map(|us| timespec {
        tv_sec: (us / 1_000_000) as super::c::time_t,
        tv_nsec: ((us % 1_000_000) * 1000) as libc::c_long,
    });
    let span_ptr = span.as_mut().map_or(null_mut(), |s| s as *mut timespec);
    let mut n: c_uint = 1;
    // SAFETY: `list` has room for `max` events; `n` and the time live for the call.
    let r = unsafe { system::port_getn(port, list.as_mut_ptr(), max, &mut n, span_ptr) };
    let got = list.get(..n as usize).unwrap_or(list).iter().take_while(|e| e.portev_source != 0).count();
    match cvt(r) {
        Ok(_) => Ok(got),
        Err(Error::Os(libc::ETIME | libc::EINTR)) if got > 0 => Ok(got),
        Err(Error::Os(libc::ETIME)) => Ok(0),
        Err(e) => Err(e),
    }
}

/// Closes a port.
pub fn close(port: c_int) {
    #[cfg(target_os = "linux")]
    {
        let _keep = super::ErrnoGuard::new();
        system::close(port);
    }
    #[cfg(not(target_os = "linux"))]
    fd::close(port);
}
