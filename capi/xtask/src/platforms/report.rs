//! What was done for a platform and how it went.
use crate::test::{Count, stream};
use crate::util::{Outcome, say};
use std::process::Command;

pub struct Report {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: Vec<(String, String)>,
    built: Vec<String>,
    tested: Vec<String>,
    how: Option<String>,
}

impl Report {
    pub fn new() -> Report {
        Report { passed: 0, failed: 0, skipped: Vec::new(), built: Vec::new(), tested: Vec::new(), how: None }
    }
    /// For the table: this was built.
    pub fn built(&mut self, what: &str) {
        self.built.push(what.into());
    }
    /// For the table: programs run this way.
    pub fn runs(&mut self, how: &str) {
        self.how = Some(how.into());
    }
    /// Runs a test program. The tests that it counts on its standard output are added up; one that counts none is one test.
    /// True if all is well.
    pub fn test(&mut self, what: &str, command: &mut Command) -> Outcome<bool> {
        say(what);
        let mut count = Count::default();
        let ended = stream(command, &mut count, &mut std::io::stderr())?;
        if ended && count.passed == 0 {
            count.passed = 1;
        }
        if !ended && count.failed == 0 {
            count.failed = 1;
        }
        self.passed += count.passed;
        self.failed += count.failed;
        let failed = if count.failed > 0 { format!(", {} failed", count.failed) } else { String::new() };
        self.tested.push(format!("{what} ({} passed{failed})", count.passed));
        Ok(count.failed == 0)
    }
    /// One thing that went well or not.
    pub fn check(&mut self, what: &str, outcome: Outcome) -> bool {
        match &outcome {
            Ok(()) => self.passed += 1,
            Err(e) => {
                say(format!("{what}: {e}"));
                self.failed += 1;
            }
        }
        self.tested.push(format!("{what}{}", if outcome.is_ok() { "" } else { " (FAILED)" }));
        outcome.is_ok()
    }
    /// Adds tests that were counted elsewhere.
    pub fn count(&mut self, what: &str, passed: u64, failed: u64) {
        self.passed += passed;
        self.failed += failed;
        let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        self.tested.push(format!("{what} ({passed} passed{failed})"));
    }
    pub fn fail(&mut self) {
        self.failed += 1;
    }
    /// This could not be done here.
    pub fn skip(&mut self, what: &str, why: &str) {
        say(format!("skipped: {what}: {why}"));
        self.skipped.push((what.into(), why.into()));
    }
    /// For use without a table.
    pub fn verdict(&self) -> Outcome {
        say(self.sum());
        if self.failed == 0 { Ok(()) } else { Err(format!("{} failed", self.failed).into()) }
    }
    pub(super) fn sum(&self) -> String {
        format!("{} passed, {} failed, {} left out", self.passed, self.failed, self.skipped.len())
    }
    pub(super) fn what(&self) -> String {
        let mut parts = Vec::new();
        if !self.built.is_empty() {
            parts.push(format!("built {}", self.built.join(", ")));
        }
        parts.extend(self.how.as_ref().map(|how| format!("run {how}")));
        parts.extend(self.tested.iter().cloned());
        parts.join("; ")
    }
}
