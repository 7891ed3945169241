"""Is every attack that was thought of tried by a test?  Each says the numbers of its cases in its docstring."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ELSEWHERE = {57}  # The audit log's own defences.
CASES = set(range(1, 60)) - ELSEWHERE


def numbers() -> Iterator[int]:
    """Yield the number of each case that a test of this folder, or a whole module of it, says it tries."""
    for module in Path(__file__).parent.rglob("test_*.py"):
        tree = ast.parse(module.read_text())
        tests = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
        for node in (tree, *tests):
            for first, last in re.findall(r"\bS(\d+)(?:-S(\d+))?\b", ast.get_docstring(node) or ""):
                yield from range(int(first), int(last or first) + 1)


def test_every_case_of_an_attack_on_the_door_is_tried():
    untried = CASES - set(numbers())

    assert not untried, f"no test tries {', '.join(f'S{number}' for number in sorted(untried))}"
