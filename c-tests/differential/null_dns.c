/*
 * Every public function of evdns with NULL for each of its pointers in turn, for all of them and for none, each in a
 * process of its own. What the original survives must have the same result here; where it crashes anything goes.
 */
#include "common.h"
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
#include <sys/wait.h>

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

#define RUN(what, call, print) \
	do { \
		int status; \
		pid_t child; \
		fflush(stdout); \
		child = fork(); \
		if (child == 0) { \
			alarm(2); \
			fclose(stderr); \
			make(); \
			{ call; print; } \
			fflush(stdout); \
			_exit(0); \
		} \
		waitpid(child, &status, 0); \
		if (!WIFEXITED(status) || WEXITSTATUS(status)) \
			printf("%s: crashed\n", what); \
	} while (0)
#define VOID(e) RUN(#e, e, printf("%s: survived\n", #e))
#define INT(e) RUN(#e, long long r = (long long)(e), printf("%s: %lld\n", #e, r))
#define PTR(e) RUN(#e, const void *r = (const void *)(e), printf("%s: %s\n", #e, r ? "not NULL" : "NULL"))
#undef TEXT
#define TEXT(e) RUN(#e, const char *r = (e), printf("%s: %s\n", #e, r ? r : "NULL"))

int main(void)
{
	setup();
	alarm(0);
	TEXT(evdns_err_to_string(0));
	PTR(evdns_base_new(NULL, 0));
	PTR(evdns_base_new(base, 0));
	VOID(evdns_base_free(NULL, 0));
	VOID(evdns_base_free(dns, 0));
	VOID(evdns_base_clear_host_addresses(NULL));
	VOID(evdns_base_clear_host_addresses(dns));
	INT(evdns_base_nameserver_add(NULL, 0));
	INT(evdns_base_nameserver_add(dns, 0));
	INT(evdns_base_count_nameservers(NULL));
	INT(evdns_base_count_nameservers(dns));
	INT(evdns_base_clear_nameservers_and_suspend(NULL));
	INT(evdns_base_clear_nameservers_and_suspend(dns));
	INT(evdns_base_resume(NULL));
	INT(evdns_base_resume(dns));
	INT(evdns_base_nameserver_ip_add(NULL, NULL));
	INT(evdns_base_nameserver_ip_add(NULL, text));
	INT(evdns_base_nameserver_ip_add(dns, NULL));
	INT(evdns_base_nameserver_ip_add(dns, text));
	INT(evdns_base_nameserver_sockaddr_add(NULL, NULL, sizeof sin, 0));
	INT(evdns_base_nameserver_sockaddr_add(NULL, (struct sockaddr *)&sin, sizeof sin, 0));
	INT(evdns_base_nameserver_sockaddr_add(dns, NULL, sizeof sin, 0));
	INT(evdns_base_nameserver_sockaddr_add(dns, (struct sockaddr *)&sin, sizeof sin, 0));
	PTR(evdns_base_resolve_ipv4(NULL, NULL, 0, NULL, NULL));
	PTR(evdns_base_resolve_ipv4(NULL, text, 0, resolved, room));
	PTR(evdns_base_resolve_ipv4(dns, NULL, 0, resolved, room));
	PTR(evdns_base_resolve_ipv4(dns, text, 0, NULL, room));
	PTR(evdns_base_resolve_ipv4(dns, text, 0, resolved, NULL));
	PTR(evdns_base_resolve_ipv4(dns, text, 0, resolved, room));
	PTR(evdns_base_resolve_ipv6(NULL, NULL, 0, NULL, NULL));
	PTR(evdns_base_resolve_ipv6(NULL, text, 0, resolved, room));
	PTR(evdns_base_resolve_ipv6(dns, NULL, 0, resolved, room));
	PTR(evdns_base_resolve_ipv6(dns, text, 0, NULL, room));
	PTR(evdns_base_resolve_ipv6(dns, text, 0, resolved, NULL));
	PTR(evdns_base_resolve_ipv6(dns, text, 0, resolved, room));
	PTR(evdns_base_resolve_reverse(NULL, NULL, 0, NULL, NULL));
	PTR(evdns_base_resolve_reverse(NULL, &in, 0, resolved, room));
	PTR(evdns_base_resolve_reverse(dns, NULL, 0, resolved, room));
	PTR(evdns_base_resolve_reverse(dns, &in, 0, NULL, room));
	PTR(evdns_base_resolve_reverse(dns, &in, 0, resolved, NULL));
	PTR(evdns_base_resolve_reverse(dns, &in, 0, resolved, room));
	PTR(evdns_base_resolve_reverse_ipv6(NULL, NULL, 0, NULL, NULL));
	PTR(evdns_base_resolve_reverse_ipv6(NULL, &in6, 0, resolved, room));
	PTR(evdns_base_resolve_reverse_ipv6(dns, NULL, 0, resolved, room));
	PTR(evdns_base_resolve_reverse_ipv6(dns, &in6, 0, NULL, room));
	PTR(evdns_base_resolve_reverse_ipv6(dns, &in6, 0, resolved, NULL));
	PTR(evdns_base_resolve_reverse_ipv6(dns, &in6, 0, resolved, room));
	VOID(evdns_cancel_request(NULL, NULL));
	VOID(evdns_cancel_request(NULL, query));
	VOID(evdns_cancel_request(dns, NULL));
	VOID(evdns_cancel_request(dns, query));
	INT(evdns_base_set_option(NULL, NULL, NULL));
	INT(evdns_base_set_option(NULL, text, text));
	INT(evdns_base_set_option(dns, NULL, text));
	INT(evdns_base_set_option(dns, text, NULL));
	INT(evdns_base_set_option(dns, text, text));
	INT(evdns_base_resolv_conf_parse(NULL, 0, NULL));
	INT(evdns_base_resolv_conf_parse(NULL, 0, text));
	INT(evdns_base_resolv_conf_parse(dns, 0, NULL));
	INT(evdns_base_resolv_conf_parse(dns, 0, text));
	INT(evdns_base_load_hosts(NULL, NULL));
	INT(evdns_base_load_hosts(NULL, text));
	INT(evdns_base_load_hosts(dns, NULL));
	INT(evdns_base_load_hosts(dns, text));
	VOID(evdns_base_search_clear(NULL));
	VOID(evdns_base_search_clear(dns));
	VOID(evdns_base_search_add(NULL, NULL));
	VOID(evdns_base_search_add(NULL, text));
	VOID(evdns_base_search_add(dns, NULL));
	VOID(evdns_base_search_add(dns, text));
	VOID(evdns_base_search_ndots_set(NULL, 0));
	VOID(evdns_base_search_ndots_set(dns, 0));
	VOID(evdns_set_log_fn(NULL));
	VOID(evdns_set_log_fn(logged));
	VOID(evdns_set_transaction_id_fn(NULL));
	VOID(evdns_set_random_bytes_fn(NULL));
	INT(evdns_base_get_nameserver_addr(NULL, 0, NULL, sizeof sin));
	INT(evdns_base_get_nameserver_addr(NULL, 0, (struct sockaddr *)&sin, sizeof sin));
	INT(evdns_base_get_nameserver_addr(dns, 0, NULL, sizeof sin));
	INT(evdns_base_get_nameserver_addr(dns, 0, (struct sockaddr *)&sin, sizeof sin));
	PTR(evdns_add_server_port_with_base(NULL, -1, 0, NULL, NULL));
	PTR(evdns_add_server_port_with_base(NULL, -1, 0, asked, room));
	PTR(evdns_add_server_port_with_base(base, -1, 0, NULL, room));
	PTR(evdns_add_server_port_with_base(base, -1, 0, asked, NULL));
	PTR(evdns_add_server_port_with_base(base, -1, 0, asked, room));
	VOID(evdns_close_server_port(NULL));
	VOID(evdns_close_server_port(port));
	VOID(evdns_server_request_set_flags(NULL, 0));
	INT(evdns_server_request_add_reply(NULL, 0, NULL, 0, 0, 0, 0, 0, NULL));
	INT(evdns_server_request_add_a_reply(NULL, NULL, 0, NULL, 0));
	INT(evdns_server_request_add_aaaa_reply(NULL, NULL, 0, NULL, 0));
	INT(evdns_server_request_add_ptr_reply(NULL, NULL, NULL, NULL, 0));
	INT(evdns_server_request_add_cname_reply(NULL, NULL, NULL, 0));
	INT(evdns_server_request_respond(NULL, 0));
	INT(evdns_server_request_drop(NULL));
	INT(evdns_server_request_get_requesting_addr(NULL, NULL, 0));
	PTR(evdns_getaddrinfo(NULL, NULL, NULL, NULL, NULL, NULL));
	PTR(evdns_getaddrinfo(NULL, text, text, &hints, found, room));
	PTR(evdns_getaddrinfo(dns, NULL, text, &hints, found, room));
	PTR(evdns_getaddrinfo(dns, text, NULL, &hints, found, room));
	PTR(evdns_getaddrinfo(dns, text, text, NULL, found, room));
	PTR(evdns_getaddrinfo(dns, text, text, &hints, NULL, room));
	PTR(evdns_getaddrinfo(dns, text, text, &hints, found, NULL));
	PTR(evdns_getaddrinfo(dns, text, text, &hints, found, room));
	VOID(evdns_getaddrinfo_cancel(NULL));
	INT(evdns_nameserver_add(0));
	INT(evdns_count_nameservers());
	INT(evdns_clear_nameservers_and_suspend());
	INT(evdns_resume());
	INT(evdns_nameserver_ip_add(NULL));
	INT(evdns_nameserver_ip_add(text));
	INT(evdns_resolve_ipv4(NULL, 0, NULL, NULL));
	INT(evdns_resolve_ipv4(NULL, 0, resolved, room));
	INT(evdns_resolve_ipv4(text, 0, NULL, room));
	INT(evdns_resolve_ipv4(text, 0, resolved, NULL));
	INT(evdns_resolve_ipv4(text, 0, resolved, room));
	INT(evdns_resolve_ipv6(NULL, 0, NULL, NULL));
	INT(evdns_resolve_ipv6(NULL, 0, resolved, room));
	INT(evdns_resolve_ipv6(text, 0, NULL, room));
	INT(evdns_resolve_ipv6(text, 0, resolved, NULL));
	INT(evdns_resolve_ipv6(text, 0, resolved, room));
	INT(evdns_resolve_reverse(NULL, 0, NULL, NULL));
	INT(evdns_resolve_reverse(NULL, 0, resolved, room));
	INT(evdns_resolve_reverse(&in, 0, NULL, room));
	INT(evdns_resolve_reverse(&in, 0, resolved, NULL));
	INT(evdns_resolve_reverse(&in, 0, resolved, room));
	INT(evdns_resolve_reverse_ipv6(NULL, 0, NULL, NULL));
	INT(evdns_resolve_reverse_ipv6(NULL, 0, resolved, room));
	INT(evdns_resolve_reverse_ipv6(&in6, 0, NULL, room));
	INT(evdns_resolve_reverse_ipv6(&in6, 0, resolved, NULL));
	INT(evdns_resolve_reverse_ipv6(&in6, 0, resolved, room));
	INT(evdns_set_option(NULL, NULL, 0));
	INT(evdns_set_option(NULL, text, 0));
	INT(evdns_set_option(text, NULL, 0));
	INT(evdns_set_option(text, text, 0));
	INT(evdns_resolv_conf_parse(0, NULL));
	INT(evdns_resolv_conf_parse(0, text));
	VOID(evdns_search_clear());
	VOID(evdns_search_add(NULL));
	VOID(evdns_search_add(text));
	VOID(evdns_search_ndots_set(0));
	PTR(evdns_add_server_port(-1, 0, NULL, NULL));
	PTR(evdns_add_server_port(-1, 0, NULL, room));
	PTR(evdns_add_server_port(-1, 0, asked, NULL));
	PTR(evdns_add_server_port(-1, 0, asked, room));
	return 0;
}
