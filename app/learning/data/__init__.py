"""From native-rate episodes to batches of windows on one grid."""
