"""What the user chose, kept in a file that may be lost, damaged or written by hand."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import platformdirs
from PySide6.QtCore import QByteArray, QObject, QSettings, QStandardPaths, Signal

from app.painting.drawing import THINNEST, WIDEST
from app.plain import printable
from app.settings import OPTIONS, Settings, checked
from app.sources.naming import camera_number, is_address, spoken
from app.ui.view import View
from engine.errors import UserError

FILE = "window.ini"
RECENT = 12  #: sources that are remembered
_YES, _NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


class Preferences(QObject):
    """Settings, view, recent sources, shortcuts and window sizes.

    A value that makes no sense is left out, so that the default stands; `trouble` says so in one line.
    """

    changed = Signal()  #: settings or view are others now
    troubled = Signal(str)  #: one line: they cannot be kept

    def __init__(self, path: Path | None = None, parent: QObject | None = None) -> None:
        """`path`: the file; the user's own in the folder for settings, unless told otherwise."""
        super().__init__(parent)
        self.path = path or platformdirs.user_config_path("kinetrail") / FILE
        self.trouble = ""  #: what was found wrong at the start, in one line
        self._told = False
        self._store = self._opened()
        self._settings = self._read_settings()
        self._view = self._read_view()

    def settings(self) -> Settings:
        """How sources are worked on. `output` is the folder of `output_folder`."""
        return self._settings

    def set_settings(self, settings: Settings) -> None:
        """Keep them; only what is not as the program has it by itself goes into the file."""
        if settings != self._settings:
            usual = self.usual_settings()
            for name, entry in OPTIONS.items():
                value = getattr(settings, entry.name)
                self._keep(f"settings/{name}", value, getattr(usual, entry.name))
            self._settings = settings
            self._written()
            self.changed.emit()

    def usual_settings(self) -> Settings:
        """What holds where nothing was chosen."""
        return Settings(output=str(usual_folder()))

    def view(self) -> View:
        """What is painted. Its threshold is that of the settings: left out is left out everywhere."""
        return replace(self._view, threshold=self._settings.keypoint_threshold)

    def set_view(self, view: View) -> None:
        """Keep it, and its threshold among the settings."""
        if view != self.view():
            for entry in fields(View):
                if entry.name != "threshold":
                    self._keep(f"view/{entry.name}", getattr(view, entry.name), getattr(View(), entry.name))
            self._view = view
            if view.threshold != self._settings.keypoint_threshold:
                self.set_settings(replace(self._settings, keypoint_threshold=view.threshold))
                return
            self._written()
            self.changed.emit()

    def recent(self) -> list[str]:
        """Cameras, paths and addresses that were opened, the newest first."""
        return _texts(self._store.value("recent/sources"))[:RECENT]

    def add_recent(self, source: str) -> None:
        """Remember a source, unless it may hold a password or a key."""
        if is_address(source):
            if spoken(source) != source:
                return
        elif camera_number(source) < 0:
            source = str(Path(source).absolute())
        self._set_recent([source, *(each for each in self.recent() if each != source)])

    def forget_recent(self, source: str = "") -> None:
        """Forget one source, or all."""
        self._set_recent([each for each in self.recent() if source and each != source])

    def output_folder(self) -> Path:
        """Where recordings and results go; it may not exist yet."""
        return Path(self._settings.output)

    def shortcuts(self) -> dict[str, str]:
        """Keys that were changed: name of the action -> keys, "" for none."""
        self._store.beginGroup("shortcuts")
        found = {name: self._store.value(name) for name in self._store.childKeys()}
        self._store.endGroup()
        return {name: keys for name, keys in found.items() if isinstance(keys, str)}

    def set_shortcut(self, name: str, keys: str) -> None:
        self._store.setValue(f"shortcuts/{name}", keys)
        self._written()

    def reset_shortcut(self, *names: str) -> None:
        for name in names:
            self._store.remove(f"shortcuts/{name}")
        self._written()

    def geometry(self, name: str = "window") -> QByteArray:
        """Size and place, or the division, of a window as it was left; empty where it never was."""
        found = self._store.value(f"geometry/{name}")
        return found if isinstance(found, QByteArray) else QByteArray()

    def set_geometry(self, geometry: QByteArray, name: str = "window") -> None:
        self._store.setValue(f"geometry/{name}", geometry)
        self._written()

    def _opened(self) -> QSettings:
        store = QSettings(str(self.path), QSettings.Format.IniFormat)
        store.allKeys()  # reads all of it; what is wrong is not known before
        if store.status() == QSettings.Status.FormatError:
            aside = self.path.with_name(f"{self.path.name}.damaged")
            del store
            try:
                self.path.replace(aside)
                kept = f"it is kept as {aside.name}"
                self.trouble = f"{printable(self.path)} was damaged; settings are as at first ({kept})"
            except OSError as error:
                self.trouble = f"{printable(self.path)} is damaged and cannot be replaced ({error.strerror})"
            store = QSettings(str(self.path), QSettings.Format.IniFormat)
        if store.status() == QSettings.Status.AccessError:
            self.trouble = f"{printable(self.path)} cannot be read; settings are as at first and are not kept"
        return store

    def _read_settings(self) -> Settings:
        settings = self.usual_settings()
        for name, text in self._group("settings"):
            try:
                value = _meant(text, type(OPTIONS[name].default)) if name in OPTIONS else text
                settings = replace(settings, **checked({name: value}, printable(self.path)))
            except (UserError, ValueError) as error:
                self._leave_out(f"settings/{name}", error)
        return settings

    def _read_view(self) -> View:
        view, kinds = View(), {entry.name: type(getattr(View(), entry.name)) for entry in fields(View)}
        for name, text in self._group("view"):
            try:
                if name not in kinds:
                    raise ValueError("unknown")
                value = _meant(text, kinds[name])
                if name == "line_width" and not THINNEST <= value <= WIDEST:
                    raise ValueError(f"must be from {THINNEST:g} to {WIDEST:g}, not {text}")
                view = replace(view, **{name: value})
            except (UserError, ValueError) as error:
                self._leave_out(f"view/{name}", error)
        return view

    def _group(self, name: str) -> list[tuple[str, str]]:
        self._store.beginGroup(name)
        found = [(key, ", ".join(_texts(self._store.value(key)))) for key in self._store.allKeys()]
        self._store.endGroup()
        return found

    def _leave_out(self, key: str, error: Exception) -> None:
        """One line is enough, however much is wrong; the others are in the file to be seen."""
        path = printable(self.path)
        line = str(error) if str(error).startswith(path) else f"{path}: {key}: {error}"
        self.trouble = self.trouble or f"{line}; the default is used"

    def _keep(self, key: str, value: Any, usual: Any) -> None:
        if value == usual:
            self._store.remove(key)
        else:
            self._store.setValue(key, str(value).lower() if isinstance(value, bool) else str(value))

    def _set_recent(self, sources: list[str]) -> None:
        self._store.setValue("recent/sources", sources[:RECENT])
        self._written()

    def _written(self) -> None:
        self._store.sync()
        if self._store.status() == QSettings.Status.AccessError and not self._told:
            self._told = True
            path = printable(self.path)
            self.troubled.emit(f"{path} cannot be written; settings hold until Kinetrail ends")


def usual_folder() -> Path:
    """A folder of ours among the user's films."""
    films = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    return Path(films or Path.home()) / "Kinetrail"


def _texts(value: object) -> list[str]:
    """A list as it comes out of the file, where one of a single text is no list."""
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, str)]


def _meant(text: str, kind: type) -> Any:
    """The text as a value of that kind; ValueError where it is none."""
    if kind is bool:
        if text.lower() not in _YES + _NO:
            raise ValueError(f"must be true or false, not {printable(text)!r}")
        return text.lower() in _YES
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"must be a number, not {printable(text)!r}") from None
