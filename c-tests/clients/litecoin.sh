#!/bin/bash
# litecoin: evhttp server (RPC from several threads, REST, large replies, long bodies) and evhttp client (litecoin-cli), event2/thread
set -euo pipefail
NAME=litecoin
. "$(dirname "$0")/lib.sh"
need litecoind litecoin-cli
read -r PORT <<<"$(ports 1)"
export HOME="$S"
mkdir data
OPT=(-regtest "-datadir=$S/data" "-rpcport=$PORT" -rpcuser=u -rpcpassword=p)
start node litecoind "${OPT[@]}" -server -rest=1 -listen=0 -dbcache=4 -rpcthreads=4 -rpcservertimeout=3 -printtoconsole=1 -fallbackfee=0.0001
wait_port "$PORT" node
maps "$node"
CLI() { on litecoin-cli "${OPT[@]}" "$@"; }
traced cli litecoin-cli "${OPT[@]}" -rpcwait getblockcount >/dev/null
loaded cli litecoin-cli
wait_for 20 "the node's start" CLI getblockcount
# the client alone: a chain of 120 blocks, and what it knows of them
A=$(CLI createwallet w >/dev/null && CLI getnewaddress)
CLI generatetoaddress 120 "$A" >blocks.json
[ "$(CLI getblockcount)" = 120 ] || fail "not 120 blocks: $(CLI getblockcount)"
[ "$(CLI getblockhash 120)" = "$(python3 -c 'import json; print(json.load(open("blocks.json"))[-1])')" ] || fail "another block 120"
if CLI nosuchcall >cli.out 2>&1; then fail "a call that does not exist succeeds"; fi
grep -q 'Method not found' cli.out || fail "litecoin-cli: $(cat cli.out)"
if on litecoin-cli -regtest "-datadir=$S/data" "-rpcport=$PORT" -rpcuser=u -rpcpassword=wrong getblockcount >cli.out 2>&1; then fail "a wrong password is taken"; fi
grep -qi 'incorrect rpcuser\|authorization failed' cli.out || fail "litecoin-cli: $(cat cli.out)"
# a long poll that the server answers late, while others are served
on litecoin-cli "${OPT[@]}" waitfornewblock 15000 >wait.out 2>&1 &
WAIT=$!
echo $WAIT >>"$S/pids"
R=$(python3 - "$PORT" <<'PY' 2>&1
import base64, http.client, json, socket, sys, threading, time
P = int(sys.argv[1]); A = {"Authorization": "Basic " + base64.b64encode(b"u:p").decode()}; errs, n = [], [0]
def conn(): return http.client.HTTPConnection("127.0.0.1", P, timeout=20)
def get(h, m, p, b=None, hd=A): h.request(m, p, b, hd); r = h.getresponse(); return r.status, r, r.read()
def rpc(h, m, *a): st, r, b = get(h, "POST", "/", json.dumps({"id": 1, "method": m, "params": a})); assert st == 200, (st, b[:200]); return json.loads(b)["result"]
h = conn(); assert get(h, "POST", "/", "{}", {})[0] == 401
h = conn(); assert get(h, "GET", "/")[0] == 405 # RPC takes POST alone
h = conn(); assert get(h, "GET", "/nothing")[0] == 404
h = conn(); assert get(h, "POST", "/", "no json")[0] == 500
def work(w):
    try:
        h = conn()
        for i in range(60):
            k = (w * 31 + i) % 120 + 1; b = rpc(h, "getblock", rpc(h, "getblockhash", k), 2); assert b["height"] == k and len(b["tx"]) >= 1; n[0] += 2
        for i in range(20): # a connection per request, half of them chunked by the client
            h = conn(); q = json.dumps({"id": i, "method": "getblockhash", "params": [i + 1]}).encode()
            if i % 2: h.request("POST", "/", iter([q[:7], q[7:]]), dict(A, **{"Transfer-Encoding": "chunked"}), encode_chunked=True)
            else: h.request("POST", "/", q, dict(A, Connection="close"))
            r = h.getresponse(); d = json.loads(r.read()); assert r.status == 200 and d["id"] == i and len(d["result"]) == 64, d; n[0] += 1
    except Exception as e: errs.append(repr(e))
ts = [threading.Thread(target=work, args=(w,)) for w in range(8)]; [t.start() for t in ts]; [t.join() for t in ts]; assert not errs, errs
# a batch: 5000 calls in one body
st, r, b = get(conn(), "POST", "/", json.dumps([{"id": i, "method": "getblockhash", "params": [i % 120]} for i in range(5000)])); d = json.loads(b); assert st == 200 and len(d) == 5000 and all(x["id"] == i and len(x["result"]) == 64 for i, x in enumerate(d)); big = len(b)
st, r, b = get(conn(), "POST", "/", json.dumps({"id": 1, "method": "help", "params": ["x" * 3000000]})); assert st == 200 and b"unknown command" in b, st
# REST: GET, three formats, HEAD is not allowed
bh = rpc(conn(), "getbestblockhash"); h = conn()
st, r, b = get(h, "GET", "/rest/block/%s.bin" % bh, None, {}); assert st == 200 and r.getheader("Content-Type") == "application/octet-stream" and len(b) > 200
st, r, x = get(h, "GET", "/rest/block/%s.hex" % bh, None, {}); assert st == 200 and bytes.fromhex(x.decode().strip()) == b
st, r, x = get(h, "GET", "/rest/headers/120/%s.json" % rpc(conn(), "getblockhash", 1), None, {}); assert st == 200 and len(json.loads(x)) == 120
# pipelined by hand: replies in order
s = socket.create_connection(("127.0.0.1", P)); s.settimeout(10); f = s.makefile("rb")
s.sendall(b"".join(b"GET /rest/blockhashbyheight/%d.hex HTTP/1.1\r\nHost: x\r\n\r\n" % i for i in range(16))); hashes = []
for i in range(16):
    st = f.readline(); assert b" 200 " in st, (i, st); ln = 0
    while True:
        l = f.readline().strip()
        if not l: break
        if l.lower().startswith(b"content-length:"): ln = int(l.split(b":")[1])
    hashes.append(f.read(ln).strip().decode())
assert hashes == [rpc(h, "getblockhash", i) for i in range(16)], hashes
# a request that stays incomplete is cut off after the server's 3 s
t = time.time(); s = socket.create_connection(("127.0.0.1", P)); s.settimeout(15); s.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le")
while s.recv(4096): pass
assert 2 < time.time() - t < 10, time.time() - t
print("%d RPC calls, a reply of %d kB, 16 pipelined" % (n[0], big // 1000))
PY
) || fail "$R $(tail_of node)"
kill -0 $WAIT 2>/dev/null || fail "the long poll ended early: $(cat wait.out)"
CLI generatetoaddress 1 "$A" >/dev/null
wait $WAIT || fail "the long poll: $(cat wait.out)"
grep -q '"height": 121' wait.out || fail "the long poll: $(cat wait.out)"
alive node
CLI stop >/dev/null
wait_for 15 "the node's end" sh -c "! kill -0 $node || grep -q 'Z (zombie)' /proc/$node/status"
wait "$node" || fail "the node ended with status $?"
pass "120 blocks, $R"
