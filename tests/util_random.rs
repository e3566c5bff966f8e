//! Secure random numbers across fork and threads, and the device a program names.
#![allow(clippy::disallowed_types, reason = "tests may use std")]
mod net;
use net::libc;
use oxievent::util::secure_random;
use std::ffi::CString;

#[cfg(unix)]
fn read_child(f: impl FnOnce() -> [u8; 32]) -> [u8; 32] {
    let mut ends = [0; 2];
    let mut out = [0u8; 32];
    // SAFETY: the child only runs `f`, writes and exits.
    unsafe {
        assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
        let pid = libc::fork();
        assert!(pid >= 0);
        if pid == 0 {
            let b = f();
            libc::write(ends[1], b.as_ptr().cast(), b.len());
            libc::_exit(0);
        }
        assert_eq!(libc::read(ends[0], out.as_mut_ptr().cast(), out.len()), 32);
        libc::close(ends[0]);
        libc::close(ends[1]);
        let mut status = 0;
        libc::waitpid(pid, &mut status, 0);
        assert_eq!(status, 0);
    }
    out
}
fn some() -> [u8; 32] {
    let mut b = [0; 32];
    secure_random::fill(&mut b);
    b
}

#[cfg(unix)]
#[test]
fn a_forked_child_has_numbers_of_its_own() {
    let _ = some();
    let child = read_child(some);
    let second = read_child(some);
    let own = some();
    assert!(child != own && child != second && own != second);
    assert_ne!(child, [0; 32]);
}
#[cfg(unix)]
/// A child forked while other threads hold the generator's lock must not wait for them.
#[test]
fn forking_amid_other_threads_does_not_hang() {
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                let mut big = [0u8; 4096];
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    secure_random::fill(&mut big);
                }
            });
        }
        for _ in 0..100 {
            read_child(some);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
#[test]
fn threads_never_get_the_same_bytes() {
    let all = std::sync::Mutex::new(std::collections::HashSet::new());
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                let mine: Vec<_> = (0..2000).map(|_| some()).collect();
                let mut all = all.lock().unwrap();
                for b in mine {
                    assert!(all.insert(b));
                }
            });
        }
    });
}
#[test]
fn a_device_is_read_and_a_bad_one_does_no_harm() {
    let path = std::env::temp_dir().join(format!("oxievent-random-{}", std::process::id()));
    std::fs::write(&path, [7u8; 32]).unwrap();
    let c = CString::new(path.to_str().unwrap()).unwrap();
    secure_random::set_device(Some(&c)).unwrap();
    secure_random::init().unwrap();
    let a = some();
    secure_random::set_device(Some(&c)).unwrap();
    assert_ne!(a, some());
    std::fs::remove_file(&path).unwrap();
    secure_random::set_device(Some(&c)).unwrap();
    secure_random::init().unwrap();
    assert_ne!(some(), some());
    secure_random::set_device(None).unwrap();
    secure_random::add_bytes(&[1; 1000]);
    assert_ne!(some(), some());
}
