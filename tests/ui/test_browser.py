from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import mlmeta_track as mt
from mlmeta_track.store.connect import open_store
from tests.ui.crowded_store import crowd
from tests.ui.demo_store import write_store
from tests.ui.pages import NARROW, WIDE, Visitor, a_browser, served, visitor

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"

VIEWS = {
    "runs": "/runs",
    "run": "/runs/2",
    "experiments": "/experiments",
    "experiment": "/experiments/1",
    "steps": "/steps",
    "step": "/steps/1",
    "artifacts": "/artifacts",
    "statistics": "/artifacts/2",
    "schema": "/artifacts/3",
    "anomalies": "/artifacts/14",
    "lineage": "/lineage/artifact/3?depth=2",
    "compare": "/compare?a=run:2&b=run:3",
    "compare-statistics": "/compare?a=artifact:2&b=artifact:12",
    "mistake": "/artifacts?filter=type%20%3D",
    "nothing": "/runs/999",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("demo")
    url = f"sqlite:///{folder}/metadata.db"
    write_store(folder, url)
    return url


@pytest.fixture(scope="module")
def base(url: str) -> Iterator[str]:
    with served(url) as base:
        yield base


@pytest.fixture
def somebody(browser: Browser, base: str) -> Iterator[Visitor]:
    with visitor(browser, base) as somebody:
        yield somebody


def row(page: Page, text: str) -> str:
    return page.locator("tr", has_text=text).first.inner_text()


def test_from_a_run_to_the_data_that_its_schema_was_made_from(somebody: Visitor) -> None:
    page = somebody.visit("/")
    page.get_by_role("link", name="week 1").click()
    page.get_by_role("link", name="Schema", exact=True).click()
    page.locator("section", has_text="Outputs").get_by_role("link", name="Taxi").click()
    expect(page.locator("h1")).to_have_text("Taxi")
    page.get_by_role("link", name="Lineage").click()
    expect(page.locator("[data-node]")).to_have_count(
        5
    )  # its maker and user, and what is next to them
    page.locator("[data-more='artifact:2 upstream']").click()
    page.locator("[data-node='artifact:1'] .body").click()
    expect(page.locator("h1")).to_have_text("Taxi")
    expect(page.locator(".place").first).to_contain_text("data-1.csv")


def test_the_graph_is_walked_and_opened_by_keyboard(somebody: Visitor) -> None:
    page = somebody.visit("/lineage/artifact/3?depth=2")
    page.locator("[data-node='artifact:3'] .body").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-node='execution:2'] .body")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Schema")


def test_siblings_are_one_until_they_are_opened(somebody: Visitor) -> None:
    page = somebody.visit("/lineage/execution/4")
    pile = page.get_by_role("button", name=re.compile("^6 . DataSet: open$"))
    expect(page.locator("[data-node^='artifact']")).to_have_count(1)
    pile.click()
    expect(page.locator("[data-node^='artifact']")).to_have_count(7)


def test_the_graph_can_be_searched(somebody: Visitor) -> None:
    page = somebody.visit("/lineage/execution/4")
    page.get_by_placeholder("Find in the graph").fill("shard 3")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.locator(".found")).to_have_count(1)
    expect(page.locator(".graph-search")).to_contain_text("1 of 1")


def test_the_graph_becomes_svg_mermaid_and_png(somebody: Visitor, tmp_path: Path) -> None:
    somebody.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = somebody.visit("/lineage/artifact/3")
    page.get_by_role("button", name="Copy SVG").click()
    expect(page.locator("[data-announce]")).to_have_text("Copied")
    svg = page.evaluate("navigator.clipboard.readText()")
    assert svg.startswith("<svg")
    assert "Statistics" in svg or "Schema" in svg
    page.get_by_role("button", name="Copy Mermaid").click()
    page.wait_for_function("navigator.clipboard.readText().then((t) => t.startsWith('flowchart'))")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save PNG").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_two_runs_are_compared_down_to_the_schema(somebody: Visitor) -> None:
    page = somebody.visit("/runs/2")
    page.get_by_role("link", name="Compare with another run").click()
    page.get_by_label("B", exact=True).fill("run:3")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("h2", has_text="Parameters")).to_be_visible()
    assert "'Sun'" in row(page, "company: values")
    assert "required" in row(page, "fare: presence")


