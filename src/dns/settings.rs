//! What options set, with the defaults of libevent 2.1. `ndots` belongs to the search list.
#![forbid(unsafe_code)]
use super::resolv_conf::Setting;
use crate::util::addr::Inet;
use std::time::Duration;

/// The longest time to wait for a reply, in microseconds (35 years): sums of such times fit their numbers.
const LONGEST_TRY: u64 = 1 << 50;

/// See [`Setting`] for the meaning of each.
#[derive(Clone, Copy)]
pub struct Settings {
    /// Microseconds, at most 2^50.
    pub timeout: i64,
    pub allow_skew: Duration,
    pub max_timeouts: u8,
    pub max_inflight: u16,
    pub attempts: u8,
    pub randomize_case: bool,
    pub bind_to: Option<Inet>,
    pub initial_probe_timeout: Duration,
    pub max_probe_timeout: Duration,
    pub probe_backoff_factor: u8,
    /// 0: the system's.
    pub receive_buffer: i32,
    /// 0: the system's.
    pub send_buffer: i32,
    pub use_tcp: bool,
    pub ignore_truncation: bool,
    pub tcp_idle_timeout: Duration,
    /// 512: no EDNS.
    pub edns_udp_size: u16,
}
impl Default for Settings {
    fn default() -> Settings {
        Settings {
            timeout: 5_000_000,
            allow_skew: Duration::from_secs(3),
            max_timeouts: 3,
            max_inflight: 64,
            attempts: 3,
            randomize_case: true,
            bind_to: None,
            initial_probe_timeout: Duration::from_secs(10),
            max_probe_timeout: Duration::from_secs(3600),
            probe_backoff_factor: 3,
            receive_buffer: 0,
            send_buffer: 0,
            use_tcp: false,
            ignore_truncation: false,
            tcp_idle_timeout: Duration::from_secs(5),
            // What fits a packet of IPv6's least size (DNS flag day 2020).
            edns_udp_size: 1232,
        }
    }
}
impl Settings {
    /// Takes a setting over. `ndots` comes back: it is the search list's.
    pub fn apply(&mut self, setting: Setting) -> Option<u32> {
        match setting {
            Setting::Ndots(n) => return Some(n),
            Setting::Timeout(t) => self.timeout = t.as_micros().min(LONGEST_TRY.into()) as i64,
            Setting::AllowSkew(t) => self.allow_skew = t,
            Setting::MaxTimeouts(n) => self.max_timeouts = n,
            Setting::MaxInflight(n) => self.max_inflight = n,
            Setting::Attempts(n) => self.attempts = n,
            Setting::RandomizeCase(on) => self.randomize_case = on,
            Setting::BindTo(a) => self.bind_to = Some(a),
            Setting::InitialProbeTimeout(t) => self.initial_probe_timeout = t,
            Setting::MaxProbeTimeout(t) => self.max_probe_timeout = t,
            Setting::ProbeBackoffFactor(n) => self.probe_backoff_factor = n,
            Setting::ReceiveBuffer(n) => self.receive_buffer = n,
            Setting::SendBuffer(n) => self.send_buffer = n,
            Setting::UseTcp => self.use_tcp = true,
            Setting::IgnoreTruncation => self.ignore_truncation = true,
            Setting::TcpIdleTimeout(t) => self.tcp_idle_timeout = t,
            Setting::EdnsUdpSize(n) => self.edns_udp_size = n,
        }
        None
    }
    /// What a query tells of EDNS.
    pub fn edns(&self) -> Option<u16> {
        Some(self.edns_udp_size).filter(|&n| n > 512)
    }
    /// How long to wait before a nameserver that is down is tried again, after `failed` vain tries.
    pub fn probe_wait(&self, failed: u32) -> Duration {
        let factor = u32::from(self.probe_backoff_factor.max(1));
        let grown = factor.checked_pow(failed).and_then(|f| self.initial_probe_timeout.checked_mul(f));
        grown.map_or(self.max_probe_timeout, |t| t.min(self.max_probe_timeout))
    }
}

#[cfg(test)]
mod tests {
    use super::super::resolv_conf::parse_option_word;
    use super::*;

    fn set(s: &mut Settings, word: &str) -> Option<u32> {
        match parse_option_word(word.as_bytes()) {
            Ok(Some(setting)) => s.apply(setting),
            _ => panic!("{word}"),
        }
    }
    #[test]
    fn options_arrive() {
        let mut s = Settings::default();
        assert_eq!(set(&mut s, "ndots:4"), Some(4));
        for word in [
            "timeout:1.5",
            "getaddrinfo-allow-skew:2",
            "max-timeouts:7",
            "max-inflight:8",
            "attempts:9",
            "randomize-case:0",
            "bind-to:[::1]:5",
            "initial-probe-timeout:11",
            "max-probe-timeout:12",
            "probe-backoff-factor:13",
            "so-rcvbuf:14",
            "so-sndbuf:15",
            "use-vc",
            "ignore-tc",
            "tcp-idle-timeout:16",
            "edns-udp-size:1400",
        ] {
            assert_eq!(set(&mut s, word), None);
        }
        let sec = Duration::from_secs;
        assert_eq!((s.timeout, s.allow_skew), (1_500_000, sec(2)));
        assert_eq!((s.max_timeouts, s.max_inflight, s.attempts), (7, 8, 9));
        assert!(!s.randomize_case && s.use_tcp && s.ignore_truncation);
        assert_eq!(s.bind_to.map(|a| a.port()), Some(5));
        assert_eq!((s.initial_probe_timeout, s.max_probe_timeout), (sec(11), sec(12)));
        assert_eq!((s.probe_backoff_factor, s.receive_buffer, s.send_buffer), (13, 14, 15));
        assert_eq!((s.tcp_idle_timeout, s.edns()), (sec(16), Some(1400)));
        set(&mut s, "edns-udp-size:512");
        assert_eq!(s.edns(), None);
    }
    #[test]
    fn probes_back_off() {
        let mut s = Settings::default();
        let waits = [0, 1, 2, 5, 6, 40, u32::MAX].map(|n| s.probe_wait(n).as_secs());
        assert_eq!(waits, [10, 30, 90, 2430, 3600, 3600, 3600]);
        set(&mut s, "max-probe-timeout:5");
        assert_eq!(s.probe_wait(0).as_secs(), 5);
        s = Settings { probe_backoff_factor: 1, ..Settings::default() };
        assert_eq!(s.probe_wait(u32::MAX).as_secs(), 10);
    }
}
