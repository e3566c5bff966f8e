//! Random sequences of evbuffer operations against `Vec<u8>`, with the invariants checked after every step.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
mod net;
use net::UnixStream;
use net::libc;
use net::libc::iovec;
use net::{AsRawFd, IntoRawFd};
use oxievent::abi::buffer::{SegmentFlag, evbuffer, evbuffer_cb_info, evbuffer_eol_style, evbuffer_ptr};
use oxievent::buffer::{BufferRef, SegmentRef};
use std::ffi::c_void;
use std::io::Write;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicIsize, Ordering};

/// Numbers from xorshift, the same on every machine; or, as long as there is one, from a script (tests/fuzz).
struct Rng {
    state: u64,
    script: Option<std::vec::IntoIter<u8>>,
}
impl Rng {
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
    fn below(&mut self, n: usize) -> usize {
        let raw = match &mut self.script {
            None => self.next(),
            Some(script) => {
                let mut byte = || u64::from(script.next().unwrap_or(0));
                if n <= 256 { byte() } else { byte() << 8 | byte() }
            }
        };
        (raw % n.max(1) as u64) as usize
    }
    /// Mostly small, sometimes large.
    fn size(&mut self) -> usize {
        match self.below(10) {
            0 => 0,
            1..=5 => self.below(40),
            6 | 7 => self.below(400),
            8 => self.below(5000),
            _ => self.below(40000),
        }
    }
    /// Bytes from a small alphabet, so that searches and lines find something.
    fn bytes(&mut self, n: usize) -> Vec<u8> {
        let letters = b"aaab\r\n\0xyz";
        (0..n).map(|_| letters[self.next() as usize % letters.len()]).collect()
    }
}

/// Memory that is shown by reference and not yet given back.
static SHOWN: AtomicIsize = AtomicIsize::new(0);
unsafe extern "C" fn cleanup(data: *const c_void, len: usize, extra: *mut c_void) {
    assert_eq!(extra, 7 as *mut c_void);
    SHOWN.fetch_sub(1, Ordering::Relaxed);
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(data.cast_mut().cast::<u8>(), len)) });
}

/// Sums what the callback is told.
#[derive(Default)]
struct Seen {
    len: usize,
    calls: usize,
}
unsafe extern "C" fn observe(buf: *mut evbuffer, info: *const evbuffer_cb_info, arg: *mut c_void) {
    let (seen, info) = unsafe { (&mut *arg.cast::<Seen>(), &*info) };
    assert_eq!(seen.len, info.orig_size);
    seen.len = seen.len + info.n_added - info.n_deleted;
    seen.calls += 1;
    assert_eq!(unsafe { BufferRef::from_raw(buf) }.unwrap().len(), seen.len);
}

struct Side {
    buf: BufferRef,
    model: Vec<u8>,
    seen: Option<Box<Seen>>,
    frozen: (bool, bool),
    /// Bytes that cannot be shown again by add_buffer_reference may be inside.
    odd: bool,
}
impl Side {
    /// Unobserved buffers take shorter paths.
    fn new(observed: bool) -> Side {
        let buf = BufferRef::new().unwrap();
        let mut seen = Box::<Seen>::default();
        if observed {
            buf.add_cb(Some(observe), (&raw mut *seen).cast(), false).unwrap();
        }
        Side { buf, model: Vec::new(), seen: observed.then_some(seen), frozen: (false, false), odd: false }
    }
    fn check(&self, deep: bool) {
        assert!(self.buf.is_consistent());
        assert_eq!(self.buf.len(), self.model.len());
        if let Some(s) = &self.seen {
            assert_eq!(s.len, self.model.len());
        }
        if deep {
            assert!(self.gather() == self.model);
        }
    }
    fn extents(&self) -> Vec<iovec> {
        let n = unsafe { self.buf.peek(None, None, &mut []) }.unwrap();
        let mut v = vec![iovec { iov_base: null_mut(), iov_len: 0 }; n + 1];
        assert_eq!(unsafe { self.buf.peek(None, None, &mut v) }, Ok(n));
        v.truncate(n);
        v
    }
    fn gather(&self) -> Vec<u8> {
        let piece = |v: &iovec| unsafe { std::slice::from_raw_parts(v.iov_base.cast::<u8>(), v.iov_len) };
        self.extents().iter().flat_map(|v| piece(v).to_vec()).collect()
    }
    /// A position, and its check against the model.
    fn ptr(&self, at: usize) -> evbuffer_ptr {
        let p = self.buf.ptr_at(at).unwrap();
        assert_eq!(p.pos, at as isize);
        p
    }
}

