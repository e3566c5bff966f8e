//! Takes the place of a backend that the system does not have: no value of these types exists.
use super::{Change, Reports};
use crate::{Error, Result};
use std::ffi::c_int;

pub(super) enum Kqueue {}
pub(super) enum Wait {}
pub(super) enum WakeUp {}

impl Kqueue {
    pub(super) fn new() -> Result<Kqueue> {
        Err(Error::Invalid)
    }
    pub(super) fn change(&mut self, _: Change) -> Result<()> {
        match *self {}
    }
    pub(super) fn watch_signal(&mut self, _: c_int, _: bool) -> Result<()> {
        match *self {}
    }
    pub(super) fn wake_up(&mut self) -> Result<Option<WakeUp>> {
        match *self {}
    }
    pub(super) fn start_wait(&mut self, _: Option<u64>) -> Wait {
        match *self {}
    }
    pub(super) fn finish_wait(&mut self, _: Wait, _: &mut (impl Reports + ?Sized)) -> Result<()> {
        match *self {}
    }
}
impl Wait {
    pub(super) fn run(&mut self) {
        match *self {}
    }
}
impl WakeUp {
    pub(super) fn wake(&self) -> Result<()> {
        match *self {}
    }
}
