//! The twelve environments of the original's test.sh: backend, changelist, precise timer, debug mode. And, in a build with
//! miniatures, those of the backends of other systems.
use super::run::Kind;
use crate::util::Outcome;
use std::process::Command;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Variant {
    backend: &'static str,
    changelist: bool,
    timerfd: bool,
    debug: bool,
}

/// Everything that 2.1 reads from the environment to choose a backend.
const BACKENDS: &[&str] = &["EVPORT", "KQUEUE", "EPOLL", "DEVPOLL", "POLL", "SELECT", "WIN32"];
/// Those of them that Linux has only in miniature.
const FOREIGN: [&str; 3] = ["EVPORT", "KQUEUE", "DEVPOLL"];
const OTHERS: &[&str] = &[
    "EVENT_EPOLL_USE_CHANGELIST",
    "EVENT_PRECISE_TIMER",
    "EVENT_DEBUG_MODE",
    "EVENT_DEBUG_LOGGING_ALL",
    "EVENT_NO_DEBUG_LOCKS",
    "EVENT_NO_FILE_BUFFERING",
    "EVENT_SHOW_METHOD",
];

impl Variant {
    pub(super) fn all() -> Vec<Variant> {
        let epoll = |changelist, timerfd| ("EPOLL", changelist, timerfd);
        let kinds = [
            epoll(false, false),
            epoll(true, false),
            epoll(false, true),
            epoll(true, true),
            ("POLL", false, false),
            ("SELECT", false, false),
        ];
        let with = |debug| {
            kinds.map(|(backend, changelist, timerfd)| Variant { backend, changelist, timerfd, debug })
        };
        [with(false), with(true)].concat()
    }
    /// Backends of other systems, for a library that has their miniatures.
    pub(super) fn foreign() -> Vec<Variant> {
        let with =
            |debug| FOREIGN.map(|backend| Variant { backend, changelist: false, timerfd: false, debug });
        [with(false), with(true)].concat()
    }
    pub(super) fn is_foreign(&self) -> bool {
        FOREIGN.contains(&self.backend)
    }
    /// The backend as the library names it.
    pub(super) fn method(&self) -> String {
        self.backend.to_lowercase()
    }
    pub(super) fn named(name: &str) -> Outcome<Variant> {
        let found = Variant::all().into_iter().chain(Variant::foreign()).find(|v| v.name() == name);
        found.ok_or_else(|| format!("no variant {name:?}; `--variant list` names them").into())
    }
    pub(super) fn name(&self) -> String {
        let mut name = self.backend.to_lowercase();
        for (on, suffix) in
            [(self.changelist, "-changelist"), (self.timerfd, "-timerfd"), (self.debug, "-debug")]
        {
            if on {
                name += suffix;
            }
        }
        name
    }
    pub(super) fn backend(&self) -> &'static str {
        self.backend
    }
    /// A backend with nothing else switched on.
    pub(super) fn is_plain(&self) -> bool {
        !self.debug && !self.changelist && !self.timerfd
    }
    /// Debug mode changes nothing for the small programs, and the rate limits take long: once per backend.
    pub(super) fn runs(&self, kind: &Kind) -> bool {
        match kind {
            Kind::Regress => true,
            Kind::RateLimit(_) => self.is_plain(),
            Kind::Program | Kind::DumpEvents => !self.debug,
        }
    }
    pub(super) fn apply(&self, command: &mut Command) {
        for name in BACKENDS {
            if *name == self.backend {
                command.env_remove(format!("EVENT_NO{name}"));
            } else {
                command.env(format!("EVENT_NO{name}"), "yes");
            }
        }
        OTHERS.iter().for_each(|name| {
            command.env_remove(name);
        });
        for (on, name) in [
            (self.changelist, "EVENT_EPOLL_USE_CHANGELIST"),
            (self.timerfd, "EVENT_PRECISE_TIMER"),
            (self.debug, "EVENT_DEBUG_MODE"),
        ] {
            if on {
                command.env(name, "1");
            }
        }
    }
}
