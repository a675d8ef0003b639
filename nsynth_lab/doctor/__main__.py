"""`python -m nsynth_lab.doctor NAME`: one probe's answer, as a line of JSON."""

from __future__ import annotations

import contextlib
import json
import os
import sys

from nsynth_lab.doctor.probe import answer
from nsynth_lab.doctor.table import PROBES

if __name__ == "__main__":
    probe = next(probe for probe in PROBES if probe.name == sys.argv[1])
    with contextlib.redirect_stdout(sys.stderr):
        found = answer(probe)
    print(json.dumps(found), flush=True)
    os._exit(0)  # the result is reported: a library that hangs or crashes while unloading does no harm
