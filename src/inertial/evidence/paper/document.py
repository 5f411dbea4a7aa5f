"""Fill docs/paper-table.md with results.

Run: python -m inertial.evidence.paper.document docs/paper-table.md RESULT.json ...
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from inertial.evidence.paper.prints import markdown
from inertial.training.checkpoint import write_whole


def fill(text: str, results: Sequence[Mapping[str, Any]]) -> str:
    """Return a document with each task's tables between its two marks.

    Args:
        text: Markdown with `<!-- add -->` and `<!-- end of add -->`, and so on.
        results: Of `run.judged`; several seeds of one task make one table.

    Returns:
        The document; what stood between the marks of these tasks is replaced.

    Raises:
        ValueError: If a task has no marks in the document.

    Example:
        >>> fill("<!-- add --><!-- end of add -->", [])
        '<!-- add --><!-- end of add -->'
    """
    for name in dict.fromkeys(result["paper"] for result in results):
        seeds = [result for result in results if result["paper"] == name]
        seeds.sort(key=lambda result: result["seed"])
        first, last = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, begun, rest = text.partition(first)
        _, ended, after = rest.partition(last)
        if not begun or not ended:
            raise ValueError(
                f"the document must hold the marks of {name!r}, but does not. Write "
                f"{first} and {last} where its tables belong."
            )
        text = f"{before}{first}\n\n{markdown(seeds)}\n\n{last}{after}"
    return text


if __name__ == "__main__":
    document, *files = map(Path, sys.argv[1:])
    found = [json.loads(file.read_text()) for file in files]
    write_whole(document, fill(document.read_text(), found).encode())
