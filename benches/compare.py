#!/usr/bin/env python3
"""Compares `handover check` with what else looks at as many steps, in one run.

    compare.py HANDOVER [STEPS...]        steps: by default 100 1000 10000 100000

CPU seconds (user and system, the median of three runs) and the peak memory of the process, by GNU time; what is not
installed is left out. `nickel typecheck` reads as many typed records, `ninja -n` a build file of as many edges, `crm_simulate` a cluster of
as many resources with an order between each two (left out above 1 000: it takes minutes).
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def estate(steps, folder):
    path = os.path.join(folder, "plan.ha")
    with open(path, "w") as out:
        subprocess.run([sys.executable, os.path.join(HERE, "generate.py"), "estate", str(steps)], stdout=out, check=True)
    return path


def nickel(steps, folder):
    path = os.path.join(folder, "plan.ncl")
    with open(path, "w") as out:
        out.write("{\n  steps : Array { name : String, node : String, run : String, within : Number, after : Array String } = [\n")
        for i in range(steps):
            after = f'"s{i - 1}"' if i else ""
            out.write(f'    {{ name = "s{i}", node = "n{i % 7}", run = "true", within = {10 + i % 50}, after = [{after}] }},\n')
        out.write("  ],\n}\n")
    return path


def ninja(steps, folder):
    path = os.path.join(folder, "build.ninja")
    with open(path, "w") as out:
        out.write("rule run\n  command = true $out\n")
        for i in range(steps):
            out.write(f"build s{i}: run {f's{i - 1}' if i else ''}\n")
        out.write(f"default s{steps - 1}\n")
    return path


def cluster(steps, folder):
    path = os.path.join(folder, "cib.xml")
    with open(path, "w") as out:
        out.write('<cib crm_feature_set="3.17.4" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0" '
                  'have-quorum="1" dc-uuid="1"><configuration><crm_config><cluster_property_set id="o"><nvpair id="o1" '
                  'name="stonith-enabled" value="false"/></cluster_property_set></crm_config><nodes><node id="1" uname="a"/>'
                  '<node id="2" uname="b"/></nodes><resources>')
        for i in range(steps):
            out.write(f'<primitive id="s{i}" class="ocf" provider="pacemaker" type="Dummy"/>')
        out.write("</resources><constraints>")
        for i in range(1, steps):
            out.write(f'<rsc_order id="o-{i}" first="s{i - 1}" then="s{i}"/>')
        out.write('</constraints></configuration><status>')
        for i, name in ((1, "a"), (2, "b")):
            out.write(f'<node_state id="{i}" uname="{name}" in_ccm="true" crmd="online" join="member" expected="member" '
                      f'crm-debug-origin="x"><lrm id="{i}"><lrm_resources/></lrm></node_state>')
        out.write("</status></cib>")
    return path


def measure(command, folder):
    """CPU seconds and peak megabytes of a command, by time(1): what starts a process from here counts against it."""
    figures = []
    for _ in range(3):
        done = subprocess.run(["/usr/bin/time", "-f", "%U %S %M %x", *command], cwd=folder, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
        user, system, memory, code = done.stderr.split("\n")[-2].split()
        if code != "0":
            sys.exit(f"{' '.join(command)}: exit {code}")
        figures.append((float(user) + float(system), int(memory) / 1024))
    return statistics.median(f[0] for f in figures), max(f[1] for f in figures)


def main():
    if len(sys.argv) < 2 or not all(s.isdigit() for s in sys.argv[2:]):
        sys.exit(__doc__)
    handover = os.path.abspath(sys.argv[1])
    peers = [
        ("handover check", handover, estate, lambda path: [handover, "check", path], None),
        ("nickel typecheck", shutil.which("nickel"), nickel, lambda path: ["nickel", "typecheck", path], None),
        ("ninja -n", shutil.which("ninja"), ninja, lambda path: ["ninja", "-n", "-f", path], None),
        ("crm_simulate", shutil.which("crm_simulate"), cluster, lambda path: ["crm_simulate", "-R", "-Q", "-x", path], 1000),
    ]
    print(f"{'steps':>8}  {'what':<18} {'CPU s':>8} {'peak MB':>8}  against handover")
    for steps in [int(s) for s in sys.argv[2:]] or [100, 1000, 10000, 100000]:
        own = None
        for name, found, write, command, most in peers:
            if not found or (most and steps > most):
                continue
            with tempfile.TemporaryDirectory() as folder:
                cpu, memory = measure(command(write(steps, folder)), folder)
            own = own or cpu
            print(f"{steps:>8}  {name:<18} {cpu:>8.3f} {memory:>8.1f}  {cpu / own if own else 0:.2f}")


if __name__ == "__main__":
    main()
