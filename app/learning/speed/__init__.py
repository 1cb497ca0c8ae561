"""How long a plan and a step of the decoder take on one core: `bench infer`."""