fn find(hay: &[u8], what: &[u8], from: usize) -> Option<usize> {
    if what.is_empty() {
        return Some(from);
    }
    (from..=hay.len().checked_sub(what.len())?).find(|i| &hay[*i..*i + what.len()] == what)
}

/// What libevent says ends a line: position and length.
fn find_eol(m: &[u8], from: usize, style: evbuffer_eol_style) -> Option<(usize, usize)> {
    use evbuffer_eol_style as S;
    let byte = |b: u8| find(m, &[b], from);
    match style {
        S::EVBUFFER_EOL_LF => Some((byte(b'\n')?, 1)),
        S::EVBUFFER_EOL_NUL => Some((byte(0)?, 1)),
        S::EVBUFFER_EOL_CRLF_STRICT => Some((find(m, b"\r\n", from)?, 2)),
        S::EVBUFFER_EOL_CRLF => {
            let at = byte(b'\n')?;
            if at > from && m[at - 1] == b'\r' { Some((at - 1, 2)) } else { Some((at, 1)) }
        }
        _ => {
            let at = (from..m.len()).find(|i| b"\r\n".contains(&m[*i]))?;
            Some((at, m[at..].iter().take_while(|b| b"\r\n".contains(b)).count()))
        }
    }
}

fn style(r: &mut Rng) -> evbuffer_eol_style {
    evbuffer_eol_style(r.below(5) as u32)
}

fn add_reference(r: &mut Rng, s: &mut Side) {
    let n = r.size();
    let data = r.bytes(n).into_boxed_slice();
    let p = Box::into_raw(data.clone()).cast::<u8>();
    SHOWN.fetch_add(1, Ordering::Relaxed);
    let done = unsafe { s.buf.add_reference(p, data.len(), Some(cleanup), 7 as *mut c_void) };
    if done.is_ok() {
        s.model.extend_from_slice(&data);
    } else {
        assert!(s.frozen.1);
        unsafe { cleanup(p.cast(), data.len(), 7 as *mut c_void) };
    }
}

fn add_file(r: &mut Rng, s: &mut Side) {
    let n = r.size();
    let data = r.bytes(n);
    let mut f = tempfile();
    f.write_all(&data).unwrap();
    let at = r.below(n + 1);
    let len = r.below(n - at + 1);
    s.buf.set_flags(1, r.below(2) == 0);
    let done = if r.below(2) == 0 {
        let flags = SegmentFlag::from_bits_retain(1 | (r.below(4) as u32) << 1);
        let seg = SegmentRef::new(f.into_raw_fd(), at as i64, -1, flags).unwrap();
        let done = s.buf.add_file_segment(seg, 0, len as i64);
        seg.release();
        done
    } else {
        s.buf.add_file(f.into_raw_fd(), at as i64, len as i64)
    };
    assert_eq!(done.is_err(), s.frozen.1);
    if done.is_ok() {
        s.model.extend_from_slice(&data[at..at + len]);
        s.odd = true;
    }
}

fn tempfile() -> std::fs::File {
    net::temp_file()
}

fn reserve(r: &mut Rng, s: &mut Side) {
    let want = r.size();
    let mut v = [iovec { iov_base: null_mut(), iov_len: 0 }; 4];
    let n_max = 1 + r.below(4);
    let got = s.buf.reserve(want, &mut v[..n_max]);
    s.check(false);
    if s.frozen.1 {
        return assert!(got.is_err());
    }
    let n = got.unwrap();
    assert!(n <= n_max);
    let room: usize = v[..n].iter().map(|v| v.iov_len).sum();
    assert!(room >= want);
    let again = {
        let mut w = v;
        assert_eq!(s.buf.reserve(want, &mut w[..n_max]), Ok(n));
        w
    };
    for (a, b) in v[..n].iter().zip(&again[..n]) {
        assert!(a.iov_base == b.iov_base && a.iov_len == b.iov_len);
    }
    let used = r.below(n + 1);
    for e in &mut v[..used] {
        let len = if r.below(3) == 0 { e.iov_len } else { r.below(e.iov_len + 1) };
        let data = r.bytes(len);
        unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), e.iov_base.cast(), len) };
        e.iov_len = len;
        s.model.extend_from_slice(&data);
    }
    s.buf.commit(&v[..used]).unwrap();
}

