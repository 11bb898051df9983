"""Loads servers in turn with wrk, and reads what that cost them. Used by run, fresh, bodies and growth."""

import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

from servers import say

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process):
    """What the process and its children, which are its group, have had of CPU since they started."""
    spent = 0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == process.pid:
            spent += int(fields[11]) + int(fields[12])
    return spent / TICK


def resident_mib(process):
    """What one process has in memory."""
    lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def usage(process):
    """What one process takes of the machine: memory, reserved addresses, mappings, open files and threads.

    Resident memory counts a page for each time that it is mapped, and all instances of a plugin map what its memory
    begins with: so what counts is `held_mib`, in which a page is one.
    """
    proc = pathlib.Path(f"/proc/{process.pid}")
    held = re.search(r"^Pss:\s+(\d+) kB", (proc / "smaps_rollup").read_text(), re.M)
    size = re.search(r"^VmSize:\s+(\d+) kB", (proc / "status").read_text(), re.M)
    return {
        "held_mib": int(held[1]) / 1024,
        "resident_mib": resident_mib(process),
        "addresses_tib": int(size[1]) / 1024**3,
        "mappings": (proc / "maps").read_text().count("\n"),
        "files": len(os.listdir(proc / "fd")),
        "threads": len(os.listdir(proc / "task")),
    }


def at_rest(process, seconds=0):
    """What the process takes after so many seconds of rest, and once it gives nothing more back."""
    time.sleep(seconds)
    before = usage(process)
    while True:
        time.sleep(2)
        now = usage(process)
        if now["held_mib"] > before["held_mib"] - 1:
            return now
        before = now


def kib_each(before, after, many):
    """How much more memory is held after than before, for each of so many."""
    return (after["held_mib"] - before["held_mib"]) * 1024 / many


def table_of_uses(uses):
    """Markdown: what a process took of the machine, a row for each time it was looked at."""
    rows = ["| | memory MiB | RSS MiB | addresses TiB | mappings | files | threads |", "|---|---:|---:|---:|---:|---:|---:|"]
    rows += [f"| {what} | {use['held_mib']:,.1f} | {use['resident_mib']:,.1f} | {use['addresses_tib']:.2f} "
             f"| {use['mappings']:,} | {use['files']:,} | {use['threads']} |" for what, use in uses.items()]
    return "\n".join(rows)


def load(process, url, script, connections, seconds, status=200):
    """One run of wrk: requests a second, latencies in µs, the server's CPU time a request in µs, and what failed."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        before = cpu_seconds(process)
        # A slow answer is not a failed one: ten MiB on a busy core take longer than wrk's usual two seconds.
        command = ["wrk", f"-t{min(2, connections)}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s",
                   "-s", file.name, url]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        spent = cpu_seconds(process) - before
    # The line that bench.lua's script ends with.
    run = json.loads(re.search(r"^\{.*\}$", told, re.M).group())
    failed = run["non2xx"] if status == 200 else run["requests"] - run["non2xx"]
    return {
        "rps": run["requests"] / (run["us"] / 1e6),
        "p50": run["p50"],
        "p99": run["p99"],
        "cpu_us": spent * 1e6 / max(run["requests"], 1),
        "failed": failed + run["broken"],
    }


def in_turn(what, servers, rounds, seconds, warmup=1):
    """Runs `{name: function of seconds}` in turn (A B C A B C …), so that a noisy minute hits all alike; all runs."""
    for run in servers.values():
        if warmup:
            run(warmup)
    runs = {name: [] for name in servers}
    for turn in range(rounds):
        for name, run in servers.items():
            runs[name].append(run(seconds))
            say(f"{what} {turn + 1} {name}: {runs[name][-1]['rps']:.0f}/s")
    return runs


def median(runs, key):
    """The median of one figure over the runs."""
    return statistics.median(run[key] for run in runs)


def ratio(mine, others, key="rps"):
    """Each run divided by the other's of the same round: lower quartile, median, upper quartile."""
    ratios = [run[key] / other[key] for run, other in zip(mine, others, strict=True)]
    return statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
