import pytest

from tests.perception.report.browser import Browser, find

PLAYS = """
Promise.all([...document.querySelectorAll("video")].map(async (video) => {
  const wait = (event) => new Promise((done, fail) => {
    video.addEventListener(event, done, { once: true });
    video.addEventListener("error", () => fail(video.error), { once: true });
    setTimeout(() => done("late"), 15000);
  });
  if (video.readyState < 2) { video.preload = "auto"; await wait("loadeddata"); }
  await video.play();
  for (let i = 0; i < 100 && video.currentTime <= 0.05; i++) await wait("timeupdate");
  video.pause();
  return [video.readyState, video.currentTime, video.videoWidth];
}))
"""
OVERFLOW = """
[...document.querySelectorAll("body *")].filter((one) => {
  if (one.closest(".scroll") && !one.matches(".scroll")) return false;
  if (one.closest("svg") && !one.matches("svg")) return false;
  return one.getBoundingClientRect().right > innerWidth + 0.5;
}).map((one) => one.outerHTML.slice(0, 80))
"""
INK = "getComputedStyle(document.body).{}.match(/\\d+/g).slice(0, 3).map(Number)"


@pytest.fixture(scope="module")
def browser():
    executable = find()
    if executable is None:
        pytest.skip("no Chromium here; apt install chromium, or name it in CHROMIUM")
    with Browser(executable) as one:
        yield one


@pytest.fixture(scope="module")
def page(browser, priors_page):
    browser.width(1200)
    browser.open(priors_page.as_uri())
    return browser


def test_nothing_is_wrong_and_nothing_is_fetched(page):
    assert page.faults == []
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0


def test_every_video_plays(page):
    played = page.evaluate(PLAYS)
    assert len(played) == 3
    for ready, seconds, width in played:
        assert ready >= 2
        assert seconds > 0.05
        assert width > 0


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_nothing_sticks_out_on_any_screen(page, width):
    page.width(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERFLOW) == []


def test_words_in_charts_are_readable_on_a_phone(page):
    page.width(390)
    heights = page.evaluate(
        "[...document.querySelectorAll('svg text')]"
        ".map((one) => one.getBoundingClientRect().height)"
    )
    assert min(heights) >= 8.0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_stands_out_from_the_page(page, scheme):
    page.colours(scheme)
    ink, ground = (sum(page.evaluate(INK.format(c))) for c in ("color", "background"))
    if scheme == "dark":
        ink, ground = ground, ink
    assert ground - ink > 450


def test_the_playhead_follows_the_video_and_a_click_seeks(page):
    page.width(1200)
    found = page.evaluate("""
      (async () => {
        const part = document.querySelector("svg.time").closest("section");
        const video = part.querySelector("video");
        const chart = part.querySelector("svg.time");
        const head = chart.querySelector(".playhead");
        const seek = (to) => new Promise((done) => {
          video.addEventListener("seeked", () => setTimeout(done, 50), { once: true });
          to();
        });
        await seek(() => { video.currentTime = 0.5; });
        const before = +head.getAttribute("x1");
        await seek(() => {
          const box = chart.getBoundingClientRect();
          const x = box.left + box.width * 0.8, y = box.top + 5;
          chart.dispatchEvent(new MouseEvent("click", { clientX: x, clientY: y }));
        });
        return [before, +head.getAttribute("x1"), video.currentTime];
      })()
    """)
    assert 84 < found[0] < found[1]
    assert found[1] == pytest.approx(0.8 * 440, abs=3.0)
    assert found[2] > 0.5
    assert page.faults == []
