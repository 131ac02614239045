"""Files that results are written to, one module per format."""

from app.outputs.partial import check

__all__ = ["check"]
