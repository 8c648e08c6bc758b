"""Kernels that are worse on purpose: what the step is for, it must find."""

import re


KERNEL_START = re.compile(r"^__kernel .*lockstep_steps", re.M)


def pointer_of(text):
    """A buffer of the first kernel that numbers can be read from and written to."""
    return re.compile(r"__global real1? \*(?:restrict )?(\w+)").search(text, KERNEL_START.search(text).start())[1]


def values(text, count):
    """So many values more that live through all steps: registers, and what spills where there are none left."""
    pointer = pointer_of(text)
    names = [f"ls_mutant{number}" for number in range(count)]
    before = "".join(f"    float {name} = {pointer}[{number} + ls_items];\n" for number, name in enumerate(names))
    changes = "".join(f"        {name} = {name} * 1.5f + {other};\n" for name, other in zip(names, names[1:] + names[:1]))
    store = f"        if (ls_step == ls_first + ls_count - 1) {pointer}[ls_items] = {' + '.join(names)};\n"
    return insert(text, before, changes + store)


def double(text):
    """A product in double."""
    pointer = pointer_of(text)
    return insert(text, "", f"        {pointer}[ls_items] = (float)((double){pointer}[ls_items] * 1.1);\n")


def from_global(text):
    """Rows that are read from where they were copied from."""
    copy = re.search(r"ls_rows_real\[ls_place\] = (\(\(__global const float4 \*\)\w+\))\[(\w+) \* (\d+) \+ ls_place\]", text)
    counter = copy[2].removesuffix("_2")
    return re.sub(rf"ls_rows_real\[\({counter} - {copy[2]}\) \* {copy[3]}", rf"{copy[1]}[{counter} * {copy[3]}", text)


def insert(text, before, inside):
    """Text before the loop over steps of the first kernel, and at the start of its body."""
    kernel = KERNEL_START.search(text).start()
    outer = re.compile(r"^ *for \(int ls_(block|step) = ls_first;.*\n", re.M).search(text, kernel)
    inner = re.compile(r"^ *for \(int ls_step = .*\{\n", re.M).search(text, kernel)
    return text[: outer.start()] + before + text[outer.start() : inner.end()] + inside + text[inner.end() :]


def all_of(kernels, table):
    """The name of each mutant, the kernel that it is made of, its text, and what has to be said of it."""
    def registers(kernel):
        own = table.get(kernel.name)
        return own["registers"] if own else 0

    # There must be room for 32 more, and they must not be the compiler's to leave out.
    plain = [kernel for kernel in kernels if kernel.schedule == "A" and registers(kernel) > 0]
    if not plain:
        return []
    staged = [kernel for kernel in plain if "ls_rows_real" in kernel.text]
    free = [kernel for kernel in plain if "// For at most" not in kernel.text]
    lean, full = min(free, key=registers), max(plain, key=registers)
    return [
        ("32 registers more", lean, values(lean.text, 40), "registers"),
        ("spills in the step loop", full, values(full.text, 255 - registers(full) + 128), "instructions that move spilled values"),
        ("a double", lean, double(lean.text), "double arithmetic"),
    ] + [("rows from global memory", kernel, from_global(kernel.text), "loads from global memory") for kernel in staged[:1]]
