"""Small widgets that several workspaces share: labels, buttons with their key, progress, plots, pictures."""
