#!/usr/bin/env python3
"""Runs one command on each of many real sshd targets, in one run, with the same number at a time.

    ssh.py HANDOVER [TARGETS [AT_A_TIME]]        by default 500 targets, 64 at a time

The targets are addresses of the loopback network; an sshd serves sixteen of them. `handover run` opens each connection, looks
what the node is like, runs the step under its runner, writes the journal and removes its notes; `ansible -m raw` and
`ssh` (from xargs) share connections by ControlPersist. Seconds of the clock, CPU seconds of the client with its children, and
of sshd with what it started. What is not installed is left out.
"""
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PORT = 22022
PER_SERVER = 16
TICK = os.sysconf("SC_CLK_TCK")


class Servers:
    """Real sshd processes with keys of their own, for as long as the measurement takes."""

    def __init__(self, folder, count):
        self.folder = folder
        self.hosts = [f"127.1.{i // 250}.{i % 250 + 1}" for i in range(count)]
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{key}"], check=True)
        with open(f"{folder}/host.pub") as public, open(f"{folder}/known", "w") as known:
            known.write(f"[127.1.*]:{PORT} {public.read()}")
        with open(f"{folder}/ssh_config", "w") as config:
            config.write(f"Host *\n  Port {PORT}\n  IdentityFile {folder}/user\n  IdentitiesOnly yes\n"
                         f"  UserKnownHostsFile {folder}/known\n  GlobalKnownHostsFile none\n"
                         "  KexAlgorithms curve25519-sha256\n  BatchMode yes\n")
        os.makedirs("/run/sshd", exist_ok=True)
        sshd = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        self.processes = []
        for first in range(0, count, PER_SERVER):
            path = f"{folder}/sshd_{first}"
            with open(path, "w") as config:
                config.write(f"Port {PORT}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nPidFile none\n"
                             "StrictModes no\nUsePAM no\nPermitRootLogin yes\nMaxStartups 1000\n"
                             # All targets share one home: what its login shell starts with would meet itself there.
                             f"SetEnv HOME={folder}\n")
                config.writelines(f"ListenAddress {host}\n" for host in self.hosts[first:first + PER_SERVER])
            self.processes.append(subprocess.Popen([sshd, "-D", "-f", path], stderr=subprocess.DEVNULL))
        time.sleep(2)

    def cpu(self):
        """CPU seconds of all servers with the children that they have collected."""
        total = 0
        for process in self.processes:
            with open(f"/proc/{process.pid}/stat") as stat:
                total += sum(int(field) for field in stat.read().rsplit(") ", 1)[1].split()[11:15])
        return total / TICK

    def hang_up(self):
        """Ends the connections that are still open, so that what they have cost is counted."""
        ours = {process.pid for process in self.processes}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    if int(stat.read().rsplit(") ", 1)[1].split()[1]) in ours:
                        os.kill(int(entry), signal.SIGTERM)
            except (OSError, IndexError):
                pass
        time.sleep(1)

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait()


def handover(program, servers, at_a_time):
    folder = f"{servers.folder}/handover"
    os.makedirs(folder)
    with open(f"{folder}/plan.ha", "w") as plan:
        plan.writelines(f'node n{i} {{ host = "{host}" }}\n' for i, host in enumerate(servers.hosts))
        up = ", ".join(f"n{i} is up" for i in range(len(servers.hosts)))
        plan.write(f"plan all() {{\n  given {up}\n  parallel {{\n")
        plan.writelines(f'    step s{i} on n{i} {{ run "true" }}\n' for i in range(len(servers.hosts)))
        plan.write("  }\n}\n")
    # What is measured is the run; the plan is compiled before.
    subprocess.run([program, "build", f"{folder}/plan.ha", "-o", f"{folder}/plan.hab"], check=True,
                   stdout=subprocess.DEVNULL)
    return [program, "run", f"{folder}/plan.hab", "--yes", "--jobs", str(at_a_time), "--state", f"{folder}/state",
            "--ssh-config", f"{servers.folder}/ssh_config"]


def ansible(program, servers, at_a_time):
    path = f"{servers.folder}/inventory"
    with open(path, "w") as inventory:
        inventory.writelines(f"{host}\n" for host in servers.hosts)
    os.environ["ANSIBLE_SSH_ARGS"] = f"-F {servers.folder}/ssh_config -o ControlMaster=auto -o ControlPersist=60s"
    os.environ["ANSIBLE_SSH_CONTROL_PATH_DIR"] = f"{servers.folder}/cp"
    return [program, "all", "-i", path, "-m", "raw", "-a", "true", "-f", str(at_a_time)]


def loop(program, servers, at_a_time):
    path = f"{servers.folder}/hosts"
    with open(path, "w") as hosts:
        hosts.writelines(f"{host}\n" for host in servers.hosts)
    os.makedirs(f"{servers.folder}/m")
    return ["xargs", "-a", path, "-P", str(at_a_time), "-I", "{}", program, "-n", "-F", f"{servers.folder}/ssh_config",
            "-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-S", f"{servers.folder}/m/%h", "{}", "true"]


def measure(name, words, servers):
    def children():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    client, server, begin = children(), servers.cpu(), time.time()
    with open(f"{servers.folder}/{name}.out", "w") as out:
        code = subprocess.run(words, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL).returncode
    took = time.time() - begin
    servers.hang_up()
    print(f"{name:<22} {took:>8.1f} s {children() - client:>8.1f} s CPU {servers.cpu() - server:>8.1f} s CPU of sshd"
          f"{'' if code == 0 else f'   exit {code}'}", flush=True)
    if code != 0:
        with open(f"{servers.folder}/{name}.out") as out:
            print("".join(out.readlines()[-3:]))


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    at_a_time = int(sys.argv[3]) if len(sys.argv) > 3 else 64
    print(f"{count} targets, {at_a_time} at a time", flush=True)
    for name, words, needs in (("handover run", handover, program), ("ssh loop", loop, shutil.which("ssh")),
                               ("ansible -m raw", ansible, shutil.which("ansible"))):
        if needs is None:
            print(f"{name:<22} is not installed")
            continue
        # Each with servers of its own: what the one before has left open is no help.
        with tempfile.TemporaryDirectory(prefix="h", dir="/tmp") as folder:
            servers = Servers(folder, count)
            try:
                measure(name, words(needs, servers, at_a_time), servers)
            finally:
                servers.stop()


if __name__ == "__main__":
    main()
