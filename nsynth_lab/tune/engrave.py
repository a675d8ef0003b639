"""Tunes engraved: MusicXML -> pages of SVG. The only door to verovio, imported on first use."""

from __future__ import annotations

from nsynth_lab.errors import MissingError, TuneError

WIDTH, HEIGHT, MARGIN = 2100, 2970, 100  # of A4, in tenths of a millimetre
LONGEST_PAGE = 60_000
SCALE, SCREEN_MARGIN = 40, 25  # of a hundred; in the units of the page
OPTIONS = {
    "pageWidth": WIDTH,
    "pageMarginLeft": MARGIN,
    "pageMarginRight": MARGIN,
    "pageMarginTop": MARGIN,
    "pageMarginBottom": MARGIN,
    "scale": SCALE,
    "svgViewBox": True,
    "footer": "none",
    "header": "auto",
    "xmlIdSeed": 1,  # the same tune gives the same bytes
}


def engraved(musicxml: bytes, *, on_pages: bool, to_screen_pixels: int = 0) -> list[str]:
    """The score as SVG documents: pages of A4, or one that is as long as the tune.

    With `to_screen_pixels` that one is for a screen: so wide at its usual size, without margins and title.

    Raises:
        MissingError: verovio is not installed.
        TuneError: it cannot engrave this.
    """
    try:
        import verovio
    except ImportError as error:
        raise MissingError(f"engraving needs verovio: pip install 'nsynth-lab[score]' ({error})") from error
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    height = {"pageHeight": HEIGHT} if on_pages else {"pageHeight": LONGEST_PAGE, "adjustPageHeight": True}
    toolkit.setOptions({**OPTIONS, **height, **(_screen(to_screen_pixels) if to_screen_pixels else {})})
    if not toolkit.loadData(musicxml.decode()) or not toolkit.getPageCount():
        raise TuneError("verovio cannot engrave this tune; write a .musicxml and open it in a notation program")
    return [str(toolkit.renderToSVG(page)) for page in range(1, toolkit.getPageCount() + 1)]


def _screen(pixels: int) -> dict[str, int | str]:
    margins = {name: SCREEN_MARGIN for name in OPTIONS if name.startswith("pageMargin")}
    return {**margins, "pageWidth": round(pixels * 100 / SCALE), "header": "none"}
