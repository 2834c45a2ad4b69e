"""Arrays that grow: in memory, or in a file without a name that the system may page out.

In: pieces of numbers. Out: one array. The file has no name in its folder, so that nothing is left
of it when the process ends, however it ends.
"""

import tempfile
import weakref
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", bound=np.generic)


class Spool(Generic[Number]):
    """Numbers of one type, appended piece by piece.

    Args:
        kind: their type.
        folder: where the file lies that they are written to; None keeps them in memory.
    """

    def __init__(self, kind: type[Number], folder: Path | None = None) -> None:
        self._kind = np.dtype(kind)
        self._pieces: list[npt.NDArray[Number]] = []
        self._file: Any = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - see the next line
            self._close = weakref.finalize(self, self._file.close)

    def append(self, piece: npt.ArrayLike) -> None:
        """Add a piece, (numbers,), behind the others.

        Raises:
            OSError: the disk is full.
        """
        values = np.ascontiguousarray(piece, self._kind)
        if self._file is None:
            self._pieces.append(values)
        else:
            self._file.write(values.data)

    def array(self) -> npt.NDArray[Number]:
        """All pieces as one array, (numbers,), which may be written to; nothing grows after it."""
        if self._file is None:
            return np.concatenate([np.zeros(0, self._kind), *self._pieces])
        self._file.flush()
        empty = self._file.tell() == 0  # which cannot be mapped
        found = np.zeros(0, self._kind) if empty else np.memmap(self._file, self._kind, mode="r+")
        self._close()  # the array keeps the file
        return np.asarray(found)
