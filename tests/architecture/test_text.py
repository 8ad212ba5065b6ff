"""Text from users, URLs, files and errors is shown as text: it becomes no Markdown, HTML, LaTeX, link or picture."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import ROOT, files, location
from tests.architecture.text_flow import Code

CODE = Code([ROOT / "app.py", *files("ui", "pages"), ROOT / "gan_core" / "system" / "formatting.py"])
# What Streamlit reads as Markdown: the position and the names of the arguments of each function, and every `help`.
BODY, LABEL, CHOICES = ((0,), {"body"}), ((0,), {"label"}), ((0, 1), {"label", "options", "format_func"})
MARKDOWN = {
    **dict.fromkeys(
        ("markdown", "caption", "title", "subheader", "toast", "error", "warning", "info", "success"), BODY
    ),
    **dict.fromkeys(("button", "download_button", "form_submit_button", "popover", "expander", "toggle"), LABEL),
    **dict.fromkeys(("selectbox", "multiselect", "text_input", "text_area", "number_input", "slider"), LABEL),
    **dict.fromkeys(("segmented_control", "pills", "select_slider"), CHOICES),
    "dialog": ((0,), {"title"}),
    "file_uploader": LABEL,
    "image": ((1,), {"caption"}),
    "page_link": ((), {"label"}),
    "metric": ((0, 1, 2), {"label", "value", "delta"}),
    "progress": ((1,), {"text"}),
    "spinner": ((0,), {"text"}),
    "tabs": ((0,), {"tabs"}),
    "html": BODY,
    "latex": BODY,
}
# What Streamlit shows as text, and what shows none.
TEXT = {"text", "code", "dataframe", "component", "set_page_config", "Page", "navigation"}
SILENT = {
    "container",
    "empty",
    "columns",
    "rerun",
    "fragment",
    "form",
    "cache_resource",
    "cache_data",
    "switch_page",
    "get_option",
    "App",
    "clear",
}
NAMES_OF_OUR_FUNCTIONS = {"title", "html"}
STATE = ("st.session_state.", "st.query_params.", "st.column_config.")


def calls_of_streamlit() -> Iterator[tuple[str, ast.Call]]:
    """The calls of Streamlit's functions by name, also as methods of a container: `left.slider(...)`."""
    for name, calls in CODE.calls.items():
        for call in calls if name else ():  # without a name: the call of a function that a call returned
            base = ast.unparse(call.func).rpartition(".")[0]
            if (
                base == "st"
                or base.startswith("st.")
                or (base and name in MARKDOWN and name not in NAMES_OF_OUR_FUNCTIONS)
            ):
                yield name, call


def markdown_arguments(name: str, call: ast.Call) -> Iterator[ast.AST]:
    places, names = MARKDOWN.get(name, ((), set()))
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if "format_func" in names and "format_func" in given:  # it makes the texts of the options
        places, names = places[:1], names - {"options"}
    yield from (call.args[place] for place in places if place < len(call.args))
    for keyword, value in given.items():
        if keyword is None:
            yield from CODE.items(value, {*names, "help"})
        elif isinstance(value, ast.Lambda) and keyword in names:
            yield value.body
        elif keyword in {*names, "help"}:
            yield value


def test_every_function_of_streamlit_is_known_to_show_markdown_or_not() -> None:
    known = {*MARKDOWN, *TEXT, *SILENT}
    called = {name for name, call in calls_of_streamlit() if not ast.unparse(call.func).startswith(STATE)}
    assert not called - known


def test_what_streamlit_reads_as_markdown_holds_no_text_from_outside() -> None:
    wrong = [
        f"{location(CODE.file[call], argument)}: {ast.unparse(argument)}"
        for name, call in calls_of_streamlit()
        for argument in markdown_arguments(name, call)
        if not CODE.own(argument)
    ]
    assert not wrong, "\n".join(["pass these through ui.formatting.plain:", *wrong])


def test_a_template_of_plotly_holds_no_text_from_outside() -> None:
    """Plotly reads a template as HTML; the texts of a chart are escaped by live_chart.js, and templates name them."""
    for node, file in CODE.file.items():
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and str(key.value).endswith("template"):
                    assert isinstance(value, ast.Constant), location(file, value)


def test_no_component_makes_html_of_text() -> None:
    for file in (ROOT / "ui" / "components").glob("*.js"):
        found = re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|eval\(", file.read_text("utf-8")
        )
        assert found is None, f"{file.name}: {found}"
