"""Sechs Aufgaben, mit Typangaben und Walross; die Kommentare sind deutsch."""

from __future__ import annotations

from typing import Any

from keras import ops as o

Tensor = Any


def one_hot(labels: Tensor, num_classes: int) -> Tensor:
    # Einheitsmatrix: Zeile k hat die Eins an der Stelle k.
    einheit = o.diag(o.ones((num_classes,), dtype="float32"))
    return o.take(einheit, labels, axis=0)


def standardize(x: Tensor, epsilon: float = 1e-6) -> Tensor:
    # Mittelwert und Varianz jeder Spalte, beides auf einmal
    mittel, varianz = o.moments(x, axes=[0])
    return (x - mittel) / (varianz + epsilon) ** 0.5


def pairwise_squared_distances(a: Tensor, b: Tensor) -> Tensor:
    return o.sum((d := o.expand_dims(a, 1) - o.expand_dims(b, 0)) * d, -1)


def batched_outer(a: Tensor, b: Tensor) -> Tensor:
    # Spalte mal Zeile
    return o.multiply(o.expand_dims(a, axis=-1), o.expand_dims(b, axis=-2))


def gather_rows(table: Tensor, indices: Tensor) -> Tensor:
    # alle Zeilen nacheinander, dann in die gewünschte Form
    zeilen = o.take(table, o.ravel(indices), axis=0)
    return o.reshape(zeilen, tuple(indices.shape) + tuple(table.shape[1:]))


def stable_softmax(x: Tensor) -> Tensor:
    # Abziehen des größten Wertes ändert nichts außer dem Überlauf.
    y = o.exp(o.subtract(x, o.max(x, axis=x.ndim - 1, keepdims=True)))
    return o.divide(y, o.sum(y, axis=x.ndim - 1, keepdims=True))
