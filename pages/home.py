"""Home: an introduction, the presets, and the running sessions."""

import streamlit as st

from ui import shell

shell.ensure_navigation(home=True)

from ui.formatting import plain  # noqa: E402
from ui.home import cards  # noqa: E402  (the navigation comes first)

st.title("GAN Playground", anchor=False)
st.markdown(
    "Two networks play a game: :orange[**the generator**] makes samples, :blue[**the discriminator**] tells them from "
    ":green[**real data**]. Pick an experiment and watch them learn, live, on this machine."
)
cards.default_card()
for group in cards.groups():
    st.subheader(plain(group), anchor=False)
    with st.container(horizontal=True, key=f"group-{group}"):
        for preset in cards.presets_in(group):
            cards.card(preset)

st.subheader("This machine", anchor=False)
cards.machine()
