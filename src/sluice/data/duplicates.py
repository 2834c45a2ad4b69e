"""Finds exact and near duplicates among texts.

In: texts. Out: for each text the number of its exact group and of its cluster of near duplicates.
It stops at numbers: what becomes of duplicates is decided in `splitting` and `conflicts`.

Near is: Jaccard similarity of character shingles at or above a threshold. MinHash with banding
proposes pairs (Broder 1997, "On the resemblance and containment of documents"; Leskovec et al.,
"Mining of Massive Datasets", ch. 3), the true similarity of each is then computed.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray
from pydantic import Field
from rensa import RMinHash
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from sluice.params import Section

Integers = NDArray[np.int64]

# What two postings of one text differ by: links, names, who wrote it first.
_NOISE = r"https?:/{0,2}\S*|www\.\S+|@\w+|\b(?:rt|mt)\b"
_BLANK = r"[^\p{L}\p{N}\p{M}]+"
_RECALL = 0.999
_CROWD = 500
"""Members of a band's bucket beyond which all are taken for near duplicates, unverified."""
_PAIRS_AT_A_TIME = 200_000
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))


class Duplicates(Section):
    """What counts as a duplicate."""

    shingle: int = Field(default=5, ge=2, le=20)
    """Length of a shingle, in characters."""
    permutations: int = Field(default=128, ge=16, le=1024)
    """Length of a MinHash signature."""
    threshold: float = Field(default=0.8, gt=0.3, le=1.0)
    """Jaccard similarity of shingles from which on two texts are near duplicates."""
    drop_exact: bool = True
    """Keep one row of those whose texts differ in links, names, case and punctuation alone."""


class Groups(NamedTuple):
    """For each row: its exact group, and its cluster, which holds whole exact groups."""

    exact: Integers
    cluster: Integers


def comparable(texts: pd.Series) -> pd.Series:
    """Texts without what two postings of one text differ by; the text itself if nothing is left."""
    plain = pl.Series(texts.to_numpy(dtype=object), dtype=pl.String)
    small = plain.str.normalize("NFKC").str.to_lowercase()
    bare = small.str.replace_all(_NOISE, " ").str.replace_all(_BLANK, " ").str.strip_chars(" ")
    kept = pl.select(pl.when(bare == "").then(small).otherwise(bare)).to_series()
    return pd.Series(kept.to_list(), index=texts.index, dtype=object)


