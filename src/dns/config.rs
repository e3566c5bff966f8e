//! Configuration: options, resolv.conf, hosts files.
use super::base::{DnsRef, State};
use super::resolv_conf::{self, Line, Part, Setting};
use super::{hosts, log};
use crate::abi::dns::{
    DNS_OPTION_HOSTSFILE, DNS_OPTION_MISC, DNS_OPTION_NAMESERVERS, DNS_OPTION_NAMESERVERS_NO_DEFAULT,
    DNS_OPTION_SEARCH,
};
use crate::log::Severity;
use crate::mem::{self, TryVec, Vec};
use crate::sys::c;
use crate::sys::fd;
use crate::{Error, Result};
use std::ffi::{CStr, c_int};

/// What `evdns_base_resolv_conf_parse` returns.
const OK: c_int = 0;
const CANNOT_OPEN: c_int = 1;
const CANNOT_STAT: c_int = 2;
const TOO_LARGE: c_int = 3;
const NO_MEMORY: c_int = 4;
const SHORT_READ: c_int = 5;
/// The file names no server; the one on this host is used.
const NO_NAMESERVERS: c_int = 6;

/// The server on this host.
const DEFAULT_SERVER: &[u8] = b"127.0.0.1";
#[cfg(not(windows))]
const HOSTS_FILE: &CStr = c"/etc/hosts";
#[cfg(not(windows))]
const RESOLV_CONF: &CStr = c"/etc/resolv.conf";

/// A whole file of at most `most` bytes, or one of the codes above.
fn read_file(path: &CStr, most: usize) -> std::result::Result<Vec<u8>, c_int> {
    let f = fd::open(path, c::O_RDONLY, 0).map_err(|_| CANNOT_OPEN)?;
    let read = read_open(f, most);
    fd::close_file(f);
    read
}
fn read_open(f: c_int, most: usize) -> std::result::Result<Vec<u8>, c_int> {
    let size = crate::sys::io::file_size(f).map_err(|_| CANNOT_STAT)?;
    if usize::try_from(size).map_or(true, |s| s > most) {
        return Err(TOO_LARGE);
    }
    let mut bytes: Vec<u8> = mem::new_vec();
    loop {
        // Files that tell no size, as those in /proc, end where reading ends.
        let (at, room) = (bytes.len(), (size as usize + 1).saturating_sub(bytes.len()).max(1024));
        if at > most {
            return Err(TOO_LARGE);
        }
        bytes.try_resize(at + room, 0).map_err(|_| NO_MEMORY)?;
        let got = bytes.get_mut(at..).map_or(Ok(0), |b| fd::read_file(f, b));
        bytes.truncate(at + *got.as_ref().unwrap_or(&0));
        match got {
            Ok(0) => return Ok(bytes),
            Ok(_) | Err(Error::Os(c::EINTR)) => {}
            Err(_) => return Err(SHORT_READ),
        }
    }
}

