//! The chunked transfer coding, read as it arrives: any split of the bytes gives the same result.
//!
//! Sizes are hexadecimal digits and nothing else, lines end in CRLF only. Extensions are skipped. Trailer fields must
//! be well formed and are dropped: a field that comes behind the body must never pass for one that came before it.
#![forbid(unsafe_code)]
use super::Refused;
use super::{chars, framing, parser};

/// The most bytes that a chunk's size line may have.
pub const SIZE_LINE_MAX: usize = 4096;
/// The most bytes that one line of the trailer may have.
pub const TRAILER_LINE_MAX: usize = 8192;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    SizeLine,
    Data,
    /// The CRLF behind a chunk's data.
    DataEnd,
    Trailer,
    Done,
}

pub struct Decoder {
    state: State,
    /// Bytes that are missing of the current chunk's data.
    left: u64,
    /// Bytes that the trailer may still have.
    trailer_room: usize,
    /// As in the parser of heads: bytes that need not be searched again.
    searched: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Nothing more can be told from these bytes.
    More,
    /// A chunk of so many bytes begins.
    Chunk(u64),
    /// So many bytes of the body follow right here: take them, then go on.
    Data(usize),
    /// The chunk is complete.
    ChunkEnd,
    /// The body is complete, and what follows is another message.
    Done,
}

impl Decoder {
    /// `trailer_max`: the most bytes that all trailer fields may have together.
    pub fn new(trailer_max: usize) -> Decoder {
        Decoder { state: State::SizeLine, left: 0, trailer_room: trailer_max, searched: 0 }
    }
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }
    /// One step forward in `data`, all that arrived and was not taken: drop as many bytes as the number says, and
    /// after `Data(n)` take n more.
    pub fn step(&mut self, data: &[u8]) -> Result<(usize, Step), Refused> {
        match self.state {
            State::SizeLine => self.size_line(data),
            State::Data => Ok(self.data(data)),
            State::DataEnd => self.data_end(data),
            State::Trailer => self.trailer(data),
            State::Done => Ok((0, Step::Done)),
        }
    }
    fn size_line(&mut self, data: &[u8]) -> Result<(usize, Step), Refused> {
        let Some((line, n)) = self.line(data, SIZE_LINE_MAX)? else {
            // Not to wait for the end of what is already wrong.
            return match data.first() {
                Some(c) if !c.is_ascii_hexdigit() => Err(Refused::Syntax),
                _ => Ok((0, Step::More)),
            };
        };
        self.left = size(line)?;
        if self.left == 0 {
            self.state = State::Trailer;
            return Ok((n, Step::More)).and_then(|s| self.behind(data, s));
        }
        self.state = State::Data;
        Ok((n, Step::Chunk(self.left)))
    }
    fn data(&mut self, data: &[u8]) -> (usize, Step) {
        let n = usize::try_from(self.left).map_or(data.len(), |left| left.min(data.len()));
        if n == 0 {
            return (0, Step::More);
        }
        self.left -= n as u64;
        if self.left == 0 {
            self.state = State::DataEnd;
        }
        (0, Step::Data(n))
    }
    fn data_end(&mut self, data: &[u8]) -> Result<(usize, Step), Refused> {
        match data {
            [b'\r', b'\n', ..] => {
                self.state = State::SizeLine;
                Ok((2, Step::ChunkEnd))
            }
            [] | [b'\r'] => Ok((0, Step::More)),
            _ => Err(Refused::Syntax),
        }
    }
    fn trailer(&mut self, data: &[u8]) -> Result<(usize, Step), Refused> {
        let mut taken = 0;
        loop {
            let rest = data.get(taken..).unwrap_or_default();
            let max = TRAILER_LINE_MAX.min(self.trailer_room);
            let Some((line, n)) = self.line(rest, max)? else { return Ok((taken, Step::More)) };
            taken += n;
            if line.is_empty() {
                self.state = State::Done;
                return Ok((taken, Step::Done));
            }
            if !parser::is_field(line) {
                return Err(Refused::Syntax);
            }
            self.trailer_room -= line.len();
        }
    }
    /// Goes on behind the last chunk's line.
    fn behind(&mut self, data: &[u8], (n, _): (usize, Step)) -> Result<(usize, Step), Refused> {
        let (m, step) = self.trailer(data.get(n..).unwrap_or_default())?;
        Ok((n + m, step))
    }
    /// The first line of `data` without its CRLF, and the bytes it takes.
    fn line<'a>(&mut self, data: &'a [u8], max: usize) -> Result<Option<(&'a [u8], usize)>, Refused> {
        let rest = data.get(self.searched..).unwrap_or_default();
        let Some(lf) = memchr::memchr(b'\n', rest).map(|i| i + self.searched) else {
            self.searched = data.len();
            // The CR may be there already.
            return if data.len() > max.saturating_add(1) { Err(Refused::HeadTooLong) } else { Ok(None) };
        };
        self.searched = 0;
        let line = data.get(..lf).and_then(|l| l.strip_suffix(b"\r")).ok_or(Refused::Syntax)?;
        if line.len() > max { Err(Refused::HeadTooLong) } else { Ok(Some((line, lf + 1))) }
    }
}

