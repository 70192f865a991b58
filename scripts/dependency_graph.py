"""Which package of Cambist imports which: writes the graph into docs/internals/blueprint.md, or checks that it stands there (`--check`)."""

import sys
from pathlib import Path

import grimp

PAGE = Path(__file__).resolve().parent.parent / "docs" / "internals" / "blueprint.md"
BEGIN, END = "<!-- dependency graph: scripts/dependency_graph.py -->", "<!-- end of the dependency graph -->"


def packages(graph: grimp.ImportGraph) -> list[str]:
    """The packages right below `cambist`, and each dialect."""
    names = {module for module in graph.modules if module.count(".") == 1 and module != "cambist.dialects"}
    return sorted(names | {module for module in graph.modules if module.startswith("cambist.dialects.") and module.count(".") == 2})


def drawing() -> str:
    """A Mermaid flow chart; an arrow points from who imports to what is imported. What everybody imports is left out and said so."""
    graph = grimp.build_graph("cambist")
    names = [name for name in packages(graph) if name not in ("cambist._core", "cambist.domain", "cambist.__main__")]
    lines = ["```mermaid", "flowchart TD"]
    for importer in names:
        for imported in names:
            chain = importer != imported and graph.direct_import_exists(importer=importer, imported=imported, as_packages=True)
            if chain:
                lines.append(f"    {short(importer)} --> {short(imported)}")
    return "\n".join([*lines, "```", "", "`domain` and `_core` are left out: every package may import them."])


def short(module: str) -> str:
    return module.removeprefix("cambist.").replace("dialects.", "")


def main() -> int:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted = f"{before}{BEGIN}\n{drawing()}\n{END}{after}"
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(wanted, encoding="utf-8")
    elif text != wanted:
        sys.stderr.write(f"{PAGE.name}: the dependency graph is not the code's: run `make graph`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
