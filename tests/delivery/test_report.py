"""The class page: complete, harmless whatever students wrote, and fit to look at."""

import datetime
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from autograder.delivery import report, results
from autograder.delivery.similar import Pair

CONV2D = "u05_convolution/conv2d"
EVIL = (
    "<script>document.title='owned'</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NOON = datetime.datetime(2026, 11, 2, 12, tzinfo=datetime.UTC)


class Page(HTMLParser):
    """Elements with their attributes, and the text between them."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def html(tmp_path_factory, invented):
    flipped = {"mistake": "flipped kernel", "explanation": "Your kernel is flipped."}
    wrong = invented.outcome("matches", "wrong_values", message="3 differ", **flipped)
    evil = invented.outcome(
        "matches", "raised", "hidden", message=EVIL, detail=EVIL, printed=EVIL,
        explanation=EVIL, mistake=EVIL, frames=[[3, EVIL, EVIL]],
    )  # fmt: skip
    entries = [
        invented.entry("ada", outcomes=[invented.outcome("matches")], seconds=9.25),
        invented.entry("bob", outcomes=[wrong]),
        invented.entry("cyd", outcomes=[wrong]),
        invented.entry(EVIL, outcomes=[evil], source=EVIL, explanation=EVIL),
        invented.entry("eve", outcomes=[], category="syntax_error", max_points=2.0),
        invented.entry("ada", "u05_convolution/pooling"),
    ]
    path = tmp_path_factory.mktemp("report") / "results.jsonl"
    found = results.read(invented.write(path, *entries))
    lines = (frozenset({1}), frozenset({1}))
    pair = Pair(CONV2D, 93, ("bob", EVIL), ("y = 2", EVIL), lines)
    return report.render(found, [pair], NOON)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_what_students_wrote_stays_text(page):
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert page.text.count("document.title='owned'") > 8
    assert "{{ 7*7 }}" in page.text
    handlers = [
        n for _, attributes in page.elements for n in attributes if n[:2] == "on"
    ]
    assert not handlers


def test_the_page_needs_nothing_from_outside(page, html):
    links = [a for _, attributes in page.elements for a in attributes.items()]
    outside = [v for name, v in links if name in ("src", "href") and v[0] != "#"]
    assert not outside
    assert "@import" not in html and "url(" not in html
    (policy,) = [a["content"] for a in page.all("meta") if "http-equiv" in a]
    assert "default-src 'none'" in policy and "script-src 'sha256-" in policy


def test_every_link_within_the_page_leads_somewhere(page):
    targets = {a["id"] for _, a in page.elements if "id" in a}
    links = {a["href"][1:] for a in page.all("a")}
    assert links <= targets


def test_the_numbers_are_those_of_the_class(page):
    text = re.sub(r"\s+", " ", page.text)
    assert "5 students, 6 submissions, 2 exercises" in text
    assert "2 × flipped kernel" in text
    assert not re.search(r"25 % ?matches", text)  # public and hidden, counted apart
    assert re.search(r"33 % ?matches", text)
    assert re.search(r"9.2 ?ada ?conv2d", text)
    assert "93 %" in text


def test_a_file_that_could_not_be_read_says_so_in_its_feedback(page):
    assert "Python can't read the file" in page.text


def test_an_empty_list_of_pairs_is_said_and_none_is_left_out(invented, tmp_path):
    found = results.read(invented.write(tmp_path / "r.jsonl", invented.entry("ada")))
    assert "No two submissions are alike" in report.render(found, [], NOON)
    assert "Similarity" not in report.render(found, None, NOON)


needs_chromium = pytest.mark.requires("chromium")


def chromium(folder, *options):
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        + [f"--user-data-dir={folder}/profile", *options, f"file://{folder}/page.html"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(html, tmp_path_factory):
    path = tmp_path_factory.mktemp("chromium")
    (path / "page.html").write_text(html, encoding="utf-8")
    return path


def picture(folder, name, *options):
    chromium(folder, f"--screenshot={folder}/{name}.png", *options)
    return image.imread(folder / f"{name}.png")[..., :3]


@needs_chromium
def test_the_page_is_light_or_dark_as_the_reader_likes_it(folder):
    size = "--window-size=1200,900"
    light = picture(folder, "light", size)
    dark = picture(folder, "dark", size, "--blink-settings=preferredColorScheme=0")
    assert np.median(light) > 0.9
    assert np.median(dark) < 0.15
    for pixels in (light, dark):  # something is written on it
        assert np.mean(np.abs(pixels - np.median(pixels)) > 0.3) > 0.005


@needs_chromium
def test_on_a_phone_nothing_sticks_out_to_the_right(folder):
    wide = picture(folder, "phone", "--window-size=500,1400")
    margin = wide[:, -8:]
    assert np.all(np.abs(margin - margin[0, 0]) < 0.02)


@needs_chromium
def test_the_table_sorts_and_searches_and_no_foreign_script_runs(folder, html):
    act = """
<script>
document.querySelectorAll("#class th button")[1].click();
document.querySelectorAll("#class th button")[1].click();
document.querySelector("#search").value = "TOO LONG";
document.querySelector("#search").dispatchEvent(new Event("input"));
</script>"""
    opened = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    (folder / "acting").mkdir()
    (folder / "acting/page.html").write_text(opened.replace("</body>", f"{act}</body>"))
    dom = chromium(folder / "acting", "--dump-dom")
    after = Page(dom)
    rows = [a for a in after.all("tr") if "data-words" in a]
    assert ["hidden" in row for row in rows] == [
        "ada" not in r["data-words"] for r in rows
    ]
    assert "ada" in rows[0]["data-words"]  # the best of the class is on top
    assert "<title>Class report" in dom


def test_the_command_writes_the_page(invented, tmp_path):
    path = invented.write(tmp_path / "results.jsonl", invented.entry("ada"))
    done = subprocess.run(
        [Path(sys.executable).with_name("layerwise"), "report", path]
        + ["--out", tmp_path / "new/class.html"],
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "ada" in (tmp_path / "new/class.html").read_text(encoding="utf-8")
