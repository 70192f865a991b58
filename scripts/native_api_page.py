"""Writes the generated part of docs/reference/native-api.md, from the API's own table of routes and types; `--check` changes nothing."""

import sys
from pathlib import Path

from wrap_docs import page_wrapped

from cambist.dialects.native.reference_page import markdown
from cambist.dialects.native.routes import ENDPOINTS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "native-api.md"
BEGIN = "<!-- made by scripts/native_api_page.py from here to the end -->\n"


def main() -> int:
    text = PAGE.read_text(encoding="utf-8")
    wanted = text.partition(BEGIN)[0] + BEGIN + page_wrapped("\n" + markdown(ENDPOINTS))
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(wanted, encoding="utf-8")
    elif text != wanted:
        sys.stderr.write(f"{PAGE.name}: it is not what the code says: run `python scripts/native_api_page.py`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
