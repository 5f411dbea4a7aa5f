"""Texts that are no formula of the lab: other names, other grammar, too much of it."""

import itertools

NAMES = [
    "__import__", "eval", "exec", "open", "lambda", "import", "os", "sys", "x1", "xx",
    "X", "Y", "self", "None", "True", "False", "Sin", "SIN", "numpy", "np", "math",
    "abs_", "max", "min", "sum", "print", "globals", "locals", "vars", "dir",
    "getattr", "compile", "input", "breakpoint", "and", "or", "not", "is", "in", "if",
    "else", "for", "while", "yield", "await", "async", "return", "class", "def",
    "del", "with", "as", "from", "global", "assert", "raise", "try", "pass", "inf",
    "nan", "j", "i", "t", "z",
]  # fmt: skip
WRAPPED = ["{}", "{}(x)", "x + {}", "{}.__class__", "({})*y"]
STRANGE = [
    "x.__class__", "x.real", "(1).__class__", "x[0]", "[x]", "{x}", "{x: y}", "x, y",
    "(x, y)", "x; y", "x\ny", "x\\\ny", "x # y", "'x'", '"x"', "f'{x}'", "b'x'",
    "x = 1", "x == y", "x := 1", "(x := 1)", "x < y", "x > y", "x != y", "x | y",
    "x & y", "x ^ y", "~x", "x << 2", "x >> 2", "x // y", "x % y", "x @ y", "x!",
    "x?", "$x", "`x`", "x..y", "1j", "1jx", "0x10", "0b1", "0o7", "1_000", "1e",
    "1e+", "1.2.3", "..1", "00x", "2x", "x2", "2(x)", "x(2)", "(x)(y)", "sin",
    "sin x", "sin()", "sin(x, y)", "sin(*x)", "sin(x=1)", "sin(x)(y)", "sin.cos",
    "x y", "x +", "* x", "x ** ", "()", "(", ")", "((x)", "(x))", "x + * y",
    "x - / y", "..", "...", ".", "-", "+", "**", "x***y", "x**1e3", "x**1e300",
    "x**-101", "x**(50*3)", "x**(10**10)", "x**9**9**9", "9**9**9**9",
    "2**2**2**2**2**2*x", "1e309", "1e400*x", "x + 1e999", "1/0", "0/0", "log(-1)",
    "sqrt(-1 - x**2)", "log(0*x - 1)", "1/(0*x)", "(x-x)/(y-y)", "", " ", "   ", "\t",
    "\n", "\x00", "x\x00", "x\ty", "\u200bx", "\ufeffx", "\u0445", "\u0443", "\uff58",
    "\U0001d4cd", "\ufb01", "x\xb2", "x\xb3", "2\xb7x", "2\xd7x", "x\u2212y",
    "\u03c0", "\u221ax", "\u221e", "\xbd", "x\u2032", "\u201cx\u201d", "x\u202e",
    "\xe9", "\u0663", "x\u0301", "\U0001f600", "exp(-x\xb2)", "\udc80", "x\r",
    "x\x1b[31m", "<script>", "&lt;", "%s", "{0}",
]  # fmt: skip
DEEP = [
    *("(" * n + "x" + ")" * n for n in (41, 60, 100, 149)),
    *("-" * 250 + "x", "+" * 299 + "x", "sin(" * 60 + "x" + ")" * 60, "(" * 300),
    *("x**" * 99 + "x(", "x+" * 150, "1" * 299 + "x", "9" * 300 + "0", "x" * 301),
]
HUGE = [
    *("x" * 10**6, "(" * 10**6, "x+" * 500_000 + "x", "9" * 10**6, "x**2 " * 200_000)
]
HOSTILE = [
    *(wrap.format(name) for name, wrap in itertools.product(NAMES, WRAPPED)),
    *STRANGE,
    *DEEP,
    *HUGE,
]
