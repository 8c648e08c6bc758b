"""Fails where a public declaration has no doc line.

Usage: python3 doc_lines.py FOLDER, with the symbol graphs of the modules, made without witnesses of protocols and without
synthesised members.
"""

import json
import pathlib
import sys


def has_line(symbol):
    return any(line["text"].strip() for line in symbol.get("docComment", {}).get("lines", []))


def place(symbol):
    location = symbol.get("location")
    if location is None:
        return ""
    path = location["uri"].rpartition("/Sources/")[2]
    return f"Sources/{path}:{location['position']['line'] + 1}: "


count = 0
missing = []
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.symbols.json")):
    for symbol in json.loads(file.read_text())["symbols"]:
        count += 1
        if not has_line(symbol):
            missing.append(f"{place(symbol)}{'.'.join(symbol['pathComponents'])} has no doc line")
print(*sorted(missing), sep="\n", file=sys.stderr, end="\n" if missing else "")
print(f"{count} public declarations, {len(missing)} without a doc line")
if missing or count < 500:
    sys.exit("A public declaration needs a doc line: what it is, its shape or unit, what is thrown." if missing else "The declarations were not found.")
