"""A world of a benchmark's own, and its tables: nothing of the machine is touched, all of it ends with the program."""
import os
import platform
import statistics
import subprocess
import sys
import time

INSIDE = "WEFT_BENCHMARK_INSIDE"


class Wrong(Exception):
    """Something failed, or is not there as it was asked for."""


def enter_private_world():
    """Starts this program again in a mount namespace of its own, once."""
    if os.environ.get(INSIDE):
        return
    if os.geteuid() != 0:
        sys.exit(f"{os.path.basename(sys.argv[0])}: needs root: 'sudo make bench'")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


def furnish_private_world():
    """A tmpfs on /run, and a copy of /etc."""
    os.chdir("/")
    # Of what is there for namespaces nothing is anybody's here.
    own = [f"/etc/{name}" for name in os.listdir("/etc") if name not in ("netns", "resolv.conf")]
    for command in (
        "mount -t tmpfs tmpfs /run",
        "mkdir /run/netns",
        "mount --bind /run/netns /run/netns",
        "mount --make-shared /run/netns",
        "mkdir /run/etc",
        "cp -a --target-directory=/run/etc " + " ".join(own),
        "mount --bind /run/etc /etc",
    ):
        subprocess.run(command.split(), check=True)
    # The same on every machine; whoever asks for a name gets no answer.
    with open("/etc/resolv.conf", "w") as text:
        text.write("nameserver 192.0.2.53\n")


def compile_c(target, sources, headers=(), libraries=()):
    """Compiles a program of C, unless it is newer than what it is made of."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    newest = max(os.path.getmtime(path) for path in [*sources, *headers])
    if os.path.exists(target) and os.path.getmtime(target) > newest:
        return
    subprocess.run(["gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-o", target, *sources, *libraries], check=True)


def machine():
    with open("/proc/cpuinfo") as text:
        models = [line.split(":", 1)[1].strip() for line in text if line.startswith("model name")]
    return {
        "kernel": platform.release(),
        "processors": os.cpu_count(),
        "model": models[0] if models else platform.machine(),
        "date": time.strftime("%Y-%m-%d"),
    }


def spread(values, digits=1):
    """`median [least-most]`."""
    if not values:
        return "-"
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{middle:.{digits}f} [{least:.{digits}f}-{most:.{digits}f}]"


def table(header, rows):
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
    print(flush=True)
