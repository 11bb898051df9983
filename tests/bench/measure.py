"""Loads servers in turn with wrk, and reads what that cost them. Used by run, fresh, bodies and growth."""

import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

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
