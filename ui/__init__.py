"""What the pages share and Streamlit lacks."""
