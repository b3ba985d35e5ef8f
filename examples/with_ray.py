"""Steps in Ray's tasks and actors belong to the step that has called them."""

import ray

import mlmeta_track as mt


@ray.remote
@mt.step
def evaluate(rate: float) -> float:
    """Stand for work that takes long."""
    return (rate - 0.3) ** 2


@ray.remote
class Best:
    """Keeps the best of what it is told."""

    def __init__(self) -> None:
        """Know of nothing yet."""
        self.error = 1.0

    @mt.step
    def tell(self, error: float) -> float:
        """Take note of an error, and return the least so far."""
        self.error = min(self.error, error)
        return self.error


@mt.step
def search(rates: list[float]) -> float:
    """Find the least error."""
    best = Best.remote()
    return min(ray.get([best.tell.remote(evaluate.remote(rate)) for rate in rates]))


if __name__ == "__main__":
    mt.init(autotrack=["ray"])
    ray.init(num_cpus=3, include_dashboard=False)
    with mt.run("rates"):
        print(search([0.1, 0.2, 0.3]))
    ray.shutdown()
