"""Set-up of a fresh machine: interpreter, virtual environment, pinned packages, system libraries.

Runs under the system's Python before anything is installed, so it uses the standard library only. Called by the
Makefile as `python3 -m app.setup [--dev] [--display]`.
"""
