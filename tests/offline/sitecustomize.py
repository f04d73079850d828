"""Takes the network away from a Python that starts with this folder on PYTHONPATH.

Connections and name look-ups that leave the machine raise OSError; loopback and Unix sockets,
which Jupyter itself needs, go on. Proxy settings are dropped, for a proxy may sit on loopback.
If LABKIT_TEST_OPENED names a file, the paths that are opened go there.
"""

import ipaddress
import os
import socket
import sys

for _name in ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy"):
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)


def _stays_here(host) -> bool:
    host = host.decode() if isinstance(host, bytes) else host
    if host in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(host):
    raise OSError(f"offline: this run may not reach {host!r}")


def _guard_connect(method):
    def connect(self, address):
        if isinstance(address, tuple) and not _stays_here(address[0]):
            _refuse(address[0])
        return method(self, address)

    return connect


def _guard_lookup(lookup):
    def getaddrinfo(host, *args, **kwargs):
        if not _stays_here(host):
            _refuse(host)
        return lookup(host, *args, **kwargs)

    return getaddrinfo


socket.socket.connect = _guard_connect(socket.socket.connect)
socket.socket.connect_ex = _guard_connect(socket.socket.connect_ex)
socket.getaddrinfo = _guard_lookup(socket.getaddrinfo)


if "LABKIT_TEST_OPENED" in os.environ:
    _opened = open(os.environ["LABKIT_TEST_OPENED"], "a", encoding="utf-8", buffering=1)
    sys.addaudithook(lambda event, args: event == "open" and print(args[0], file=_opened))
