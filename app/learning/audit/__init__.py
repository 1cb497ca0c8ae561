"""Touch audit: each input of a policy is spoiled, offline and in rollouts, to see whether the policy uses it."""
