"""How the page of evidence looks: the report's sheet, and what it has beyond it."""

from __future__ import annotations

from collections.abc import Iterable

from inertial.report.style import sheet, variables

# Tabs are sections that a link has reached; without :has() all of them are shown.
LOOK = """
header h1 { max-width: 24ch; font-size: clamp(28px, 5.2vw, 46px);
  text-wrap: balance; }
.lead { max-width: 62ch; margin: 12px 0 0; color: var(--muted); font-size: 18px; }
.lead b { color: var(--ink); font-weight: 600; }
nav { position: sticky; top: 0; z-index: 2; background: var(--page);
  border-bottom: 1px solid var(--rule); }
nav ul { display: flex; gap: 4px 26px; max-width: 1120px; margin: 0 auto;
  padding: 0 20px; overflow-x: auto; list-style: none; scrollbar-width: none; }
nav a { display: block; padding: 13px 0 10px; border-bottom: 3px solid transparent;
  color: var(--muted); font-size: 16px; text-decoration: none; white-space: nowrap; }
nav a:hover { color: var(--ink); }
a { color: var(--loss); text-underline-offset: .18em; text-decoration-thickness: 1px; }
a:focus-visible, summary:focus-visible, input:focus-visible + span {
  outline: 2px solid var(--loss); outline-offset: 3px; border-radius: 4px; }
.tab { padding: 26px 0 8px; scroll-margin-top: 50px; }
.tab > h2:first-child { margin-top: 0; }
.prose { max-width: 74ch; }
.prose h2 { margin-top: 40px; font-size: 24px; }
.prose h3 { margin: 26px 0 4px; font-size: 18px; }
.prose li { margin: 4px 0; }
.prose p, .prose ul, .prose ol { max-width: 70ch; }
.prose blockquote { margin: 14px 0 18px; padding: 2px 0 2px 20px;
  border-left: 4px solid var(--kinetic); font-size: 19px; }
.prose table { margin: 8px 0 18px; }
.prose .wide { overflow-x: auto; }
code { padding: 1px 5px; border-radius: 5px; background: var(--card);
  border: 1px solid var(--rule); font: .86em ui-monospace, "SF Mono", Menlo, Consolas,
  monospace; white-space: nowrap; }
a.ref { padding: 1px 6px; border: 1px solid var(--rule); border-radius: 6px;
  background: var(--card); font-size: .82em; font-weight: 600; text-decoration: none;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
a.ref:hover { border-color: var(--loss); }
.formula { margin: 14px 0 18px; padding: 14px 22px; border-radius: 10px;
  border: 1px solid var(--rule); background: var(--card); overflow-x: auto;
  font: 20px/1.75 "STIX Two Math", "STIX Two Text", "Cambria Math", Cambria,
  "Latin Modern Math", Georgia, "DejaVu Serif", serif; }
.formula div { display: table-row; }
.formula span { display: table-cell; padding-right: 2.2em; white-space: nowrap; }
.story { display: grid; gap: 14px 34px; align-items: center; margin: 22px 0;
  grid-template-columns: minmax(0, 5fr) minmax(0, 3fr); }
.story h3 { font-size: 21px; line-height: 1.3; }
.story p { font-size: 16px; }
.story .count { margin: 0 0 2px; color: var(--kinetic); font-size: 14px;
  font-weight: 600; }
.verdict { font-weight: 600; font-size: 15px; white-space: nowrap; }
.verdict.true { color: var(--work); } .verdict.only-if { color: var(--kinetic); }
.verdict.false { color: var(--heat); }
.verdict.changed { padding: 2px 8px; border-radius: 6px; background: var(--heat);
  color: var(--page); }
.quotes { display: grid; gap: 0; margin: 16px 0; padding: 0; list-style: none; }
.quotes li { display: grid; gap: 2px 20px; padding: 16px 0;
  border-top: 1px solid var(--rule); grid-template-columns: 44px 130px 1fr;
  scroll-margin-top: 60px; }
.quotes q { display: block; font-size: 18px; line-height: 1.45; }
.quotes p { margin: 6px 0 0; } .quotes .name, .claim .name { color: var(--muted);
  font-weight: 600; font-size: 15px; font-variant-numeric: tabular-nums; }
.filter { margin: 6px 0; padding: 0; border: 0; display: flex; flex-wrap: wrap;
  gap: 6px; align-items: center; min-width: 0; }
.filter legend { float: left; padding: 0; margin-right: 8px; color: var(--muted);
  font-size: 15px; }
.filter label { position: relative; cursor: pointer; }
.filter input { position: absolute; opacity: 0; inset: 0; margin: 0; cursor: pointer; }
.filter span { display: block; padding: 3px 11px; border: 1px solid var(--rule);
  border-radius: 99px; background: var(--card); font-size: 14px; }
.filter input:checked + span { background: var(--ink); border-color: var(--ink);
  color: var(--page); }
.topic h2 { margin-top: 34px; padding-bottom: 8px; }
.claim { border-top: 1px solid var(--rule); }
.topic .claim:last-child { border-bottom: 1px solid var(--rule); }
.claim summary { display: grid; grid-template-columns: 44px 130px 1fr 20px;
  gap: 2px 20px; padding: 13px 0; cursor: pointer; list-style: none;
  align-items: baseline; }
.claim summary::-webkit-details-marker { display: none; }
.claim summary::after { content: "+"; grid-column: 4; grid-row: 1; justify-self: end;
  color: var(--muted); font-size: 22px; line-height: 1; }
.claim[open] summary::after { content: "−"; }
.claim summary:hover .sentence { text-decoration: underline;
  text-decoration-color: var(--rule); text-underline-offset: .2em; }
.claim[open] .sentence { font-weight: 600; }
.claim .body { padding: 4px 0 28px; scroll-margin-top: 130px; }
.claim .inside { display: grid; gap: 22px 34px; align-items: start;
  grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
.claim .because { font-size: 18px; margin-bottom: 14px; }
.claim dl { margin: 0; } .claim dt { margin-top: 12px; color: var(--muted);
  font-size: 14px; } .claim dd { margin: 0; max-width: 62ch; }
.claim figcaption { max-width: 62ch; }
.claim pre { display: inline-block; background: var(--card);
  border: 1px solid var(--rule); }
.claim .numbers-of { margin-top: 18px; overflow-x: auto; }
.claim td.ok { color: var(--work); } .claim td.off { color: var(--heat);
  font-weight: 600; }
.claim td { min-width: 9ch; }
@supports selector(:has(a)) {
  .tab { display: none; }
  .tab:target, .tab:has(:target) { display: block; }
  body:not(:has(.tab:target, .tab :target)) .tab:first-of-type { display: block; }
  body:not(:has(.tab:target, .tab :target)) nav li:first-child a,
  TABS { border-color: var(--kinetic); color: var(--ink); font-weight: 600; }
}
@supports not selector(:has(a)) { .filters { display: none; } }
@media (max-width: 760px) {
  .story, .claim .inside { grid-template-columns: minmax(0, 1fr); }
  .story figure { order: 2; }
  .quotes li { grid-template-columns: 44px 1fr; }
  .quotes .said { grid-column: 1 / -1; }
  .claim summary { grid-template-columns: 44px 1fr 20px; }
  .claim .sentence { grid-column: 1 / -1; }
  .claim summary::after { grid-column: 3; }
  .claim thead { position: absolute; clip-path: inset(50%); }
  .claim tbody tr { display: grid; grid-template-columns: 1fr 1fr; padding: 8px 0;
    border-bottom: 1px solid var(--rule); gap: 2px 14px; }
  .claim tbody th, .claim tbody td { border: 0; padding: 0; }
  .claim tbody th, .claim td.why { grid-column: 1 / -1; }
  .claim td.why { order: 1; } .claim td.ok, .claim td.off { align-self: end; }
  .claim td[data-of]::before { content: attr(data-of); display: block;
    color: var(--muted); font-size: 13px; }
  .formula { font-size: 17px; padding: 12px 14px; }
}
@media (max-width: 520px) { nav ul { padding: 0 14px; gap: 20px; } }
@media print {
  nav, .filters { display: none; } .tab { display: block !important; }
  .tab { break-before: page; } .tab:first-of-type { break-before: avoid; }
  .claim, .story, .quotes li { break-inside: avoid; }
  .claim summary::after { content: none; } .claim { font-size: 10pt; }
  .claim::details-content { content-visibility: visible; block-size: auto;
    display: block; }
}
"""