fn search(r: &mut Rng, s: &Side) {
    let n = 1 + r.below(4);
    let what = if r.below(2) == 0 || s.model.is_empty() {
        r.bytes(n)
    } else {
        let at = r.below(s.model.len());
        s.model[at..(at + n * 3).min(s.model.len())].to_vec()
    };
    let from = r.below(s.model.len() + 1);
    let end = r.below(s.model.len() + 1);
    let (start, stop) = (s.ptr(from), s.ptr(end));
    let got = unsafe { s.buf.search_range(&what, Some(&start), None) };
    let expect = find(&s.model, &what, from);
    assert_eq!(got.pos, expect.map_or(-1, |e| e as isize));
    if expect.is_some() {
        let copy = s.ptr(got.pos as usize);
        assert!(copy.internal_.chain == got.internal_.chain);
        assert!(copy.internal_.pos_in_chain == got.internal_.pos_in_chain);
    }
    let got = unsafe { s.buf.search_range(&what, Some(&start), Some(&stop)) };
    assert_eq!(got.pos, expect.filter(|e| e + what.len() <= end).map_or(-1, |e| e as isize));
    let style = style(r);
    let got = unsafe { s.buf.search_eol(Some(&start), style) };
    // A position at the very end has no block to search.
    let expect = if start.internal_.chain.is_null() { None } else { find_eol(&s.model, from, style) };
    assert_eq!(got.map(|g| (g.0.pos as usize, g.1)), expect, "{style:?}");
    if let Some((p, _)) = got {
        let mut byte = [std::mem::MaybeUninit::<u8>::uninit(); 1];
        if !s.frozen.0 {
            assert_eq!(unsafe { s.buf.copyout(Some(&p), &mut byte) }, Ok(1));
            assert_eq!(unsafe { byte[0].assume_init() }, s.model[p.pos as usize]);
        }
    }
}

fn pointers(r: &mut Rng, s: &Side) {
    let at = r.below(s.model.len() + 1);
    let p = s.ptr(at);
    let more = r.below(s.model.len() - at + 1);
    assert_eq!(unsafe { s.buf.ptr_add(&p, more) }.unwrap().pos, (at + more) as isize);
    assert!(unsafe { s.buf.ptr_add(&p, s.model.len() - at + 1) }.is_err());
    assert!(unsafe { s.buf.ptr_add(&p, usize::MAX) }.is_err());
    assert!(s.buf.ptr_at(s.model.len() + 1).is_err());
    let n = r.size();
    let mut out = vec![std::mem::MaybeUninit::<u8>::uninit(); n];
    let got = unsafe { s.buf.copyout(Some(&p), &mut out) };
    let expect = n.min(s.model.len() - at);
    if s.frozen.0 && expect > 0 {
        assert!(got.is_err());
    } else {
        assert_eq!(got, Ok(expect));
        let out: Vec<u8> = out[..expect].iter().map(|b| unsafe { b.assume_init() }).collect();
        assert_eq!(out, s.model[at..at + expect]);
    }
    let mut v = [iovec { iov_base: null_mut(), iov_len: 0 }; 3];
    let k = unsafe { s.buf.peek(Some(n), Some(&p), &mut v) }.unwrap();
    let mut seen = at;
    for e in &v[..k.min(3)] {
        let piece = unsafe { std::slice::from_raw_parts(e.iov_base.cast::<u8>(), e.iov_len) };
        assert_eq!(piece, &s.model[seen..seen + e.iov_len]);
        seen += e.iov_len;
    }
    assert!(k > 3 || seen - at >= expect);
}

