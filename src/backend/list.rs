//! The backends that are compiled in, best first.
use crate::abi::event::Feature;
use std::ffi::CStr;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Id {
    #[cfg(has_epoll)]
    Epoll,
    #[cfg(has_ports)]
    Evport,
    #[cfg(has_ports)]
    Devpoll,
    #[cfg(has_kqueue)]
    Kqueue,
    #[cfg(unix)]
    Poll,
    #[cfg(unix)]
    Select,
    #[cfg(windows)]
    Win32,
    #[cfg(feature = "scripted")]
    Scripted,
}

/// What can be said about a backend without opening it.
#[derive(Debug)]
pub struct Info {
    /// As `event_get_supported_methods` and `event_config_avoid_method` know it.
    pub name: &'static CStr,
    /// The environment variable that turns it off.
    pub disabled_by: &'static CStr,
    pub features: Feature,
    /// A child must open its own after fork.
    pub needs_reinit_after_fork: bool,
    pub(super) id: Id,
}

const fn features(f: &[Feature]) -> Feature {
    let mut bits = 0;
    let mut i = 0;
    while i < f.len() {
        bits |= f[i].bits();
        i += 1;
    }
    Feature::from_bits_retain(bits)
}

#[cfg(has_ports)]
const EVPORT: Info = Info {
    name: c"evport",
    disabled_by: c"EVENT_NOEVPORT",
    features: features(&[Feature::O1, Feature::FDS]),
    needs_reinit_after_fork: true,
    id: Id::Evport,
};
#[cfg(has_ports)]
const DEVPOLL: Info = Info {
    name: c"devpoll",
    disabled_by: c"EVENT_NODEVPOLL",
    features: features(&[Feature::O1, Feature::FDS]),
    needs_reinit_after_fork: true,
    id: Id::Devpoll,
};

/// kqueue, on the systems that have one and over its miniature.
#[cfg(has_kqueue)]
const KQUEUE: Info = Info {
    name: c"kqueue",
    disabled_by: c"EVENT_NOKQUEUE",
    features: features(&[Feature::ET, Feature::O1, Feature::FDS, Feature::EARLY_CLOSE]),
    needs_reinit_after_fork: true,
    id: Id::Kqueue,
};

/// In the order of preference: evport, kqueue, epoll, devpoll, poll, select, win32, as far as the target has them. What
/// runs over a miniature comes last: only who asks for it gets it.
pub static LIST: &[Info] = &[
    #[cfg(any(target_os = "solaris", target_os = "illumos"))]
    EVPORT,
    #[cfg(all(has_kqueue, not(miniatures)))]
    KQUEUE,
    #[cfg(has_epoll)]
    Info {
        name: c"epoll",
        disabled_by: c"EVENT_NOEPOLL",
        features: features(&[Feature::ET, Feature::O1, Feature::EARLY_CLOSE]),
        needs_reinit_after_fork: true,
        id: Id::Epoll,
    },
    #[cfg(any(target_os = "solaris", target_os = "illumos"))]
    DEVPOLL,
    #[cfg(unix)]
    Info {
        name: c"poll",
        disabled_by: c"EVENT_NOPOLL",
        features: if crate::sys::poll::RDHUP != 0 {
            features(&[Feature::FDS, Feature::EARLY_CLOSE])
        } else {
            Feature::FDS
        },
        needs_reinit_after_fork: true,
        id: Id::Poll,
    },
    #[cfg(unix)]
    Info {
        name: c"select",
        disabled_by: c"EVENT_NOSELECT",
        features: Feature::FDS,
        needs_reinit_after_fork: true,
        id: Id::Select,
    },
    #[cfg(windows)]
    Info {
        name: c"win32",
        disabled_by: c"EVENT_NOWIN32",
        features: features(&[]),
        needs_reinit_after_fork: false,
        id: Id::Win32,
    },
    #[cfg(miniatures)]
    EVPORT,
    #[cfg(miniatures)]
    KQUEUE,
    #[cfg(miniatures)]
    DEVPOLL,
];

/// Not in [`LIST`]: only a test asks for it.
#[cfg(feature = "scripted")]
pub(super) static SCRIPTED: Info = Info {
    name: c"scripted",
    disabled_by: c"EVENT_NOSCRIPTED",
    features: features(&[Feature::ET, Feature::O1, Feature::FDS, Feature::EARLY_CLOSE]),
    needs_reinit_after_fork: false,
    id: Id::Scripted,
};

/// The entry of that name, in any mixture of cases.
pub fn by_name(name: &CStr) -> Option<&'static Info> {
    LIST.iter().find(|i| i.name.to_bytes().eq_ignore_ascii_case(name.to_bytes()))
}
