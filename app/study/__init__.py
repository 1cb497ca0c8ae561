"""The study of reactive policies: a plan that is written first, stages that can be interrupted, one table, one page."""
