"""Builds, starts and stops what the benchmarks measure. Used by all of them."""

import argparse
import contextlib
import http.client
import json
import math
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
PEERS = TARGET / "bench"
DIST = ROOT / "examples" / "dist"
TEST_GUESTS = ROOT / "target" / "test-guests"

WASMTIME = "48.0.8"
# All that `serve` needs; the rest of what `wasmtime` can do would take another ten minutes.
WASMTIME_FEATURES = ("run,serve,cranelift,component-model,component-model-async,pooling-allocator,"
                     "parallel-compilation,backtrace,threads,gc,gc-drc")

# The Debian package of each program that may be missing.
PACKAGES = {"wrk": "wrk", "h2load": "nghttp2-client", "valgrind": "valgrind", "rustc": "rustc"}


def parser(told):
    """What all programs take on their command line: which host they measure, and where else to write the figures."""
    made = argparse.ArgumentParser(description=told.split("\n")[0])
    made.add_argument("--host", help="the host's binary [default: built for release]")
    made.add_argument("--json", help="also write the figures to this file")
    return made


def parse(made):
    """Reads the command line; from here on `switchback()` is what it names."""
    options = made.parse_args()
    if options.host:
        os.environ["SWITCHBACK_BENCH_HOST"] = os.path.abspath(options.host)
    return options


def keep(options, figures):
    """Writes the figures where the command line says, for `all` and the plots."""
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=1) + "\n")


def machine():
    """What it is measured on, in one line."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split()
    lock = (ROOT / "Cargo.lock").read_text()
    wasmtime = re.search(r'name = "wasmtime"\nversion = "(.*)"', lock)
    return (f"{os.cpu_count()} cores ({cpu[1].strip() if cpu else os.uname().machine}), Linux {os.uname().release}, "
            f"Rust {rustc[1] if len(rustc) > 1 else 'unknown'}, wasmtime {wasmtime[1] if wasmtime else 'unknown'}, "
            f"{time.strftime('%Y-%m-%d')}")


def many_files():
    """As many open files as the system lets this program and what it starts have: a connection is one."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def say(*words):
    """Progress goes to stderr: stdout is for results."""
    print(*words, file=sys.stderr, flush=True)


def need(*programs):
    """Installs what is missing where that is possible, else ends with what to install."""
    missing = [PACKAGES[program] for program in programs if not shutil.which(program)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"missing: {' '.join(missing)}; install with your system's package manager, then run this again")
    say(f"installing Debian packages: {' '.join(missing)}")
    subprocess.run(["apt-get", "update", "-q"], check=True, stdout=sys.stderr)
    subprocess.run(["apt-get", "install", "-qy", "--no-install-recommends", *missing], check=True, stdout=sys.stderr)


def cargo(*arguments, target=TARGET, **environment):
    """Runs cargo with its output on stderr."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target), **environment}
    subprocess.run(["cargo", *arguments], cwd=ROOT, check=True, stdout=sys.stderr, env=environment)


def steady():
    """The load generator with a fixed rate, built anew if its source is newer."""
    source, binary = BENCH / "steady.rs", PEERS / "steady"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        PEERS.mkdir(parents=True, exist_ok=True)
        subprocess.run(["rustc", "--edition", "2024", "-O", "-o", binary, source], check=True, stdout=sys.stderr)
    return binary


def make(goal):
    """Runs make at the root with its output on stderr."""
    subprocess.run(["make", "--no-print-directory", goal], cwd=ROOT, check=True, stdout=sys.stderr)


def switchback():
    """The host's release binary, and the examples beside it; built if there is none."""
    given = os.environ.get("SWITCHBACK_BENCH_HOST")
    binary = pathlib.Path(given) if given else TARGET / "release" / "switchback"
    if given and not binary.exists():
        sys.exit(f"there is no {binary}; leave --host away, then it is built")
    if not (binary.exists() and (DIST / "hello.wasm").exists() and (DIST / "items.wasm").exists()):
        say("building the host and the examples: make build")
        make("build")
    return binary


def native_peers():
    """The folder with peer-hyper and peer-axum, built if there are none."""
    folder = PEERS / "release"
    if not all((folder / f"peer-{name}").exists() for name in ("hyper", "axum")):
        say("building the native peers")
        cargo("build", "--release", "--manifest-path", str(BENCH / "native" / "Cargo.toml"), target=PEERS)
    return folder


def echo_peer():
    """A native server that answers with the body it was sent."""
    binary = PEERS / "release" / "peer-echo"
    if not binary.exists():
        say("building the echo peer")
        cargo("build", "--release", "--manifest-path", str(BENCH / "echo" / "Cargo.toml"), target=PEERS)
    return binary


def wasi_http_guest():
    """The job as a `wasi:http` component."""
    component = PEERS / "wasm32-wasip2" / "release" / "wasi_http_guest.wasm"
    if not component.exists():
        say("building the wasi:http component")
        toolchain = subprocess.run([ROOT / "guest-sdk" / "toolchain.sh"], check=True, stdout=subprocess.PIPE, text=True)
        cargo(*toolchain.stdout.split(), "build", "--release", "--target", "wasm32-wasip2", "--manifest-path",
              str(BENCH / "wasi-http-guest" / "Cargo.toml"), target=PEERS)
    return component


