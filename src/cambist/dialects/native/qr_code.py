"""QR codes of this API's replies."""

import io


def qr_code(text: str) -> str:
    """The text as a QR code: an SVG that is an image by itself, dark on white. Takes about 10 ms: not for the event loop."""
    import segno  # noqa: PLC0415 - not at every start: few processes ever draw a code

    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", scale=4, border=2, light="#fff", xmldecl=False, nl=False)
    return drawn.getvalue().decode()
