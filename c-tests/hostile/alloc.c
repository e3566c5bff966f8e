/*
 * Whole scenarios while the k-th allocation fails, for every k, and while all from the k-th on fail: no crash, nothing left
 * behind, and an end in bounded time.
 */
#include "hostile.h"
#include <sys/mman.h>
#ifdef HAVE_HTTP
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#endif
#ifdef HAVE_DNS
#include <event2/dns.h>
#include <event2/dns_struct.h>
#endif
#ifdef HAVE_SSL
#include <event2/bufferevent_ssl.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#endif

/* Shared with the processes of the single steps. */
static struct shared {
	long allocations, done, living, stuck;
} *shared;

static void step(void (*scenario)(void), long k, long count)
{
	pid_t child;
	int status;
	fflush(stdout);
	memset(shared, 0, sizeof *shared);
	child = fork();
	if (child == 0) {
		int fds = count_fds();
		alarm(in_valgrind ? 60 : 10);
		allocations = 0;
		fail_at = k, fail_count = count;
		scenario();
		shared->allocations = allocations;
		fail_at = 0;
		libevent_global_shutdown();
		shared->living = living + 1000 * (count_fds() - fds);
		shared->done = 1;
		exit(0);
	}
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		fail("allocation %ld (%ld): %s", k, count, WTERMSIG(status) == SIGALRM ? "it hangs" : strsignal(WTERMSIG(status)));
	else if (!shared->done)
		fail("allocation %ld (%ld): the library ended the process", k, count);
	else if (WEXITSTATUS(status))
		fail("allocation %ld (%ld): status %d", k, count, WEXITSTATUS(status));
	else if (shared->stuck)
		fail("allocation %ld (%ld): neither success nor failure", k, count);
	else if (shared->living)
		fail("allocation %ld (%ld): %ld allocations and descriptors (in thousands) left", k, count, shared->living);
}
static void sweep(void)
{
	void (*scenario)(void) = (void (*)(void))(uintptr_t)this_test->arg;
	long k, total;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	alarm(in_valgrind ? 600 : 200);
	step(scenario, 0, 0);
	total = shared->allocations;
	if (total < 5)
		fail("only %ld allocations: the scenario does nothing", total);
	for (k = 1; k <= total && problems < 10; k += in_valgrind ? 1 + total / 12 : 1) {
		step(scenario, k, 1);
		step(scenario, k, 1L << 40);
	}
}
/* What was begun neither succeeds nor fails. */
static void fail_in_step(void)
{
	shared->stuck = 1;
}
/* Turns the loop until `flag`, at most for a while: an answer that never comes is an error of its own kind only if nothing
 * limits the wait, so each scenario has a short timeout. */
static void turns_for(const int *flag, int ms, void (*also)(void))
{
	long end = now_ms() + (in_valgrind ? ms * 4 : ms);
	while (!*flag && now_ms() < end) {
		event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
		if (also)
			also();
		else
			poll(NULL, 0, 0);
	}
}

