//! evtag: the same answers however the bytes are cut into blocks, and values that come back as they were.
use crate::input::{Input, pieces};
use oxievent::buffer::BufferRef;
use oxievent::tag;
use std::mem::MaybeUninit;

struct Owned(BufferRef);
impl Owned {
    fn new() -> Owned {
        Owned(BufferRef::new().unwrap())
    }
    /// Each piece in a block of its own.
    fn of(pieces: &[&[u8]]) -> Owned {
        let whole = Owned::new();
        for piece in pieces {
            let one = Owned::new();
            one.0.add(piece).unwrap();
            whole.0.add_buffer(one.0).unwrap();
        }
        whole
    }
    fn bytes(&self) -> Vec<u8> {
        let mut out = vec![MaybeUninit::uninit(); self.0.len()];
        // SAFETY: no position is given.
        let n = unsafe { self.0.copyout(None, &mut out) }.unwrap();
        // SAFETY: so many were written.
        out[..n].iter().map(|b| unsafe { b.assume_init() }).collect()
    }
}
impl Drop for Owned {
    fn drop(&mut self) {
        self.0.free();
    }
}

/// One operation, as text to compare.
fn apply(what: u8, want: u32, b: BufferRef) -> String {
    let to = Owned::new();
    match what % 12 {
        0 => format!("{:?}", tag::peek(b)),
        1 => format!("{:?}", tag::peek_header(b)),
        2 => format!("{:?}", tag::take_tag(b)),
        3 => format!("{:?}", tag::take_int(b)),
        4 => format!("{:?}", tag::take_int64(b)),
        5 => format!("{:?}", tag::take_header(b)),
        6 => format!("{:?}", tag::skip(b)),
        7 => format!("{:?} {:?}", tag::take(b, to.0), to.bytes()),
        8 => format!("{:?}", tag::take_number(b, want, if what < 128 { 32 } else { 64 })),
        9 => {
            let mut room = vec![MaybeUninit::uninit(); usize::from(what / 12)];
            let done = tag::take_fixed(b, want, &mut room);
            format!("{done:?}")
        }
        10 => {
            let text = tag::take_string(b, want);
            let shown = format!(
                "{:?}",
                text.map(|p| {
                    // SAFETY: a string ended by a NUL.
                    unsafe { std::ffi::CStr::from_ptr(p.cast()) }.to_bytes().to_vec()
                })
            );
            // SAFETY: from malloc, as no other functions were set.
            text.into_iter().for_each(|p| unsafe { libc::free(p.cast()) });
            shown
        }
        _ => format!("{:?}", tag::take_pair(b, want)),
    }
}

/// A seed, up to eight operations ended by 0xff, then the buffer they are done on.
pub fn tag(data: &[u8]) {
    let mut input = Input(data);
    let seed = input.byte();
    let operations: Vec<u8> = (0..8).map(|_| input.byte()).take_while(|b| *b != 0xff).collect();
    let bytes = input.0;
    let (one, many) = (Owned::of(&[bytes]), Owned::of(&pieces(bytes, seed)));
    for what in operations {
        let want = tag::peek(one.0).map_or(0, |t| t.0);
        assert_eq!(apply(what, want, one.0), apply(what, want, many.0));
        assert_eq!(one.0.len(), many.0.len());
        assert!(one.0.is_consistent() && many.0.is_consistent());
    }
    assert_eq!(one.bytes(), many.bytes());

    // What is written is read.
    let b = Owned::new();
    let tag_number = u32::from_be_bytes(*bytes.first_chunk().unwrap_or(&[0; 4]));
    let number = u64::from_be_bytes(*bytes.last_chunk().unwrap_or(&[0; 8])) >> (seed % 64);
    tag::marshal(b.0, tag_number, bytes).unwrap();
    tag::marshal_numbers(b.0, tag_number, &[number]).unwrap();
    tag::marshal_numbers(b.0, tag_number, &[number & 0xffff_ffff, number >> 32]).unwrap();
    let to = Owned::new();
    assert_eq!(tag::take(b.0, to.0), Ok((tag_number, bytes.len())));
    assert_eq!(to.bytes(), bytes);
    assert_eq!(tag::take_number(b.0, tag_number, 64).map(|n| n.0), Ok(number));
    assert_eq!(tag::take_pair(b.0, tag_number), Ok((number as u32, (number >> 32) as u32)));
    assert!(b.0.is_empty());
}
