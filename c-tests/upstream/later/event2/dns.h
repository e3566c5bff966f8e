/* Just enough for the suite's shared helpers to compile while evdns is not part of oxievent yet: this folder goes with issue 3. */
#ifndef OXI_LATER_DNS_H
#define OXI_LATER_DNS_H
#include "event2/util.h"

#define EVDNS_AUTHORITY_SECTION 1
#define EVDNS_TYPE_SOA 6
#define EVDNS_CLASS_INET 1

struct event_base;
struct evdns_server_port;
struct evdns_server_request;
typedef void (*evdns_debug_log_fn_type)(int is_warning, const char *text);
typedef void (*evdns_request_callback_fn_type)(struct evdns_server_request *req, void *arg);

struct evdns_server_port *evdns_add_server_port_with_base(struct event_base *base, evutil_socket_t sock, int flags,
    evdns_request_callback_fn_type cb, void *arg);
void evdns_close_server_port(struct evdns_server_port *port);
int evdns_server_request_add_reply(struct evdns_server_request *req, int section, const char *name, int type, int dns_class,
    int ttl, int datalen, int is_name, const char *data);
int evdns_server_request_add_a_reply(struct evdns_server_request *req, const char *name, int n, const void *addrs, int ttl);
int evdns_server_request_add_aaaa_reply(struct evdns_server_request *req, const char *name, int n, const void *addrs, int ttl);
int evdns_server_request_respond(struct evdns_server_request *req, int err);
int evdns_server_request_drop(struct evdns_server_request *req);
void evdns_set_log_fn(evdns_debug_log_fn_type fn);
void evdns_shutdown(int fail_requests);
#endif
