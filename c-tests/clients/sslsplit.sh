#!/bin/bash
# sslsplit: TLS bufferevents on both sides (sockets; filters after STARTTLS), certificates made while a handshake waits, threads with a base each, evdns
set -euo pipefail
NAME=sslsplit
. "$(dirname "$0")/lib.sh"
need sslsplit openssl
read -r PTLS PHTTPS PAUTO PTCP TTLS TPLAIN <<<"$(ports 6)"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj "/CN=Test CA" -addext basicConstraints=critical,CA:TRUE 2>/dev/null || fail "openssl req"
openssl req -x509 -newkey rsa:2048 -nodes -keyout srv.key -out srv.crt -days 2 -subj "/CN=server.test" -addext subjectAltName=DNS:server.test 2>/dev/null || fail "openssl req"
cat >srv.py <<'PY'
# Upper-cases lines; "BULK n" sends n bytes; "SINK n" takes n bytes and says their sum; HTTP on the same port; STARTTLS on the plain one.
import socket, ssl, sys, threading
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain("srv.crt", "srv.key")
def serve(s, plain):
    try:
        if not plain: s = c.wrap_socket(s, server_side=True)
        f = s.makefile("rwb")
        while True:
            l = f.readline()
            if not l: break
            w = l.split()
            if plain and w[:1] == [b"STARTTLS"]: f.write(b"go ahead\n"); f.flush(); s = c.wrap_socket(s, server_side=True); f = s.makefile("rwb"); plain = False
            elif w[:1] == [b"BULK"]: f.write(bytes(i * 7 % 251 for i in range(251)) * (int(w[1]) // 251)); f.flush()
            elif w[:1] == [b"SINK"]: f.write(b"%d\n" % sum(f.read(int(w[1])))); f.flush()
            elif w[:1] == [b"GET"]:
                while f.readline().strip(): pass
                f.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n" + b"h" * 100000); f.flush(); break
            else: f.write(l.upper()); f.flush()
        if not plain: s = s.unwrap()
        s.close()
    except (OSError, ValueError): pass
def listen(port, plain):
    l = socket.create_server(("127.0.0.1", port), backlog=100)
    while True: threading.Thread(target=serve, args=(l.accept()[0], plain), daemon=True).start()
threading.Thread(target=listen, args=(int(sys.argv[1]), False), daemon=True).start(); listen(int(sys.argv[2]), True)
PY
helper server python3 srv.py "$TTLS" "$TPLAIN"
wait_port "$TTLS" server
wait_port "$TPLAIN" server
chmod -R a+rX "$S"
start split sslsplit -D -u "$(id -un)" -k ca.key -c ca.crt -l conn.log ssl 127.0.0.1 "$PTLS" 127.0.0.1 "$TTLS" https 127.0.0.1 "$PHTTPS" 127.0.0.1 "$TTLS" autossl 127.0.0.1 "$PAUTO" 127.0.0.1 "$TPLAIN" tcp 127.0.0.1 "$PTCP" 127.0.0.1 "$TPLAIN"
wait_port "$PTCP" split
maps "$split"
R=$(python3 - "$PTLS" "$PHTTPS" "$PAUTO" "$PTCP" <<'PY' 2>&1
import os, socket, ssl, sys, threading, time
PTLS, PHTTPS, PAUTO, PTCP = map(int, sys.argv[1:]); errs, n = [], [0, 0]
c = ssl.create_default_context(cafile="ca.crt")
def raw(p, t=20): s = socket.create_connection(("127.0.0.1", p)); s.settimeout(t); return s
def tls(p): return c.wrap_socket(raw(p), server_hostname="server.test") # the forged certificate carries the server's name
def talk(s, w):
    f = s.makefile("rwb")
    for i in range(40): f.write(b"line %d of %d\n" % (i, w)); f.flush(); l = f.readline(); assert l == b"LINE %d OF %d\n" % (i, w), l; n[0] += 1
    f.write(b"BULK 1004000\n"); f.flush(); b = f.read(1004000); assert b == bytes(i * 7 % 251 for i in range(251)) * 4000; n[1] += len(b)
    d = os.urandom(700000); f.write(b"SINK 700000\n" + d); f.flush(); l = f.readline(); assert l == b"%d\n" % sum(d), l; n[1] += len(d)
# sslsplit sets up what does not begin with TLS in its listener's thread, without a lock: with any libevent such a connection may hang, and is tried again.
def work(w):
    for t in range(4):
        try:
            if w % 3 == 0: s = tls(PTLS)
            elif w % 3 == 1:
                s = raw(PAUTO, 3); s.sendall(b"STARTTLS\n"); assert s.recv(100) == b"go ahead\n"; s = c.wrap_socket(s, server_hostname="server.test")
            else: s = raw(PTCP, 3)
            talk(s, w); s.close(); return
        except Exception as e:
            if w % 3 == 0 or t == 3 or not isinstance(e, TimeoutError): errs.append("%d %r" % (w, e)); return
t0 = time.time(); ts = [threading.Thread(target=work, args=(w,)) for w in range(12)]; [t.start() for t in ts]; [t.join() for t in ts]; assert not errs, errs
for i in range(30): # https
    s = tls(PHTTPS); s.sendall(b"GET /%d HTTP/1.1\r\nHost: server.test\r\nConnection: close\r\n\r\n" % i); b = b""
    while True:
        x = s.recv(65536)
        if not x: break
        b += x
    assert b.split(b"\r\n\r\n", 1)[1] == b"h" * 100000, len(b); s.close()
# what is no TLS, an end in the middle of a handshake, a connection that only stands there
for junk in (b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", os.urandom(500), b""):
    s = raw(PTLS); s.sendall(junk)
    if len(junk) > 100:
        try:
            while s.recv(4096): pass
        except OSError: pass
    s.close()
idle = raw(PTLS); s = tls(PTLS); f = s.makefile("rwb"); f.write(b"still\n"); f.flush(); assert f.readline() == b"STILL\n"
print("%d lines, %d kB, 30 https in %.1f s" % (n[0], n[1] // 1000, time.time() - t0))
PY
) || fail "$R $(tail_of split)"
alive split
for i in $(seq 50); do [ "$(grep -c 'https' conn.log)" -lt 30 ] || break; sleep 0.1; done
[ "$(grep -c 'https' conn.log)" = 30 ] || fail "$(grep -c https conn.log) of 30 https connections logged"
stop split
pass "$R"