def test_two_statistics_stand_side_by_side(somebody: Visitor) -> None:
    page = somebody.visit("/compare?a=artifact:2&b=artifact:12")
    expect(page.locator("svg.histogram")).to_have_count(4)
    assert "12.5" in row(page, "fare: mean")


def test_anomalies_are_told_with_their_severity(somebody: Visitor) -> None:
    page = somebody.visit("/artifacts/14")
    assert "ERROR" in row(page, "fare")
    expect(page.locator(".severity-error")).to_be_visible()


def test_a_mistake_in_a_filter_is_shown_where_it_stands(somebody: Visitor) -> None:
    page = somebody.visit("/artifacts")
    page.get_by_label("Filter").fill("type = 'Schema' AND")
    page.get_by_role("button", name="Apply").click()
    problem = page.locator(".problem")
    expect(problem).to_contain_text("At character 20")
    assert problem.locator("pre").inner_text().splitlines()[1] == " " * 19 + "^"
    page.get_by_label("Filter").fill("type = 'Schema'")
    page.get_by_role("button", name="Apply").click()
    expect(problem).to_be_hidden()
    expect(page.locator("tbody tr")).to_have_count(2)
    assert "filter=" in page.url


def test_a_mistake_in_the_address_is_shown_where_it_stands(somebody: Visitor) -> None:
    page = somebody.visit("/artifacts?filter=type%20%3D")
    expect(page.locator(".problem")).to_contain_text("At character 7")
    assert "Nothing fits" not in page.locator("main").inner_text()
    page.get_by_label("Filter").fill("type = 'Schema'")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".problem")).to_be_hidden()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_names_are_completed(somebody: Visitor) -> None:
    page = somebody.visit("/artifacts")
    box = page.get_by_label("Filter")
    box.press_sequentially("properties.sp")
    expect(page.get_by_role("option")).to_have_text(["properties.split"])
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("properties.split")


def test_a_step_is_seen_to_run_and_to_end(somebody: Visitor, url: str) -> None:
    mt.init(url, strict=True)
    page = somebody.visit("/steps")
    with mt.step("Live one"):
        line = page.locator("tr", has_text="Live one")
        expect(line).to_contain_text("RUNNING", timeout=10_000)
    expect(line).to_contain_text("COMPLETED", timeout=10_000)
    mt.get_store().close()


def test_a_run_is_seen_to_go_on(somebody: Visitor, url: str) -> None:
    mt.init(url, strict=True)
    with mt.run("going on") as run:
        with mt.step("first"):
            pass
        context = mt.search_contexts("name = 'going on'")[0]
        page = somebody.visit(f"/runs/{context.id}")
        with mt.step("second"):
            line = page.locator(".step-row", has_text="second")
            expect(line).to_contain_text("RUNNING", timeout=10_000)
        expect(line).to_contain_text("COMPLETED", timeout=10_000)
    assert run.name == "going on"
    mt.get_store().close()


def test_a_node_is_found_by_its_path_and_by_the_name_of_a_run(somebody: Visitor, url: str) -> None:
    page = somebody.visit("/runs")
    folder = url.removeprefix("sqlite:///").rpartition("/")[0]
    page.get_by_placeholder("Path, artifact").fill(f"{folder}/schema-1.pbtxt")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/artifacts/3$"))
    page.get_by_placeholder("Path, artifact").fill("week 2")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("week 2")


def test_what_is_not_there_has_a_page_that_says_so(somebody: Visitor) -> None:
    page = somebody.visit("/runs/999")
    expect(page.locator("[role=alert]")).to_contain_text("no context with the id 999")
    page = somebody.visit("/no/such/page")
    expect(page.locator("h1")).to_have_text("Not found")


