"""Rigs, scenes, styles, icons, help and decision records; read with `importlib.resources.files("resources")`."""
