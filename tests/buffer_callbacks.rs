//! Callbacks of evbuffers that change the buffer, its callbacks, other buffers, or free the buffer.
#![allow(clippy::disallowed_types, reason = "tests run on std")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the tests own what they point at")]
mod net;
use net::libc;
use oxievent::abi::buffer::{evbuffer, evbuffer_cb_info};
use oxievent::buffer::BufferRef;
use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr::null_mut;

/// What happened, and what the next callback shall do.
struct World {
    log: Vec<(usize, usize, usize)>,
    script: Vec<Box<dyn FnOnce(BufferRef)>>,
}
thread_local!(static WORLD: RefCell<World> = const { RefCell::new(World { log: Vec::new(), script: Vec::new() }) });

unsafe extern "C" fn act(buf: *mut evbuffer, info: *const evbuffer_cb_info, _: *mut c_void) {
    let (b, i) = unsafe { (BufferRef::from_raw(buf).unwrap(), *info) };
    let next = WORLD.with_borrow_mut(|w| {
        w.log.push((i.orig_size, i.n_added, i.n_deleted));
        w.script.pop()
    });
    if let Some(f) = next {
        f(b);
    }
}
unsafe extern "C" fn count(_: *mut evbuffer, _: *const evbuffer_cb_info, arg: *mut c_void) {
    unsafe { *arg.cast::<usize>() += 1 };
}
unsafe extern "C" fn sizes(_: *mut evbuffer, old: usize, new: usize, arg: *mut c_void) {
    unsafe { *arg.cast::<(usize, usize)>() = (old, new) };
}

/// A buffer whose callback does `script`, one each time.
fn buffer(mut script: Vec<Box<dyn FnOnce(BufferRef)>>) -> BufferRef {
    script.reverse();
    WORLD.with_borrow_mut(|w| *w = World { log: Vec::new(), script });
    let b = BufferRef::new().unwrap();
    b.add_cb(Some(act), null_mut(), false).unwrap();
    b
}
fn log() -> Vec<(usize, usize, usize)> {
    WORLD.with_borrow_mut(|w| std::mem::take(&mut w.log))
}

#[test]
fn adds_and_drains_inside() {
    let b = buffer(vec![
        Box::new(|b| b.add(b"more").unwrap()),
        Box::new(|b| b.drain(2).unwrap()),
        Box::new(|b| b.prepend(b"front").unwrap()),
    ]);
    b.add(b"abc").unwrap();
    assert_eq!(log(), [(0, 3, 0), (3, 4, 0), (7, 0, 2), (5, 5, 0)]);
    assert_eq!(b.len(), 10);
    assert!(b.is_consistent());
    b.free();
}

/// Every operation that tells callbacks, with a callback that frees the buffer.
#[test]
fn freed_inside_each_operation() {
    type Op = fn(BufferRef, BufferRef);
    let ops: [(&str, Op); 12] = [
        ("add", |b, _| b.add(&[1; 5000]).unwrap()),
        ("prepend", |b, _| b.prepend(b"x").unwrap()),
        ("drain", |b, _| b.drain(3).unwrap()),
        ("drain all", |b, _| b.drain(usize::MAX).unwrap()),
        ("remove", |b, _| assert_eq!(b.remove(&mut [0; 4]), Ok(4))),
        ("readln", |b, _| {
            let (line, n) = b.readln(oxievent::abi::buffer::evbuffer_eol_style::EVBUFFER_EOL_LF);
            assert_eq!(n, 5);
            unsafe { libc::free(line.cast()) };
        }),
        ("add_buffer", |b, o| b.add_buffer(o).unwrap()),
        ("given away", |b, o| o.add_buffer(b).unwrap()),
        ("prepend_buffer", |b, o| b.prepend_buffer(o).unwrap()),
        ("remove_buffer", |b, o| assert_eq!(b.remove_buffer(o, 3), Ok(3))),
        ("reference", |b, o| b.add_buffer_reference(o).unwrap()),
        ("formatted", |b, _| {
            assert_eq!(
                b.add_formatted(|out| {
                    out[0].write(b'x');
                    1
                }),
                Ok(1)
            )
        }),
    ];
    for (name, op) in ops {
        let b = buffer(vec![]);
        let o = BufferRef::new().unwrap();
        b.add(b"line1\nline2").unwrap();
        o.add(b"other").unwrap();
        log();
        WORLD.with_borrow_mut(|w| w.script.push(Box::new(BufferRef::free)));
        op(b, o);
        assert_eq!(log().len(), 1, "{name}");
        assert!(o.is_consistent());
        o.free();
    }
}

