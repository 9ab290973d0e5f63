"""Writing a figure to a file."""

from pathlib import Path

from matplotlib.figure import Figure


def save(figure: Figure, path: str | Path) -> Path:
    """Writes the figure, as PNG unless the path ends otherwise; returns the path.

    A folder that does not exist yet is made.

    Args:
        figure: What one of the plotting functions returned.
        path: Where to: `curves.png`, `pictures/curves.svg`, `curves`.

    Raises:
        OSError: If the folder can't be made or the file can't be written there.
        ValueError: If matplotlib has no such format.
    """
    path = Path(path)
    if not path.suffix:
        path = path.with_suffix(".png")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise OSError(
            f"Can't write {path.name} in {path.parent.absolute()}: {error.strerror}."
            " Choose a folder that is yours to write in."
        ) from error
    return path
