"""The browser that the tests of pages lean on."""

from tests.available import require
from tests.chromium import browser


def test_chromium_runs_a_page() -> None:
    require("chromium")
    with browser() as started:
        page = started.new_page()
        page.set_content("<title>a</title><script>document.title = [...'naïve 🌊'].length</script>")
        assert page.title() == "7"
