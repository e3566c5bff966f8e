//! What each public header is made of.

/// One public header. Its text blocks are capi/headers/NAME.top.h and NAME.end.h, both optional.
pub struct Header {
    /// As programs include it.
    pub name: &'static str,
    /// Files whose exported functions it declares, in this order.
    pub functions: &'static [&'static str],
    /// Types of src/abi that it defines.
    pub types: &'static [&'static str],
    /// bitflags of src/abi that it gives as macros: (Rust type, prefix of the names).
    pub flags: &'static [(&'static str, &'static str)],
    /// bitflags of src/abi that it gives as an enumeration: (Rust type, prefix of the names, tag). No Rust type: the
    /// constants of src/abi with that prefix.
    pub enums: &'static [(&'static str, &'static str, &'static str)],
    /// Constants of src/abi that it gives as macros.
    pub constants: &'static [&'static str],
    /// Opaque structs that it declares although no function of it uses them.
    pub declares: &'static [&'static str],
    /// Prefixes of names whose macros have an unsigned value.
    pub unsigned: &'static [&'static str],
    /// Has no declarations of its own: no `extern "C"`.
    pub macros_only: bool,
}

const NONE: Header = Header {
    name: "",
    functions: &[],
    types: &[],
    flags: &[],
    enums: &[],
    constants: &[],
    declares: &[],
    unsigned: &[],
    macros_only: false,
};

impl Header {
    pub fn guard(&self) -> String {
        let name = self.name.trim_start_matches("event2/").to_uppercase().replace(['.', '-'], "_");
        format!("EVENT{}_{name}_INCLUDED_", if self.name.contains('/') { 2 } else { 1 })
    }
    /// Nothing of it comes from Rust.
    pub fn is_plain(&self) -> bool {
        self.functions.is_empty() && self.types.is_empty() && self.enums.is_empty()
    }
    /// For the first line: where its text stands.
    pub fn origin(&self) -> &'static str {
        match (self.functions.first(), self.types.is_empty() && self.enums.is_empty()) {
            (None, true) => "capi/headers",
            (None, false) => "src/abi",
            (Some(f), _) => f,
        }
    }
}

