"""Many clients at once, on one thread, each with a connection of its own. Used by streams and footprint."""

import collections
import re
import selectors
import socket
import sys
import time
import urllib.parse

from servers import many_files


class Client:
    """One connection, and what has come on it since it last asked."""

    def __init__(self, address):
        self.address = address
        self.socket = None

    def ask(self, request):
        """Sends a request. It connects with the first: hosts have little patience with who connects and says nothing."""
        self.got, self.status = b"", None
        self.socket = self.socket or socket.create_connection(self.address, timeout=60)
        self.socket.setblocking(True)
        self.socket.sendall(request)
        self.socket.setblocking(False)
        self.asked = time.monotonic()

    def read(self):
        """Takes what is there; false once nothing more comes."""
        try:
            piece = self.socket.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            piece = b""
        self.got += piece
        if self.status is None and (found := re.match(rb"HTTP/1.1 (\d+)", self.got)):
            self.status = int(found[1])
            self.waited = time.monotonic() - self.asked
        return bool(piece)

    def header(self, name):
        """A header of the answer, if it has it."""
        found = re.search(rb"\r\n" + name.encode() + rb": ([^\r]*)", self.got)
        return found and found[1].decode()

    def has_event(self):
        """The first event of a stream is there."""
        return b"data:" in self.got or self.is_over()

    def is_over(self):
        """An answer is there to its end: one with a length, or one in pieces."""
        head, found, body = self.got.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)", head)
        return bool(found) and (len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n"))


class Crowd:
    """So many clients of one server. Leaving the block closes them."""

    def __init__(self, url, many):
        if many_files() < many + 100:
            sys.exit(f"{many:,} connections are more open files than this system allows a program: see `ulimit -Hn`")
        at = urllib.parse.urlsplit(url)
        self.host = at.netloc
        self.clients = [Client((at.hostname, at.port)) for _ in range(many)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.clients:
            if client.socket:
                client.socket.close()

    def ask(self, path, done, within=120):
        """All ask for the path; waits until `done(client)` holds of each. The answers by status, None for a broken one."""
        request = f"GET {path} HTTP/1.1\r\nhost: {self.host}\r\n\r\n".encode()
        for client in self.clients:
            client.ask(request)
        self.wait(done, within)
        return collections.Counter(client.status for client in self.clients)

    def wait(self, done, within=120):
        """Reads until `done(client)` holds of each, or its connection is closed."""
        deadline = time.monotonic() + within
        with selectors.DefaultSelector() as selector:
            for client in self.clients:
                if not done(client):
                    selector.register(client.socket, selectors.EVENT_READ, client)
            while selector.get_map():
                if time.monotonic() > deadline:
                    sys.exit(f"{len(selector.get_map()):,} of {len(self.clients):,} clients had no answer within {within} s")
                for key, _ in selector.select(timeout=1):
                    if not key.data.read() or done(key.data):
                        selector.unregister(key.fileobj)
