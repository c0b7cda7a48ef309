"""Where the object is, from motion capture or one camera."""
