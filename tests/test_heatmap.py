"""Decoding against Gaussians whose centres are known, and against a slow reading of the papers' text."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.heatmap import Decoder, decode, encode, flip_back
from engine.skeleton import PAIRS
from engine.types import Array

HEIGHT, WIDTH = 64, 48
DECODERS: tuple[Decoder, ...] = ("argmax", "quarter", "dark", "udp")


def bell(x: float, y: float, height: int = HEIGHT, width: int = WIDTH, sigma: float = 2.0) -> Array:
    """One heatmap (1, 1, H, W) with a Gaussian at x, y, cell by cell."""
    out = np.zeros((1, 1, height, width), np.float32)
    for row in range(height):
        for column in range(width):
            out[0, 0, row, column] = math.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * sigma**2))
    return out


def noisy_bells(seed: int, people: int = 6, joints: int = 17) -> Array:
    """Heatmaps as networks make them: a bell that is not quite one, of any height, on an uneven ground."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    out = rng.normal(0, 0.004, (people, joints, HEIGHT, WIDTH))
    for person in range(people):
        for joint in range(joints):
            x, y = rng.uniform(0, WIDTH - 1), rng.uniform(0, HEIGHT - 1)
            spread, lean = rng.uniform(1.5, 3, 2), rng.uniform(-0.3, 0.3)
            across, down = (columns - x) / spread[0], (rows - y) / spread[1]
            shape = np.exp(-0.5 * (across**2 + down**2 + 2 * lean * across * down))
            out[person, joint] += rng.uniform(0.05, 1) * shape
    return out.astype(np.float32)


