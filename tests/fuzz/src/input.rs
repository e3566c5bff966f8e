//! Decisions taken from the bytes of the fuzzer.

/// Hands out what the bytes say; zeros when they are used up.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }
    pub(crate) fn word(&mut self) -> u16 {
        u16::from(self.byte()) << 8 | u16::from(self.byte())
    }
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let raw = if n <= 256 { usize::from(self.byte()) } else { usize::from(self.word()) };
        raw % n.max(1)
    }
    /// A size: mostly small.
    pub(crate) fn size(&mut self) -> usize {
        match self.byte() {
            n @ 0..=200 => usize::from(n),
            n => usize::from(n - 200) * 331,
        }
    }
}

/// Cuts `data` in pieces whose lengths the seed decides; 0 stands for single bytes.
pub(crate) fn pieces(data: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut state = u32::from(seed).wrapping_mul(0x9e37_79b9);
    let mut rest = data;
    let mut out = Vec::new();
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let most = [1, 3, 17, 200][state as usize >> 16 & 3];
        let n = if seed == 0 { 1 } else { 1 + (state >> 24) as usize % most };
        let (head, tail) = rest.split_at(n.min(rest.len()));
        out.push(head);
        rest = tail;
    }
    out
}

/// As servers do: a peer that has closed is an error, not a signal.
pub(crate) fn ignore_sigpipe() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // SAFETY: no handler of ours is involved.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    });
}
