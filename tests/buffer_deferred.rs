//! Callbacks of evbuffers that run from the loop.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
use oxievent::abi::buffer::{evbuffer, evbuffer_cb_info};
use oxievent::abi::event::Evloop;
use oxievent::base::{BaseRef, Config};
use oxievent::buffer::BufferRef;
use std::ffi::c_void;
use std::ptr::null_mut;

type Log = Vec<(usize, usize, usize)>;
unsafe extern "C" fn note(_: *mut evbuffer, i: *const evbuffer_cb_info, arg: *mut c_void) {
    let (log, i) = unsafe { (&mut *arg.cast::<Log>(), *i) };
    log.push((i.orig_size, i.n_added, i.n_deleted));
}
unsafe extern "C" fn add_once(b: *mut evbuffer, _: *const evbuffer_cb_info, arg: *mut c_void) {
    let times = unsafe { &mut *arg.cast::<usize>() };
    *times += 1;
    if *times < 3 {
        unsafe { BufferRef::from_raw(b) }.unwrap().add(b"again").unwrap();
    }
}
unsafe extern "C" fn free_it(b: *mut evbuffer, _: *const evbuffer_cb_info, arg: *mut c_void) {
    unsafe { *arg.cast::<usize>() += 1 };
    unsafe { BufferRef::from_raw(b) }.unwrap().free();
}
fn base() -> BaseRef {
    BaseRef::new(&Config::new()).unwrap()
}
fn turn(b: BaseRef) {
    b.run(Evloop::NONBLOCK).unwrap();
}
fn arg<T>(v: &mut T) -> *mut c_void {
    std::ptr::from_mut(v).cast()
}

#[test]
fn changes_are_summed_until_the_loop_runs() {
    let (base, b) = (base(), BufferRef::new().unwrap());
    let (mut later, mut now) = (Log::new(), Log::new());
    b.add_cb(Some(note), arg(&mut later), false).unwrap();
    b.add_cb(Some(note), arg(&mut now), true).unwrap();
    b.defer_callbacks(base).unwrap();
    b.add(b"0123456789").unwrap();
    b.drain(4).unwrap();
    b.add(b"").unwrap();
    assert_eq!(later, []);
    // Those that do not wait see what has not been told to the others yet, as in libevent.
    assert_eq!(now, [(0, 10, 0), (0, 10, 4)]);
    turn(base);
    assert_eq!(later, [(0, 10, 4)]);
    turn(base);
    assert_eq!(later.len(), 1);
    b.add(b"x").unwrap();
    turn(base);
    assert_eq!(later[1], (6, 1, 0));
    b.free();
    unsafe { base.free(true) };
}

#[test]
fn a_buffer_freed_while_its_callbacks_wait_lives_until_they_ran() {
    let (base, b) = (base(), BufferRef::new().unwrap());
    let mut log = Log::new();
    b.add_cb(Some(note), arg(&mut log), false).unwrap();
    b.defer_callbacks(base).unwrap();
    b.add(b"abc").unwrap();
    b.free();
    turn(base);
    assert_eq!(log, [(0, 3, 0)]);
    unsafe { base.free(true) };
}

#[test]
fn deferred_callbacks_change_and_free_the_buffer() {
    let (base, b) = (base(), BufferRef::new().unwrap());
    let (mut times, mut freed) = (0usize, 0usize);
    b.add_cb(Some(add_once), arg(&mut times), false).unwrap();
    b.defer_callbacks(base).unwrap();
    b.add(b"abc").unwrap();
    for _ in 0..5 {
        turn(base);
    }
    assert_eq!((times, b.len()), (3, 13));
    b.remove_all_cbs();
    b.add_cb(Some(free_it), arg(&mut freed), false).unwrap();
    b.drain(1).unwrap();
    turn(base);
    assert_eq!(freed, 1);
    unsafe { base.free(true) };
}

#[test]
fn waiting_callbacks_move_to_another_base() {
    let (one, two, b) = (base(), base(), BufferRef::new().unwrap());
    let mut log = Log::new();
    b.add_cb(Some(note), arg(&mut log), false).unwrap();
    b.defer_callbacks(one).unwrap();
    b.add(b"abc").unwrap();
    b.defer_callbacks(one).unwrap();
    b.defer_callbacks(two).unwrap();
    turn(one);
    assert_eq!(log, []);
    unsafe { one.free(true) };
    turn(two);
    assert_eq!(log, [(0, 3, 0)]);
    unsafe { two.free(true) };
    // The base is gone, and nothing waits: the buffer does not ask for it.
    b.free();
}

#[test]
fn callbacks_removed_while_they_wait_hear_nothing() {
    let (base, b) = (base(), BufferRef::new().unwrap());
    let mut log = Log::new();
    b.defer_callbacks(base).unwrap();
    b.add_cb(Some(note), arg(&mut log), false).unwrap();
    b.add(b"abc").unwrap();
    b.remove_cb(Some(note), arg(&mut log)).unwrap();
    b.add_cb(Some(note), arg(&mut log), false).unwrap();
    turn(base);
    assert_eq!(log, []);
    b.set_cb(None, null_mut()).unwrap();
    b.free();
    unsafe { base.free(true) };
}