def wasmtime():
    """`wasmtime` with its `serve`, at the version of wasmtime that the host has, and optimised as the host is."""
    given = os.environ.get("SWITCHBACK_BENCH_WASMTIME")
    binary = pathlib.Path(given) if given else PEERS / "wasmtime" / "bin" / "wasmtime"
    if not binary.exists():
        say(f"building wasmtime-cli {WASMTIME} with what `serve` needs: about ten minutes, once")
        cargo("install", "--locked", f"wasmtime-cli@{WASMTIME}", "--root", str(binary.parent.parent),
              "--no-default-features", "--features", WASMTIME_FEATURES, target=PEERS / "wasmtime-build",
              CARGO_PROFILE_RELEASE_LTO="thin", CARGO_PROFILE_RELEASE_CODEGEN_UNITS="1")
    return binary


def fastapi():
    """A virtual environment with FastAPI; its uvicorn."""
    folder = PEERS / "fastapi"
    if not (folder / "bin" / "uvicorn").exists():
        say("installing FastAPI into", folder)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, stdout=sys.stderr)
        requirements = BENCH / "fastapi" / "requirements.txt"
        subprocess.run([folder / "bin" / "pip", "install", "-q", "-r", requirements], check=True, stdout=sys.stderr)
    return folder / "bin" / "uvicorn"


def free_port():
    """A port that nobody listens on. It may be taken before it is used; then the server says so and the run ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running(contextlib.ExitStack):
    """Servers and a scratch folder, all gone when the block ends, however it ends."""

    def __enter__(self):
        super().__enter__()
        # As Ctrl-C: so that `kill` cleans up as well.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        self.scratch = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory(prefix="switchback-bench-")))
        return self

    def start(self, command, folder=None, **options):
        """Starts a program in a process group of its own, which gets no Ctrl-C but is stopped by us."""
        log = self.enter_context(tempfile.TemporaryFile(dir=self.scratch))
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder or self.scratch, stderr=log, start_new_session=True, **options
        )
        process.log = log
        self.callback(stop, process)
        return process

    def peer(self, command, port, folder=None):
        """Starts a peer and waits for its port."""
        process = self.start(command, folder, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return process
            if process.poll() is not None:
                break
            time.sleep(0.05)
        sys.exit(f"{command[0]} does not listen on port {port}:\n{told(process)}")

    def host(self, plugins, config="", wrapper=(), within=180, **more):
        """Starts `switchback serve` on a free port over the folder; answers with its process and URL.

        It may take that many seconds; `more` is added to its environment.
        """
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        (folder / "switchback.toml").write_text(config)
        command = [*wrapper, switchback(), "serve", "--plugins", plugins, "--listen", "127.0.0.1:0", "--no-access-log"]
        # A cache of its own: an earlier run must not make this one quicker.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SWITCHBACK_")}
        environment |= {"XDG_CACHE_HOME": str(self.scratch / "cache"), **more}
        process = self.start(command, folder, stdout=subprocess.PIPE, text=True, env=environment)
        timer = threading.Timer(within, process.kill)
        timer.start()
        for line in process.stdout:
            if found := re.search(r"listening on (https?://\S+)", line):
                timer.cancel()
                # Nobody reads on: a full pipe must not stop the server.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return process, found.group(1).rstrip("/")
        timer.cancel()
        sys.exit(f"`{' '.join(map(str, command))}` did not start:\n{told(process)}")

    def plugins(self, *files):
        """A new folder with copies of the components."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        for file in files:
            shutil.copy(file, folder)
        return folder


def stop(process, first=signal.SIGTERM):
    """Asks the program's group to end, and ends it if it does not."""
    for ask in (first, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, ask)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
            return


def told(process):
    """The end of what the program wrote to stderr."""
    process.log.seek(0)
    return process.log.read().decode(errors="replace")[-3000:]


def get(url, timeout=10):
    """Status, headers and text of one GET on a connection of its own."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def ask(url, request):
    """One answer, which must be 200, on a connection of its own; with less ado than urllib."""
    client = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)
    method, path, body = request
    client.request(method, path, body, {"content-type": "application/json"} if body else {})
    answer = client.getresponse()
    answer.read()
    if answer.status != 200:
        sys.exit(f"{method} {path} answered {answer.status}")
    client.close()


def patched(component, old, new):
    """The component with one text replaced by another of the same length: other behaviour, other hash."""
    if len(old) != len(new) or component.count(old) != 1:
        sys.exit(f"the benchmark expects {old!r} once in the component; was the example changed?")
    return component.replace(old, new)


# A request that the example answers with 200.
ASKED = {
    "hello": ("GET", "/hello/World", None),
    "items": ("POST", "/items/7", '{"name":"Hammer","price":12.5}'),
}


def variants(running, many, examples=("hello",)):
    """A folder with that many different components, each under its own prefix; the configuration, and a request each.

    They differ in a custom section only, but are compiled, kept and pooled apart.
    """
    folder = running.plugins()
    config, requests = [], []
    for nth in range(many):
        example = examples[nth % len(examples)]
        name = f"p{nth:04}"
        section = bytes([7]) + b"variant" + name.encode()
        component = (DIST / f"{example}.wasm").read_bytes() + bytes([0, len(section)]) + section
        (folder / f"{name}.wasm").write_bytes(component)
        config.append(f'[plugins.{name}]\nprefix = "/{name}"\n')
        method, path, body = ASKED[example]
        requests.append((method, f"/{name}{path}", body))
    return folder, "".join(config), requests


def rename_in(content, path):
    """Puts a file there in one step, as a deployment should."""
    beside = path.with_suffix(".part")
    beside.write_bytes(content)
    beside.rename(path)


def quantile(values, part):
    """The smallest value that at least that part of the values does not exceed."""
    return sorted(values)[math.ceil(part * len(values)) - 1]


def tidy_exit(main):
    """Runs the benchmark; Ctrl-C ends it in one line."""
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as error:
        sys.exit(f"`{' '.join(map(str, error.cmd))}` failed with status {error.returncode}")
