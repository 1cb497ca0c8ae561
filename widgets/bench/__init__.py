"""`python main.py bench window`: the real window under a known load, measured from within."""
