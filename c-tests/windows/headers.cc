// Every header in one C++ program.
#include <event.h>
#include <evdns.h>
#include <evhttp.h>
#include <evrpc.h>
#include <evutil.h>
#include <event2/buffer.h>
#include <event2/buffer_compat.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_compat.h>
#include <event2/bufferevent_ssl.h>
#include <event2/bufferevent_struct.h>
#include <event2/dns.h>
#include <event2/dns_compat.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <event2/event_compat.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <event2/http_compat.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <event2/rpc.h>
#include <event2/rpc_struct.h>
#include <event2/tag.h>
#include <event2/thread.h>
#include <event2/util.h>
#include "check.h"

int main(int argc, char **argv)
{
	begin(argc, argv);
	event_base *base = new_base();
	CHECK(sizeof(((event *)0)->ev_fd) == sizeof(SOCKET));
	evbuffer *buf = evbuffer_new();
	CHECK(evbuffer_add_printf(buf, "%d", 12345) == 5);
	CHECK(EVBUFFER_LENGTH(buf) == 5);
	evbuffer_free(buf);
	CHECK(evdns_base_config_windows_nameservers != nullptr);
	CHECK(evthread_use_windows_threads() == 0);
	event_base_free(base);
	return end();
}
