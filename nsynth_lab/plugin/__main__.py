"""`python -m nsynth_lab.plugin SOCKET LOG SECONDS`: the engine's process, as the shell starts it (see `process`)."""

import sys
from pathlib import Path

from nsynth_lab.plugin.process import begin

if __name__ == "__main__":
    begin(Path(sys.argv[1]), Path(sys.argv[2]), linger_seconds=float(sys.argv[3]))
