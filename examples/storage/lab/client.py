#!/usr/bin/python3
"""client.py ADDRESS LOG: see `client`."""

import signal
import socket
import sys
import time

address, log = sys.argv[1], sys.argv[2]
PORT = 7000
stopped = []


def ask(question, patience=1.0):
    """The answer to a question, or None."""
    try:
        with socket.create_connection((address, PORT), timeout=patience) as server:
            server.sendall(question.encode() + b"\n")
            answer = b""
            while part := server.recv(65536):
                answer += part
            return answer.decode() if answer.endswith(b"\n") else None
    except OSError:
        return None


def write_until_stopped():
    """The moment, number and acknowledging node of each write; a node is None where nobody acknowledged."""
    first, writes = time.time_ns(), []
    with open(log, "w", buffering=1) as lines:
        while not stopped:
            number = first + len(writes)
            words = (ask(f"put {number}") or "").split()
            node = words[1] if words[:1] == ["ok"] else None
            writes.append((time.time(), number, node))
            print(f"{writes[-1][0]:.6f} {number} {node or '-'}", file=lines)
            time.sleep(0.02)
    return writes


def written():
    """Every number that is in the file."""
    for _ in range(10):
        if (answer := ask("get", 5.0)) is not None and answer.endswith("\n\n"):
            return set(map(int, answer.split()))
        time.sleep(0.2)
    sys.exit("the records cannot be read through the floating address")


for number in signal.SIGTERM, signal.SIGINT:
    signal.signal(number, lambda *_: stopped.append(True))
writes = write_until_stopped()
there = written()
acknowledged = [(at, number, node) for at, number, node in writes if node]
gaps = [later[0] - earlier[0] for earlier, later in zip(acknowledged, acknowledged[1:])]
nodes = [node for i, (_, _, node) in enumerate(acknowledged) if i == 0 or acknowledged[i - 1][2] != node]
lost = sum(number not in there for _, number, _ in acknowledged)
print(f"writes                     {len(writes)}")
print(f"acknowledged               {len(acknowledged)}")
print(f"acknowledged and lost      {lost}")
print(f"written, answer lost       {sum(number in there for _, number, node in writes if not node)}")
print(f"longest gap                {max(gaps, default=0) * 1000:.0f} ms")
print(f"nodes                      {' then '.join(nodes)}")
sys.exit(lost > 0)
