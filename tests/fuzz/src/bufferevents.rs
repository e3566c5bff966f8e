//! Operations on two connected bufferevents: what is written at one side is read at the other, all of it, once, in
//! order, whatever is switched on, off, limited, flushed or freed in between.
use crate::input::{Input, ignore_sigpipe};
use oxievent::abi::bufferevent::{BevOpt, bufferevent, bufferevent_flush_mode};
use oxievent::abi::event::{Ev, Evloop};
use oxievent::base::{BaseRef, Config};
use oxievent::bufferevent::{BevRef, FilterConfig};
use std::cell::RefCell;
use std::ffi::c_void;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;

/// The byte at a place of the stream that side `side` sends.
fn letter(side: usize, at: usize) -> u8 {
    (at * 7 + at / 255 + side * 101) as u8
}

struct Side {
    bev: BevRef,
    /// What a filter stands on; freed by hand.
    below: Option<BevRef>,
    sent: usize,
    received: usize,
    /// Callbacks take out at most so many bytes. At least one: at the high watermark they are called until they do.
    takes: usize,
    closed: bool,
}

thread_local!(static SIDES: RefCell<Vec<Side>> = const { RefCell::new(Vec::new()) });

fn with<T>(at: usize, f: impl FnOnce(&mut Side) -> T) -> Option<T> {
    SIDES.with_borrow_mut(|all| all.get_mut(at).map(f))
}
fn bev(at: usize) -> Option<BevRef> {
    with(at, |s| (!s.closed).then_some(s.bev)).flatten()
}

/// Takes bytes out of a side's input and compares them.
fn read(at: usize, most: usize) {
    let Some(bev) = bev(at) else { return };
    let n = most.min(bev.input().len());
    // Before they are taken: that makes room, and what comes then may be read right away.
    let received = |s: &mut Side| {
        s.received += n;
        s.received - n
    };
    let from = with(at, received).unwrap_or(0);
    let mut room = vec![0; n];
    assert_eq!(bev.input().remove(&mut room), Ok(n));
    for (i, byte) in room.iter().enumerate() {
        assert_eq!(*byte, letter(1 - at, from + i), "byte {} of side {}", from + i, 1 - at);
    }
    let sent = with(1 - at, |s| s.sent).unwrap_or(0);
    assert!(from + n <= sent, "more came than was sent");
}

unsafe extern "C" fn on_read(_: *mut bufferevent, arg: *mut c_void) {
    let at = arg as usize;
    read(at, with(at, |s| s.takes).unwrap_or(0));
}

fn sides(base: BaseRef, kind: usize, options: BevOpt) -> Option<[(BevRef, Option<BevRef>); 2]> {
    let close = (options | BevOpt::CLOSE_ON_FREE).bits();
    let (x, y) = if kind & 1 == 0 {
        BevRef::pair_new(base, close).ok()?
    } else {
        let (x, y) = UnixStream::pair().ok()?;
        x.set_nonblocking(true).ok()?;
        y.set_nonblocking(true).ok()?;
        let new = |s: UnixStream| BevRef::socket_new(Some(base), s.into_raw_fd(), close);
        (new(x).ok()?, new(y).ok()?)
    };
    let filter = |bev: BevRef| {
        let config = FilterConfig {
            input: None,
            output: None,
            options: options.bits(),
            free_context: None,
            context: std::ptr::null_mut(),
        };
        let f = BevRef::filter_new(bev, config).ok()?;
        Some((f, Some(bev)))
    };
    Some([(x, None), if kind & 2 == 0 { (y, None) } else { filter(y)? }])
}

