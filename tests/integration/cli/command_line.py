"""The command line as people use it: real processes, an environment of their own, bounded in time."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "examples" / "office.yaml"
LIMIT_S = 90.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Lines of standard output."""
        return self.out.splitlines()

    def refused(self) -> str:
        """The one line of a command that was refused, without its beginning."""
        assert (self.code, self.out) == (2, ""), self
        assert self.err.startswith("callcard: ") and self.err.count("\n") == 1, self
        return self.err.removeprefix("callcard: ").strip()


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs `callcard` on the data folder *data*."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    python: Path = Path(sys.executable)

    def environment(self, **settings: str) -> dict[str, str]:
        """This process's environment with these settings and no others, in English."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLCARD_")}
        given = {"DATA": str(self.data), **self.settings, **settings}
        return {
            **kept,
            "LC_ALL": "C.UTF-8",
            **{f"CALLCARD_{name}": value for name, value in given.items()},
        }

    def __call__(self, *arguments: str | Path, stdin: str = "", **settings: str) -> Said:
        """Run to the end. Whatever it was asked, it never shows a traceback."""
        done = subprocess.run(
            [self.python, "-m", "callcard", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            env=self.environment(**settings),
            cwd=self.data.parent,
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)
