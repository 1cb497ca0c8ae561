"""The person's hand on mouse and keyboard: which key moves what, and the dead-man that must be held."""
