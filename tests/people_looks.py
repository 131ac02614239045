"""Random bodies and clothes: a wardrobe of coarse meshes, worn in random colours."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from scene_body import LIMBS, Colour, Limb, Look, body_limbs, head_limbs, limb, rest_joints, vec
from scene_mesh import Mesh, Solid, mesh_of
from scene_noise import Array

MESHES = 24  #: shapes in a wardrobe
SKIRT = 0.52  #: metres above the ground at which skirts end
STEPS = (0.028, 0.019)  #: metres between the vertices of a body and of a head

SKIN = ((0.72, 0.80, 0.93), (0.55, 0.66, 0.86), (0.42, 0.55, 0.78), (0.25, 0.38, 0.58), (0.13, 0.2, 0.33))
HAIR = ((0.03, 0.03, 0.04), (0.05, 0.07, 0.11), (0.08, 0.14, 0.24), (0.3, 0.5, 0.65), (0.55, 0.55, 0.56))


@lru_cache(maxsize=2 * MESHES)
def wardrobe(seed: int, number: int) -> tuple[Look, Mesh]:
    """One of a seed's MESHES shapes: girth, hair, sleeves and trousers or skirt."""
    rng = np.random.default_rng((seed, number, 1))
    skirt = rng.random() < 0.15
    look = Look(
        build=rng.choice([0.88, 1.0, 1.12, 1.3]) * rng.uniform(0.96, 1.04),
        long_hair=bool(rng.random() < 0.4),
        sleeve=0.52 if rng.random() < 0.5 else 0.2,
        cuff=SKIRT if skirt else 0.085 if rng.random() < 0.6 else 0.5,
        waist=rng.uniform(0.85, 1.15),
    )
    limbs = body_limbs(look) + (skirts(look) if skirt else [])
    body, head = (
        mesh_of(Solid(some, soft, flat), step)
        for some, soft, step in zip((limbs, head_limbs(look)), (0.014, 0.007), STEPS, strict=True)
    )
    parts = [np.concatenate(pair) for pair in zip(body_arrays(body), body_arrays(head), strict=True)]
    on_head = np.repeat([0.0, 1.0], [len(body.rest), len(head.rest)])
    return look, Mesh(*parts, on_head, np.concatenate([body.triangles, head.triangles + len(body.rest)]))


def body_arrays(mesh: Mesh) -> tuple[Array, Array, Array, Array]:
    return mesh.rest, mesh.normal, mesh.shade, mesh.weights


def flat(p: Array) -> Array:
    """Cloth without folds: these bodies are drawn small."""
    return np.zeros(len(p), np.float32)


def skirts(look: Look) -> list[Limb]:
    """Half a skirt for each thigh, so that it follows the legs."""
    joints = rest_joints()

    def below(p: Array) -> Array:
        return SKIRT - p[:, 1]

    return [
        limb(joints[leg], joints[leg + 1] + vec(side * 0.04, 0, 0), 0.1 * look.build, 0.13, leg, cut=below)
        for side, _, leg in LIMBS
    ]


def random_look(rng: np.random.Generator, seed: int) -> tuple[Look, Mesh]:
    """One of the wardrobe's shapes in new colours, and of another height."""
    look, mesh = wardrobe(seed, int(rng.integers(MESHES)))
    skin, hair = mixed(rng, SKIN), mixed(rng, HAIR) if rng.random() < 0.85 else colour(rng)
    top = colour(rng)
    same = rng.random() < 0.12
    worn = replace(
        look,
        height=float(np.clip(rng.normal(1.7, 0.11), 1.25, 2.0)),
        skin=skin,
        hair=skin if rng.random() < 0.05 else hair,
        top=top,
        inner=colour(rng) if rng.random() < 0.15 else None,
        stripes=colour(rng) if rng.random() < 0.15 else None,
        bottom=top if same else colour(rng, 0.75),
        shoes=colour(rng, 0.6),
        sleeve=rng.uniform(0.4, 0.56) if look.sleeve > 0.3 else rng.uniform(0.02, 0.28),
        cuff=rng.uniform(0.31, 0.75) if look.cuff == 0.5 else look.cuff,
    )
    return worn, mesh


def mixed(rng: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    """Between two neighbours of a scale."""
    at = rng.uniform(0, len(colours) - 1)
    low = min(int(at), len(colours) - 2)
    one, other = np.array(colours[low]), np.array(colours[low + 1])
    b, g, r = (one + (other - one) * (at - low)) * rng.uniform(0.85, 1.1)
    return float(b), float(g), float(r)


def colour(rng: np.random.Generator, bright: float = 1.0) -> Colour:
    """Of cloth: from black over grey to strong colours, BGR."""
    value = rng.beta(1.2, 1.4) * 0.9 * bright + 0.03
    hue, strength = rng.uniform(0, 3), rng.beta(1, 1.3)
    third = np.clip(1 - np.abs((hue - np.arange(3) + 1.5) % 3 - 1.5), 0, 1)
    b, g, r = value * (1 - strength * (1 - third))
    return float(b), float(g), float(r)
