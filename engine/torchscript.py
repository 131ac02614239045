"""What a TorchScript asks for, told from its code before any of it runs.

TorchScript is a program. It has no way to Python, but PyTorch gives it operators that write and read files,
and some of its code runs while it is loaded. A network needs none of them, so a program that names one is
refused. What PyTorch's own loader makes of a hostile file is beyond this.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

#: Operators that touch files or other machines, by all their names.
REFUSED = frozenset(
    {"save", "from_file", "load_tensor", "save_tensor", "rpc_async", "rpc_sync", "rpc_remote", "py_func"}
)
OPERATORS = frozenset({"aten", "prim", "prims", "quantized", "quantized_decomposed", "torchvision"})
CLASSES = frozenset({"quantized", "xnnpack"})
_ROOTS = frozenset({"torch", "ops", "getattr"})  #: never under another name


def asks_for(code: str) -> str:
    """The first thing in the code of a TorchScript that a network does not need, "" where there is none."""
    try:
        tree = ast.parse(code)
        return next(_asked(tree), "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "what cannot be read"


def _asked(tree: ast.AST) -> Iterator[str]:
    known = {id(child) for node in ast.walk(tree) if (child := _used(node)) is not None}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="ops"), attr=name) if name not in OPERATORS:
                yield f"ops.{name}"
            case ast.Attribute(value=ast.Attribute(attr="classes"), attr=name) if name not in CLASSES:
                yield f"classes.{name}"
            case ast.Attribute(attr="classes") if id(node) not in known:
                yield "classes"
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in REFUSED:
                yield name
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str() as name)]):
                if name in REFUSED | OPERATORS | {"classes"}:
                    yield name
            case ast.Call(func=ast.Name(id="getattr")):
                yield "getattr"
            case ast.Name(id=name) if name in _ROOTS and id(node) not in known:
                yield name
            case ast.Import() | ast.ImportFrom():
                names = [alias.name for alias in node.names]
                yield from (name for name in names if not name.startswith("__torch__"))


def _used(node: ast.AST) -> ast.AST | None:
    """What is only asked for one of its names, or called."""
    if isinstance(node, ast.Attribute):
        return node.value
    return node.func if isinstance(node, ast.Call) else None
