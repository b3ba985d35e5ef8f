"""Steps on Dask's workers belong to the step that has sent them there."""

from distributed import Client, LocalCluster

import mlmeta_track as mt


@mt.step
def evaluate(rate: float) -> float:
    """Stand for work that takes long."""
    return (rate - 0.3) ** 2


@mt.step
def search(client: Client, rates: list[float]) -> float:
    """Find the least error."""
    return min(client.gather(client.map(evaluate, rates)))


if __name__ == "__main__":
    mt.init(autotrack=["dask"])
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        mt.run("rates"),
    ):
        print(search(client, [0.1, 0.2, 0.3]))
