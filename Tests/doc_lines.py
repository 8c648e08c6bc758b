"""Fails where a public declaration has no doc line, or a public type has no place on its module's landing page.

Usage: python3 doc_lines.py FOLDER SOURCES, with the symbol graphs of the modules, made without witnesses of protocols and
without synthesised members, and the folder of the modules' sources.
"""

import json
import pathlib
import sys

TYPES = {"swift.struct", "swift.enum", "swift.class", "swift.protocol", "swift.typealias"}


def has_line(symbol):
    return any(line["text"].strip() for line in symbol.get("docComment", {}).get("lines", []))


def place(symbol):
    location = symbol.get("location")
    if location is None:
        return ""
    path = location["uri"].rpartition("/Sources/")[2]
    return f"Sources/{path}:{location['position']['line'] + 1}: "


graphs, sources = map(pathlib.Path, sys.argv[1:3])
count = 0
mistakes = []
for file in sorted(graphs.glob("*.symbols.json")):
    module = file.name.split(".")[0]
    page = sources / module / f"{module}.docc" / f"{module}.md"
    landing = page.read_text() if page.exists() else None
    for symbol in json.loads(file.read_text())["symbols"]:
        count += 1
        path = symbol["pathComponents"]
        if not has_line(symbol):
            mistakes.append(f"{place(symbol)}{'.'.join(path)} has no doc line: what it is, its shape or unit, what is thrown")
        if landing is not None and len(path) == 1 and symbol["kind"]["identifier"] in TYPES and f"- ``{path[0]}``" not in landing:
            mistakes.append(f"{place(symbol)}{path[0]} is not named in {module}.docc/{page.name}")
for mistake in sorted(mistakes):
    print(mistake, file=sys.stderr)
print(f"{count} public declarations, {len(mistakes)} mistakes in their documentation")
if mistakes or count < 500:
    sys.exit(1)
