"""XML from strangers -> elements: no entities, nothing fetched, bounded in size and depth."""

from __future__ import annotations

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from nsynth_lab.errors import TuneError

MOST_ELEMENTS, DEEPEST = 400_000, 64


def parse_tree(data: bytes) -> Element:
    """The root element.

    A document type is passed over, as MusicXML files name one; entities that it declares are refused.

    Raises:
        TuneError: not XML, or too much of it.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    count = depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count, depth
        count, depth = count + 1, depth + 1
        if count > MOST_ELEMENTS or depth > DEEPEST:
            raise TuneError(f"XML of more than {MOST_ELEMENTS:,} elements, or deeper than {DEEPEST}; no tune is")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def refuse(*_: object) -> NoReturn:
        raise TuneError("XML that declares entities, which MusicXML does not need; export it again")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise TuneError(f"not XML that can be read ({error}); export it again") from error
    return builder.close()


def text_of(element: Element | None, path: str) -> str:
    """The text of a descendant, without space around it; empty if there is none."""
    return (element.findtext(path) or "").strip() if element is not None else ""


def int_of(element: Element | None, path: str, default: int = 0) -> int:
    """The whole number in a descendant; `default` if there is none, or none that makes sense."""
    text = text_of(element, path)
    try:
        return int(float(text)) if len(text) < 20 else default
    except (ValueError, OverflowError):
        return default