def look(tabs: Iterable[str], filters: Iterable[tuple[str, str, str]]) -> str:
    """Return the style sheet of the page.

    Args:
        tabs: Ids of the sections.
        filters: (id of a button, what it leaves visible, group) of each filter; the
            first two groups may be combined.
    """
    reached = ",\n  ".join(
        f'body:has(#{tab}:target, #{tab} :target) nav a[href="#{tab}"]' for tab in tabs
    )
    return sheet() + LOOK.replace("TABS", reached) + _rules(list(filters))


def _rules(filters: list[tuple[str, str, str]]) -> str:
    """Hide the claims that a pressed button does not mean, and topics left empty.

    Returns:
        Rules of a style sheet.
    """
    rules = []
    for button, kept, group in filters:
        rules.append(
            f"#claims:has(#{button}:checked) .claim:not(.{kept}), "
            f"#claims:has(#{button}:checked) .topic:not(:has(.{kept}))"
        )
        rules += [
            f"#claims:has(#{button}:checked):has(#{other}:checked) "
            f".topic:not(:has(.{kept}.{also}))"
            for other, also, second in filters
            if group < second
        ]
    return "".join(f"{rule} {{ display: none; }}\n" for rule in rules)


def alone() -> str:
    """Return the style of a figure that stands alone, as a file of its own."""
    return (
        f"{variables()} svg {{ background: var(--card); "
        "font-family: system-ui, sans-serif; }"
    )
