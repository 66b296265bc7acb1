"""Hosts of the test's own: network namespaces, each joined to a first one by a cable that can be cut."""
import os
import shutil
import subprocess
import unittest


def _ip(*arguments, check=True):
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=check, timeout=30)


def require():
    """Skips the test class or method that calls it where namespaces cannot be made."""
    if not shutil.which("ip"):
        raise unittest.SkipTest("needs Debian's package iproute2")
    name = f"mobileclip-{os.getpid()}-probe"
    made = _ip("netns", "add", name, check=False)
    if made.returncode != 0:
        raise unittest.SkipTest(f"network namespaces are not permitted here: {made.stderr.strip()}")
    _ip("netns", "delete", name)


class Star:
    """A centre and any number of hosts around it, none of which reaches another, nor anything outside."""

    CENTRE = "centre"

    def __init__(self):
        self._names = {}
        self._addresses = {}
        self._add(self.CENTRE)

    def _add(self, host):
        name = f"mobileclip-{os.getpid()}-{host}"
        _ip("netns", "add", name)
        self._names[host] = name
        _ip("-n", name, "link", "set", "lo", "up")

    def within(self, host=CENTRE):
        """Before a command: it runs on this host."""
        return ("ip", "netns", "exec", self._names[host])

    def add_host(self, host):
        number = len(self._names)
        self._add(host)
        centre, inner = self._names[self.CENTRE], self._names[host]
        _ip("-n", centre, "link", "add", f"to-{host}", "type", "veth", "peer", "name", "eth0", "netns", inner)
        for name, interface, end in ((centre, f"to-{host}", 1), (inner, "eth0", 2)):
            _ip("-n", name, "address", "add", f"10.203.{number}.{end}/30", "dev", interface)
            _ip("-n", name, "link", "set", interface, "up")
        self._addresses[host] = f"10.203.{number}.2"

    def address(self, host):
        """By which the centre reaches it."""
        return self._addresses[host]

    def cut(self, host):
        """As if the cable were pulled at the host: the centre's packets vanish, and nobody is told."""
        _ip("-n", self._names[host], "link", "set", "eth0", "down")

    def close(self):
        for name in self._names.values():
            _ip("netns", "delete", name, check=False)
        self._names.clear()
