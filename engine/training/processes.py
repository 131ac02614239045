"""Processes that train one network together, as torchrun starts them; or one alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import torch
from torch import distributed

from engine.errors import UserError
from engine.training.config import Config

#: How long they wait for rank 0 while it cuts out all of COCO, or measures; torch gives up after 10 minutes.
PATIENCE = timedelta(hours=3)


class Processes(NamedTuple):
    """Who trains. Rank 0 is the one that writes."""

    rank: int
    world: int
    device: torch.device


def device_named(name: str, threads: int = 0, number: int = 0) -> torch.device:
    """The device of a configuration, `auto` the GPU of that number; on the CPU with so many threads, 0: all.

    UserError where it is not there.
    """
    if name == "auto":
        name = f"cuda:{number}" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise UserError(f'device {name}: torch sees no CUDA device; device = "cpu" trains without one')
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UserError(f'device {name}: there is no such kind; "auto", "cpu" or "cuda:0"') from error
    if device.type not in ("cpu", "cuda"):
        raise UserError(f'device {name}: trainings run on "cpu" or "cuda:0"; "auto" takes what is there')
    if threads:
        torch.set_num_threads(threads)
    return device


def processes(config: Config) -> Processes:
    """This one and its place among the others, whom it meets."""
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    local = int(os.environ.get("LOCAL_RANK", 0))
    device = device_named(config.device, config.threads, local)
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.backends.cudnn.benchmark = True
    if world > 1:
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    return Processes(rank, world, device)


def in_turn(who: Processes) -> Iterator[None]:
    """Rank 0 first, so that what it writes is there for the others."""
    if who.rank == 0:
        yield
    if who.world > 1:
        distributed.barrier()
    if who.rank:
        yield


def agree(epoch: int, who: Processes, last: Path) -> None:
    """UserError where this process goes on from another checkpoint than rank 0; nothing else would tell."""
    first = [epoch]
    if who.world > 1:
        distributed.broadcast_object_list(first, 0)
    if first[0] != epoch:
        raise UserError(
            f"{last}: {epoch} epochs are over here, but {first[0]} where rank 0 runs; "
            "all machines need the same folder in `out`, or a copy of it"
        )
