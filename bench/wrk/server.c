/* An evhttp server for `cargo xtask bench wrk`: prints its port, answers /small with 5 bytes and /large with 64 KiB. */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

static char big[65536];

static void
answer(struct evhttp_request *req, void *is_large)
{
	struct evbuffer *body = evbuffer_new();
	evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", "text/plain");
	if (is_large)
		evbuffer_add_reference(body, big, sizeof(big), NULL, NULL);
	else
		evbuffer_add(body, "hello", 5);
	evhttp_send_reply(req, HTTP_OK, "OK", body);
	evbuffer_free(body);
}

int
main(void)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);
	struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	signal(SIGPIPE, SIG_IGN);
	evhttp_set_cb(http, "/small", answer, NULL);
	evhttp_set_cb(http, "/large", answer, big);
	if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&addr, &len) != 0)
		return 1;
	printf("port %d\n", ntohs(addr.sin_port));
	fflush(stdout);
	event_base_dispatch(base);
	return 0;
}
