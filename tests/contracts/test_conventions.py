"""The house rules that a linter does not know: sizes, docstrings, where words go, what is never used."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.contracts.sources import ROOT, Source, below_tests, product

FILE_LINES = 500
FUNCTION_LINES = 60
MAIN_LINES = 150
# Who may write to standard output: the last line of it belongs to a role's JSON object.
MAY_PRINT = ("main.py", "app/setup/", "app/doctor/probes/")
PICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
TOP_LEVEL = {"app", "widgets", "devices", "recorders", "resources", "tests"}


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(source: Source) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines without its docstring."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total


def everything() -> tuple[Source, ...]:
    return (*product(), *below_tests())


def test_files_are_short() -> None:
    limits = {"main.py": MAIN_LINES}
    long = {
        source.path: lines
        for source in everything()
        if (lines := source.text.count("\n")) > limits.get(source.path, FILE_LINES)
    }
    assert not long, "one file, one job"


def test_functions_are_short() -> None:
    long = {
        f"{source.path}:{function.lineno} {function.name}": length(function)
        for source in everything()
        for function in functions(source)
        if length(function) > FUNCTION_LINES
    }
    assert not long, f"over {FUNCTION_LINES} lines"


def test_modules_say_what_they_are_for() -> None:
    silent = [
        source.path for source in everything() if source.text.strip() and not ast.get_docstring(source.tree)
    ]
    assert not silent, "without a docstring"


def test_annotations_are_not_evaluated() -> None:
    modules = [source for source in everything() if not source.path.endswith("__init__.py")]
    assert not [source.path for source in modules if "from __future__ import annotations" not in source.text]


def test_functions_are_typed() -> None:
    untyped = [
        f"{source.path}:{function.lineno} {function.name}"
        for source in product()
        for function in functions(source)
        if not is_typed(function)
    ]
    assert not untyped


def is_typed(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    named = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    bare = [
        argument.arg
        for argument in named
        if argument.annotation is None and argument.arg not in ("self", "cls")
    ]
    return function.returns is not None and not bare


def test_standard_output_is_left_to_main() -> None:
    printed = [
        f"{source.path}:{call.lineno}"
        for source in product()
        if not source.path.startswith(MAY_PRINT)
        for call, name in calls(source)
        if name == "print" and not any(word.arg == "file" for word in call.keywords)
    ]
    assert not printed, "progress goes to the link or to standard error"


def test_nothing_reads_or_writes_pickles() -> None:
    strays = [
        f"{source.path}:{line} imports {name}"
        for source in product()
        for name, line in source.imports()
        if name.partition(".")[0] in PICKLERS
    ]
    strays += [
        f"{source.path}:{call.lineno} calls {name}"
        for source in product()
        for call, name in calls(source)
        if name in ("torch.load", "torch.save", "eval", "exec")
        or any(word.arg == "allow_pickle" and ast.unparse(word.value) != "False" for word in call.keywords)
    ]
    assert not strays


def test_main_is_imported_by_nobody() -> None:
    importers = [source.path for source in product() if any(name == "main" for name, _ in source.imports())]
    assert not importers, "it would exist twice, as __main__ and as main"


def test_tests_do_not_sleep() -> None:
    naps = [
        f"{source.path}:{call.lineno} {name}"
        for source in below_tests()
        for call, name in calls(source)
        if name in ("time.sleep", "sleep", "QTest.qWait", "qtbot.wait")
    ]
    assert not naps, "wait for what must come true (tests.hygiene.wait_until), not for time"


def test_top_level_is_the_given_one() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/*.py") if not path.parent.name.startswith(".")}
    assert folders <= TOP_LEVEL, f"not in the design: {folders - TOP_LEVEL}"


def test_every_package_has_an_init() -> None:
    holders = {(ROOT / source.path).parent for source in product()} - {ROOT}
    bare = [
        str(folder.relative_to(ROOT)) for folder in sorted(holders) if not (folder / "__init__.py").exists()
    ]
    assert not bare, f"without __init__.py, so left out of the built package: {bare}"
