"""Data sets, policies, training and the policy process: the only package that imports torch."""
