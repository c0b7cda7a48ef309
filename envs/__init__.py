"""Prior to physics task: scene, batched stepping, observations, rewards, state pool."""
