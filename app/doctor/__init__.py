"""`python main.py doctor`: what this machine has and lacks for Touchstone, each lack with its way out."""
