"""Video to prior: pose, object, contact, and the retargeted robot motion."""
