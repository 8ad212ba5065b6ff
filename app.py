"""GAN Playground. Start it with: streamlit run app.py"""

from ui import shell

shell.enter()
