"""`make bench`: every benchmark in turn, each in its own process; JSON lines on standard output.

`python -m benchmarks route identify` runs only those.
"""

from __future__ import annotations

import subprocess
import sys

ALL = (
    *("ami_stream", "call_changes", "tracker_memory", "memory", "identify", "pages"),
    *("route", "fanout", "pop", "answer"),
)
LIMIT_S = 600


def main(asked: list[str]) -> int:
    """Run *asked*, or all; 1 when one of them failed, after the others were run."""
    unknown = [name for name in asked if name not in ALL]
    if unknown:
        sys.stderr.write(f"no benchmark named {', '.join(unknown)}; there are {', '.join(ALL)}\n")
        return 2
    failed = []
    for name in asked or ALL:
        try:
            done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            failed.append(f"{name} (took more than {LIMIT_S} s)")
            continue
        if done.returncode != 0:
            failed.append(name)
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
