#!/usr/bin/env python3
"""What needs minutes: many sources, bad ones among them, with the real program.

usage: tests/faults/run.py [mix|many|manners|descriptors ...]
FEEDLOOM names the program; default: target/release/feedloom. Loopback only; it
ends by itself and leaves nothing behind.
"""
import gzip, json, os, re, resource, socketserver, subprocess, sys, tempfile, threading, time
from http.server import BaseHTTPRequestHandler

PROGRAM = os.path.abspath(os.environ.get("FEEDLOOM", "target/release/feedloom"))
FAULTS = ["timeout", "stall", "500", "404", "bomb", "endless", "cut", "reset", "circle", "garbage", "empty", "slow", "cut-xml"]
BOMB = gzip.compress(b"A" * (256 << 20), 1)
seen, healed, lock = {}, threading.Event(), threading.Lock()


def feed(n, count):
    items = "".join(
        f"<item><title>E{n}-{k}</title><link>https://e.example/{n}/{k}</link><guid>{n}-{k}</guid>"
        f"<pubDate>{1 + k % 28:02} Mar 2024 10:00:00 GMT</pubDate><description>Text {k}</description></item>"
        for k in range(count))
    return f"<rss version='2.0'><channel><title>F{n}</title><link>https://e.example/{n}</link>{items}</channel></rss>".encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        kind, n, count = re.match(r"/([^/]+)/(\d+)/(\d+)", self.path).groups()
        tag = f'"{n}"'
        with lock:
            seen.setdefault(self.path, []).append(self.headers.get("If-None-Match"))
        if kind in FAULTS and not healed.is_set():
            self.close_connection = True
            return self.fault(kind, int(n), int(count))
        if self.headers.get("If-None-Match") == tag:
            self.send_response(304)
            return self.end_headers()
        self.answer(200, feed(n, int(count)), ETag=tag)

    def fault(self, kind, n, count):
        body = feed(n, count)
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        if kind in ("500", "404"):
            return self.answer(int(kind))
        if kind == "empty":
            return self.answer(200)
        if kind == "circle":
            return self.answer(302, Location=self.path)
        if kind == "bomb":
            return self.answer(200, BOMB, Content_Encoding="gzip")
        if kind == "cut-xml":
            return self.answer(200, body[:len(body) * 2 // 3], ETag=f'"{n}"')
        try:
            if kind == "garbage":
                self.wfile.write(b"\x16\x03\x01\x00\xff")
            elif kind == "cut":
                self.wfile.write(head + body[:len(body) // 2])
            elif kind == "endless":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                for _ in range(4096):
                    self.wfile.write(b"x" * (1 << 20))
            elif kind in ("timeout", "stall"):
                self.wfile.write(b"" if kind == "timeout" else head + body[:100])
                time.sleep(60)
            elif kind == "slow":
                self.wfile.write(head)
                for byte in body[:1000]:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.06)
        except OSError:
            pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 1024

    def handle_error(self, *_):
        pass

    def verify_request(self, _, client):
        return client[0].startswith("127.")


def run(site, *arguments, memory=None, files=None):
    def limits():
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    started = time.monotonic()
    process = subprocess.Popen([PROGRAM, "--site", site, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, preexec_fn=limits)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - started
    print(f"  {arguments[0]}: exit {os.waitstatus_to_exitcode(status)}, {took:.1f} s, {usage.ru_maxrss // 1024} MB, "
          f"{usage.ru_utime + usage.ru_stime:.1f} s CPU; {out.strip().splitlines()[-1][:120] if arguments[0] != 'entries' else ''}")
    assert os.waitstatus_to_exitcode(status) == 0
    return out, took, usage.ru_maxrss // 1024


def site_with(folder, sources, fetch="gap: 0s, per_host: 8, min_interval: 0s"):
    os.makedirs(f"{folder}/feeds")
    with open(f"{folder}/feedloom.yaml", "w") as f:
        f.write(f"title: T\nurl: https://feeds.example.org/\nfetch: {{allow: [127.0.1.0/24], {fetch}}}\n")
    with open(f"{folder}/feeds/p.yaml", "w") as f:
        f.write("title: P\nsources:\n" + "".join(f'  - "{s}"\n' for s in sources))


def entries(site):
    out, *_ = run(site, "entries", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert len({e["id"] for e in found}) == len(found), "an id twice"
    return {e["title"] for e in found}


def base(n, port):
    return f"http://127.0.1.{1 + n % 40}:{port}"


def mix(folder, port):
    """27 % bad sources, 5 GB of address space: ends in time, keeps every healthy entry, heals."""
    kinds = [FAULTS[n // 4 % len(FAULTS)] if n % 100 < 27 else "fine" for n in range(200)]
    sources = [f"{base(n, port)}/{kind}/{n}/15" for n, kind in enumerate(kinds)]
    site_with(folder, sources)
    _, took, memory = run(folder, "refresh", memory=5 << 30)
    assert took < 120 and memory < 150, (took, memory)
    healthy = {f"E{n}-{k}" for n, kind in enumerate(kinds) if kind == "fine" for k in range(15)}
    assert healthy <= entries(folder), "healthy entries are missing"
    healed.set()
    run(folder, "refresh", *[a for s in sources for a in ("--force", s)])
    healed.clear()
    assert entries(folder) == {f"E{n}-{k}" for n in range(200) for k in range(15)}, "not healed"


def many(folder, port):
    """50,000 items in one feed: the newest 5,000, in bounded memory."""
    site_with(folder, [f"{base(0, port)}/fine/0/50000"])
    _, _, memory = run(folder, "refresh")
    assert memory < 150 and len(entries(folder)) == 5000


def manners(folder, port):
    """Ten runs in ten minutes: one poll a source. Then a poll on demand: conditional."""
    sources = [f"{base(n, port)}/fine/{n}/5" for n in range(100)]
    site_with(folder, sources, fetch="gap: 0s")
    for n in range(10):
        run(folder, "refresh")
        if n < 9:
            time.sleep(60)
    of = lambda: [seen[f"/fine/{n}/5"] for n in range(100)]
    assert all(s == [None] for s in of()), "more than one poll"
    run(folder, "refresh", *[a for s in sources for a in ("--force", s)])
    assert all(s == [None, f'"{n}"'] for n, s in enumerate(of())), "not conditional"


def descriptors(folder, port):
    """2,000 sources with 256 file descriptors."""
    site_with(folder, [f"{base(n, port)}/fine/{n}/2" for n in range(2000)])
    _, _, memory = run(folder, "refresh", files=256)
    assert memory < 300 and len(entries(folder)) == 4000


def main():
    cases = {c.__name__: c for c in (mix, many, manners, descriptors)}
    unknown = [name for name in sys.argv[1:] if name not in cases]
    if unknown:
        sys.exit(f"no case is called {', '.join(unknown)}\n\n{__doc__.strip()}")
    for name in sys.argv[1:] or cases:
        seen.clear()
        with Server(("0.0.0.0", 0), Handler) as server, tempfile.TemporaryDirectory() as folder:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            print(f"{name}: {cases[name].__doc__}")
            cases[name](f"{folder}/site", server.server_address[1])
            server.shutdown()
    print("all held")


main()
