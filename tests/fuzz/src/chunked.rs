//! The chunked coding, read in pieces, and written and read back.
use crate::input::{Input, pieces};
use oxievent::http::chunked::{Decoder, Step};

#[derive(PartialEq, Eq, Debug, Default)]
struct Decoded {
    body: Vec<u8>,
    chunks: Vec<u64>,
    ends: usize,
    done: bool,
    refused: bool,
    left: Vec<u8>,
}

fn decode(pieces: &[&[u8]]) -> Decoded {
    let mut decoder = Decoder::new(100);
    let mut out = Decoded::default();
    let mut waiting = Vec::new();
    for piece in pieces {
        waiting.extend_from_slice(piece);
        while !out.refused && !out.done {
            match decoder.step(&waiting) {
                // Which of several faults is told depends on what came first.
                Err(_) => out.refused = true,
                Ok((n, step)) => {
                    waiting.drain(..n);
                    match step {
                        Step::More if n == 0 => break,
                        Step::More => {}
                        Step::Chunk(size) => out.chunks.push(size),
                        Step::ChunkEnd => out.ends += 1,
                        Step::Done => out.done = true,
                        Step::Data(n) => {
                            assert!(n > 0);
                            out.body.extend(waiting.drain(..n));
                        }
                    }
                }
            }
        }
    }
    assert_eq!(decoder.is_done(), out.done);
    if !out.refused {
        out.left = waiting;
    }
    out
}

/// A seed, then a body in the chunked coding; the same bytes are also a body to be coded.
pub fn chunked(data: &[u8]) {
    let mut input = Input(data);
    let seed = input.byte();
    let whole = decode(&[input.0]);
    assert_eq!(whole, decode(&pieces(input.0, 0)));
    assert_eq!(whole, decode(&pieces(input.0, seed | 1)));
    if whole.done {
        assert_eq!(whole.chunks.iter().sum::<u64>(), whole.body.len() as u64);
    }

    let mut coded = Vec::new();
    let mut sizes = Vec::new();
    for piece in pieces(input.0, seed | 1) {
        coded.extend(format!("{:x}\r\n", piece.len()).bytes().chain(piece.iter().copied()).chain(*b"\r\n"));
        sizes.push(piece.len() as u64);
    }
    coded.extend(b"0\r\n\r\nnext");
    let back = decode(&[&coded]);
    assert!(back.done && back.body == input.0 && back.left == b"next", "{back:?}");
    assert_eq!(&back.chunks[..sizes.len()], sizes);
}
