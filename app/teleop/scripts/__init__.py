"""Scripted operators: one per task, driving the rig through the same input path as a person."""
