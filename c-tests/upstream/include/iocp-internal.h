/* What the suite asks of completion ports. On Unix the one call answers -1 and is never reached. */
#ifndef OXI_SUITE_IOCP_INTERNAL_H
#define OXI_SUITE_IOCP_INTERNAL_H
#include "event2/util.h"
struct event_base;
int event_base_start_iocp_(struct event_base *base, int n_cpus);
#ifdef _WIN32
#include <winsock2.h>
#include <windows.h>
#include <mswsock.h>
struct bufferevent;
struct evbuffer;
struct event_iocp_port;
struct event_overlapped;
typedef void (*iocp_callback)(struct event_overlapped *, ev_uintptr_t key, ev_ssize_t n, int success);
/* What each packet of a port points at: src/iocp of oxievent keeps it so. */
struct event_overlapped {
	OVERLAPPED overlapped;
	iocp_callback cb;
};
/* src/sys/windows/iocp.rs; a function that is NULL counts as missing. */
struct win32_extension_fns {
	void *AcceptEx;
	void *ConnectEx;
	void *GetAcceptExSockaddrs;
};
const struct win32_extension_fns *event_get_win32_extension_fns_(void);
void event_overlapped_init_(struct event_overlapped *o, iocp_callback cb);
struct event_iocp_port *event_iocp_port_launch_(int n_cpus);
int event_iocp_port_associate_(struct event_iocp_port *port, evutil_socket_t fd, ev_uintptr_t key);
int event_iocp_shutdown_(struct event_iocp_port *port, long wait_msec);
int event_iocp_activate_overlapped_(struct event_iocp_port *port, struct event_overlapped *o, ev_uintptr_t key, ev_uint32_t n);
struct event_iocp_port *event_base_get_iocp_(struct event_base *base);
void event_base_stop_iocp_(struct event_base *base);
struct evbuffer *evbuffer_overlapped_new_(evutil_socket_t fd);
evutil_socket_t evbuffer_overlapped_get_fd_(struct evbuffer *buf);
void evbuffer_overlapped_set_fd_(struct evbuffer *buf, evutil_socket_t fd);
int evbuffer_launch_read_(struct evbuffer *buf, size_t n, struct event_overlapped *ol);
int evbuffer_launch_write_(struct evbuffer *buf, ev_ssize_t n, struct event_overlapped *ol);
void evbuffer_commit_read_(struct evbuffer *buf, ev_ssize_t n);
void evbuffer_commit_write_(struct evbuffer *buf, ev_ssize_t n);
struct bufferevent *bufferevent_async_new_(struct event_base *base, evutil_socket_t fd, int options);
#endif
#endif
