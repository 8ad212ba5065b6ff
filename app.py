"""GAN Playground. Start it with: streamlit run app.py"""

import streamlit as st

from ui import shell, web

if __name__ == "__main__":  # each tab runs this file as a script
    shell.enter()
else:  # the server imports it
    app = st.App(__file__, **web.parts())
