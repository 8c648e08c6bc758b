"""Writes Swift calls of the public interface with hostile values, from the symbol graphs of the library's modules.

Usage: python3 calls.py FOLDER-OF-SYMBOL-GRAPHS FOLDER-OF-SWIFT-FILES
Exits with an error when more members than `UNREACHED` says cannot be called, so that new ones are not forgotten.
"""

import json
import pathlib
import re
import sys

# Members that no call is written for, and why.
UNREACHED = {
    "TraceELBO.value(of:)": "a LossStep is made by a run only: runs with this loss call it",
    "Loss.value(of:)": "a LossStep is made by a run only: runs with this loss call it",
    "ModelContext.plate<R>": "by hand, in Hand.swift",
    "ModelContext.mask<R>": "by hand, in Hand.swift",
    "ModelContext.scale<R>": "by hand, in Hand.swift",
} | {
    name: "a run only makes what it is called with: by hand, in Extensions.swift"
    for name in (
        "LossStep.logDensities(particle:)", "LossStep.logDensities(particles:)", "LaneAlgorithm.prepare(_:)", "SVI.prepare(_:)",
        "Minimize.prepare(_:)", "Pathfinder.prepare(_:)", "Laplace.prepare(_:)", "LaneProblem.value(of:at:)", "LaneProblem.valueAndGradients(of:at:)", "LaneProblem.flattened(_:)",
        "LaneProblem.unflattened(_:)", "LaneProblem.state(_:shape:dtype:)", "LaneProblem.count",
        "LanePlan.init(_:loss:gradients:parameters:states:stop:)", "LanePlan.State.init(_:start:next:)", "LanePlan.Stop.init(converged:stalled:)",
        "Optimizer.move(_:)", "Averaged.move(_:)", "Clipped.move(_:)", "OptimizationStep.read(_:)", "OptimizationStep.valueAndGradients(at:)",
        "OptimizationMove.init(_:sharedSlots:)", "OptimizationMove.parameters", "OptimizationMove.sharedSlots",
        "PreparedGuide.init(parameters:latents:data:hasQuantiles:initial:values:)",
        "PreparedGuide.Values.init(assign:logDensity:parameters:)", "PreparedGuide.Starts.init(_:)", "PreparedGuide.Starts.values",
        "Initializer.starts(of:_:_:parameter:)", "TraceRun.guideSource(site:)", "LatentStart.shape",
        "RunState.init(from:)", "RunState.encode(to:)",
    )
}

