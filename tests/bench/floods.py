#!/usr/bin/env python3
"""What hostile clients of HTTP/2 get from a host before it ends their connections, and what that costs the host.

    switchback serve --plugins examples/dist --listen 127.0.0.1:8000 --set connections.h2c=true &
    python3 tests/bench/floods.py 127.0.0.1:8000 $!

A line for each attack: how much was taken, after how long the connection was over, memory at most, CPU time. Frames and fields are
of RFC 9113 and RFC 7541; header fields are written as literals without Huffman coding.
"""

import os
import socket
import struct
import sys
import threading
import time

NOTHING = b""
HEADERS, RST_STREAM, SETTINGS, PING, CONTINUATION = 1, 3, 4, 6, 9
END_STREAM, END_HEADERS = 1, 4
CANCEL = struct.pack(">I", 8)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MOST = 1 << 28


def frame(kind, flags, stream, payload=NOTHING):
    length = struct.pack(">I", len(payload))[1:]
    return length + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def fields(pairs):
    encoded = b""
    for name, value in pairs:
        name, value = name.encode(), value.encode()
        encoded += b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value
    return encoded


def request(path):
    return fields([(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "x")])


class Host:
    """The host, and what its process takes."""

    def __init__(self, address, pid):
        name, port = address.rsplit(":", 1)
        self.address, self.pid = (name, int(port)), int(pid)

    def memory(self):
        with open(f"/proc/{self.pid}/status") as status:
            kib = next(line for line in status if line.startswith("VmRSS")).split()[1]
        return int(kib) / 1024

    def cpu(self):
        with open(f"/proc/{self.pid}/stat") as stat:
            times = stat.read().rsplit(") ", 1)[1].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self, settings=NOTHING):
        client = socket.create_connection(self.address)
        client.settimeout(5)
        client.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))
        return client

    def flood(self, name, piece, first=NOTHING):
        memory, cpu, began = self.memory(), self.cpu(), time.monotonic()
        most, sent, client = memory, 0, self.connect()
        client.sendall(first)

        def drain():
            try:
                while client.recv(1 << 16):
                    pass
            except OSError:
                pass

        reader = threading.Thread(target=drain)
        reader.start()
        try:
            while sent < MOST:
                more = piece()
                client.sendall(more)
                sent += len(more)
                most = max(most, self.memory())
        except OSError:
            pass
        reader.join(6)
        client.close()
        took, spent = time.monotonic() - began, self.cpu() - cpu
        ended = "ended" if sent < MOST else "NOT ENDED"
        print(
            f"{name}: {ended} after {sent / 1024:,.0f} KiB and {took:.2f} s; "
            f"memory {memory:.0f} -> {most:.0f} MiB; CPU {spent:.2f} s"
        )


def streams(of):
    """Pieces for odd stream numbers that go on rising."""
    number = -1

    def piece():
        nonlocal number
        number += 2
        return of(number)

    return piece


def rapid_reset(stream):
    opened = frame(HEADERS, END_STREAM | END_HEADERS, stream, request("/hello/a"))
    return opened + frame(RST_STREAM, 0, stream, CANCEL)


def header_bomb(stream):
    """One field that enters the table of names, and 12,000 mentions of it by one byte each."""
    field = b"\x40" + fields([("x-b", "v" * 120)])[1:]
    block = request("/hello/a") + field + b"\xbe" * 12_000
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, block)


def main():
    host = Host(*sys.argv[1:3])
    unfinished = frame(HEADERS, END_STREAM, 1, request("/hello/a"))
    limit = struct.pack(">HI", 3, 100)
    large = fields([("x-a", "b" * 100)]) * 150
    host.flood("rapid reset", streams(rapid_reset))
    host.flood("pings", lambda: frame(PING, 0, 0, b"x" * 8) * 500)
    host.flood("settings", lambda: frame(SETTINGS, 0, 0, limit) * 500)
    host.flood("empty continuations", lambda: frame(CONTINUATION, 0, 1) * 500, unfinished)
    host.flood("continuations of 16 KiB", lambda: frame(CONTINUATION, 0, 1, large), unfinished)
    host.flood("headers that unpack", streams(header_bomb))

    memory = host.memory()
    shut = struct.pack(">HI", 4, 0)
    clients = [host.connect(shut) for _ in range(100)]
    asked = [frame(HEADERS, END_STREAM | END_HEADERS, 2 * at + 1, request("/docs")) for at in range(100)]
    for client in clients:
        client.sendall(b"".join(asked))
    time.sleep(3)
    print(f"10,000 answers to shut windows: memory {memory:.0f} -> {host.memory():.0f} MiB")
    for client in clients:
        client.close()

    memory, began = host.memory(), time.monotonic()
    silent = [socket.create_connection(host.address) for _ in range(1000)]
    held = host.memory()
    for client in silent:
        client.settimeout(60)
        try:
            client.recv(1)
        except OSError:
            pass
    took = time.monotonic() - began
    print(f"1,000 silent connections: all over after {took:.1f} s; memory {memory:.0f} -> {held:.0f} MiB")


main()
