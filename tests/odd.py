"""Ways to damage what is in a file."""

from __future__ import annotations

import json
import random
from typing import Any

#: Numbers, texts and nests that readers stumble over.
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 1e308, -1e308, 1e-320, float("nan"),
    float("inf"), float("-inf"), "", "x", "1", "\0", "\n", "\ud800", "é\u202e", "x" * 5000, "../../x", "%d%n",
    "-i", "'; DROP TABLE edit; --", "<script>alert(1)</script>", [], [[]], [0], [1e999, None], {}, {"a": []},
    [0] * 3, [0.5] * 51, ["x"] * 17, ["a", "a"], {"0": "person"}, [1, 0], [8192, 8192], "0/0", "1/0", "-1/25",
)  # fmt: skip


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Cut off, bits turned over, pieces doubled or left out, numbers made odd: one to four of those."""
    made = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        a, b = sorted((chance.randrange(len(made) + 1), chance.randrange(len(made) + 1)))
        b = min(b, a + 200)
        match chance.randrange(8):
            case 0:
                del made[a:]
            case 1 | 2:
                for _ in range(chance.randint(1, 20)):
                    if made:
                        made[chance.randrange(len(made))] ^= 1 << chance.randrange(8)
            case 3:
                del made[a:b]
            case 4:
                made[a:a] = made[a:b] * chance.randint(1, 30)
            case 5:
                made[a:b] = chance.randbytes(b - a)
            case 6:
                made[a:b] = json.dumps(chance.choice(ODD)).encode()
            case _:
                at = chance.choice((b"[", b"{", b'"', b"9", b"-", b",", b"\n", b"\0", b"\xff")) * 2000
                made[a:a] = at
    return bytes(made)


def swapped(said: Any, chance: random.Random) -> Any:
    """JSON with one value, somewhere in it, that is odd, missing or under another name."""
    if isinstance(said, dict) and said:
        key = chance.choice(list(said))
        match chance.randrange(6):
            case 0:
                return {name: value for name, value in said.items() if name != key}
            case 1:
                return {**said, chance.choice(("", "x", "__class__", "kind")): chance.choice(ODD)}
            case 2:
                return {**said, key: chance.choice(ODD)}
        return {**said, key: swapped(said[key], chance)}
    if isinstance(said, list) and said and chance.random() < 0.8:
        at = chance.randrange(len(said))
        return [*said[:at], swapped(said[at], chance), *said[at + 1 :]]
    return chance.choice(ODD)
