/* evbuffers: text, pieces, callbacks, and files that are sent. */
#include "check.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>

static int freed;
static void free_block(const void *data, size_t len, void *arg)
{
	(void)arg;
	CHECK(len == 5);
	CHECK(memcmp(data, "block", 5) == 0);
	freed++;
}
static size_t added, deleted;
static void changed(struct evbuffer *buf, const struct evbuffer_cb_info *info, void *arg)
{
	(void)buf, (void)arg;
	added += info->n_added;
	deleted += info->n_deleted;
}

static void text(void)
{
	struct evbuffer *b = evbuffer_new(), *other = evbuffer_new();
	struct evbuffer_ptr at;
	struct evbuffer_iovec v[4];
	char out[64];
	char *line;
	size_t n;
	evbuffer_add_cb(b, changed, NULL);
	CHECK(evbuffer_add_printf(b, "%s-%d-%lld-%zu-%x\r\n", "text", -7, 1LL << 40, (size_t)12, 255u) == 29);
	line = evbuffer_readln(b, &n, EVBUFFER_EOL_CRLF);
	CHECK(line && strcmp(line, "text--7-1099511627776-12-ff") == 0 && n == 27);
	free(line);
	CHECK(evbuffer_add(b, "hello ", 6) == 0 && evbuffer_prepend(b, ">> ", 3) == 0);
	CHECK(evbuffer_add_reference(b, "block", 5, free_block, NULL) == 0);
	at = evbuffer_search(b, "blo", 3, NULL);
	CHECK(at.pos == 9);
	CHECK(evbuffer_peek(b, -1, NULL, v, 4) >= 2);
	CHECK(evbuffer_copyout(b, out, 14) == 14 && memcmp(out, ">> hello block", 14) == 0);
	CHECK(evbuffer_remove_buffer(b, other, 11) == 11);
	CHECK(evbuffer_add_buffer(other, b) == 0 && evbuffer_get_length(b) == 0);
	CHECK(memcmp(evbuffer_pullup(other, -1), ">> hello block", 14) == 0);
	CHECK(evbuffer_drain(other, 14) == 0);
	CHECK(freed == 1);
	CHECK(evbuffer_reserve_space(b, 5000, v, 2) >= 1);
	memset(v[0].iov_base, 'x', 100);
	v[0].iov_len = 100;
	CHECK(evbuffer_commit_space(b, v, 1) == 0 && evbuffer_get_length(b) == 100);
	CHECK(evbuffer_freeze(b, 1) == 0 && evbuffer_drain(b, 1) == -1 && evbuffer_unfreeze(b, 1) == 0);
	evbuffer_drain(b, 100);
	CHECK(added == deleted);
	evbuffer_free(b);
	evbuffer_free(other);
}

#define SIZE 200000
static int make_file(const char *name)
{
	int fd = _open(name, _O_CREAT | _O_TRUNC | _O_RDWR | _O_BINARY, _S_IREAD | _S_IWRITE), i;
	char *all = malloc(SIZE);
	NEED(fd >= 0 && all);
	for (i = 0; i < SIZE; i++)
		all[i] = (char)(i % 251);
	NEED(_write(fd, all, SIZE) == SIZE);
	free(all);
	return fd;
}
static size_t wrong(struct evbuffer *b, size_t first)
{
	size_t bad = 0, i, n = evbuffer_get_length(b);
	const unsigned char *p = evbuffer_pullup(b, -1);
	for (i = 0; i < n; i++)
		bad += p[i] != (first + i) % 251;
	return bad;
}

static size_t got;
static struct evbuffer *received;
static void reading(struct bufferevent *bev, void *arg)
{
	got += evbuffer_get_length(bufferevent_get_input(bev));
	evbuffer_add_buffer(received, bufferevent_get_input(bev));
	if (got == 2 * SIZE)
		event_base_loopexit(arg, NULL);
}

