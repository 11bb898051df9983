"""The targets of the call path, and what the figures say of each: `rows(results)` is the table of `all`."""

import statistics

from measure import ratio

# As `all` names the programs whose figures these are.
JOBS = {"hello": "`GET /hello/{name}`", "valid": "valid `POST /items/{id}`", "invalid": "invalid `POST` (422)"}


def rows(results):
    """Markdown: what is wanted, what was measured, and whether that is enough."""
    out = ["| what | wanted | measured | |", "|---|---:|---:|---|"]
    for what, wanted, least, measure in targets():
        try:
            value, said = measure(results)
        except KeyError:
            out.append(f"| {what} | {wanted} | not measured | |")
            continue
        good = value >= least if least > 0 else value <= -least
        out.append(f"| {what} | {wanted} | {said} | {'reached' if good else '**short**'} |")
    return "\n".join(out)


def targets():
    """What, the target in words, the least (negative: the greatest) value, and the figure with its words."""
    made = [(f"{JOBS[job]}, reused, of axum", f"≥ {least} %", least / 100, against("switchback", "axum", job))
            for job, least in (("hello", 95), ("valid", 95), ("invalid", 110))]
    for name, mine, other, least in (
        ("reused, of `wasmtime serve` reused, the same logic", "switchback", "wasmtime", 2),
        ("fresh, of `wasmtime serve` fresh, the same logic", "switchback-fresh", "wasmtime-fresh", 6),
        ("the same `wasi:http` component, reused, of `wasmtime serve`", "switchback-wasi", "wasmtime", 1),
        ("the same `wasi:http` component, fresh, of `wasmtime serve`", "switchback-wasi-fresh", "wasmtime-fresh", 1),
    ):
        made += [(f"{job}: {name}", f"≥ {least} times", least, against(mine, other, job)) for job in JOBS]
    made += [(f"{job}: reused, of FastAPI", f"≥ {least} times", least, against("switchback", "fastapi", job))
             for job, least in (("hello", 6), ("valid", 7), ("invalid", 10))]
    made += [(f"{job}: fresh, of our reused", "≥ 45 %", 0.45, against("switchback-fresh", "switchback", job))
             for job in ("hello", "valid")]
    made += [(f"{job}: CPU a request, fresh, all cores, of one thread", "≤ 110 %", -1.1,
              against("switchback-fresh", "switchback-fresh-1", job, "cpu_us")) for job in ("hello", "valid")]
    return made + [
        ("user instructions a hello, of the hyper peer", "stated", 0.01, instructions),
        ("idle, 10 Rust plugins, code in the cache", "≤ 60 MB", -60, idle),
        ("start to first answer, code in the cache", "≤ 30 ms", -30, start),
        ("start with 10,000 routes in 200 plugins, code in the cache", "≤ 2 s", -2000, many_routes),
        ("CPU a request with 10,000 routes, of that with 10", "≤ 105 %", -1.05, routes_cpu),
        ("1 MiB to the guest and back, of axum", "≥ 60 %", 0.6, echo),
        ("p99 beside a plugin that spins, of the larger of twice alone and 10 ms", "≤ 100 %", -1, spinning),
        ("requests lost beside a plugin flooded with 10 times its share", "0", 0, flooded),
        ("memory of an open stream, besides its connection", "stated", 0.01, a_stream),
        ("memory of a plugin, of 1,000 that are live", "stated", 0.01, a_plugin),
        ("memory of an idle instance, of 10,000", "stated", 0.01, an_instance),
    ]


def against(mine, other, job, key="rps"):
    """The median over the rounds of one peer's figure divided by another's, as times or percent."""
    def measure(results):
        runs = results["run"]["runs"][job]
        low, middle, high = ratio(runs[mine], runs[other], key)
        return middle, said(low, middle, high)

    return measure


def said(low, middle, high):
    """A ratio in words: percent below two times."""
    if middle >= 2:
        return f"{middle:.1f} times [{low:.1f}, {high:.1f}]"
    return f"{middle * 100:.0f} % [{low * 100:.0f}, {high * 100:.0f}]"


def instructions(results):
    counted = results["run"]["instructions"]
    mine, hyper = counted["switchback"]["hello"], counted["hyper"]["hello"]
    return mine / hyper, f"{mine / 1000:.1f} thousand, {mine / hyper:.1f} times"


def idle(results):
    cached = results["start"]["cached"]
    megabytes = cached["idle_mib"] * 1.048576
    return megabytes, f"{megabytes:.0f} MB"


def start(results):
    middle = statistics.median(results["start"]["starts_ms"])
    return middle, f"{middle:.0f} ms"


def many_routes(results):
    middle = statistics.median(results["routes"]["many"]["starts_ms"])
    return middle, f"{middle / 1000:.2f} s with {results['routes']['routes']:,}"


def routes_cpu(results):
    low, middle, high = ratio(results["routes"]["many"]["runs"], results["routes"]["few"]["runs"], "cpu_us")
    return middle, said(low, middle, high)


def echo(results):
    low, middle, high = results["growth"]["bodies"]["1048576"]["switchback"]["ratio"]
    return middle, said(low, middle, high)


def spinning(results):
    neighbour = results["fairness"]["neighbour"]
    alone, beside = neighbour["alone"]["p99"], neighbour["spinning"]["p99"]
    allowed = max(2 * alone, 10_000)
    return beside / allowed, f"{beside / allowed * 100:.0f} %: {alone / 1000:.2f} → {beside / 1000:.2f} ms"


def flooded(results):
    failed = results["fairness"]["neighbour"]["flooded"]["failed"]
    return failed, str(failed)


def a_stream(results):
    each = results["streams"]["kib_each"]["stream"]
    return each, f"{each:.0f} KiB with {results['streams']['streams']:,} open"


def a_plugin(results):
    each = results["footprint"]["kib_a_plugin"]
    return each["plugin"], f"{each['plugin']:.0f} KiB, and {each['called']:.0f} KiB once called"


def an_instance(results):
    each = results["footprint"]["kib_an_instance"]
    return each, f"{each:.0f} KiB"
