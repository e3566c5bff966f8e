//! Secure random bytes: ChaCha20 keyed by the kernel, buffered, thread-safe and fork-safe.
//!
//! Every refill makes a new key out of its own keystream and forgets the old one, so what was handed out cannot be
//! recomputed from memory. The kernel is asked again after [`RESEED_AFTER`] bytes. The generator and its lock live
//! in a page that the kernel zeroes in a forked child: the child finds an unlocked generator without a key. Where
//! the kernel cannot do that, the process id is compared instead.
//!
//! The block function is written out here because the crates that have it bring a dozen others along.
use super::text::wipe;
use crate::sys::random;
use crate::{Error, Result, log, mem};
use parking_lot::RawMutex;
use parking_lot::lock_api::RawMutex as _;
use std::cell::UnsafeCell;
use std::ffi::{CStr, c_char};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

const BLOCK: usize = 64;
const KEY: usize = 32;
/// Bytes per refill, the next key included.
const POOL: usize = 16 * BLOCK;
const RESEED_AFTER: usize = 1 << 20;

/// `LANES` blocks of ChaCha20 (RFC 8439) side by side, with a 64-bit counter from `counter` on and no nonce: a key is
/// used for one refill only. Written so that the compiler puts the lanes into vector registers.
#[inline(always)]
fn chacha_blocks<const LANES: usize>(key: &[u8; KEY], counter: u64, out: &mut [[u8; BLOCK]; LANES]) {
    let mut start = [[0u32; LANES]; 16];
    for (row, word) in start.iter_mut().zip([0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]) {
        *row = [word; LANES];
    }
    for (row, b) in start[4..12].iter_mut().zip(key.as_chunks::<4>().0) {
        *row = [u32::from_le_bytes(*b); LANES];
    }
    let number = |lane: usize| counter.wrapping_add(lane as u64);
    start[12] = std::array::from_fn(|lane| number(lane) as u32);
    start[13] = std::array::from_fn(|lane| (number(lane) >> 32) as u32);
    let mut s = start;
    for _ in 0..10 {
        for i in 0..4 {
            quarter(&mut s, [i, 4 + i, 8 + i, 12 + i]);
        }
        for i in 0..4 {
            quarter(&mut s, [i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4]);
        }
    }
    for (lane, block) in out.iter_mut().enumerate() {
        for ((o, row), row0) in block.as_chunks_mut::<4>().0.iter_mut().zip(&s).zip(&start) {
            *o = row[lane].wrapping_add(row0[lane]).to_le_bytes();
        }
    }
}
#[inline(always)]
fn quarter<const LANES: usize>(s: &mut [[u32; LANES]; 16], [a, b, c, d]: [usize; 4]) {
    // `x` and `y` are added; what comes out turns `z`.
    let mut half = |x: usize, y: usize, z: usize, by: u32| {
        let more = s[y];
        for (x, y) in s[x].iter_mut().zip(more) {
            *x = x.wrapping_add(y);
        }
        let sum = s[x];
        for (z, x) in s[z].iter_mut().zip(sum) {
            *z = (*z ^ x).rotate_left(by);
        }
    };
    half(a, b, d, 16);
    half(c, d, b, 12);
    half(a, b, d, 8);
    half(c, d, b, 7);
}
/// The first [`POOL`] bytes of the key's stream.
fn stream(key: &[u8; KEY], out: &mut [u8; POOL]) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the machine can.
        return unsafe { stream_avx2(key, out) };
    }
    stream_in_lanes::<4>(key, out);
}
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn stream_avx2(key: &[u8; KEY], out: &mut [u8; POOL]) {
    stream_in_lanes::<8>(key, out);
}
#[inline(always)]
fn stream_in_lanes<const LANES: usize>(key: &[u8; KEY], out: &mut [u8; POOL]) {
    let blocks = out.as_chunks_mut::<BLOCK>().0;
    for (i, some) in blocks.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        chacha_blocks(key, (i * LANES) as u64, some);
    }
}

/// All zero: not seeded.
struct Generator {
    seeded: bool,
    key: [u8; KEY],
    pool: [u8; POOL],
    /// Unused bytes at the pool's end.
    left: usize,
    since_seed: usize,
}

