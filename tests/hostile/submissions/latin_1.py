"""Größe: saved in the encoding of another age."""

import keras
