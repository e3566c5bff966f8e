//! The structs of src/abi against the recorded layout of libevent's (c-tests/abi/layout.json): every field.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "x86")))]
#![allow(clippy::disallowed_types, reason = "a test")]

use oxievent::abi::{buffer::*, bufferevent::*, event::*, keyvalq::*, thread::*};
use std::collections::BTreeMap;
use std::mem::{align_of, offset_of, size_of};

const PLATFORM: &str = if cfg!(target_pointer_width = "64") { "x86_64-linux-gnu" } else { "i386-linux-gnu" };

#[derive(Default)]
struct Recorded {
    size: usize,
    align: usize,
    offsets: BTreeMap<String, usize>,
}

/// Reads the file line by line: it is written with one member per line, in alphabetical order.
fn recorded() -> BTreeMap<String, Recorded> {
    let text = include_str!("../c-tests/abi/layout.json");
    let mut all: BTreeMap<String, Recorded> = BTreeMap::new();
    let (mut here, mut tag, mut field) = (false, String::new(), String::new());
    for line in text.lines() {
        let depth = line.len() - line.trim_start().len();
        let line = line.trim().trim_end_matches(',');
        let Some((key, value)) = line.split_once(": ") else { continue };
        let (key, number) = (key.trim_matches('"'), value.parse::<usize>());
        match (depth, key, number) {
            (1, platform, _) => here = platform == PLATFORM,
            _ if !here => {}
            (2, name, _) => tag = name.to_string(),
            (3, "size", Ok(n)) => all.entry(tag.clone()).or_default().size = n,
            (3, "align", Ok(n)) => all.entry(tag.clone()).or_default().align = n,
            (5, "name", _) => field = value.trim_matches('"').to_string(),
            (5, "offset", Ok(n)) => {
                all.entry(tag.clone()).or_default().offsets.insert(field.clone(), n);
            }
            _ => {}
        }
    }
    all
}

struct Ours {
    tag: &'static str,
    size: usize,
    align: usize,
    offsets: Vec<(String, usize)>,
}
/// `ours!(TAG, type, { field, .. })`; fields of members follow with `inner`.
macro_rules! ours {
    ($tag:literal, $t:ty, { $($f:ident),* $(,)? }) => {
        Ours {
            tag: concat!("struct ", $tag),
            size: size_of::<$t>(),
            align: align_of::<$t>(),
            offsets: vec![$((stringify!($f).to_string(), offset_of!($t, $f))),*],
        }
    };
}
impl Ours {
    /// Adds the fields of the member `outer`.
    fn inner(mut self, outer: &str, fields: &[(&str, usize)]) -> Self {
        let at = self
            .offsets
            .iter()
            .find(|(n, _)| n == outer)
            .map(|(_, at)| *at)
            .expect("the member was named before");
        self.offsets.extend(fields.iter().map(|(n, o)| (format!("{outer}.{n}"), at + o)));
        self
    }
}

#[test]
fn every_field_is_where_programs_expect_it() {
    type Tailq = TailqEntry<event>;
    type List = ListEntry<event>;
    let tailq = [("tqe_next", offset_of!(Tailq, tqe_next)), ("tqe_prev", offset_of!(Tailq, tqe_prev))];
    let list = [("le_next", offset_of!(List, le_next)), ("le_prev", offset_of!(List, le_prev))];
    let ours = [
        ours!("event_list", event_list, { tqh_first, tqh_last }),
        ours!("event_dlist", event_dlist, { lh_first }),
        ours!("evkeyvalq", evkeyvalq, { tqh_first, tqh_last }),
        ours!("evkeyval", evkeyval, { next, key, value }).inner("next", &tailq),
        ours!("event_callback", event_callback, {
            evcb_active_next, evcb_flags, evcb_pri, evcb_closure, evcb_cb_union, evcb_arg
        })
        .inner("evcb_active_next", &tailq)
        .inner(
            "evcb_cb_union",
            &[
                ("evcb_callback", offset_of!(evcb_cb_union, evcb_callback)),
                ("evcb_selfcb", offset_of!(evcb_cb_union, evcb_selfcb)),
                ("evcb_evfinalize", offset_of!(evcb_cb_union, evcb_evfinalize)),
                ("evcb_cbfinalize", offset_of!(evcb_cb_union, evcb_cbfinalize)),
            ],
        ),
        ours!("event", event, {
            ev_evcallback, ev_timeout_pos, ev_fd, ev_base, ev_, ev_events, ev_res, ev_timeout
        })
        .inner(
            "ev_timeout_pos",
            &[
                ("ev_next_with_common_timeout", offset_of!(ev_timeout_pos, ev_next_with_common_timeout)),
                ("min_heap_idx", offset_of!(ev_timeout_pos, min_heap_idx)),
            ],
        )
        .inner("ev_timeout_pos.ev_next_with_common_timeout", &tailq)
        .inner(
            "ev_",
            &[("ev_io", offset_of!(ev_union, ev_io)), ("ev_signal", offset_of!(ev_union, ev_signal))],
        )
        .inner(
            "ev_.ev_io",
            &[("ev_io_next", offset_of!(ev_io, ev_io_next)), ("ev_timeout", offset_of!(ev_io, ev_timeout))],
        )
        .inner("ev_.ev_io.ev_io_next", &list)
        .inner(
            "ev_.ev_signal",
            &[
                ("ev_signal_next", offset_of!(ev_signal, ev_signal_next)),
                ("ev_ncalls", offset_of!(ev_signal, ev_ncalls)),
                ("ev_pncalls", offset_of!(ev_signal, ev_pncalls)),
            ],
        )
        .inner("ev_.ev_signal.ev_signal_next", &list),
        ours!("event_watermark", event_watermark, { low, high }),
        ours!("bufferevent", bufferevent, {
            ev_base, be_ops, ev_read, ev_write, input, output, wm_read, wm_write, readcb, writecb, errorcb, cbarg,
            timeout_read, timeout_write, enabled
        }),
        ours!("evbuffer_ptr", evbuffer_ptr, { pos, internal_ }).inner(
            "internal_",
            &[
                ("chain", offset_of!(evbuffer_ptr_internal, chain)),
                ("pos_in_chain", offset_of!(evbuffer_ptr_internal, pos_in_chain)),
            ],
        ),
        ours!("evbuffer_cb_info", evbuffer_cb_info, { orig_size, n_added, n_deleted }),
        ours!("evthread_lock_callbacks", evthread_lock_callbacks, {
            lock_api_version, supported_locktypes, alloc, free, lock, unlock
        }),
        ours!("evthread_condition_callbacks", evthread_condition_callbacks, {
            condition_api_version, alloc_condition, free_condition, signal_condition, wait_condition
        }),
    ];
    let recorded = recorded();
    assert_eq!(recorded.len(), 17, "the record was read wrongly");
    for o in ours {
        let r = &recorded[o.tag];
        assert_eq!((o.size, o.align), (r.size, r.align), "size and alignment of {}", o.tag);
        let offsets: BTreeMap<String, usize> = o.offsets.into_iter().collect();
        assert_eq!(offsets, r.offsets, "fields of {}", o.tag);
    }
}
