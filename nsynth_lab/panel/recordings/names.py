"""Names of recordings: "kalimba (recording)", on corners, in patches and in links, until it is kept under another."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from nsynth_lab.errors import UsageError
from nsynth_lab.model.bank import Bank
from nsynth_lab.naming import LONGEST_NAME, checked_name, folded
from nsynth_lab.patch import Patch

MARK = " (recording)"
UNNAMED = "recording"
LONGEST_TITLE = LONGEST_NAME - len(MARK) - 3  # room for a number


def is_recording(name: str) -> bool:
    """Whether a corner's name says that it is a recording, here or anywhere.

    >>> is_recording("Kalimba (Recording)"), is_recording("kalimba")
    (True, False)
    """
    return folded(name).endswith(MARK)


def title_of(file_name: str) -> str:
    r"""What a recording is called after its file: the name without folders and ending, if it can be shown.

    >>> title_of("C:\\sounds\\Door_Slam.wav"), title_of("../../etc/passwd"), title_of("")
    ('door slam', 'passwd', 'recording')
    """
    stem = PurePosixPath(file_name.replace("\\", "/")).stem[:LONGEST_TITLE]
    try:
        return folded(checked_name(stem))[:LONGEST_TITLE].strip() or UNNAMED
    except UsageError:
        return UNNAMED


def free_name(title: str, taken: Iterable[str]) -> str:
    """A name for a recording of that title that no other has.

    >>> free_name("voice", ["voice (recording)"])
    'voice 2 (recording)'
    """
    used = set(map(folded, taken))
    return next(
        name
        for number in range(1, len(used) + 2)
        if folded(name := f"{title}{f' {number}' * (number > 1)}{MARK}") not in used
    )


def check_recordings(patch: Patch, bank: Bank) -> None:
    """Refuse a patch with a recording that the bank does not hold; part of a name is not enough here.

    Raises:
        UsageError: it was not kept, and is gone.
    """
    for name in patch.blend.corners:
        if is_recording(name) and not bank.holds(name):
            raise UsageError(
                f"'{name}' has not been kept and is gone: record it again, or put another instrument on its corner"
            )


def check_kept(patch: Patch) -> None:
    """Refuse to save what would outlive a recording that it needs.

    Raises:
        UsageError: a corner is a recording that is not kept.
    """
    for name in filter(is_recording, patch.blend.corners):
        raise UsageError(f"'{name}' ends with this session: keep it in your bank first, then save the preset")
