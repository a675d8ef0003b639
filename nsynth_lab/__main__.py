"""The door of the command line: `nsynth-lab ...` and `python -m nsynth_lab ...`."""

import sys

from nsynth_lab.interrupts import install_signal_handlers
from nsynth_lab.process_tuning import give_way, keep_freed_memory, leave_threads_to_torch, sleep_while_waiting


def main() -> None:
    """Run one command and end the process with its exit code."""
    leave_threads_to_torch()
    sleep_while_waiting()
    give_way(sys.argv[1:])
    install_signal_handlers()
    try:
        from nsynth_lab.cli import run
    except KeyboardInterrupt:
        sys.exit(130)
    keep_freed_memory()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
