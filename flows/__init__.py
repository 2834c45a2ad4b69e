"""Thin Prefect flows over the graph of `dvc.yaml`: when it runs, and what is seen of it."""