/// The size in a chunk's first line: `1*HEXDIG [ extensions ]`.
fn size(line: &[u8]) -> Result<u64, Refused> {
    let digits = line.iter().position(|&c| !chars::is_hex(c)).unwrap_or(line.len());
    let (digits, rest) = line.split_at_checked(digits).ok_or(Refused::Syntax)?;
    let extension = chars::trim(rest);
    let well_formed = rest.is_empty() || (extension.first() == Some(&b';') && chars::text(extension));
    if digits.is_empty() || !well_formed {
        return Err(Refused::Syntax);
    }
    digits
        .iter()
        .try_fold(0u64, |n, &c| {
            let digit = u64::from(crate::util::text::hex_value(c)?);
            n.checked_mul(16)?.checked_add(digit)
        })
        .filter(|&n| n <= framing::LENGTH_MAX)
        .ok_or(Refused::BodyTooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Body, bytes of `input` that were not taken, and whether the end was seen.
    type Decoded = Result<(Vec<u8>, usize, bool), Refused>;
    #[expect(clippy::disallowed_types, reason = "a test")]
    type Vec<T> = std::vec::Vec<T>;

    /// Feeds `input` in pieces that end at `cuts`.
    fn decode_in(input: &[u8], cuts: &[usize]) -> Decoded {
        let mut d = Decoder::new(100);
        let (mut at, mut body, mut sum) = (0, Vec::new(), 0);
        for &cut in cuts.iter().chain(&[input.len()]) {
            loop {
                let (skip, step) = d.step(&input[at..cut])?;
                at += skip;
                match step {
                    Step::More => break,
                    Step::Chunk(n) => {
                        assert_eq!(sum, 0);
                        sum = n;
                    }
                    Step::Data(n) => {
                        body.extend_from_slice(&input[at..at + n]);
                        at += n;
                        sum -= n as u64;
                    }
                    Step::ChunkEnd => assert_eq!(sum, 0),
                    Step::Done => {
                        assert!(d.is_done());
                        return Ok((body, input.len() - at, true));
                    }
                }
            }
        }
        Ok((body, input.len() - at, false))
    }
    /// The result, which must be the same for every cut in two, for single bytes and for the whole.
    fn decode(input: &[u8]) -> Decoded {
        let whole = decode_in(input, &[]);
        let each: Vec<usize> = (0..input.len()).collect();
        let shown = |r: &Decoded| r.clone().map(|(b, left, done)| (b, if done { left } else { 0 }, done));
        assert_eq!(shown(&decode_in(input, &each)), shown(&whole), "{:?}", input.escape_ascii().to_string());
        for cut in 0..input.len() {
            assert_eq!(shown(&decode_in(input, &[cut])), shown(&whole));
        }
        whole
    }
    fn good(input: &str, body: &str) {
        assert_eq!(decode(input.as_bytes()), Ok((body.as_bytes().to_vec(), 0, true)), "{input:?}");
    }
    fn bad(input: &str) {
        assert_eq!(decode(input.as_bytes()), Err(Refused::Syntax), "{input:?}");
    }

    #[test]
    fn well_formed_bodies() {
        good("0\r\n\r\n", "");
        good("4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n", "Wikipedia");
        good("A\r\n0123456789\r\na\r\n0123456789\r\n00000\r\n\r\n", "01234567890123456789");
        good("0000000000000000000000001\r\nx\r\n0\r\n\r\n", "x");
        good("4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n");
        good("1;a=b\r\nx\r\n0;c\r\n\r\n", "x");
        good("1 ;a=\"q r\"\r\nx\r\n0\r\n\r\n", "x");
    }
    #[test]
    fn trailers_are_dropped() {
        good("1\r\nx\r\n0\r\nX-A: b\r\nContent-Length: 9\r\n\r\n", "x");
        bad("0\r\nno field\r\n\r\n");
        bad("0\r\n: v\r\n\r\n");
        bad("0\r\nA: b\r\n folded\r\n\r\n");
        bad("0\r\nA: \0\r\n\r\n");
        bad("0\r\nA: b\n\r\n");
        bad("0\r\nA : b\r\n\r\n");
    }
    #[test]
    fn what_follows_is_left_alone() {
        let input = b"1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n";
        assert_eq!(decode(input), Ok((b"x".to_vec(), 16, true)));
    }
    #[test]
    fn sizes_are_hexadecimal_digits_only() {
        for size in [
            "0x4", "+4", "-0", " 4", "4 xyz", "4 ", "4\t", "", "g", "4g", "4,", "4\x0b", "4\0", ";a",
            "4;\x01",
        ] {
            bad(&format!("{size}\r\nabcd\r\n0\r\n\r\n"));
        }
    }
    #[test]
    fn lines_end_in_crlf_only() {
        bad("4\nWiki\r\n0\r\n\r\n");
        bad("4\r\nWiki\n0\r\n\r\n");
        bad("4\r\nWiki\r0\r\n\r\n");
        bad("4\r\nWiki\r\n0\n\r\n");
        bad("4\r\nWiki\r\n0\r\n\n");
        bad("4\rx\nWiki\r\n0\r\n\r\n");
        bad("3\r\nWiki\r\n0\r\n\r\n");
        bad("5\r\nWiki\r\n0\r\n\r\n");
        bad("4;a\rb\r\nWiki\r\n0\r\n\r\n");
    }
    #[test]
    fn sizes_do_not_overflow() {
        assert_eq!(size(b"7fffffffffffffff"), Ok(framing::LENGTH_MAX));
        for s in ["8000000000000000", "ffffffffffffffff", "10000000000000004", "fffffffffffffffffffffffff"] {
            assert_eq!(size(s.as_bytes()), Err(Refused::BodyTooLong), "{s}");
        }
    }
    #[test]
    fn lines_have_limits() {
        let ext = |n: usize| format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(n));
        assert!(decode_in(ext(SIZE_LINE_MAX - 2).as_bytes(), &[]).is_ok());
        assert_eq!(decode_in(ext(SIZE_LINE_MAX - 1).as_bytes(), &[]), Err(Refused::HeadTooLong));
        let endless = [b'1'; SIZE_LINE_MAX + 2];
        assert_eq!(Decoder::new(100).step(&endless), Err(Refused::HeadTooLong));
        let trailer = |n: usize| format!("0\r\nA:{}\r\nB:{}\r\n\r\n", "x".repeat(48), "x".repeat(n));
        assert!(decode_in(trailer(48).as_bytes(), &[]).is_ok());
        assert_eq!(decode_in(trailer(49).as_bytes(), &[]), Err(Refused::HeadTooLong));
    }
    #[test]
    fn wrong_sizes_are_not_waited_for() {
        assert_eq!(Decoder::new(0).step(b"G"), Err(Refused::Syntax));
        assert_eq!(Decoder::new(0).step(b"\r"), Err(Refused::Syntax));
    }
    #[test]
    fn cut_short_is_never_done() {
        let input = b"4\r\nWiki\r\n5;x\r\npedia\r\n0\r\nA: b\r\n\r\n";
        for n in 0..input.len() {
            assert!(decode_in(&input[..n], &[]).is_ok_and(|(_, _, done)| !done), "{n}");
        }
    }
    #[test]
    fn garbage_never_panics_and_splits_do_not_matter() {
        let alphabet = b"04aF;\r\n :xG";
        let mut seed = 1u32;
        for _ in 0..3000 {
            let mut input = [0u8; 24];
            for c in &mut input {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *c = alphabet[(seed >> 16) as usize % alphabet.len()];
            }
            let whole = decode_in(&input, &[]);
            let each: Vec<usize> = (0..input.len()).collect();
            let single = decode_in(&input, &each);
            match (&whole, &single) {
                (Ok((a, _, d)), Ok((b, _, e))) => assert_eq!((a, d), (b, e)),
                (a, b) => assert_eq!(a.is_err(), b.is_err(), "{}", input.escape_ascii()),
            }
        }
    }
}