pub const HEADERS: &[Header] = &[
    Header { name: "event.h", macros_only: true, ..NONE },
    Header { name: "evdns.h", macros_only: true, ..NONE },
    Header { name: "evhttp.h", macros_only: true, ..NONE },
    Header { name: "evrpc.h", macros_only: true, ..NONE },
    Header { name: "evutil.h", macros_only: true, ..NONE },
    Header {
        name: "event2/buffer.h",
        functions: &["capi/src/buffer.rs"],
        types: &[
            "evbuffer_ptr",
            "evbuffer_cb_info",
            "evbuffer_eol_style",
            "evbuffer_ptr_how",
            "evbuffer_ref_cleanup_cb",
            "evbuffer_file_segment_cleanup_cb",
            "evbuffer_cb_func",
        ],
        flags: &[("SegmentFlag", "EVBUF_FS_")],
        constants: &["EVBUFFER_FLAG_DRAINS_TO_FD", "EVBUFFER_CB_ENABLED"],
        ..NONE
    },
    Header {
        name: "event2/buffer_compat.h",
        functions: &["capi/src/buffer_compat.rs"],
        types: &["evbuffer_cb"],
        ..NONE
    },
    Header {
        name: "event2/bufferevent.h",
        functions: &["capi/src/bufferevent.rs"],
        types: &[
            "bufferevent_flush_mode",
            "bufferevent_filter_result",
            "bufferevent_data_cb",
            "bufferevent_event_cb",
            "bufferevent_filter_cb",
        ],
        flags: &[("BevEvent", "BEV_EVENT_")],
        enums: &[
            ("BevOpt", "BEV_OPT_", "bufferevent_options"),
            ("", "BEV_TRIG_", "bufferevent_trigger_options"),
        ],
        ..NONE
    },
    Header { name: "event2/bufferevent_compat.h", functions: &["capi/src/bufferevent_compat.rs"], ..NONE },
    Header {
        name: "event2/bufferevent_ssl.h",
        functions: &["capi/openssl/src/lib.rs"],
        types: &["bufferevent_ssl_state"],
        constants: &["BUFFEREVENT_SSL_DIRTY_SHUTDOWN", "BUFFEREVENT_SSL_BATCH_WRITE"],
        ..NONE
    },
    Header { name: "event2/bufferevent_struct.h", types: &["event_watermark", "bufferevent"], ..NONE },
    Header { name: "event2/event-config.h", macros_only: true, ..NONE },
    Header {
        name: "event2/event.h",
        functions: &["capi/src/event.rs"],
        types: &[
            "event_callback_fn",
            "event_finalize_callback_fn",
            "event_log_cb",
            "event_fatal_cb",
            "event_base_foreach_event_cb",
        ],
        flags: &[("Ev", "EV_"), ("Evloop", "EVLOOP_")],
        enums: &[
            ("Feature", "EV_FEATURE_", "event_method_feature"),
            ("BaseFlag", "EVENT_BASE_FLAG_", "event_base_config_flag"),
        ],
        constants: &[
            "EVENT_BASE_COUNT_ACTIVE",
            "EVENT_BASE_COUNT_VIRTUAL",
            "EVENT_BASE_COUNT_ADDED",
            "EVENT_LOG_DEBUG",
            "EVENT_LOG_MSG",
            "EVENT_LOG_WARN",
            "EVENT_LOG_ERR",
            "EVENT_DBG_NONE",
            "EVENT_DBG_ALL",
            "EVENT_MAX_PRIORITIES",
            "LIBEVENT_VERSION",
            "LIBEVENT_VERSION_NUMBER",
        ],
        unsigned: &["EVENT_BASE_COUNT_", "EVENT_DBG_ALL"],
        ..NONE
    },
    Header {
        name: "event2/dns.h",
        functions: &["capi/src/dns.rs"],
        types: &[
            "evdns_callback_type",
            "evdns_debug_log_fn_type",
            "evdns_request_callback_fn_type",
            "evdns_getaddrinfo_cb",
        ],
        constants: &[
            "DNS_ERR_NONE",
            "DNS_ERR_FORMAT",
            "DNS_ERR_SERVERFAILED",
            "DNS_ERR_NOTEXIST",
            "DNS_ERR_NOTIMPL",
            "DNS_ERR_REFUSED",
            "DNS_ERR_TRUNCATED",
            "DNS_ERR_UNKNOWN",
            "DNS_ERR_TIMEOUT",
            "DNS_ERR_SHUTDOWN",
            "DNS_ERR_CANCEL",
            "DNS_ERR_NODATA",
            "DNS_IPv4_A",
            "DNS_PTR",
            "DNS_IPv6_AAAA",
            "DNS_QUERY_NO_SEARCH",
            "DNS_OPTION_SEARCH",
            "DNS_OPTION_NAMESERVERS",
            "DNS_OPTION_MISC",
            "DNS_OPTION_HOSTSFILE",
            "DNS_OPTION_NAMESERVERS_NO_DEFAULT",
            "EVDNS_BASE_INITIALIZE_NAMESERVERS",
            "EVDNS_BASE_DISABLE_WHEN_INACTIVE",
            "EVDNS_BASE_NAMESERVERS_NO_DEFAULT",
            "EVDNS_ANSWER_SECTION",
            "EVDNS_AUTHORITY_SECTION",
            "EVDNS_ADDITIONAL_SECTION",
            "EVDNS_TYPE_A",
            "EVDNS_TYPE_NS",
            "EVDNS_TYPE_CNAME",
            "EVDNS_TYPE_SOA",
            "EVDNS_TYPE_PTR",
            "EVDNS_TYPE_MX",
            "EVDNS_TYPE_TXT",
            "EVDNS_TYPE_AAAA",
            "EVDNS_QTYPE_AXFR",
            "EVDNS_QTYPE_ALL",
            "EVDNS_CLASS_INET",
            "EVDNS_FLAGS_AA",
            "EVDNS_FLAGS_RD",
        ],
        declares: &["evdns_server_request", "evdns_server_question", "evdns_getaddrinfo_request"],
        ..NONE
    },
    Header { name: "event2/dns_compat.h", functions: &["capi/src/dns_compat.rs"], ..NONE },
    Header { name: "event2/dns_struct.h", types: &["evdns_server_request", "evdns_server_question"], ..NONE },
    Header { name: "event2/event_compat.h", functions: &["capi/src/event_compat.rs"], ..NONE },
    Header {
        name: "event2/event_struct.h",
        types: &["event_callback", "event", "event_list", "event_dlist"],
        flags: &[("Evlist", "EVLIST_")],
        constants: &["EVLIST_ALL"],
        ..NONE
    },
    Header {
        name: "event2/http.h",
        functions: &["capi/src/http.rs"],
        types: &["evhttp_cmd_type", "evhttp_request_kind", "evhttp_request_error"],
        flags: &[("ConFlags", "EVHTTP_CON_")],
        constants: &[
            "EVHTTP_CON_PUBLIC_FLAGS_END",
            "EVHTTP_SERVER_LINGERING_CLOSE",
            "EVHTTP_URI_NONCONFORMANT",
            "HTTP_OK",
            "HTTP_NOCONTENT",
            "HTTP_MOVEPERM",
            "HTTP_MOVETEMP",
            "HTTP_NOTMODIFIED",
            "HTTP_BADREQUEST",
            "HTTP_NOTFOUND",
            "HTTP_BADMETHOD",
            "HTTP_ENTITYTOOLARGE",
            "HTTP_EXPECTATIONFAILED",
            "HTTP_INTERNAL",
            "HTTP_NOTIMPLEMENTED",
            "HTTP_SERVUNAVAIL",
        ],
        ..NONE
    },
    Header { name: "event2/http_compat.h", functions: &["capi/src/http_compat.rs"], ..NONE },
    Header {
        name: "event2/http_struct.h",
        types: &["evhttp_request"],
        flags: &[("ReqFlags", "EVHTTP_")],
        ..NONE
    },
    Header { name: "event2/keyvalq_struct.h", types: &["evkeyval", "evkeyvalq"], ..NONE },
    Header {
        name: "event2/listener.h",
        functions: &["capi/src/listener.rs"],
        types: &["evconnlistener_cb", "evconnlistener_errorcb"],
        flags: &[("LevOpt", "LEV_OPT_")],
        unsigned: &["LEV_OPT_"],
        ..NONE
    },
    Header {
        name: "event2/rpc.h",
        functions: &["capi/src/rpc.rs"],
        types: &["EVRPC_HOOK_TYPE", "EVRPC_HOOK_RESULT"],
        ..NONE
    },
    Header { name: "event2/rpc_compat.h", macros_only: true, ..NONE },
    Header {
        name: "event2/rpc_struct.h",
        types: &["evrpc_status", "evrpc"],
        constants: &[
            "EVRPC_STATUS_ERR_NONE",
            "EVRPC_STATUS_ERR_TIMEOUT",
            "EVRPC_STATUS_ERR_BADPAYLOAD",
            "EVRPC_STATUS_ERR_UNSTARTED",
            "EVRPC_STATUS_ERR_HOOKABORTED",
        ],
        ..NONE
    },
    Header { name: "event2/tag.h", functions: &["capi/src/tag.rs"], ..NONE },
    Header { name: "event2/tag_compat.h", macros_only: true, ..NONE },
    Header {
        name: "event2/thread.h",
        functions: &["capi/src/thread.rs", "capi/pthreads/src/lib.rs"],
        types: &["evthread_lock_callbacks", "evthread_condition_callbacks"],
        constants: &[
            "EVTHREAD_WRITE",
            "EVTHREAD_READ",
            "EVTHREAD_TRY",
            "EVTHREAD_LOCK_API_VERSION",
            "EVTHREAD_LOCKTYPE_RECURSIVE",
            "EVTHREAD_LOCKTYPE_READWRITE",
            "EVTHREAD_CONDITION_API_VERSION",
        ],
        ..NONE
    },
    Header {
        name: "event2/util.h",
        functions: &["capi/src/util.rs"],
        constants: &["EV_MONOT_PRECISE", "EV_MONOT_FALLBACK"],
        ..NONE
    },
    Header { name: "event2/visibility.h", macros_only: true, ..NONE },
];
