"""The types in the comments of the page's modules, held by TypeScript's checker."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from node_tools import node_tool

PAGE = Path(__file__).resolve().parent.parent / "nsynth_lab" / "panel" / "page"
GLOBALS = Path(__file__).with_name("worklet.d.ts")
STRICT = [
    "--allowJs",
    "--checkJs",
    "--strict",
    "--noEmit",
    "--noUnusedLocals",
    "--noUnusedParameters",
    "--noImplicitReturns",
    "--noFallthroughCasesInSwitch",
    "--target",
    "es2022",
    "--lib",
    "es2023,dom,dom.iterable",
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
    "--pretty",
    "false",
]


def test_every_module_keeps_to_its_types() -> None:
    told = checked([*PAGE.rglob("*.js")])
    assert not told, told


def test_a_module_that_does_not_is_told(tmp_path: Path) -> None:
    """One that calls the page's own modules wrongly, beside them."""
    wrong = tmp_path / "wrong.js"
    wrong.write_text(
        f"""
        import {{ shares }} from "{PAGE / "place.js"}";
        /** @param {{number}} count */
        export const middle = (count) => shares(count, {{ x: "half" }});
        """
    )
    told = checked([wrong])
    assert "wrong.js(4," in told
    assert "TS2322" in told or "TS2345" in told


def checked(modules: Sequence[Path]) -> str:
    """What TypeScript has against them, a line each."""
    command = ["node", str(node_tool("typescript/bin/tsc")), *STRICT, str(GLOBALS), *map(str, modules)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout or done.stderr or "it has ended without a word" * bool(done.returncode)
