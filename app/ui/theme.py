"""How the window looks: dark or light as the system is, in calm colours that everybody can read.

Text has a contrast of 4.5 or more on everything it stands on (WCAG 2, AA). The three signals differ to people
without one kind of cone too; they never speak alone, a word always stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

Scheme = Qt.ColorScheme
Role = QPalette.ColorRole


@dataclass(frozen=True, slots=True)
class Inks:
    """The colours of one scheme, as #rrggbb."""

    window: str
    base: str  #: of lists and fields
    alternate: str  #: of every other line
    button: str
    text: str
    quiet: str  #: text that explains
    faded: str  #: text of what cannot be used now
    line: str
    shade: str  #: darker than the lines
    accent: str
    on_accent: str
    link: str
    visited: str
    tip: str
    red: str
    amber: str
    green: str


LIGHT = Inks(
    window="#f4f5f7", base="#ffffff", alternate="#eef1f4", button="#e9ecf0", text="#1d2329", quiet="#5a636d",
    faded="#80898f", line="#c9cfd6", shade="#9aa3ac", accent="#1f6f8b", on_accent="#ffffff", link="#15607a",
    visited="#6a4a8c", tip="#ffffff", red="#8c0038", amber="#8a5a00", green="#00677a",
)  # fmt: skip
DARK = Inks(
    window="#1f2428", base="#171b1f", alternate="#1e2328", button="#2b3238", text="#e6eaee", quiet="#9aa5b0",
    faded="#7d8790", line="#3a434b", shade="#101316", accent="#2a7390", on_accent="#ffffff", link="#7cc7e0",
    visited="#c3a6e8", tip="#2b3238", red="#ff7a70", amber="#ffc14d", green="#7fe0d0",
)  # fmt: skip


def apply(app: QApplication) -> None:
    """Dress the program as the system is, dark or light, now and whenever that changes."""
    usual = Scheme.Dark if is_dark(app.palette()) else Scheme.Light  # where the system does not tell
    app.setStyle("Fusion")
    hints = app.styleHints()

    def dress(scheme: Scheme) -> None:
        app.setPalette(palette(usual if scheme == Scheme.Unknown else scheme))

    dress(hints.colorScheme())
    hints.colorSchemeChanged.connect(dress)


def palette(scheme: Scheme) -> QPalette:
    """All the colours of a scheme."""
    inks = DARK if scheme == Scheme.Dark else LIGHT
    made = QPalette()
    for role, colour in (
        (Role.Window, inks.window),
        (Role.Base, inks.base),
        (Role.AlternateBase, inks.alternate),
        (Role.Button, inks.button),
        (Role.WindowText, inks.text),
        (Role.Text, inks.text),
        (Role.ButtonText, inks.text),
        (Role.BrightText, inks.red),
        (Role.PlaceholderText, inks.quiet),
        (Role.ToolTipBase, inks.tip),
        (Role.ToolTipText, inks.text),
        (Role.Highlight, inks.accent),
        (Role.HighlightedText, inks.on_accent),
        (Role.Accent, inks.accent),
        (Role.Link, inks.link),
        (Role.LinkVisited, inks.visited),
        (Role.Light, inks.tip),
        (Role.Midlight, inks.line),
        (Role.Mid, inks.line),
        (Role.Dark, inks.shade),
        (Role.Shadow, inks.shade),
    ):
        made.setColor(role, QColor(colour))
    for role in (Role.WindowText, Role.Text, Role.ButtonText, Role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(inks.faded))
    for role in (Role.Highlight, Role.Accent):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(inks.button))
    return made


def is_dark(colours: QPalette) -> bool:
    """Whether light text stands on a dark ground."""
    return colours.color(Role.WindowText).lightness() > colours.color(Role.Window).lightness()


def amber(colours: QPalette) -> QColor:
    """For what goes on, but not well, on the ground of a widget with these colours."""
    return QColor(_inks(colours).amber)


def red(colours: QPalette) -> QColor:
    """For what has stopped, and for what is being recorded."""
    return QColor(_inks(colours).red)


def green(colours: QPalette) -> QColor:
    """For what is well."""
    return QColor(_inks(colours).green)


def quiet(colours: QPalette) -> QColor:
    """For text that only explains."""
    return QColor(_inks(colours).quiet)


def _inks(colours: QPalette) -> Inks:
    return DARK if is_dark(colours) else LIGHT
