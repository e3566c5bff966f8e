//! A BIO that reads and writes through the engine's transport: the buffers of the bufferevent below a filter.
use crate::ffi::*;
use crate::table::{TlsIo, io};
use core::ffi::{c_char, c_int, c_long, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

/// What the BIO carries as its data, until it is detached.
pub(crate) struct Link {
    io: *const TlsIo,
    ctx: *mut c_void,
    /// A reference of ours: the session may drop its own first.
    bio: *mut Bio,
}

/// Made once, and kept until the process ends.
static METHOD: AtomicPtr<BioMethod> = AtomicPtr::new(null_mut());

fn method() -> *mut BioMethod {
    let old = METHOD.load(Ordering::Acquire);
    if !old.is_null() {
        return old;
    }
    // SAFETY: plain calls; the new table is known to nobody else until it is stored.
    unsafe {
        let new = BIO_meth_new(BIO_get_new_index().max(0) | BIO_TYPE_SOURCE_SINK, c"bufferevent".as_ptr());
        if new.is_null() {
            return new;
        }
        BIO_meth_set_read(new, read);
        BIO_meth_set_write(new, write);
        BIO_meth_set_puts(new, puts);
        BIO_meth_set_ctrl(new, ctrl);
        match METHOD.compare_exchange(null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => new,
            Err(theirs) => {
                BIO_meth_free(new);
                theirs
            }
        }
    }
}

/// Lets `ssl` read and write through `io`. Null: no memory.
///
/// # Safety
/// `ssl` is alive; `io` for ever; `ctx` until [`detach`].
pub(crate) unsafe fn attach(ssl: *mut ssl_st, io: *const TlsIo, ctx: *mut c_void) -> *mut Link {
    let method = method();
    if method.is_null() {
        return null_mut();
    }
    // SAFETY: the new objects are ours; SSL_set_bio takes one of the two references.
    unsafe {
        let link = crate::event_mm_malloc_(size_of::<Link>()).cast::<Link>();
        if link.is_null() {
            return link;
        }
        let bio = BIO_new(method);
        if bio.is_null() {
            crate::event_mm_free_(link.cast());
            return null_mut();
        }
        link.write(Link { io, ctx, bio });
        BIO_set_data(bio, link.cast());
        BIO_set_shutdown(bio, 0);
        BIO_set_init(bio, 1);
        BIO_up_ref(bio);
        SSL_set_bio(ssl, bio, bio);
        link
    }
}
/// The BIO reaches nothing any more.
///
/// # Safety
/// `link` came from [`attach`]; this is its last use.
pub(crate) unsafe fn detach(link: *mut Link) {
    // SAFETY: the caller's promise.
    unsafe {
        let bio = (*link).bio;
        BIO_set_data(bio, null_mut());
        BIO_free(bio);
        crate::event_mm_free_(link.cast());
    }
}

/// The transport of `bio`, if it is still attached.
///
/// # Safety
/// `bio` is one of ours.
unsafe fn link<'a>(bio: *mut Bio) -> Option<&'a Link> {
    // SAFETY: what `attach` stored, or null.
    unsafe { BIO_get_data(bio).cast::<Link>().as_ref() }
}

/// Turns the transport's answer into a BIO's.
///
/// # Safety
/// `bio` is one of ours.
unsafe fn answer(bio: *mut Bio, n: isize, direction: c_int) -> c_int {
    // SAFETY: the BIO is alive.
    unsafe {
        match n {
            io::AGAIN => BIO_set_flags(bio, direction | BIO_FLAGS_SHOULD_RETRY),
            0 => {
                BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
                return 0;
            }
            _ => {}
        }
    }
    if n > 0 { c_int::try_from(n).unwrap_or(-1) } else { -1 }
}

unsafe extern "C" fn read(bio: *mut Bio, to: *mut c_char, len: c_int) -> c_int {
    // SAFETY: OpenSSL's contract: our BIO, and room for `len` bytes.
    unsafe {
        BIO_clear_flags(bio, BIO_FLAGS_RETRY | BIO_FLAGS_IN_EOF);
        let (Some(l), Ok(n)) = (link(bio), usize::try_from(len)) else { return -1 };
        if to.is_null() || n == 0 {
            return 0;
        }
        answer(bio, ((*l.io).read)(l.ctx, to.cast(), n), BIO_FLAGS_READ)
    }
}
unsafe extern "C" fn write(bio: *mut Bio, from: *const c_char, len: c_int) -> c_int {
    // SAFETY: OpenSSL's contract: our BIO, and `len` bytes.
    unsafe {
        BIO_clear_flags(bio, BIO_FLAGS_RETRY);
        let (Some(l), Ok(n)) = (link(bio), usize::try_from(len)) else { return -1 };
        if from.is_null() || n == 0 {
            return 0;
        }
        answer(bio, ((*l.io).write)(l.ctx, from.cast(), n), BIO_FLAGS_WRITE)
    }
}
unsafe extern "C" fn puts(bio: *mut Bio, text: *const c_char) -> c_int {
    // SAFETY: OpenSSL's contract: a C string.
    unsafe { write(bio, text, c_int::try_from(libc::strlen(text)).unwrap_or(c_int::MAX)) }
}
unsafe extern "C" fn ctrl(bio: *mut Bio, cmd: c_int, num: c_long, _: *mut c_void) -> c_long {
    // SAFETY: OpenSSL's contract: our BIO.
    unsafe {
        let count = |f: unsafe extern "C" fn(*mut c_void) -> usize, ctx| {
            c_long::try_from(f(ctx)).unwrap_or(c_long::MAX)
        };
        match cmd {
            BIO_CTRL_EOF => c_long::from(BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0),
            BIO_CTRL_GET_CLOSE => c_long::from(BIO_get_shutdown(bio)),
            BIO_CTRL_SET_CLOSE => {
                BIO_set_shutdown(bio, c_int::from(num != 0));
                1
            }
            BIO_CTRL_PENDING => link(bio).map_or(0, |l| count((*l.io).pending, l.ctx)),
            BIO_CTRL_WPENDING => link(bio).map_or(0, |l| count((*l.io).unsent, l.ctx)),
            BIO_CTRL_DUP | BIO_CTRL_FLUSH => 1,
            _ => 0,
        }
    }
}
