"""Where engines are kept: their folder, their names, and the secret that tells who built them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from engine.errors import UserError

SECRET_BYTES = 32
CHUNK = 1 << 20
WAIT_S = 0.1  #: between two looks at whether another build is done
UNPROVEN, REFUSED = ".unproven.engine", ".refused.engine"  #: endings of what is no engine to be used


def engine_folder() -> Path:
    """Where engines, what TensorRT measured, and the secret of this user are kept."""
    import platformdirs  # only this needs it

    return platformdirs.user_cache_path("kinetrail") / "engines"


def private_folder(name: str) -> Path:
    """A folder in this user's cache that nobody else can look into; it may be missing where that fails."""
    import platformdirs  # only this and the folder of engines need it

    folder = platformdirs.user_cache_path("kinetrail") / name
    with suppress(OSError):
        keep_private(folder)
    return folder


def keep_private(folder: Path) -> None:
    """Make a folder where it is missing, and let nobody but this user look into it. OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        folder.chmod(0o700)


def engine_file(onnx_sha256: str, tensorrt: str, gpu: str, precision: str, batches: tuple[int, ...]) -> Path:
    """The name of the engine of a network in the cache folder; one for each thing that it has to fit."""
    device = "".join(letter if letter.isalnum() else "_" for letter in gpu)
    rows = "-".join(map(str, batches))
    return engine_folder() / f"{onnx_sha256[:16]}.{device}.trt{tensorrt}.{precision}.b{rows}.engine"


def engines() -> list[Path]:
    """The engines in the cache folder that are to be used."""
    found = engine_folder().glob("*.engine")
    return sorted(path for path in found if not path.name.endswith((UNPROVEN, REFUSED)))


@contextmanager
def alone(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Inside it, nobody else makes the file of this name. `waiting` is called until that is so, or raises.

    The lock goes with the process, however that ends.
    """
    lock = path.with_name(path.name + ".lock")
    with ExitStack() as undo:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            while (descriptor := _locked(lock)) < 0:
                waiting()
                time.sleep(WAIT_S)
        except OSError as error:
            raise UserError(f"{lock}: cannot be written: {error.strerror}") from error
        undo.callback(os.close, descriptor)
        undo.callback(lock.unlink, missing_ok=True)  # while it is still locked
        yield


def _locked(lock: Path) -> int:
    """A descriptor of the file, locked; -1 where another has it, or it was removed meanwhile."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), lock.lstat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return -1


def digest(path: Path) -> str:
    """SHA-256 of a file. UserError where it cannot be read."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                found.update(chunk)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    return found.hexdigest()


def put(path: Path, content: bytes) -> None:
    """Write a file that only this user can read, at once or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(prefix=path.name + ".", suffix=".part", dir=path.parent)  # 0600
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error


def secret(*, make: bool) -> bytes:
    """What only this user knows; b"" where there is none yet and none is to be made."""
    path = engine_folder() / "secret"
    for _ in range(2):
        try:
            with path.open("rb") as file:
                about = os.fstat(file.fileno())
                key = file.read(SECRET_BYTES)
            break
        except FileNotFoundError:
            if not make:
                return b""
            _make_secret(path)
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    if about.st_uid != os.getuid() or stat.S_IMODE(about.st_mode) & 0o077 or len(key) != SECRET_BYTES:
        raise UserError(
            f"{path}: others can read it, or it is damaged; remove it and build the engines again"
        )
    return key


def _make_secret(path: Path) -> None:
    """A new secret, unless another process is quicker."""
    part = path.with_name(f"secret.{os.getpid()}.{secrets.token_hex(4)}")
    put(part, secrets.token_bytes(SECRET_BYTES))
    try:
        os.link(part, path)  # whole from its first moment, and never in the place of another
    except FileExistsError:
        pass
    except OSError as error:
        raise UserError(f"{path}: cannot be made: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
