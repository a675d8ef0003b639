"""Tunes engraved: MusicXML -> pages of SVG. The only door to verovio, imported on first use."""

from __future__ import annotations

from nsynth_lab.errors import MissingError, TuneError

WIDTH, HEIGHT, MARGIN = 2100, 2970, 100  # of A4, in tenths of a millimetre
LONGEST_PAGE = 60_000
OPTIONS = {
    "pageWidth": WIDTH,
    "pageMarginLeft": MARGIN,
    "pageMarginRight": MARGIN,
    "pageMarginTop": MARGIN,
    "pageMarginBottom": MARGIN,
    "scale": 40,
    "svgViewBox": True,
    "footer": "none",
    "header": "auto",
    "xmlIdSeed": 1,  # the same tune gives the same bytes
}


def engraved(musicxml: bytes, *, on_pages: bool) -> list[str]:
    """The score as SVG documents: pages of A4, or one that is as long as the tune.

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
    toolkit.setOptions({**OPTIONS, **height})
    if not toolkit.loadData(musicxml.decode()) or not toolkit.getPageCount():
        raise TuneError("verovio cannot engrave this tune; write a .musicxml and open it in a notation program")
    return [str(toolkit.renderToSVG(page)) for page in range(1, toolkit.getPageCount() + 1)]
