"""Runs all probes, a few at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from nsynth_lab.doctor.probe import ProbeResult, run_probe
from nsynth_lab.doctor.table import PROBES


def examine_machine() -> list[ProbeResult]:
    """Run every probe, a few at a time; the order is that of `PROBES`."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(run_probe, PROBES))


def main_job_works(findings: list[ProbeResult]) -> bool:
    """Whether everything needed for blending to a file works."""
    return all(finding.works for finding in findings if finding.needed)


def as_dicts(findings: list[ProbeResult]) -> list[dict[str, Any]]:
    """The results as plain values, for JSON."""
    return [asdict(finding) for finding in findings]
