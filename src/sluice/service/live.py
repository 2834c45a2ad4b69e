"""The model that a service answers by, replaced in flight when another is promoted or exported.

In: a project's folder, or a bundle's. Out: the loaded model. A new one is loaded and checked beside
the old one, and takes its place by one assignment; one that cannot be loaded changes nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from sluice.errors import SluiceError
from sluice.registry.chosen import EVALUATION, EXPORTED, Chosen, choose_model
from sluice.registry.pointer import POINTER, read_pointer
from sluice.registry.versions import version_folder
from sluice.serving.contents import CONTENTS
from sluice.terminal import escape_controls

LOG = logging.getLogger("sluice.serve")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced or rewritten."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


class LiveModel:
    """The present model, and what its files were when it was loaded.

    Raises:
        RegistryError, ModelError, ResourceError: the first model cannot be loaded.
    """

    def __init__(self, root: Path, folder: Path | None, watch: Callable[[bool], None]) -> None:
        self._root, self._folder, self._watch = root, folder, watch
        self._seen = self._stamps()
        self.chosen: Chosen = choose_model(root, folder)
        self.chosen.bundle.answer(["warm up"])

    def _stamps(self) -> tuple[object, ...]:
        if self._folder is not None:
            return (_stamp(self._folder / CONTENTS), _stamp(self._folder / "config.json"))
        places = [self._root / POINTER, self._root / EVALUATION]
        try:
            pointer = read_pointer(self._root)
        except SluiceError:
            pointer = None
        if pointer is not None:
            places.append(version_folder(self._root, pointer.champion) / EXPORTED / CONTENTS)
        return tuple(_stamp(path) for path in places)

    def refresh(self) -> bool:
        """Load the model anew if its files are others; say whether it was replaced."""
        stamps = self._stamps()
        if stamps == self._seen:
            return False
        self._seen = stamps
        try:
            chosen = choose_model(self._root, self._folder)
            chosen.bundle.answer(["warm up"])
        except (SluiceError, OSError) as error:
            self._watch(False)
            LOG.error("the old model stays: %s", escape_controls(str(error)))
            return False
        self.chosen = chosen
        self._watch(True)
        LOG.info("now answering by %s, from %s", escape_controls(chosen.name), chosen.folder)
        return True

    async def follow(self, seconds: float) -> None:
        """Look for another model again and again, beside all else."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await asyncio.to_thread(self.refresh)
            except Exception:  # whatever a file holds, the old model goes on
                LOG.exception("looking for another model failed; the old one stays")
