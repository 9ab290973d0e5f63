"""Layerwise: deep learning from the inside, layer by layer, in Keras 3."""


def load_ipython_extension(ipython) -> None:
    """`%load_ext course` gives a notebook `%%check`."""
    from course.cli.notebook import register

    register(ipython)


def check(exercise: str) -> None:
    """Checks an exercise from a notebook and shows the feedback as HTML."""
    from course.cli.notebook import check_and_display

    check_and_display(exercise)


def check_cell(exercise: str) -> None:
    """Checks the cell that was run last for an exercise: what the notebooks' test cells do.

    Raises:
        ChecksFailed: Unless every check passes, so that `nbgrader validate` sees it.
    """
    from course.cli.notebook import check_last_cell

    check_last_cell(exercise)
