#!/usr/bin/env python3
"""Compares `handover run` with what else starts as many commands, in one run.

    run.py HANDOVER [STEPS]        steps: by default 10000

A chain (each step waits for the one before it) and a fan-out (64 at a time) of local steps that do nothing, with the
journal on. Beside it `ninja` with as many edges, and the floor: `posix_spawn` of the same `sh -c`, one after the other and 64
at a time, by a loop in Python, which has a small part in it. CPU seconds of the process and all its children, the median of
three rounds in turns; then, in two smaller runs, system calls and fsyncs a step by `strace -c`: those of the executor alone,
without what a run costs once.
"""
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

JOBS = 64
SCRIPT = ":"


def plan(shape, steps, folder):
    """A plan of steps that do nothing; on nodes of their own they wait for nothing."""
    lines = [f"node n{i} {{ via = local }}" for i in range(JOBS if shape == "fan-out" else 1)]
    nodes = len(lines)
    lines.append(f"action nothing() on host: node {{ needs host is up  run \"{SCRIPT}\" }}")
    lines += ["plan many() {", "  given  " + ", ".join(f"n{i} is up" for i in range(nodes))]
    if shape == "fan-out":
        each = steps // JOBS
        lines += [f"  step s{n}_{i} on n{n} {{ do nothing() }}" for n in range(JOBS) for i in range(each)]
    else:
        lines += [f"  step s{i} on n0 {{ do nothing() }}" for i in range(steps)]
    path = os.path.join(folder, "many.ha")
    with open(path, "w") as out:
        out.write("\n".join(lines + ["}"]) + "\n")
    return path


def program(handover, shape, steps, folder):
    """The same, compiled: what is measured is the run."""
    path = os.path.join(folder, "many.hab")
    subprocess.run([handover, "build", plan(shape, steps, folder), "-o", path], check=True, stdout=subprocess.DEVNULL)
    return path


def edges(shape, steps, folder):
    path = os.path.join(folder, "build.ninja")
    with open(path, "w") as out:
        out.write(f"rule run\n  command = {SCRIPT}\n")
        for i in range(steps):
            chained = f"s{i - 1}" if shape == "chain" and i else ""
            out.write(f"build s{i}: run {chained}\n")
    return path


def spawn(shape, steps):
    """The floor: nothing but starting and waiting."""
    environment, running = dict(os.environ), 0
    for _ in range(steps):
        if running == (JOBS if shape == "fan-out" else 1):
            os.wait()
            running -= 1
        os.posix_spawn("/bin/sh", ["sh", "-c", SCRIPT], environment)
        running += 1
    for _ in range(running):
        os.wait()


def measured(command, folder):
    """Seconds of CPU, children included, and of the clock."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    after, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, end - begin


def run(handover, path, folder):
    state = tempfile.mkdtemp(dir=folder)
    return [handover, "run", path, "--yes", "--plain", "--unproved", "--jobs", str(JOBS), "--state", state]


def traced(handover, shape, folder):
    """System calls of the executor itself, a step: the difference of two runs, so that beginning and end do not count."""
    counts = []
    for steps in (JOBS * 5, JOBS * 15):
        path = program(handover, shape, steps, folder)
        # Without -f the commands are not traced. A run without a copy of its journal has one thread.
        out = os.path.join(folder, "strace")
        subprocess.run(["strace", "-c", "-o", out, *run(handover, path, folder)], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        table = {}
        for line in open(out):
            found = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
            if found and found[2] != "total":
                table[found[2]] = int(found[1])
        counts.append((steps, table))
    (few, first), (many, second) = counts
    each = {name: (second[name] - first.get(name, 0)) / (many - few) for name in second}
    syncs = each.get("fdatasync", 0) + each.get("fsync", 0)
    return sum(each.values()), syncs, sorted(each.items(), key=lambda item: -item[1])


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--spawn":
        return spawn(sys.argv[2], int(sys.argv[3]))
    if len(sys.argv) not in (2, 3) or not all(s.isdigit() for s in sys.argv[2:]):
        sys.exit(__doc__)
    handover, steps = os.path.abspath(sys.argv[1]), int((sys.argv[2:] or ["10000"])[0]) // JOBS * JOBS
    print(f"{steps} steps, {JOBS} at a time in the fan-out\n{'':<10}{'what':<16}{'CPU s':>8}{'clock s':>9}{'us a step':>11}  against the floor")
    for shape in ("chain", "fan-out"):
        with tempfile.TemporaryDirectory() as folder:
            path = program(handover, shape, steps, folder)
            rivals = {
                "posix_spawn": lambda: [sys.executable, os.path.abspath(__file__), "--spawn", shape, str(steps)],
                "handover run": lambda: run(handover, path, folder),
            }
            if shutil.which("ninja"):
                build = edges(shape, steps, folder)
                jobs = "1" if shape == "chain" else str(JOBS)
                rivals["ninja"] = lambda: ["ninja", "-C", tempfile.mkdtemp(dir=folder), "-f", build, "-j", jobs]
            figures = {name: [] for name in rivals}
            for _ in range(3):
                for name, command in rivals.items():
                    figures[name].append(measured(command(), folder))
            medians = {name: [statistics.median(f[i] for f in all) for i in (0, 1)] for name, all in figures.items()}
            floor = medians["posix_spawn"][0]
            for name, (cpu, clock) in medians.items():
                print(f"{shape:<10}{name:<16}{cpu:>8.2f}{clock:>9.2f}{cpu / steps * 1e6:>11.0f}  {cpu / floor:.2f}")
            if shutil.which("strace"):
                calls, syncs, table = traced(handover, shape, folder)
                most = ", ".join(f"{name} {count:.1f}" for name, count in table[:8])
                print(f"{shape:<10}system calls a step {calls:.1f}, fsyncs a step {syncs:.3f}: {most}")


if __name__ == "__main__":
    main()
