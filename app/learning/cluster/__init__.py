"""Training on a Ray cluster: `train --ray ADDRESS`. Decision record 0069."""
