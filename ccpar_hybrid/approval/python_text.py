"""A short Python text: whether it only computes, reads files that it names, and prints.

By allowance: each name, attribute and call must be known to be harmless. Names that begin with
an underscore are not, for they lead from any value to everything.
"""

from __future__ import annotations

import ast

Found = list[tuple[str, str]]
_MODULES: dict[str, frozenset[str]] = {
    "json": frozenset(["load", "loads", "dumps", "JSONDecodeError"]),
    "sys": frozenset(
        [
            "stdin",
            "stdout",
            "stderr",
            "version",
            "version_info",
            "argv",
            "exit",
            "platform",
            "executable",
            "path",
            "maxsize",
            "byteorder",
            "getsizeof",
            "modules_names",
            "getrecursionlimit",
            "prefix",
        ]
    )
    - {"path"},
    "re": frozenset(
        [
            "findall",
            "search",
            "match",
            "fullmatch",
            "sub",
            "subn",
            "split",
            "compile",
            "escape",
            "finditer",
            "IGNORECASE",
            "I",
            "M",
            "MULTILINE",
            "S",
            "DOTALL",
            "VERBOSE",
            "X",
        ]
    ),
    "math": frozenset(
        [
            "pi",
            "e",
            "sqrt",
            "floor",
            "ceil",
            "log",
            "log2",
            "log10",
            "sin",
            "cos",
            "tan",
            "pow",
            "gcd",
            "inf",
            "nan",
            "prod",
        ]
    ),
    "collections": frozenset(["Counter", "defaultdict", "OrderedDict", "deque", "namedtuple"]),
    "itertools": frozenset(
        ["chain", "groupby", "islice", "product", "permutations", "combinations", "count"]
    ),
    "datetime": frozenset(["datetime", "date", "timedelta", "timezone", "UTC"]),
    "pprint": frozenset(["pprint", "pformat"]),
    "textwrap": frozenset(["dedent", "fill", "wrap", "indent", "shorten"]),
    "string": frozenset(["ascii_letters", "digits", "punctuation"]),
    "statistics": frozenset(["mean", "median", "stdev", "mode"]),
    "base64": frozenset(["b64encode", "b64decode"]),
    "hashlib": frozenset(["md5", "sha1", "sha256", "sha512"]),
    "ast": frozenset(["parse", "dump", "literal_eval"]),
    "platform": frozenset(["python_version", "system", "machine", "platform"]),
    "time": frozenset(["time", "strftime", "gmtime"]),
    "csv": frozenset(["reader", "DictReader"]),
    "tomllib": frozenset(["load", "loads"]),
}
_CALLS = frozenset(
    [
        "print",
        "len",
        "sorted",
        "sum",
        "min",
        "max",
        "abs",
        "round",
        "int",
        "float",
        "str",
        "repr",
        "list",
        "dict",
        "set",
        "tuple",
        "range",
        "enumerate",
        "zip",
        "map",
        "filter",
        "any",
        "all",
        "bool",
        "bytes",
        "reversed",
        "isinstance",
        "type",
        "ord",
        "chr",
        "hex",
        "bin",
        "oct",
        "divmod",
        "hash",
        "frozenset",
        "next",
        "iter",
        "ascii",
        "bytearray",
    ]
)
_METHODS = frozenset(
    [
        "append",
        "extend",
        "items",
        "keys",
        "values",
        "get",
        "split",
        "rsplit",
        "splitlines",
        "strip",
        "lstrip",
        "rstrip",
        "join",
        "lower",
        "upper",
        "title",
        "replace",
        "startswith",
        "endswith",
        "find",
        "index",
        "count",
        "read",
        "readline",
        "readlines",
        "encode",
        "decode",
        "most_common",
        "group",
        "groups",
        "groupdict",
        "sort",
        "reverse",
        "pop",
        "add",
        "update",
        "insert",
        "remove",
        "copy",
        "isdigit",
        "isalpha",
        "isupper",
        "islower",
        "zfill",
        "ljust",
        "rjust",
        "center",
        "hexdigest",
        "setdefault",
        "union",
        "intersection",
        "difference",
        "total_seconds",
        "isoformat",
        "strftime",
        "now",
        "today",
        "utcnow",
        "fromtimestamp",
        "casefold",
        "partition",
        "rpartition",
        "start",
        "end",
        "span",
        "removeprefix",
        "removesuffix",
        "issubset",
        "flush",
        "write",
        "close",
        "major",
        "minor",
        "micro",
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "name",
        "real",
        "imag",
        "buffer",
    ]
)
_DUNDERS = frozenset(["__version__", "__name__", "__file__", "__doc__"])
_BUILTIN_VALUES = frozenset(["ValueError", "KeyError", "Exception", "TypeError", "IndexError"])
_STATEMENTS = (
    ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.For, ast.If, ast.Import, ast.ImportFrom,
    ast.With, ast.Pass, ast.Break, ast.Continue, ast.Try, ast.ExceptHandler, ast.Assert, ast.While,
    ast.AnnAssign,
)  # fmt: skip
_EXPRESSIONS = (
    ast.Name, ast.Attribute, ast.Call, ast.Constant, ast.JoinedStr, ast.FormattedValue, ast.BinOp,
    ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Subscript, ast.Slice, ast.List, ast.Tuple, ast.Dict,
    ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension,
    ast.IfExp, ast.keyword, ast.Starred, ast.Lambda, ast.arguments, ast.arg, ast.NamedExpr,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context, ast.alias, ast.withitem,
)  # fmt: skip


