"""The stages of dvc.yaml, a module each."""

from sluice.command import keep_quiet

# Before a stage imports anything: Lightning's metrics load the client of the Hugging Face hub where
# transformers is installed, and that reads its switch at import.
keep_quiet()
