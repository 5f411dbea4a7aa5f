"""Which experiments take half a second or more: they run once in `make test`.

A second seed and their mutation are left to `make test-all`.
"""

SLOW = frozenset(
    "T04 T05 T09 T10 T17 T24 T25 T29 T32 T35 T37 T47 T50".split()  # ruff: ignore[split-static-string]
)
