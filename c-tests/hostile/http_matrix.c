/*
 * Raw requests against an evhttp server: what is answered, what the program is shown, and above all what becomes of the
 * bytes behind the request. Each row is sent whole, cut in two at every place, and byte by byte: the outcome must be
 * the same.
 */
#ifdef HAVE_HTTP
#include "http_server.h"

/* The server's settings. */
enum { PLAIN, ALL_METHODS, LIMITS };
struct row {
	const char *name, *raw;
	size_t len;
	const char *wanted;
	int setting;
};
#define NEXT "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#define EVIL "GET /evil HTTP/1.1\r\nHost: h\r\n\r\n"
/* Its length as the text in a header. */
#define EVIL_LEN "31"
#define ROW(name, raw, wanted) {name, raw NEXT, sizeof(raw NEXT) - 1, wanted, PLAIN}
#define ROW_IN(setting, name, raw, wanted) {name, raw NEXT, sizeof(raw NEXT) - 1, wanted, setting}
#define GET(rest) "GET / HTTP/1.1\r\nHost: h\r\n" rest
#define POST(rest) "POST / HTTP/1.1\r\nHost: h\r\n" rest
#define CHUNKED(rest) POST("Transfer-Encoding: chunked\r\n\r\n") rest
#define OK "200 200 => /[] /next[]"
#define OK4 "200 200 => /[abcd] /next[]"
#define BAD "400 =>"
#define BIG "413 =>"

