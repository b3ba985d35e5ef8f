"""A decorated function inside a task of Prefect's is all that it takes."""

from prefect import flow, task

import mlmeta_track as mt


@task
@mt.step
def evaluate(rate: float) -> float:
    """Stand for work that takes long."""
    return (rate - 0.3) ** 2


@flow
@mt.step
def search(rates: list[float]) -> float:
    """Find the least error."""
    return min(future.result() for future in evaluate.map(rates))


if __name__ == "__main__":
    with mt.run("rates"):
        print(search([0.1, 0.2, 0.3]))
