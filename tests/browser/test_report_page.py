"""The page of a report in a real browser."""

import base64
import time

import pytest

import reports
from vmaf_tiny.report import write_report

PAINTED = """
const svgs = [];
(function walk(node) {
  for (const child of node.querySelectorAll("*")) {
    if (child.tagName === "svg" || child.tagName === "SVG") svgs.push(child);
    if (child.shadowRoot) walk(child.shadowRoot);
  }
})(arguments[0]);
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_report(folder / "report.html", reports.encoded(folder))
    return (folder / "report.html").as_uri()


@pytest.fixture
def opened(browser, page):
    """Return what opens a page, in a scheme and width, and waits until it is drawn."""

    def open_(scheme="light", width=None, page=page):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [feature]})
        if width:
            metrics = {"width": width, "height": 844, "deviceScaleFactor": 2, "mobile": True}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        else:
            browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.get(page)
        until(browser, "return document.documentElement.dataset.ready === 'yes'")
        return browser

    return open_


def until(browser, script, *arguments):
    for _ in range(400):
        if browser.execute_script(script, *arguments):
            return
        time.sleep(0.05)
    pytest.fail(f"never came true: {script}")


def colours(browser):
    """Return the colours of the text in the charts on the screen."""
    return browser.execute_script(
        "const found = new Set();"
        "for (const model of screenModels()) if (model.type.endsWith('Axis'))"
        "  found.add(model.major_label_text_color);"
        "return [...found];"
    )


@pytest.fixture(scope="module")
def loops_page(tmp_path_factory):
    """A page of a ladder and a search."""
    folder = tmp_path_factory.mktemp("loops")
    write_report(folder / "report.html", reports.looped(folder))
    return (folder / "report.html").as_uri()


def test_it_draws_and_says_no_error(opened):
    browser = opened()
    drawn = PAINTED + "let n = 0; svgs.forEach((s) => { n += s.querySelectorAll('path').length; });"
    for chart in browser.find_elements("css selector", ".screen"):
        until(browser, drawn + "return n > 10;", chart)
    assert len(browser.find_elements("css selector", ".screen")) == 2
    assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []


def test_it_follows_day_and_night(opened):
    browser = opened("light")
    (light,) = colours(browser)
    page = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    feature = {"name": "prefers-color-scheme", "value": "dark"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    until(browser, "return getComputedStyle(document.body).backgroundColor !== arguments[0]", page)
    repainted = (
        "for (const m of screenModels())"
        "  if (m.type.endsWith('Axis') && m.major_label_text_color === arguments[0]) return false;"
        "return true"
    )
    until(browser, repainted, light)
    (dark,) = colours(browser)
    opened("dark")
    assert colours(browser) == [dark]


def test_a_box_hides_its_line(opened):
    browser = opened()
    seen = (
        "return [...document.querySelectorAll('.section')].flatMap(() => "
        "  [...screenModels()].filter((m) => m.tags?.includes('line-1')).map((m) => m.visible))"
    )
    assert set(browser.execute_script(seen)) == {True}
    browser.find_element("css selector", "[data-line='1']").click()
    assert set(browser.execute_script(seen)) == {False}
    other = browser.execute_script(seen.replace("line-1", "line-0"))
    assert set(other) == {True}


def test_the_wipe_uncovers_the_reference(opened):
    browser = opened()
    pair = browser.find_element("css selector", ".pair")
    slider = pair.find_element("css selector", "input")
    cut = "return getComputedStyle(arguments[0].querySelector('.distorted')).clipPath"
    assert "50%" in browser.execute_script(cut, pair)
    for _ in range(100):
        slider.send_keys("\ue014")  # arrow to the right: also by keyboard
    assert "60%" in browser.execute_script(cut, pair)


def test_other_ways_to_compare(opened):
    browser = opened()
    place = (
        "return [...arguments[0].querySelectorAll('img')].map((i) => i.getBoundingClientRect().x)"
    )
    pair = browser.find_element("css selector", ".pair")
    assert len(set(browser.execute_script(place, pair))) == 1
    browser.find_element("css selector", "[value=beside]").click()
    reference, encode = browser.execute_script(place, pair)
    assert encode > reference + 100
    browser.find_element("css selector", "[value=difference]").click()
    blend = "return getComputedStyle(arguments[0].querySelector('.distorted')).mixBlendMode"
    assert browser.execute_script(blend, pair) == "difference"


def test_one_encode_can_be_chosen(opened):
    browser = opened()
    browser.execute_script(
        "const s = document.querySelector('select'); s.value = '2';"
        "s.dispatchEvent(new Event('change'))"
    )
    shown = [f for f in browser.find_elements("css selector", "figure") if f.is_displayed()]
    assert {f.get_attribute("data-encode") for f in shown} == {"2"}


def test_a_phone_shows_it_without_moving_sideways(opened):
    browser = opened(width=390)
    wide = browser.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert wide[0] <= wide[1] == 390
    charts = browser.find_elements("css selector", ".screen")
    assert all(200 < chart.rect["width"] <= 390 for chart in charts)


def test_paper_has_its_own_charts(opened):
    browser = opened("dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    sizes = browser.execute_script(
        "return ['.screen', '.paper'].map((c) => document.querySelector(c).offsetHeight)"
    )
    assert sizes[0] == 0 and sizes[1] > 250
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )
    sheet = browser.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
    assert base64.b64decode(sheet["data"]).startswith(b"%PDF")


@pytest.mark.parametrize(("scheme", "width"), [("light", None), ("dark", 390)])
def test_ladders_and_searches_draw_and_fit(opened, loops_page, scheme, width):
    browser = opened(scheme, width, loops_page)
    assert browser.execute_script(
        "return document.documentElement.scrollWidth <= window.innerWidth"
    )
    drawn = PAINTED + "let n = 0; svgs.forEach((s) => { n += s.querySelectorAll('path').length; });"
    charts = browser.find_elements("css selector", ".screen")
    assert len(charts) == 4  # of each one, and of each one over time
    for chart in charts:
        until(browser, drawn + "return n > 10;", chart)
    inks = browser.execute_script(
        "return [...screenModels()].filter((m) => m.tags.includes('ink'))"
        "  .map((m) => (m.text_color ?? m.line_color).value)"
    )
    assert set(inks) == {"#e6e9ee" if scheme == "dark" else "#1b1f24"}
    assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []


def test_of_a_ladder_a_box_shows_its_line(opened, loops_page):
    browser = opened(page=loops_page)
    box = browser.find_element("css selector", "[data-line]:not(:checked)")
    number = box.get_attribute("data-line")
    roots = "[...document.querySelector('.section').querySelectorAll('[data-root-id]')]"
    seen = (
        f"const roots = new Set({roots}.map((e) => e.dataset.rootId));"
        "return Bokeh.documents[0].roots().filter((r) => roots.has(r.id))"
        "  .flatMap((r) => [...r.references()])"
        f"  .filter((m) => m.tags.includes('line-{number}')).map((m) => m.visible)"
    )
    assert set(browser.execute_script(seen)) == {False}
    box.click()
    assert set(browser.execute_script(seen)) == {True}
