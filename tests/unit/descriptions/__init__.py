"""The descriptions that the engine serves of itself: valid, true and complete."""
