"""How many instructions a step takes: those of each loop times its iterations, which the kernel's text says."""

import re
from dataclasses import dataclass, field

HEAD = re.compile(r"^\s*for \(int (\w+) = ([^;]+); \w+ ([<>]) ([^;]+); (?:(\+\+)|\w+ (\+|/)= )?([^)]*)\)")
# What differs from work-item to work-item begins at 0; the others' share is the same, on average.
OWN = {"ls_worker": 0, "ls_local": 0, "ls_lane": 0}


@dataclass
class Loop:
    """A loop of the text: the line of its head, and its iterations, on average; None where the text does not say."""

    line: int
    trips: float | None
    unrolled: int
    # Over rows that lie in local memory.
    is_staged: bool
    found: list = field(default_factory=list)


class Spans:
    """Lengths of the blocks that a loop's iterations are gone through in, by the counter of the blocks."""

    def __init__(self):
        self.known = {}

    def trips(self, name, start, end, stride):
        """Of a loop whose head says so."""
        block = re.fullmatch(r"(i\d+_[02])(?: \+ ls_worker)?", start)
        if block and block[1] in self.known:
            lengths = self.known[block[1]]
            return self.of_blocks(name, lengths, int(stride)) if re.fullmatch(r"i\d+_\d", name) else sum(lengths) / len(lengths) / int(stride)
        if part := re.fullmatch(r"\(\w+ - (i\d+_2)\) \* (\d+)", end):
            lengths = self.known.get(part[1])
            return sum(lengths) / len(lengths) * int(part[2]) / int(stride) if lengths else None
        try:
            first, last, step = (int(eval(text, {"__builtins__": {}}, dict(OWN))) for text in (start, end, stride))
        except (NameError, SyntaxError):
            return None
        if re.fullmatch(r"i\d+_\d", name):
            return self.of_blocks(name, [last - first], step)
        return (last - first) / step if any(word in start for word in OWN) else -(-(last - first) // step)

    def of_blocks(self, name, lengths, size):
        blocks = [[size] * (length // size) + ([length % size] if length % size else []) for length in lengths]
        self.known[name] = sum(blocks, [])
        return len(self.known[name]) / len(lengths)


def text_loops(lines, first):
    """The loops of the kernel that begins at a line, numbers of lines from 1."""
    found, spans = [], Spans()
    # Loops around, as indentation and the number of all their iterations, those of other workers too.
    around = []
    for number in range(first, len(lines)):
        line = lines[number]
        if line.startswith("}"):
            break
        if head := HEAD.match(line):
            name, start, relation, end, one, operator, stride = head.groups()
            pragma = re.match(r"\s*#pragma unroll (\d+)", lines[number - 1])
            indentation = len(line) - len(line.lstrip())
            around = [one for one in around if one[0] < indentation]
            window = None
            if whole := re.match(r"\s*// (\d+) iterations in all", lines[number - 2 if pragma else number - 1]):
                # As long as it is on average.
                window = int(whole[1]) / next((count for _, count in reversed(around) if count), 1)
                if name.endswith("_0"):
                    # Short enough to be one block.
                    spans.known[name], window = [window], 1
            if operator == "/":
                trips = int(eval(start, {"__builtins__": {}}, {})).bit_length()
            else:
                trips = window or (1 if whole or name == "ls_step" else spans.trips(name, start, end, "1" if one else stride))
                around.append((indentation, int(end) if end.isdigit() else None))
            is_staged = bool(re.fullmatch(r"i\d+", name) and re.match(r"i\d+_2", start))
            found.append(Loop(number + 1, trips, int(pragma[1]) if pragma else 1, is_staged))
    return found


def lines_of(listing, name):
    """Instructions of a kernel in nvdisasm's listing: line of the text, where it jumps to, whether it reads global memory."""
    body = listing.split(f"\n.text.{name}:\n", 1)[1].split("\n.text.", 1)[0]
    labels, found, line = {}, [], 0
    for text in body.splitlines():
        if mark := re.match(r'\s*//## File "[^"]*", line (\d+)', text):
            line = int(mark[1])
        elif mark := re.match(r"(\.L_x_\d+):", text):
            labels[mark[1]] = len(found)
        elif code := re.match(r"\s*/\*[0-9a-f]{4,}\*/\s+([^;]*);", text):
            if code[1].split()[-1] != "NOP":
                jump = re.search(r"\bBRA\b.*?`\((\.L_x_\d+)\)", code[1])
                found.append((line, jump[1] if jump else None, bool(re.search(r"\bLDG?\b", code[1]))))
    return [(line, labels.get(jump), is_load) for line, jump, is_load in found]


def step_measures(text, listing, name):
    """Instructions of a step by one work-item, where the iterations of all loops are known, and loads from global memory in loops over
    rows that lie in local memory, where there are any."""
    lines = text.split("\n")
    head = next(number for number, line in enumerate(lines) if re.match(rf"__kernel .*\b{name}\(", line))
    loops = text_loops(lines, head)
    code = lines_of(listing, name)
    back = {}
    for place, (_, target, _) in enumerate(code):
        if target is not None and target < place:
            back[target] = max(place, back.get(target, 0))
    if not back:
        return {}
    ranges = sorted(back.items(), key=lambda item: item[0] - item[1])
    step = ranges[0]
    inside = [one for one in ranges[1:] if step[0] <= one[0] and one[1] <= step[1]]
    # A jump back stands where its loop's head is.
    heads = {loop.line: loop for loop in loops}
    for one in inside:
        if loop := heads.get(code[one[1]][0]):
            loop.found.append(one)
    staged = [one for loop in loops if loop.is_staged for one in loop.found]
    measures = {"loads": sum(is_load for first, last in staged for _, _, is_load in code[first:last + 1])} if staged else {}
    times = {}
    for loop in loops:
        for number, one in enumerate(loop.found):
            if loop.trips is None:
                return measures
            # What the first leaves over is done by the others, each iteration for itself.
            whole = loop.trips // loop.unrolled if loop.unrolled > 1 and len(loop.found) > 1 else loop.trips / loop.unrolled
            times[one] = whole if number == 0 else max(loop.trips - whole * loop.unrolled, 0)
    total = 0
    for place in range(step[0], step[1] + 1):
        factor = 1
        for one in inside:
            if one[0] <= place <= one[1]:
                factor *= times.get(one, 1)
        total += factor
    return measures | {"instructions": round(total)}
