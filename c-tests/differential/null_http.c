/*
 * Every public function of evhttp with NULL for each of its pointers in turn, for all of them and for none, each in a
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
	PTR(evhttp_new(NULL));
	PTR(evhttp_new(base));
	INT(evhttp_bind_socket(NULL, NULL, 0));
	INT(evhttp_bind_socket(NULL, text, 0));
	INT(evhttp_bind_socket(http, NULL, 0));
	INT(evhttp_bind_socket(http, text, 0));
	PTR(evhttp_bind_socket_with_handle(NULL, NULL, 0));
	PTR(evhttp_bind_socket_with_handle(NULL, text, 0));
	PTR(evhttp_bind_socket_with_handle(http, NULL, 0));
	PTR(evhttp_bind_socket_with_handle(http, text, 0));
	INT(evhttp_accept_socket(NULL, -1));
	INT(evhttp_accept_socket(http, -1));
	PTR(evhttp_accept_socket_with_handle(NULL, -1));
	PTR(evhttp_accept_socket_with_handle(http, -1));
	PTR(evhttp_bind_listener(NULL, NULL));
	PTR(evhttp_bind_listener(NULL, lis));
	PTR(evhttp_bind_listener(http, NULL));
	PTR(evhttp_bind_listener(http, lis));
	PTR(evhttp_bound_socket_get_listener(NULL));
	PTR(evhttp_bound_socket_get_listener(handle));
	VOID(evhttp_foreach_bound_socket(NULL, NULL, NULL));
	VOID(evhttp_foreach_bound_socket(NULL, on_bound, room));
	VOID(evhttp_foreach_bound_socket(http, NULL, room));
	VOID(evhttp_foreach_bound_socket(http, on_bound, NULL));
	VOID(evhttp_foreach_bound_socket(http, on_bound, room));
	VOID(evhttp_del_accept_socket(NULL, NULL));
	VOID(evhttp_del_accept_socket(NULL, handle));
	VOID(evhttp_del_accept_socket(http, NULL));
	VOID(evhttp_del_accept_socket(http, handle));
	VOID(evhttp_bound_socket_get_fd(NULL));
	VOID(evhttp_bound_socket_get_fd(handle));
	VOID(evhttp_free(NULL));
	VOID(evhttp_free(http));
	VOID(evhttp_set_max_headers_size(NULL, 0));
	VOID(evhttp_set_max_headers_size(http, 0));
	VOID(evhttp_set_max_body_size(NULL, 0));
	VOID(evhttp_set_max_body_size(http, 0));
	VOID(evhttp_set_default_content_type(NULL, NULL));
	VOID(evhttp_set_default_content_type(NULL, text));
	VOID(evhttp_set_default_content_type(http, NULL));
	VOID(evhttp_set_default_content_type(http, text));
	VOID(evhttp_set_allowed_methods(NULL, 0));
	VOID(evhttp_set_allowed_methods(http, 0));
	INT(evhttp_set_cb(NULL, NULL, NULL, NULL));
	INT(evhttp_set_cb(NULL, text, on_request, room));
	INT(evhttp_set_cb(http, NULL, on_request, room));
	INT(evhttp_set_cb(http, text, NULL, room));
	INT(evhttp_set_cb(http, text, on_request, NULL));
	INT(evhttp_set_cb(http, text, on_request, room));
	INT(evhttp_del_cb(NULL, NULL));
	INT(evhttp_del_cb(NULL, text));
	INT(evhttp_del_cb(http, NULL));
	INT(evhttp_del_cb(http, text));
	VOID(evhttp_set_gencb(NULL, NULL, NULL));
	VOID(evhttp_set_gencb(NULL, on_request, room));
	VOID(evhttp_set_gencb(http, NULL, room));
	VOID(evhttp_set_gencb(http, on_request, NULL));
	VOID(evhttp_set_gencb(http, on_request, room));
	VOID(evhttp_set_bevcb(NULL, NULL, NULL));
	VOID(evhttp_set_bevcb(NULL, NULL, room));
	VOID(evhttp_set_bevcb(http, NULL, NULL));
	VOID(evhttp_set_bevcb(http, NULL, room));
	INT(evhttp_add_virtual_host(NULL, NULL, NULL));
	INT(evhttp_add_virtual_host(NULL, text, http));
	INT(evhttp_add_virtual_host(http, NULL, http));
	INT(evhttp_add_virtual_host(http, text, NULL));
	INT(evhttp_add_virtual_host(http, text, http));
	INT(evhttp_remove_virtual_host(NULL, NULL));
	INT(evhttp_remove_virtual_host(NULL, http));
	INT(evhttp_remove_virtual_host(http, NULL));
	INT(evhttp_remove_virtual_host(http, http));
	INT(evhttp_add_server_alias(NULL, NULL));
	INT(evhttp_add_server_alias(NULL, text));
	INT(evhttp_add_server_alias(http, NULL));
	INT(evhttp_add_server_alias(http, text));
	INT(evhttp_remove_server_alias(NULL, NULL));
	INT(evhttp_remove_server_alias(NULL, text));
	INT(evhttp_remove_server_alias(http, NULL));
	INT(evhttp_remove_server_alias(http, text));
	VOID(evhttp_set_timeout(NULL, 0));
	VOID(evhttp_set_timeout(http, 0));
	VOID(evhttp_set_timeout_tv(NULL, NULL));
	VOID(evhttp_set_timeout_tv(NULL, &tv));
	VOID(evhttp_set_timeout_tv(http, NULL));
	VOID(evhttp_set_timeout_tv(http, &tv));
	INT(evhttp_set_flags(NULL, 0));
	INT(evhttp_set_flags(http, 0));
	VOID(evhttp_send_error(NULL, 500, NULL));
	VOID(evhttp_send_error(NULL, 500, text));
	VOID(evhttp_send_error(req, 500, NULL));
	VOID(evhttp_send_error(req, 500, text));
	VOID(evhttp_send_reply(NULL, 200, NULL, NULL));
	VOID(evhttp_send_reply(NULL, 200, text, buf));
	VOID(evhttp_send_reply(req, 200, NULL, buf));
	VOID(evhttp_send_reply(req, 200, text, NULL));
	VOID(evhttp_send_reply(req, 200, text, buf));
	VOID(evhttp_send_reply_start(NULL, 200, NULL));
	VOID(evhttp_send_reply_start(NULL, 200, text));
	VOID(evhttp_send_reply_start(req, 200, NULL));
	VOID(evhttp_send_reply_start(req, 200, text));
	VOID(evhttp_send_reply_chunk(NULL, NULL));
	VOID(evhttp_send_reply_chunk(NULL, buf));
	VOID(evhttp_send_reply_chunk(req, NULL));
	VOID(evhttp_send_reply_chunk(req, buf));
	VOID(evhttp_send_reply_chunk_with_cb(NULL, NULL, NULL, NULL));
	VOID(evhttp_send_reply_chunk_with_cb(NULL, buf, on_con, room));
	VOID(evhttp_send_reply_chunk_with_cb(req, NULL, on_con, room));
	VOID(evhttp_send_reply_chunk_with_cb(req, buf, NULL, room));
	VOID(evhttp_send_reply_chunk_with_cb(req, buf, on_con, NULL));
	VOID(evhttp_send_reply_chunk_with_cb(req, buf, on_con, room));
	VOID(evhttp_send_reply_end(NULL));
	VOID(evhttp_send_reply_end(req));
	PTR(evhttp_request_new(NULL, NULL));
	PTR(evhttp_request_new(NULL, room));
	PTR(evhttp_request_new(on_request, NULL));
	PTR(evhttp_request_new(on_request, room));
	VOID(evhttp_request_set_chunked_cb(NULL, NULL));
	VOID(evhttp_request_set_chunked_cb(NULL, on_request));
	VOID(evhttp_request_set_chunked_cb(req, NULL));
	VOID(evhttp_request_set_chunked_cb(req, on_request));
	VOID(evhttp_request_set_header_cb(NULL, NULL));
	VOID(evhttp_request_set_header_cb(NULL, on_head));
	VOID(evhttp_request_set_header_cb(req, NULL));
	VOID(evhttp_request_set_header_cb(req, on_head));
	VOID(evhttp_request_set_error_cb(NULL, NULL));
	VOID(evhttp_request_set_error_cb(NULL, on_error));
	VOID(evhttp_request_set_error_cb(req, NULL));
	VOID(evhttp_request_set_error_cb(req, on_error));
	VOID(evhttp_request_set_on_complete_cb(NULL, NULL, NULL));
	VOID(evhttp_request_set_on_complete_cb(NULL, on_request, room));
	VOID(evhttp_request_set_on_complete_cb(req, NULL, room));
	VOID(evhttp_request_set_on_complete_cb(req, on_request, NULL));
	VOID(evhttp_request_set_on_complete_cb(req, on_request, room));
	VOID(evhttp_request_free(NULL));
	VOID(evhttp_request_free(req));
	VOID(evhttp_request_own(NULL));
	VOID(evhttp_request_own(req));
	INT(evhttp_request_is_owned(NULL));
	INT(evhttp_request_is_owned(req));
	PTR(evhttp_request_get_connection(NULL));
	PTR(evhttp_request_get_connection(req));
	TEXT(evhttp_request_get_uri(NULL));
	TEXT(evhttp_request_get_uri(req));
	PTR(evhttp_request_get_evhttp_uri(NULL));
	PTR(evhttp_request_get_evhttp_uri(req));
	INT(evhttp_request_get_command(NULL));
	INT(evhttp_request_get_command(req));
	INT(evhttp_request_get_response_code(NULL));
	INT(evhttp_request_get_response_code(req));
	TEXT(evhttp_request_get_response_code_line(NULL));
	TEXT(evhttp_request_get_response_code_line(req));
	PTR(evhttp_request_get_input_headers(NULL));
	PTR(evhttp_request_get_input_headers(req));
	PTR(evhttp_request_get_output_headers(NULL));
	PTR(evhttp_request_get_output_headers(req));
	PTR(evhttp_request_get_input_buffer(NULL));
	PTR(evhttp_request_get_input_buffer(req));
	PTR(evhttp_request_get_output_buffer(NULL));
	PTR(evhttp_request_get_output_buffer(req));
	TEXT(evhttp_request_get_host(NULL));
	TEXT(evhttp_request_get_host(req));
	PTR(evhttp_connection_base_bufferevent_new(NULL, NULL, NULL, NULL, 0));
	PTR(evhttp_connection_base_bufferevent_new(NULL, dns, bev, text, 0));
	PTR(evhttp_connection_base_bufferevent_new(base, NULL, bev, text, 0));
	PTR(evhttp_connection_base_bufferevent_new(base, dns, NULL, text, 0));
	PTR(evhttp_connection_base_bufferevent_new(base, dns, bev, NULL, 0));
	PTR(evhttp_connection_base_bufferevent_new(base, dns, bev, text, 0));
	PTR(evhttp_connection_base_new(NULL, NULL, NULL, 0));
	PTR(evhttp_connection_base_new(NULL, dns, text, 0));
	PTR(evhttp_connection_base_new(base, NULL, text, 0));
	PTR(evhttp_connection_base_new(base, dns, NULL, 0));
	PTR(evhttp_connection_base_new(base, dns, text, 0));
	PTR(evhttp_connection_get_bufferevent(NULL));
	PTR(evhttp_connection_get_bufferevent(con));
	PTR(evhttp_connection_get_server(NULL));
	PTR(evhttp_connection_get_server(con));
	PTR(evhttp_connection_get_base(NULL));
	PTR(evhttp_connection_get_base(con));
	VOID(evhttp_connection_set_family(NULL, AF_INET));
	VOID(evhttp_connection_set_family(con, AF_INET));
	INT(evhttp_connection_set_flags(NULL, 0));
	INT(evhttp_connection_set_flags(con, 0));
	VOID(evhttp_connection_set_max_headers_size(NULL, 0));
	VOID(evhttp_connection_set_max_headers_size(con, 0));
	VOID(evhttp_connection_set_max_body_size(NULL, 0));
	VOID(evhttp_connection_set_max_body_size(con, 0));
	VOID(evhttp_connection_free(NULL));
	VOID(evhttp_connection_free(con));
	VOID(evhttp_connection_free_on_completion(NULL));
	VOID(evhttp_connection_free_on_completion(con));
	VOID(evhttp_connection_set_local_address(NULL, NULL));
	VOID(evhttp_connection_set_local_address(NULL, text));
	VOID(evhttp_connection_set_local_address(con, NULL));
	VOID(evhttp_connection_set_local_address(con, text));
	VOID(evhttp_connection_set_local_port(NULL, 0));
	VOID(evhttp_connection_set_local_port(con, 0));
	VOID(evhttp_connection_set_timeout(NULL, 0));
	VOID(evhttp_connection_set_timeout(con, 0));
	VOID(evhttp_connection_set_timeout_tv(NULL, NULL));
	VOID(evhttp_connection_set_timeout_tv(NULL, &tv));
	VOID(evhttp_connection_set_timeout_tv(con, NULL));
	VOID(evhttp_connection_set_timeout_tv(con, &tv));
	VOID(evhttp_connection_set_initial_retry_tv(NULL, NULL));
	VOID(evhttp_connection_set_initial_retry_tv(NULL, &tv));
	VOID(evhttp_connection_set_initial_retry_tv(con, NULL));
	VOID(evhttp_connection_set_initial_retry_tv(con, &tv));
	VOID(evhttp_connection_set_retries(NULL, 0));
	VOID(evhttp_connection_set_retries(con, 0));
	VOID(evhttp_connection_set_closecb(NULL, NULL, NULL));
	VOID(evhttp_connection_set_closecb(NULL, on_con, room));
	VOID(evhttp_connection_set_closecb(con, NULL, room));
	VOID(evhttp_connection_set_closecb(con, on_con, NULL));
	VOID(evhttp_connection_set_closecb(con, on_con, room));
	VOID(evhttp_connection_get_peer(NULL, NULL, NULL));
	VOID(evhttp_connection_get_peer(NULL, &word, &u16));
	VOID(evhttp_connection_get_peer(con, NULL, &u16));
	VOID(evhttp_connection_get_peer(con, &word, NULL));
	VOID(evhttp_connection_get_peer(con, &word, &u16));
	PTR(evhttp_connection_get_addr(NULL));
	PTR(evhttp_connection_get_addr(con));
	INT(evhttp_make_request(NULL, NULL, 0, NULL));
	INT(evhttp_make_request(NULL, req, 0, text));
	INT(evhttp_make_request(con, NULL, 0, text));
	INT(evhttp_make_request(con, req, 0, NULL));
	INT(evhttp_make_request(con, req, 0, text));
	VOID(evhttp_cancel_request(NULL));
	VOID(evhttp_cancel_request(req));
	TEXT(evhttp_find_header(NULL, NULL));
	TEXT(evhttp_find_header(NULL, text));
	TEXT(evhttp_find_header(headers, NULL));
	TEXT(evhttp_find_header(headers, text));
	INT(evhttp_remove_header(NULL, NULL));
	INT(evhttp_remove_header(NULL, text));
	INT(evhttp_remove_header(headers, NULL));
	INT(evhttp_remove_header(headers, text));
	INT(evhttp_add_header(NULL, NULL, NULL));
	INT(evhttp_add_header(NULL, text, text));
	INT(evhttp_add_header(headers, NULL, text));
	INT(evhttp_add_header(headers, text, NULL));
	INT(evhttp_add_header(headers, text, text));
	VOID(evhttp_clear_headers(NULL));
	VOID(evhttp_clear_headers(headers));
	TEXT(evhttp_encode_uri(NULL));
	TEXT(evhttp_encode_uri(text));
	TEXT(evhttp_uriencode(NULL, 1, 0));
	TEXT(evhttp_uriencode(text, 1, 0));
	TEXT(evhttp_decode_uri(NULL));
	TEXT(evhttp_decode_uri(text));
	TEXT(evhttp_uridecode(NULL, 0, NULL));
	TEXT(evhttp_uridecode(NULL, 0, &size));
	TEXT(evhttp_uridecode(text, 0, NULL));
	TEXT(evhttp_uridecode(text, 0, &size));
	INT(evhttp_parse_query(NULL, NULL));
	INT(evhttp_parse_query(NULL, headers));
	INT(evhttp_parse_query(text, NULL));
	INT(evhttp_parse_query(text, headers));
	INT(evhttp_parse_query_str(NULL, NULL));
	INT(evhttp_parse_query_str(NULL, headers));
	INT(evhttp_parse_query_str(text, NULL));
	INT(evhttp_parse_query_str(text, headers));
	TEXT(evhttp_htmlescape(NULL));
	TEXT(evhttp_htmlescape(text));
	PTR(evhttp_uri_new());
	VOID(evhttp_uri_set_flags(NULL, 0));
	VOID(evhttp_uri_set_flags(uri, 0));
	TEXT(evhttp_uri_get_scheme(NULL));
	TEXT(evhttp_uri_get_scheme(uri));
	TEXT(evhttp_uri_get_userinfo(NULL));
	TEXT(evhttp_uri_get_userinfo(uri));
	TEXT(evhttp_uri_get_host(NULL));
	TEXT(evhttp_uri_get_host(uri));
	INT(evhttp_uri_get_port(NULL));
	INT(evhttp_uri_get_port(uri));
	TEXT(evhttp_uri_get_path(NULL));
	TEXT(evhttp_uri_get_path(uri));
	TEXT(evhttp_uri_get_query(NULL));
	TEXT(evhttp_uri_get_query(uri));
	TEXT(evhttp_uri_get_fragment(NULL));
	TEXT(evhttp_uri_get_fragment(uri));
	INT(evhttp_uri_set_scheme(NULL, NULL));
	INT(evhttp_uri_set_scheme(NULL, text));
	INT(evhttp_uri_set_scheme(uri, NULL));
	INT(evhttp_uri_set_scheme(uri, text));
	INT(evhttp_uri_set_userinfo(NULL, NULL));
	INT(evhttp_uri_set_userinfo(NULL, text));
	INT(evhttp_uri_set_userinfo(uri, NULL));
	INT(evhttp_uri_set_userinfo(uri, text));
	INT(evhttp_uri_set_host(NULL, NULL));
	INT(evhttp_uri_set_host(NULL, text));
	INT(evhttp_uri_set_host(uri, NULL));
	INT(evhttp_uri_set_host(uri, text));
	INT(evhttp_uri_set_port(NULL, 0));
	INT(evhttp_uri_set_port(uri, 0));
	INT(evhttp_uri_set_path(NULL, NULL));
	INT(evhttp_uri_set_path(NULL, text));
	INT(evhttp_uri_set_path(uri, NULL));
	INT(evhttp_uri_set_path(uri, text));
	INT(evhttp_uri_set_query(NULL, NULL));
	INT(evhttp_uri_set_query(NULL, text));
	INT(evhttp_uri_set_query(uri, NULL));
	INT(evhttp_uri_set_query(uri, text));
	INT(evhttp_uri_set_fragment(NULL, NULL));
	INT(evhttp_uri_set_fragment(NULL, text));
	INT(evhttp_uri_set_fragment(uri, NULL));
	INT(evhttp_uri_set_fragment(uri, text));
	PTR(evhttp_uri_parse_with_flags(NULL, 0));
	PTR(evhttp_uri_parse_with_flags(text, 0));
	PTR(evhttp_uri_parse(NULL));
	PTR(evhttp_uri_parse(text));
	VOID(evhttp_uri_free(NULL));
	VOID(evhttp_uri_free(uri));
	TEXT(evhttp_uri_join(NULL, NULL, sizeof room));
	TEXT(evhttp_uri_join(NULL, text, sizeof room));
	TEXT(evhttp_uri_join(uri, NULL, sizeof room));
	TEXT(evhttp_uri_join(uri, text, sizeof room));
	PTR(evhttp_connection_new(NULL, 0));
	PTR(evhttp_connection_new(text, 0));
	PTR(evhttp_start(NULL, 0));
	PTR(evhttp_start(text, 0));
	VOID(evhttp_connection_set_base(NULL, NULL));
	VOID(evhttp_connection_set_base(NULL, base));
	VOID(evhttp_connection_set_base(con, NULL));
	VOID(evhttp_connection_set_base(con, base));
	return 0;
}
