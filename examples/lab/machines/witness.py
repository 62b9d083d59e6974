"""Looks at the machines of a lab from outside, all the time, until SIGTERM; then says what it has seen."""

import os
import pathlib
import signal
import subprocess
import time


class Lab:
    """The machines of one lab; `here` is the folder of its commands."""

    def __init__(self, here, name):
        self.here = here
        self.disks = pathlib.Path("/var/tmp") / os.environ.get("LAB_NAME", name)

    def of_machine(self, machine, file):
        """A file of /proc, as the first process of the machine sees it; nothing if the machine is off."""
        try:
            init = (self.disks / machine / "init").read_text().strip()
            return (pathlib.Path("/proc") / init / file).read_text()
        except OSError:
            return ""

    def has_address(self, machine, address):
        return f"-- {address}\n" in self.of_machine(machine, "net/fib_trie")

    def is_connected(self, machine):
        """Whether the switch's ports are open that the machine is behind."""
        status = subprocess.run([self.here / "port", "status", machine], capture_output=True, text=True)
        return status.stdout == "open\n"

    def hold_twice(self, machines, address):
        """Whether clients could reach the address at several machines."""
        holders = [machine for machine in machines if self.has_address(machine, address)]
        return len(holders) > 1 and sum(map(self.is_connected, holders)) > 1


def watch(conditions):
    """Counts how often each condition is seen to be so."""
    stopped = []
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: stopped.append(True))
    seen = dict.fromkeys(conditions, 0)
    looks = 0
    while not stopped:
        looks += 1
        for name, is_so in conditions.items():
            seen[name] += is_so()
        time.sleep(0.005)
    print(f"{'looks':26} {looks}")
    for name, times in seen.items():
        print(f"{name:26} {times}")
