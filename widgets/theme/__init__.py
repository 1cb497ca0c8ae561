"""How the window looks: one file of tokens, and the style sheet and icons that are made from it."""
