#!/usr/bin/env python3
"""Runs the original's samples and bench programs and checks what they do.

usage: drive.py FOLDER_WITH_PROGRAMS [NAME...]

Each function below named as a program drives that program. The libraries are found through LD_LIBRARY_PATH.
"""
import contextlib
import http.client
import http.server
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE = 40
BIN = ""


class Skipped(Exception):
    pass


def check(condition, *words):
    if not condition:
        raise AssertionError(" ".join(str(w) for w in words) or "not as it must be")


class Program:
    """A running program with what it has written so far."""

    def __init__(self, name, *args, **more):
        self.process = subprocess.Popen(
            [os.path.join(BIN, name), *map(str, args)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more
        )
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def until(self, words, patience=PATIENCE):
        """Reads until the output has `words` (a regular expression)."""
        end = time.monotonic() + patience
        while not (found := re.search(words, self.text)):
            left = end - time.monotonic()
            ready = select.select([self.process.stdout], [], [], max(left, 0))[0]
            check(ready, "no", repr(words), "in", repr(self.text))
            piece = os.read(self.process.stdout.fileno(), 65536)
            check(piece, "it ended without", repr(words), "after", repr(self.text))
            self.text += piece.decode(errors="replace")
        return found

    def ended(self, code=0):
        rest, _ = self.process.communicate(timeout=PATIENCE)
        self.text += rest.decode(errors="replace")
        check(self.process.returncode == code, "it ended with", self.process.returncode, self.text)
        return self.text

    def catches(self, number):
        """Waits until it has a handler for a signal."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with open("/proc/%d/status" % self.process.pid) as status:
                mask = next(int(l.split()[1], 16) for l in status if l.startswith("SigCgt"))
            if mask & 1 << number - 1:
                return
            time.sleep(0.01)
        check(False, "it has no handler for signal", number)

    def signal(self, number):
        self.process.send_signal(number)


def run(name, *args, code=0, **more):
    with Program(name, *args, **more) as program:
        return program.ended(code)


def is_free(port, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            raise Skipped("port %d, which it always uses, is taken" % port) from None


def connect(port, family=socket.AF_INET):
    end = time.monotonic() + PATIENCE
    while True:
        s = socket.socket(family, socket.SOCK_STREAM)
        s.settimeout(PATIENCE)
        try:
            s.connect(("127.0.0.1", port) if family == socket.AF_INET else port)
            return s
        except OSError:
            s.close()
            check(time.monotonic() < end, "nobody listens on", port)
            time.sleep(0.02)


def get(port, path, method="GET", body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(method, path, body)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="oxievent-samples-")
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextlib.contextmanager
def web_server(certificate=None):
    """An HTTP(S) server in Python, to check the clients against something that is not ours."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, data):
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            self.answer(b"page %s " % self.path.encode() + b"x" * 50000)

        def do_POST(self):
            length = int(self.headers["Content-Length"])
            self.answer(b"got %d bytes: " % length + self.rfile.read(length))

        def log_message(self, *_):
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_):
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def certificate():
    with folder() as path:
        name = os.path.join(path, "both.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost", "-keyout", name, "-out", name + ".crt"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        with open(name, "a") as both, open(name + ".crt") as crt:
            both.write(crt.read())
        yield name


def relay(a, b):
    """Copies both ways until both sides have ended."""
    ends = {a: b, b: a}
    while ends:
        for s in select.select(list(ends), [], [], PATIENCE)[0] or [None]:
            if s is None:
                return
            data = s.recv(65536)
            if data:
                ends[s].sendall(data) if s in ends else None
            else:
                with contextlib.suppress(OSError):
                    ends[s].shutdown(socket.SHUT_WR)
                del ends[s]


# ---- the samples ----


def hello_world():
    is_free(9995)
    with Program("hello-world") as p:
        for _ in range(3):
            with connect(9995) as s:
                check(s.makefile().read() == "Hello, World!\n")
        p.signal(signal.SIGINT)
        text = p.ended()
        check("Caught an interrupt signal" in text and text.count("flushed answer") == 3, text)


def signal_test():
    with Program("signal-test") as p:
        p.catches(signal.SIGINT)
        for _ in range(3):
            p.signal(signal.SIGINT)
            time.sleep(0.2)
        check(p.ended().count("signal_cb: got signal 2") == 3, p.text)


def time_test():
    with Program("time-test") as again, Program("time-test", "-p") as persistent:
        for p in (again, persistent):
            p.until(r"(timeout_cb called at \d+: .* seconds elapsed.\n){2}")
            for seconds in re.findall(r": (\S+) seconds", p.text):
                check(1.9 < float(seconds) < 2.9, p.text)


def event_read_fifo():
    with folder() as here, Program("event-read-fifo", cwd=here) as p:
        p.until("Write data to event.fifo")
        p.catches(signal.SIGINT)
        with open(os.path.join(here, "event.fifo"), "w") as fifo:
            fifo.write("through the fifo")
            fifo.flush()
            time.sleep(0.1)
        text = p.ended()
        check("Read: through the fifo" in text and "Connection closed" in text, text)
        check(os.listdir(here) == [])


@contextlib.contextmanager
def running_http_server(root, *args):
    with Program("http-server", *args, root) as p:
        yield p, int(p.until(r"Listening on [^:\n]*:(\d+)").group(1))
        p.signal(signal.SIGINT)
        check("Terminating" in p.ended())


def http_server():
    with folder() as root:
        big = bytes(range(256)) * 3000
        for name, data in (("page.html", b"<p>hello</p>"), ("big.bin", big), ("a b.txt", b"blank")):
            with open(os.path.join(root, name), "wb") as file:
                file.write(data)
        with running_http_server(root) as (p, port):
            answer, data = get(port, "/page.html")
            check(answer.status == 200 and data == b"<p>hello</p>")
            check(answer.getheader("Content-Type") == "text/html" and answer.getheader("Date"))
            check(get(port, "/big.bin")[1] == big and get(port, "/a%20b.txt")[1] == b"blank")
            answer, data = get(port, "/")
            check(answer.status == 200 and b"page.html" in data and b"big.bin" in data, data)
            check([get(port, n)[0].status for n in ("/none", "/../etc/passwd", "/%2e%2e/x")] == [404] * 3)
            check(get(port, "/dump", "POST", b"some body")[0].status == 200)
            p.until("Received a POST request for /dump")
            p.until("some body")
        path = os.path.join(root, "socket")
        with Program("http-server", "-U", path, root) as p:
            p.until("Listening on <")
            with connect(path, socket.AF_UNIX) as s:
                s.sendall(b"GET /page.html HTTP/1.0\r\n\r\n")
                check(s.makefile().read().endswith("<p>hello</p>"))


def http_connect():
    """Through a proxy in Python to a server in Python."""
    with web_server() as port, socket.create_server(("127.0.0.1", 0)) as proxy:
        seen = []

        def serve():
            client = proxy.accept()[0]
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            seen.append(head)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(client, socket.create_connection(("127.0.0.1", port)))
            client.close()

        threading.Thread(target=serve, daemon=True).start()
        url = "http://127.0.0.1:%d/through?a=b" % port
        text = run("http-connect", "http://127.0.0.1:%d" % proxy.getsockname()[1], url)
        check(seen[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % port), seen)
        check("page /through?a=b x" in text and text.count("x") >= 50000, text[:200])


def https_client():
    with certificate() as pem, web_server(pem) as port:
        url = "https://localhost:%d/some?x=y" % port
        text = run("https-client", "-url", url, "-crt", pem)
        check("Response line: 200 OK" in text and "page /some?x=y" in text and text.count("x") >= 50000, text[:300])
        check("which looks good to me" in text)
        check("Response line: 200" in run("https-client", "-url", url, "-ignore-cert", "-timeout", 20))
        check("certificate verify failed" in run("https-client", "-url", url))
        check("Got 'MatchNotFound'" in run("https-client", "-url", url.replace("localhost", "127.0.0.1"), "-crt", pem))
        with folder() as here:
            data = os.path.join(here, "data")
            with open(data, "w") as file:
                file.write("posted " * 3000)
            text = run("https-client", "-url", url, "-crt", pem, "-data", data, "-retries", 2)
            check("got 21000 bytes: posted" in text and text.count("posted") == 3000, text[:300])
    with web_server() as port:
        check("page /plain" in run("https-client", "-url", "http://127.0.0.1:%d/plain" % port))


def le_proxy():
    with certificate() as pem, web_server() as plain, web_server(pem) as tls:
        for args, behind in (([], plain), (["-s"], tls), (["-s", "-W"], tls)):
            # It listens on the port that it is told, so one is looked for.
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = probe.getsockname()[1]
            with Program("le-proxy", *args, "127.0.0.1:%d" % port, "127.0.0.1:%d" % behind):
                connect(port).close()
                for n in range(5):
                    answer, data = get(port, "/page%d" % n)
                    check(answer.status == 200 and data.startswith(b"page /page%d x" % n) and len(data) > 50000)
                body = bytes(range(256)) * 2000
                check(get(port, "/", "POST", body)[1] == b"got %d bytes: " % len(body) + body)


def dns_example():
    is_free(10053, socket.SOCK_DGRAM)
    with Program("dns-example", "-T") as server, folder() as here:
        end = time.monotonic() + PATIENCE
        while True:
            with open("/proc/net/udp") as sockets:
                if ":2745 " in sockets.read():
                    break
            check(time.monotonic() < end, "the server does not listen")
            time.sleep(0.02)
        conf = os.path.join(here, "resolv.conf")
        with open(conf, "w") as file:
            file.write("nameserver 127.0.0.1:10053\n")
        for where in (("-s", "127.0.0.1:10053"), ("-c", conf)):
            text = run("dns-example", *where, "one.example", "two.example")
            check("one.example: 192.168.11.11" in text and "two.example: 192.168.11.11" in text, text)
        where = ("-s", "127.0.0.1:10053")
        check("1.2.3.4: foo.bar.example.com" in run("dns-example", *where, "-x", "1.2.3.4"))
        check("[0] one.example: 192.168.11.11" in run("dns-example", *where, "-g", "one.example"))
        server.process.poll()
        check(server.process.returncode is None, "the server has ended")


# ---- the bench programs ----


def figures(text):
    numbers = re.findall(r"^\d+$", text, re.MULTILINE)
    check(len(numbers) == 25, text)


def bench():
    for args in ((), ("-m", "epoll"), ("-m", "poll"), ("-m", "select")):
        figures(run("bench", "-n", 60, "-a", 5, "-w", 100, *args))
    check(re.search("epoll\n *poll\n *select", run("bench", "-l")))


def bench_cascade():
    figures(run("bench_cascade", "-n", 60))


def bench_http():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with Program("bench_http", "-p", port, "-l", 5000) as p:
        p.until("Serving 5000 bytes")
        connect(port).close()
        want = bytes(i & 255 for i in range(5000))
        for path in ("/ind", "/ref") * 3:
            answer, data = get(port, path)
            check(answer.status == 200 and answer.reason == "Everything is fine" and data == want)


def bench_httpclient():
    is_free(8080)
    with Program("bench_http", "-p", 8080) as server:
        server.until("Serving")
        connect(8080).close()
        text = run("bench_httpclient")
        found = re.search(r"(\d+) requests in .*\n(?:.*\n)*.* (\d+) errors", text)
        check(found and found.group(1) == "20000" and found.group(2) == "0", text[-400:])


PROGRAMS = [hello_world, signal_test, time_test, event_read_fifo, http_server, http_connect, https_client, le_proxy,
            dns_example, bench, bench_cascade, bench_http, bench_httpclient]


def main():
    global BIN
    BIN, names = os.path.abspath(sys.argv[1]), sys.argv[2:]
    passed = failed = 0
    for function in PROGRAMS:
        name = function.__name__
        if names and name not in names and name.replace("_", "-") not in names:
            continue
        start = time.monotonic()
        try:
            function()
            passed += 1
            print("sample %s: ok (%.1f s)" % (name, time.monotonic() - start), flush=True)
        except Skipped as why:
            print("sample %s: skipped: %s" % (name, why), flush=True)
        except Exception as why:  # whatever goes wrong is told, and the next one gets its turn
            failed += 1
            print("sample %s: FAILED: %s: %s" % (name, type(why).__name__, str(why)[:2000]), flush=True)
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
