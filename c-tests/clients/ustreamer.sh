#!/bin/bash
# ustreamer: evhttp server whose replies never end (it writes to the connection's bufferevent), event_base on a UNIX socket through evhttp_accept_socket
set -euo pipefail
NAME=ustreamer
. "$(dirname "$0")/lib.sh"
need ustreamer
read -r PORT <<<"$(ports 1)"
mkdir www && echo hello >www/a.txt && head -c 500000 /dev/urandom >www/b.bin
# no camera is needed: it shows its picture for that case
start streamer ustreamer --host 127.0.0.1 --port "$PORT" --device "$S/none" --static "$S/www" --user u --passwd p --slowdown
start local ustreamer --unix "$S/sock" --unix-rm --unix-mode 700 --device "$S/none"
wait_port "$PORT" streamer
maps "$streamer" streamer
maps "$local" "streamer on a UNIX socket"
wait_for 10 "the UNIX socket" test -S "$S/sock"
R=$(python3 - "$PORT" "$S" <<'PY' 2>&1
import base64, http.client, json, socket, sys, threading, time
P, S = int(sys.argv[1]), sys.argv[2]; A = {"Authorization": "Basic " + base64.b64encode(b"u:p").decode()}; errs, n = [], [0, 0]
def get(h, p, hd=A, m="GET"): h.request(m, p, None, hd); r = h.getresponse(); return r.status, r, r.read()
def conn(): return http.client.HTTPConnection("127.0.0.1", P, timeout=15)
assert get(conn(), "/state", {})[0] == 401
h = conn(); st, r, b = get(h, "/state"); assert st == 200 and json.loads(b)["ok"], b
st, r, pic = get(h, "/snapshot"); assert st == 200 and r.getheader("Content-Type") == "image/jpeg" and pic[:2] == b"\xff\xd8" and pic[-2:] == b"\xff\xd9"
st, r, b = get(h, "/a.txt"); assert st == 200 and b == b"hello\n", (st, b)
st, r, b = get(conn(), "/b.bin"); assert b == open(S + "/www/b.bin", "rb").read()
assert get(conn(), "/none.txt")[0] == 404 and get(conn(), "/%2e%2e/sock")[0] in (403, 404)
def stream(w, parts):
    try:
        s = socket.create_connection(("127.0.0.1", P)); s.settimeout(15)
        s.sendall(b"GET /stream?key=k%d&extra_headers=1 HTTP/1.0\r\nAuthorization: %s\r\n\r\n" % (w, A["Authorization"].encode())); f = s.makefile("rb")
        st = f.readline(); assert b" 200 " in st, st
        while f.readline().strip(): pass
        for i in range(parts):
            l = b""
            while not l.startswith(b"--"): l = f.readline(); assert l, "the stream ends"
            ln = 0
            while True:
                l = f.readline().strip()
                if not l: break
                if l.lower().startswith(b"content-length:"): ln = int(l.split(b":")[1])
            b = f.read(ln); assert b == pic, len(b); n[0] += 1; n[1] += ln
        s.close()
    except Exception as e: errs.append("%d %r" % (w, e))
ts = [threading.Thread(target=stream, args=(w, 3)) for w in range(12)]; [t.start() for t in ts]
# one that does not read, others that come and go
d = socket.create_connection(("127.0.0.1", P)); d.sendall(b"GET /stream HTTP/1.0\r\nAuthorization: %s\r\n\r\n" % A["Authorization"].encode())
for i in range(60):
    x = conn(); st, r, b = get(x, "/state"); assert st == 200; x.close()
seen = json.loads(get(conn(), "/state")[2])["result"]["stream"]["clients"]; assert seen >= 8, seen
[t.join() for t in ts]; assert not errs, errs
d.close()
for i in range(100):
    left = json.loads(get(conn(), "/state")[2])["result"]["stream"]["clients"]
    if left == 0: break
    time.sleep(.1)
assert left == 0, left
u = socket.socket(socket.AF_UNIX); u.settimeout(10); u.connect(S + "/sock"); u.sendall(b"GET /snapshot HTTP/1.0\r\n\r\n"); b = b""
while True:
    x = u.recv(65536)
    if not x: break
    b += x
assert b.split(b"\r\n\r\n", 1)[1] == pic
print("%d pictures, %d kB in %d streams" % (n[0], n[1] // 1000, len(ts)))
PY
) || fail "$R $(tail_of streamer)"
alive streamer
alive local
stop streamer
stop local
pass "$R"