# Values by type: an expression of `Values`.
POOLS = {
    "Int": "int", "Double": "double", "Float": "float", "Bool": "bool", "String": "string", "UInt64": "seed",
    "Shape": "shape", "[Int]": "ints", "[Double]": "doubles", "[[Double]]": "rows", "[Bool]": "bools", "[String]": "strings",
    "Range<Int>": "range", "ClosedRange<Int>": "closedRange", "PartialRangeFrom<Int>": "rangeFrom",
    "PartialRangeUpTo<Int>": "rangeUpTo", "PartialRangeThrough<Int>": "rangeThrough",
    "ClosedRange<Double>": "realRange", "PartialRangeFrom<Double>": "realRangeFrom",
    "PartialRangeThrough<Double>": "realRangeThrough",
    "Range": "range", "ClosedRange": "closedRange", "PartialRangeFrom": "rangeFrom", "PartialRangeUpTo": "rangeUpTo",
    "PartialRangeThrough": "rangeThrough",
    "Tensor": "tensor", "[Tensor]": "tensors", "[String : Tensor]": "tensorsByName", "TensorExpression": "tensor",
    "[String : Shape]": "shapesByName", "[String : LaneData]": "data", "[Int : Hyperparameter]": "pieces",
    "[String : Int]": "axes", "some Sequence<Int>": "ints", "ExchangeableSites": "exchangeable", "Modes": "modes", "Mode": "mode",
    "Set<String>": "names", "any TensorIndex": "index", "TensorIndex": "index", "AxisIndex": "axisIndex",
    "any Distribution": "distribution", "Distribution": "distribution", "BatchedDistribution": "batched",
    "any Bijector": "bijector", "Bijector": "bijector", "[any Bijector]": "bijectors",
    "Constraint": "constraint", "TensorError": "tensorError", "RandomSource": "source",
    "Model": "model", "any Guide": "guide", "(any Guide)": "guide", "Guide": "guide", "any Optimizer": "optimizer", "Optimizer": "optimizer",
    "any Loss": "loss", "Loss": "loss", "GuideData": "guideData", "PreparedGuide": "preparedGuide",
    "Hyperparameter": "hyperparameter", "HyperparameterConvertible": "hyperparameter", "Hyperparameter.Range": "hyperparameterRange",
    "some HyperparameterConvertible": "hyperparameter", "Initializer": "initializer",
    "RunOptions": "options", "Convergence": "convergence", "Key": "key", "[Key]": "keys", "Schedule": "schedule",
    "Precision": "precision", "DType": "dtype", "URL": "url", "RunState": "runState", "FitRun": "fitRun",
    "any LaneAlgorithm": "algorithm", "LaneAlgorithm": "algorithm",
    "(inout ModelContext, [Tensor], [Tensor]) throws -> ([Tensor], [Tensor])": "stepWithSites",
    "(inout ModelContext, Tensor, Tensor) throws -> (Tensor, Tensor)": "scanWithSites",
    "(inout ModelContext, Tensor, Tensor) throws -> Tensor": "foldWithSites", "BadData": "badData", "Device": "device", "LaneData": "laneData", "SVI": "svi",
    "Fits": "fits", "Fit": "fit", "LaneValues": "laneValues", "Summary": "summary", "Summary.Row": "row",
    "FitProgress": "progress", "FitProgress.Edge": "edge", "Trust": "trust", "Trust.Shift": "trustShift",
    "Datasets": "datasets", "Settings": "settings", "Settings.Setting": "setting", "[Settings.Setting]": "settingList",
    "(String, [Double])": "settingPair", "[String : Double]": "places", "DatasetReference": "dataset", "any DatasetReference": "dataset",
    "(any DatasetReference)": "dataset", "GridRun": "gridRun", "GridFits": "gridFits", "GridAxis": "gridAxis", "GridSummary": "gridSummary",
    "GridSummary.Row": "gridRow", "StatusCounts": "statusCounts", "Folds": "folds", "RowWeights": "rowWeights",
    "[String : [Double]]": "numbersByName", "Bootstrap": "bootstrap", "Bootstrap.Row": "bootstrapRow", "Calibration": "calibration",
    "Calibration.Element": "calibrationElement", "CrossValidation": "crossValidation", "Recovery": "recovery",
    "Recovery.Row": "recoveryRow", "Sensitivity": "sensitivity", "Sensitivity.Row": "sensitivityRow", "MultiPath": "multiPath",
    "Predictions": "predictions", "LeaveOneOut": "leaveOneOut", "[String : LeaveOneOut]": "leaveOneOuts",
    "LeaveOneOut.UntrustedRow": "untrusted", "LeaveOneOutComparison": "comparison",
    "FitReason": "reason", "FitReasonGroup": "reasonGroup",
    "FitReason.Number": "reasonNumber", "FitReason.Kind": "reasonKind", "FitStatus": "status", "Timings": "timings",
    "RunLayout": "layout", "Trace": "trace", "Site": "site", "ModelError": "modelError", "DataError": "dataError",
    "RunError": "runError", "DeviceError": "deviceError", "ScheduleError": "scheduleError", "LockstepError": "lockstepError",
    "DataElement": "double", "TensorNumber": "double",
    "(UnboundedRange_) -> ()": "...", "@escaping @Sendable (inout ModelContext) -> Void": "body",
    "@escaping @Sendable (SiteInfo) -> Bool": "predicate", "(Hyperparameter) -> Tensor": "reading",
    "(@Sendable (Double) -> Void)": "progressFunction", "(Tensor, Tensor) -> Tensor": "foldStep",
    "(Tensor, Tensor) -> (Tensor, Tensor)": "scanStep", "([Tensor], [Tensor]) -> ([Tensor], [Tensor])": "stepOfMany",
    "(Tensor, [Tensor]) -> [Tensor]": "derivativeOfMany",
    "(Tensor) -> Tensor": "function", "([Tensor]) -> [Tensor]": "functionOfMany", "([Tensor]) -> Tensor": "condition",
    "(@Sendable (CompilationSize) -> Void)": "compileFunction",
    "@Sendable (LatentStart) throws(ModelError) -> Tensor": "startFunction", "CompilationSize": "compilationSize", "(inout ModelContext) throws -> Void": "inner",
}
THROWING = {
    "fits", "fit", "laneValues", "summary", "row", "progress", "edge", "trust", "trustShift", "reason", "reasonGroup", "reasonNumber", "status",
    "timings", "compilationSize", "layout", "trace", "site", "preparedGuide", "modelError", "dataError", "runError", "deviceError",
    "scheduleError", "lockstepError", "source", "tensorError", "runState", "fitRun", "modes", "mode",
    "datasets", "gridRun", "gridFits", "gridAxis", "gridSummary", "gridRow", "statusCounts", "bootstrap", "bootstrapRow", "calibration",
    "calibrationElement", "crossValidation", "recovery", "recoveryRow", "sensitivity", "sensitivityRow", "multiPath", "predictions",
    "leaveOneOut", "leaveOneOuts", "untrusted", "comparison",
}
# What a generic parameter stands for, one call for each.
STAND_INS = {"TensorNumber": ["Double", "Int", "Float"], "DataElement": ["Double", "Int", "Bool"]}
# What is made inside a model, where its result is used.
INSIDE = re.compile(r"^(Tensor|Constraint|Batch|any (Distribution|Bijector)|\[?Tensor\]?)\??$")


