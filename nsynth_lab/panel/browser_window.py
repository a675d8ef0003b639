"""Browser window: the panel in the user's browser."""

from __future__ import annotations

import os
import sys
import threading

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def open_window(address: str) -> bool:
    """Open it, without waiting for it; False where there is no display to see it on."""
    if sys.platform not in ("win32", "darwin") and not any(os.environ.get(name) for name in DISPLAYS):
        return False
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), name="browser", daemon=True).start()
    return True
