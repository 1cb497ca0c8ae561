"""Live views that several workspaces share: cameras with touch drawn in, the 3D scene, curves."""