#ifdef HAVE_HTTP
static int http_done;
static void http_finished(struct evhttp_request *req, void *arg)
{
	(void)req, (void)arg;
	http_done++;
}
static void http_answer(struct evhttp_request *req, void *arg)
{
	struct evbuffer *b = evbuffer_new();
	(void)arg;
	if (b)
		evbuffer_add_printf(b, "body %s", evhttp_request_get_host(req) ? evhttp_request_get_host(req) : "-");
	evhttp_add_header(evhttp_request_get_output_headers(req), "X-A", "v");
	evhttp_find_header(evhttp_request_get_input_headers(req), "X-B");
	if (strstr(evhttp_request_get_uri(req), "chunk")) {
		evhttp_send_reply_start(req, 200, "OK");
		if (b)
			evhttp_send_reply_chunk(req, b);
		evhttp_send_reply_end(req);
	} else if (strstr(evhttp_request_get_uri(req), "error")) {
		evhttp_send_error(req, 500, "No");
	} else {
		evhttp_send_reply(req, 200, "OK", b);
	}
	if (b)
		evbuffer_free(b);
}
static void http_scenario(void)
{
	static const char *const uris[] = {"/plain", "/chunk?a=b", "/error"};
	struct evhttp *http = NULL;
	struct evhttp_bound_socket *handle = NULL;
	struct evhttp_connection *con = NULL;
	size_t i;
	base = event_base_new();
	if (!base)
		return;
	http = evhttp_new(base);
	if (http)
		handle = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	if (handle) {
		struct sockaddr_in sin;
		socklen_t len = sizeof sin;
		getsockname(evhttp_bound_socket_get_fd(handle), (struct sockaddr *)&sin, &len);
		evhttp_set_gencb(http, http_answer, NULL);
		evhttp_set_cb(http, "/error", http_answer, NULL);
		evhttp_set_timeout(http, 1);
		con = evhttp_connection_base_new(base, NULL, "127.0.0.1", ntohs(sin.sin_port));
	}
	if (con) {
		struct timeval tv = {0, 200000};
		evhttp_connection_set_timeout_tv(con, &tv);
		for (i = 0; i < 3; i++) {
			struct evhttp_request *req = evhttp_request_new(http_finished, NULL);
			if (!req)
				continue;
			http_done = 0;
			evhttp_add_header(evhttp_request_get_output_headers(req), "Host", "h");
			evhttp_add_header(evhttp_request_get_output_headers(req), "X-B", "v");
			if (i == 1)
				evbuffer_add(evhttp_request_get_output_buffer(req), "posted", 6);
			if (evhttp_make_request(con, req, i == 1 ? EVHTTP_REQ_POST : EVHTTP_REQ_GET, uris[i]) == 0) {
				turns_for(&http_done, 1500, NULL);
				if (!http_done)
					fail_in_step();
			}
		}
		evhttp_connection_free(con);
	}
	if (http)
		evhttp_free(http);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
}
static void texts_scenario(void)
{
	struct evkeyvalq q;
	struct evhttp_uri *uri = evhttp_uri_parse("http://user@host.example:80/path?query=1#fragment");
	char room[256], *text;
	size_t n;
	if (uri) {
		evhttp_uri_set_host(uri, "other.example");
		evhttp_uri_set_path(uri, "/elsewhere");
		evhttp_uri_set_query(uri, NULL);
		evhttp_uri_join(uri, room, sizeof room);
		evhttp_uri_free(uri);
	}
	if (evhttp_parse_query("http://h/?a=b&c=d%20e&f=%00g", &q) == 0 || 1)
		evhttp_clear_headers(&q);
	if (evhttp_parse_query_str("a=b&c=d", &q) == 0 || 1)
		evhttp_clear_headers(&q);
	evhttp_add_header(&q, "Name", "value");
	evhttp_add_header(&q, "Other", "value");
	evhttp_remove_header(&q, "Name");
	evhttp_clear_headers(&q);
	if ((text = evhttp_encode_uri("a b/c?")))
		counted_free(text);
	if ((text = evhttp_uriencode("a b", -1, 1)))
		counted_free(text);
	if ((text = evhttp_decode_uri("a%20b")))
		counted_free(text);
	if ((text = evhttp_uridecode("a%20b+c", 1, &n)))
		counted_free(text);
	if ((text = evhttp_htmlescape("<a>&\"'")))
		counted_free(text);
}
#endif

