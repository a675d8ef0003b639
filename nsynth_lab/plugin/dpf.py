"""DPF: the sources of the DISTRHO Plugin Framework (ISC), fetched for the build; nothing of it comes with us.

They are Debian's package `dpf-source`, held to its digest. A few lines are changed: DPF does not tell a plugin whether
its host bounces, and VST3 hosts cannot read the first parameter of an instrument, by a count that ends one too late.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
import urllib.request
from pathlib import Path, PurePosixPath

from nsynth_lab.errors import PluginError

PACKAGE = "dpf-source_1.6+ds-2_all.deb"
ADDRESS = f"https://deb.debian.org/debian/pool/main/d/dpf-plugins/{PACKAGE}"
DIGEST = "8a7c02ffa823d2d008843c543291b8cc8911a440f413c34048d2ac49594d4738"
TIMEOUT_SECONDS, LARGEST_BYTES = 60.0, 16 << 20
ROOT = PurePosixPath("usr/share/dpf")
VST3, CLAP = "distrho/src/DistrhoPluginVST3.cpp", "distrho/src/DistrhoPluginCLAP.cpp"
VST3_HEADER = "distrho/src/DistrhoPluginVST.hpp"
RENDER = """\
    if (std::strcmp(id, "clap.render") == 0)
    {
        static const struct {
            bool (*has_hard_realtime_requirement)(const clap_plugin_t*);
            bool (*set)(const clap_plugin_t*, int32_t);
        } render = {
            [](const clap_plugin_t*) { return false; },
            [](const clap_plugin_t* const plugin, const int32_t mode) {
                static_cast<PluginCLAP*>(plugin->plugin_data)->bounces = mode == 1;
                return true;
            },
        };
        return &render;
    }
"""
_PROCESS_VST3 = "        // activate plugin if not done yet\n"
_PROCESS_CLAP = "    bool process(const clap_process_t* const process)\n    {\n"
_CLASS_CLAP = "class PluginCLAP : ClapEventQueue\n{\npublic:\n"
_EXTENSIONS_CLAP = "clap_plugin_get_extension(const clap_plugin_t*, const char* const id)\n{\n"
_END, _COUNT = (
    "kVst3InternalParameterMidiCC_start + 130*16",
    "kVst3InternalParameterCount = kVst3InternalParameterMidiCC_end",
)
CHANGES = (  # file, what stands there once, what stands there then
    (VST3, _PROCESS_VST3, f"        nsynth_lab_offline = data->process_mode == V3_OFFLINE;\n{_PROCESS_VST3}"),
    (VST3_HEADER, _END, f"{_END} - 1"),
    (VST3_HEADER, _COUNT, f"{_COUNT} + 1"),
    (CLAP, _CLASS_CLAP, f"{_CLASS_CLAP}    bool bounces = false;\n"),
    (CLAP, _PROCESS_CLAP, f"{_PROCESS_CLAP}        nsynth_lab_offline = bounces;\n"),
    (CLAP, _EXTENSIONS_CLAP, _EXTENSIONS_CLAP + RENDER),
)


def fetched(folder: Path) -> Path:
    """The sources in `folder`, where they are fetched to if they are not there yet.

    Raises:
        PluginError: they cannot be fetched or kept, or are not those that are expected.
    """
    name = hashlib.sha256(f"{DIGEST} {CHANGES}".encode()).hexdigest()[:12]
    there, partial = folder / f"dpf-{name}", folder / f".dpf-{name}.partial"
    if not there.is_dir():
        shutil.rmtree(partial, ignore_errors=True)
        try:
            _unpack(_package(), partial)
            for file, before, after in CHANGES:
                _change(partial / file, before, after)
            partial.rename(there)
        except OSError as error:
            raise PluginError(f"{there}: DPF's sources cannot be kept there ({error.strerror})") from error
    return there


def _package() -> bytes:
    try:
        with urllib.request.urlopen(ADDRESS, timeout=TIMEOUT_SECONDS) as answer:
            package: bytes = answer.read(LARGEST_BYTES)
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise PluginError(
            f"DPF's sources cannot be fetched from {ADDRESS} ({reason}); this is needed once: connect and try again"
        ) from error
    if hashlib.sha256(package).hexdigest() != DIGEST:
        raise PluginError(f"{ADDRESS} is not the file that was there when this version was made; nothing was built")
    return package


def _unpack(package: bytes, folder: Path) -> None:
    """Unpack what a Debian package has below `ROOT`: an ar archive (deb(5)) with a tar archive in it."""
    at = package.index(b"data.tar.xz")
    size = int(package[at + 48 : at + 58])
    with tarfile.open(fileobj=io.BytesIO(package[at + 60 : at + 60 + size]), mode="r:xz") as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            if member.isfile() and path.is_relative_to(ROOT) and ".." not in path.parts:
                target = folder / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                content = archive.extractfile(member)
                target.write_bytes(content.read() if content else b"")


def _change(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    if text.count(before) != 1:
        raise PluginError(f"{path.name}: DPF is not what was expected; nothing was built")
    path.write_text(text.replace(before, after), encoding="utf-8")