def official_quarter(heatmap: Array) -> list[float]:
    """`get_max_preds` and the post-processing of `get_final_preds`, told again for one heatmap."""
    height, width = heatmap.shape
    best = max(range(height * width), key=lambda i: heatmap[i // width, i % width])
    px, py = best % width, best // width
    if heatmap[py, px] <= 0:
        return [0.0, 0.0]
    if not (1 < px < width - 1 and 1 < py < height - 1):
        return [px, py]
    dx = float(heatmap[py, px + 1]) - float(heatmap[py, px - 1])
    dy = float(heatmap[py + 1, px]) - float(heatmap[py - 1, px])
    return [px + 0.25 * np.sign(dx), py + 0.25 * np.sign(dy)]


def log_taylor(heatmap: Array, weights: list[float], spacing: int, still: int) -> list[float]:
    """Zhang et al. 2020 for one heatmap, the whole of it blurred and scaled, in double precision."""
    height, width = heatmap.shape
    py, px = np.unravel_index(np.argmax(heatmap), heatmap.shape)
    if min(px, width - 1 - px, py, height - 1 - py) < still:
        return [px, py]
    cx, cy = min(max(px, spacing), width - 1 - spacing), min(max(py, spacing), height - 1 - spacing)
    blurred = heatmap.astype(np.float64)
    for axis, centre in enumerate((cy, cx)):
        length = heatmap.shape[axis]
        reach = min(len(weights) // 2, centre - spacing, length - 1 - centre - spacing)
        middle = len(weights) // 2
        kernel = np.array(weights[middle - reach : middle + reach + 1])
        blurred = np.apply_along_axis(np.convolve, axis, blurred, kernel / kernel.sum(), mode="same")
    blurred *= heatmap.max() / blurred.max()  # equation 9
    log = np.log(np.maximum(blurred, 1e-10))

    def at(right: int, down: int) -> float:
        return float(log[cy + down, cx + right])

    gradient = np.array([at(1, 0) - at(-1, 0), at(0, 1) - at(0, -1)]) / 2
    s = spacing
    dxx = (at(s, 0) - 2 * at(0, 0) + at(-s, 0)) / s**2
    dyy = (at(0, s) - 2 * at(0, 0) + at(0, -s)) / s**2
    if spacing == 2:  # DARK's authors
        dxy = (at(1, 1) - at(-1, 1) - at(1, -1) + at(-1, -1)) / 4
    else:  # UDP's
        dxy = (at(1, 1) + at(-1, -1) + 2 * at(0, 0) - at(1, 0) - at(-1, 0) - at(0, 1) - at(0, -1)) / 2
    hessian = np.array([[dxx, dxy], [dxy, dyy]])
    if max(np.linalg.eigvalsh(hessian)) >= 0:
        return [px, py]
    top = np.array([cx, cy]) - np.linalg.solve(hessian, gradient)  # equation 8
    if np.abs(top - [px, py]).max() > 2:
        return [px, py]
    return list(np.clip(top, -0.5, [width - 0.5, height - 0.5]))


GAUSSIAN_11 = [math.exp(-(i**2) / 8) for i in range(-5, 6)]
OPENCV_7 = [0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_decoder_does_what_its_paper_says(seed: int) -> None:
    heatmaps = noisy_bells(seed)
    slow = {
        "quarter": official_quarter,
        "dark": lambda heatmap: log_taylor(heatmap, GAUSSIAN_11, spacing=2, still=2),
        "udp": lambda heatmap: log_taylor(heatmap, OPENCV_7, spacing=1, still=0),
    }
    for method, reference in slow.items():
        want = [[reference(heatmap) for heatmap in person] for person in heatmaps]
        xy, scores, _ = decode(heatmaps, method)  # type: ignore[arg-type]
        np.testing.assert_allclose(xy, want, atol=1e-4, err_msg=method)
        np.testing.assert_array_equal(scores, np.minimum(heatmaps.max(axis=(2, 3)), 1))


@pytest.mark.parametrize("method", ["dark", "udp"])
def test_in_noise_too_the_decoders_do_what_their_paper_says(method: Decoder) -> None:
    # No bells here: most peaks are at a border, many steps are too long or lead off the heatmap.
    heatmaps = np.random.default_rng(12).uniform(0, 1, (60, 10, 12, 9)).astype(np.float32)
    settings = (GAUSSIAN_11, 2, 2) if method == "dark" else (OPENCV_7, 1, 0)
    want = np.array([[log_taylor(heatmap, *settings) for heatmap in person] for person in heatmaps])
    xy, *_ = decode(heatmaps, method)
    alike = (np.abs(xy - want) < 1e-3).all(axis=-1)
    assert alike.mean() > 0.99  # a Hessian on the verge of singular may fall to either side


@pytest.mark.parametrize(("method", "border"), [("dark", 1.6), ("udp", -0.4)])
def test_the_taylor_decoders_find_the_centre_of_a_bell_to_a_hundredth_of_a_cell(
    method: Decoder, border: float
) -> None:
    rng = np.random.default_rng(5)
    for x, y in rng.uniform(border, [WIDTH - 1 - border, HEIGHT - 1 - border], (60, 2)):
        xy, scores, _ = decode(bell(x, y), method)
        np.testing.assert_allclose(xy[0, 0], [x, y], atol=0.01)
        assert 0.93 < scores[0, 0] <= 1


def test_half_cells_from_one_border_to_the_other() -> None:
    for half in range(2 * WIDTH - 1):
        x = half / 2
        for method in DECODERS:
            (xy,), *_ = decode(bell(x, 30.25), method)
            # Half-way between two cells either is the highest.
            off = {"argmax": 0.5, "quarter": 0.25, "dark": 0.01, "udp": 0.01}[method]
            if method != "udp" and not 2 <= x <= WIDTH - 3:
                off = 0.5  # where they do not refine
            assert abs(xy[0, 0] - x) <= off + 1e-4, (method, x, xy)


def test_a_joint_beyond_the_border_is_put_on_it() -> None:
    for x, y, want in ((-1.3, 20.2, [-0.5, 20.2]), (20.2, HEIGHT + 0.4, [20.2, HEIGHT - 0.5])):
        (xy,), *_ = decode(bell(x, y), "udp")
        np.testing.assert_allclose(xy[0], want, atol=0.01)


@pytest.mark.parametrize(("sigma", "tolerance"), [(1.0, 0.02), (3.0, 0.005)])
def test_dark_takes_the_deviation_of_the_targets(sigma: float, tolerance: float) -> None:
    (xy,), *_ = decode(bell(17.3, 40.45, sigma=sigma), "dark", sigma=sigma)
    np.testing.assert_allclose(xy[0], [17.3, 40.45], atol=tolerance)


def test_the_quarter_step_goes_to_the_higher_neighbour_and_nowhere_between_equals() -> None:
    heatmaps = np.zeros((1, 3, 9, 9), np.float32)
    heatmaps[:, :, 4, 4] = 0.5
    heatmaps[0, 0, 4, 5], heatmaps[0, 0, 5, 4] = 1e-6, -1e-6
    heatmaps[0, 1, 4, 3], heatmaps[0, 1, 3, 4], heatmaps[0, 1, 5, 4] = 0.2, 0.4, 0.3
    xy, *_ = decode(heatmaps, "quarter")
    np.testing.assert_array_equal(xy[0], [[4.25, 3.75], [3.75, 3.75], [4, 4]])


def test_the_quarter_step_is_not_taken_in_the_first_two_and_the_last_column_and_row() -> None:
    size = 7
    heatmaps = np.zeros((size, size, size, size), np.float32)  # [y, x] is the heatmap that peaks there
    for y in range(size):
        for x in range(size):
            heatmaps[y, x, :, :] = 0.1 * np.arange(size)  # to the right is always higher
            heatmaps[y, x, y, x] = 1
    xy, *_ = decode(heatmaps, "quarter")
    moved = xy[..., 0] - np.arange(size)
    assert {(x, y) for y, x in np.argwhere(moved)} == {(x, y) for x in (2, 3, 4, 5) for y in (2, 3, 4, 5)}
    np.testing.assert_array_equal(moved[moved != 0], 0.25)


def test_of_equal_cells_the_first_is_the_peak() -> None:
    heatmaps = np.zeros((1, 1, 8, 8), np.float32)
    heatmaps[0, 0, 3, 5] = heatmaps[0, 0, 6, 1] = 0.75
    xy, scores, _ = decode(heatmaps, "argmax")
    assert (*xy[0, 0], scores[0, 0]) == (5, 3, 0.75)


@pytest.mark.parametrize("method", DECODERS)
def test_a_heatmap_that_says_nothing_scores_nothing(method: Decoder) -> None:
    heatmaps = np.stack([bell(20, 20)[0, 0]] * 6)[None]
    heatmaps[0, 0] = 0
    heatmaps[0, 1] -= 1.25
    heatmaps[0, 2] -= 1  # its highest cell is exactly 0
    heatmaps[0, 3, 50, 3] = np.nan
    heatmaps[0, 4] = np.nan
    xy, scores, _ = decode(heatmaps, method)
    np.testing.assert_array_equal(scores[0], [0, 0, 0, 0, 0, 1])
    np.testing.assert_array_equal(xy[0, :5], 0)
    np.testing.assert_allclose(xy[0, 5], [20, 20], atol=1e-5)


@pytest.mark.parametrize("method", DECODERS)
def test_scores_stay_in_their_range(method: Decoder) -> None:
    _, scores, _ = decode(bell(20, 20) * np.array([1e-3, 3, 1e30], np.float32)[:, None, None, None], method)
    np.testing.assert_allclose(scores[:, 0], [1e-3, 1, 1], rtol=1e-6)


@pytest.mark.parametrize("method", ["dark", "udp"])
def test_the_height_of_a_bell_does_not_move_it(method: Decoder) -> None:
    tall, *_ = decode(bell(21.4, 33.2), method)
    for height in (1e-3, 0.1, 40):
        xy, *_ = decode(bell(21.4, 33.2) * np.float32(height), method)
        np.testing.assert_allclose(xy, tall, atol=1e-4)


@pytest.mark.parametrize("method", ["dark", "udp"])
def test_where_no_bell_fits_the_joint_stays_on_its_cell(method: Decoder) -> None:
    flat = np.full((1, 1, 21, 21), 0.5, np.float32)
    flat[0, 0, 10, 10] += np.float32(1e-7)
    ridge = np.repeat(bell(10, 10, 21, 21)[..., 10, None, :], 21, axis=2)
    saddle = bell(10, 10, 21, 21)
    saddle[0, 0, :8] = saddle[0, 0, 13:] = 0.99
    for heatmap in (flat, ridge, saddle):
        cell, *_ = decode(heatmap, "argmax")
        xy, *_ = decode(heatmap, method)
        assert np.abs(xy - cell).max() <= 2
        assert np.isfinite(xy).all()
    (xy,), *_ = decode(saddle, method)
    np.testing.assert_array_equal(xy[0], [10, 10])


def test_nobody_and_no_joints_are_decoded_like_a_crowd() -> None:
    for method in DECODERS:
        for people, joints in ((0, 17), (3, 0), (0, 0)):
            xy, scores, _ = decode(np.zeros((people, joints, 64, 48), np.float32), method)
            assert xy.shape == (people, joints, 2)
            assert scores.shape == (people, joints)


def test_a_crowd_is_decoded_like_each_one_alone() -> None:
    heatmaps = noisy_bells(3, people=4)
    for method in DECODERS:
        xy, scores, _ = decode(heatmaps, method)
        for i in range(4):
            alone_xy, alone_scores, _ = decode(heatmaps[i : i + 1], method)
            np.testing.assert_allclose(xy[i], alone_xy[0], atol=1e-5)
            np.testing.assert_array_equal(scores[i], alone_scores[0])


def test_decoding_leaves_the_heatmaps_as_they_were_and_takes_any_layout() -> None:
    heatmaps = noisy_bells(4, people=2)
    heatmaps.setflags(write=False)
    scattered = np.asfortranarray(heatmaps)
    for method in DECODERS:
        before = heatmaps.copy()
        np.testing.assert_array_equal(decode(scattered, method)[0], decode(heatmaps, method)[0])
        np.testing.assert_array_equal(heatmaps, before)
    half = heatmaps.astype(np.float16)
    np.testing.assert_array_equal(
        decode(half, "argmax")[0],  # type: ignore[arg-type]
        decode(half.astype(np.float32), "argmax")[0],
    )


VALUES = st.one_of(
    st.floats(-1, 1, width=32),
    st.floats(width=32),
    st.sampled_from([0.0, 0.5, 1.0, float("nan"), float("inf"), float("-inf"), 3e38, -3e38, 1e-45]),
)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), height=st.integers(1, 12), width=st.integers(1, 12))
def test_whatever_the_network_says_joints_are_numbers_on_the_heatmap(
    data: st.DataObject, height: int, width: int
) -> None:
    heatmaps = data.draw(arrays(np.float32, (1, 2, height, width), elements=VALUES))
    for method in DECODERS:
        xy, scores, _ = decode(heatmaps, method)
        assert np.isfinite(xy).all()
        assert (xy >= -1).all()
        assert (xy <= [width, height]).all()
        assert ((scores >= 0) & (scores <= 1)).all()


def test_encode_draws_the_bell_cell_by_cell() -> None:
    heatmaps = encode(np.array([[[12.3, 50.8], [-1.5, 2.0]]]), np.ones((1, 2), bool), (HEIGHT, WIDTH))
    np.testing.assert_allclose(heatmaps[0, 0], bell(12.3, 50.8)[0, 0], atol=1e-6)
    np.testing.assert_allclose(heatmaps[0, 1], bell(-1.5, 2.0)[0, 0], atol=1e-6)


def test_the_official_target_is_a_cut_bell_on_the_nearest_cell() -> None:
    joints = np.array([[[12.3, 50.8], [12.5, 1.2], [46.9, 62.4]]])
    heatmaps = encode(joints, np.ones((1, 3), bool), (HEIGHT, WIDTH), unbiased=False)
    for heatmap, (x, y) in zip(heatmaps[0], [(12, 51), (13, 1), (47, 62)], strict=True):
        want = bell(x, y)[0, 0]
        for row in range(HEIGHT):
            for column in range(WIDTH):
                if abs(row - y) > 6 or abs(column - x) > 6:
                    want[row, column] = 0
        np.testing.assert_allclose(heatmap, want, atol=1e-6)


@pytest.mark.parametrize("unbiased", [False, True])
def test_joints_without_a_label_or_far_outside_have_empty_targets(unbiased: bool) -> None:
    joints = np.array(
        [[[20, 20], [np.nan, np.nan], [-6.6, 20], [20, HEIGHT + 5.6], [WIDTH + 900, 3], [-5, 20]]]
    )
    visible = np.array([[False, False, True, True, True, True]])
    heatmaps = encode(joints, visible, (HEIGHT, WIDTH), unbiased=unbiased)
    assert heatmaps.dtype == np.float32
    assert not heatmaps[0, :5].any()
    assert heatmaps[0, 5].any()


@pytest.mark.parametrize(
    ("method", "tolerance"), [("argmax", 0.5), ("quarter", 0.25), ("dark", 0.01), ("udp", 0.01)]
)
def test_decode_undoes_encode(method: Decoder, tolerance: float) -> None:
    rng = np.random.default_rng(8)
    joints = rng.uniform([2, 2], [WIDTH - 3, HEIGHT - 3], (10, 17, 2))
    xy, scores, _ = decode(encode(joints, np.ones((10, 17), bool), (HEIGHT, WIDTH)), method)
    assert np.abs(xy - joints).max() <= tolerance + 1e-5
    assert scores.min() > 0.93


def test_a_quarter_off_the_cell_is_exactly_what_the_quarter_step_finds() -> None:
    joints = np.array([[[10.25, 20.75], [11.75, 40.25]]])
    xy, *_ = decode(encode(joints, np.ones((1, 2), bool), (HEIGHT, WIDTH)), "quarter")
    np.testing.assert_array_equal(xy, joints)


def mirrored(heatmaps: Array) -> Array:
    """What a network that knows left from right says about the mirrored picture, cell by cell."""
    out = np.empty_like(heatmaps)
    partner = {**dict(PAIRS), **{right: left for left, right in PAIRS}}
    for joint in range(heatmaps.shape[1]):
        for column in range(heatmaps.shape[3]):
            out[:, partner.get(joint, joint), :, heatmaps.shape[3] - 1 - column] = heatmaps[
                :, joint, :, column
            ]
    return out


def test_flipping_back_undoes_the_mirror() -> None:
    heatmaps = noisy_bells(9, people=2)
    answer = mirrored(heatmaps)
    before = answer.copy()
    back = flip_back(answer, PAIRS, shift=False)
    np.testing.assert_array_equal(back, heatmaps)
    np.testing.assert_array_equal(answer, before)
    for method in DECODERS:
        np.testing.assert_array_equal(decode(back, method)[0], decode(heatmaps, method)[0])


def test_the_shift_moves_all_but_the_first_column_by_one_cell() -> None:
    heatmaps = noisy_bells(10, people=2)
    back = flip_back(mirrored(heatmaps), PAIRS, shift=True)
    np.testing.assert_array_equal(back[..., 1:], heatmaps[..., :-1])
    np.testing.assert_array_equal(back[..., 0], heatmaps[..., 0])


def test_the_flip_test_agrees_with_itself_within_a_quarter_cell_in_the_classic_transform() -> None:
    # The network sees input pixel x at cell x / 4, which in the mirrored input is pixel 191 - x.
    pixel, height = np.linspace(40, 150, 23), np.full(23, 30.0)
    seen = np.ones((23, 1), bool)
    straight = encode(np.stack([pixel / 4, height], -1)[:, None], seen, (HEIGHT, WIDTH))
    flipped = encode(np.stack([(191 - pixel) / 4, height], -1)[:, None], seen, (HEIGHT, WIDTH))
    together, *_ = decode((straight + flip_back(flipped, (), shift=True)) / 2, "dark")
    apart, *_ = decode((straight + flip_back(flipped, (), shift=False)) / 2, "dark")
    np.testing.assert_allclose(together[:, 0, 0], pixel / 4 + 1 / 8, atol=0.01)
    np.testing.assert_allclose(apart[:, 0, 0], pixel / 4 - 3 / 8, atol=0.01)


@pytest.mark.parametrize("shape", [(1, 2, 1, 1), (1, 2, 2, 3), (0, 2, 4, 4), (1, 0, 4, 4)])
@pytest.mark.parametrize("shift", [False, True])
def test_small_and_empty_heatmaps_can_be_flipped(shape: tuple[int, ...], shift: bool) -> None:
    pairs = ((0, 1),) if shape[1] else ()
    assert flip_back(np.ones(shape, np.float32), pairs, shift=shift).shape == shape


# ------------------------------------------------------------------ spread


def around(heatmap: Array, sigma: float) -> float:
    """What stands 3.5, 5 and 7 deviations from the peak in eight directions, cell by cell, over the peak."""
    height, width = heatmap.shape
    y, x = (int(i) for i in np.unravel_index(heatmap.argmax(), heatmap.shape))
    total = 0.0
    for away in (3.5 * sigma, 5 * sigma, 7 * sigma):
        for turn in range(8):
            column = x + round(away * math.cos(turn * math.pi / 4))
            row = y + round(away * math.sin(turn * math.pi / 4))
            if 0 <= row < height and 0 <= column < width:
                total += float(heatmap[row, column])
    return max(total, 0.0) / 24 / float(heatmap[y, x])


@pytest.mark.parametrize("sigma", [1.25, 2.0])
def test_spread_is_what_stands_around_the_peak_over_what_is_usual(sigma: float):
    """Away from the borders, where cells beyond an edge would be those at the other one."""
    rng = np.random.default_rng(8)
    heatmaps = np.concatenate([bell(24, 32, sigma=sigma * wide) for wide in (0.8, 1.0, 1.5, 2.2)], axis=1)
    heatmaps += np.concatenate(
        [height * bell(24 + 5 * sigma, 32, sigma=sigma) for height in (0, 0.1, 0, 0.5)], 1
    )
    heatmaps *= rng.uniform(0.2, 1.0, (1, 4, 1, 1)).astype(np.float32)
    for method in DECODERS:
        spread = decode(heatmaps, method, sigma=sigma).spread[0]
        expected = [min((around(one, sigma) + 0.003) / 0.007, 16.0) for one in heatmaps[0]]
        np.testing.assert_allclose(spread, expected, rtol=1e-3)
        assert (np.diff(spread) > 0).all()


def test_spread_is_exact_in_half_precision_and_whole_for_any_values():
    spread = decode(noisy_bells(3)).spread
    np.testing.assert_array_equal(spread, spread.astype(np.float16).astype(np.float32))
    assert spread.dtype == np.float32
    odd = np.zeros((1, 6, HEIGHT, WIDTH), np.float32)
    odd[0, 1], odd[0, 2, 9, 9], odd[0, 3, 9, 9], odd[0, 4], odd[0, 5, 0, 0] = -1, np.nan, np.inf, 1e30, 1e-38
    told = decode(odd).spread[0]
    assert np.isfinite(told).all()
    assert ((told > 0) & (told <= 16)).all()
    np.testing.assert_array_equal(told[:3], 1.0)


def test_the_spread_of_one_joint_is_no_matter_of_the_others():
    heatmaps = noisy_bells(5)
    together = decode(heatmaps).spread
    for person in range(len(heatmaps)):
        for joint in range(17):
            alone = decode(heatmaps[person : person + 1, joint : joint + 1]).spread
            assert alone[0, 0] == together[person, joint]
