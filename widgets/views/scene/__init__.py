"""The 3D scene behind one small interface: `make_scene` gives the OpenGL view where a graphics card draws it."""
