//! How a request gets its answer: sending, what replies mean, trying again, giving up.
//!
//! Each name has a budget of time, so that no chain of errors and second tries lasts longer than plain timeouts would.
use super::base::{Direct, State};
use super::channel::ChannelRef;
use super::nameserver::ServerRef;
use super::request::{Found, Place, RequestRef, Tcp};
use super::wire::{self, Answer, Question, Reply, Verdict};
use crate::Error;
use crate::abi::dns::{
    DNS_ERR_FORMAT, DNS_ERR_NODATA, DNS_ERR_NONE, DNS_ERR_NOTEXIST, DNS_ERR_NOTIMPL, DNS_ERR_REFUSED,
    DNS_ERR_SERVERFAILED, DNS_ERR_TIMEOUT, DNS_ERR_TRUNCATED, DNS_ERR_UNKNOWN,
};
use crate::sys::c;
use crate::sys::{clock, socket};
use std::ffi::c_int;

/// So many messages that do not fit are one's bad luck; more, and TCP is used.
const MAX_MISMATCHES: u32 = 10;
/// When a socket is tried again that takes nothing now.
const RETRY: i64 = 50_000;

impl State {
    /// How long one name is tried in all: what as many timeouts as there are attempts take.
    pub(super) fn budget(&self) -> i64 {
        self.settings.timeout * i64::from(self.settings.attempts.max(1))
    }

    /// Sends a new request if there is a server and room, else lets it wait.
    #[inline]
    pub(super) fn submit(&mut self, r: RequestRef) {
        if self.inflight.first_waiting().is_none() && self.admit() {
            self.activate(r);
        } else {
            let now = self.now();
            // What a fork in the meantime would give to both processes is drawn anew.
            r.id_bits.set(None);
            self.inflight.wait(r, now);
            if self.up == 0 {
                self.timer_dirty = true;
            }
        }
    }
    pub(super) fn may_send(&self) -> bool {
        !self.freed
            && !self.servers.is_empty()
            && self.inflight.users() < usize::from(self.settings.max_inflight)
    }
    /// Whether another question may leave now. It has to, then.
    #[inline]
    fn admit(&mut self) -> bool {
        if !self.may_send() {
            return false;
        }
        let may = self.pace.take(|| clock::monotonic_us(false));
        self.timer_dirty |= !may;
        may
    }
    /// Sends what waits, as far as there is room.
    #[inline]
    pub(super) fn pump(&mut self) {
        if self.inflight.first_waiting().is_some() {
            self.pump_all();
        }
    }
    #[inline(never)]
    fn pump_all(&mut self) {
        while let Some(r) = self.inflight.first_waiting()
            && self.admit()
        {
            self.inflight.remove(r);
            self.activate(r);
        }
    }
    #[inline]
    fn activate(&mut self, r: RequestRef) {
        if let Some(s) = self.pick(None) {
            self.activate_on(r, s);
        }
    }
    /// Sends a request that is on no queue.
    #[inline]
    pub(super) fn activate_on(&mut self, r: RequestRef, s: ServerRef) {
        let now = self.now();
        self.new_budget(r, now);
        let at = self.deadline(r, now);
        self.inflight.begin(r, at);
        self.due(at);
        self.try_to_send(r, s, now);
    }
    /// When a try that begins now ends.
    fn deadline(&self, r: RequestRef, now: i64) -> i64 {
        (now + self.settings.timeout).min(r.expires.get())
    }
    /// A name begins to be asked for.
    fn new_budget(&self, r: RequestRef, now: i64) {
        let budget = self.budget();
        if r.limit.get() == 0 {
            // A search through several names takes twice as long at most.
            r.limit.set(now + 2 * budget);
        }
        r.expires.set((now + budget).min(r.limit.get()));
    }
    fn set_deadline(&mut self, r: RequestRef, at: i64) {
        self.inflight.set_deadline(r, at);
        self.due(at);
    }