static void files(void)
{
	static const unsigned flags[] = {0, EVBUF_FS_DISABLE_MMAP, EVBUF_FS_DISABLE_SENDFILE,
	    EVBUF_FS_DISABLE_MMAP | EVBUF_FS_DISABLE_SENDFILE};
	char name[MAX_PATH + 64];
	struct evbuffer *b = evbuffer_new();
	struct evbuffer_file_segment *seg;
	struct event_base *base = new_base();
	struct bufferevent *one, *two;
	evutil_socket_t pair[2];
	int fd;
	unsigned i;
	GetTempPathA(MAX_PATH, name);
	sprintf(name + strlen(name), "oxievent-%lu.tmp", GetCurrentProcessId());

	fd = make_file(name);
	for (i = 0; i < 4; i++) {
		seg = evbuffer_file_segment_new(fd, 100, SIZE - 100, flags[i]);
		CHECK(seg != NULL);
		if (!seg)
			continue;
		CHECK(evbuffer_add_file_segment(b, seg, 900, 5000) == 0);
		CHECK(evbuffer_get_length(b) == 5000);
		CHECK(wrong(b, 1000) == 0);
		evbuffer_drain(b, 5000);
		/* Whole, and longer than the segment: the rest. */
		CHECK(evbuffer_add_file_segment(b, seg, 0, -1) == 0);
		evbuffer_file_segment_free(seg);
		CHECK(evbuffer_get_length(b) == SIZE - 100);
		CHECK(wrong(b, 100) == 0);
		evbuffer_drain(b, (size_t)-1 / 2);
	}
	/* The length is found out; the file is closed with the segment. */
	seg = evbuffer_file_segment_new(fd, 0, -1, EVBUF_FS_CLOSE_ON_FREE);
	CHECK(seg != NULL);
	if (seg) {
		CHECK(evbuffer_add_file_segment(b, seg, 0, -1) == 0);
		evbuffer_file_segment_free(seg);
		CHECK(evbuffer_get_length(b) == SIZE && wrong(b, 0) == 0);
		evbuffer_drain(b, SIZE);
	}

	/* Through a socket: twice, as a file and as a segment. */
	received = evbuffer_new();
	NEED(evutil_socketpair(AF_INET, SOCK_STREAM, 0, pair) == 0);
	evutil_make_socket_nonblocking(pair[0]);
	evutil_make_socket_nonblocking(pair[1]);
	one = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
	two = bufferevent_socket_new(base, pair[1], BEV_OPT_CLOSE_ON_FREE);
	NEED(one && two);
	bufferevent_setcb(two, reading, NULL, NULL, base);
	bufferevent_enable(one, EV_WRITE);
	bufferevent_enable(two, EV_READ);
	fd = make_file(name);
	CHECK(evbuffer_add_file(bufferevent_get_output(one), fd, 0, SIZE) == 0);
	fd = _open(name, _O_RDONLY | _O_BINARY);
	NEED(fd >= 0);
	seg = evbuffer_file_segment_new(fd, 0, SIZE, EVBUF_FS_CLOSE_ON_FREE);
	NEED(seg != NULL);
	CHECK(evbuffer_add_file_segment(bufferevent_get_output(one), seg, 0, SIZE) == 0);
	evbuffer_file_segment_free(seg);
	run_loop(base, 20);
	CHECK(got == 2 * SIZE);
	if (got == 2 * SIZE) {
		unsigned char *p = evbuffer_pullup(received, -1);
		CHECK(memcmp(p, p + SIZE, SIZE) == 0);
		evbuffer_drain(received, SIZE);
		CHECK(wrong(received, 0) == 0);
	}
	bufferevent_free(one);
	bufferevent_free(two);
	evbuffer_free(received);
	evbuffer_free(b);
	event_base_free(base);
	CHECK(_unlink(name) == 0);
}

int main(int argc, char **argv)
{
	begin(argc, argv);
	text();
	files();
	return end();
}
