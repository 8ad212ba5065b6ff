"""Home: what a GAN is, the first run, the ways into the app, and the presets."""

import streamlit as st

from ui import shell

shell.ensure_navigation(home=True)

from ui.components.game import game  # noqa: E402  (the navigation comes first)
from ui.home import doors, first_run, gallery  # noqa: E402

st.title("GAN Playground", anchor=False)
st.markdown(
    "Two networks play a game: :orange[**the generator**] makes samples, :blue[**the discriminator**] tells them from "
    ":green[**real data**]. Watch them learn, live, on this machine."
)
with st.container(horizontal=True, vertical_alignment="center", key="first-run"):
    first_run.buttons()
    newest = st.container(width="content", key="newest-run")
game("game")
doors.panel()
machine = st.container(key="machine")
st.subheader("Presets", anchor=False)
gallery.panel()

# The page is drawn; now torch is loaded for what it needs to know.
with machine, st.spinner("Looking for a GPU"):
    shell.load()
    from ui.home import running
with newest:
    first_run.continue_button()
with machine:
    running.panel()