    /// Sends `r` to `s`, or to the next server that can be sent to; its time to wait begins anew.
    pub(super) fn send(&mut self, r: RequestRef, s: ServerRef) {
        let now = self.now();
        let at = self.deadline(r, now);
        self.set_deadline(r, at);
        self.try_to_send(r, s, now);
    }
    /// Its deadline has been set.
    fn try_to_send(&mut self, r: RequestRef, mut s: ServerRef, now: i64) {
        loop {
            r.server.set(Some(s));
            let over_tcp = r.tcp.get() != Tcp::No;
            let sent = if over_tcp { self.send_tcp(r, s) } else { self.send_udp(r, s) };
            r.tries.set(r.tries.get() + 1);
            match sent {
                Ok(()) => return,
                Err(Error::Os(e)) if socket::is_retriable(e) || e == c::ENOBUFS => {
                    r.tries.set(r.tries.get() - 1);
                    return self.set_deadline(r, r.at.get().min(now + RETRY));
                }
                // Ours, not the server's.
                Err(Error::NoMem | Error::Os(c::EMFILE | c::ENFILE)) => return,
                Err(e) => {
                    self.detach(r);
                    if over_tcp && r.tcp.get() != Tcp::Always {
                        return self.tcp_failed(r, s);
                    }
                    self.server_failed(s, "cannot be sent to", e.errno());
                    // Each one that fails is down, so this ends.
                    match self.pick_other_up(s).filter(|_| !r.is_probe()) {
                        Some(other) => s = other,
                        None => return,
                    }
                }
            }
        }
    }
    /// `r` lost its channel to `s`, which failed: another server that is up is asked at once. If there is none, the
    /// next try comes when this one's time is over.
    pub(super) fn ask_other(&mut self, r: RequestRef, s: ServerRef) {
        if let Some(other) = self.pick_other_up(s).filter(|_| !r.is_probe()) {
            self.send(r, other);
        }
    }

    /// The timer fired.
    pub(super) fn tick(&mut self, now: i64) {
        while let Some(r) = self.inflight.first_deadline().filter(|r| r.at.get() <= now) {
            self.timed_out(r, now);
        }
        self.tick_servers(now);
        self.tick_tcp(now);
        // While there is nobody to answer, those that wait have a deadline too.
        let budget = self.budget();
        while self.up == 0
            && !self.suspended
            && let Some(r) =
                self.inflight.first_waiting().filter(|r| r.at.get().saturating_add(budget) <= now)
        {
            self.finish(r, DNS_ERR_TIMEOUT, 0, Found::Nothing);
        }
        self.pump();
    }
    fn timed_out(&mut self, r: RequestRef, now: i64) {
        let Some(s) = r.server.get() else { return self.finish(r, DNS_ERR_TIMEOUT, 0, Found::Nothing) };
        let over = r.tries.get() >= u32::from(self.settings.attempts) || r.expires.get() <= now;
        if let Some(ch) = r.channel.get().filter(|ch| ch.is_tcp()) {
            // A connection that does not answer is of no use to the others either.
            self.take_off(r);
            self.tcp_lost(ch);
        }
        if matches!(r.tcp.get(), Tcp::Truncated | Tcp::Suspicious) {
            if !over {
                return self.tcp_failed(r, s);
            }
        } else if r.tries.get() > 0 {
            self.server_timed_out(s);
        }
        if !over {
            let next = if r.is_probe() { Some(s) } else { self.pick(None) };
            return match next {
                Some(next) => self.send(r, next),
                None => self.finish(r, DNS_ERR_TIMEOUT, 0, Found::Nothing),
            };
        }
        let error = Some(r.error.get()).filter(|&e| e != DNS_ERR_NONE).unwrap_or(DNS_ERR_TIMEOUT);
        let was_probe = r.is_probe();
        self.finish(r, error, 0, Found::Nothing);
        if !was_probe && error == DNS_ERR_TIMEOUT {
            self.server_failed(s, "has failed: a request timed out", None);
        }
    }