#[test]
fn both_buffers_freed_inside_a_move() {
    for forward in [true, false] {
        let o = BufferRef::new().unwrap();
        let b = buffer(vec![]);
        (if forward { b } else { o }).add(b"text").unwrap();
        log();
        WORLD.with_borrow_mut(|w| {
            w.script.push(Box::new(move |b| {
                b.free();
                o.free();
            }))
        });
        if forward {
            o.add_buffer(b).unwrap()
        } else {
            b.add_buffer(o).unwrap()
        }
        assert_eq!(log().len(), 1);
    }
}

#[test]
fn callbacks_change_callbacks() {
    let mut hits = [0usize; 3];
    let p = hits.as_mut_ptr();
    let at = move |i: usize| unsafe { p.add(i) }.cast::<c_void>();
    let b = BufferRef::new().unwrap();
    // Newest first: act, then 1, then 0.
    b.add_cb(Some(count), at(0), false).unwrap();
    b.add_cb(Some(count), at(1), false).unwrap();
    WORLD.with_borrow_mut(|w| {
        *w = World {
            log: Vec::new(),
            script: vec![Box::new(move |b| {
                b.remove_cb(Some(count), at(1)).unwrap();
                assert!(b.remove_cb(Some(count), at(1)).is_err());
                b.remove_cb(Some(act), null_mut()).unwrap();
                b.add_cb(Some(count), at(2), false).unwrap();
                // A round inside the round.
                b.add(b"inner").unwrap();
            })],
        }
    });
    b.add_cb(Some(act), null_mut(), false).unwrap();
    b.add(b"outer").unwrap();
    assert_eq!(hits, [2, 0, 1]);
    b.add(b"after").unwrap();
    assert_eq!(hits, [3, 0, 2]);
    b.remove_all_cbs();
    b.add(b"silence").unwrap();
    assert_eq!(hits, [3, 0, 2]);
    b.free();
}

#[test]
fn all_callbacks_replaced_inside() {
    let mut seen = (0usize, 0usize);
    let p = (&raw mut seen).cast::<c_void>() as usize;
    let b = buffer(vec![Box::new(move |b| b.set_cb(Some(sizes), p as *mut c_void).unwrap())]);
    b.add(b"abc").unwrap();
    assert_eq!(log().len(), 1);
    b.add(b"de").unwrap();
    assert_eq!(seen, (3, 5));
    assert_eq!(log().len(), 0);
    b.set_cb(None, null_mut()).unwrap();
    b.drain(1).unwrap();
    assert_eq!(seen, (3, 5));
    b.free();
}

#[test]
fn disabled_callbacks_are_silent() {
    let mut hits = 0usize;
    let b = BufferRef::new().unwrap();
    let e = b.add_cb(Some(count), (&raw mut hits).cast(), false).unwrap();
    b.cb_set_enabled(e, false).unwrap();
    b.add(b"x").unwrap();
    assert_eq!(hits, 0);
    b.cb_set_enabled(e, true).unwrap();
    b.add(b"x").unwrap();
    b.add(b"").unwrap();
    assert_eq!(hits, 1);
    b.remove_cb_entry(e.as_ptr().cast()).unwrap();
    b.add(b"x").unwrap();
    assert_eq!(hits, 1);
    b.free();
}

/// Memory that is given back while the buffer changes; its owner uses the buffer right away, and frees it.
#[test]
fn cleanup_uses_the_buffer() {
    unsafe extern "C" fn give_back(_: *const c_void, _: usize, extra: *mut c_void) {
        let b = unsafe { BufferRef::from_raw(extra.cast()) }.unwrap();
        assert!(b.is_consistent());
        b.add(b"again").unwrap();
        assert!(b.is_consistent());
    }
    unsafe extern "C" fn free_it(_: *const c_void, _: usize, extra: *mut c_void) {
        unsafe { BufferRef::from_raw(extra.cast()) }.unwrap().free();
    }
    let b = BufferRef::new().unwrap();
    let show = |f: unsafe extern "C" fn(*const c_void, usize, *mut c_void), text: &'static [u8]| unsafe {
        b.add_reference(text.as_ptr(), text.len(), Some(f), b.as_ptr().cast()).unwrap();
    };
    show(give_back, b"0123456789");
    b.drain(10).unwrap();
    assert_eq!(b.len(), 5);
    show(give_back, b"");
    b.add(b"x").unwrap();
    assert_eq!(b.len(), 6);
    // The empty one goes when something comes behind it.
    show(give_back, b"0123456789");
    assert_eq!(b.len(), 21);
    assert!(b.pullup(Some(18)).is_some());
    assert_eq!(b.remove(&mut [0; 100]), Ok(26));
    show(free_it, b"0123456789");
    b.drain(10).unwrap();
}
