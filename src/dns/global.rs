//! The one DNS base of the 1.x API.
use super::base::DnsRef;
use crate::abi::bufferevent::evdns_base;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

static GLOBAL: AtomicPtr<evdns_base> = AtomicPtr::new(null_mut());

/// `evdns_get_global_base`
pub fn get() -> Option<DnsRef> {
    // SAFETY: what is stored there was made by `DnsRef::new`; whoever frees it takes it out first.
    unsafe { DnsRef::from_raw(GLOBAL.load(Ordering::Acquire)) }
}
/// Replaces it; the one before is the caller's.
pub fn set(dns: Option<DnsRef>) -> Option<DnsRef> {
    let before = GLOBAL.swap(dns.map_or(null_mut(), DnsRef::as_ptr), Ordering::AcqRel);
    // SAFETY: as above.
    unsafe { DnsRef::from_raw(before) }
}
/// The one there is, or a new one without nameservers.
pub fn get_or_new() -> Option<DnsRef> {
    get().or_else(|| {
        let new = DnsRef::new(None, 0).ok();
        if new.is_some() {
            set(new);
        }
        new
    })
}