def test_light_and_dark_can_be_chosen_and_stay(somebody: Visitor) -> None:
    page = somebody.visit("/runs")
    page.get_by_role("button", name="Change between light and dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_paper_is_light_and_has_no_buttons(browser: Browser, base: str) -> None:
    with visitor(browser, base, theme="dark") as somebody:
        page = somebody.visit("/artifacts/3")
        page.get_by_role("button", name="Change between light and dark").click()
        page.get_by_role("button", name="Change between light and dark").click()
        ground = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(ground) != "rgb(255, 255, 255)"
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        expect(page.get_by_role("link", name="Lineage")).to_be_hidden()
        expect(page.locator("header.bar")).to_be_hidden()
        expect(page.locator("details dd").first).to_be_visible()


def test_where_a_crowd_does_not_fit_the_page_says_so(browser: Browser, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/crowded.db"
    store = open_store(url)
    hub, maker = crowd(store)
    store.close()
    with served(url) as base, visitor(browser, base) as somebody:
        page = somebody.visit(f"/lineage/artifact/{hub}")
        expect(page.locator(".notice")).to_contain_text("more than can be drawn")
        page.locator(f"[data-more='artifact:{hub} downstream']").click()
        expect(page.locator(".notice")).to_contain_text("Its newest thousand are on its page")
        page.get_by_role("link", name="its page").click()
        expect(page.locator(".notice")).to_contain_text("the newest 1,000")
        page = somebody.visit(f"/compare?a=execution:{maker}&b=execution:1")
        expect(page.locator(".notice")).to_contain_text("the first 1,000 rows")


def test_markup_and_odd_characters_are_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    class Odd(mt.Artifact):
        name: str

    url = f"sqlite:///{tmp_path}/odd.db"
    mt.init(url, strict=True)
    odd = "<img src=x onerror=alert(1)>'\"&\u202eabc\x07"
    with mt.run(odd.replace("\x07", "")), mt.step("<script>alert(2)</script>") as step:
        step.log_params({"</script><b>": odd, "long": "x" * 1_000_000})
        step.output("a.txt", Odd(name=odd))
    mt.get_store().close()
    with served(url) as base, visitor(browser, base) as somebody:
        somebody.page.on("dialog", lambda dialog: somebody.complaints.append(dialog.message))
        for path in ("/runs", "/runs/1", "/steps/1", "/artifacts/1", "/lineage/artifact/1"):
            page = somebody.visit(path)
            assert page.locator("main img").count() == 0
            assert page.locator("main script").count() == 0
        expect(somebody.visit("/artifacts/1").locator("h1")).to_contain_text("<img src=x")


def test_a_store_that_the_wheel_wrote_is_shown(
    browser: Browser, tmp_path: Path, wheel_store: str
) -> None:
    with served(wheel_store) as base, visitor(browser, base) as somebody:
        page = somebody.visit("/artifacts")
        page.locator("tbody a").first.click()
        page.get_by_role("link", name="Lineage").click()
        expect(page.locator("[data-node]")).to_have_count(3)
        assert "no tracking" not in somebody.visit("/runs").locator("main").inner_text()
        somebody.visit("/experiments")
        somebody.visit("/contexts/1")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_view_is_accessible_and_fits(
    browser: Browser, base: str, width: int, theme: str
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[str]] = {}
    with visitor(browser, base, width=width, theme=theme) as somebody:
        for name, path in VIEWS.items():
            page = somebody.visit(path)
            page.wait_for_timeout(150)  # for the fonts, and what comes after the heading
            page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{theme}.png", full_page=True)
            violations = Axe().run(page).response["violations"]
            found |= {
                f"{name}: {one['id']}": [node["html"] for node in one["nodes"]][:3]
                for one in violations
                if one["impact"] in {"serious", "critical"}
            }
            if name == "mistake":
                expect(page.locator(".problem")).to_be_visible()
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wider > 0:
                found[f"{name}: is {wider} pixels too wide"] = []
    assert found == {}
