"""Entry points: the only place that knows frameworks."""