impl Generator {
    const EMPTY: Generator =
        Generator { seeded: false, key: [0; KEY], pool: [0; POOL], left: 0, since_seed: 0 };

    /// A new key out of the old one's stream; the rest of the stream fills the pool.
    fn refill(&mut self) {
        stream(&self.key, &mut self.pool);
        self.key.copy_from_slice(&self.pool[..KEY]);
        self.pool[..KEY].fill(0);
        self.left = POOL - KEY;
    }
    /// Mixes `bytes` into the key: each piece is xored in and the key run through the cipher.
    fn mix(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(KEY) {
            for (k, b) in self.key.iter_mut().zip(piece) {
                *k ^= b;
            }
            self.refill();
        }
    }
    fn seed(&mut self) -> Result<()> {
        let mut fresh = [0; KEY];
        let mut result = random::kernel_random(&mut fresh);
        if result.is_ok() {
            self.mix(&fresh);
        }
        // A device that the program names is used besides the kernel's bytes, or instead of them if there are none.
        let device = DEVICE.load(Ordering::Relaxed);
        if !device.is_null() {
            // SAFETY: a path stays until the lock, which is held, is taken to replace it.
            let r = random::from_file(unsafe { CStr::from_ptr(device) }, &mut fresh);
            if r.is_ok() {
                self.mix(&fresh);
            }
            result = result.or(r);
        }
        // SAFETY: our own array.
        unsafe { wipe(fresh.as_mut_ptr().cast(), KEY) };
        if result.is_ok() {
            self.seeded = true;
            self.since_seed = 0;
        }
        result
    }
    fn ready(&mut self) -> Result<()> {
        if !self.seeded {
            return self.seed();
        }
        if self.since_seed >= RESEED_AFTER {
            // The stream stays secure without it: try again a long while later.
            let _keep = crate::sys::ErrnoGuard::new();
            let _ = self.seed();
            self.since_seed = 0;
        }
        Ok(())
    }
    fn take(&mut self, mut out: &mut [u8]) {
        self.since_seed = self.since_seed.saturating_add(out.len());
        while !out.is_empty() {
            if self.left == 0 {
                self.refill();
            }
            let n = out.len().min(self.left);
            let from = POOL - self.left;
            let (head, rest) = out.split_at_mut(n);
            head.copy_from_slice(&self.pool[from..from + n]);
            self.pool[from..from + n].fill(0);
            self.left -= n;
            out = rest;
        }
    }
}

impl Generator {
    /// `n` bytes, 8 at most, in one number.
    #[inline]
    fn take_word(&mut self, n: usize) -> u64 {
        if self.left < 8 {
            self.refill();
        }
        let from = POOL - self.left;
        let Some(next) = self.pool.get_mut(from..).and_then(|p| p.first_chunk_mut::<8>()) else { return 0 };
        let word = u64::from_le_bytes(*next);
        let taken = if n < 8 { (1 << (8 * n)) - 1 } else { u64::MAX };
        *next = (word & !taken).to_le_bytes();
        self.left -= n.min(8);
        self.since_seed = self.since_seed.saturating_add(n);
        word & taken
    }
}

/// A generator behind its lock; all zero is unlocked and not seeded.
struct Shared {
    lock: RawMutex,
    state: UnsafeCell<Generator>,
}
// SAFETY: the state is touched only under the lock.
unsafe impl Sync for Shared {}

// What a wiped page holds is an unlocked lock.
// SAFETY: parking_lot's RawMutex is one byte; a change of that breaks the build.
const _: () = assert!(unsafe { std::mem::transmute::<RawMutex, u8>(RawMutex::INIT) } == 0);

/// Where there are no pages that fork wipes: the process id tells a child.
static PLAIN: Shared = Shared { lock: RawMutex::INIT, state: UnsafeCell::new(Generator::EMPTY) };
/// The process that `PLAIN` belongs to; negative while it is being made new.
static PLAIN_OWNER: AtomicI32 = AtomicI32::new(0);
/// The wiped page, or the address of `PLAIN`.
static WHERE: AtomicPtr<Shared> = AtomicPtr::new(null_mut());
/// The device of `evutil_secure_rng_set_urandom_device_file`, with its NUL; null: none. Under the generator's lock, and not
/// under one of its own, which a thread of the parent could hold for ever in a forked child.
static DEVICE: AtomicPtr<c_char> = AtomicPtr::new(null_mut());