fn io(r: &mut Rng, s: &mut Side) {
    let (mut a, b) = UnixStream::pair().unwrap();
    a.set_nonblocking(true).unwrap();
    b.set_nonblocking(true).unwrap();
    if r.below(2) == 0 {
        let n = r.size();
        let data = r.bytes(n);
        let n = a.write(&data).unwrap_or(0);
        let max = if r.below(3) == 0 { usize::MAX } else { 1 + r.size() };
        let got = s.buf.read_from(b.as_raw_fd(), max);
        if s.frozen.1 {
            assert!(got.is_err());
        } else if n == 0 {
            assert_eq!(got, Err(oxievent::Error::Os(libc::EAGAIN)));
        } else {
            let got = got.unwrap();
            assert_eq!(got, n.min(max).min(oxievent::buffer::MAX_READ));
            s.model.extend_from_slice(&data[..got]);
        }
    } else {
        let max = if r.below(2) == 0 { None } else { Some(1 + r.size()) };
        let got = s.buf.write_to(a.as_raw_fd(), max);
        if s.frozen.0 {
            return assert!(got.is_err());
        }
        let n = got.unwrap();
        assert!(n <= max.unwrap_or(usize::MAX) && (n > 0 || s.model.is_empty()));
        let mut out = vec![0; n];
        let mut have = 0;
        while have < n {
            have += std::io::Read::read(&mut &b, &mut out[have..]).unwrap();
        }
        assert!(out == s.model[..n]);
        s.model.drain(..n);
    }
}

fn step(r: &mut Rng, s: &mut Side, o: &mut Side) {
    match r.below(25) {
        0..=2 => {
            let n = r.size();
            let data = r.bytes(n);
            let done = s.buf.add(&data);
            assert_eq!(done.is_err(), s.frozen.1);
            if done.is_ok() {
                s.model.extend_from_slice(&data);
            }
        }
        3 => {
            let n = r.size();
            let data = r.bytes(n);
            let done = s.buf.prepend(&data);
            assert_eq!(done.is_err(), s.frozen.0 && n > 0);
            if done.is_ok() {
                s.model.splice(..0, data);
            }
        }
        4 => {
            let n = r.size();
            let done = s.buf.drain(n);
            assert_eq!(done.is_err(), s.frozen.0 && !s.model.is_empty());
            if done.is_ok() {
                s.model.drain(..n.min(s.model.len()));
            }
        }
        5 | 6 => {
            let n = r.size();
            let mut out = vec![0; n];
            let n = n.min(s.model.len());
            let got = s.buf.remove(&mut out);
            if s.frozen.0 && n > 0 {
                assert!(got.is_err());
            } else {
                assert_eq!(got, Ok(n));
                assert!(out[..n] == s.model[..n]);
                s.model.drain(..n);
            }
        }
        7 => {
            let done = s.buf.add_buffer(o.buf);
            let refuse = !o.model.is_empty() && (s.frozen.1 || o.frozen.0);
            assert_eq!(done.is_err(), refuse);
            if done.is_ok() {
                s.odd |= o.odd;
                s.model.append(&mut o.model);
            }
        }
        8 => {
            let done = s.buf.prepend_buffer(o.buf);
            let refuse = !o.model.is_empty() && (s.frozen.0 || o.frozen.0);
            assert_eq!(done.is_err(), refuse);
            if done.is_ok() {
                s.odd |= o.odd;
                let moved = std::mem::take(&mut o.model);
                s.model.splice(..0, moved);
            }
        }
        9 | 10 => {
            let n = r.size();
            let got = s.buf.remove_buffer(o.buf, n);
            if n > 0 && (s.frozen.0 || o.frozen.1) {
                // Nothing to move is no reason to fail.
                assert!(got.is_err() || s.model.is_empty());
            } else {
                let n = n.min(s.model.len());
                assert_eq!(got, Ok(n));
                o.odd |= s.odd;
                o.model.extend(s.model.drain(..n));
            }
        }
        11 => {
            let n = r.below(s.model.len() + 2);
            let all = r.below(8) == 0;
            match s.buf.pullup((!all).then_some(n)) {
                Some(p) => {
                    let n = if all { s.model.len() } else { n };
                    assert!(unsafe { std::slice::from_raw_parts(p, n) } == &s.model[..n]);
                    assert!(s.buf.first_len() >= n);
                }
                None => assert!(n == 0 || n > s.model.len() || s.model.is_empty()),
            }
        }
        12 => add_reference(r, s),
        13 => {
            let done = s.buf.add_buffer_reference(o.buf);
            if !o.model.is_empty() && s.frozen.1 {
                assert!(done.is_err());
            } else if !o.odd {
                assert!(done.is_ok());
            }
            if done.is_ok() {
                s.odd |= !o.model.is_empty();
                s.model.extend_from_slice(&o.model);
            }
        }
        14 | 15 => reserve(r, s),
        16 => {
            let n = r.size();
            s.buf.expand(n).unwrap();
        }
        17 => search(r, s),
        18 => pointers(r, s),
        19 => {
            let style = style(r);
            let (line, n) = s.buf.readln(style);
            if s.frozen.0 {
                return assert!(line.is_null());
            }
            match find_eol(&s.model, 0, style) {
                None => assert!(line.is_null()),
                Some((at, eol)) => {
                    assert_eq!(n, at);
                    assert!(unsafe { std::slice::from_raw_parts(line, n) } == &s.model[..n]);
                    assert_eq!(unsafe { *line.add(n) }, 0);
                    unsafe { libc::free(line.cast()) };
                    s.model.drain(..at + eol);
                }
            }
        }
        20 => io(r, s),
        21 => {
            let pieces: Vec<Vec<u8>> = (0..r.below(5))
                .map(|_| {
                    let n = r.size();
                    r.bytes(n)
                })
                .collect();
            let done = s.buf.add_all(pieces.iter().map(Vec::as_slice));
            if !s.frozen.1 {
                assert_eq!(done, Ok(pieces.iter().map(Vec::len).sum()));
                s.model.extend(pieces.concat());
            } else {
                assert!(done.is_err());
            }
        }
        22 => add_file(r, s),
        23 => {
            let n = r.size();
            let data = r.bytes(n);
            let done = s.buf.add_formatted(|out| {
                for (to, from) in out.iter_mut().zip(&data) {
                    to.write(*from);
                }
                data.len() as i32
            });
            if s.frozen.1 {
                return assert!(done.is_err());
            }
            assert_eq!(done, Ok(n));
            s.model.extend_from_slice(&data);
        }
        _ => {
            let (front, on) = (r.below(2) == 0, r.below(3) == 0);
            if on { s.buf.freeze(front) } else { s.buf.unfreeze(front) }.unwrap();
            if front {
                s.frozen.0 = on;
            } else {
                s.frozen.1 = on;
            }
        }
    }
}