def shingle_matrix(texts: list[str], size: int) -> csr_array:
    """Which shingles each text holds, (texts, different shingles) of ones.

    A text shorter than a shingle is one shingle. Shingles are told apart by a 63-bit hash.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    padded = np.concatenate([points, np.zeros(size, np.uint32)]).astype(np.uint64)
    hashes = np.zeros(len(points), np.uint64)
    owner = np.repeat(np.arange(len(texts)), lengths)
    ends = np.cumsum(lengths)
    left = ends[owner] - np.arange(len(points))
    with np.errstate(over="ignore"):
        for offset in range(size):
            inside = (offset < left).astype(np.uint64)
            hashes = hashes * _MIX[0] + (padded[offset : len(points) + offset] + 1) * inside
        hashes ^= hashes >> np.uint64(31)
        hashes *= _MIX[1]
        hashes ^= hashes >> np.uint64(29)
    starts = np.arange(len(points)) == (ends - lengths)[owner]
    whole = (left >= size) | starts
    different, column = np.unique(hashes[whole] >> np.uint64(1), return_inverse=True)
    ones = np.ones(len(column), np.int32)
    matrix = csr_array((ones, (owner[whole], column)), shape=(len(texts), len(different)))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def band_rows(permutations: int, threshold: float) -> int:
    """The most rows for a band that still propose a pair at the threshold 999 times in 1000."""
    fits = [
        rows
        for rows in range(1, permutations + 1)
        if 1 - (1 - threshold**rows) ** (permutations // rows) >= _RECALL
    ]
    return max(fits, default=1)


def _signatures(shingles: csr_array, permutations: int) -> NDArray[np.uint32]:
    rows = RMinHash.digest_matrix_from_flat_token_hashes(
        shingles.indices.astype(np.uint64), shingles.indptr.astype(np.uint64), permutations, 0
    ).to_rows()
    return np.array(rows, dtype=np.uint32)


def _pairs_of_band(band: NDArray[np.uint32]) -> tuple[Integers, Integers]:
    """Pairs of texts that agree in a band, and pairs that join a crowd without being looked at."""
    keys = np.zeros(len(band), np.uint64)
    with np.errstate(over="ignore"):
        for column in band.T:  # two bands that differ share one of 2^64 keys next to never
            keys = (keys ^ column) * _MIX[1]
            keys ^= keys >> np.uint64(29)
    _, bucket, counts = np.unique(keys, return_inverse=True, return_counts=True)
    order = np.argsort(bucket, kind="stable")
    starts = np.cumsum(counts) - counts
    proposed, joined = [np.empty((0, 2), np.int64)], [np.empty((0, 2), np.int64)]
    for start, count in zip(starts[counts > 1], counts[counts > 1], strict=True):
        members = order[start : start + count]
        if count > _CROWD:
            joined.append(np.column_stack([members[:-1], members[1:]]))
        else:
            first, second = np.triu_indices(count, 1)
            proposed.append(np.column_stack([members[first], members[second]]))
    return np.concatenate(proposed), np.concatenate(joined)


def jaccard(shingles: csr_array, pairs: Integers) -> NDArray[np.float64]:
    """Jaccard similarity of pairs of rows of a matrix of ones, (pairs, 2) to (pairs,)."""
    sizes = np.diff(shingles.indptr)
    found = [np.empty(0)]
    for start in range(0, len(pairs), _PAIRS_AT_A_TIME):
        left, right = pairs[start : start + _PAIRS_AT_A_TIME].T
        common: Any = np.diff((shingles[left] * shingles[right]).tocsr().indptr)
        found.append(common / (sizes[left] + sizes[right] - common))
    return np.concatenate(found)


def _near_pairs(texts: list[str], params: Duplicates) -> Integers:
    shingles = shingle_matrix(texts, params.shingle)
    signatures = _signatures(shingles, params.permutations)
    width = band_rows(params.permutations, params.threshold)
    proposed, joined = [], []
    for start in range(0, params.permutations - width + 1, width):
        pairs, crowd = _pairs_of_band(signatures[:, start : start + width])
        proposed.append(pairs)
        joined.append(crowd)
    unique = np.unique(np.concatenate(proposed), axis=0)
    near = unique[jaccard(shingles, unique) >= params.threshold]
    return np.concatenate([near, *joined])


def join_pairs(pairs: Integers, count: int) -> Integers:
    """Number the connected components of `count` nodes, (pairs, 2) to (count,)."""
    ones = np.ones(len(pairs), np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


class Likeness(NamedTuple):
    """The exact group of each row, (rows,), and pairs of near exact groups, (pairs, 2).

    Exact groups are numbered from 0 in the order of their first rows.
    """

    exact: Integers
    near: Integers


def find_pairs(texts: pd.Series, params: Duplicates) -> Likeness:
    """Find which texts say the same, and which nearly the same."""
    exact, keys = pd.factorize(comparable(texts))
    return Likeness(exact.astype(np.int64), _near_pairs([str(key) for key in keys], params))


def cluster_pairs(found: Likeness) -> Groups:
    """Join what is near into clusters, numbered from 0 in the order of first rows."""
    near = join_pairs(found.near, int(found.exact.max(initial=-1)) + 1)
    return Groups(found.exact, pd.factorize(near[found.exact])[0].astype(np.int64))


def find_duplicates(texts: pd.Series, params: Duplicates) -> Groups:
    """Group texts by what they say, (rows,); numbers count from 0 in the order of first rows."""
    return cluster_pairs(find_pairs(texts, params))


def join_groups(clusters: Integers, groups: pd.Series | None) -> Integers:
    """Join clusters that share a group (an author, a thread); a missing group joins nothing."""
    if groups is None:
        return clusters
    known = groups.notna().to_numpy()
    codes = pd.factorize(groups[known])[0].astype(np.int64) + clusters.max(initial=-1) + 1
    pairs = np.column_stack([clusters[known], codes])
    joined = join_pairs(pairs, int(pairs.max(initial=clusters.max(initial=-1))) + 1)
    return pd.factorize(joined[clusters])[0].astype(np.int64)