fn plain() -> *mut Shared {
    (&raw const PLAIN).cast_mut()
}
#[cold]
fn find_place() -> *mut Shared {
    const { assert!(size_of::<Shared>() <= 4096) };
    let fresh = random::wipe_on_fork_page().map_or_else(plain, |p| p.cast());
    match WHERE.compare_exchange(null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => fresh,
        Err(other) => {
            if fresh != plain() {
                // SAFETY: our own page, nobody has seen it.
                unsafe { random::free_page(fresh.cast()) };
            }
            other
        }
    }
}
fn with<R>(f: impl FnOnce(&mut Generator) -> R) -> R {
    let mut at = WHERE.load(Ordering::Acquire);
    if at.is_null() {
        at = find_place();
    }
    // SAFETY: a page of zeroes or `PLAIN`: valid for ever.
    with_at(unsafe { &*at }, f)
}
#[inline(always)]
fn with_at<R>(shared: &Shared, f: impl FnOnce(&mut Generator) -> R) -> R {
    if std::ptr::eq(shared, &PLAIN) {
        own_plain();
    }
    shared.lock.lock();
    // SAFETY: the lock is held.
    let r = f(unsafe { &mut *shared.state.get() });
    // SAFETY: locked above.
    unsafe { shared.lock.unlock() };
    r
}
/// In a child that fork has made, `PLAIN` has the parent's numbers, and a lock that a thread of the parent may have held:
/// who comes first makes it new.
fn own_plain() {
    let me = random::process_id();
    loop {
        let owner = PLAIN_OWNER.load(Ordering::Acquire);
        if owner == me {
            return;
        }
        if owner == -me {
            std::thread::yield_now();
        } else if PLAIN_OWNER.compare_exchange(owner, -me, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            // SAFETY: who used it was in another process, and in this one all wait for the next line.
            unsafe {
                (&raw const PLAIN.lock).cast_mut().write(RawMutex::INIT);
                (*PLAIN.state.get()).seeded = false;
            }
            return PLAIN_OWNER.store(me, Ordering::Release);
        }
    }
}

/// Makes sure that the generator is seeded. Fails when the system gives no random bytes.
pub fn init() -> Result<()> {
    with(Generator::ready)
}
/// Fills `out` with secure bytes. There is no telling the caller that there are none, and handing out bytes that
/// can be guessed is worse than stopping: that is the fatal path.
pub fn fill(out: &mut [u8]) {
    let ready = with(|g| g.ready().map(|()| g.take(out)));
    if ready.is_err() {
        log::misuse(format_args!("no source of secure random bytes"));
    }
}
/// So many secure bytes, 8 at most, as the low ones of a number.
pub fn small(bytes: usize) -> u64 {
    match with(|g| g.ready().map(|()| g.take_word(bytes))) {
        Ok(word) => word,
        Err(_) => log::misuse(format_args!("no source of secure random bytes")),
    }
}
/// Mixes in bytes of the program's own. They cannot make the generator weaker, nor do they seed it.
pub fn add_bytes(bytes: &[u8]) {
    with(|g| {
        let _ = g.ready();
        g.mix(bytes);
    });
}
/// Names a device to seed from besides the kernel (`evutil_secure_rng_set_urandom_device_file`), None for none.
/// The next bytes are of a generator seeded with it.
pub fn set_device(path: Option<&CStr>) -> Result<()> {
    let mut new = null_mut();
    if let Some(path) = path {
        let text = path.to_bytes_with_nul();
        new = mem::malloc(text.len()).cast::<c_char>();
        if new.is_null() {
            return Err(Error::NoMem);
        }
        // SAFETY: a fresh block of that size.
        unsafe { std::ptr::copy_nonoverlapping(path.as_ptr(), new, text.len()) };
    }
    let old = with(|g| {
        g.seeded = false;
        DEVICE.swap(new, Ordering::Relaxed)
    });
    if !old.is_null() {
        // SAFETY: made here, and nobody finds it any more.
        unsafe { mem::free(old.cast()) };
    }
    Ok(())
}

