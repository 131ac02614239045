"""What the canvas paints and where, judged by the pixels on the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
from canvases import at, flat, grab, people, pixels, scored
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QImage, QPainter, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.painting.palette import shades
from app.ui.bridge import Bridge
from app.ui.canvas import Canvas
from app.ui.picture import Picture
from app.ui.view import Cast, View
from app.ui.viewport import Viewport
from engine.types import Frame

SOMEBODY = (120.0, 60.0, 280.0, 460.0)
MIDDLE = shades(1).middle[::-1]


@pytest.fixture
def canvas(qtbot: QtBot) -> Iterator[Canvas]:
    made = Canvas()
    qtbot.addWidget(made)
    made.resize(640, 480)
    made.show()
    return made


def near(colour: tuple[int, int, int], wanted: tuple[int, ...], tolerance: int = 24) -> bool:
    return max(abs(a - b) for a, b in zip(colour, wanted, strict=True)) <= tolerance


@pytest.mark.parametrize(
    ("size", "place"),
    [
        ((640, 480), (200.5, 256.5)),  # one to one
        ((320, 240), (100.25, 128.25)),  # half
        ((1280, 960), (401.0, 513.0)),  # double
        ((800, 480), (280.5, 256.5)),  # bars of 80 px beside it
        ((640, 600), (200.5, 316.5)),  # bars of 60 px above and below
    ],
)
def test_a_joint_is_painted_where_it_is_in_the_picture(canvas: Canvas, size, place):
    nose_only = scored(people(SOMEBODY), face=0.0, rest=0.0)
    points = nose_only.keypoints.copy()
    points[0, 9] = 200.0, 256.0  # the left wrist, which a viewer sees as a dot
    scores = nose_only.scores.copy()
    scores[0, 9] = 0.95
    canvas.resize(*size)
    canvas.set_view(View(ids=False))
    canvas.show_result(flat(640, 480), replace(nose_only, keypoints=points, scores=scores))
    shown = pixels(grab(canvas)).astype(float)
    marked = np.abs(shown - shades(1).left[::-1]).max(axis=2) < 24
    rows, columns = np.nonzero(marked)
    assert len(rows)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(place, abs=0.6)


def test_it_is_there_too_mirrored_and_zoomed(canvas: Canvas):
    canvas.set_view(View(ids=False, mirror=True))
    canvas.show_result(flat(640, 480), people(SOMEBODY))
    grab(canvas)
    canvas.zoom_in()
    # The left hip, (224, 272), is 95.5 to the left of the middle (319.5, 239.5), so to the right in a mirror.
    x, y = 320.0 + 1.25 * 95.5, 240.0 + 1.25 * 32.5
    assert near(at(grab(canvas), x, y), shades(1).left[::-1])


def test_a_picture_is_scaled_once_however_often_it_is_painted(canvas: Canvas, monkeypatch):
    passes = []
    resize = cv2.resize
    monkeypatch.setattr(
        "app.ui.picture.cv2.resize", lambda *how, **more: passes.append(how) or resize(*how, **more)
    )
    canvas.resize(800, 600)
    canvas.show_result(flat(640, 480), people())
    for _ in range(3):
        grab(canvas)
    assert len(passes) == 1
    canvas.show_result(flat(640, 480), people())
    grab(canvas)
    assert len(passes) == 2


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("ratio", [1.0, 1.5])
@pytest.mark.parametrize("zoom", [1.0, 1.7, 6.0])
@pytest.mark.usefixtures("qapp")
def test_what_is_at_a_point_of_the_picture_is_painted_where_that_point_is(mirror, ratio, zoom):
    """Scaled, zoomed and mirrored: the middles of large squares keep their colours."""
    rng = np.random.default_rng(8)
    squares = rng.integers(0, 256, (6, 8, 3), np.uint8)
    image = np.repeat(np.repeat(squares, 40, axis=0), 40, axis=1)
    picture = Picture()
    picture.show(image)
    view = Viewport(320, 240, 500.0, 330.0, ratio=ratio, mirror=mirror).fit().zoomed(zoom, 150.0, 100.0)
    surface = QImage(round(500 * ratio), round(330 * ratio), QImage.Format.Format_RGB32)
    surface.setDevicePixelRatio(ratio)
    painter = QPainter(surface)
    picture.paint(painter, view)
    painter.end()
    seen = 0
    for row in range(6):
        for column in range(8):
            x, y = view.place(np.array([40.0 * column + 19.5, 40.0 * row + 19.5])).tolist()
            if 0 <= x < 500 and 0 <= y < 330:
                colour = surface.pixelColor(int(x * ratio), int(y * ratio))
                assert [colour.blue(), colour.green(), colour.red()] == squares[row, column].tolist()
                seen += 1
    assert seen > (0 if zoom > 5 else 10)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("size", [(640, 480), (500, 300)])
def test_one_to_one_every_pixel_is_the_very_one_of_the_picture(canvas: Canvas, size, mirror: bool):
    """In a widget as large as the picture, and in a smaller one zoomed until pixels are as large again."""
    rng = np.random.default_rng(4)
    image = rng.integers(0, 256, (480, 640, 3), np.uint8)
    canvas.resize(*size)
    canvas.set_view(View(mirror=mirror))
    canvas.show_result(Frame(0, 0.0, image), people())
    grab(canvas)
    canvas._zoom(1.0 / canvas._look.place.scale, QPointF(100.0, 50.0))
    shown = pixels(grab(canvas))
    left, top, _, _ = (round(place) for place in canvas._look.place.rectangle)
    whole = (image[:, ::-1] if mirror else image)[..., ::-1]
    rows, columns = slice(-top, size[1] - top), slice(-left, size[0] - left)
    np.testing.assert_array_equal(shown, whole[rows, columns])


def test_a_limb_that_fades_is_as_solid_all_along_and_has_its_outline_beside_it(canvas: Canvas):
    shaky = scored(people((200.0, 60.0, 440.0, 460.0)), rest=0.5)
    canvas.set_view(View(ids=False, line_width=2.0))
    canvas.show_result(flat(640, 480, shade=120), shaky)
    # From the left hip (356, 272) to the left knee (358.4, 360), seen from where both ends are far.
    across = pixels(grab(canvas))[316, 330:385]
    core = np.abs(across - across[27]).max(axis=1) <= 2
    assert core[25:30].all()
    mixed = 0.7 * np.array(shades(1).left[::-1]) + 0.3 * 120
    assert near(tuple(across[27].tolist()), tuple(mixed), 6)
    darkest = across.sum(axis=1)
    assert darkest[:27].min() < 3 * 120 - 90 > darkest[27:].min()
    assert darkest.min() > 3 * 16 + 90  # the outline lets the picture through too


@pytest.mark.parametrize("line_width", [1.0, 4.0])
def test_no_line_is_cut_off_where_the_layer_is_laid_over_in_part(canvas: Canvas, line_width: float):
    canvas.resize(640, 480)
    tracks = people((20.0, 60.0, 180.0, 400.0), (430.0, 100.0, 500.0, 270.0))
    foretold = np.zeros((2, 17), np.bool_)
    foretold[:, 9:11] = True  # wrists, which are rings, far out of the box
    points = tracks.keypoints.copy()
    points[0, 9] += (120.0, 60.0)
    canvas.show_result(flat(640, 480), replace(tracks, keypoints=points, predicted=foretold))
    for view in (View(line_width=line_width), View(line_width=line_width, boxes=True, skeleton=False)):
        canvas.set_view(view)
        shown = pixels(grab(canvas))
        canvas.set_view(replace(view, trails=True))  # there are none yet, and the whole layer is laid over
        np.testing.assert_array_equal(shown, pixels(grab(canvas)))


@pytest.mark.parametrize("size", [(640, 480), (320, 240), (200, 150), (1280, 960), (2600, 1950)])
def test_red_stays_red_at_every_size_and_every_pixel_in_its_place(canvas: Canvas, size):
    image = np.zeros((480, 640, 3), np.uint8)
    image[:240, :320, 2] = 200  # red on the left above, blue on the right below
    image[240:, 320:, 0] = 200
    canvas.resize(*size)
    for mirror, corners in ((False, (0.25, 0.75)), (True, (0.75, 0.25))):
        canvas.set_view(View(mirror=mirror))
        canvas.show_result(Frame(0, 0.0, image), people())
        shown = grab(canvas)
        assert near(at(shown, corners[0] * size[0], 0.25 * size[1]), (200, 0, 0), 2)
        assert near(at(shown, corners[1] * size[0], 0.75 * size[1]), (0, 0, 200), 2)
        edge = pixels(shown)[size[1] // 8, :, 0] > 100
        assert int(edge.sum()) == pytest.approx(size[0] / 2, abs=1)


def test_shrunk_to_a_quarter_every_line_still_counts(canvas: Canvas):
    image = np.zeros((480, 640, 3), np.uint8)
    image[::4] = 200
    canvas.resize(160, 120)
    canvas.show_result(Frame(0, 0.0, image), people())
    shown = pixels(grab(canvas))
    assert abs(shown - 50).max() <= 2


def test_enlarged_much_a_pixel_is_a_crisp_square(canvas: Canvas):
    image = np.zeros((48, 64, 3), np.uint8)
    image[20, 30] = 255
    canvas.show_result(Frame(0, 0.0, image), people())
    shown = pixels(grab(canvas))[..., 0]
    assert set(np.unique(shown)) == {0, 255}
    assert int((shown == 255).sum()) == 100


def test_no_frame_is_changed_by_painting(canvas: Canvas):
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (480, 640, 3), np.uint8)
    before = image.copy()
    canvas.set_view(View(blur_faces=True, trails=True, boxes=True, joint_names=True, mirror=True))
    canvas.set_cast(Cast(locked=1))
    canvas.show_result(Frame(0, 0.0, image), people(SOMEBODY))
    grab(canvas)
    canvas.picture()
    np.testing.assert_array_equal(image, before)


def test_every_switch_changes_what_it_should_and_not_the_rest(canvas: Canvas):
    bare = View(skeleton=False, ids=False)
    rng = np.random.default_rng(2)
    canvas.resize(640, 480)
    still = rng.integers(60, 90, (480, 640, 3), np.uint8)
    for step in range(6):  # so that there are trails
        moved = people((120.0 + 8 * step, 60.0, 280.0 + 8 * step, 460.0))
        canvas.show_result(Frame(step, step / 10, still), moved)
    canvas.set_view(bare)
    before = pixels(grab(canvas))
    # Where each switch may paint: left, top, right, bottom.
    places = {
        "skeleton": (150, 70, 330, 460),
        "boxes": (155, 55, 325, 465),
        "ids": (180, 0, 300, 80),
        "joint_names": (0, 60, 480, 460),
        "trails": (110, 200, 340, 460),
        "blur_faces": (120, 20, 360, 190),
    }
    for switch, (left, top, right, bottom) in places.items():
        canvas.set_view(replace(bare, **{switch: True}))
        changed = (pixels(grab(canvas)) != before).any(axis=2)
        assert changed[top:bottom, left:right].any(), switch
        changed[top:bottom, left:right] = False
        assert not changed.any(), switch
    canvas.set_view(bare)
    np.testing.assert_array_equal(pixels(grab(canvas)), before)
    canvas.set_view(replace(bare, picture=False))
    assert not pixels(grab(canvas)).any()
    canvas.set_view(replace(bare, mirror=True))
    np.testing.assert_array_equal(pixels(grab(canvas)), before[:, ::-1])
    assert {field.name for field in fields(View)} - {"line_width", "threshold", "colours"} == {
        *places,
        "picture",
        "mirror",
    }


def limbs(canvas: Canvas, place: tuple[float, float, float, float]) -> list[tuple[int, int, int]]:
    """Colours of the left and of the right upper arm of who stands in that place."""
    points = people(place).keypoints[0]
    shown = grab(canvas)
    return [at(shown, *((points[a] + points[b]) / 2)) for a, b in ((5, 7), (6, 8))]


def test_colours_tell_people_sides_or_nothing(canvas: Canvas):
    canvas.resize(640, 480)
    other = (440.0, 60.0, 600.0, 460.0)
    canvas.show_result(flat(640, 480, 30), people(SOMEBODY, other))
    found = {}
    for colours in ("person", "side", "one"):
        canvas.set_view(View(colours=colours, ids=False))
        found[colours] = limbs(canvas, SOMEBODY), limbs(canvas, other)
    one, two = found["person"]
    assert one[0] != two[0]
    assert found["side"] == ([(255, 196, 37), (20, 86, 214)],) * 2
    assert found["one"] == (one, one)


def test_lines_are_wider_on_wish(canvas: Canvas):
    canvas.show_result(flat(640, 480, 0), people(SOMEBODY))
    painted = []
    for width in (0.5, 1.0, 3.0):
        canvas.set_view(View(ids=False, picture=False, line_width=width))
        painted.append(int(pixels(grab(canvas)).any(axis=2).sum()))
    assert painted[0] < 0.8 * painted[1] < 0.4 * painted[2]


def test_whoever_is_hidden_is_not_painted_and_cannot_be_picked(canvas: Canvas):
    tracks = people(SOMEBODY, (400.0, 60.0, 560.0, 460.0))
    canvas.show_result(flat(640, 480), tracks)
    canvas.set_cast(Cast(hidden=frozenset({2})))
    shown = pixels(grab(canvas))
    assert (shown[:, 390:] == 128).all()
    assert (shown[:, :390] != 128).any()
    assert canvas.person_at(480.0, 260.0) == 0
    assert canvas.person_at(200.0, 260.0) == 1


def test_one_person_stays_bright_and_the_rest_is_dimmed(canvas: Canvas):
    tracks = people(SOMEBODY, (440.0, 60.0, 600.0, 460.0))
    canvas.set_view(View(ids=False))
    canvas.show_result(flat(640, 480), tracks)
    free = grab(canvas)
    canvas.set_cast(Cast(locked=1))
    held = grab(canvas)
    on_first, on_second = (224.0, 272.0), (544.0, 272.0)  # their left hips
    assert at(held, *on_first) == at(free, *on_first)
    assert at(held, 200.0, 300.0) == (128, 128, 128)  # between the hips of the first
    assert sum(at(held, 20.0, 20.0)) < 0.6 * 3 * 128
    assert sum(at(held, *on_second)) < 0.7 * sum(at(free, *on_second))


def test_lost_is_said_at_the_top_as_long_as_the_one_person_is_not_there(canvas: Canvas):
    canvas.set_view(View(picture=False))
    canvas.set_cast(Cast(locked=5))
    canvas.show_result(flat(640, 480), people())
    assert pixels(grab(canvas))[:100].any()
    canvas.show_result(flat(640, 480), people(SOMEBODY, first=5))
    canvas.set_view(View(picture=False, ids=False, skeleton=False))
    assert not pixels(grab(canvas)).any()


def test_names_take_the_place_of_numbers_and_read_the_same_in_a_mirror(canvas: Canvas):
    in_the_middle = people((240.0, 100.0, 399.0, 460.0))
    canvas.set_cast(Cast(names={1: "Anna"}))
    plates = []
    for mirror in (False, True):
        canvas.set_view(View(skeleton=False, picture=False, mirror=mirror))
        canvas.show_result(flat(640, 480), in_the_middle)
        plates.append(pixels(grab(canvas)))
    columns = [np.flatnonzero(plate.any(axis=(0, 2))) for plate in plates]
    cut = [plate[:, c[0] : c[-1] + 1] for plate, c in zip(plates, columns, strict=True)]
    np.testing.assert_array_equal(cut[0], cut[1])
    assert len(columns[0]) > 40  # wider than a number
    assert (cut[0] != cut[0][:, ::-1]).any()


@pytest.mark.parametrize("mirror", [False, True])
def test_a_click_tells_the_pixel_of_the_picture_and_a_drag_tells_nothing(
    canvas: Canvas, qtbot: QtBot, mirror: bool
):
    canvas.resize(1280, 960)
    canvas.set_view(View(mirror=mirror))
    canvas.show_result(flat(640, 480), people(SOMEBODY))
    grab(canvas)
    heard: list[tuple[float, float]] = []
    canvas.clicked.connect(lambda x, y: heard.append((x, y)))
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    assert heard == [pytest.approx((439.5 if mirror else 199.5, 149.5))]
    canvas.zoom_in()
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    held = canvas._look.place.point(400.0, 300.0)
    qtbot.mouseMove(canvas, QPoint(460, 330))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(460, 330))
    assert len(heard) == 1
    assert canvas._look.place.point(460.0, 330.0) == pytest.approx(held, abs=0.01)


def test_a_wheel_zooms_where_the_pointer_is(canvas: Canvas):
    canvas.show_result(flat(640, 480), people(SOMEBODY))
    grab(canvas)
    spot = QPointF(100.0, 80.0)
    before = canvas._look.place.point(100.0, 80.0)
    wheel = QWheelEvent(
        spot, spot, QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, wheel)
    assert canvas._look.place.zoom == pytest.approx(1.25**2)
    assert canvas._look.place.point(100.0, 80.0) == pytest.approx(before, abs=0.7)
    canvas.fit()
    assert canvas._look.place.zoom == 1.0


def test_a_menu_is_wanted_where_the_right_button_was_pressed(canvas: Canvas):
    canvas.show_result(flat(640, 480), people(SOMEBODY))
    grab(canvas)
    heard: list[tuple[float, float, QPoint]] = []
    canvas.menu_wanted.connect(lambda *said: heard.append(said))
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(canvas, QContextMenuEvent(reason, QPoint(200, 100), QPoint(900, 500)))
    assert heard == [(199.5, 99.5, QPoint(900, 500))]


def test_the_pointer_says_what_a_click_does(canvas: Canvas, qtbot: QtBot):
    canvas.show_result(flat(640, 480), people(SOMEBODY))
    grab(canvas)
    for place, shape in (
        ((200, 300), Qt.CursorShape.PointingHandCursor),
        ((600, 20), Qt.CursorShape.ArrowCursor),
    ):
        qtbot.mouseMove(canvas, QPoint(*place))
        qtbot.waitUntil(lambda shape=shape: canvas.cursor().shape() == shape)


def test_those_who_cannot_see_it_are_told_what_is_there(canvas: Canvas):
    assert canvas.accessibleName() == "Picture"
    canvas.show_result(flat(640, 480), people(SOMEBODY, (400.0, 60.0, 560.0, 460.0)))
    assert canvas.accessibleDescription() == "2 people"
    canvas.say("camera 0: connection lost, trying again")
    assert canvas.accessibleDescription() == "2 people; camera 0: connection lost, trying again"


def test_without_a_picture_there_is_one_quiet_colour(canvas: Canvas):
    shown = pixels(grab(canvas))
    assert (shown == shown[0, 0]).all()
    canvas.say("Opening")
    assert (pixels(grab(canvas)) != shown).any()
    canvas.show_result(flat(640, 480), people(SOMEBODY))
    canvas.clear()
    np.testing.assert_array_equal(pixels(grab(canvas)), shown)
    assert canvas.picture().isNull()


def test_a_copy_has_the_lines_of_the_picture_and_no_bars(canvas: Canvas):
    canvas.resize(400, 400)
    canvas.show_result(flat(640, 480), people(SOMEBODY))
    grab(canvas)
    copy = canvas.picture()
    assert (copy.width(), copy.height()) == (640, 480)
    assert near(at(copy, 224.5, 272.5), shades(1).left[::-1])  # the left hip


def test_who_overlap_are_told_apart_by_their_limbs(canvas: Canvas):
    canvas.show_result(flat(640, 480), people(SOMEBODY, (200.0, 60.0, 360.0, 460.0)))
    assert canvas.person_at(216.0, 350.0) == 1  # between the left hip and knee of the first
    assert canvas.person_at(256.0, 350.0) == 2  # between the right hip and knee of the second
    assert canvas.person_at(600.0, 20.0) == 0


def test_a_slow_painter_never_holds_up_who_offers_results(
    canvas: Canvas, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    """The painter waits for the offering thread to be done, which it never would if that waited for him."""
    bridge: Bridge[Frame] = Bridge(canvas)
    offered, shown = threading.Event(), []

    def show() -> None:
        for frame in bridge.slot.take():
            canvas.show_result(frame, people(SOMEBODY))
            shown.append(frame.index)

    def offer() -> None:
        for index in range(300):
            bridge.slot.put(Frame(index, index / 30, np.zeros((48, 64, 3), np.uint8)))
        offered.set()

    honest: Callable[..., None] = canvas._paint

    def slow(painter: object) -> None:
        assert offered.wait(20)
        honest(painter)

    monkeypatch.setattr(canvas, "_paint", slow)
    bridge.ready.connect(show)
    bridge.slot.put(flat(64, 48))
    thread = threading.Thread(target=offer)
    qtbot.waitUntil(lambda: bool(shown))
    thread.start()
    qtbot.waitUntil(lambda: shown[-1] == 299)
    thread.join()
    assert len(shown) < 300  # the rest was never waited for
    grab(canvas)


def test_nothing_however_wild_stops_the_painting(canvas: Canvas):
    wild = people((-1e9, np.nan, 1e9, np.inf), SOMEBODY)
    points = wild.keypoints.copy()
    points[1, 3:9] = np.nan, 1e30
    canvas.set_view(View(boxes=True, trails=True, blur_faces=True, joint_names=True))
    for time in (0.0, 5.0, 1.0, 1.04):
        canvas.show_result(flat(64, 48, time=time), replace(wild, keypoints=points.copy()))
        grab(canvas)
    canvas.set_pixel_aspect(1.5)
    canvas.follow(2)
    grab(canvas)
