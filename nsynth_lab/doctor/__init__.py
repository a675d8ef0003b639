"""What works on this machine, and what to install for everything that does not.

table             one row per capability: start here
probe             how one is examined, in a process of its own; a probe returns what it found, or raises `ProbeError`
                  with advice
program, sound    the probes
examination       all of them
"""

from nsynth_lab.doctor.examination import as_dicts as as_dicts
from nsynth_lab.doctor.examination import examine_machine as examine_machine
from nsynth_lab.doctor.examination import main_job_works as main_job_works
from nsynth_lab.doctor.probe import Probe as Probe
from nsynth_lab.doctor.probe import ProbeError as ProbeError
from nsynth_lab.doctor.probe import ProbeResult as ProbeResult
from nsynth_lab.doctor.program import examine_checkpoint as examine_checkpoint
