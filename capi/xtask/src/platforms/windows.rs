//! Windows: the libraries as C programs use them, and the original's suite.
use super::{Means, Platform, Report, wine};
use crate::util::Outcome;
use crate::windows;

pub const ALL: &[Platform] = &[
    Platform {
        name: "windows-libraries",
        means: Means::Run,
        about: "DLLs, static libraries and headers with mingw; C programs under Wine",
        packages: wine::PACKAGES,
        work: libraries,
    },
    Platform {
        name: "windows-suite",
        means: Means::Run,
        about: "the original's suite under Wine, with select and with IOCP",
        packages: wine::PACKAGES,
        work: suite,
    },
];

fn libraries(report: &mut Report) -> Outcome {
    report.runs("under Wine");
    let _wine = wine::Session;
    let prefix = windows::private("dev")?;
    report.built("libevent, libevent_core, libevent_extra as DLLs and archives");
    windows::programs(&prefix, report)
}

fn suite(report: &mut Report) -> Outcome {
    report.runs("under Wine");
    let _wine = wine::Session;
    windows::suite(&windows::private("dev")?, false, &[], None, report)
}