/// Kind and options, then the operations.
pub fn bufferevents(data: &[u8]) {
    ignore_sigpipe();
    let mut input = Input(data);
    let base = BaseRef::new(&Config::new()).unwrap();
    let kind = usize::from(input.byte());
    let options = if kind & 4 == 0 { BevOpt::empty() } else { BevOpt::DEFER_CALLBACKS };
    let Some(made) = sides(base, kind, options) else { return };
    SIDES.set(Vec::new());
    for (at, (bev, below)) in made.into_iter().enumerate() {
        SIDES.with_borrow_mut(|all| {
            all.push(Side { bev, below, sent: 0, received: 0, takes: usize::MAX, closed: false })
        });
        bev.setcb(Some(on_read), None, None, at as *mut c_void);
    }
    while !input.is_empty() {
        step(&mut input, base);
    }
    let freed = SIDES.with_borrow(|all| all.iter().any(|s| s.closed));
    if !freed {
        settle(base);
    }
    for side in SIDES.take() {
        if !side.closed {
            side.bev.free();
        }
        side.below.into_iter().for_each(BevRef::free);
    }
    // SAFETY: nobody uses it any more.
    unsafe { base.free(true) };
}

fn step(input: &mut Input, base: BaseRef) {
    let what = input.byte();
    let at = usize::from(what & 1);
    let turn = || {
        let _ = base.run(Evloop::NONBLOCK);
    };
    let Some(bev) = bev(at) else { return turn() };
    let (rw, on) = ([Ev::READ, Ev::WRITE][usize::from(what >> 6 & 1)], what >= 128);
    match what >> 1 & 0x1f {
        0..=5 => {
            let n = input.size();
            let from = with(at, |s| s.sent).unwrap_or(0);
            if from > 1 << 20 {
                return;
            }
            // Before it is added: the other side may read it at once.
            with(at, |s| s.sent += n);
            let bytes: Vec<u8> = (from..from + n).map(|i| letter(at, i)).collect();
            bev.output().add(&bytes).unwrap();
        }
        6 | 7 => read(at, input.size()),
        8 | 9 => drop(if on { bev.enable(rw) } else { bev.disable(rw) }),
        10 | 11 => {
            let (low, high) = (input.size() / 8, input.size());
            bev.set_watermark(rw, low, high);
        }
        12 => {
            let mode = [
                bufferevent_flush_mode::BEV_NORMAL,
                bufferevent_flush_mode::BEV_FLUSH,
                bufferevent_flush_mode::BEV_FINISHED,
            ][input.below(2)];
            let _ = bev.flush(rw, mode);
        }
        13 => {
            let n = input.size().max(1);
            with(at, |s| s.takes = n);
        }
        14 => bev.trigger(rw, if on { 1 << 16 } else { 0 }),
        15 if input.byte() == 0xee => {
            with(at, |s| s.closed = true);
            bev.free();
        }
        16 => {
            let _ = bev.output().expand(input.size());
        }
        17 => far_timeouts(bev, on),
        _ => turn(),
    }
}

/// Timeouts that are there and do not come.
fn far_timeouts(bev: BevRef, on: bool) {
    let far = on.then_some(libc::timeval { tv_sec: 1000, tv_usec: 0 });
    bev.set_timeouts(far, far).unwrap();
}

/// With nothing in its way everything arrives.
fn settle(base: BaseRef) {
    for at in 0..2 {
        let Some(bev) = bev(at) else { return };
        with(at, |s| s.takes = usize::MAX);
        far_timeouts(bev, false);
        bev.set_watermark(Ev::READ, 0, 0);
        bev.set_watermark(Ev::WRITE, 0, 0);
        let _ = bev.enable(Ev::READ | Ev::WRITE);
        if let Some(below) = with(at, |s| s.below).flatten() {
            let _ = below.enable(Ev::READ | Ev::WRITE);
        }
    }
    for _ in 0..2000 {
        let _ = base.run(Evloop::NONBLOCK);
        for at in 0..2 {
            read(at, usize::MAX);
        }
        let all = |at: usize| with(at, |s| s.sent) == with(1 - at, |s| s.received);
        if all(0) && all(1) {
            return;
        }
    }
    let shown = |at: usize| with(at, |s| (s.sent, s.received, s.bev.input().len(), s.bev.output().len()));
    panic!("not everything arrived: {:?} {:?}", shown(0), shown(1));
}