class _NotHarmless(Exception):
    pass


def look(text: str) -> Found:
    """Paths that it reads, or why it is not understood."""
    try:
        tree = ast.parse(text)
        return _Look(tree).found
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [("unclear", "this Python text does not parse")]
    except _NotHarmless as error:
        return [("unclear", f"Python: {error}")]


class _Look:
    """One text. A module's name must not be used for anything else, and no name bound twice."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: Found = []
        self.modules: dict[str, str] = {}
        self.imported: set[str] = set()
        nodes = list(ast.walk(tree))
        for node in nodes:
            if not isinstance(node, (*_STATEMENTS, *_EXPRESSIONS)):
                raise _NotHarmless(f"{type(node).__name__} is not judged")
            self._bind(node)
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        owners = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            self._check(node, called, owners)

    def _bind(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                if alias.name == "antigravity":
                    raise _NotHarmless("it opens a browser")
                if self.modules.setdefault(name, alias.name) != alias.name:
                    raise _NotHarmless(f"{name} is bound twice")
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name not in _MODULES.get(node.module or "", ()):
                    raise _NotHarmless(f"from {node.module} import {alias.name}")
                self.imported.add(alias.asname or alias.name)

    def _check(self, node: ast.AST, called: set[int], owners: set[int]) -> None:
        if isinstance(node, ast.Name):
            self._name(node, called, owners)
        elif isinstance(node, ast.arg) and node.arg in self.modules:
            raise _NotHarmless(f"{node.arg} is bound twice")
        elif isinstance(node, ast.Attribute):
            self._attribute(node)
        elif isinstance(node, ast.Call):
            self._call(node)

    def _name(self, node: ast.Name, called: set[int], owners: set[int]) -> None:
        name = node.id
        if name.startswith("__") and name != "__name__":
            raise _NotHarmless(name)
        if name in self.modules:
            if not isinstance(node.ctx, ast.Load) or id(node) not in owners:
                raise _NotHarmless(f"the module {name} is passed on")
        elif isinstance(node.ctx, ast.Load) and id(node) in called:
            if name not in _CALLS | self.imported | _BUILTIN_VALUES | {"open"}:
                raise _NotHarmless(f"{name}() is not judged")
        elif name in _GRAVE_NAMES:
            raise _NotHarmless(name)
        if not isinstance(node.ctx, ast.Load) and name in _CALLS | {"open"} | self.imported:
            raise _NotHarmless(f"{name} is bound twice")

    def _attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            raise _NotHarmless(f"it sets {node.attr}")
        module = self._module_of(node.value)
        if module is not None:
            allowed = _MODULES.get(module)
            if node.attr in _DUNDERS or (allowed is not None and node.attr in allowed):
                return
            raise _NotHarmless(f"{module}.{node.attr} is not judged")
        if node.attr not in _METHODS and node.attr not in _DUNDERS:
            raise _NotHarmless(f".{node.attr} is not judged")

    def _module_of(self, node: ast.expr) -> str | None:
        return self.modules.get(node.id) if isinstance(node, ast.Name) else None

    def _call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name):
            if node.func.id == "open":
                self._open(node)
            elif node.func.id == "type" and len(node.args) != 1:
                raise _NotHarmless("type() makes a class")
        elif not isinstance(node.func, ast.Attribute):
            raise _NotHarmless("it calls a computed value")
        for keyword in node.keywords:
            if keyword.arg in ("file", "default", "object_hook", "key") and not isinstance(
                keyword.value, (ast.Lambda, ast.Name, ast.Attribute)
            ):
                raise _NotHarmless(f"the argument {keyword.arg}")

    def _open(self, node: ast.Call) -> None:
        values = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args]
        mode = values[1] if len(values) > 1 else "r"
        for keyword in node.keywords:
            if keyword.arg == "mode":
                mode = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            elif keyword.arg not in ("encoding", "errors", "newline"):
                raise _NotHarmless(f"open({keyword.arg}=…)")
        if (
            not values
            or len(values) > 2
            or not isinstance(values[0], str)
            or not isinstance(mode, str)
        ):
            raise _NotHarmless("which file it opens is not known")
        if mode.strip("rbt") == "":
            self.found.append(("read", values[0]))
        elif mode.strip("wabtx+r") == "":
            self.found.append(("write", values[0]))
        else:
            raise _NotHarmless(f"open in mode {mode}")


_GRAVE_NAMES = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "getattr",
        "setattr",
        "delattr",
        "globals",
        "locals",
        "vars",
        "input",
        "breakpoint",
        "help",
        "memoryview",
        "open",
        "object",
        "super",
        "classmethod",
        "staticmethod",
        "property",
        "dir",
        "id",
        "format",
        "callable",
        "exit",
        "quit",
    ]
)
