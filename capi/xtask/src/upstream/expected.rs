//! c-tests/upstream/expected.txt: what is known of single tests. Everything else must pass.
//!
//! One line each: `group NAME COUNT`, `skip TEST BACKEND...` (the test itself skips there),
//! `fail TEST BACKEND... # why` (known, and may only become fewer: an unexpected pass is an error too),
//! `timing TEST [N]` (compares clocks: may be run again, alone, at most three or N times),
//! `on TEST BACKEND...` (off in the suite itself, but it can run: once per backend),
//! `leaks TEST` (loses memory of its own: under valgrind only its accesses are checked),
//! `no-memcheck TEST` (cannot work under valgrind, for reasons of its own).
use super::run::Job;
use super::variant::Variant;
use crate::util::{Outcome, root};
use std::collections::{HashMap, HashSet};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Want {
    Pass,
    Skip,
    Fail,
}

#[derive(Default)]
pub(super) struct Expected {
    pub(super) groups: HashMap<String, usize>,
    special: HashMap<(String, String), Want>,
    timing: HashMap<String, u32>,
    no_memcheck: HashSet<String>,
    leaks: HashSet<String>,
    on: HashMap<String, Vec<String>>,
}

impl Expected {
    pub(super) fn load() -> Outcome<Expected> {
        let path = root().join("c-tests/upstream/expected.txt");
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut out = Expected::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or("");
            let words: Vec<&str> = line.split_whitespace().collect();
            let bad = || format!("{}:{}: cannot read {line:?}", path.display(), number + 1);
            match words.as_slice() {
                [] => {}
                ["group", name, count] => {
                    out.groups.insert((*name).to_owned(), count.parse().map_err(|_| bad())?);
                }
                ["timing", test] => {
                    out.timing.insert((*test).to_owned(), 3);
                }
                ["timing", test, most] => {
                    out.timing.insert((*test).to_owned(), most.parse().map_err(|_| bad())?);
                }
                ["on", test, backends @ ..] if !backends.is_empty() => {
                    out.on.insert((*test).to_owned(), backends.iter().map(|b| (*b).to_owned()).collect());
                }
                ["leaks", test] => {
                    out.leaks.insert((*test).to_owned());
                }
                ["no-memcheck", test] => {
                    out.no_memcheck.insert((*test).to_owned());
                }
                [kind @ ("skip" | "fail"), test, backends @ ..] if !backends.is_empty() => {
                    let want = if *kind == "skip" { Want::Skip } else { Want::Fail };
                    for backend in backends {
                        out.special.insert(((*test).to_owned(), (*backend).to_owned()), want);
                    }
                }
                _ => return Err(bad().into()),
            }
        }
        Ok(out)
    }
    pub(super) fn want(&self, job: &Job) -> Want {
        let key = |variant: &str| self.special.get(&(job.name.clone(), variant.to_owned())).copied();
        key(job.variant.backend()).or_else(|| key("ALL")).unwrap_or(Want::Pass)
    }
    /// Whether a test that is off in the suite is to run all the same.
    pub(super) fn is_on(&self, test: &str) -> bool {
        self.on.contains_key(test)
    }
    pub(super) fn is_on_in(&self, test: &str, variant: Variant) -> bool {
        variant.is_plain() && self.on.get(test).is_some_and(|b| b.iter().any(|b| b == variant.backend()))
    }
    pub(super) fn memcheck(&self, test: &str) -> bool {
        !self.no_memcheck.contains(test)
    }
    pub(super) fn leaks(&self, test: &str) -> bool {
        self.leaks.contains(test)
    }
    /// How often a test may be run again.
    pub(super) fn reruns(&self, test: &str) -> u32 {
        self.timing.get(test).copied().unwrap_or(0)
    }
    pub(super) fn is_timing(&self, test: &str) -> bool {
        self.timing.contains_key(test)
    }
}
