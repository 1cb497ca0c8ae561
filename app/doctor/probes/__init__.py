"""Small programs that the doctor runs as child processes, because what they try may crash or hang.

Each prints one JSON object on success. They import libraries that the doctor itself must not load.
"""