/// A random number of 32 bits.
pub fn next_u32() -> u32 {
    small(4) as u32
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_function_is_chacha20() {
        // RFC 8439 A.1, test vector 1 (zero key, zero counter, zero nonce), first 16 and last 4 bytes.
        let first =
            [0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28];
        let check = |out: &[u8; POOL]| {
            assert_eq!(out[..16], first);
            assert_eq!(out[60..64], [0xb2, 0xee, 0x65, 0x86]);
            // A.1, test vector 2: counter 1.
            assert_eq!(out[64..68], [0x9f, 0x07, 0xe7, 0xbe]);
        };
        let mut streams = [[0; POOL]; 4];
        let [one, four, eight, best] = &mut streams;
        stream_in_lanes::<1>(&[0; KEY], one);
        stream_in_lanes::<4>(&[0; KEY], four);
        stream_in_lanes::<8>(&[0; KEY], eight);
        stream(&[0; KEY], best);
        for s in &streams {
            check(s);
            assert!(*s == streams[0]);
        }
        // The counter's upper half counts too.
        let (mut low, mut high) = ([[0; BLOCK]; 2], [[0; BLOCK]; 1]);
        chacha_blocks(&[7; KEY], u64::from(u32::MAX), &mut low);
        chacha_blocks(&[7; KEY], 1 << 32, &mut high);
        assert!(low[1] == high[0]);
    }
    #[test]
    fn bytes_differ_and_are_all_written() {
        let mut a = [0u8; 5000];
        let mut b = [0u8; 5000];
        fill(&mut a);
        fill(&mut b);
        assert_ne!(a, b);
        let ones: u32 = a.iter().map(|x| x.count_ones()).sum();
        assert!((18_500..21_500).contains(&ones), "{ones}");
        assert!(a.chunks(16).all(|c| c != [0; 16]));
        init().unwrap();
        add_bytes(b"something");
        add_bytes(b"");
        assert_ne!(next_u32(), next_u32());
    }
    /// A number that the plain generator gives here, and one that it gives in a forked child.
    #[cfg(unix)]
    fn plain_words() -> [u64; 2] {
        let mut ends = [0; 2];
        let mut theirs = 0u64;
        // SAFETY: the child only draws, writes and exits.
        unsafe {
            assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
            let child = libc::fork();
            let word = with_at(&PLAIN, |g| g.ready().map(|()| g.take_word(8))).unwrap();
            if child == 0 {
                libc::write(ends[1], (&raw const word).cast(), 8);
                libc::_exit(0);
            }
            assert_eq!(libc::read(ends[0], (&raw mut theirs).cast(), 8), 8);
            for fd in ends {
                libc::close(fd);
            }
            assert_eq!(libc::waitpid(child, null_mut(), 0), child);
            [word, theirs]
        }
    }
    /// Where fork wipes nothing.
    #[test]
    #[cfg(unix)]
    fn a_forked_child_makes_the_plain_generator_new() {
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        with_at(&PLAIN, |g| g.ready().map(|()| g.take(&mut [0; 4000]))).unwrap();
                    }
                });
            }
            (0..50).map(|_| plain_words()).for_each(|[a, b]| assert_ne!(a, b));
            stop.store(true, Ordering::Relaxed);
        });
        // Alone, a child would have the next number of its parent.
        let [a, b] = plain_words();
        assert_ne!(a, b);
    }
    #[test]
    fn handed_out_bytes_are_forgotten() {
        let mut g = Generator::EMPTY;
        g.seed().unwrap();
        let mut a = [0; 100];
        g.take(&mut a);
        assert!(!g.pool.windows(8).any(|w| a.windows(8).any(|x| x == w && x != [0; 8])));
        assert_ne!(g.key, [0; KEY]);
    }
    #[test]
    fn an_unseeded_generator_gives_nothing() {
        let mut g = Generator::EMPTY;
        assert!(!g.seeded);
        g.ready().unwrap();
        assert!(g.seeded);
        g.since_seed = RESEED_AFTER;
        let key = g.key;
        g.ready().unwrap();
        assert_ne!(g.key, key);
        assert_eq!(g.since_seed, 0);
    }
}