    /// A message has come over `ch`. False if it answers nothing that was asked there.
    #[inline]
    pub(super) fn datagram(&mut self, ch: ChannelRef, msg: &[u8]) -> bool {
        let id = msg.first_chunk::<2>().map(|b| u16::from_be_bytes(*b));
        let found = id.and_then(|id| self.inflight.find(id)).filter(|r| r.channel.get() == Some(ch));
        let Some(r) = found else {
            self.stats.dropped += 1;
            // A guess at the id of the only one that it can be for.
            if ch.load() == 1
                && let Some(r) = ch.first_request()
            {
                self.mismatch(r, ch);
            }
            return false;
        };
        let asked = Question {
            id: r.id.get(),
            name: r.name(),
            qtype: r.kind.qtype(),
            exact_case: r.exact_case.get(),
        };
        let (s, exact_case) = (ch.server, asked.exact_case);
        if let Some(plain) = wire::plain_reply(msg, &asked) {
            if exact_case {
                s.note_case_kept();
            }
            self.answered(r, s);
            self.finish(r, DNS_ERR_NONE, plain.ttl, Found::Plain(&plain));
            self.pump();
            return true;
        }
        self.unusual_datagram(r, s, ch, msg)
    }
    /// A message that has the id of `r`, and is not a plain reply.
    #[inline(never)]
    fn unusual_datagram(&mut self, r: RequestRef, s: ServerRef, ch: ChannelRef, msg: &[u8]) -> bool {
        let exact_case = r.exact_case.get();
        let asked = Question { id: r.id.get(), name: r.name(), qtype: r.kind.qtype(), exact_case };
        let mut reply = Reply::new();
        match wire::read_reply(msg, &asked, &mut reply) {
            Verdict::NotOurs => {
                self.stats.dropped += 1;
                self.mismatch(r, ch);
                return false;
            }
            Verdict::CaseDiffers => self.case_differs(r, s),
            Verdict::FormatErrorOnly if r.sent_edns.get() => self.without_edns(r, s),
            Verdict::FormatErrorOnly => self.failed(r, s, DNS_ERR_FORMAT, 0),
            Verdict::Malformed => self.server_error(r, s, DNS_ERR_UNKNOWN, None),
            Verdict::Reply => {
                if exact_case {
                    s.note_case_kept();
                }
                self.replied(r, s, &reply)
            }
        }
        true
    }
    /// Something came that is not the reply. Whoever guesses gets few chances: TCP cannot be guessed at.
    fn mismatch(&mut self, r: RequestRef, ch: ChannelRef) {
        r.mismatches.set(r.mismatches.get() + 1);
        if ch.is_tcp() || r.mismatches.get() < MAX_MISMATCHES {
            return;
        }
        r.mismatches.set(0);
        self.stats.suspicious += 1;
        r.tcp.set(Tcp::Suspicious);
        self.send(r, ch.server);
    }
    /// 0x20 does not come back as it was sent: the reply is not believed, and the question is asked again without,
    /// with another port and id.
    fn case_differs(&mut self, r: RequestRef, s: ServerRef) {
        self.stats.case_differed += 1;
        s.note_case_miss();
        self.detach(r);
        r.spell(false);
        self.send(r, s);
    }
    fn without_edns(&mut self, r: RequestRef, s: ServerRef) {
        s.no_edns.set(true);
        r.edns.set(false);
        self.detach(r);
        self.send(r, s);
    }