#ifdef HAVE_DNS
static int dns_fd, dns_done;
/* Answers A and AAAA. */
static void dns_answer(void)
{
	unsigned char b[1500];
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	ssize_t n;
	while ((n = recvfrom(dns_fd, b, sizeof b, 0, (struct sockaddr *)&from, &len)) > 12) {
		size_t at = 12, type;
		while (b[at])
			at += b[at] + 1u;
		type = b[at + 2];
		at += 5;
		b[2] |= 0x80, b[7] = 1, b[11] = 0;
		memcpy(b + at, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\1\2\3\4", 16);
		if (type == 28) {
			b[at + 3] = 28, b[at + 11] = 16;
			memset(b + at + 12, 1, 16);
		}
		sendto(dns_fd, b, at + (type == 28 ? 28 : 16), 0, (struct sockaddr *)&from, len);
	}
}
static void dns_resolved(int err, char type, int count, int ttl, void *addresses, void *arg)
{
	(void)err, (void)type, (void)count, (void)ttl, (void)addresses, (void)arg;
	dns_done++;
}
static void dns_info(int err, struct evutil_addrinfo *ai, void *arg)
{
	(void)err, (void)arg;
	if (ai)
		evutil_freeaddrinfo(ai);
	dns_done++;
}
static void dns_scenario(void)
{
	struct evdns_base *dns;
	struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = EVUTIL_AI_CANONNAME};
	struct in_addr in = {.s_addr = 0x01020304};
	char server[32];
	int port;
	dns_fd = bound(SOCK_DGRAM, &port);
	base = event_base_new();
	dns = base ? evdns_base_new(base, 0) : NULL;
	if (dns) {
		sprintf(server, "127.0.0.1:%d", port);
		evdns_base_set_option(dns, "timeout", "0.1");
		evdns_base_set_option(dns, "attempts", "1");
		evdns_base_set_option(dns, "bind-to", "127.0.0.1");
		evdns_base_search_add(dns, "example.com");
		evdns_base_search_add(dns, "example.org");
		if (evdns_base_nameserver_ip_add(dns, server) == 0) {
			dns_done = 0;
			if (evdns_base_resolve_ipv4(dns, "host", 0, dns_resolved, NULL))
				turns_for(&dns_done, 2000, dns_answer);
			dns_done = 0;
			if (evdns_base_resolve_reverse(dns, &in, 0, dns_resolved, NULL))
				turns_for(&dns_done, 2000, dns_answer);
			dns_done = 0;
			if (evdns_getaddrinfo(dns, "www.example.com", "80", &hints, dns_info, NULL) || !dns_done)
				turns_for(&dns_done, 2000, dns_answer);
			if (!dns_done)
				fail_in_step();
			/* Left for the end. */
			evdns_base_resolve_ipv6(dns, "late.example.com", 0, dns_resolved, NULL);
			evdns_getaddrinfo(dns, "late.example.com", "80", &hints, dns_info, NULL);
		}
		evdns_base_free(dns, 1);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	if (base)
		event_base_free(base);
	close(dns_fd);
}
static void dns_asked(struct evdns_server_request *req, void *arg)
{
	(void)arg;
	evdns_server_request_add_a_reply(req, req->questions[0]->name, 1, "\1\2\3\4", 60);
	evdns_server_request_add_cname_reply(req, "a.example", "b.example", 60);
	evdns_server_request_add_ptr_reply(req, NULL, "1.0.0.127.in-addr.arpa", "localhost.example", 60);
	dns_done++;
	if (evdns_server_request_respond(req, 0) < 0)
		evdns_server_request_drop(req);
}
static void dns_server_scenario(void)
{
	static const char query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\3com\0\0\1\0";
	struct evdns_server_port *p;
	int port, unused, fd = bound(SOCK_DGRAM, &port), client = bound(SOCK_DGRAM, &unused);
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	base = event_base_new();
	p = base ? evdns_add_server_port_with_base(base, fd, 0, dns_asked, NULL) : NULL;
	if (p) {
		int i;
		for (i = 0; i < 2; i++) {
			if (sendto(client, query, sizeof query, 0, (struct sockaddr *)&sin, sizeof sin) < 0)
				_exit(5);
			event_base_loop(base, EVLOOP_NONBLOCK);
		}
		evdns_close_server_port(p);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	if (base)
		event_base_free(base);
	close(fd), close(client);
}
static void dns_files_scenario(void)
{
	struct evdns_base *dns;
	char name[64];
	FILE *f;
	sprintf(name, "/tmp/hostile-alloc-%d", (int)getpid());
	f = fopen(name, "w");
	fputs("nameserver 127.0.0.1\nsearch a.example b.example\noptions ndots:2 timeout:3\n1.2.3.4 host alias\n::1 six\n", f);
	fclose(f);
	base = event_base_new();
	dns = base ? evdns_base_new(base, 0) : NULL;
	if (dns) {
		evdns_base_resolv_conf_parse(dns, DNS_OPTIONS_ALL, name);
		evdns_base_load_hosts(dns, name);
		evdns_base_clear_nameservers_and_suspend(dns);
		evdns_base_free(dns, 0);
	}
	if (base)
		event_base_free(base);
	unlink(name);
}
#endif

#ifdef HAVE_SSL
static SSL_CTX *server_ctx, *client_ctx;
static int tls_done, tls_ended;
static void make_contexts(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 360000);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	server_ctx = SSL_CTX_new(TLS_server_method());
	client_ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_use_certificate(server_ctx, cert);
	SSL_CTX_use_PrivateKey(server_ctx, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}
static void tls_read(struct bufferevent *b, void *arg)
{
	(void)arg;
	if (evbuffer_get_length(bufferevent_get_input(b)) >= 30000)
		tls_done = 1;
}
static void tls_event(struct bufferevent *b, short what, void *arg)
{
	(void)b, (void)arg;
	if (!(what & BEV_EVENT_CONNECTED))
		tls_ended = tls_done = 1;
}
static void tls_with(int filter)
{
	struct bufferevent *a, *b, *below = NULL;
	SSL *s1 = SSL_new(server_ctx), *s2 = SSL_new(client_ctx);
	static char big[30000];
	int fds[2];
	tls_done = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
		_exit(3);
	base = event_base_new();
	if (!base) {
		SSL_free(s1), SSL_free(s2), close(fds[0]), close(fds[1]);
		return;
	}
	/* Without CLOSE_ON_FREE: what belongs to whom stays plain also where a step fails. */
	if (filter) {
		below = bufferevent_socket_new(base, fds[0], 0);
		a = below ? bufferevent_openssl_filter_new(base, below, s1, BUFFEREVENT_SSL_ACCEPTING, 0) : NULL;
	} else {
		a = bufferevent_openssl_socket_new(base, fds[0], s1, BUFFEREVENT_SSL_ACCEPTING, 0);
	}
	b = bufferevent_openssl_socket_new(base, fds[1], s2, BUFFEREVENT_SSL_CONNECTING, 0);
	if (a && b) {
		bufferevent_setcb(a, tls_read, NULL, tls_event, NULL);
		bufferevent_setcb(b, tls_read, NULL, tls_event, NULL);
		bufferevent_enable(a, EV_READ | EV_WRITE);
		bufferevent_enable(b, EV_READ | EV_WRITE);
		bufferevent_write(a, big, sizeof big);
		turns_for(&tls_done, 300, NULL);
	}
	if (a)
		bufferevent_free(a);
	if (b)
		bufferevent_free(b);
	if (below)
		bufferevent_free(below);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_free(base);
	SSL_free(s1), SSL_free(s2), close(fds[0]), close(fds[1]);
}
static void tls_scenario(void) { tls_with(0); }
static void tls_filter_scenario(void) { tls_with(1); }
#endif

int main(int argc, char **argv)
{
#define SCENARIO(name, f) {name, sweep, 0, (const void *)(uintptr_t)f}
	static struct test tests[16];
	size_t n = 0;
#ifdef HAVE_HTTP
	tests[n++] = (struct test)SCENARIO("http: server and client", http_scenario);
	tests[n++] = (struct test)SCENARIO("http: texts", texts_scenario);
#endif
#ifdef HAVE_DNS
	tests[n++] = (struct test)SCENARIO("dns: resolver", dns_scenario);
	tests[n++] = (struct test)SCENARIO("dns: server", dns_server_scenario);
	tests[n++] = (struct test)SCENARIO("dns: files", dns_files_scenario);
#endif
#ifdef HAVE_SSL
	make_contexts();
	tests[n++] = (struct test)SCENARIO("tls: socket", tls_scenario);
	tests[n++] = (struct test)SCENARIO("tls: filter", tls_filter_scenario);
#endif
	return run_tests(argc, argv, tests, n);
}
