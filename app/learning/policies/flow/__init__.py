"""Flow matching over chunks of actions: a few Euler steps from noise."""
