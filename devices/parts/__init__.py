"""The parts that a real rig is composed of: arms, cameras, touch sensors; what each must offer, and which there are."""
