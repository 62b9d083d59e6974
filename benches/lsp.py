#!/usr/bin/env python3
"""Measures `handover lsp` as an editor sees it: how long it takes from a keystroke to what is wrong, and to answers.

    lsp.py HANDOVER [--lines N] [--strokes N] [--edits N]

A plan of about N lines (`generate.py estate`) is open. A stroke changes one letter in the middle of it; the time counts from
the edit's last byte to the first byte of the diagnostics of that version. Completion and hover are asked after a stroke each,
so that nothing about the text is known yet, elsewhere in the text; `again` is a hover of a text that has been asked about. At the end come many
edits without a pause, and the memory before and after them.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import queue
import time


class Server:
    def __init__(self, program, folder):
        self.process = subprocess.Popen([program, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self.heard = queue.Queue()
        self.last = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            length = 0
            while (line := self.process.stdout.readline().strip()):
                length = int(line.split(b":")[1])
            if not length:
                return
            at = time.perf_counter()
            self.heard.put((at, json.loads(self.process.stdout.read(length))))

    def send(self, **message):
        text = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
        self.process.stdin.flush()

    def tell(self, method, params):
        self.send(method=method, params=params)

    def wait(self, fits):
        while True:
            at, message = self.heard.get(timeout=120)
            if fits(message):
                return at, message

    def ask(self, method, params):
        self.last += 1
        own = self.last
        start = time.perf_counter()
        self.send(id=own, method=method, params=params)
        at, message = self.wait(lambda m: m.get("id") == own and "method" not in m)
        if not message.get("result"):
            sys.exit(f"{method}: {message}")
        return (at - start) * 1000, message["result"]

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024


def shown(name, times):
    times = sorted(times)
    at = lambda share: times[min(len(times) - 1, int(len(times) * share))]
    print(f"| {name} | {at(.5):.2f} | {at(.95):.2f} | {at(.99):.2f} | {times[-1]:.2f} | {len(times)} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("handover")
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--strokes", type=int, default=200)
    parser.add_argument("--edits", type=int, default=10000)
    args = parser.parse_args()
    generate = pathlib.Path(__file__).with_name("generate.py")
    make = lambda steps: subprocess.run([sys.executable, generate, "estate", str(steps)], check=True, capture_output=True, text=True).stdout
    text = make(int(args.lines * 1000 / make(1000).count("\n")))
    lines = text.splitlines()
    row = next(i for i in range(len(lines) // 2 + len(lines) // 4, len(lines)) if "do stop(" in lines[i])
    column = lines[row].index("do stop(") + len("do sto")
    with tempfile.TemporaryDirectory() as folder:
        uri = f"file://{folder}/plan.ha"
        server = Server(os.path.abspath(args.handover), folder)
        server.ask("initialize", {"rootUri": f"file://{folder}", "capabilities": {}})
        server.tell("initialized", {})
        server.tell("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "handover", "version": 0, "text": text}})
        about = lambda v: (lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"].get("version") == v)
        start = time.perf_counter()
        drafted = server.wait(about(0))[0]
        proved = server.wait(about(0))[0]
        print(f"{len(lines)} lines, {len(text)} bytes; opened: {(drafted - start) * 1000:.0f} ms, proved: {(proved - start) * 1000:.0f} ms\n")
        version = 0

        def stroke():
            nonlocal version
            version += 1
            there = {"line": row, "character": column}
            # A letter is written, and taken away by the next stroke.
            end = {"line": row, "character": column + (version + 1) % 2}
            change = {"range": {"start": there, "end": end}, "text": "x" * (version % 2)}
            server.tell("textDocument/didChange", {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]})
            return time.perf_counter()

        print("| ms | p50 | p95 | p99 | max | of |\n|---|---|---|---|---|---|")
        diagnostics, before = [], server.cpu()
        for _ in range(args.strokes):
            sent = stroke()
            diagnostics.append((server.wait(about(version))[0] - sent) * 1000)
            time.sleep(0.02)
        cpu = (server.cpu() - before) / args.strokes
        shown("diagnostics after a keystroke", diagnostics)
        asked = next(i for i in range(row + 1, len(lines)) if "do start(" in lines[i])
        spot = {"textDocument": {"uri": uri}, "position": {"line": asked, "character": lines[asked].index("do start(") + 5}}
        for name, method, fresh in [
            ("completion after a keystroke", "completion", True),
            ("hover after a keystroke", "hover", True),
            ("hover again", "hover", False),
            ("definition again", "definition", False),
        ]:
            times = []
            for _ in range(args.strokes):
                if fresh:
                    stroke()
                times.append(server.ask(f"textDocument/{method}", spot)[0])
            shown(name, times)
        for name, method in [("semantic tokens", "semanticTokens/full"), ("outline", "documentSymbol")]:
            shown(name, [server.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}})[0] for _ in range(20)])
        stroke()
        server.wait(about(version))
        before = server.memory()
        start = time.perf_counter()
        for _ in range(args.edits):
            stroke()
        server.wait(about(version))
        took = time.perf_counter() - start
        print(f"\nCPU of the server for a keystroke with its diagnostics: {cpu:.0f} ms; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print(f"{args.edits} edits without a pause: {took:.1f} s until the last is shown; memory {before:.0f} MB before, {server.memory():.0f} MB after")
        server.send(id=0, method="shutdown")
        server.tell("exit", None)
        sys.exit(server.process.wait())


main()
