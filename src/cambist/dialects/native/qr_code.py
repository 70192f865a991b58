"""QR codes of this API's replies."""


def qr_code(text: str) -> str:
    """The text as a QR code: an SVG. Takes about 10 ms: not for the event loop."""
    import segno  # noqa: PLC0415 - not at every start: few processes ever draw a code

    return str(segno.make(text, error="m").svg_inline(scale=4, border=2))
