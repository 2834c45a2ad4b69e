"""The Lightning data module of texts: which batches an epoch trains and validates on.

In: `LabelledRows` for training and validation. Out: `Batches`. It stands alone because Lightning
takes seconds to import, and who only predicts needs none of it.
"""

import pytorch_lightning as pl

from sluice.data.batches import (
    WHOLE,
    Batches,
    LabelledRows,
    Share,
    ordered_batches,
    shuffled_batches,
)


class TextDataModule(pl.LightningDataModule):
    """Training batches that change with the epoch, validation batches that do not.

    All processes of a training walk the same batches; each takes its share of every one.
    """

    def __init__(
        self, train: LabelledRows, validation: LabelledRows, batch_size: int, seed: int
    ) -> None:
        super().__init__()
        self.train, self.validation = train, validation
        self.batch_size, self.seed = batch_size, seed

    def _share(self) -> Share:
        trainer = self.trainer
        return Share(trainer.global_rank, trainer.world_size) if trainer else WHOLE

    def train_dataloader(self) -> Batches:
        epoch = self.trainer.current_epoch if self.trainer else 0
        lengths = self.train.tokens.lengths
        indices = shuffled_batches(lengths, self.batch_size, self.seed, epoch)
        return Batches(self.train, indices, self._share())

    def val_dataloader(self) -> Batches:
        lengths = self.validation.tokens.lengths
        indices = ordered_batches(lengths, 8 * self.batch_size)
        return Batches(self.validation, indices, self._share())
