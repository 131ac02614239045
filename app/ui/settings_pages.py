"""The pages of the settings: which rows there are, and what each says."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.choices import Choice
from app.painting.drawing import THINNEST, WIDEST
from app.settings import OPTIONS, Settings
from app.ui.fields import Choices, Folder, Number, Switch, Value
from app.ui.row import Row
from app.ui.smooth_field import SmoothField
from app.ui.view import View
from app.wishes import MOST_FRAMES

FILES = "*.onnx *.engine *.pth *.pt *.ts *.torchscript"
LIST_PX = 140


class Rhythm(Number):
    """Every how many frames, as `Settings.detect_every` has it."""

    def value(self) -> Value:  # type: ignore[override]  # the text of the number
        number = int(super().value())
        return str(number) if number else "auto"

    def set_value(self, value: Value) -> None:
        self.setValue(0 if value == "auto" else float(value))

    def said(self, value: Value) -> str:
        return super().said(0 if value == "auto" else value)


class Pages(QWidget):
    """Subjects on the left, the rows of the chosen one on the right."""

    networks_wanted = Signal()
    engine_wanted = Signal()

    def __init__(self, usual: Settings, rate: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._usual = usual
        self.options: dict[str, Row] = {}  #: by the names that options have in TOML
        self.views: dict[str, Row] = {}  #: by the fields of `View`
        self.pose, self.detector = (
            Choices([Choice("", self.tr("the one that comes along"))], files=FILES) for _ in range(2)
        )
        self.device = Choices([Choice("auto", "auto"), Choice("cpu", "cpu")])
        self.smooth = SmoothField(rate)
        self._list, self._stack = QListWidget(self), QStackedWidget(self)
        self._list.setAccessibleName(self.tr("Subjects"))
        self._list.setToolTip(self.tr("What can be set"))
        self._list.setFixedWidth(LIST_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._list)
        row.addWidget(self._stack, 1)
        self._page(self.tr("Networks"), self._networks())
        self._page(self.tr("People"), self._people())
        self._page(
            self.tr("Smoothing"), [self._option("smooth", self.tr("Smoothing of joints"), self.smooth)]
        )
        self._page(self.tr("Picture"), self._picture())
        self._page(
            self.tr("Files"), [self._option("output", self.tr("Folder for recordings and results"), Folder())]
        )
        self._list.currentRowChanged.connect(self._stack.setCurrentIndex)
        self._list.setCurrentRow(0)

    def rows(self) -> Sequence[Row]:
        """All of them, on all pages."""
        return [*self.options.values(), *self.views.values()]

    def turn_to(self, number: int) -> None:
        """Show that page."""
        self._list.setCurrentRow(number)

    def _networks(self) -> list[QWidget]:
        tr, option = self.tr, self._option
        buttons = QWidget(self)
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 14)
        for text, tip, signal in (
            (tr("More networks…"), tr("Published networks, to be fetched"), self.networks_wanted),
            (tr("Build engine for this GPU…"), tr("The networks run faster then"), self.engine_wanted),
        ):
            button = QPushButton(text, buttons)
            button.setToolTip(tip)
            button.setAutoDefault(False)
            button.clicked.connect(signal)
            row.addWidget(button)
        row.addStretch(1)
        return [
            option("pose", tr("Pose network"), self.pose),
            option("detector", tr("Person detector"), self.detector),
            buttons,
            option("device", tr("Device"), self.device),
            option("flip", tr("Look at everyone mirrored too"), Switch("")),
            option("trust-engine", tr("Trust engines from elsewhere"), Switch("")),
            option("cuda-graphs", tr("CUDA graphs"), Switch("")),
        ]

    def _people(self) -> list[QWidget]:
        tr, option = self.tr, self._option
        own, longest = tr("the detector's own"), OPTIONS["remember"].metadata["most"]
        return [
            option("keypoint-threshold", tr("Least score of a joint"), Number(0, 1, decimals=3)),
            option(
                "detection-threshold", tr("Least score of a person"), Number(0, 1, decimals=3, lowest=own)
            ),
            option("max-people", tr("At most so many people"), Number(0, 1000, lowest=tr("everyone"))),
            option(
                "detect-every",
                tr("Frames from one look for people to the next"),
                Rhythm(0, MOST_FRAMES, lowest="auto"),
            ),
            option(
                "remember", tr("Memory for who is out of sight"), Number(0, longest, decimals=1, unit=" s")
            ),
        ]

    def _picture(self) -> list[QWidget]:
        tr = self.tr
        texts = {
            "skeleton": (tr("Skeletons"), tr("Joints and the bones between them.")),
            "boxes": (tr("Boxes"), tr("A frame around each person.")),
            "ids": (tr("Numbers"), tr("The number or name of each person.")),
            "joint_names": (tr("Names of joints"), tr("The name beside each joint.")),
            "trails": (tr("Trails"), tr("Where wrists and ankles were in the last second.")),
            "blur_faces": (tr("Blur faces"), tr("For privacy; faces are blurred where they are found.")),
            "picture": (tr("Picture"), tr("Off: skeletons on black.")),
            "mirror": (tr("Mirror"), tr("As one sees oneself; for a webcam.")),
        }
        width = Number(THINNEST, WIDEST, decimals=2, unit=" \N{MULTIPLICATION SIGN}")
        colours = Choices(
            [
                Choice("person", tr("One for each person")),
                Choice("side", tr("Left amber, right blue")),
                Choice("one", tr("One for all")),
            ]
        )
        switches = [self._view(name, title, Switch(""), told) for name, (title, told) in texts.items()]
        return [
            self._view("colours", tr("Colours"), colours, tr("Of skeletons; lanes and lists keep theirs.")),
            self._view("line_width", tr("Width of lines"), width, tr("Over the usual width.")),
            *switches,
        ]

    def _option(self, name: str, title: str, editor: QWidget) -> Row:
        """A row for an option, explained as the command line explains it."""
        entry = OPTIONS[name]
        usual = getattr(self._usual, entry.name)
        self.options[name] = Row(title, editor, _sentence(entry.metadata["explain"]), usual, self)
        return self.options[name]

    def _view(self, name: str, title: str, editor: QWidget, told: str) -> Row:
        self.views[name] = Row(title, editor, told, getattr(View(), name), self)
        return self.views[name]

    def _page(self, title: str, rows: list[QWidget]) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 4, 16, 4)
        for row in rows:
            column.addWidget(row)
        column.addStretch(1)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setAccessibleName(title)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        self._stack.addWidget(area)
        item = QListWidgetItem(title, self._list)
        item.setSizeHint(QSize(0, 2 * self.fontMetrics().height()))


def _sentence(explained: str) -> str:
    """What the command line says of an option, less its default, which is said apart."""
    text = explained.replace("`", "").partition("; default:")[0].partition(" (default:")[0]
    return f"{text[0].upper()}{text[1:]}."
