//! `event_config`, and the environment variables that have a say in the choice of the backend.
use crate::Result;
use crate::abi::event::{BaseFlag, Feature};
use crate::backend::{self, Backend, Info, Options};
use crate::log::{self, Severity};
use crate::mem::{self, TryVec, Vec};
use crate::sys::c::timeval;
use std::ffi::{CStr, c_int};

/// What an `event_config` is.
pub struct Config {
    /// Names of backends, each with its NUL.
    avoid: Vec<Vec<u8>>,
    pub require: Feature,
    pub flags: BaseFlag,
    pub cpus_hint: c_int,
    pub max_interval: Option<timeval>,
    pub max_callbacks: c_int,
    pub limit_from_priority: c_int,
}
impl Config {
    #[expect(clippy::new_without_default, reason = "one way to make it is enough")]
    pub const fn new() -> Config {
        Config {
            avoid: mem::new_vec(),
            require: Feature::empty(),
            flags: BaseFlag::empty(),
            cpus_hint: 0,
            max_interval: None,
            max_callbacks: c_int::MAX,
            limit_from_priority: 1,
        }
    }
    /// `event_config_avoid_method`
    pub fn avoid_method(&mut self, name: &CStr) -> Result<()> {
        let mut v = mem::new_vec();
        v.try_extend(name.to_bytes())?;
        self.avoid.try_push(v)
    }
    /// `event_config_set_max_dispatch_interval`
    pub fn set_max_dispatch(&mut self, interval: Option<&timeval>, callbacks: c_int, min_priority: c_int) {
        // A negative interval means none, as it does in libevent.
        self.max_interval = interval.copied().filter(|t| t.tv_sec >= 0);
        self.max_callbacks = if callbacks < 0 { c_int::MAX } else { callbacks };
        self.limit_from_priority = min_priority.max(0);
    }
    fn allows(&self, info: &Info) -> bool {
        !self.avoid.iter().any(|n| n.as_slice() == info.name.to_bytes())
            && info.features.contains(self.require)
    }
    /// The flags, completed from the environment.
    pub(super) fn effective_flags(&self) -> BaseFlag {
        let mut flags = self.flags;
        if !flags.contains(BaseFlag::IGNORE_ENV) {
            if env(c"EVENT_PRECISE_TIMER") {
                flags |= BaseFlag::PRECISE_TIMER;
            }
            if env(c"EVENT_EPOLL_USE_CHANGELIST") {
                flags |= BaseFlag::EPOLL_USE_CHANGELIST;
            }
        }
        flags
    }
    /// Opens the best backend that is allowed and works.
    pub(super) fn open_backend(&self, flags: BaseFlag) -> Option<Backend> {
        let ask_env = !flags.contains(BaseFlag::IGNORE_ENV);
        let options = options(flags);
        let usable = |info: &&'static Info| self.allows(info) && !(ask_env && env(info.disabled_by));
        let b = backend::LIST.iter().filter(usable).find_map(|info| Backend::new(info, options).ok())?;
        if env(c"EVENT_SHOW_METHOD") {
            log::write(Severity::Msg, None, format_args!("libevent using: {}", Name(b.name())));
        }
        Some(b)
    }
}

pub(super) fn options(flags: BaseFlag) -> Options {
    Options {
        changelist: flags.contains(BaseFlag::EPOLL_USE_CHANGELIST),
        precise_timer: flags.contains(BaseFlag::PRECISE_TIMER),
    }
}

struct Name(&'static CStr);
impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.to_str().unwrap_or("?"))
    }
}

/// Whether an environment variable is set. In a process with more rights than its user none is.
fn env(name: &CStr) -> bool {
    crate::util::env::getenv(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_and_avoided_methods_choose() {
        let mut c = Config::new();
        c.flags = BaseFlag::IGNORE_ENV;
        let first = c.open_backend(c.flags).unwrap().info().name;
        assert_eq!(first, backend::LIST[0].name);
        c.avoid_method(first).unwrap();
        let other = c.open_backend(c.flags).map(|b| b.info().name);
        assert_eq!(other, backend::LIST.get(1).map(|i| i.name));
        let mut c = Config::new();
        c.flags = BaseFlag::IGNORE_ENV;
        c.require = Feature::ET | Feature::FDS;
        let has_both = |i: &&Info| i.features.contains(Feature::ET | Feature::FDS);
        for info in backend::LIST.iter().filter(has_both) {
            assert_eq!(c.open_backend(c.flags).unwrap().info().name, info.name);
            c.avoid_method(info.name).unwrap();
        }
        assert!(c.open_backend(c.flags).is_none());
    }

    #[test]
    fn limits_are_clamped() {
        let mut c = Config::new();
        c.set_max_dispatch(Some(&timeval { tv_sec: -1, tv_usec: 0 }), -5, -3);
        assert!(c.max_interval.is_none());
        assert_eq!((c.max_callbacks, c.limit_from_priority), (c_int::MAX, 0));
    }
}
