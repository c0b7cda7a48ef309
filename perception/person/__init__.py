"""The person: landmarks, one skeleton, where they stand."""
