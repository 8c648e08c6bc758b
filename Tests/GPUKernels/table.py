"""The recorded measures, and how far a kernel may leave them."""

import json
from pathlib import Path

PATH = Path(__file__).with_name("table.json")


def read():
    return json.loads(PATH.read_text()) if PATH.exists() else {}


def write(table):
    """One kernel a line, so that a change of few kernels is few lines."""
    parts = []
    for compiler, own in sorted(table.items()):
        lines = [f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(own.items())]
        parts.append(f"  {json.dumps(compiler)}: {{\n" + ",\n".join(lines) + "\n  }")
    PATH.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def most(measure, recorded):
    """The largest number that is held to be the same."""
    return {
        "registers": recorded + 8,
        "stack": recorded + 64,
        "shared": recorded,
        "spills": recorded + 16,
        "step": recorded * 1.05,
        "rows": recorded * 1.05,
        "instructions": recorded * 1.02,
        "loads": recorded,
    }[measure]


WORDS = {
    "registers": "registers",
    "stack": "bytes of stack",
    "shared": "bytes of shared memory",
    "spills": "instructions that move spilled values in the step loop",
    "step": "instructions in the step loop",
    "rows": "instructions in the longest loop of a step",
    "instructions": "instructions of a work-item in a step",
    "loads": "loads from global memory in loops over staged rows",
}


# Of NVIDIA's compiler, what dense rows were built to come to: instructions of all work-items of a lane, and registers.
MOST_OF_DENSE_ROWS = {"logistic 65536": (67_000, 128), "big-logistic 1024": (8_300_000, 128)}


def beyond(name, found):
    """What of a kernel is more than it was built to come to."""
    case, _, rest = name.partition(" ")
    lanes, schedule, kernel = rest.split(" ")
    limit = MOST_OF_DENSE_ROWS.get(f"{case} {lanes}")
    if limit is None or kernel != "lockstep_steps":
        return
    instructions = found.get("instructions", 0) * int(schedule.split(":")[2] if ":" in schedule else 1)
    if instructions > limit[0] or found["registers"] > limit[1]:
        yield f"{name}: {instructions} instructions of a lane in a step and {found['registers']} registers, {limit[0]} and {limit[1]} at most"


def worse(name, found, recorded):
    """What of a kernel is worse than it was."""
    if recorded is None:
        yield f"{name}: it is not in the table; record it with --record"
        return
    for measure, value in found.items():
        if value > most(measure, recorded.get(measure, 0)):
            yield f"{name}: {value} {WORDS[measure]}, before {recorded.get(measure, 0)}"


def better(found, recorded):
    """Whether a kernel is so much better that the table should say so."""
    return recorded is not None and any(recorded.get(measure, 0) > most(measure, value) for measure, value in found.items())
