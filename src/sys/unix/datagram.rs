//! Datagrams: taking many in one call where the system can, sending one.
use super::cvt_size;
use crate::Result;
pub use crate::sys::batch::{BATCH, Batch, Datagram, ROOM};
use libc::{iovec, sockaddr, sockaddr_storage, socklen_t};
use std::ffi::c_int;
#[cfg(has_recvmmsg)]
use std::mem::MaybeUninit;

#[cfg(all(has_recvmmsg, not(all(target_os = "linux", not(target_env = "gnu")))))]
use libc::recvmmsg;
#[cfg(all(target_os = "linux", not(target_env = "gnu")))]
unsafe extern "C" {
    /// musl has it, and the libc crate does not know.
    fn recvmmsg(
        fd: c_int,
        heads: *mut libc::mmsghdr,
        count: std::ffi::c_uint,
        flags: std::ffi::c_uint,
        timeout: *mut libc::timespec,
    ) -> c_int;
}

impl Batch {
    /// Takes what is there, at most `most` and [`BATCH`], without waiting: how many datagrams, at least one. One that
    /// is longer than the room counts, and is empty. What there is less room for costs less to prepare.
    #[cfg(has_recvmmsg)]
    pub fn receive(&mut self, fd: c_int, most: usize) -> Result<usize> {
        self.count = 0;
        let most = most.min(BATCH);
        let mut vecs: [MaybeUninit<iovec>; BATCH] = [const { MaybeUninit::uninit() }; BATCH];
        let mut heads: [MaybeUninit<libc::mmsghdr>; BATCH] = [const { MaybeUninit::uninit() }; BATCH];
        let rooms = self.bytes.iter_mut().zip(&mut self.from);
        for ((head, vec), (bytes, from)) in heads.iter_mut().zip(&mut vecs).zip(rooms).take(most) {
            let vec = vec.write(iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: ROOM });
            // SAFETY: all zero is a valid header.
            let head = head.write(unsafe { std::mem::zeroed() });
            head.msg_hdr.msg_name = from.as_mut_ptr().cast();
            head.msg_hdr.msg_namelen = size_of::<sockaddr_storage>() as socklen_t;
            head.msg_hdr.msg_iov = vec;
            head.msg_hdr.msg_iovlen = 1;
        }
        let p = heads.as_mut_ptr().cast::<libc::mmsghdr>();
        // SAFETY: `most` headers are there, and each points at room of ours, of the size that it says.
        let n = unsafe { recvmmsg(fd, p, most as _, libc::MSG_DONTWAIT as _, std::ptr::null_mut()) };
        // How many, or -1; some systems return it as an int, some as a size.
        let n = cvt_size(n as isize)?.min(most);
        for (head, len) in heads.iter().zip(&mut self.len).take(n) {
            // SAFETY: one of the first `most`.
            let head = unsafe { head.assume_init_ref() };
            let whole = head.msg_hdr.msg_flags & libc::MSG_TRUNC == 0;
            let bytes = if whole { (head.msg_len as usize).min(ROOM) } else { 0 };
            len.write((bytes, head.msg_hdr.msg_namelen.min(size_of::<sockaddr_storage>() as socklen_t)));
        }
        self.count = n;
        Ok(n)
    }
    /// Takes one datagram, where the system has no call for many.
    #[cfg(not(has_recvmmsg))]
    pub fn receive(&mut self, fd: c_int, _most: usize) -> Result<usize> {
        self.count = 0;
        let mut vec = iovec { iov_base: self.bytes[0].as_mut_ptr().cast(), iov_len: ROOM };
        // SAFETY: all zero is a valid header.
        let mut head: libc::msghdr = unsafe { std::mem::zeroed() };
        head.msg_name = self.from[0].as_mut_ptr().cast();
        head.msg_namelen = size_of::<sockaddr_storage>() as socklen_t;
        head.msg_iov = &mut vec;
        head.msg_iovlen = 1;
        // SAFETY: the header points at room of ours, of the size that it says.
        let n = cvt_size(unsafe { libc::recvmsg(fd, &mut head, libc::MSG_DONTWAIT) })?;
        let whole = head.msg_flags & libc::MSG_TRUNC == 0;
        self.len[0].write((
            if whole { n.min(ROOM) } else { 0 },
            head.msg_namelen.min(size_of::<sockaddr_storage>() as socklen_t),
        ));
        self.count = 1;
        Ok(1)
    }
}

/// Sends one datagram without waiting.
///
/// # Safety
/// `to` is readable for `len` bytes.
pub unsafe fn send_to(fd: c_int, bytes: &[u8], to: *const sockaddr, len: socklen_t) -> Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the caller's promise.
    cvt_size(unsafe { libc::sendto(fd, bytes.as_ptr().cast(), bytes.len(), flags, to, len) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;

    #[test]
    fn many_at_once() {
        let to = UdpSocket::bind("127.0.0.1:0").unwrap();
        let from = UdpSocket::bind("127.0.0.1:0").unwrap();
        from.connect(to.local_addr().unwrap()).unwrap();
        let mut b = Batch::new();
        assert_eq!(b.receive(to.as_raw_fd(), BATCH), Err(Error::Os(libc::EAGAIN)));
        for i in 0..BATCH as u8 + 2 {
            from.send(&[i; 3]).unwrap();
        }
        from.send(&[9; ROOM + 1]).unwrap();
        from.send(&[7; ROOM]).unwrap();
        let mut got = 0u8;
        while let Ok(n) = b.receive(to.as_raw_fd(), BATCH) {
            for i in 0..n {
                let d = b.get(i).unwrap();
                assert_eq!(d.from_len as usize, size_of::<libc::sockaddr_in>());
                match usize::from(got) {
                    x if x < BATCH + 2 => assert_eq!(d.bytes, [got; 3]),
                    x if x == BATCH + 2 => assert!(d.bytes.is_empty()),
                    _ => assert_eq!(d.bytes, [7; ROOM]),
                }
                got += 1;
            }
        }
        assert_eq!(usize::from(got), BATCH + 4);
        assert!(b.get(BATCH).is_none());
        // SAFETY: no address: the socket is connected.
        let sent = unsafe { send_to(from.as_raw_fd(), b"x", std::ptr::null(), 0) };
        assert_eq!(sent, Ok(1));
    }
}
