"""All that can be set; what is chosen is kept, and told to whatever runs by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from app.checks import nvidia
from app.choices import Choice, devices, lag_s, networks
from app.settings import OPTIONS, Settings, checked
from app.ui.engine_dialog import EngineDialog
from app.ui.errand import Errand
from app.ui.model_dialog import ModelDialog
from app.ui.preferences import Preferences
from app.ui.settings_pages import Pages
from app.ui.smooth_field import WAITLESS
from app.ui.trouble import Trouble
from app.ui.view import View
from engine.errors import UserError

Button = QDialogButtonBox.StandardButton
RATE = 30.0  #: frames a second that costs are told for, where no source runs


@dataclass(frozen=True, slots=True)
class Found:
    """What this machine offers."""

    pose: list[Choice]
    detector: list[Choice]
    devices: list[Choice]
    lags: Mapping[str, float]  #: seconds, of the ways to smooth that wait for nothing


def survey(rate: float) -> Found:
    """Look around; takes as long as NVIDIA's driver takes to answer. UserError."""
    lags = {how: lag_s(how, rate) for how in WAITLESS}
    return Found(networks("pose"), networks("detector"), devices(nvidia.look()), lags)


class SettingsDialog(QDialog):
    """A page for each subject; OK, Apply, Cancel, and the defaults."""

    def __init__(
        self,
        preferences: Preferences,
        parent: QWidget | None = None,
        *,
        rate: float = RATE,
        look: Callable[[float], Found] = survey,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Settings"))
        self.resize(720, 600)
        self._preferences, self._rate, self._look = preferences, rate, look
        self._errand: Errand[Found] = Errand(self, self._offer, self._looked)
        self._pages = Pages(preferences.usual_settings(), rate, self)
        self._pages.networks_wanted.connect(self._more)
        self._pages.engine_wanted.connect(self._build)
        self._trouble = Trouble(self)
        self._box = QDialogButtonBox(Button.Ok | Button.Cancel | Button.Apply | Button.RestoreDefaults, self)
        self._box.button(Button.RestoreDefaults).setToolTip(self.tr("Every default, on all pages"))
        self._box.button(Button.RestoreDefaults).setAutoDefault(False)
        self._box.button(Button.Apply).setToolTip(self.tr("Use these settings, and stay here"))
        self._box.clicked.connect(self._pressed)
        column = QVBoxLayout(self)
        column.addWidget(self._pages, 1)
        column.addWidget(self._trouble)
        column.addWidget(self._box)
        self._show(preferences.settings(), preferences.view())
        self._search()

    def apply(self) -> bool:
        """Keep what is chosen, and let what runs follow; whether it makes sense."""
        try:
            settings = self._chosen_settings()
        except UserError as error:
            self._trouble.show_error(error)
            return False
        self._trouble.set("")
        chosen: dict[str, Any] = {name: row.value() for name, row in self._pages.views.items()}
        view = replace(self._preferences.view(), threshold=settings.keypoint_threshold, **chosen)
        self._preferences.set_settings(settings)
        self._preferences.set_view(view)
        return True

    def turn_to(self, page: int) -> None:
        """Show that page."""
        self._pages.turn_to(page)

    def done(self, result: int) -> None:
        self._errand.close()
        super().done(result)

    def _chosen_settings(self) -> Settings:
        """UserError where something of it cannot be."""
        rows = self._pages.options.items()
        chosen = {name: type(row.usual)(row.value()) for name, row in rows if row.value() != row.usual}
        if chosen.get("output") == "":
            raise UserError("settings: the folder for recordings and results has no name; choose one")
        usual = {OPTIONS[name].name: row.usual for name, row in rows}
        kept: dict[str, Any] = {**usual, **checked(chosen, self.tr("settings"))}
        return replace(self._preferences.settings(), **kept)

    def _show(self, settings: Settings, view: View) -> None:
        for name, row in self._pages.options.items():
            row.set_value(getattr(settings, OPTIONS[name].name))
        for name, row in self._pages.views.items():
            row.set_value(getattr(view, name))

    def _pressed(self, button: QAbstractButton) -> None:
        which = self._box.standardButton(button)
        if which == Button.RestoreDefaults:
            for row in self._pages.rows():
                row.reset()
        elif which == Button.Cancel:
            self.reject()
        elif self.apply() and which == Button.Ok:
            self.accept()

    def _search(self) -> None:
        """Look around in a thread: asking the driver takes a while."""
        look, rate = self._look, self._rate
        self._errand.start(lambda tell, _: tell(look(rate)), "settings")

    def _offer(self, found: Found) -> None:
        for field, choices in (
            (self._pages.pose, found.pose),
            (self._pages.detector, found.detector),
            (self._pages.device, found.devices),
        ):
            field.offer(choices)
        self._pages.smooth.set_lags(found.lags)

    def _looked(self, errors: list[Exception]) -> None:
        for error in errors:
            self._trouble.show_error(error)

    def _more(self) -> None:
        dialog = ModelDialog(self)
        dialog.finished.connect(self._search)
        dialog.open()

    def _build(self) -> None:
        EngineDialog(self._preferences, self).open()
