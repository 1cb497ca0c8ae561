"""The wire: typed messages over ZeroMQ. Used by every process; knows nothing of devices or windows."""
