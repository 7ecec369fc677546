"""Run all checks; print each finding in one line; exit 1 when there is any."""

from __future__ import annotations

import sys

from tests.checks import docs, locks, translations


def main() -> int:
    """The number of findings, as an exit code of 0 or 1."""
    findings = [*locks.findings(), *docs.findings(), *translations.findings()]
    for finding in findings:
        sys.stderr.write(finding + "\n")
    sys.stdout.write(f"checks: {len(findings)} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