impl DnsRef {
    /// `evdns_base_set_option`. Options that we do not know are accepted and change nothing.
    pub fn set_option(self, name: &[u8], value: &[u8]) -> Result<()> {
        match resolv_conf::parse_option(name, value) {
            Ok(Some(setting)) => self.lock().apply(setting),
            Ok(None) => Ok(()),
            Err(resolv_conf::BadValue) => Err(Error::Invalid),
        }
    }
    /// `evdns_base_resolv_conf_parse`: one of the codes of event2/dns.h. Without a file there are the defaults.
    pub fn read_resolv_conf(self, what: c_int, path: Option<&CStr>) -> c_int {
        let default_server =
            what & (DNS_OPTION_NAMESERVERS | DNS_OPTION_NAMESERVERS_NO_DEFAULT) == DNS_OPTION_NAMESERVERS;
        if what & DNS_OPTION_HOSTSFILE != 0 {
            self.load_hosts_of_system();
        }
        let read = path.ok_or(CANNOT_OPEN).and_then(|p| read_file(p, resolv_conf::MAX_FILE));
        match read {
            Ok(text) => {
                let code = self.take_over(&text, what);
                if what & DNS_OPTION_SEARCH != 0 && self.lock().search.is_empty() {
                    self.search_domain_of_host();
                }
                if code == OK && default_server && self.count_servers() == 0 {
                    let _ = self.add_server_text(DEFAULT_SERVER);
                    return NO_NAMESERVERS;
                }
                code
            }
            Err(CANNOT_OPEN) => {
                if what & DNS_OPTION_SEARCH != 0 {
                    self.lock().search.clear();
                    self.search_domain_of_host();
                }
                if default_server {
                    let _ = self.add_server_text(DEFAULT_SERVER);
                }
                CANNOT_OPEN
            }
            Err(code) => code,
        }
    }
    /// What the system is set to, for a new base. An error only if it cannot be read: a system that names no server is none.
    #[cfg(not(windows))]
    pub fn read_system(self, what: c_int) -> Result<()> {
        match self.read_resolv_conf(what, Some(RESOLV_CONF)) {
            // libevent issue 1388.
            OK | NO_NAMESERVERS => Ok(()),
            _ => Err(Error::Invalid),
        }
    }
    /// The same. Windows has no file of it, so nothing can be wrong with one.
    #[cfg(windows)]
    pub fn read_system(self, _what: c_int) -> Result<()> {
        let _ = self.read_windows();
        Ok(())
    }
    /// `evdns_base_config_windows_nameservers`: an error if there is no server.
    #[cfg(windows)]
    pub fn read_windows(self) -> Result<()> {
        use crate::sys::nameservers::{Setting, each_setting};
        self.load_hosts_of_system();
        let mut found = false;
        each_setting(|setting| match setting {
            Setting::Nameserver(text) => found |= self.add_server_text(text.to_bytes()).is_ok(),
            Setting::Domain(domain) => {
                let mut g = self.lock();
                if g.search.is_empty() {
                    let _ = g.search.push_back(domain.to_bytes());
                }
            }
        })?;
        if found { Ok(()) } else { Err(Error::Invalid) }
    }
    #[cfg(not(windows))]
    fn load_hosts_of_system(self) {
        let _ = self.load_hosts(Some(HOSTS_FILE));
    }
    #[cfg(windows)]
    fn load_hosts_of_system(self) {
        let _ = self.load_hosts(crate::sys::nameservers::hosts_file(&mut [0; 512]));
    }
    fn take_over(self, text: &[u8], what: c_int) -> c_int {
        let Ok(lines) = resolv_conf::parse(text) else { return TOO_LARGE };
        for line in lines {
            match line {
                Line::Nameserver(addr) if what & DNS_OPTION_NAMESERVERS != 0 => {
                    let _ = self.add_server(super::nameserver::with_port(addr));
                }
                Line::Domain(domain) if what & DNS_OPTION_SEARCH != 0 => {
                    let mut g = self.lock();
                    g.search.clear();
                    if g.search.push_back(domain) == Err(Error::NoMem) {
                        return NO_MEMORY;
                    }
                }
                Line::Search(domains) if what & DNS_OPTION_SEARCH != 0 => {
                    let mut g = self.lock();
                    g.search.clear();
                    for domain in domains {
                        if g.search.push_back(domain) == Err(Error::NoMem) {
                            return NO_MEMORY;
                        }
                    }
                }
                Line::Options(words) => words.for_each(|word| {
                    if let Ok(Some(setting)) = resolv_conf::parse_option_word(word)
                        && what & part(&setting) != 0
                    {
                        let _ = self.lock().apply(setting);
                    }
                }),
                _ => {}
            }
        }
        OK
    }
    /// Searches in the domain of this host, if its name tells one.
    fn search_domain_of_host(self) {
        let mut name = [0u8; 256];
        // SAFETY: writable for its length; the last byte stays 0.
        if unsafe { c::gethostname(name.as_mut_ptr().cast(), name.len() - 1) } == 0
            && let Ok(name) = CStr::from_bytes_until_nul(&name)
            && let Some(domain) = resolv_conf::domain_of_host(name.to_bytes())
        {
            let _ = self.lock().search.push_back(domain);
        }
    }
    /// `evdns_base_load_hosts`. Without a file, and if it cannot be read, there is localhost.
    pub fn load_hosts(self, path: Option<&CStr>) -> Result<()> {
        let Some(path) = path else { return self.lock().hosts.load_default() };
        match read_file(path, hosts::MAX_FILE) {
            Ok(text) => self.lock().hosts.load(&text),
            Err(code) => {
                if code == TOO_LARGE {
                    log::write(Severity::Warn, format_args!("the hosts file {path:?} is too large"));
                }
                self.lock().hosts.load_default()?;
                Err(Error::Invalid)
            }
        }
    }
}
fn part(setting: &Setting) -> c_int {
    match setting.part() {
        Part::Search => DNS_OPTION_SEARCH,
        Part::Nameservers => DNS_OPTION_NAMESERVERS,
        Part::Misc => DNS_OPTION_MISC,
    }
}

impl State {
    fn apply(&mut self, setting: Setting) -> Result<()> {
        if let Setting::MaxInflight(n) = setting {
            self.inflight.resize(usize::from(n))?;
        }
        if let Some(ndots) = self.settings.apply(setting) {
            self.search.set_ndots(ndots);
        }
        // More may be under way now.
        if !self.suspended {
            self.pump();
        }
        Ok(())
    }
}