class NoPool(Exception):
    pass


def split(text):
    """Splits at the commas that are in no brackets."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        if letter in "([<":
            depth += 1
        elif letter in ")]" or (letter == ">" and text[place - 1] != "-"):
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [part.strip() for part in parts + [text[start:]] if part.strip()]


def bracketed(text):
    """What stands in the first parentheses outside of generics, and what follows them."""
    start = text.index("(")
    depth = 0
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return text[start + 1 : place], text[place + 1 :]
    raise ValueError(text)


class Member:
    def __init__(self, symbol):
        self.kind = symbol["kind"]["identifier"].removeprefix("swift.")
        self.owner = ".".join(symbol["pathComponents"][:-1])
        self.text = " ".join("".join(part["spelling"] for part in symbol["declarationFragments"]).split())
        self.title = symbol["names"]["title"]
        self.where = [
            (rule["lhs"], rule["rhs"]) for rule in symbol.get("swiftGenerics", {}).get("constraints", []) if rule["lhs"] != "Self"
        ]

    @property
    def name(self):
        generic = re.search(r"func (\w+<R>)", self.text)
        return (self.owner + "." if self.owner else "") + (generic.group(1) if generic else self.title)


class Writer:
    def __init__(self, members):
        self.inits = {}
        for member in members:
            if member.kind == "init" and not member.text.startswith("init?") and "<" not in member.text.split("(")[0]:
                self.inits.setdefault(member.owner, member)
        types = [m for m in members if m.kind in ("struct", "enum")]
        self.distributions = {m.owner for m in members if m.kind == "method" and m.title == "logProb(_:)"}
        self.bijectors = {m.owner for m in members if m.kind == "method" and m.title == "logAbsDetJacobian(_:_:)"}
        self.types = types

    def value(self, kind):
        """An expression for a value of a type."""
        kind = kind.strip()
        if kind.startswith("inout "):
            return self.value(kind[6:])
        if kind == "Hasher":
            return "Hasher()"
        if kind in POOLS:
            pool = POOLS[kind]
            if pool == "...":
                return pool
            return f"try v.{pool}()" if pool in THROWING else f"v.{pool}()"
        if kind.endswith("..."):
            return self.value(kind[:-3])
        if kind.endswith("?"):
            value = self.value(kind[:-1])
            return f"{'try ' if value.startswith('try ') else ''}v.optional({value})"
        if kind.startswith("[") and ":" not in kind:
            return f"v.many {{ {self.value(kind[1:-1])} }}"
        if kind in self.inits:
            given, _ = bracketed(self.inits[kind].text)
            return f"{kind}({', '.join(label + self.value(kind) for label, kind in self.parameters(given))})"
        raise NoPool(kind)

    @staticmethod
    def parameters(text, is_subscript=False):
        """The label and the type of each parameter."""
        result = []
        for part in split(text):
            names, colon, kind = part.partition(":")
            if not colon or any(bracket in names for bracket in "([<"):  # a case without labels
                result.append(("", part))
                continue
            kind = re.sub(r" = .*$", "", kind).strip()
            words = names.split()
            label = "_" if is_subscript and len(words) == 1 else words[0]
            result.append(("" if label == "_" else label + ": ", kind))
        return result

    def calls(self, member):
        """The calls of a member: its text, the values, the expression, and whether it belongs inside a model."""
        generics = dict.fromkeys(lhs for lhs, rhs in member.where if rhs in STAND_INS and lhs in ("N", "M", "L", "H", "Number", "Element"))
        rules = dict(member.where)
        choices = STAND_INS[rules[next(iter(generics))]] if generics else [None]
        return [self.call(member, dict.fromkeys(generics, choice)) for choice in choices]

    def call(self, member, stand_ins):
        text = re.sub(r"@\w+ (?=(mutating|func|static))", "", member.text)
        owner = {"HyperparameterConvertible": "Hyperparameter", "TensorExpression": "Tensor"}.get(member.owner, member.owner)
        lines = []

        def bind(kind):
            kind = kind.replace("Self", owner)
            for name, choice in stand_ins.items():
                kind = re.sub(rf"\b{name}\b", choice, kind)
            value = self.value(kind)
            if value == "..." or value == "v.inner()" and not lines.append("let inner = v.inner()"):
                return "..." if value == "..." else "{ inner(&$0) }"
            name = f"a{len(lines)}"
            lines.append(f"{'var' if kind.startswith('inout') else 'let'} {name} = {value}")
            return ("&" if kind.startswith("inout") else "") + name

        kind = member.kind
        result = owner
        if kind == "var":
            return [], member.title, False, 1
        if kind == "enum.case":
            case = text.removeprefix("case ")
            if "(" not in case:
                return [], f"{owner}.{case}", bool(INSIDE.match(owner)), 1
            given, _ = bracketed(case)
            arguments = [label + bind(kind) for label, kind in self.parameters(given)]
            return lines, f"{owner}.{case.split('(')[0]}({', '.join(arguments)})", bool(INSIDE.match(owner)), 4
        if kind in ("property", "type.property"):
            if kind == "type.property":
                return [], f"{owner}.{member.title}", False, 1
            result = text.split(":", 1)[1].split("{")[0].strip()
            receiver = bind(owner)
            if "{ get }" not in text:  # a variable that can be set
                lines[-1] = lines[-1].replace("let", "var", 1)
                value = bind(result)
                lines.append(f"{receiver}.{member.title} = {value}")
                return lines, receiver, owner not in ("RunOptions", "Convergence"), 4
            return lines, f"{receiver}.{member.title}", self.is_inside(owner, result), 1

        given, rest = bracketed(text[text.index(">(") + 1 :] if re.search(r"(func \S+|init|\+|-|[=<>!*/.&|]+)\s*<[\w, ]+>\(", text) else text)
        arrow = re.search(r"-> (.*?)( where .*| \{ get \})?$", rest)
        result = arrow.group(1) if arrow else "Void"
        attempt = "try " if " throws" in rest else ""
        parameters = self.parameters(given, kind == "subscript")
        variants = 4 if parameters else 1
        if kind == "init":
            result = owner
            arguments = [label + bind(kind) for label, kind in parameters]
            return lines, f"{attempt}{owner}({', '.join(arguments)})", self.is_inside(owner, owner), variants
        if kind == "func.op":
            operator = re.search(r"func (\S+)", text).group(1)
            operands = [bind(kind) for _, kind in parameters]
            if len(operands) == 1:
                return lines, f"{operator}{operands[0]}", True, variants
            if operands[0].startswith("&"):
                lines.append(f"{operands[0][1:]} {operator} {operands[1]}")
                return lines, operands[0][1:], True, variants
            return lines, f"{operands[0]} {operator} {operands[1]}", self.is_inside(owner, result), variants
        if kind == "func":
            receiver = ""
        elif kind == "type.method":
            receiver = owner + "."
        elif owner == "ModelContext":
            receiver = "m."
        else:
            receiver = bind(owner) + "."
        arguments = [label + bind(kind) for label, kind in parameters]
        if kind == "subscript":
            return lines, f"{attempt}{receiver[:-1]}[{', '.join(arguments)}]", self.is_inside(owner, result), variants
        call = f"{attempt}{receiver}{member.title.split('(')[0]}({', '.join(arguments)})"
        if result in ("Void", "()"):
            lines.append(call)
            call = "()"
        return lines, call, self.is_inside(owner, result), variants

    def is_inside(self, owner, result):
        return (
            owner in ("ModelContext", "Tensor", "RandomSource", "Constraint", "Batch", "Distribution", "Bijector")
            or owner in self.distributions or owner in self.bijectors or bool(INSIDE.match(result)) and owner in ("", "Trace")
        )


def main(graphs, target):
    symbols = {}
    for path in sorted(pathlib.Path(graphs).glob("*.symbols.json")):
        for symbol in json.loads(path.read_text())["symbols"]:
            symbols[symbol["identifier"]["precise"]] = symbol
    members = [Member(symbol) for symbol in symbols.values()]
    members.sort(key=lambda member: (member.owner, member.text))
    writer = Writer(members)
    statements, missing = [], []
    for member in members:
        if member.kind in ("struct", "enum", "protocol", "typealias", "class", "associatedtype"):
            continue
        if member.kind == "property" and (" let " in " " + member.text):
            continue  # a constant: reading it runs nothing of the library
        if member.name in UNREACHED:
            continue
        try:
            calls = writer.calls(member)
        except NoPool as problem:
            missing.append(f"{member.owner}: {member.text}: no values of type {problem}")
            continue
        for lines, call, inside, variants in calls:
            title = json.dumps(f"{member.owner}: {member.text}")
            context = "v, m" if inside else "v"
            body = "; ".join(lines + [f"return ({call}) as Any"])
            statements.append(f"    list.add{'Inside' if inside else 'Outside'}({title}, {variants}) {{ {context} in {body} }}")
    for line in missing:
        print("no call of", line, file=sys.stderr)
    folder = pathlib.Path(target)
    size = 200
    parts = [statements[first : first + size] for first in range(0, len(statements), size)]
    for number, part in enumerate(parts):
        (folder / f"Calls{number}.swift").write_text(
            "import Lockstep\n\n// Written by calls.py.\n\n"
            f"func calls{number}(_ list: inout CallList) {{\n" + "\n".join(part) + "\n}\n")
    names = "".join(f"    calls{number}(&list)\n" for number in range(len(parts)))
    (folder / "CallsAll.swift").write_text(f"// Written by calls.py.\n\nfunc allCalls(_ list: inout CallList) {{\n{names}}}\n")
    print(f"{len(statements)} calls; {len(missing)} members have none, {len(UNREACHED)} are left out by name")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