    #[inline]
    fn replied(&mut self, r: RequestRef, s: ServerRef, reply: &Reply) {
        if reply.truncated && r.tcp.get() == Tcp::No && !self.settings.ignore_truncation {
            r.tcp.set(Tcp::Truncated);
            r.error.set(DNS_ERR_TRUNCATED);
            self.detach(r);
            return self.send(r, s);
        }
        let found = !matches!(reply.answer, Answer::None);
        let error = match reply.rcode {
            0 if matches!(&reply.answer, Answer::Name(n) if n.to_printable().is_none()) => DNS_ERR_UNKNOWN,
            0 if found => {
                self.answered(r, s);
                self.finish(r, DNS_ERR_NONE, reply.ttl, Found::Reply(reply));
                return self.pump();
            }
            0 if reply.truncated => DNS_ERR_TRUNCATED,
            0 => DNS_ERR_NODATA,
            1 => DNS_ERR_FORMAT,
            2 => DNS_ERR_SERVERFAILED,
            3 => DNS_ERR_NOTEXIST,
            4 => DNS_ERR_NOTIMPL,
            5 => DNS_ERR_REFUSED,
            _ => DNS_ERR_UNKNOWN,
        };
        match error {
            DNS_ERR_FORMAT | DNS_ERR_NOTIMPL if r.sent_edns.get() => self.without_edns(r, s),
            DNS_ERR_SERVERFAILED => self.server_error(r, s, error, None),
            DNS_ERR_NOTIMPL => self.server_error(r, s, error, Some("does not answer such queries")),
            DNS_ERR_REFUSED => self.server_error(r, s, error, Some("refuses to answer")),
            _ => self.failed(r, s, error, reply.ttl),
        }
    }
    /// The answer is that there is none: perhaps the next name of a search has one.
    fn failed(&mut self, r: RequestRef, s: ServerRef, error: c_int, ttl: u32) {
        self.answered(r, s);
        self.give_up(r, error, ttl);
    }
    /// The server is fine. What a probe finds out is said when it has ended.
    fn answered(&mut self, r: RequestRef, s: ServerRef) {
        if !r.is_probe() {
            self.server_answered(s);
        }
    }
    fn give_up(&mut self, r: RequestRef, error: c_int, ttl: u32) {
        if r.next_search_step(self.settings.randomize_case) {
            self.inflight.remove(r);
            self.detach(r);
            r.tries.set(0);
            r.reissues.set(0);
            r.mismatches.set(0);
            r.edns.set(true);
            r.tcp.set(if self.settings.use_tcp { Tcp::Always } else { Tcp::No });
            r.error.set(DNS_ERR_NONE);
            // Its turn has come already.
            return self.activate(r);
        }
        self.finish(r, error, ttl, Found::Nothing);
        self.pump();
    }
    /// The server could not answer: each of the others is asked once, and the error reported if none can. With
    /// `blame`, it is not asked any more for a while if there are others.
    pub(super) fn server_error(
        &mut self,
        r: RequestRef,
        s: ServerRef,
        error: c_int,
        blame: Option<&'static str>,
    ) {
        r.error.set(error);
        r.reissues.set(r.reissues.get() + 1);
        if r.is_probe() {
            return self.finish(r, error, 0, Found::Nothing);
        }
        if (r.reissues.get() as usize) < self.servers.len() {
            if let Some(why) = blame {
                self.server_failed(s, why, None);
            }
            if let Some(other) = self.pick(Some(s)).filter(|other| *other != s) {
                self.detach(r);
                r.tcp.set(if self.settings.use_tcp { Tcp::Always } else { Tcp::No });
                r.edns.set(true);
                r.spell(self.settings.randomize_case);
                return self.send(r, other);
            }
        }
        self.give_up(r, error, 0);
    }

    /// Takes a request off everything and schedules its callback.
    pub(super) fn finish(&mut self, r: RequestRef, result: c_int, ttl: u32, found: Found<'_>) {
        debug_assert!(matches!(r.place.get(), Place::Inflight | Place::Waiting));
        self.detach(r);
        self.inflight.remove(r);
        r.server.set(None);
        match r.probed() {
            Some(s) => self.probe_done(r, s, result),
            None => {
                r.complete(result, ttl, found, false);
                match self.direct {
                    Direct::Wanted => self.direct = Direct::Is(r),
                    Direct::Off | Direct::Is(_) => r.schedule(),
                }
            }
        }
        // The timer would keep the loop running.
        self.timer_dirty |= self.disable_when_inactive && self.inflight.users() == 0;
    }
    /// The DNS base ends.
    pub(super) fn end_all_requests(&mut self, fail: bool) {
        while let Some(r) = self.inflight.first_waiting() {
            self.inflight.remove(r);
            r.end(fail);
        }
        let mut at = self.inflight.first_deadline();
        while let Some(r) = at {
            at = self.inflight.next_of(r);
            // Probes end with their servers.
            if !r.is_probe() {
                self.detach(r);
                self.inflight.remove(r);
                r.end(fail);
            }
        }
    }
    /// All that wait do so since now.
    pub(super) fn wait_anew(&mut self) {
        let now = self.now();
        let mut at = self.inflight.first_waiting();
        while let Some(r) = at {
            r.at.set(now);
            at = self.inflight.next_of(r);
        }
        self.timer_dirty = true;
    }
    /// Those under way wait again, before the others, as if they had never been sent.
    pub(super) fn suspend_requests(&mut self) {
        let now = self.now();
        let mut last = None;
        // The latest first, so that the earliest stands first in the end.
        while let Some(r) = self.inflight.last_deadline(last) {
            if r.is_probe() {
                last = Some(r);
                continue;
            }
            self.detach(r);
            self.inflight.remove(r);
            r.server.set(None);
            r.tries.set(0);
            r.reissues.set(0);
            r.limit.set(0);
            self.inflight.wait_first(r, now);
        }
    }
}
