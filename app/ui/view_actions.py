"""The switches of what is painted, and the zoom: the same wherever there is a canvas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QWidget

from app.ui.actions import action
from app.ui.canvas import Canvas
from app.ui.preferences import Preferences

SWITCHES = ("skeleton", "boxes", "ids", "joint_names", "trails", "blur_faces", "picture", "mirror")


def view_actions(page: QWidget, prefix: str, canvas: Canvas, preferences: Preferences) -> list[QAction]:
    """Give `page` the switches of View, which stay, and the zoom of its canvas; the switches."""
    tr = page.tr
    switches = (
        ("skeleton", tr("Skeletons"), "S", tr("Joints and limbs")),
        ("boxes", tr("Boxes"), "B", tr("The boxes around people")),
        ("ids", tr("Numbers"), "I", tr("The number or name of each person")),
        ("joint_names", tr("Names of joints"), "J", tr("What each joint is called")),
        ("trails", tr("Trails"), "T", tr("Where wrists and ankles were in the last second")),
        ("blur_faces", tr("Blur faces"), "F", tr("Make every face unrecognisable on screen")),
        ("picture", tr("Picture"), "P", tr("The picture itself; without it, skeletons on black")),
        ("mirror", tr("Mirror"), "M", tr("Left and right exchanged, as in a mirror")),
    )
    made = {}
    for name, text, keys, tip in switches:

        def turn(on: bool, name: str = name) -> None:
            if getattr(preferences.view(), name) != on:
                changed: dict[str, Any] = {name: on}
                preferences.set_view(replace(preferences.view(), **changed))

        on = bool(getattr(preferences.view(), name))
        made[name] = action(page, f"{prefix}.{name}", text, keys, tip, turn, checked=on)

    def follow() -> None:
        for name, switch in made.items():
            switch.setChecked(bool(getattr(preferences.view(), name)))

    preferences.changed.connect(follow)
    action(page, f"{prefix}.zoom_in", tr("Zoom in"), "Ctrl++", tr("Larger"), canvas.zoom_in)
    action(page, f"{prefix}.zoom_out", tr("Zoom out"), "Ctrl+-", tr("Smaller"), canvas.zoom_out)
    action(page, f"{prefix}.fit", tr("Whole picture"), "Ctrl+0", tr("As large as fits"), canvas.fit)
    action(
        page,
        f"{prefix}.copy",
        tr("Copy picture"),
        "Ctrl+C",
        tr("What is shown, to the clipboard"),
        lambda: QGuiApplication.clipboard().setImage(canvas.picture()),
    )
    return list(made.values())
