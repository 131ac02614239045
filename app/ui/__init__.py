"""The window. The only part of the program that knows Qt."""

import os

# Else Qt hands strokes over more than a few lines to threads of its own and waits for them: that costs as
# much as the stroke, and where networks keep the cores busy many times that. It is read at the first stroke.
os.environ.setdefault("QT_NO_GUI_THREADPOOL", "1")
