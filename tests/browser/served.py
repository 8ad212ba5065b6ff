"""Serves another script as app.py is served. $SERVED_SCRIPT names it."""

import os

import streamlit as st

from ui import web

app = st.App(os.environ["SERVED_SCRIPT"], **web.parts())
