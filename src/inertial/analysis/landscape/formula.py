"""A landscape from a formula that a person typed: a small grammar, never run as code.

Python's own parser makes the tree, after every word was looked up in a list; what the
grammar does not name is refused with one sentence. The slope is exact: values carry
their derivatives along (forward differentiation), function by function as data.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

from inertial.analysis.landscape.surface import Landscape

LONGEST = 300  # characters; room for every classic landscape
DEEPEST = 40  # brackets within brackets
LARGEST_POWER = 100.0  # beyond it every landscape is a cliff
BOX = ((-4.0, 4.0), (-4.0, 4.0))


class FormulaError(ValueError):
    """A formula that cannot be read.

    Args:
        sentence: What was given, the rule, the way out.
        at: Where in the text, counted from 0.
    """

    def __init__(self, sentence: str, at: int = 0) -> None:
        super().__init__(sentence)
        self.at = at


class Function(NamedTuple):
    """A function that a formula may name.

    Attributes:
        value: argument -> value.
        slope: (argument, value) -> derivative by the argument.
    """

    value: Callable[[Any], Any]
    slope: Callable[[Any, Any], Any]


FUNCTIONS: dict[str, Function] = {
    "sin": Function(numpy.sin, lambda a, _: numpy.cos(a)),
    "cos": Function(numpy.cos, lambda a, _: -numpy.sin(a)),
    "tan": Function(numpy.tan, lambda _, v: 1 + v * v),
    "exp": Function(numpy.exp, lambda _, v: v),
    "log": Function(numpy.log, lambda a, _: 1 / a),
    "sqrt": Function(numpy.sqrt, lambda _, v: 0.5 / v),
    "tanh": Function(numpy.tanh, lambda _, v: 1 - v * v),
    "sinh": Function(numpy.sinh, lambda a, _: numpy.cosh(a)),
    "cosh": Function(numpy.cosh, lambda a, _: numpy.sinh(a)),
    "atan": Function(numpy.arctan, lambda a, _: 1 / (1 + a * a)),
    "abs": Function(numpy.abs, lambda a, _: numpy.sign(a)),
}
"""Name -> value and derivative. Source: any table of derivatives; `abs` has the slope 0
at its kink, the middle of all its slopes."""

CONSTANTS = {"pi": math.pi, "e": math.e}
VARIABLES = ("x", "y")
WORDS = (*VARIABLES, *CONSTANTS, *FUNCTIONS)

_TOKEN = re.compile(
    r"(?P<space>[ ]+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<mark>\*\*|[-+*/()])"
)
_TYPED = {  # what people type for a sign of the grammar
    "^": "For a power write ** instead of ^, such as x**2.",
    "²": "For a square write **2.",
    "³": "For a cube write **3.",
    "·": "For a product write *.",
    "\u00d7": "For a product write *.",
    "\u2212": "For minus write the plain - of the keyboard.",
    "π": "Write pi.",
    "√": "For a root write sqrt(...).",
    ",": "Numbers take a point, such as 0.5, and functions one argument.",
}


class _Dual(NamedTuple):
    """A value and its derivatives by x and by y."""

    value: Any
    by_x: Any
    by_y: Any

    def through(self, value: Any, slope: Any) -> _Dual:
        """Return a function of this: its value, and the chain rule."""
        return _Dual(value, slope * self.by_x, slope * self.by_y)


def formula(text: str, box: tuple[tuple[float, float], ...] = BOX) -> Landscape:
    """Return the landscape of a formula in x and y.

    Args:
        text: Numbers, x, y, pi, e, + - * / **, brackets and `FUNCTIONS`.
        box: The window to draw: (low, high) for x and for y. Unit: X.

    Returns:
        The landscape, with its exact slope; nan or inf where the formula has no number.
        Its minima are not known.

    Raises:
        FormulaError: If the text is no such formula, or has no number in the box. Its
            `at` says where.

    Source: Griewank & Walther (2008), Evaluating Derivatives, ch. 3, forward mode.

    Example:
        >>> formula("x**2/2 + 5*y**2").gradient(numpy.array([1.0, 1.0]))
        array([ 1., 10.])
        >>> formula("x^2")
        Traceback (most recent call last):
            ...
        inertial.analysis.landscape.formula.FormulaError: For a power write ** instead
        of ^, such as x**2.
    """
    tree = parse(text)

    def dual(position: Any) -> _Dual:
        position = numpy.asarray(position, dtype=numpy.float64)
        x, y = position[..., 0], position[..., 1]
        zero, one = numpy.zeros_like(x), numpy.ones_like(x)
        with numpy.errstate(all="ignore"):  # no number here: nan, which all can draw
            found = _evaluate(tree, _Dual(x, one, zero), _Dual(y, zero, one))
        return _Dual(*(numpy.broadcast_to(each, x.shape) for each in found))

    (left, right), (low, high) = box
    grid = numpy.stack(
        numpy.meshgrid(numpy.linspace(left, right, 33), numpy.linspace(low, high, 33)),
        axis=-1,
    )
    if not numpy.isfinite(dual(grid).value).any():
        raise FormulaError(
            f"The formula has no number anywhere between x = {left:g} and {right:g}, "
            f"y = {low:g} and {high:g}. Is something divided by 0?"
        )
    return Landscape(
        "formula",
        lambda position: dual(position).value,
        lambda position: numpy.stack(dual(position)[1:], axis=-1),
        minima=numpy.zeros((0, 2)),
        dimension=2,
        domain=box,
        start=numpy.array([0.75 * right + 0.25 * left, 0.625 * high + 0.375 * low]),
        question="How does a particle roll on a landscape of your own?",
        source="typed in",
        words=(("text", text), ("box", box)),
    )


def parse(text: str) -> ast.expr:
    """Return the tree of a formula, every node of which the grammar allows.

    Args:
        text: What was typed.

    Returns:
        The tree; it is only ever read, never compiled.

    Raises:
        FormulaError: If anything in it is outside the grammar.

    Example:
        >>> ast.unparse(parse("2*sin(x)"))
        '2 * sin(x)'
    """
    _check_text(text)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        at = min(max((error.offset or 1) - 1, 0), len(text))
        raise FormulaError(
            f"The formula breaks off or does not fit together near character {at + 1}. "
            "Write products with *, such as 2*x, and close every bracket.",
            at,
        ) from None
    except (MemoryError, RecursionError):  # pragma: no cover - depth is checked before
        raise FormulaError("The formula is nested too deeply. Simplify it.") from None
    _check_tree(tree)
    for node in ast.walk(tree):  # only now is every exponent known to be one
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            _check_power(node.right, node.col_offset)
    return tree


def _check_text(text: str) -> None:
    """Refuse a text whose tokens the grammar does not know.

    Raises:
        FormulaError: If it has one.
    """
    if not isinstance(text, str) or not text.strip():
        raise FormulaError("The formula is empty. Type one in x and y, such as x**2.")
    if len(text) > LONGEST:
        raise FormulaError(
            f"The formula has {len(text)} characters, but may have {LONGEST}. Shorten "
            "it.",
            LONGEST,
        )
    at = depth = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise FormulaError(_unknown(text[at]), at)
        if token["name"] and token["name"] not in WORDS:
            raise FormulaError(_not_a_word(token["name"]), at)
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth > DEEPEST:
            raise FormulaError(
                f"The formula has more than {DEEPEST} brackets within each other. "
                "Simplify it.",
                at,
            )
        at = token.end()


def _unknown(sign: str) -> str:
    if sign in _TYPED:
        return _TYPED[sign]
    if sign in "0123456789":
        return "A number runs into a word or a point here. For a product write 2*x."
    shown = sign if sign.isprintable() and sign.isascii() else f"U+{ord(sign):04X}"
    return (
        f"The sign {shown} has no place here. A formula has numbers, x, y, pi, e, "
        "+ - * / **, brackets and functions."
    )


def _not_a_word(name: str) -> str:
    shown = name if len(name) <= 20 else f"{name[:20]}..."
    return f"There is no {shown} here. Use {', '.join(WORDS)}."


_ALLOWED = (ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name, ast.Call)
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.UAdd, ast.USub)


def _check_tree(root: ast.expr) -> None:
    """Refuse what stands in a place where the grammar does not have it.

    Raises:
        FormulaError: If anything does.
    """
    waiting: list[tuple[ast.expr, int]] = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        _check_node(node)
        if depth > 4 * DEEPEST:
            raise FormulaError("The formula is nested too deeply. Simplify it.")
        children = [
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.expr)
            and not (isinstance(node, ast.Call) and child is node.func)
        ]
        waiting += [(child, depth + 1) for child in children]


def _check_node(node: ast.expr) -> None:
    at = node.col_offset
    if not isinstance(node, _ALLOWED):
        raise FormulaError("Only sums, products, powers and functions can stand.", at)
    if isinstance(node, ast.BinOp | ast.UnaryOp):
        if not isinstance(node.op, _OPERATORS):
            raise FormulaError("Only + - * / and ** can join numbers.", at)
    elif isinstance(node, ast.Name) and node.id in FUNCTIONS:
        raise FormulaError(
            f"The function {node.id} needs a bracket, such as {node.id}(x).", at
        )
    elif isinstance(node, ast.Constant) and not math.isfinite(float(node.value)):  # type: ignore[arg-type]
        raise FormulaError("A number is too large. Use a smaller one.", at)
    elif isinstance(node, ast.Call):
        _check_call(node, at)


def _check_call(node: ast.Call, at: int) -> None:
    if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
        raise FormulaError("Between a value and a bracket a * is missing.", at)
    if len(node.args) != 1 or node.keywords:
        raise FormulaError(f"The function {node.func.id} takes one argument.", at)


def _check_power(exponent: ast.expr, at: int) -> None:
    """Refuse an exponent that is a number out of reach.

    Raises:
        FormulaError: If it is.
    """
    if _varies(exponent):
        return
    zero = _Dual(0.0, 0.0, 0.0)
    with numpy.errstate(all="ignore"):
        size = abs(float(_evaluate(exponent, zero, zero).value))
    if not size <= LARGEST_POWER:
        raise FormulaError(
            f"A power may be at most {LARGEST_POWER:g}. Use a smaller one.", at
        )


def _varies(node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Name) and part.id in VARIABLES for part in ast.walk(node)
    )


def _evaluate(node: ast.expr, x: _Dual, y: _Dual) -> _Dual:
    """Return the value and the derivatives of a checked tree."""
    if isinstance(node, ast.Constant):
        return _Dual(numpy.float64(node.value), 0.0, 0.0)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        known = {"x": x, "y": y}.get(node.id)
        return known or _Dual(numpy.float64(CONSTANTS[node.id]), 0.0, 0.0)
    if isinstance(node, ast.Call):
        inner = _evaluate(node.args[0], x, y)
        function = FUNCTIONS[node.func.id]  # type: ignore[attr-defined]
        value = function.value(inner.value)
        return inner.through(value, function.slope(inner.value, value))
    if isinstance(node, ast.UnaryOp):
        inner = _evaluate(node.operand, x, y)
        return _minus(inner) if isinstance(node.op, ast.USub) else inner
    assert isinstance(node, ast.BinOp)
    left, right = _evaluate(node.left, x, y), _evaluate(node.right, x, y)
    if isinstance(node.op, ast.Pow) and not _varies(node.right):
        return _power(left, right.value)
    return _JOIN[type(node.op)](left, right)


def _minus(a: _Dual) -> _Dual:
    return _Dual(-a.value, -a.by_x, -a.by_y)


def _plus(a: _Dual, b: _Dual) -> _Dual:
    return _Dual(a.value + b.value, a.by_x + b.by_x, a.by_y + b.by_y)


def _times(a: _Dual, b: _Dual) -> _Dual:
    return _Dual(
        a.value * b.value,
        a.by_x * b.value + a.value * b.by_x,
        a.by_y * b.value + a.value * b.by_y,
    )


def _over(a: _Dual, b: _Dual) -> _Dual:
    value = a.value / b.value
    return _Dual(
        value, (a.by_x - value * b.by_x) / b.value, (a.by_y - value * b.by_y) / b.value
    )


def _power(a: _Dual, exponent: Any) -> _Dual:
    """Return a to a constant power; the slope of a**0 is 0, even at 0."""
    slope = exponent * a.value ** (exponent - 1) if exponent else 0.0
    return a.through(a.value**exponent, slope)


def _raised(a: _Dual, b: _Dual) -> _Dual:
    """Return a**b where the exponent varies: a must be above 0 there."""
    value = a.value**b.value
    grown, base = numpy.log(a.value), b.value / a.value
    return _Dual(
        value,
        value * (b.by_x * grown + base * a.by_x),
        value * (b.by_y * grown + base * a.by_y),
    )


_JOIN: dict[type[ast.operator], Callable[[_Dual, _Dual], _Dual]] = {
    ast.Add: _plus,
    ast.Sub: lambda a, b: _plus(a, _minus(b)),
    ast.Mult: _times,
    ast.Div: _over,
    ast.Pow: _raised,
}
