"""Home."""

import streamlit as st

st.title("GAN Playground")
