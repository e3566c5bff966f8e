/* Objects of evhttp and evdns, for the programs that call their functions with NULL. */
#include "null.h"
#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/dns_compat.h>
#include <event2/dns_struct.h>
#include <event2/event_compat.h>
#include <event2/http.h>
#include <event2/http_compat.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>

static struct event_base *base;
static struct evhttp *http;
static struct evhttp_bound_socket *handle;
static struct evconnlistener *lis;
static struct evhttp_request *req;
static struct evhttp_connection *con;
static struct evkeyvalq *headers;
static struct evhttp_uri *uri;
static struct evbuffer *buf;
static struct bufferevent *bev;
static struct evdns_base *dns;
static struct evdns_request *query;
static struct evdns_server_port *port;
static struct timeval tv = {0, 1000};
static struct sockaddr_in sin = {.sin_family = AF_INET};
static struct in_addr in;
static struct in6_addr in6;
static struct evutil_addrinfo hints;
static char text[] = "1", room[256], *word;
static size_t size = 4;
static ev_uint16_t u16;

static void on_request(struct evhttp_request *r, void *arg) { (void)r, (void)arg; }
static int on_head(struct evhttp_request *r, void *arg) { (void)r, (void)arg; return 0; }
static void on_error(enum evhttp_request_error e, void *arg) { (void)e, (void)arg; }
static void on_con(struct evhttp_connection *c, void *arg) { (void)c, (void)arg; }
static void on_bound(struct evhttp_bound_socket *b, void *arg) { (void)b, (void)arg; }
static void resolved(int r, char t, int n, int ttl, void *a, void *arg) { (void)r, (void)t, (void)n, (void)ttl, (void)a, (void)arg; }
static void asked(struct evdns_server_request *r, void *arg) { (void)r, (void)arg; }
static void found(int e, struct evutil_addrinfo *a, void *arg) { (void)e, (void)a, (void)arg; }
static void logged(int w, const char *m) { (void)w, (void)m; }

/* Objects for the other arguments. */
static void make(void)
{
	/* What needs a base and is given none takes this one: libevent 1's way. */
	base = event_init();
	http = evhttp_new(base);
	handle = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	lis = evhttp_bound_socket_get_listener(handle);
	req = evhttp_request_new(on_request, NULL);
	con = evhttp_connection_base_new(base, NULL, "127.0.0.1", 1);
	headers = evhttp_request_get_output_headers(req);
	evhttp_add_header(headers, "a", "b");
	uri = evhttp_uri_parse("http://u@h:1/p?q#f");
	buf = evbuffer_new();
	evbuffer_add(buf, "data", 4);
	bev = bufferevent_socket_new(base, -1, 0);
	dns = evdns_base_new(base, 0);
	evdns_base_nameserver_ip_add(dns, "127.0.0.1:9");
	query = evdns_base_resolve_ipv4(dns, "x.example", 0, resolved, NULL);
	evdns_init();
	sin.sin_port = htons(53);
	port = evdns_add_server_port_with_base(base, socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), 0, asked, NULL);
	word = text;
	(void)lis, (void)handle, (void)headers, (void)size, (void)u16, (void)in, (void)in6, (void)hints, (void)tv, (void)bev, (void)uri;
	(void)query, (void)port, (void)con, (void)on_head, (void)on_error, (void)on_con, (void)on_bound, (void)found, (void)logged;
}
