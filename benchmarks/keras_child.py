"""The default BiLSTM in Keras, for `recurrent.py`; runs in an environment without Sluice.

Usage: python keras_child.py BATCHES.npz    then, for each line on standard input, one round

A round trains on the given batches and prints the rows per second as JSON. The batches come as
Sluice padded them, and once more padded to 200 tokens, as the tutorials do.
"""

import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

THREADS, PADDED_TO, TUTORIAL_BATCHES = 2, 200, 12


def build(size: int, classes: int) -> keras.Model:
    """Embedding, BiLSTM, mean beside maximum, dropout, softmax: as `NetworkParams` has it."""
    tokens = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(size, 128, mask_zero=True)(tokens)
    both = keras.layers.Bidirectional(keras.layers.LSTM(128, return_sequences=True))(vectors)
    mean = keras.layers.GlobalAveragePooling1D()(both)
    most = keras.layers.GlobalMaxPooling1D()(both)
    pooled = keras.layers.Dropout(0.3)(keras.layers.Concatenate()([mean, most]))
    model = keras.Model(tokens, keras.layers.Dense(classes)(pooled))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    optimiser = keras.optimizers.AdamW(2e-3, weight_decay=0.0, clipnorm=1.0)
    model.compile(optimiser, loss, steps_per_execution=1)
    return model


def rate(model: keras.Model, batches: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Rows per second of one pass."""
    kinds = (
        tf.TensorSpec((None, None), tf.int32),
        tf.TensorSpec((None, batches[0][1].shape[1]), tf.float32),
    )
    data = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=kinds)
    started = time.perf_counter()
    model.fit(data, epochs=1, verbose=0)
    return sum(len(tokens) for tokens, _ in batches) / (time.perf_counter() - started)


def main() -> None:
    """Read the batches, then answer each line by a round."""
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    held = np.load(sys.argv[1])
    labels = np.eye(int(held["classes"]), dtype=np.float32)
    batches = [
        (held[f"tokens{place}"].astype(np.int32), labels[held[f"labels{place}"]])
        for place in range(int(held["batches"]))
    ]
    long = [
        (np.pad(tokens, ((0, 0), (0, max(PADDED_TO - tokens.shape[1], 0)))), answers)
        for tokens, answers in batches[:TUTORIAL_BATCHES]
    ]
    model = build(int(held["size"]), len(labels))
    rate(model, batches), rate(model, long)  # what is traced once is not timed
    print(json.dumps({"keras": keras.__version__, "tensorflow": tf.__version__}), flush=True)
    for _ in sys.stdin:
        found = {"same_batches": rate(model, batches), "padded": rate(model, long)}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
