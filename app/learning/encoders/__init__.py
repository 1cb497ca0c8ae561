"""From pictures to a few numbers per camera, for the planner. Trained with it, saved in the same checkpoint."""
