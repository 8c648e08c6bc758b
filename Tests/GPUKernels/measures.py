"""What a compiler made of a kernel: registers, stack, spills, local memory, and the instructions of its loops."""

import re

from tools import run
from trips import step_measures

# Hard limits of every GPU that counts. AMD's compiler puts arrays of work-items into what a group leaves of its local memory.
SHARED_BYTES_OF_NVIDIA, SHARED_BYTES_OF_AMD = 48 << 10, 64 << 10
REGISTERS_OF_UNIT = 65_536


def loops(instructions):
    """Of numbered instructions with the places they may jump to: the loops as ranges, for each jump back."""
    return sorted({(target, place) for place, (target, _) in enumerate(instructions) if target is not None and target <= place})


def loop_measures(instructions):
    """The step loop is the longest one, the row loop the longest inside of it.

    `instructions` are pairs: where it jumps to, if it does, and whether it moves a spilled value.
    """
    found = loops(instructions)
    if not found:
        return {"step": 0, "spills": 0, "rows": 0}
    step = max(found, key=lambda loop: loop[1] - loop[0])
    # Neither a jump that ends the same loop elsewhere nor its turn: something shorter by more than a header.
    inner = [last - first + 1 for first, last in found if first >= step[0] and last <= step[1] and (last - first) < 0.95 * (step[1] - step[0])]
    spills = sum(is_spill for _, is_spill in instructions[step[0]:step[1] + 1])
    return {"step": step[1] - step[0] + 1, "spills": spills, "rows": max(inner, default=0)}


def named_places(lines, label, instruction, target, is_spill):
    """Instructions as `loop_measures` takes them, where jumps name labels."""
    places, found = {}, []
    for line in lines:
        if mark := label.match(line):
            places[mark[1]] = len(found)
        elif instruction.match(line):
            jump = target.search(line)
            found.append((jump[1] if jump else None, bool(is_spill.search(line))))
    return [(places.get(name) if name else None, spill) for name, spill in found]


# MARK: NVIDIA


def launch_bounds(text, group):
    """The text for CUDA: a group's size is an attribute after the result there, and registers are so many for so many groups on a unit."""
    text = re.sub(r"__attribute__\(\(reqd_work_group_size\([^)]*\)\)\)", "", text)

    def bounds(head):
        return f"\n__kernel void __launch_bounds__({group}" + (f", {REGISTERS_OF_UNIT // int(head[1]) // group})" if head[1] else ")")

    return re.sub(r"(?:\n// For at most (\d+) registers\.)?\n__kernel\s+void", bounds, text)


def nvidia(tools, shim, text, group, source):
    """Measures by kernel, and what is wrong."""
    text = shim + launch_bounds(text, group)
    ptx, complaint = tools.ptx(text)
    if ptx is None:
        return {}, [f"it does not compile: {complaint.strip().splitlines()[0]}"]
    wrong = []
    if re.search(r"^\s*(@%?\w+ )?call", ptx, re.M):
        wrong.append("there is a call in the PTX")
    if re.search(r"\.f64\b", ptx):
        wrong.append("there is double arithmetic in float text")
    path, binary = source.with_suffix(".ptx"), source.with_suffix(".cubin")
    path.write_text(ptx)
    outcome = run(tools.ptxas, "-arch=sm_90", "-lineinfo", "-v", "-o", binary, path)
    if outcome.returncode:
        return {}, wrong + [f"ptxas refuses it: {outcome.stderr.strip()}"]
    measures = {}
    for name, part in re.findall(r"Compiling entry function '(\w+)'(.*?Used[^\n]*)", outcome.stderr, re.S):
        def number(pattern):
            found = re.search(pattern, part)
            return int(found[1]) if found else 0

        measures[name] = {"registers": number(r"Used (\d+) registers"), "stack": number(r"(\d+) bytes stack frame"), "shared": number(r"(\d+) bytes smem")}
    listing = run(tools.cuobjdump, "-sass", binary, env=tools.environment).stdout
    for part in listing.split("Function : ")[1:]:
        name, _, body = part.partition("\n")
        instructions = []
        for place, code in re.findall(r"^\s*/\*([0-9a-f]{4,})\*/\s+([^;]*);", body, re.M):
            if code.split()[-1] == "NOP":
                continue
            jump = re.search(r"\bBRA\b.*?(0x[0-9a-f]+)", code)
            instructions.append((int(place, 16), int(jump[1], 16) if jump else None, bool(re.search(r"\b(LDL|STL)\b", code))))
        number = {place: count for count, (place, _, _) in enumerate(instructions)}
        measures.setdefault(name.strip(), {}).update(loop_measures([(number.get(jump), spill) for _, jump, spill in instructions]))
    places = run(tools.nvdisasm, "-g", "-c", binary).stdout
    for name, own in measures.items():
        own.update(step_measures(text, places, name))
    if not measures:
        wrong.append("ptxas names no kernel")
    return measures, wrong


# MARK: AMD


def amd(tools, target, text, group, source):
    """Measures by kernel, and what is wrong."""
    # Of kernels that do not say so themselves.
    text = re.sub(r"__kernel(\s+)void", rf"__kernel\1__attribute__((reqd_work_group_size({group}, 1, 1))) void", text)
    source = source.with_suffix(f".{target}.cl")
    source.write_text(text)
    listing, complaint = tools.assembly(source, target)
    if listing is None:
        return {}, [f"it does not compile: {complaint.strip().splitlines()[0]}"]
    wrong = []
    if "s_swappc" in listing:
        wrong.append("there is a call")
    if re.search(r"^\s*v_\w+_f64", listing, re.M):
        wrong.append("there is double arithmetic in float text")
    measures = {}
    for part in listing.split("amdhsa.kernels:")[-1].split("\n  - .a")[1:]:
        def number(key):
            found = re.search(rf"\.{key}:\s+(\d+)", part)
            return int(found[1]) if found else 0

        if name := re.search(r"\.name:\s+(\w+)", part):
            measures[name[1]] = {
                "registers": number("vgpr_count"), "stack": number("private_segment_fixed_size"), "shared": number("group_segment_fixed_size")}
    for name, own in measures.items():
        body = listing.split(f"\n{name}:", 1)[1].split(".Lfunc_end", 1)[0]
        own.update(loop_measures(named_places(
            body.splitlines(), re.compile(r"^(\.LBB\w+):"), re.compile(r"^\s+[a-z]+_\w+"), re.compile(r"\bs_c?branch\w*\s+(\.LBB\w+)"),
            re.compile(r"\bscratch_(load|store)|\bbuffer_(load|store)_dword.* s\[0:3\]|v_accvgpr_(read|write)"))))
    if not measures:
        wrong.append("the assembly names no kernel")
    return measures, wrong


def limits(measures, group, is_nvidia):
    """What no device allows."""
    for name, own in measures.items():
        most = SHARED_BYTES_OF_NVIDIA if is_nvidia else SHARED_BYTES_OF_AMD
        if own.get("shared", 0) > most:
            yield f"{name}: {own['shared']} bytes of shared memory, and a group has {most}"
        if is_nvidia and own.get("registers", 0) * group > REGISTERS_OF_UNIT:
            yield f"{name}: {own['registers']} registers for groups of {group}, and a unit has {REGISTERS_OF_UNIT}"
