"""The page is whole, asks for nothing, and lets nothing hostile through."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import small_statements as small

from inertial.evidence.numbers import measured, number, predicted
from inertial.evidence.page import TABS, page, picture_file
from inertial.evidence.prose import answer, rendered
from inertial.evidence.quotes import COMMENTS, SENTENCES
from inertial.evidence.run import carry_out
from inertial.evidence.statement import Comparison
from inertial.evidence.table import STATEMENTS

ROOT = Path(__file__).parents[2]
VOID = {"meta", "input", "br", "hr", "img"}


class Reader(HTMLParser):
    """Collects tags, ids, links and text, and counts what is left open."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.words = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src", "xlink:href", "action", "srcset"):
                self.links.append(value)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def made():
    """A page of four claims: one that holds, one that does not, two that broke."""
    chosen = [
        small.statement("T01", small.agree, page=("C1", "C15")),
        small.statement("T02", small.differ, "true only if", ("C15",)),
        small.statement("T03", small.broken, "false", topic="another thing"),
        small.statement("Q1", small.undrawn, "false", topic=""),
    ]
    results = {s.name: carry_out(s, 3, pictures=True) for s in chosen}
    return page(chosen, results, 3)


@pytest.fixture(scope="module")
def read(made):
    return Reader(made)


def test_it_asks_for_nothing(made, read):
    assert all(link.startswith("#") for link in read.links)
    assert "default-src 'none'" in made
    assert not re.search(r"@import|url\((?!#)", made)
    assert not {"script", "iframe", "object", "embed", "link", "base"} & {
        tag for tag, _ in read.tags
    }
    assert not [a for _, given in read.tags for a, _ in given if a.startswith("on")]
    addresses = set(re.findall(r"https?://[^\s\"'<]+", made))
    assert all("www.w3.org" in address for address in addresses)  # names, not visits


def test_what_is_hostile_is_shown_as_text(made, read):
    assert "<script" not in made
    assert any('<script>alert("x")</script>' in word for word in read.words)
    assert "<b>bold" not in made


def test_it_is_well_formed_and_every_link_leads_somewhere(read):
    assert read.open == []
    assert len(set(read.ids)) == len(read.ids)
    assert {link.removeprefix("#") for link in read.links} <= set(read.ids)
    assert set(TABS) <= set(read.ids)


def test_the_question_comes_first(made):
    assert made.index("what could be mass or velocity") < made.index('id="physics"')
    assert made.index("<h1>What are mass and velocity") < made.index("<nav>")


def test_every_claim_says_its_verdict_numbers_and_command(made, read):
    for name in ("T01", "T02", "T03", "Q1"):
        assert name in read.ids
        assert f"<pre>inertial evidence {name} --seed 3</pre>" in made
    assert made.count("! changed") == 3
    assert "<b>1</b> hold under a condition" in made
    assert "In this run 3 came out otherwise" in made
    assert "ZeroDivisionError: nothing to divide by" in made
    assert "✗ does not agree" in made
    assert "below 1" in made
    assert "0.500 ± 0.010" in made


def test_claims_can_be_filtered_by_verdict_and_by_sentence(made):
    rule = "#claims:has(#on-C15:checked) .claim:not(.C15)"
    assert rule in made
    assert "#on-C16" not in made  # no claim here speaks of it
    assert "#claims:has(#by-false:checked) .claim:not(.false)" in made
    both = (
        "#claims:has(#by-true:checked):has(#on-C1:checked) .topic:not(:has(.true.C1))"
    )
    assert both in made


@pytest.mark.parametrize("name", [*SENTENCES, *COMMENTS])
def test_every_sentence_and_comment_has_a_row(read, name):
    assert name in read.ids


def test_the_page_is_the_same_each_time(made):
    shown = [small.statement("T01", small.agree)]
    results = {"T01": carry_out(shown[0], 0, pictures=True)._replace(seconds=0.0)}
    assert page(shown, results, 0) == page(shown, results, 0)


def test_a_figure_stands_alone():
    result = carry_out(small.statement("T01", small.agree), 0, pictures=True)
    root = ElementTree.fromstring(picture_file(result.svg))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox")
    style = root.find("{http://www.w3.org/2000/svg}style")
    assert "--ink:" in style.text
    assert "prefers-color-scheme: dark" in style.text


def test_the_answer_is_one_text():
    assert (ROOT / "docs" / "answer.md").read_text(encoding="utf-8") == answer()


def test_the_answer_names_statements_that_exist():
    names = set(re.findall(r"`([TQ]\d+)`", answer()))
    assert names <= set(STATEMENTS)
    assert {f"Q{number}" for number in range(1, 6)} <= names


def test_the_answer_becomes_links_formulas_and_tables():
    told = rendered(answer(), STATEMENTS)
    assert "<h1" not in told
    assert '<a class="ref" href="#T60"' in told
    assert '<div class="formula">' in told
    assert "<table>" in told
    assert Reader(told).open == []


@pytest.mark.parametrize(
    ("markdown", "hurt"),
    [
        ("<img src=x onerror=alert(1)>", "<img"),
        ("[go](javascript:alert(1))", "href"),
        ("`<script>`", "<script"),
        ("```text\n<script>alert(1)</script>\n```", "<script"),
        ("```html\n<script>alert(1)</script>\n```", "<script"),
    ],
)
def test_markdown_can_do_no_harm(markdown, hurt):
    assert hurt not in rendered(markdown)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.25, "−0.25"),
        (3e-16, "3·10⁻¹⁶"),
        (-1e-7, "−10⁻⁷"),
        (-2.5e-7, "−2.5·10⁻⁷"),
        (123456.7, "123457"),
        (1.83e8, "183000000"),
        (4e12, "4·10¹²"),
        (float("nan"), "no number"),
        (float("-inf"), "−∞"),
    ],
)
def test_numbers_are_short(value, text):
    assert number(value) == text


def test_uncertainties_set_the_digits():
    comparison = Comparison("x", 1.0, -1.23456, 0.1, "chance", "=", 0.034)
    assert measured(comparison) == "−1.235 ± 0.034"
    assert measured(comparison._replace(uncertainty=120.0)) == "−1.23456 ± 120"
    assert measured(comparison._replace(uncertainty=0.0)) == "−1.23456"
    assert predicted(comparison._replace(relation=">")) == "above 1"
