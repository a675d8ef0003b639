"""A sound card for `play`, on machines with and without one.

In the place of the module sounddevice it asks for blocks at the pace of the clock, writes down when the first
block came that is not silent, and ends the process.
"""

SOURCE = """
import os, threading, time
import numpy as np

class PortAudioError(Exception):
    pass

class Flags:
    output_underflow = False

class OutputStream:
    latency = 0.01

    def __init__(self, *, samplerate, blocksize, channels, callback, **_):
        self.block_seconds, self.shape, self.callback = blocksize / samplerate, (blocksize, channels), callback

    def start(self):
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        out, due = np.zeros(self.shape, np.float32), time.monotonic()
        while True:
            self.callback(out, len(out), None, Flags())
            if out.any():
                with open(os.environ["NSYNTH_LAB_FIRST_SOUND"], "w") as file:
                    file.write(str(time.monotonic()))
                os._exit(0)
            due += self.block_seconds
            time.sleep(max(0.0, due - time.monotonic()))

    def close(self, ignore_errors=True):
        pass

def _initialize():
    pass

def _terminate():
    pass

def query_devices(*_):
    return []
"""