#[allow(clippy::unnecessary_to_owned, reason = "the type of the field owns its bytes")]
fn run(seed: u64, steps: usize, script: Option<&[u8]>) {
    let script = script.map(|s| s.to_vec().into_iter());
    let mut r = Rng { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, script };
    let (mut a, mut b) = (Side::new(seed.is_multiple_of(3)), Side::new(seed % 3 < 2));
    for i in 0..steps {
        if r.script.as_ref().is_some_and(|s| s.as_slice().is_empty()) {
            break;
        }
        if r.below(2) == 0 {
            step(&mut r, &mut a, &mut b)
        } else {
            step(&mut r, &mut b, &mut a)
        }
        a.check(i % 8 == 0);
        b.check(i % 8 == 0);
        // So that lengths do not run away.
        for s in [&mut a, &mut b] {
            if s.model.len() > 300_000 {
                s.buf.unfreeze(true).unwrap();
                s.frozen.0 = false;
                s.buf.drain(250_000).unwrap();
                s.model.drain(..250_000);
            }
            if s.model.is_empty() {
                s.odd = false;
            }
        }
    }
    a.check(true);
    b.check(true);
    assert!(r.script.is_some() || [&a, &b].iter().all(|s| s.seen.as_ref().is_none_or(|s| s.calls > 0)));
    // One of them goes first: memory that both show must survive.
    if seed.is_multiple_of(2) {
        a.buf.free();
        b.check(true);
        b.buf.free();
    } else {
        b.buf.free();
        a.check(true);
        a.buf.free();
    }
}

/// Steps that a fuzzer chose.
#[allow(dead_code, reason = "called from tests/fuzz")]
pub fn run_script(script: &[u8]) {
    run(script.first().copied().unwrap_or(0).into(), 400, Some(script.get(1..).unwrap_or(&[])));
    assert_eq!(SHOWN.load(Ordering::Relaxed), 0);
}

#[test]
fn random_operations() {
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(60);
    for seed in 1..=seeds {
        let caught = std::panic::catch_unwind(|| run(seed, 400, None));
        assert!(caught.is_ok(), "seed {seed}");
    }
    assert_eq!(SHOWN.load(Ordering::Relaxed), 0);
}
