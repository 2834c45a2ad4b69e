"""Trains one tagger on a corpus, and tags with it.

In: a corpus, parameters, a seed, a scratch folder. Out: the network with the weights of its best
epoch, its lexicon and its curves. Reading and writing are for scripts.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from sluice.models.training import Fitted, fit
from sluice.tagging.corpus import Corpus, Part
from sluice.tagging.lexicon import Encoded, Lexicon, make_lexicon
from sluice.tagging.module import RECORDED, TagDataModule, Tagger
from sluice.tagging.network import TagNetwork
from sluice.tagging.schemes import OUTSIDE, all_tags, split_tag
from sluice.tagging.scores import score_tags
from sluice.tagging.settings import Shape, Training
from sluice.tagging.tagger import TrainedTagger, rewrite


def _encode(corpus: Corpus, lexicon: Lexicon, shape: Shape, part: Part) -> Encoded:
    tokens, tags = corpus.tokens[part], corpus.tags[part]
    if corpus.kind == "entities":
        tags = [rewrite(row, shape.scheme) for row in tags]
    return lexicon.encode(tokens, shape.words, tags)


def model_tags(corpus: Corpus, shape: Shape) -> tuple[str, ...]:
    """The tags a network chooses from: of entities all of the scheme, of tags those met."""
    if corpus.kind == "tags":
        return corpus.train_tags
    return all_tags({split_tag(tag)[1] for tag in corpus.train_tags} - {""}, shape.scheme)


def train_tagger(
    corpus: Corpus, params: Training, seed: int, scratch: Path
) -> tuple[TrainedTagger, Fitted]:
    """Train with one seed; a training that was killed goes on from `scratch`.

    Raises:
        SluiceError: a checkpoint is broken, or the pretrained vectors are not installed.
    """
    torch.set_num_threads(params.optimisation.threads)
    shape = params.model
    lexicon = make_lexicon(corpus.tokens["train"], model_tags(corpus, shape), shape.words)
    train = _encode(corpus, lexicon, shape, "train")
    validation = _encode(corpus, lexicon, shape, "validation")
    torch.manual_seed(seed)
    network = TagNetwork(shape, corpus.kind, lexicon, train.forms.vectors.shape[1])
    module = Tagger(network, params.optimisation, corpus.kind, lexicon.tags, seed)
    data = TagDataModule(train, validation, params.optimisation.batch_size, seed)
    fitted = fit(module, data, scratch, recorded=RECORDED)
    network.load_state_dict(fitted.weights)
    return TrainedTagger(network.eval(), lexicon, shape, corpus.kind), fitted


def find_more(model: TrainedTagger, corpus: Corpus, biases: Sequence[float]) -> float:
    """Take from the weight of "no entity" what is best for F1 on the validation part, and say it.

    A likelihood counts tokens, most of which are no entity, and so leaves entities out rather than
    be wrong (Minkov et al. 2006, "NER Systems that Suit User's Preferences"). Of biases that are
    equally good the least is taken; no part but the validation part is looked at. A tagger of tags
    stays as it is.
    """
    if corpus.kind == "tags":
        return 0.0
    encoded = model.lexicon.encode(corpus.tokens["validation"], model.shape.words)
    emitted = model.network.emit.bias
    outside, learnt = model.lexicon.tags.index(OUTSIDE), emitted.detach().clone()

    def lean(bias: float) -> None:
        with torch.no_grad():
            emitted.copy_(learnt)
            emitted[outside] -= bias

    def score(bias: float) -> float:
        lean(bias)
        return score_tags(corpus.tags["validation"], model.tag_encoded(encoded), "entities")

    best = max(sorted(biases), key=score)  # the first of equals
    lean(best)
    return best