static const struct row rows[] = {
	/* First lines. */
	ROW("line: plain", GET("\r\n"), OK),
	ROW("line: query and fragment", "GET /a?b=c#d HTTP/1.1\r\nHost: h\r\n\r\n", "200 200 => /a?b=c#d[] /next[]"),
	ROW("line: absolute target", "GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n", "200 200 => http://h/x[] /next[] | 200 => http://h/x[]"),
	ROW("line: space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "200 200 => /a b[] /next[] | 400 =>"),
	ROW("line: version in the target", "GET /a HTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: two spaces before the target", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: two spaces behind the target", "GET /  HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: tabs between the words", "GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: tab in the target", "GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: control byte in the target", "GET /a\x01 HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: DEL in the target", "GET /a\x7f HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: CR in the target", "GET /a\rb HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: bare LF", "GET / HTTP/1.1\nHost: h\r\n\r\n", BAD),
	ROW("line: CR CR LF", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", BAD),
	ROW("line: space in front", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: empty line in front", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", OK " | " BAD),
	ROW("line: no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: nothing but a method", "GET\r\nHost: h\r\n\r\n", BAD),
	ROW("line: no version", "GET /\r\nHost: h\r\n\r\n", BAD),
	ROW("line: no method", " / HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: NUL in the method", "GE\0T / HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: not a token as method", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("line: unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "501 =>"),
	ROW("line: method in small letters", "get / HTTP/1.1\r\nHost: h\r\n\r\n", "501 =>"),
	ROW("line: method with more letters", "GETX / HTTP/1.1\r\nHost: h\r\n\r\n", "501 =>"),
	ROW("line: TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", BAD),
	ROW("line: HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BAD),
	/* Versions. */
	ROW("version: 1.0 ends the connection", "GET / HTTP/1.0\r\n\r\n", "200 => /[]"),
	ROW("version: 1.0 kept alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", OK),
	ROW("version: 1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", OK),
	ROW("version: 0.9", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", BAD),
	ROW("version: 2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", BAD),
	ROW("version: 1.99", "GET / HTTP/1.99\r\nHost: h\r\n\r\n", BAD),
	ROW("version: 4294967297.1", "GET / HTTP/4294967297.1\r\nHost: h\r\n\r\n", BAD),
	ROW("version: 1.4294967297", "GET / HTTP/1.4294967297\r\nHost: h\r\n\r\n", BAD),
	ROW("version: 01.1", "GET / HTTP/01.1\r\nHost: h\r\n\r\n", BAD),
	ROW("version: -1.1", "GET / HTTP/-1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("version: 1.+1", "GET / HTTP/1.+1\r\nHost: h\r\n\r\n", BAD),
	ROW("version: 1", "GET / HTTP/1\r\nHost: h\r\n\r\n", BAD),
	ROW("version: small letters", "GET / http/1.1\r\nHost: h\r\n\r\n", BAD),
	ROW("version: words behind", "GET / HTTP/1.1x\r\nHost: h\r\n\r\n", BAD),
	/* Header names. */
	ROW("name: empty", GET(": v\r\n\r\n"), BAD),
	ROW("name: space before the colon", GET("X-A : v\r\n\r\n"), BAD),
	ROW("name: tab before the colon", GET("X-A\t: v\r\n\r\n"), BAD),
	ROW("name: space inside", GET("X A: v\r\n\r\n"), BAD),
	ROW("name: parenthesis", GET("X(A: v\r\n\r\n"), BAD),
	ROW("name: NUL", GET("X\0A: v\r\n\r\n"), BAD),
	ROW("name: CR", GET("X\rA: v\r\n\r\n"), BAD),
	ROW("name: bytes above ASCII", GET("X\xe4: v\r\n\r\n"), BAD),
	ROW("name: no colon", GET("Xyz\r\n\r\n"), BAD),
	ROW("name: all token signs", GET("!#$%&'*+-.^_`|~09az: v\r\n\r\n"), OK),
	ROW("name: length with a space before the colon", POST("Content-Length : " EVIL_LEN "\r\n\r\n") EVIL, BAD),
	ROW("name: coding with a space before the colon", POST("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), BAD),
	ROW("name: blank first header line", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", BAD),
	/* Header values. */
	ROW("value: trimmed", GET("X-A: \t v \t \r\n\r\n"), "200 200 => /[]<v> /next[]"),
	ROW("value: empty", GET("X-A:\r\n\r\n"), "200 200 => /[]<> /next[]"),
	ROW("value: without a space", GET("X-A:v\r\n\r\n"), "200 200 => /[]<v> /next[]"),
	ROW("value: bytes above ASCII", GET("X-A: \xe4\xff\r\n\r\n"), "200 200 => /[]<\xe4\xff> /next[]"),
	ROW("value: NUL", GET("X-A: v\0w\r\n\r\n"), BAD),
	ROW("value: CR", GET("X-A: v\rw\r\n\r\n"), BAD),
	ROW("value: CR at the end", GET("X-A: v\r\r\n\r\n"), BAD),
	ROW("value: bare LF", GET("X-A: v\nX-T: w\r\n\r\n"), BAD),
	ROW("value: control byte", GET("X-A: v\x02\r\n\r\n"), BAD),
	ROW("value: DEL", GET("X-A: v\x7f\r\n\r\n"), BAD),
	ROW("head: ends in LF LF", "GET / HTTP/1.1\r\nHost: h\n\n", BAD),
	ROW("head: ends in CR LF LF", "GET / HTTP/1.1\r\nHost: h\r\n\n", BAD),
	ROW("head: CR alone as the last line", "GET / HTTP/1.1\r\nHost: h\r\n\rX: y\r\n\r\n", BAD),
	/* Folded values. */
	ROW("fold: joined by one space", GET("X-A: a\r\n  \t b\r\n\r\n"), "200 200 => /[]<a b> /next[] | 400 =>"),
	ROW("fold: three lines", GET("X-A: a\r\n b\r\n\tc\r\n\r\n"), "200 200 => /[]<a b c> /next[] | 400 =>"),
	ROW("fold: is no field", POST("X-A: a\r\n Content-Length: " EVIL_LEN "\r\n\r\n"),
	    "200 200 => /[]<a Content-Length: 31> /next[] | 400 =>"),
	ROW("fold: is no coding", POST("X-A: a\r\n Transfer-Encoding: chunked\r\n\r\n"),
	    "200 200 => /[]<a Transfer-Encoding: chunked> /next[] | 400 =>"),
	ROW("fold: length on the next line", POST("Content-Length:\r\n 4\r\n\r\nabcd"), OK4 " | " BAD),
	ROW("fold: length in two parts", POST("Content-Length: 1\r\n 1\r\n\r\nabcd"), BAD),
	ROW("fold: coding in two parts", POST("Transfer-Encoding: chun\r\n ked\r\n\r\n0\r\n\r\n"), BAD " | 501 =>"),
	ROW("fold: NUL inside", GET("X-A: a\r\n \0b\r\n\r\n"), BAD),
	ROW("fold: bare LF inside", GET("X-A: a\n b\r\n\r\n"), BAD),
	/* Host. */
	ROW("host: missing in 1.1 is tolerated", "GET / HTTP/1.1\r\n\r\n", OK " | " BAD),
	ROW("host: empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", OK),
	ROW("host: with a port", "GET / HTTP/1.1\r\nHost: h.example:8080\r\n\r\n", OK),
	ROW("host: IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", OK),
	ROW("host: twice the same", GET("Host: h\r\n\r\n"), BAD),
	ROW("host: two", GET("Host: other\r\n\r\n"), BAD),
	ROW("host: two, in other letters", GET("hOST: other\r\n\r\n"), BAD),
	ROW("host: with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", BAD),
	ROW("host: a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BAD),
	ROW("host: user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", BAD),
	ROW("host: list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", BAD),
	ROW("host: markup", "GET / HTTP/1.1\r\nHost: <b>\r\n\r\n", BAD),
	/* Lengths. */
	ROW("length: body", POST("Content-Length: 4\r\n\r\nabcd"), OK4),
	ROW("length: 0", POST("Content-Length: 0\r\n\r\n"), OK),
	ROW("length: leading zeros", POST("Content-Length: 0004\r\n\r\nabcd"), OK4),
	ROW("length: plus", POST("Content-Length: +4\r\n\r\nabcd"), BAD),
	ROW("length: minus", POST("Content-Length: -4\r\n\r\nabcd"), BAD),
	ROW("length: minus 0", POST("Content-Length: -0\r\n\r\n") EVIL, BAD),
	ROW("length: hexadecimal", POST("Content-Length: 0x4\r\n\r\nabcd"), BAD),
	ROW("length: fraction", POST("Content-Length: 4.0\r\n\r\nabcd"), BAD),
	ROW("length: exponent", POST("Content-Length: 4e0\r\n\r\nabcd"), BAD),
	ROW("length: words behind", POST("Content-Length: 4 bytes\r\n\r\nabcd"), BAD),
	ROW("length: vertical tab", POST("Content-Length: \t\v4\r\n\r\nabcd"), BAD),
	ROW("length: NUL", POST("Content-Length: 4\0" "4\r\n\r\nabcd"), BAD),
	ROW("length: empty", POST("Content-Length:\r\n\r\n") EVIL, BAD),
	ROW("length: list of the same", POST("Content-Length: 4, 4\r\n\r\nabcd"), BAD),
	ROW("length: list", POST("Content-Length: 4,0\r\n\r\nabcd"), BAD),
	ROW("length: twice the same", POST("Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd"), OK4 " | " BAD),
	ROW("length: two", POST("Content-Length: 0\r\nContent-Length: " EVIL_LEN "\r\n\r\n") EVIL, BAD),
	ROW("length: two, larger first", POST("Content-Length: " EVIL_LEN "\r\nContent-Length: 0\r\n\r\n") EVIL, BAD),
	ROW("length: two, in other letters", POST("content-length: 0\r\nCONTENT-LENGTH: " EVIL_LEN "\r\n\r\n") EVIL, BAD),
	ROW("length: 2^63", POST("Content-Length: 9223372036854775808\r\n\r\nabcd"), BIG " | " BAD),
	ROW("length: 2^64 + 4", POST("Content-Length: 18446744073709551620\r\n\r\nabcd"), BIG " | " BAD),
	ROW("length: 30 digits", POST("Content-Length: 999999999999999999999999999999\r\n\r\nabcd"), BIG " | " BAD),
	/* A body where libevent expects none. */
	ROW("body: of GET", GET("Content-Length: " EVIL_LEN "\r\n\r\n") EVIL,
	    "200 200 => /[GET /evil HTTP/1.1\r\nHost: h\r\n\r\n] /next[] | 400 =>"),
	ROW("body: of HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\nContent-Length: " EVIL_LEN "\r\n\r\n" EVIL,
	    "200 200 => /[GET /evil HTTP/1.1\r\nHost: h\r\n\r\n] /next[] | 400 =>"),
	ROW("body: of DELETE", "DELETE / HTTP/1.1\r\nHost: h\r\nContent-Length: " EVIL_LEN "\r\n\r\n" EVIL,
	    "200 200 => /[GET /evil HTTP/1.1\r\nHost: h\r\n\r\n] /next[] | 400 =>"),
	ROW("body: of GET, chunked", GET("Transfer-Encoding: chunked\r\n\r\n1f\r\n" EVIL "\r\n0\r\n\r\n"),
	    "200 200 => /[GET /evil HTTP/1.1\r\nHost: h\r\n\r\n] /next[] | 400 =>"),
	ROW_IN(ALL_METHODS, "body: of OPTIONS", "OPTIONS / HTTP/1.1\r\nHost: h\r\nContent-Length: " EVIL_LEN "\r\n\r\n" EVIL,
	    "200 200 => /[GET /evil HTTP/1.1\r\nHost: h\r\n\r\n] /next[] | 400 =>"),
	ROW_IN(ALL_METHODS, "body: of TRACE", "TRACE / HTTP/1.1\r\nHost: h\r\nContent-Length: " EVIL_LEN "\r\n\r\n" EVIL,
	    "200 200 => /[GET /evil HTTP/1.1\r\nHost: h\r\n\r\n] /next[] | 400 =>"),
	ROW("body: of a method that is not allowed", "PATCH / HTTP/1.1\r\nHost: h\r\nContent-Length: " EVIL_LEN "\r\n\r\n" EVIL,
	    "501 =>"),
	ROW("body: of an unknown method", "BREW / HTTP/1.1\r\nHost: h\r\nContent-Length: " EVIL_LEN "\r\n\r\n" EVIL, "501 =>"),
	/* Codings. */
	ROW("coding: chunked", CHUNKED("4\r\nabcd\r\n0\r\n\r\n"), OK4),
	ROW("coding: other letters", POST("tRANSFER-eNCODING: ChUnKeD\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"), OK4),
	ROW("coding: twice in a list", POST("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"), BAD),
	ROW("coding: two fields", POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), BAD),
	ROW("coding: identity, then chunked in a field",
	    POST("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "501 => | 400 =>"),
	ROW("coding: chunked, then identity in a field",
	    POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"), BAD),
	ROW("coding: gzip, chunked", POST("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "501 =>"),
	ROW("coding: chunked, gzip", POST("Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"), BAD),
	ROW("coding: gzip", POST("Transfer-Encoding: gzip\r\n\r\n") EVIL, "501 =>"),
	ROW("coding: identity", POST("Transfer-Encoding: identity\r\n\r\n") EVIL, "501 => | 400 =>"),
	ROW("coding: unknown", POST("Transfer-Encoding: xchunked\r\n\r\n") EVIL, "501 =>"),
	ROW("coding: with a parameter", POST("Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"), "501 => | 400 =>"),
	ROW("coding: vertical tab", POST("Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n"), BAD),
	ROW("coding: quoted", POST("Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), BAD),
	ROW("coding: empty", POST("Transfer-Encoding:\r\n\r\n") EVIL, BAD),
	ROW("coding: comma alone", POST("Transfer-Encoding: ,\r\n\r\n") EVIL, BAD),
	ROW("coding: empty list item", POST("Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"), BAD),
	ROW("coding: and length", POST("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"), BAD),
	ROW("coding: length first", POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), BAD),
	ROW("coding: and length 0", POST("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), BAD),
	ROW("coding: in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n", BAD),
	ROW("coding: name with underscore is another field", POST("Transfer_Encoding: chunked\r\n\r\n"), OK),
	/* Chunks. */
	ROW("chunk: several", CHUNKED("2\r\nab\r\n1\r\nc\r\n1\r\nd\r\n0\r\n\r\n"), OK4),
	ROW("chunk: leading zeros", CHUNKED("0000004\r\nabcd\r\n000\r\n\r\n"), OK4),
	ROW("chunk: letters", CHUNKED("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), "200 200 => /[01234567890123456789] /next[]"),
	ROW("chunk: none", CHUNKED("0\r\n\r\n"), OK),
	ROW("chunk: 0x", CHUNKED("0x4\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: plus", CHUNKED("+4\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: minus 0", CHUNKED("-0\r\n\r\n"), BAD),
	ROW("chunk: minus", CHUNKED("-4\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: space in front", CHUNKED(" 4\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: space behind", CHUNKED("4 \r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: words behind", CHUNKED("4 xyz\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: not a digit", CHUNKED("g\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: size missing", CHUNKED("\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: size missing before an extension", CHUNKED(";a\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: NUL in the size", CHUNKED("4\0\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: extension", CHUNKED("4;a=b\r\nabcd\r\n0;c\r\n\r\n"), OK4),
	ROW("chunk: extension with blanks", CHUNKED("4 ; a=b\r\nabcd\r\n0\r\n\r\n"), OK4 " | " BAD),
	ROW("chunk: extension with a bare LF", CHUNKED("4;a\nb\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: extension with a CR", CHUNKED("4;a\rb\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: extension with a NUL", CHUNKED("4;a\0b\r\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: bare LF behind the size", CHUNKED("4\nabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: bare LF behind the data", CHUNKED("4\r\nabcd\n0\r\n\r\n"), BAD),
	ROW("chunk: bare LF at the end", CHUNKED("4\r\nabcd\r\n0\n\n"), BAD),
	ROW("chunk: CR alone behind the size", CHUNKED("4\rabcd\r\n0\r\n\r\n"), BAD),
	ROW("chunk: more data than said", CHUNKED("4\r\nabcdX\r\n0\r\n\r\n"), BAD),
	ROW("chunk: two bytes more instead of the CRLF", CHUNKED("4\r\nabcdXX0\r\n\r\n"), BAD),
	ROW("chunk: 2^64 - 1", CHUNKED("ffffffffffffffff\r\nabcd"), BIG " | " BAD),
	ROW("chunk: 2^64 + 4", CHUNKED("10000000000000004\r\nabcd\r\n0\r\n\r\n"), BIG " | " BAD),
	ROW("chunk: 2^32 + 4 is not 4", CHUNKED("4\r\nabcd\r\n0000000000000000000000000\r\n\r\n"), OK4 " | " BAD),
	ROW("chunk: sum above 2^64", CHUNKED("4\r\nabcd\r\nfffffffffffffffe\r\nab"), BIG " | " BAD),
	/* Trailers: read, and dropped. */
	ROW("trailer: dropped", CHUNKED("4\r\nabcd\r\n0\r\nX-T: v\r\nX-A: w\r\n\r\n"), OK4),
	ROW("trailer: a length", CHUNKED("4\r\nabcd\r\n0\r\nContent-Length: " EVIL_LEN "\r\n\r\n"), OK4 " | " BAD),
	ROW("trailer: a coding", CHUNKED("4\r\nabcd\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"), OK4 " | " BAD),
	ROW("trailer: a host", CHUNKED("4\r\nabcd\r\n0\r\nHost: other\r\n\r\n"), OK4 " | " BAD),
	ROW("trailer: connection close", CHUNKED("4\r\nabcd\r\n0\r\nConnection: close\r\n\r\n"), OK4 " | " BAD),
	ROW("trailer: no colon", CHUNKED("4\r\nabcd\r\n0\r\nxyz\r\n\r\n"), BAD),
	ROW("trailer: empty name", CHUNKED("4\r\nabcd\r\n0\r\n: v\r\n\r\n"), BAD),
	ROW("trailer: bare LF", CHUNKED("4\r\nabcd\r\n0\r\nX-T: v\n\r\n"), BAD),
	ROW("trailer: NUL", CHUNKED("4\r\nabcd\r\n0\r\nX-T: \0\r\n\r\n"), BAD),
	ROW("trailer: ends in LF", CHUNKED("4\r\nabcd\r\n0\r\nX-T: v\r\n\n"), BAD),
	/* Expect. */
	ROW("expect: continue", POST("Expect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd"),
	    "100 200 200 => /[abcd] /next[] | 200 200 => /[abcd] /next[]"),
	ROW("expect: other letters", POST("Expect: 100-Continue\r\nContent-Length: 4\r\n\r\nabcd"),
	    "100 200 200 => /[abcd] /next[] | 200 200 => /[abcd] /next[]"),
	ROW("expect: without a body", GET("Expect: 100-continue\r\n\r\n"), OK " | 100 200 200 => /[] /next[]"),
	ROW("expect: chunked", POST("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"),
	    "100 200 200 => /[abcd] /next[] | 200 200 => /[abcd] /next[]"),
	ROW("expect: unknown", POST("Expect: tea\r\nContent-Length: 4\r\n\r\nabcd"), "417 =>"),
	ROW("expect: in 1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd", "200 => /[abcd]"),
	ROW_IN(LIMITS, "expect: body too large", POST("Expect: 100-continue\r\nContent-Length: 65\r\n\r\n"), BIG " | 417 =>"),
	/* Connection. */
	ROW("connection: close", GET("Connection: close\r\n\r\n"), "200 => /[]"),
	ROW("connection: close among others", GET("Connection: x, Close , y\r\n\r\n"), "200 => /[]"),
	ROW("connection: two fields", GET("Connection: keep-alive\r\nConnection: close\r\n\r\n"), "200 => /[]"),
	ROW("connection: a word that begins like close", GET("Connection: closed\r\n\r\n"), OK),
	/* Methods. */
	ROW("method: HEAD has no body", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", OK),
	ROW("method: PUT", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd", OK4),
	ROW("method: OPTIONS is not allowed", "OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n", "501 => | 405 =>"),
	ROW("method: TRACE is not allowed", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", "501 => | 405 =>"),
	ROW("method: CONNECT is not allowed", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", "501 => | 405 =>"),
	ROW_IN(ALL_METHODS, "method: OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "200 200 => *[] /next[]"),
	ROW_IN(ALL_METHODS, "method: CONNECT", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", "200 200 => h:1[] /next[] | 200 => h:1[]"),
	ROW_IN(ALL_METHODS, "method: PATCH", "PATCH / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd", OK4),
	/* Limits of the server: 200 bytes of headers, 64 of body. */
	ROW_IN(LIMITS, "limit: body of 64", POST("Content-Length: 64\r\n\r\n"
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
	    "200 200 => /[0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef] /next[]"),
	ROW_IN(LIMITS, "limit: body of 65", POST("Content-Length: 65\r\n\r\n"
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef!"), BIG),
	ROW_IN(LIMITS, "limit: chunk of 65", POST("Transfer-Encoding: chunked\r\n\r\n41\r\n"
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef!\r\n0\r\n\r\n"), BIG),
	ROW_IN(LIMITS, "limit: chunks of 33 and 32", POST("Transfer-Encoding: chunked\r\n\r\n21\r\n"
	    "0123456789abcdef0123456789abcdef!\r\n20\r\n0123456789abcdef0123456789abcdef\r\n0\r\n\r\n"), BIG),
	ROW_IN(LIMITS, "limit: head of many fields", GET("A: bcdefghijklmnopqrstuvw\r\nB: bcdefghijklmnopqrstuvw\r\n"
	    "C: bcdefghijklmnopqrstuvw\r\nD: bcdefghijklmnopqrstuvw\r\nE: bcdefghijklmnopqrstuvw\r\nF: bcdefghijklmnopqrst\r\n"
	    "G: bcdefghijklmnopqrstuvw\r\nH: bcdefghijklmnopqrstuvw\r\nI: bcdefghijklmnopqrstuvw\r\nJ: bcdefghijklmnopqrst\r\n"
	    "\r\n"), BAD " | 413 => | 431 =>"),
	ROW_IN(LIMITS, "limit: long target", "GET /123456789012345678901234567890123456789012345678901234567890"
	    "12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
	    "1234567890123456789012345678901234567890 HTTP/1.1\r\nHost: h\r\n\r\n", BAD " | 413 => | 414 => | 431 =>"),
};

/* Sends the row in pieces that end at `cut` (0: whole, -1: single bytes). */
static void send_row(const struct row *r, long cut)
{
	struct conn c;
	const char *is;
	seen[0] = '\0';
	client(&c);
	if (cut < 0) {
		size_t i;
		for (i = 0; i < r->len; i++)
			if (!conn_send(&c, r->raw + i, 1))
				break;
	} else if (!cut || conn_send(&c, r->raw, (size_t)cut)) {
		conn_send(&c, r->raw + cut, r->len - (size_t)cut);
	}
	if (!conn_until_end(&c, 3000))
		fail("cut at %ld: the server does not end the connection", cut);
	is = outcome(&c);
	if (!one_of(is, r->wanted))
		fail("cut at %ld: %s, wanted %s", cut, shown(is, strlen(is)), shown(r->wanted, strlen(r->wanted)));
	conn_close(&c);
}
static void run_row(void)
{
	const struct row *r = this_test->arg;
	size_t cut;
	serve(NULL, NULL);
	if (r->setting == ALL_METHODS)
		evhttp_set_allowed_methods(http, 0xffff);
	if (r->setting == LIMITS) {
		evhttp_set_max_headers_size(http, 200);
		evhttp_set_max_body_size(http, 64);
	}
	send_row(r, 0);
	if (!problems) {
		send_row(r, -1);
		for (cut = 1; cut < r->len && problems < 3 && !in_valgrind; cut++)
			send_row(r, (long)cut);
	}
	unserve();
}

int main(int argc, char **argv)
{
	static struct test tests[sizeof rows / sizeof *rows];
	size_t i;
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		tests[i].name = rows[i].name, tests[i].run = run_row, tests[i].arg = &rows[i];
	return RUN_TESTS(argc, argv, tests);
}
#else
int main(void) { return 0; }
#endif
